# The customer is not reached: the state says why, and nothing is offered to John until he has seen it.

Story: Outbound contacts that come to nothing
Guests: customer
Agents: john
Outside: bank +15550199

By phone, which is told the status:
  john dials +15550199
  expect bank's phone rings
  bank declines with 486
  expect john's call ends with 486
    john's state is LineEngagedCustomer
    john's contact is error
    john's row bank is disconnected, reason busy
    the switch is empty

Nothing is offered to him until he has seen it:
  customer dials 1000
  expect john's phone does not ring for 12 s
  john presses clear
  expect john's phone rings within 5 s
  customer hangs up
  expect john's state is Available
    the switch is empty

No such number:
  john dials +15550199
  expect bank's phone rings
  bank declines with 404
  expect john's call ends with 404
    john's state is BadAddressCustomer
  john presses clear
  expect john's state is Available

The network fails:
  john dials +15550199
  expect bank's phone rings
  bank declines with 500
  expect john's call ends with 500
    john's state is FailedConnectCustomer
  john presses status Available
  expect john's state is Available

By the screen he hears it:
  john presses call +15550199
  expect john's phone rings
  john answers
  expect bank's phone rings
  bank declines with 486
  expect john hears the busy tone for 2500 ms within 200 ms
    john's contact is error
    john's banner is "Line engaged"
  expect john's call ends within 4 s
    john's state is LineEngagedCustomer
    the switch is empty
  john presses clear
  expect john's state is Available

A number that nobody has is no fault of his own phone:
  john presses call +15550199
  expect john's phone rings
  john answers
  expect bank's phone rings
  bank declines with 404
  expect john hears the congestion tone for 2500 ms within 200 ms
    john's row bank is disconnected, reason unreachable
  expect john's call ends within 4 s
    john's state is BadAddressCustomer
    john's row bank is disconnected, reason unreachable
    john's row john is disconnected, reason dropped
  john presses clear
  expect john's state is Available

Nobody answers in a minute:
  john presses call +15550199
  expect john's phone rings
  john answers
  expect bank's phone rings
  bank does not answer
  expect bank's phone gets CANCEL within 61 s
    john hears the congestion tone for 1 s within 61 s
  expect john's state is MissedCallCustomer within 4 s
  john presses clear
  expect john's state is Available

He gives up before anybody answers, which is no trouble:
  john dials +15550199
  expect bank's phone rings
  john cancels
  expect bank's phone gets CANCEL
    john's state is Available
    john has no contact
    the switch is empty
  john presses call +15550199
  expect john's phone rings
  john answers
  expect bank's phone rings
  john presses leave
  expect bank's phone gets CANCEL
    john's call ends
    john's state is Available
    the switch is empty

He does not lift his own phone:
  john presses call +15550199
  expect john's phone rings
  john declines with 603
  expect john's state is RejectedCallAgent
    bank's phone does not ring for 1 s
    the switch is empty
  john presses clear
  expect john's state is Available

His own phone rings and loses its registration: it is not waited for:
  john presses call +15550199
  expect john's phone rings
  john unregisters
  expect john's phone gets CANCEL within 1 s
    john's state is BadAddressAgent
    john's contact is error
    bank's phone does not ring for 1 s
    the switch is empty
  john registers
  expect john's phone is registered
  john presses clear
  expect john's state is Available

Where no trunk leads, nothing begins:
  john dials +49301234567
  expect john's call ends with 403
    john's state is Available
  john presses call +49301234567
  expect john is refused
    john's state is Available
  john presses call sip:anybody@192.0.2.66
  expect john is refused
    the switch is empty
