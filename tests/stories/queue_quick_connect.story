# The customer wants his password reset. John asks the queue that does it, and whoever is free there answers.

Story: Queue quick connect: consult, join, hold, swap, leave
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

John asks the queue: connecting while its flow talks, connected once he waits:
  john presses quick connect password-reset
  expect customer hears CustomerHold.wav within 60 ms
    customer does not hear john after 60 ms
    customer's phone is re-INVITEd sendonly
    john's banner is Connecting
    john's row customer is hold
    john's row password-reset is connecting, answered no
    maria's phone does not ring for 500 ms
  expect john hears "Now transferring." in full within 1 s
  expect maria's phone rings within 5 s
    john hears "Thank you for calling. Your call is very important to us and will be answered in the order it was received."
    customer hears CustomerHold.wav for 1 s
    john's banner is Connected
    john's row maria is connected, answered no
    maria's state is PendingBusy

Maria answers: the whisper to her alone, then to John alone, then they talk:
  maria answers
  expect maria hears "Connecting you to PasswordReset queue" in full within 2 s
    maria's banner is Connecting
    john does not hear "Connecting you to PasswordReset queue"
    customer hears CustomerHold.wav
  expect john hears "Connecting you to PasswordReset queue" in full within 5 s
    maria hears silence
    customer hears CustomerHold.wav
  expect john and maria hear each other for 1 s within 2 s
    customer hears CustomerHold.wav
    customer does not hear john
    customer does not hear maria
    john's row maria is connected, answered yes
    maria's state is Busy
    maria's banner is Connected

Join: all three hear each other:
  john presses join
  expect customer, john and maria hear each other for 1 s within 100 ms
    customer's phone is re-INVITEd sendrecv
    john's row customer is connected
    john's row maria is connected
    nobody hears more than 60 ms of dead air

Hold all: nobody hears anybody:
  john presses hold all
  expect customer hears CustomerHold.wav within 60 ms
    maria hears "You are on hold" within 60 ms
    john hears silence for 1 s within 60 ms
    customer's phone is re-INVITEd sendonly
    maria's phone is re-INVITEd sendonly
    john's row customer is hold
    john's row maria is hold

Resume all brings everybody back, and hold Maria takes her out:
  john presses resume all
  expect customer, john and maria hear each other for 1 s within 100 ms
    nobody hears more than 60 ms of dead air
  john presses hold maria
  expect customer and john hear each other for 1 s within 100 ms
    maria hears "You are on hold" within 60 ms
    customer does not hear maria after 60 ms
    john's row maria is hold
    john's row customer is connected

Swap: Maria for the customer, and back:
  john presses swap
  expect john and maria hear each other for 1 s within 100 ms
    customer hears CustomerHold.wav within 60 ms
    john's row maria is connected
    john's row customer is hold
  john presses swap
  expect customer and john hear each other for 1 s within 100 ms
    maria hears "You are on hold" within 60 ms

John ends his part, and the customer and Maria go on:
  john hangs up
  expect customer and maria hear each other for 1 s within 100 ms
    customer and maria hear no more than 60 ms of dead air
    maria's phone is re-INVITEd sendrecv
    customer's phone shows Maria
    maria's phone shows Customer
    john has no contact
    john's state is Available
    maria's row customer is connected

The end:
  customer hangs up
  expect maria's call ends
    maria's state is Available
    the switch is empty
