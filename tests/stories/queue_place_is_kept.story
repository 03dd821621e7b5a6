# Whoever answers and hangs up in a whisper does not cost the customer his turn.

Story: An agent drops in a whisper, and the turn is kept
Guests: one, two
Agents: maria, peter

Both are at work, then two callers come:
  maria presses status Offline
  peter presses status Offline
  one dials 2000
  wait 1 s
  two dials 2000
  expect two hears CustomerQueue.wav within 15 s

Maria answers the first, and hangs up in her whisper:
  maria presses status Available
  expect maria's phone rings
    maria's phone shows One
  maria answers
  expect maria hears "PasswordReset"
  maria hangs up
  expect maria's state is AgentHungUp
    contact of maria is error
    one hears CustomerQueue.wav within 30 s
    one's phone gets no BYE for 2 s

Peter answers him, and hangs up in the customer's whisper:
  peter presses status Available
  expect peter's phone rings
    peter's phone shows One
  peter answers
  expect one hears Beep.wav within 5 s
  peter hangs up
  expect peter's state is AgentHungUp
    one hears "Thank you for calling. Your call is very important to us and will be answered in the order it was received." within 1 s
    one's phone gets no BYE for 2 s

It is still the first one's turn:
  maria presses status Available
  expect maria's phone rings
    maria's phone shows One
  maria answers
  expect one and maria hear each other within 15 s
  peter presses status Available
  expect peter's phone rings
    peter's phone shows Two
  peter answers
  expect two and peter hear each other within 15 s
