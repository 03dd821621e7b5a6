# A supervisor who barges in is one of them, with every right; the agents keep two: to mute themselves and to leave.

Story: A supervisor barges in
Guests: customer
Agents: john, maria, anna

Anna listens:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  anna presses monitor john
  expect anna's phone rings within 1 s
  anna answers
  expect anna hears customer and john within 500 ms

All hear her and see her:
  anna presses barge
  expect customer, john and anna hear each other within 100 ms
    anna's banner is "Barged in"
    john's row anna is barge, type monitoring, answered yes, hears "Customer and John"
    john's banner is Connected
    john's state is Busy
    anna's state is Monitoring
    john's phone shows Conference
    customer's phone shows Conference

John may mute himself and leave, and that is all:
  john presses hold all
  expect john is refused
    john cannot hold all
    john cannot swap
    john cannot quick connect
    john can leave
    john cannot drop customer
    john can mute john
  john presses quick connect maria
  expect john is refused
    maria's phone does not ring for 1 s
  john presses drop anna
  expect john is refused
  john presses mute customer
  expect john is refused
    customer, john and anna hear each other
  john presses hold all by feature code *3
  expect customer, john and anna hear each other for 1 s
  john presses the hold key
  expect john's row customer is connected
    customer does not hear CustomerHold.wav for 1 s
  john presses the resume key
  expect customer, john and anna hear each other
  john transfers to maria
  expect john's transfer is refused with 603
  john presses mute john
  expect customer and anna hear each other for 1 s within 100 ms
    nobody hears john
  john presses unmute john
  expect customer, john and anna hear each other for 1 s within 100 ms

She holds whom she likes:
  anna presses hold customer
  expect customer hears CustomerHold.wav within 60 ms
    john and anna hear each other within 60 ms
    john's row customer is hold, held by anna
  john presses resume customer
  expect john is refused
    customer hears CustomerHold.wav
  anna presses swap
  expect customer and anna hear each other within 60 ms
    john hears "You are on hold" within 60 ms
  john presses resume john
  expect john is refused
  anna presses join
  expect customer, john and anna hear each other within 100 ms

Nobody is on hold when she goes back to listening:
  anna presses hold john
  expect customer and anna hear each other within 60 ms
  anna presses resume all
  expect customer, john and anna hear each other within 100 ms
  anna presses hold customer
  expect customer hears CustomerHold.wav within 60 ms
  anna presses coach
  expect customer hears john within 60 ms
    john hears customer and anna within 60 ms
    john has no row anna
    john can hold all
    john can drop customer
    customer's phone shows John
    john's phone shows Customer

She takes over: the agent goes, and the customer has her:
  anna presses barge
  expect customer, john and anna hear each other within 100 ms
  anna presses drop john
  expect john's phone gets BYE
    customer and anna hear each other within 60 ms
    john's state is Available
    anna's row john is disconnected, reason dropped
    anna's state is Monitoring
  anna presses listen
  expect anna is refused
    anna cannot listen
    customer and anna hear each other
  anna hangs up
  expect customer's call ends
    anna's state is Available
    the switch is empty
