# The same from the phone itself: a feature code, or a second line.

Story: Somebody outside by the phone alone
Guests: customer
Agents: john
Outside: bank +15550199, taxi +15550142

By feature code:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other for 1 s within 15 s
  john presses quick connect bank by feature code *431#
  expect bank's phone rings
    customer hears CustomerHold.wav within 500 ms
    john hears ringback within 500 ms
  bank answers
  expect john and bank hear each other for 1 s within 1 s
  john keys *1
  expect customer, john and bank hear each other for 1 s within 200 ms
  john keys *5
  expect bank's call ends
    customer and john hear each other for 1 s within 500 ms

On a second line, heard there:
  john presses the hold key
  expect customer hears CustomerHold.wav within 500 ms
  john presses quick connect bank by second line
  expect bank's phone rings
    john hears ringback on the second line within 500 ms
    customer hears CustomerHold.wav
  bank answers
  expect john hears bank on the second line for 1 s within 1 s
    bank hears john
  john hangs up on the second line
  expect bank's call ends
    customer hears CustomerHold.wav
  john presses the resume key
  expect customer and john hear each other for 1 s within 1 s

A number on the second line is the same as on the number pad:
  john presses the hold key
  expect customer hears CustomerHold.wav within 500 ms
  john dials +15550142
  expect taxi's phone rings
    taxi's phone shows "Example Support"
    john's row taxi is connecting, answered no
  taxi answers
  expect john hears taxi on the second line for 1 s within 1 s

And with both lines he completes the transfer:
  john transfers to the second line
  expect customer and taxi hear each other for 1 s within 1 s
    john's phone is told that the transfer succeeded
  taxi hangs up
  expect customer's call ends
    the switch is empty
