# John leaves early: the customer takes his place in the queue, and his turn is still the old one.

Story: John leaves while the queue is awaited
Guests: customer, caller, later
Agents: john, maria

Maria is with somebody else:
  caller dials 2000
  expect maria's phone rings within 5 s
  maria answers
  expect caller and maria hear each other within 15 s

The customer reaches John, who asks the queue:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  john presses quick connect password-reset
  expect john hears CustomerQueue.wav within 15 s
    john's row password-reset is connected, answered no
    customer hears CustomerHold.wav
    maria's phone does not ring for 1 s

Somebody else comes into the queue after him:
  later dials 2000
  expect later hears CustomerQueue.wav within 15 s

John goes, and the customer hears the queue:
  john hangs up
  expect customer does not hear CustomerHold.wav after 100 ms
    customer hears CustomerQueue.wav within 15 s
    customer hears no more than 60 ms of dead air
    customer's phone is re-INVITEd sendrecv
    customer's phone gets no BYE for 2 s
    john's state is Available
    john has no contact

Maria is free, and it is the customer's turn:
  caller hangs up
  expect maria's phone rings within 1 s
    maria's phone shows Customer
  maria answers
  expect maria hears "Connecting you to PasswordReset queue" in full within 2 s
    customer does not hear "Connecting you to PasswordReset queue"
  expect customer hears "Connecting you to PasswordReset queue" in full within 5 s
    maria hears silence
  expect customer and maria hear each other within 2 s
    later hears CustomerQueue.wav within 30 s

Then the later one's:
  maria hangs up
  expect customer's call ends
    maria's phone rings within 1 s
  maria answers
  expect later and maria hear each other within 15 s
  later hangs up
  expect maria's call ends
    the switch is empty
