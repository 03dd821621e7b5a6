# Six are on one contact, whoever added them; there is no seventh.

Story: A conference of six
Guests: customer
Agents: john, maria, peter, anna, eve, frank
Installation: six/cordboard.toml

The customer, John and Maria talk:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  john presses quick connect maria
  expect maria's phone rings within 10 s
  maria answers
  expect john and maria hear each other within 15 s
  john presses join
  expect customer, john and maria hear each other

Maria adds Peter, as John could, and the others are held meanwhile:
  maria presses quick connect peter
  expect customer hears CustomerHold.wav within 60 ms
    john hears "You are on hold" within 60 ms
    john's row customer is hold
  expect peter's phone rings within 10 s

While somebody is called nobody else can be:
  maria presses quick connect anna
  expect maria is refused
    maria cannot quick connect
    john cannot quick connect
    anna's phone does not ring for 1 s
  maria presses hold all
  expect customer hears CustomerHold.wav

She joins them:
  peter answers
  expect maria and peter hear each other within 15 s
    john does not hear customer
    customer does not hear john
  maria presses join
  expect customer, john, maria and peter hear each other

Peter adds Anna, and John, who is on hold, adds Eve once they talk:
  peter presses quick connect anna
  expect anna's phone rings within 10 s
  anna answers
  expect peter and anna hear each other within 15 s
    john does not hear maria
  john presses quick connect eve
  expect anna hears "You are on hold" within 60 ms
  expect eve's phone rings within 10 s
  eve answers
  expect john and eve hear each other within 15 s
    nobody hears peter
  eve presses join
  expect customer, john, maria, peter, anna and eve hear each other

There is no room for a seventh:
  maria presses quick connect frank
  expect maria is refused
    maria cannot quick connect
    eve cannot quick connect
    frank's phone does not ring for 1 s
    customer, john, maria, peter, anna and eve hear each other

One goes, and another can come:
  maria presses drop eve
  expect eve's phone gets BYE
    eve's state is Available
    customer, john, maria, peter and anna hear each other within 200 ms
  anna presses quick connect frank
  expect frank's phone rings within 10 s
  frank answers
  expect anna and frank hear each other within 15 s
  frank presses join
  expect customer, john, maria, peter, anna and frank hear each other

Who leaves takes nobody along:
  john presses leave
  expect john's phone gets BYE
    customer, maria, peter, anna and frank hear each other within 200 ms
  peter hangs up
  expect customer, maria, anna and frank hear each other within 200 ms

The customer goes, and the agents stay and go on adding:
  customer hangs up
  expect maria, anna and frank hear each other within 200 ms
  frank presses quick connect john
  expect anna hears "You are on hold" within 60 ms
  expect john's phone rings within 10 s
  john answers
  expect john and frank hear each other within 15 s
  john presses join
  expect john, maria, anna and frank hear each other
  maria hangs up
  anna hangs up
  frank hangs up
  expect john's call ends
    the switch is empty
