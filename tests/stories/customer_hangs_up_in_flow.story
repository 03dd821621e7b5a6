# The customer gives up while the transfer flow plays to John: John and Maria still come together.

Story: The customer hangs up while the transfer flow plays
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

John asks for Maria, and the customer hangs up at once:
  john presses quick connect maria
  expect customer hears CustomerHold.wav within 60 ms
    john hears "Transferring to agent." within 1 s
  customer hangs up
  expect john's row customer is disconnected, reason hung_up
    maria's phone rings within 5 s
    john's phone gets no BYE

Maria answers:
  maria answers
  expect john and maria hear each other within 15 s
    john's row maria is connected, answered yes
  maria hangs up
  expect john's call ends within 15 s
    the switch is empty
