# A whisper longer than two minutes is cut, and who heard it is hung up on: Connect does the same.

Story: Whispers end after two minutes
Guests: customer
Agents: john
Installation: long_whispers/cordboard.toml

John's whisper goes on for 130 seconds, if it may:
  customer dials 1001
  expect john's phone rings
    customer hears CustomerQueue.wav
  john answers
  expect john hears "Support" in full within 1 s
    customer hears CustomerQueue.wav
  wait 118 s
  expect john hears silence for 500 ms
    customer hears CustomerQueue.wav

It is cut, and the customer waits on in the queue:
  expect john's call ends within 2 s
    customer hears CustomerQueue.wav for 3 s
    customer's phone gets no BYE for 3 s
    john's state is AgentHungUp
  customer hangs up
  expect the switch is empty

The customer's whisper is cut as well, and ends the call:
  john presses status Available
  customer dials 1002
  expect john's phone rings
  john answers
  expect john hears "Support" in full within 1 s
  expect customer hears "Transferring now..." in full within 2 s
    john hears silence
  wait 117 s
  expect customer's phone gets no BYE for 500 ms
    john hears silence
  expect customer's call ends within 2 s
    john's call ends within 2 s
    the switch is empty within 2 s
