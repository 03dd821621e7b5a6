# What crosses on the wire must not cost the call: offers of both sides, hold and transfer, an end and an answer.

Story: Transfers in a hurry
Guests: customer
Agents: john, maria
Network: delay 40 ms

Hold and transfer from both ends at once:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  john transfers like Linphone
  john presses hold customer
  customer presses the hold key
  john transfers to maria
  expect maria's phone rings within 6 s
    customer's phone gets no BYE
  customer presses the resume key
  maria answers
  expect customer and maria hear each other within 6 s
    john's phone gets BYE
    maria's row customer is connected

Maria transfers and is gone while her own answer is still acknowledged:
  customer hangs up
  expect maria's call ends
    the switch is empty

An answer and an end at the same moment:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  john transfers to maria
  expect maria's phone rings within 6 s
  maria answers
  maria hangs up
  expect john's phone is told that the transfer succeeded
    customer's call ends
    the switch is empty

The one who transfers hangs up as she answers:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  john transfers to maria
  expect maria's phone rings within 6 s
  maria answers
  john hangs up
  expect customer and maria hear each other within 2 s
    customer's phone gets no BYE for 1 s
    john's state is Available
  customer hangs up
  expect maria's call ends
    the switch is empty

The customer hangs up as she answers:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  john transfers to maria
  expect maria's phone rings within 6 s
  maria answers
  customer hangs up
  expect maria's call ends
    john's call ends
    john's state is Available
    maria's state is Available
    the switch is empty
