# She hangs up while John consults her: he is told by ear, and the customer stays held until he decides.

Story: Maria drops out while John consults her
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

John and Maria talk:
  john presses quick connect maria
  expect maria's phone rings within 10 s
  maria answers
  expect john and maria hear each other within 15 s

Maria hangs up:
  maria hangs up
  expect john hears the busy tone within 500 ms
    customer hears CustomerHold.wav
    john's row maria is disconnected, reason hung_up
    maria's state is Available
  expect john hears a beep within 15 s
    customer hears CustomerHold.wav
    john's row customer is hold

John takes the customer back:
  john presses resume customer
  expect customer and john hear each other within 100 ms
    customer's phone is re-INVITEd sendrecv
    john does not hear a beep for 12 s
