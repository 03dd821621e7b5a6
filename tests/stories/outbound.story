# An agent on no contact calls a customer.

Story: Outbound contacts
Agents: john
Outside: bank +15550199

By phone: he hears it ring as the customer's phone does:
  john dials +15550199
  expect bank's phone rings
    bank's phone shows "Example Support"
    john's state is CallingCustomer
    john's banner is Calling
    john's row bank is connecting, answered no
    john can leave
  wait 1 s
  bank answers
  expect john's call is answered
    bank hears "This call is not being recorded." in full within 1 s
    john does not hear "This call is not being recorded."
    john's state is Busy
  expect john and bank hear each other for 1 s within 1 s
    john's banner is Connected
    john's row bank is connected, answered yes
    nobody hears more than 60 ms of dead air

It is a contact like any other:
  john presses hold bank
  expect bank hears CustomerHold.wav within 60 ms
  john presses resume bank
  expect john and bank hear each other for 1 s within 100 ms
  bank hangs up
  expect john's call ends
    john's state is Available

By the screen: his own phone rings first, then he hears it ring:
  john presses call +15550199
  expect john's phone rings
    john's state is CallingCustomer
    bank's phone does not ring for 1 s
  john answers
  expect bank's phone rings
    john hears ringback within 500 ms
  bank answers
  expect bank hears "This call is not being recorded." in full within 1 s
  expect john and bank hear each other for 1 s within 1 s
  john presses leave
  expect bank's call ends
    john's call ends
    john's state is Available
    the switch is empty

By an external quick connect, on the screen and at the phone:
  john presses call quick connect bank
  expect john's phone rings
    john's phone shows Bank
  john answers
  expect bank's phone rings
  bank answers
  expect john and bank hear each other for 1 s within 5 s
  john hangs up
  expect bank's call ends
  john dials qc-bank
  expect bank's phone rings
  bank answers
  expect john and bank hear each other for 1 s within 5 s
  bank hangs up
  expect john's call ends

What is heard before the answer:
  bank rings with early sound
  john dials +15550199
  expect john hears bank for 1 s within 500 ms
    nobody hears john
  bank answers
  expect john and bank hear each other for 1 s within 5 s
  bank hangs up
  expect john's call ends
    the switch is empty
