# The consult of a quick connect on the second line is completed by the phone's Transfer key.

Story: John completes a quick connect with his Transfer key
Guests: customer
Agents: john, maria

Maria is asked and takes the customer:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  john presses quick connect maria by second line
  expect maria's phone rings within 10 s
  maria answers
  expect maria hears john within 15 s
    customer hears CustomerHold.wav
  john transfers to the second line
  expect customer and maria hear each other
    john's transfer is accepted
    john's phone is told that the transfer succeeded
    john's phone gets BYE
    john's state is Available
    maria's state is Busy
  customer hangs up
  expect maria's call ends
    the switch is empty

The second time he does not wait for her:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  john presses quick connect maria by second line
  expect maria's phone rings within 10 s
  john transfers to the second line
  expect john's transfer is accepted
    customer does not hear CustomerHold.wav after 100 ms
    customer does not hear john
    john's phone is not told that the transfer succeeded
  maria answers
  expect customer and maria hear each other within 15 s
    john's phone is told that the transfer succeeded
    john's phone gets BYE
    john's state is Available
  customer hangs up
  expect maria's call ends
    the switch is empty
