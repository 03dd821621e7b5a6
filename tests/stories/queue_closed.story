# The queue has its hours. Stories happen on a Sunday.

Story: The queue is closed
Guests: customer
Agents: john, maria
Installation: queues/cordboard.toml

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

The accounts are open from Monday to Friday, though Maria is there:
  john presses quick connect accounts
  expect john hears "We are currently out of hours. Goodbye." within 200 ms
    john's row accounts is connecting
    john's banner is Connecting
    customer hears CustomerHold.wav within 60 ms
  expect john hears the congestion tone within 5 s
    john's row accounts is disconnected
    maria's phone does not ring for 1 s
    customer hears CustomerHold.wav

He takes the customer back:
  john presses resume customer
  expect customer and john hear each other
    nobody hears more than 60 ms of dead air
