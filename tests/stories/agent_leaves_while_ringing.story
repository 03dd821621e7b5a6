# A cold transfer while Maria's phone rings: it rings on.

Story: John leaves while Maria's phone rings
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

John asks for Maria and hangs up while she is rung:
  john presses quick connect maria
  expect maria's phone rings within 10 s
  john hangs up
  expect customer does not hear CustomerHold.wav after 100 ms
    customer hears no more than 60 ms of dead air
    maria's phone gets no CANCEL for 2 s
    john's state is Available

She answers the customer:
  maria answers
  expect maria hears "This is an internal call transferred from another agent." in full within 2 s
  expect customer hears "Your call is now connecting to an agent." in full within 5 s
  expect customer and maria hear each other within 2 s
  customer hangs up
  expect maria's call ends
    maria's state is Available
    the switch is empty
