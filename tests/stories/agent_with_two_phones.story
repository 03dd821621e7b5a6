# Both of Maria's phones ring; who answers one is rung no more on the other.

Story: Maria has two phones
Guests: customer
Agents: john, maria, mobile of maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

Both of her phones ring:
  john presses quick connect maria
  expect maria's phone rings within 10 s
    mobile's phone rings within 10 s
    maria's state is PendingBusy

She answers the mobile, and the other is quiet:
  mobile answers
  expect maria's phone gets CANCEL
    maria's phone stops ringing
  expect mobile hears "This is an internal call transferred from another agent." in full within 2 s
  expect john and mobile hear each other within 15 s
    maria's state is Busy
    john's row maria is connected, answered yes
    maria's phone does not ring for 2 s
  mobile hangs up
  expect maria's state is Available

Declined on one phone, she is still rung on the other:
  john presses quick connect maria
  expect maria's phone rings within 10 s
    mobile's phone rings within 10 s
  mobile declines with 486
  expect maria's phone gets no CANCEL for 1 s
    maria's state is PendingBusy
  maria answers
  expect john and maria hear each other within 15 s
  john presses join
  expect customer, john and maria hear each other

He gives up while both ring:
  john presses drop maria
  expect maria's call ends
  john presses quick connect maria
  expect maria's phone rings within 10 s
    mobile's phone rings within 10 s
  john presses drop maria
  expect maria's phone stops ringing
    mobile's phone stops ringing
    maria's state is Available
  john presses resume customer
  expect customer and john hear each other
  customer hangs up
  expect john's call ends
    the switch is empty
