# A supervisor hears everything that is said, and nobody can tell that she is there.

Story: A supervisor listens
Guests: customer
Agents: john, maria, anna

The customer and John talk:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

Who is no supervisor is refused:
  maria presses monitor john
  expect maria is refused
    maria's phone does not ring for 1 s
    maria's state is Available

Anna's phone is called; nobody else notices:
  anna presses monitor john
  expect anna's phone rings within 1 s
    anna's phone shows "Monitoring John"
    anna's state is Monitoring
    john's banner is Connected
    john has no row anna
    customer and john hear each other

She hears both, and is heard by none:
  anna answers
  expect anna hears customer and john within 500 ms
    customer and john hear each other for 2 s
    nobody hears anna
    anna's banner is Monitoring
    anna's row anna is silent_monitor, type monitoring
    anna's row customer is connected
    anna's row john hears "customer"
    john's banner is Connected
    john has no row anna
    john's row customer hears "John"
    john's state is Busy
    customer's phone gets no INVITE for 2 s
    john's phone gets no INVITE for 2 s
    customer's phone gets no UPDATE for 2 s
    john's phone gets no UPDATE for 2 s

She can only listen:
  anna presses hold all
  expect anna is refused
    anna cannot hold all
    anna cannot mute anna
    anna can listen
  anna presses quick connect maria
  expect anna is refused
    maria's phone does not ring for 1 s
  anna presses hold customer
  expect anna is refused
    customer and john hear each other
  anna presses monitor john
  expect anna is refused

While the customer is on hold she hears John, and no music:
  john presses hold customer
  expect customer hears CustomerHold.wav within 60 ms
    anna hears john within 60 ms
    john's banner is "On hold"
    john cannot swap
    anna's row customer is hold, hears "Default customer hold"
  john presses resume customer
  expect customer and john hear each other within 60 ms
    anna hears customer and john within 60 ms

Her phone puts her call down, and nobody else notices:
  anna hangs up
  expect customer and john hear each other for 2 s
    john hears no more than 60 ms of dead air
    john's row customer is connected
    john has no row anna
    anna has no contact
    anna's state is Available

And she may listen again, and leave by her button:
  anna presses monitor john
  expect anna's phone rings within 1 s
  anna answers
  expect anna hears customer and john within 500 ms
  anna presses leave
  expect anna's phone gets BYE
    anna's state is Available
    customer and john hear each other for 1 s
  john hangs up
  expect customer's call ends
    the switch is empty
