# 486 is one phone's word, 603 is the person's: then no other phone of hers rings on.

Story: Maria declines for all her phones
Guests: customer
Agents: john, maria, mobile of maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

Both of her phones ring, and she declines on one:
  john presses quick connect maria
  expect maria's phone rings within 10 s
    mobile's phone rings within 10 s
  mobile declines with 603
  expect maria's phone gets CANCEL
    maria's phone stops ringing
    maria's state is RejectedCallAgent
    john's row maria is connected, answered no, reason rejected
    customer hears CustomerHold.wav
  john presses drop maria
  john presses resume customer
  expect customer and john hear each other
  customer hangs up
  expect john's call ends
    the switch is empty
