# A colleague who was asked hands on whom she talks to: the customer stays on John's hold.

Story: Maria hands John on to Peter
Guests: customer
Agents: john, maria, peter

John asks Maria while the customer holds:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  john presses quick connect maria
  expect maria's phone rings within 10 s
  maria answers
  expect john and maria hear each other within 15 s

Maria transfers to Peter:
  maria transfers to peter
  expect peter's phone rings
    peter's phone shows John
    customer hears CustomerHold.wav
    john does not hear maria
  peter answers
  expect john and peter hear each other
    maria's phone gets BYE
    customer hears CustomerHold.wav
    customer does not hear peter
    maria's state is Available

John goes on with Peter as if he had asked him:
  john presses join
  expect customer, john and peter hear each other
  john presses leave
  expect customer and peter hear each other
    john's state is Available
    peter's state is Busy
  customer hangs up
  expect peter's call ends
    the switch is empty
