# A phone that will not be told that it is held is held all the same.

Story: A phone refuses re-INVITEs with 488
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

The customer's phone refuses to be told:
  customer refuses re-INVITEs with 488
  john presses quick connect maria
  expect customer hears CustomerHold.wav within 60 ms
    customer's phone is re-INVITEd sendonly
    customer does not hear john after 60 ms
    john does not hear customer after 60 ms
    john's row customer is hold
  expect maria's phone rings within 10 s
    customer's phone gets no BYE
  maria answers
  expect john and maria hear each other within 15 s
    customer hears CustomerHold.wav
  john presses join
  expect customer, john and maria hear each other
  john hangs up
  expect customer and maria hear each other within 200 ms
  customer hangs up
  expect maria's call ends
    the switch is empty
