# Customers wait in a line: they are served in order, and who gives up is not missed.

Story: Customers wait in order
Guests: one, two, three
Agents: maria, mobile of maria

Maria is not there yet, and three wait:
  maria presses status Offline
  one dials 2000
  wait 1 s
  two dials 2000
  wait 1 s
  three dials 2000
  expect one hears CustomerQueue.wav within 15 s
    two hears CustomerQueue.wav within 15 s
    three hears CustomerQueue.wav within 15 s
    maria's phone does not ring for 2 s

The second gives up:
  two hangs up
  expect one hears CustomerQueue.wav within 30 s
    three hears CustomerQueue.wav within 30 s

Maria is there: the first is hers, on both of her phones:
  maria presses status Available
  expect maria's phone rings
    maria's phone shows One
    mobile's phone rings
  mobile answers
  expect mobile hears "PasswordReset" in full within 2 s
    one does not hear "PasswordReset"
    maria's phone stops ringing
  expect one hears Beep.wav in full within 5 s
  expect one and mobile hear each other
    three hears CustomerQueue.wav within 30 s
    maria's phone does not ring for 2 s

Then the third:
  one hangs up
  expect mobile's call ends
    maria's phone rings within 1 s
    maria's phone shows Three

The third gives up while it rings:
  three hangs up
  expect maria's phone gets CANCEL
    mobile's phone gets CANCEL
    maria's state is Available
    maria has no contact
    the switch is empty
