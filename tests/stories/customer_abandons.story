# A customer who gives up leaves nothing behind: not in the queue, not on John's phone.

Story: The customer abandons
Guests: customer
Agents: john

In the queue, before anybody is free:
  john presses status Offline
  expect john's state is Offline
  customer dials 1000
  expect customer hears CustomerQueue.wav within 20 s
    john's phone does not ring for 1 s
  customer hangs up
  expect the switch is empty
  john presses status Available
  expect john's phone does not ring for 5 s

While John's phone rings:
  customer dials 1000
  expect john's phone rings within 10 s
  customer hangs up
  expect john's phone gets CANCEL
    john's phone stops ringing
    john's state is Available
    john has no contact
    the switch is empty

In the welcome prompt:
  customer dials 1000
  expect customer hears Welcome.wav from its start
  customer hangs up
  expect the switch is empty
    john's phone does not ring for 5 s
