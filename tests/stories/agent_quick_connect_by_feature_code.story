# Feature codes are the buttons of a phone that has no screen.

Story: Agent quick connect by feature code
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

John keys *4, Maria's code and the hash key:
  john presses quick connect maria by feature code *411#
  expect customer hears CustomerHold.wav
    customer does not hear john after 500 ms
    customer's phone is re-INVITEd sendonly
    john hears "Transferring to agent." within 2 s
    john's row maria is connected, answered no
  expect maria's phone rings within 5 s

Maria answers:
  maria answers
  expect maria hears "This is an internal call transferred from another agent." in full within 2 s
  expect john hears "Your call is now connecting to an agent." in full within 5 s
  expect john and maria hear each other within 2 s
    customer hears CustomerHold.wav

*1 joins, *3 holds all, *6 resumes all, *2 swaps, *5 drops Maria:
  john presses join by feature code *1
  expect customer, john and maria hear each other
  john presses hold all by feature code *3
  expect customer hears CustomerHold.wav
    maria hears "You are on hold"
    john hears silence
  john presses resume all by feature code *6
  expect customer, john and maria hear each other
  john presses hold customer
  expect john and maria hear each other
    customer hears CustomerHold.wav
  john presses swap by feature code *2
  expect customer and john hear each other
    maria hears "You are on hold"
  john presses drop maria by feature code *5
  expect maria's call ends
    customer and john hear each other
    john's row maria is disconnected, reason dropped
  john hangs up
  expect customer's call ends
    the switch is empty
