# A phone without a screen: *91 is Offline, *90 is Available and clears what was missed.

Story: Status by telephone
Guests: customer
Agents: maria

She goes:
  maria dials *91
  expect maria hears a beep within 1 s
  expect maria's call ends
    maria's state is Offline
    maria's status is Offline
  customer dials 2000
  expect customer hears CustomerQueue.wav within 15 s
    maria's phone does not ring for 3 s

She is back, and misses him:
  maria dials *90
  expect maria's call ends within 2 s
    maria's state is PendingBusy
    maria's phone rings
  maria does not answer
  expect maria's state is MissedCallAgent within 21 s
    contact of maria is missed

The same number clears it:
  maria dials *90
  expect maria's call ends within 2 s
    maria's phone rings
  maria answers
  expect customer and maria hear each other within 15 s

What she dials in a contact holds afterwards:
  maria dials *91
  expect maria's next status is Offline
    maria's status is Available
    maria's state is Busy
