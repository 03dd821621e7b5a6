# INVITE with Replaces: an agent takes his call over at another phone of his; nobody else's.

Story: John picks his call up at another phone
Guests: customer
Agents: john, mobile of john, maria

At his desk:
  customer dials 1000
  expect john's phone rings within 15 s
    mobile's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
    mobile's phone stops ringing

Maria may not have it:
  maria picks up john's call
  expect maria's call ends with 403
    customer and john hear each other

He takes it along:
  mobile picks up john's call
  expect customer and mobile hear each other
    john's phone gets BYE
    customer's phone gets no BYE
    customer hears no more than 60 ms of dead air
    john's state is Busy

The mobile holds, and the desk takes it back:
  mobile presses the hold key
  expect customer hears CustomerHold.wav within 1 s
  john picks up mobile's call
  expect customer and john hear each other
    mobile's phone gets BYE
  customer hangs up
  expect john's call ends
    the switch is empty

What rings at one phone is answered at the other:
  maria dials john
  expect john's phone rings
    mobile's phone rings
  mobile declines
  wait 300 ms
  mobile picks up john's call
  expect maria and mobile hear each other
    john's phone gets CANCEL
  maria hangs up
  expect mobile's call ends
    the switch is empty
