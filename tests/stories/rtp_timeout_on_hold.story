# A phone on hold may send nothing. It is asked whether it is still there, once a minute, and hung up on when it is not.

Story: Silent on hold
Guests: customer
Agents: john

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

Held, it says nothing, and is asked:
  john presses hold customer
  customer stops sending sound
  expect customer hears CustomerHold.wav within 60 ms
  expect customer's phone gets OPTIONS within 62 s
  expect customer's phone gets OPTIONS within 124 s
    customer hears CustomerHold.wav
    john's row customer is hold

Taken back, it has the whole minute again:
  wait 50 s
  john presses resume customer
  expect customer hears john within 1 s
    customer's phone gets no BYE for 50 s
  customer sends sound again
  expect customer and john hear each other within 1 s

The customer's own hold key is the same:
  customer presses the hold key
  customer stops sending sound
  expect customer's phone gets OPTIONS within 62 s
  expect customer's phone gets OPTIONS within 124 s
    customer's phone gets no BYE for 5 s
  customer presses the resume key
  customer sends sound again
  expect customer and john hear each other within 1 s

On hold, its cable is pulled:
  john presses hold customer
  expect customer hears CustomerHold.wav within 60 ms
  customer is unplugged
  expect john's phone gets no BYE for 58 s
  expect john's call ends within 100 s
  customer is plugged in again
