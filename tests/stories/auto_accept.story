# Eve wears a headset: her phone is told to answer by itself, and does. What her colleague's calls say is up to her.

Story: A phone is told to answer by itself
Guests: customer
Agents: eve, john
Installation: queues/cordboard.toml

A customer comes to her at once:
  eve honours auto-answer
  customer dials 2000
  expect eve hears "PasswordReset" in full within 5 s
    eve's state is Busy
    eve's banner is Connecting
  expect customer and eve hear each other within 5 s
    eve's banner is Connected
  customer hangs up
  expect eve's call ends
    eve's state is Available

John's phone honours it, too, and is told nothing of the kind:
  john honours auto-answer
  customer dials 1000
  expect john's phone rings within 15 s
  expect john's phone gets no BYE for 3 s
    john's state is PendingBusy

A colleague's call rings:
  customer hangs up
  expect john's phone stops ringing
  john dials eve
  expect eve's phone rings
    eve hears silence for 2 s
  eve answers
  expect john and eve hear each other
