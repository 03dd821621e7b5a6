# One agent, two callers: the first is served first, the second when John is free.

Story: Two customers wait for John
Guests: customer, caller
Agents: john

The first reaches him, the second waits:
  customer dials 1000
  expect john's phone rings within 10 s
  john answers
  expect customer and john hear each other within 15 s
  caller dials 1000
  expect caller hears CustomerQueue.wav within 25 s
    john's phone does not ring for 5 s
    caller does not hear john
    caller does not hear customer

The first hangs up, and the second is served:
  customer hangs up
  expect john's phone rings within 2 s
  john answers
  expect caller and john hear each other within 15 s
  john hangs up
  expect caller's call ends
    the switch is empty
