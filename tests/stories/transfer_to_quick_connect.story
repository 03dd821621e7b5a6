# The Transfer key with the address of a quick connect: its flow runs for the customer.

Story: John transfers the customer to a quick connect
Guests: customer
Agents: john, maria, peter not registered

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

Peter has no phone:
  john transfers to qc-peter
  expect john's transfer is accepted
    customer hears "Transferring to agent." within 500 ms
    john hears silence
  expect john's phone is told that the transfer failed with 480 within 10 s
    customer and john hear each other within 10 s

Maria does not want to:
  john transfers to qc-maria
  expect customer hears "Transferring to agent." within 500 ms
    customer does not hear john
    customer does not hear CustomerHold.wav
  expect maria's phone rings within 10 s
    john's phone is told that the transfer is under way with 180
  maria declines with 603
  expect john's phone is told that the transfer failed with 603
    customer and john hear each other within 1 s
    maria's contact is rejected
  maria presses clear

Maria answers:
  john transfers to qc-maria
  expect maria's phone rings within 10 s
  maria answers
  expect maria hears "This is an internal call transferred from another agent." in full within 5 s
    john's phone is not told that the transfer succeeded
  expect customer and maria hear each other within 15 s
    john's phone is told that the transfer succeeded
    john's phone gets BYE
    john's state is Available
    maria's state is Busy
  customer hangs up
  expect maria's call ends
    the switch is empty
