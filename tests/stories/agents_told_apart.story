# Six ways not to take a contact: each is told by its name, and none costs the customer his place.

Story: Missed, rejected, hung up, gone, dead and engaged are not the same
Guests: customer
Agents: maria

Her phone does not answer SIP at all:
  maria is unplugged
  customer dials 2000
  expect maria's state is FailedConnectAgent within 10 s
    contact of maria is error
    customer hears CustomerQueue.wav within 15 s
  maria is plugged in again

She does not answer:
  maria presses status Available
  expect maria's phone rings
  maria does not answer
  expect maria's phone gets CANCEL within 21 s
    maria's state is MissedCallAgent
    contact of maria is missed

She declines:
  maria presses status Available
  expect maria's phone rings
  maria declines
  expect maria's state is RejectedCallAgent
    contact of maria is rejected

She answers, and hangs up before anybody is connected:
  maria presses status Available
  expect maria's phone rings
  maria answers
  expect maria hears "PasswordReset"
  maria hangs up
  expect maria's state is AgentHungUp
    contact of maria is error

Her phone rings and loses its registration: the contact does not wait for it:
  maria presses status Available
  expect maria's phone rings
  maria unregisters
  expect maria's phone gets CANCEL
    maria's state is BadAddressAgent
    contact of maria is error
    customer hears CustomerQueue.wav within 15 s
  maria registers
  expect maria's phone is registered
    maria's phone does not ring for 2 s

All four lines of her phone are in use:
  maria dials 9001
  maria dials 9001
  maria dials 9001
  maria dials 9001
  wait 1 s
  maria presses status Available
  expect maria's state is LineEngagedAgent
    contact of maria is error
    customer hears CustomerQueue.wav within 15 s
    customer hears no more than 60 ms of dead air
