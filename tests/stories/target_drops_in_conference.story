# She hangs up while all three talk: the other two go on.

Story: Maria drops out of the conference
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

All three talk:
  john presses quick connect maria
  expect maria's phone rings within 10 s
  maria answers
  expect john and maria hear each other within 15 s
  john presses join
  expect customer, john and maria hear each other

Maria hangs up:
  maria hangs up
  expect customer and john hear each other within 200 ms
    customer and john hear no more than 60 ms of dead air
    john's row maria is disconnected, reason hung_up
    john's row customer is connected
    maria's state is Available
  john hangs up
  expect customer's call ends
    the switch is empty
