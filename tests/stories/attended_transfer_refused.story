# A transfer that names a dialog which is not there, or not his, changes nothing.

Story: Nobody is brought together with nobody
Guests: customer
Agents: john, maria, peter

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

There is no such dialog:
  john transfers to sip:maria@cordboard.lab?Replaces=nobody%3Bto-tag%3D1%3Bfrom-tag%3D2
  expect john's transfer is accepted
    john's phone is told that the transfer failed with 481
    customer and john hear each other
    customer's phone gets no BYE
    john's row customer is connected

Nothing like a dialog is named:
  john transfers to sip:maria@cordboard.lab?Replaces=nobody
  expect john's transfer is refused with 400
    customer and john hear each other

Maria picks up what rings at Peter's:
  john dials peter
  expect peter's phone rings
  maria picks up peter's call
  expect maria's call ends with 403
    peter's phone gets no CANCEL
  john hangs up on the second line
  expect peter's phone gets CANCEL
  customer hangs up
  expect john's call ends
    the switch is empty
