# Every twentieth datagram is lost, some come twice, some too late: calls go on, and everybody hears whom he should.

Story: A bad network
Guests: customer
Agents: john, maria
Network: delay 20 ms, loses 5 %, repeats 2 %, reorders 2 %
Allow: 5 s

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 20 s
  john answers
  expect customer and john hear each other within 15 s
    john's state is Busy

John asks Maria:
  john presses quick connect maria
  expect customer hears CustomerHold.wav within 200 ms
    customer's phone is re-INVITEd sendonly
    customer does not hear john after 500 ms
  expect maria's phone rings within 20 s
  maria answers
  expect john and maria hear each other within 20 s
    customer hears CustomerHold.wav
    customer does not hear john

Join, hold, swap, leave:
  john presses join
  expect customer, john and maria hear each other within 5 s
    customer's phone is re-INVITEd sendrecv
  john presses hold all
  expect customer hears CustomerHold.wav within 200 ms
    john hears silence within 200 ms
    customer's phone is re-INVITEd sendonly
    maria's phone is re-INVITEd sendonly
  john presses swap
  john presses resume all
  expect customer, john and maria hear each other within 5 s
  john hangs up
  expect customer and maria hear each other within 5 s
    john's state is Available
  customer hangs up
  expect maria's call ends
    maria's state is Available
    the switch is empty within 40 s
