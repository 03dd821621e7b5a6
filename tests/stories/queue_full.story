# A queue for five takes a sixth by transfer, a fifth more than its limit, and no seventh.

Story: The queue is full
Guests: customer, one, two, three, four, five, six
Agents: john, maria
Installation: queues/cordboard.toml

The customer reaches John, another Maria:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  one dials 2000
  expect maria's phone rings within 5 s
  maria answers
  expect one and maria hear each other within 15 s

Four more are called five, as one waits longer than his call: a queue of five is full:
  two dials 2000
  three dials 2000
  four dials 2000
  five dials 2000
  six dials 2000
  expect two hears CustomerQueue.wav within 15 s
    six hears CustomerQueue.wav within 15 s
  one hangs up
  expect maria's phone rings within 2 s
    maria's phone shows Two

The one who is being offered counts: the next is told that there is no room:
  one dials 2000
  expect one hears "Failed to transfer." within 5 s
    one's call ends within 5 s

John's transfer is let in, one above the limit:
  john presses quick connect password-reset
  expect john hears "Thank you for calling. Your call is very important to us and will be answered in the order it was received." within 5 s
    john's row password-reset is connected
    customer hears CustomerHold.wav

He leaves the customer there, and takes another, whose transfer is one too many:
  john hangs up
  expect customer hears CustomerQueue.wav within 15 s
  one dials 1000
  expect john's phone rings within 15 s
  john answers
  expect one and john hear each other within 15 s
  john presses quick connect password-reset
  expect john hears "Failed to transfer to queue. Goodbye." in full within 5 s
    one hears CustomerHold.wav
  expect john hears the congestion tone within 200 ms
    john's row password-reset is disconnected
  john presses resume one
  expect one and john hear each other
