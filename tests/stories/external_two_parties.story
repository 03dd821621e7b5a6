# Two from outside on one contact: when only they are left, nobody of the house pays for their talk.

Story: Only parties from outside are left
Guests: customer
Agents: john
Outside: bank +15550199, taxi +15550142

Everybody comes together, the second by the number pad:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other for 1 s within 15 s
  john presses quick connect bank
  expect bank's phone rings
  john presses dial +15550142
  expect john is refused
  bank answers
  expect john and bank hear each other for 1 s within 1 s
  john presses join
  expect customer, john and bank hear each other for 1 s within 200 ms
  john presses dial +15550142
  expect taxi's phone rings
    taxi's phone shows "Example Support"
    customer hears CustomerHold.wav within 60 ms
    bank hears CustomerHold.wav within 60 ms
    john's row taxi is connecting, answered no
  taxi answers
  expect john and taxi hear each other for 1 s within 1 s
  john presses join
  expect customer, john, bank and taxi hear each other for 1 s within 200 ms

Digits reach the one they are meant for:
  john presses digits 12# to bank
  expect bank's phone gets the digits 12#
    taxi's phone gets no digits for 1 s

*5 drops the one added last, never the customer:
  john keys *5
  expect taxi's call ends
    customer, john and bank hear each other for 1 s within 500 ms
  john presses dial +15550142
  expect taxi's phone rings
  taxi answers
  expect john and taxi hear each other for 1 s within 1 s

The customer goes, then John, and it is over:
  customer hangs up
  expect john and taxi hear each other for 1 s within 500 ms
  john hangs up
  expect bank's call ends
    taxi's call ends
    the switch is empty
