# Nobody is asked twice: after a rejected or missed offer the next agent is rung, the one who has been idle longest.

Story: The next idle agent takes it
Guests: customer
Agents: john, maria, peter

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

Maria has been idle longest, and declines:
  john presses quick connect password-reset
  expect maria's phone rings within 10 s
    john's row maria is connected, answered no
    peter's phone does not ring for 1 s
  maria declines with 486
  expect peter's phone rings within 100 ms
    maria's state is RejectedCallAgent
    contact of maria is rejected
    john's row peter is connected, answered no
    john has no row maria
    customer hears CustomerHold.wav

Peter is away from his desk, and the row says so:
  peter does not answer
  expect peter's phone gets CANCEL within 21 s
    peter's state is MissedCallAgent
    contact of peter is missed
    john's row password-reset is connected, answered no, reason no_answer
    john hears CustomerQueue.wav within 30 s
    customer hears CustomerHold.wav
    maria's phone does not ring for 30 s

Maria is back, and takes it:
  maria presses status Available
  expect maria's phone rings
  maria answers
  expect john and maria hear each other within 15 s
    customer hears CustomerHold.wav
    john's row maria is connected, answered yes
    peter's phone does not ring for 2 s

John drops her; he has the customer still:
  john presses drop maria
  expect maria's call ends
    maria's state is Available
    customer hears CustomerHold.wav
  john presses resume customer
  expect customer and john hear each other
  customer hangs up
  expect john's call ends
    the switch is empty
