# Connect rings for 20 s, then the call is missed, and she is not rung again until she says that she is there.

Story: Maria does not answer
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

John asks for Maria, who does not answer:
  john presses quick connect maria
  expect maria's phone rings within 10 s
  maria does not answer
  wait 18 s
  expect maria's phone gets no CANCEL for 500 ms
    customer hears CustomerHold.wav
  expect maria's phone gets CANCEL within 3 s
    maria's state is MissedCallAgent
    contact of maria is missed
    john's row maria is connected, answered no, reason no_answer
    john hears CustomerQueue.wav within 15 s

She is left in peace, and John goes on waiting:
  expect maria's phone does not ring for 30 s
    customer hears CustomerHold.wav
    maria's state is MissedCallAgent

She comes back and makes herself Available:
  maria presses status Available
  expect maria's phone rings
    maria's state is PendingBusy
  maria answers
  expect john and maria hear each other within 15 s
    customer hears CustomerHold.wav
    maria's state is Busy
    john's row maria is connected, answered yes
