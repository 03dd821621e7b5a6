# John is away from his desk: the customer is kept, John is not rung again until he is back.

Story: John misses the customer
Guests: customer
Agents: john

John's phone rings in vain:
  customer dials 1000
  expect john's phone rings within 10 s
  john does not answer
  expect john's phone gets CANCEL within 21 s
    john's state is MissedCallAgent
    contact of john is missed
    customer hears CustomerQueue.wav within 15 s

The customer waits and is not forgotten:
  expect john's phone does not ring for 30 s
    customer hears no more than 60 ms of dead air
  john presses status Available
  expect john's phone rings
  john declines with 486
  expect john's state is RejectedCallAgent
    contact of john is rejected
    john's phone does not ring for 5 s

John is back:
  john presses status Available
  expect john's phone rings
  john answers
  expect customer and john hear each other within 15 s
    john's state is Busy
