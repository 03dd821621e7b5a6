# The customer gives up while John and Maria talk about him.

Story: The customer hangs up while John and Maria talk
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

John and Maria talk:
  john presses quick connect maria
  expect maria's phone rings within 10 s
  maria answers
  expect john and maria hear each other within 15 s
    customer hears CustomerHold.wav

The customer hangs up, and they go on:
  customer hangs up
  expect john's row customer is disconnected, reason hung_up
    john and maria hear each other for 2 s
    john and maria hear no more than 60 ms of dead air
    john's phone gets no BYE
    maria's phone gets no BYE
  john hangs up
  expect maria's call ends
    john's state is Available
    maria's state is Available
    the switch is empty
