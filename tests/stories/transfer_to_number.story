# The Transfer key with a number: whatever dialling it means.

Story: Transfers to numbers
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

Where nobody is, nothing changes:
  john transfers to 4711
  expect john's transfer is refused with 404
    customer and john hear each other
  john transfers to qc-nobody
  expect john's transfer is refused with 404
  john transfers to sip:maria@192.0.2.77
  expect john's transfer is refused with 403
  john transfers to john
  expect john's transfer is refused with 603
    customer and john hear each other

A customer may transfer only to where he may call:
  customer transfers to maria
  expect customer's transfer is refused with 403
  customer transfers to qc-maria
  expect customer's transfer is refused with 403
    customer and john hear each other

John sends him to the echo:
  john transfers to 9002
  expect john's transfer is accepted
    john's phone is told that the transfer succeeded
    john's phone gets BYE
    customer hears itself
    john's state is Available
  customer hangs up
  expect the switch is empty

Another comes and is sent back to the line's first flow:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  john transfers to 1000
  expect john's phone is told that the transfer succeeded
    john's phone gets BYE
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

The customer sends John to the music:
  customer transfers to 9001
  expect customer's phone is told that the transfer succeeded
    customer's phone gets BYE
    john hears CustomerHold.wav
  john hangs up
  expect the switch is empty

Into a room, whoever is there already:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  john transfers to conf7
  expect john's phone is told that the transfer succeeded
    john's phone gets BYE
    john's state is Available
    customer's phone gets no BYE for 1 s
  john dials maria
  expect maria's phone rings
  maria answers
  expect john and maria hear each other
  john transfers to conf7
  expect john's phone gets BYE
    john's state is Available
    maria's state is Available
    customer and maria hear each other
  customer hangs up
  maria hangs up
  expect the switch is empty
