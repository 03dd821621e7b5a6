# The Transfer key with a number outside: a cold transfer, told truly.

Story: John transfers the customer outside with his Transfer key
Guests: customer
Agents: john
Outside: bank +15550199

By quick connect, and the bank is engaged:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other for 1 s within 15 s
  john transfers to qc-bank
  expect john's transfer is accepted
    bank's phone rings
    bank's phone shows "Example Support"
    customer hears CustomerHold.wav within 100 ms
    john's phone is told that the transfer is under way with 180
    john's phone is not told that the transfer succeeded for 2 s
  bank declines with 486
  expect john's phone is told that the transfer failed with 486
    customer and john hear each other for 1 s within 200 ms

By number, not to be had:
  john transfers to +15550199
  expect john's transfer is accepted
    bank's phone rings
  bank declines with 404
  expect john's phone is told that the transfer failed with 404
    customer and john hear each other for 1 s within 200 ms

Where no trunk leads, nothing happens:
  john transfers to +49301234567
  expect john's transfer is refused with 403
    customer and john hear each other for 1 s within 200 ms

Answered: the customer and the bank talk, and John is free:
  john transfers to +15550199
  expect bank's phone rings
    customer hears CustomerHold.wav within 100 ms
  bank answers
  expect customer and bank hear each other for 1 s within 1 s
    john's phone is told that the transfer succeeded
    john's phone gets BYE
    john's state is Available
  customer hangs up
  expect bank's call ends
    the switch is empty
