# A cold transfer while nobody can answer: the customer waits in Maria's queue.

Story: John leaves while Maria is awaited
Guests: customer
Agents: john, maria not registered

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

John asks for Maria, waits a while, and hangs up:
  john presses quick connect maria
  expect john hears CustomerQueue.wav within 15 s
    customer hears CustomerHold.wav
  john hangs up
  expect customer does not hear CustomerHold.wav after 100 ms
    customer hears CustomerQueue.wav within 15 s
    customer hears no more than 60 ms of dead air
    customer's phone is re-INVITEd sendrecv
    customer's phone gets no BYE for 2 s
    john's state is Available
    john has no contact

Maria's phone registers:
  maria registers
  expect maria's phone rings within 2 s
  maria answers
  expect customer and maria hear each other within 15 s
    maria's state is Busy
