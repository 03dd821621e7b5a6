# While a consult is open on the second line, a Transfer key alone does not say who goes where: it is refused, with the
# reason, and nothing has moved. Once that is clear it works.

Story: John transfers one line while the other consults
Guests: customer
Agents: john, maria, peter

A consult on the second line:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  john presses the hold key
  expect customer hears CustomerHold.wav within 1 s
  john presses quick connect maria by second line
  expect maria's phone rings within 10 s
  maria answers
  expect john hears maria on the second line within 15 s
    maria hears john

Neither line goes away from under the other:
  john transfers to peter on the first line
  expect john's transfer is refused with 603
    peter's phone does not ring for 2 s
    customer hears CustomerHold.wav
    john hears maria on the second line
  john transfers to peter
  expect john's transfer is refused with 603
    customer hears CustomerHold.wav
    john hears maria on the second line

Maria is not needed any more, and the second line may stay as it is:
  maria hangs up
  john transfers to peter on the first line
  expect john's transfer is accepted
    peter's phone rings within 15 s
    customer hears CustomerHold.wav
  peter answers
  expect customer and peter hear each other within 15 s
    john's call ends
  customer hangs up
  expect peter's call ends

With all of them together his place is taken, on both lines:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  john presses quick connect maria by second line
  expect maria's phone rings within 10 s
  maria answers
  expect john hears maria on the second line within 15 s
  john presses join
  expect maria hears customer and john
  john transfers to peter on the first line
  expect john's transfer is accepted
    peter's phone rings within 15 s
  peter answers
  expect customer, maria and peter hear each other within 15 s
    john's call ends
