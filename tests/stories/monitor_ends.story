# Who listens keeps no call alive, and is not kept by one.

Story: How listening ends, and how it does not begin
Guests: customer
Agents: john, maria, anna

There is nothing to listen to yet:
  customer dials 1000
  expect john's phone rings within 15 s
  anna presses monitor john
  expect anna is refused
    anna's phone does not ring for 1 s
    anna's state is Available
  john answers
  expect customer and john hear each other within 15 s

She does not answer, and it has never been:
  anna presses monitor john
  expect anna's phone rings within 1 s
  anna does not answer
  expect anna's phone gets CANCEL within 25 s
    anna's state is Available within 25 s
    anna has no contact within 25 s
    customer and john hear each other for 1 s

Nor when she declines, by phone or by button:
  anna presses monitor john
  expect anna's phone rings within 1 s
  anna declines with 486
  expect anna's state is Available
    anna has no contact
  anna presses monitor john
  expect anna's phone rings within 1 s
  anna presses reject
  expect anna's phone gets CANCEL
    anna's state is Available
    customer and john hear each other

Nor without a phone:
  anna unregisters
  expect anna's state is Offline
  anna presses monitor john
  expect anna is refused
  anna registers
  expect anna's state is Available

The customer hangs up, and all is over:
  anna presses monitor john
  expect anna's phone rings within 1 s
  anna answers
  expect anna hears customer and john within 500 ms
  customer hangs up
  expect john's call ends
    anna's call ends
    anna's state is Available
    john's state is Available
    the switch is empty

The agent hangs up, and all is over:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  anna presses monitor john
  expect anna's phone rings within 1 s
  anna answers
  expect anna hears customer and john within 500 ms
  john hangs up
  expect customer's call ends
    anna's call ends
    anna's state is Available
    the switch is empty

It ends while her phone still rings:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  anna presses monitor john
  expect anna's phone rings within 1 s
  customer hangs up
  expect anna's phone gets CANCEL
    john's call ends
    anna's state is Available
    the switch is empty

The agent leaves before anybody has answered, and there is no agent to listen to:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  anna presses monitor john
  expect anna's phone rings within 1 s
  anna answers
  expect anna hears customer and john within 500 ms
  john presses quick connect maria
  expect maria's phone rings within 10 s
  john hangs up
  expect anna's call ends
    anna's state is Available
  maria answers
  expect customer and maria hear each other within 15 s

She may listen to whoever has the customer now:
  anna presses monitor maria
  expect anna's phone rings within 1 s
    anna's phone shows "Monitoring Maria"
  anna answers
  expect anna hears customer and maria within 500 ms
  maria hangs up
  expect customer's call ends
    anna's call ends
    the switch is empty
