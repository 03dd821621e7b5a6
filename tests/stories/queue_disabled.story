# A queue that is switched off takes nobody any more.

Story: The queue is switched off
Guests: customer
Agents: john, maria
Installation: queues/cordboard.toml

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

Nobody sends faxes any more:
  john presses quick connect faxes
  expect john hears "Failed to transfer to queue. Goodbye." in full within 5 s
    customer hears CustomerHold.wav
    maria's phone does not ring for 1 s
  expect john hears the congestion tone within 200 ms
    john's row faxes is disconnected, answered no
  john presses resume customer
  expect customer and john hear each other
