# The customer's own hold key: John's screen says who holds.

Story: The customer's hold key
Guests: customer
Agents: john

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

The customer holds, and comes back:
  customer presses the hold key
  expect john's row customer is held by customer
    john's phone gets no BYE for 3 s
  customer presses the resume key
  expect customer and john hear each other within 1 s
    john's row customer is connected

He says it in his ACK:
  customer offers late
  customer presses the hold key
  expect john's row customer is held by customer
  customer presses the resume key
  expect customer and john hear each other within 1 s
    john's row customer is connected
  john hangs up
  expect customer's call ends
    the switch is empty
