# Most phones hang up as soon as their REFER is accepted: the customer is never left with nobody.

Story: John transfers and hangs up at once
Guests: customer
Agents: john, maria

The customer reaches John:
  john hangs up once a transfer is accepted
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

John transfers him to Maria and is gone before she answers:
  john transfers to maria
  expect maria's phone rings
    customer hears CustomerHold.wav
    customer's phone gets no BYE
    john's state is Available
  maria answers
  expect customer and maria hear each other
    maria's state is Busy

Maria does the same, and John does not want him back, so he waits for John where he waited first:
  maria hangs up once a transfer is accepted
  maria transfers to john
  expect john's phone rings
    maria's state is Available
  john declines with 603
  expect customer's phone gets no BYE for 2 s
    john's phone rings within 3 s
  john answers
  expect customer and john hear each other within 15 s

John tries the quick connect, and the flow goes on for the customer:
  john transfers to qc-maria
  expect john's transfer is accepted
    customer hears "Transferring to agent."
  expect maria's phone rings within 10 s
    john's state is Available
  maria declines with 603
  expect customer's phone gets no BYE for 2 s
    customer hears CustomerQueue.wav within 15 s
  maria presses clear
  expect maria's phone rings
  maria answers
  expect customer and maria hear each other within 15 s
  customer hangs up
  expect maria's call ends
    the switch is empty
