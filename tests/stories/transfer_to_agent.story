# The Transfer key of a plain phone: a blind transfer to a colleague, and each way in which it can fail.

Story: John transfers the customer to Maria
Guests: customer
Agents: john, maria, peter, anna not registered

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

Nobody is at Anna's phone:
  john transfers to anna
  expect john's transfer is accepted
    john's phone is told that the transfer failed with 480
    customer and john hear each other within 1 s

Maria does not want to:
  john transfers to maria
  expect john's transfer is accepted
    customer hears CustomerHold.wav within 60 ms
    customer does not hear john
    maria's phone rings
    maria's phone shows customer
    john's phone is told that the transfer is under way with 180
    john's phone is not told that the transfer succeeded
    maria's state is Busy
  maria declines with 603
  expect john's phone is told that the transfer failed with 603
    customer and john hear each other within 1 s
    maria's state is Available
    john's state is Busy
    customer's phone gets no BYE

Maria does not answer:
  john transfers to maria
  expect maria's phone rings
  expect john's phone is told that the transfer failed with 480 within 22 s
    maria's phone gets CANCEL
    customer and john hear each other

Maria is on another call:
  peter dials maria
  expect maria's phone rings
  maria answers
  expect peter and maria hear each other
  john transfers to maria
  expect john's transfer is accepted
    john's phone is told that the transfer failed with 486
    customer and john hear each other
  peter hangs up
  expect maria's call ends

Maria answers, and John is done:
  john transfers to maria
  expect maria's phone rings
    customer hears CustomerHold.wav
  maria answers
  expect customer and maria hear each other
    john's phone is told that the transfer succeeded
    john's phone gets BYE
    customer does not hear CustomerHold.wav after 100 ms
    customer hears no more than 60 ms of dead air
    john's state is Available
    john has no contact
    maria's state is Busy
    maria's phone does not ring for 1 s
    customer's phone shows Maria

Maria hangs up:
  maria hangs up
  expect customer's call ends
    maria's state is Available
    the switch is empty
