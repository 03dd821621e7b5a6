# Keys that are no feature code go on to whoever the one who pressed them talks to.

Story: Digits pass on
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

The customer's keys reach John, in either form:
  customer keys 12#
  expect john's phone gets the digits 12# within 4 s
  customer keys 7 by INFO
  expect john's phone gets the digits 7 within 2 s

John's keys reach the customer, unless they may yet become a code:
  john keys 5
  expect customer's phone gets the digits 5 within 1 s
  john keys 42 by INFO
  expect customer's phone gets the digits 42 within 2 s
  john keys *
  expect customer's phone gets no digits for 2 s
  expect customer's phone gets the digits * within 4 s
  john keys *3
  expect customer hears CustomerHold.wav within 1 s
    customer's phone gets no digits for 3 s
  john keys *6 by INFO
  expect customer and john hear each other within 1 s
    customer's phone gets no digits for 3 s

Between two colleagues every key passes:
  john hangs up
  expect customer's call ends
  john dials maria
  expect maria's phone rings
  maria answers
  expect john and maria hear each other
  john keys *1
  expect maria's phone gets the digits *1 within 2 s
  maria hangs up
  expect john's call ends

A phone that knows no telephone-events gets them one by one:
  maria knows no telephone-events
  john dials maria
  expect maria's phone rings
  maria answers
  expect john and maria hear each other
  john keys 0815#
  expect maria's phone gets the digits 0815# within 4 s
    maria's phone gets INFO
  maria keys 3 by INFO
  expect john's phone gets the digits 3 within 1 s
  maria hangs up
  expect john's call ends
    the switch is empty
