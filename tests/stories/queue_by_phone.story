# The same quick connect from the telephone: by its code, by a second line, and by the Transfer key.

Story: The queue is asked by telephone
Guests: customer
Agents: john, maria

By its code:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  john presses quick connect password-reset by feature code *421#
  expect john hears "Now transferring." within 2 s
    customer hears CustomerHold.wav
  expect maria's phone rings within 5 s
  maria answers
  expect john and maria hear each other within 15 s
    customer hears CustomerHold.wav
  john presses drop maria by feature code *5
  expect maria's call ends
  john presses resume all by feature code *6
  expect customer and john hear each other

By a second line:
  john presses quick connect password-reset by second line
  expect john hears "Now transferring." in full on the second line within 2 s
    customer hears CustomerHold.wav
  expect maria's phone rings within 5 s
  maria answers
  expect john hears maria on the second line within 15 s
    customer hears CustomerHold.wav
  john hangs up on the second line
  expect maria's call ends
    customer hears CustomerHold.wav
  john presses resume customer
  expect customer and john hear each other

By the Transfer key, and the telephone is told when it is done:
  john transfers to qc-password-reset
  expect john's transfer is accepted
    customer hears "Now transferring." in full within 2 s
    john hears silence
  expect maria's phone rings within 5 s
    john's phone is told that the transfer is under way with 180
  maria answers
  expect customer and maria hear each other within 15 s
    john's phone is told that the transfer succeeded
    john's phone gets BYE
    john's state is Available
