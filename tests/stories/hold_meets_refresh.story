# One offer at a time: a hold that meets the session timer's own refresh waits until that is answered, and no longer.

Story: A hold meets a refresh
Guests: customer
Agents: john
Network: delay 200 ms

The customer's phone leaves it to the switch to keep the session:
  customer lets others keep a session timer of 90 s
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

John holds him while the refresh is under way:
  wait 10 s
  expect customer's phone gets UPDATE within 60 s
  john presses hold customer
  expect customer's phone is re-INVITEd sendonly within 2 s
    customer hears CustomerHold.wav within 1 s

And has him back:
  john presses resume customer
  expect customer's phone is re-INVITEd sendrecv within 2 s
    customer and john hear each other within 1 s
  customer hangs up
  expect john's call ends
    the switch is empty
