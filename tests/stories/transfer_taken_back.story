# Who has transferred a customer and changes his mind has him back; so has one whose customer goes on hold for him.

Story: John takes his transfer back
Guests: customer
Agents: john, maria

The customer reaches John, whose phone transfers like Linphone:
  john transfers like Linphone
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

Maria does not want to, and John's phone still holds:
  john transfers to maria
  expect maria's phone rings within 3 s
    customer hears CustomerHold.wav
  maria declines with 603
  expect john's phone is told that the transfer failed with 603
    customer hears CustomerHold.wav for 1 s
    customer's phone gets no BYE
    john's row customer is hold
  john presses the resume key
  expect customer and john hear each other within 1 s

He changes his mind on the screen:
  john transfers to maria
  expect maria's phone rings within 3 s
  john presses resume all
  expect maria's phone gets CANCEL
    john's phone is told that the transfer failed with 487
    customer's phone gets no BYE
  john presses the resume key
  expect customer and john hear each other within 1 s

He changes his mind at the phone:
  john transfers to maria
  expect maria's phone rings within 3 s
  john presses the resume key
  expect maria's phone gets CANCEL
    john's phone is told that the transfer failed with 487
    customer and john hear each other within 1 s

The customer does not wait:
  john transfers to maria
  expect maria's phone rings within 3 s
  customer hangs up
  expect maria's phone gets CANCEL
    john's call ends
    john's state is Available
    the switch is empty

Whoever asks for no NOTIFY gets none:
  john transfers without being told
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  john transfers to maria
  expect john's transfer is accepted within 3 s
    maria's phone rings within 3 s
  maria answers
  expect customer and maria hear each other
    john's phone gets BYE
    john's phone is told nothing of the transfer
  customer hangs up
  expect maria's call ends
    the switch is empty
