# The attended transfer of every softphone: a colleague is called on the second line, then the two are brought together.

Story: John asks Maria first and hands the customer on
Guests: customer
Agents: john, maria, peter

The customer reaches John, who calls Maria on his second line:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  john presses the hold key
  expect customer hears CustomerHold.wav within 1 s
  john dials maria
  expect maria's phone rings
  maria answers
  expect maria hears john
    john hears maria on the second line
    customer hears CustomerHold.wav

He brings them together:
  john transfers to the second line
  expect customer and maria hear each other
    customer does not hear CustomerHold.wav after 100 ms
    customer hears no more than 60 ms of dead air
    john's transfer is accepted
    john's phone is told that the transfer succeeded
    john's phone gets BYE
    john's state is Available
    john has no contact
    maria's state is Busy
    maria's banner is Connected
    maria's phone shows customer
    customer's phone shows Maria
    customer's phone gets no BYE
    customer's phone is re-INVITEd sendrecv

Maria can work with him as if he had been hers from the first ring:
  maria presses hold customer
  expect customer hears CustomerHold.wav within 60 ms
  maria presses resume customer
  expect customer and maria hear each other
  maria presses quick connect peter
  expect peter's phone rings within 10 s
    customer hears CustomerHold.wav
  peter answers
  expect maria and peter hear each other within 15 s
  maria hangs up
  expect customer and peter hear each other
    maria's state is Available
  customer hangs up
  expect peter's call ends
    the switch is empty
