# Rejected is not missed: three ways to say no, then a yes.

Story: Maria rejects
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

John asks for Maria:
  john presses quick connect maria
  expect maria's phone rings within 10 s
    customer hears CustomerHold.wav

She is busy (486):
  maria declines with 486
  expect maria's state is RejectedCallAgent
    contact of maria is rejected
    maria's phone does not ring for 5 s
    john hears CustomerQueue.wav within 15 s
    customer hears CustomerHold.wav
    john's row maria is connected, answered no, reason rejected

Available again she is rung again, and declines (603):
  maria presses status Available
  expect maria's phone rings
  maria declines with 603
  expect maria's state is RejectedCallAgent
    john's row maria is connected, answered no, reason rejected
    maria's phone does not ring for 5 s
    customer hears CustomerHold.wav

And once more (480):
  maria presses status Available
  expect maria's phone rings
  maria declines with 480
  expect maria's state is RejectedCallAgent
    john's row maria is connected, answered no, reason rejected
    maria's phone does not ring for 5 s

At last she takes it:
  maria presses status Available
  expect maria's phone rings
  maria answers
  expect john and maria hear each other within 15 s
    customer hears CustomerHold.wav
    john's row maria is connected, answered yes
    maria's state is Busy
