# As whom the bank is called, and that nothing begins where nobody knows.

Story: Caller IDs, a full trunk, and an address outside
Guests: customer
Agents: john, maria
Guests: desk
Outside: bank +15550199
Installation: external/cordboard.toml

The contact's queue has none, so the default outbound queue's is shown:
  john honours auto-answer
  customer dials 1000
  expect customer and john hear each other for 1 s within 15 s
  john presses quick connect bank
  expect bank's phone rings
    bank's phone shows "Example Sales"
  john presses drop bank
  expect bank's phone stops ringing

The customer's own, and always the same:
  john presses quick connect bank-for-customer
  expect bank's phone rings
    bank's phone shows Customer
  john presses drop bank
  expect bank's phone stops ringing
  john presses quick connect bank-fixed
  expect bank's phone rings
    bank's phone shows "Example Fraud Desk"
  bank answers
  expect john and bank hear each other for 1 s within 1 s

The trunk has room for no second call, and his row says so:
  desk dials 2000
  expect maria's phone rings within 15 s
  maria answers
  expect desk and maria hear each other for 1 s within 15 s
  maria presses quick connect bank-fixed
  expect maria hears the congestion tone for 1 s within 200 ms
    maria's row bank is disconnected, reason failed
    desk hears CustomerHold.wav
    bank's phone gets no INVITE for 1 s

Nobody knows as whom to call: nothing happens at all:
  maria presses resume desk
  expect desk and maria hear each other for 1 s within 200 ms
  maria presses quick connect bank
  expect maria is refused
    desk and maria hear each other for 1 s
    maria's row desk is connected
  maria hangs up
  expect desk's call ends

An address outside, which the configuration names:
  john presses drop bank
  expect bank's call ends
  john presses quick connect front-desk
  expect desk's phone rings
    desk's phone shows "Example Sales"
  desk answers
  expect john and desk hear each other for 1 s within 1 s
  john presses join
  expect customer, john and desk hear each other for 1 s within 200 ms
  customer hangs up
  desk hangs up
  expect john's state is AfterCallWork
    the switch is empty

From his work after the call he calls the bank, and his own phone answers by itself:
  john presses call +15550199
  expect bank's phone rings
    bank's phone shows "Example Sales"
    john hears ringback within 500 ms
  bank answers
  expect bank hears "This call is not being recorded." in full within 1 s
  expect john and bank hear each other for 1 s within 5 s
  bank hangs up
  expect john's state is AfterCallWork

The trunk is down, and he hears it at once:
  bank is unplugged
  wait 20 s
  john presses clear
  expect john's state is Available
  john presses call +15550199
  expect john hears the congestion tone for 1 s within 1 s
  expect john's state is FailedConnectCustomer within 4 s
    the switch is empty
