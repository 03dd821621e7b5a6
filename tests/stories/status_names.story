# A status that reads like one of the switch's own is that one, or none: nobody stands out of service by a slip.

Story: The names of a status
Guests: customer
Agents: maria

She types it as she likes:
  maria presses status Lunch
  expect maria's status is Lunch
  maria presses status "available"
  expect maria's status is Available
    maria's state is Available
  maria presses status " OFFLINE "
  expect maria's status is Offline
    maria's state is Offline
  maria presses status " Coffee break "
  expect maria's status is "Coffee break"
  maria presses status "AVAILABLE"
  expect maria's state is Available

What only the switch may say is refused, and changes nothing:
  maria presses status Busy
  expect maria is refused
  maria presses status "pendingbusy"
  expect maria is refused
  maria presses status MissedCallAgent
  expect maria is refused
    maria's status is Available

She is offered what waits:
  customer dials 2000
  expect maria's phone rings within 15 s
