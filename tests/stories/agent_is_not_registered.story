# An agent without a phone is waited for.

Story: Maria is not registered
Guests: customer
Agents: john, maria not registered

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

John asks for Maria, who has no phone:
  john presses quick connect maria
  expect john hears "Transferring to agent." in full within 1 s
    customer hears CustomerHold.wav within 60 ms
  expect john hears CustomerQueue.wav within 15 s
    customer hears CustomerHold.wav
    john's row maria is connected, answered no, reason unreachable
    maria's state is Offline

Her phone registers, and rings at once:
  maria registers
  expect maria's phone is registered
    maria's phone rings within 2 s
  maria answers
  expect john and maria hear each other within 15 s
    customer hears CustomerHold.wav
    john's row maria is connected, answered yes
