# John thinks better of it while her phone rings.

Story: John cancels the quick connect
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

John asks for Maria, and drops her while she is rung:
  john presses quick connect maria
  expect maria's phone rings within 10 s
  john presses drop maria
  expect maria's phone gets CANCEL
    maria's phone stops ringing
    maria's state is Available
    maria has no contact
    john's row maria is disconnected, answered no, reason cancelled
    customer hears CustomerHold.wav
    john's row customer is hold

He takes the customer back:
  john presses resume customer
  expect customer and john hear each other within 100 ms
    john's row customer is connected
    maria's phone does not ring for 5 s
