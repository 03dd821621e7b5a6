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

Nor on her screen, where nothing else is lit that does nothing:
  john dials maria
  expect maria's phone rings
    maria can reject
    maria cannot leave
  maria presses reject
  expect john's call ends
    maria's phone stops ringing
    maria's state is Available
    john's state is Available
    the switch is empty

They end it on the screen:
  john dials maria
  expect maria's phone rings
  maria answers
  expect john and maria hear each other within 2 s
    john can leave
    john cannot hold all
    john cannot quick connect
    john cannot drop maria
    maria cannot mute john
  john presses hold all
  expect john is refused
    john and maria hear each other
  john presses leave
  expect maria's call ends
    john's call ends
    the switch is empty

He gives up:
  john dials maria
  expect maria's phone rings
  john cancels
  expect maria's phone gets CANCEL
    maria's phone stops ringing
    the switch is empty
