# An agent who dials a number outside is on that call as on any other: no customer is put through to his second line.

Story: John calls somebody while customers wait
Guests: customer, callee
Agents: john, maria
Installation: outside/cordboard.toml

He is on that call:
  john dials 2000
  expect callee's phone rings
    john's state is Busy
  callee answers
  expect john and callee hear each other
  customer dials 1000
  expect john's phone does not ring for 20 s

When it is over he is as after any call:
  john hangs up
  expect callee's call ends
    john's state is AfterCallWork
  john presses clear
  expect john's phone rings within 5 s
  john answers
  expect customer and john hear each other within 15 s
  customer hangs up
  expect john's call ends
  john presses clear
  expect john's state is Available

Nobody is there, and nothing is to be worked on:
  john dials 2000
  expect callee's phone rings
    john's state is Busy
  callee declines with 486
  expect john's call ends with 486
    john's state is Available
    the switch is empty

So it is for both after a call between colleagues, as after a consult; and not for who only rang:
  john dials maria
  expect maria's phone rings
  maria answers
  expect john and maria hear each other within 2 s
  john hangs up
  expect john's state is AfterCallWork
    maria's state is AfterCallWork
  john presses clear
  maria presses clear
  john dials maria
  expect maria's phone rings
  maria declines with 603
  expect john's call ends
    john's state is Available
    maria's state is Available
    the switch is empty
