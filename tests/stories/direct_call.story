# One agent calls another by name.

Story: John calls Maria
Guests: customer
Agents: john, maria

She answers:
  john dials maria
  expect maria's phone rings
    maria's phone shows John
  maria answers
  expect john and maria hear each other within 2 s
    maria's state is Busy
  john hangs up
  expect maria's call ends
    the switch is empty

She does not want to:
  john dials maria
  expect maria's phone rings
  maria declines with 603
  expect john's call ends
    the switch is empty

He gives up:
  john dials maria
  expect maria's phone rings
  john cancels
  expect maria's phone gets CANCEL
    maria's phone stops ringing
    the switch is empty
