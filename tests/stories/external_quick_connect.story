# The seed's third quick connect: the bank is outside, behind a trunk. No flow, no whisper.

Story: External quick connect: consult, join, hold, swap, leave
Guests: customer
Agents: john
Outside: bank +15550199

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other for 1 s within 15 s

John asks for the bank, and hears that it rings there:
  john presses quick connect bank
  expect customer hears CustomerHold.wav within 60 ms
    customer does not hear john after 60 ms
    customer's phone is re-INVITEd sendonly
    john hears ringback within 100 ms
    bank's phone rings
    bank's phone shows "Example Support"
    john's row customer is hold
    john's row bank is connecting, answered no
    john's banner is Connecting

The bank answers, and they talk at once:
  bank answers
  expect john and bank hear each other for 1 s within 1 s
    customer hears CustomerHold.wav
    customer does not hear bank
    john's row bank is connected, answered yes
    john's banner is Connected
    bank's phone gets no INVITE for 1 s

Join: all three hear each other:
  john presses join
  expect customer, john and bank hear each other for 1 s within 100 ms
    customer's phone is re-INVITEd sendrecv
    nobody hears more than 60 ms of dead air

Hold all: the bank hears what a customer hears:
  john presses hold all
  expect customer hears CustomerHold.wav within 60 ms
    bank hears CustomerHold.wav within 60 ms
    john hears silence for 1 s within 60 ms
    bank's phone is re-INVITEd sendonly
    john's row customer is hold
    john's row bank is hold

Resume all brings everybody back, and hold takes the bank out:
  john presses resume all
  expect customer, john and bank hear each other for 1 s within 100 ms
  john presses hold bank
  expect customer and john hear each other for 1 s within 100 ms
    bank hears CustomerHold.wav within 60 ms
    customer does not hear bank after 60 ms

Swap: the bank for the customer, and back:
  john presses swap
  expect john and bank hear each other for 1 s within 100 ms
    customer hears CustomerHold.wav within 60 ms
    john's row customer is hold
  john presses swap
  expect customer and john hear each other for 1 s within 100 ms
    bank hears CustomerHold.wav within 60 ms

John leaves, and the customer and the bank go on:
  john hangs up
  expect customer and bank hear each other for 1 s within 100 ms
    customer and bank hear no more than 60 ms of dead air
    bank's phone is re-INVITEd sendrecv
    customer's phone shows Bank
    bank's phone shows "Example Support"
    john has no contact
    john's state is Available

The end:
  bank hangs up
  expect customer's call ends
    the switch is empty
