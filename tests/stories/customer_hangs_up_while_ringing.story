# The customer gives up while Maria's phone rings.

Story: The customer hangs up while Maria's phone rings
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

John asks for Maria, and the customer hangs up:
  john presses quick connect maria
  expect maria's phone rings within 10 s
    customer hears CustomerHold.wav
  customer hangs up
  expect john's row customer is disconnected, reason hung_up
    john's row maria is connected, answered no
    maria's phone gets no CANCEL for 2 s
    john's phone gets no BYE for 2 s

John no longer needs her:
  john hangs up
  expect maria's phone gets CANCEL
    maria's state is Available
    john's state is Available
    the switch is empty
