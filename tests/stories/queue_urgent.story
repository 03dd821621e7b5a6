# Some customers come first, and some count as having waited longer than they have: their flows say so.

Story: Contacts have a priority of their own
Guests: plain, early, urgent, promoted, late
Agents: maria
Installation: urgent/cordboard.toml

Four come one after the other:
  maria presses status Offline
  plain dials 1
  wait 2 s
  early dials 2
  wait 2 s
  urgent dials 3
  wait 2 s
  promoted dials 4
  expect promoted hears CustomerQueue.wav within 5 s
    urgent hears CustomerQueue.wav
    maria's phone does not ring for 1 s

The urgent one is first, though two came before him:
  maria presses status Available
  expect maria's phone rings
    maria's phone shows Urgent
  maria answers
  expect maria and urgent hear each other within 5 s

Meanwhile the last one's queue flow finds that he is even more so:
  expect promoted hears "You are on hold" within 15 s
    plain hears CustomerQueue.wav
  urgent hangs up
  expect maria's phone rings within 1 s
    maria's phone shows Promoted
  maria answers
  expect maria and promoted hear each other within 5 s

Then the one who counts as waiting for ten minutes:
  promoted hangs up
  expect maria's phone rings within 1 s
    maria's phone shows Early
  maria answers
  expect maria and early hear each other within 5 s
  early hangs up
  expect maria's phone rings within 1 s
    maria's phone shows Plain
  maria answers
  expect maria and plain hear each other within 5 s

Who counts as waiting less comes last, and is not kept from who has nobody else:
  late dials 5
  wait 2 s
  early dials 1
  plain hangs up
  expect maria's phone rings within 1 s
    maria's phone shows Early
  maria answers
  expect maria and early hear each other within 5 s
  early hangs up
  expect maria's phone rings within 1 s
    maria's phone shows Late
