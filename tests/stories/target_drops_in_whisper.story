# She accepts and hangs up before her whisper is over: the call is still in her queue.

Story: Maria drops out in her whisper
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

Maria answers and hangs up in her whisper:
  john presses quick connect maria
  expect maria's phone rings within 10 s
  maria answers
  expect maria hears "This is an internal call transferred from another agent." within 2 s
  maria hangs up
  expect john hears CustomerQueue.wav within 15 s
    customer hears CustomerHold.wav
    john's row maria is connected
    maria's state is AgentHungUp
    maria's phone does not ring for 5 s

She ends the call on her screen while she hears it, as if she had hung up:
  maria presses status Available
  expect maria's phone rings
  maria answers
  expect maria hears "This is an internal call transferred from another agent." within 2 s
    maria's banner is Connecting
    maria can leave
    john cannot hold maria
    john cannot hold all
  maria presses leave
  expect maria's call ends
    john's row maria is connected, answered no, reason left
    john hears CustomerQueue.wav within 15 s
    customer hears CustomerHold.wav
    maria's state is AgentHungUp

Available again she is rung again:
  maria presses status Available
  expect maria's phone rings
  maria answers
  expect john and maria hear each other within 15 s
    customer hears CustomerHold.wav
  customer hangs up
  john hangs up

Handed on to her by the Transfer key, the customer is John's again when she drops out in the customer's whisper:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  john transfers to qc-maria
  expect maria's phone rings within 10 s
  maria answers
  expect customer hears ConnectingToAgent.wav within 15 s
  maria hangs up
  expect john's phone is told that the transfer failed
    customer and john hear each other within 1 s
    maria's state is AgentHungUp
  maria presses status Available
  expect maria's state is Available
  customer hangs up
  expect john's call ends
    the switch is empty
