# The bank is not to be had: John hears and sees why, the customer stays on hold, and John may try again.

Story: An external quick connect comes to nothing
Guests: customer
Agents: john
Outside: bank +15550199

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other for 1 s within 15 s

Busy: its tone for three seconds, then a beep every ten:
  john presses quick connect bank
  expect bank's phone rings
  bank declines with 486
  expect john hears the busy tone for 2500 ms within 200 ms
    john's row bank is disconnected, reason busy
    john's row customer is hold
    customer hears CustomerHold.wav for 2 s
  wait 8 s
  expect john hears a beep within 4 s
    customer hears CustomerHold.wav

Turned down:
  john presses quick connect bank
  expect john hears ringback within 100 ms
    bank's phone rings
    john does not hear a beep for 2 s
  bank declines with 603
  expect john hears the busy tone for 1 s within 200 ms
    john's row bank is disconnected, reason rejected

No such number:
  john presses quick connect bank
  expect bank's phone rings
  bank declines with 404
  expect john hears the congestion tone for 2500 ms within 200 ms
    john's row bank is disconnected, reason unreachable
    customer hears CustomerHold.wav for 2 s

A fault in the network:
  john presses quick connect bank
  expect bank's phone rings
  bank declines with 500
  expect john hears the congestion tone for 1 s within 200 ms
    john's row bank is disconnected, reason failed

No answer in a minute:
  john presses quick connect bank
  expect bank's phone rings
  bank does not answer
  expect bank's phone gets CANCEL within 61 s
    john hears the congestion tone for 1 s within 61 s
    john's row bank is disconnected, reason no_answer
    john's row customer is hold

Called off:
  john presses quick connect bank
  expect bank's phone rings
  john presses drop bank
  expect bank's phone gets CANCEL
    john's row bank is disconnected, reason cancelled
    customer hears CustomerHold.wav
    john hears silence

The customer is there all the time:
  john presses resume customer
  expect customer and john hear each other for 1 s within 100 ms

Once more, and it works:
  john presses quick connect bank
  expect bank's phone rings
  bank answers
  expect john and bank hear each other for 1 s within 1 s
  bank hangs up
  expect john hears the busy tone for 1 s within 200 ms
    john's row bank is disconnected, reason hung_up
    customer hears CustomerHold.wav
  john presses resume customer
  expect customer and john hear each other within 100 ms
  customer hangs up
  expect john's call ends
    the switch is empty
