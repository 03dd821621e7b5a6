# John does not wait for Maria's answer: the line that still rings is named, and who answers it has the customer.

Story: An attended transfer to a line that rings
Guests: customer
Agents: john, maria

Maria does not want to, and the customer is back:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  john dials maria
  expect maria's phone rings
  wait 100 ms
  john transfers to the second line
  expect john's transfer is accepted
    john's phone is told that the transfer is under way with 180
    customer hears CustomerHold.wav
    customer does not hear john
    maria's phone gets no CANCEL
    john's phone is not told that the transfer succeeded
  maria declines with 603
  expect john's phone is told that the transfer failed with 603
    customer and john hear each other within 1 s
    maria's state is Available
    john's state is Busy

Maria answers:
  john dials maria
  expect maria's phone rings
  wait 100 ms
  john transfers to the second line
  expect customer hears CustomerHold.wav
  maria answers
  expect customer and maria hear each other
    john's phone is told that the transfer succeeded
    john's phone gets BYE
    john's state is Available
    maria's state is Busy
  maria hangs up
  expect customer's call ends
    the switch is empty
