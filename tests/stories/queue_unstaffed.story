# Nobody works in the queue: its flow says so, and John has the customer back as soon as he wants.

Story: Nobody is there who could reset a password
Guests: customer
Agents: john, maria, peter

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

Maria has gone home, Peter is at lunch:
  maria presses status Offline
  peter presses status Lunch
  expect maria's state is Offline
    peter's status is Lunch

John is told, then reminded that the customer waits:
  john presses quick connect password-reset
  expect john hears "There are currently no agents staffed. Goodbye." within 200 ms
    john's row password-reset is connecting
    john's banner is Connecting
    customer hears CustomerHold.wav within 60 ms
  expect john hears the congestion tone within 5 s
    john's row password-reset is disconnected, answered no
    john's banner is "On hold"
    customer hears CustomerHold.wav
    maria's phone does not ring for 1 s
  expect john hears a beep within 15 s
    customer hears CustomerHold.wav

He takes the customer back, and may ask again:
  john presses resume customer
  expect customer and john hear each other
    nobody hears more than 60 ms of dead air
  peter presses status Available
  john presses quick connect password-reset
  expect peter's phone rings within 10 s
    customer hears CustomerHold.wav
  peter answers
  expect john and peter hear each other within 15 s
