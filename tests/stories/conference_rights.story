# In a conference every agent may do what every other may: hold, take back, mute and drop, whoever added whom.

Story: What each agent may do in a conference
Guests: customer
Agents: john, maria, peter

Four talk:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  john presses quick connect maria
  expect maria's phone rings within 10 s
  maria answers
  expect john and maria hear each other within 15 s
  maria presses join
  expect customer, john and maria hear each other
  maria presses quick connect peter
  expect peter's phone rings within 10 s
  peter answers
  expect maria and peter hear each other within 15 s
  maria presses join
  expect customer, john, maria and peter hear each other
    john cannot swap
    maria cannot swap

Peter, who was added, holds both agents; they do not hear each other:
  peter presses hold john
  peter presses hold maria
  expect customer and peter hear each other within 100 ms
    john hears "You are on hold" within 60 ms
    maria hears "You are on hold" within 60 ms
    john does not hear maria
    maria does not hear john

Each of them can take himself back, and only himself:
  maria presses resume maria
  expect customer, maria and peter hear each other within 100 ms
    john hears "You are on hold"
  maria presses resume john
  expect customer, john, maria and peter hear each other within 100 ms

Maria mutes John, and he alone can undo that; a hold does not:
  maria presses mute john
  expect customer, maria and peter hear each other for 1 s within 100 ms
    john hears customer, maria and peter
    nobody hears john
  maria presses unmute john
  expect maria is refused
    nobody hears john
  maria presses hold john
  expect john hears "You are on hold" within 60 ms
  peter presses resume john
  expect john hears customer, maria and peter for 1 s within 100 ms
    nobody hears john
  john presses unmute john
  expect customer, john, maria and peter hear each other for 1 s within 100 ms

Whom one agent has muted, another can hear again, if he is no agent:
  john presses mute customer
  expect customer hears john, maria and peter for 1 s within 100 ms
    nobody hears customer
  peter presses unmute customer
  expect customer, john, maria and peter hear each other for 1 s within 100 ms

Peter drops who added him, and her colleague, and has the customer:
  peter presses drop maria
  expect maria's phone gets BYE
    customer, john and peter hear each other within 200 ms
  peter presses drop john
  expect john's phone gets BYE
    customer and peter hear each other within 200 ms
    peter's row john is disconnected, reason dropped
    john's state is Available
    maria's state is Available
  peter presses drop customer
  expect customer's call ends
    peter's call ends
    the switch is empty
