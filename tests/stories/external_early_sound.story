# What the far end says before anybody answers is heard instead of our ringback, by whoever waits for it alone.

Story: Early sound from outside
Guests: customer
Agents: john
Outside: bank +15550199

It is heard while the customer holds:
  bank rings with early sound
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other for 1 s within 15 s
  john presses quick connect bank
  expect john hears bank for 1 s within 500 ms
    customer hears CustomerHold.wav for 1 s
    customer does not hear bank
    nobody hears john
    john's row bank is connecting, answered no
    john's banner is Connecting

Resumed, the customer has John for himself:
  john presses resume customer
  expect customer and john hear each other for 1 s within 100 ms
    john does not hear bank

The bank answers, and is there with them:
  bank answers
  expect customer, john and bank hear each other for 1 s within 200 ms
    john's row bank is connected, answered yes

An announcement, then busy:
  john presses drop bank
  expect bank's call ends
  john presses quick connect bank
  expect john hears bank for 1 s within 500 ms
  bank declines with 486
  expect john hears the busy tone within 200 ms
    customer hears CustomerHold.wav
    john's row bank is disconnected, reason busy
  customer hangs up
  expect john's call ends
    the switch is empty
