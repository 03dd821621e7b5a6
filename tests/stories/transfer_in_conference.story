# In a conference the Transfer key puts somebody else in John's place.

Story: John is replaced in a conference
Guests: customer
Agents: john, maria, peter, anna

The three talk:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  john presses quick connect maria
  expect maria's phone rings within 10 s
  maria answers
  expect john and maria hear each other within 15 s
  john presses join
  expect customer, john and maria hear each other

The others go on talking while Peter's phone rings:
  john transfers to peter
  expect peter's phone rings
    customer and maria hear each other
    customer does not hear john
    john hears silence
  peter answers
  expect customer, maria and peter hear each other
    john's phone gets BYE
    john's state is Available

Maria, who is asked by nobody, does not want Anna, so Peter, who transfers, is back:
  peter transfers to anna
  expect anna's phone rings
    customer and maria hear each other
    peter hears silence
  maria presses drop anna
  expect anna's phone gets CANCEL
    peter's phone is told that the transfer failed with 487
    customer, maria and peter hear each other

Nobody is lost when one goes:
  customer hangs up
  expect maria and peter hear each other
  maria hangs up
  expect peter's call ends
    the switch is empty
