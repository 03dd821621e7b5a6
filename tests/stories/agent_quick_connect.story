# The seed of the whole product: a customer reaches John, John consults Maria, joins her, holds, swaps, and leaves.

Story: Agent quick connect: consult, join, hold, swap, leave
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect customer hears Welcome.wav in full within 10 s
  expect john's phone rings within 10 s
    john's state is PendingBusy
    customer hears "Thank you for calling. Your call is very important to us and will be answered in the order it was received."
  john answers
  expect john hears "Support" in full within 5 s
    customer does not hear "Support"
  expect customer hears Beep.wav in full within 5 s
    john does not hear Beep.wav
  expect customer and john hear each other for 1 s within 2 s
    john's state is Busy
    john's banner is Connected
    john's row customer is connected, answered yes
  expect nobody hears more than 60 ms of dead air

John asks for Maria, and the customer is held:
  john presses quick connect maria
  expect customer hears CustomerHold.wav within 60 ms
    customer does not hear john after 60 ms
    customer's phone is re-INVITEd sendonly
    john hears "Transferring to agent." in full within 1 s
    john's row customer is hold
    john's row maria is connected, answered no
  expect maria's phone rings within 5 s
    john hears "Thank you for calling. Your call is very important to us and will be answered in the order it was received."
    customer hears CustomerHold.wav for 1 s
    maria's state is PendingBusy
    john's row maria is connected, answered no

Maria answers, hears why, and John hears that she is there:
  maria answers
  expect maria hears "This is an internal call transferred from another agent." in full within 2 s
    maria's banner is Connecting
    john does not hear "This is an internal call transferred from another agent."
    customer hears CustomerHold.wav
  expect john hears "Your call is now connecting to an agent." in full within 5 s
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

John leaves, and the customer and Maria go on:
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
