# John leaves while the transfer flow still talks to him: the customer hears the rest of it.

Story: John leaves while the queue's flow talks
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

John asks the queue and hangs up at once:
  john presses quick connect password-reset
  expect john hears "Now transferring."
    customer hears CustomerHold.wav
  john hangs up
  expect customer hears "Now transferring." within 100 ms
    customer does not hear CustomerHold.wav after 100 ms
    customer hears no more than 60 ms of dead air
    john's state is Available
  expect maria's phone rings within 3 s
    maria's phone shows Customer
  maria answers
  expect customer and maria hear each other within 15 s
