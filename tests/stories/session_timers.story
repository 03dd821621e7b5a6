# Calls that somebody keeps alive, whoever it is, and calls that nobody does.

Story: Session timers
Agents: john, maria

The caller's phone refreshes:
  john keeps a session timer of 90 s
  john dials maria
  expect maria's phone rings
  maria answers
  wait 200 s
  expect john and maria hear each other
  john hangs up
  expect maria's call ends
    the switch is empty

He leaves it to the switch:
  john lets others keep a session timer of 90 s
  john dials maria
  expect maria's phone rings
  maria answers
  wait 200 s
  expect john and maria hear each other
  john hangs up
  expect maria's call ends
    the switch is empty

To a phone that has no UPDATE, by re-INVITE:
  john has no UPDATE
  john dials maria
  expect maria's phone rings
  maria answers
  wait 200 s
  expect john and maria hear each other
  john hangs up
  expect maria's call ends
    the switch is empty

He promises to refresh, and does not:
  john breaks a session timer of 90 s
  john dials maria
  expect maria's phone rings
  maria answers
  expect john and maria hear each other
  wait 50 s
  expect john and maria hear each other
  expect maria's call ends within 15 s
    john's call ends within 15 s
    the switch is empty

The phone that is called wants more time between two refreshes:
  maria takes no session timer below 3600 s
  john dials maria
  expect maria's phone rings
  maria answers
  expect john and maria hear each other
  maria hangs up
  expect john's call ends
    the switch is empty
