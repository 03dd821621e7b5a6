# The customer gives up while Maria hears her whisper.

Story: The customer hangs up in Maria's whisper
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

John asks for Maria, she answers, and the customer hangs up:
  john presses quick connect maria
  expect maria's phone rings within 10 s
  maria answers
  expect maria hears "This is an internal call transferred from another agent." within 2 s
  customer hangs up
  expect john's row customer is disconnected, reason hung_up
  expect john and maria hear each other within 15 s
  john hangs up
  expect maria's call ends
    the switch is empty
