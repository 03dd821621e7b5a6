# A customer's phone has a Transfer key, too: it hands on the agent he talks to, never himself.

Story: The customer's phone transfers
Guests: customer, friend
Agents: john, maria

He brings John to his other call:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  customer dials 9002
  expect customer hears itself on the second line
  customer transfers to the second line
  expect john hears itself
    customer's phone is told that the transfer succeeded
    customer's phone gets BYE
    john's state is Busy
  john hangs up
  expect the switch is empty

While nobody is there he has nobody to hand on:
  john presses status Offline
  customer dials 1000
  expect customer's call is answered
  customer transfers to 9002
  expect customer's transfer is refused with 603
    customer's phone gets no BYE for 1 s
  customer hangs up
  expect the switch is empty

Nor in a room:
  customer dials conf1
  expect customer's call is answered
  friend dials conf1
  expect customer and friend hear each other
  customer transfers to 9002
  expect customer's transfer is refused with 603
    customer and friend hear each other
  customer hangs up
  friend hangs up
  expect the switch is empty

Nor while John only hears his whisper:
  john presses status Available
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  customer dials 9002
  expect customer hears itself on the second line
    john's banner is Connecting
  customer transfers to the second line
  expect customer's transfer is accepted
    customer's phone is told that the transfer failed with 603
  customer hangs up on the second line
  customer transfers to 9002
  expect customer's transfer is refused with 603
    john's banner is Connecting
  expect customer and john hear each other within 15 s
  customer hangs up
  expect john's call ends
    the switch is empty

John, whom he leaves to an echo, asks Maria, and when he goes nobody keeps her:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  customer transfers to 9002
  expect john hears itself
  john presses quick connect maria
  expect maria's phone rings within 10 s
  maria answers
  expect john and maria hear each other within 15 s
  john hangs up
  expect maria's call ends
    the switch is empty
