# A number that leads to an address outside: it rings there while the customer hears his hold music.

Story: John transfers the customer outside
Guests: customer, callee
Agents: john, maria
Installation: outside/cordboard.toml

The customer reaches John, who transfers him:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  john transfers to 2000
  expect callee's phone rings
    callee's phone shows Customer
    customer hears CustomerHold.wav
    john's banner is Transferring
    john can leave
    john can resume all
  callee declines with 486
  expect john's phone is told that the transfer failed with 486
    customer and john hear each other

Who was rung in vain has nothing to work on:
  john transfers to maria
  expect maria's phone rings
  maria declines with 603
  expect john's phone is told that the transfer failed with 603
    customer and john hear each other
    maria's state is Available
    john's state is Busy

The callee answers:
  john transfers to 2000
  expect callee's phone rings
  callee answers
  expect customer and callee hear each other
    john's phone is told that the transfer succeeded
    john's phone gets BYE
    john's state is AfterCallWork

Nobody of the house is left, and they talk on until one hangs up:
  john presses clear
  callee hangs up
  expect customer's call ends
    the switch is empty
