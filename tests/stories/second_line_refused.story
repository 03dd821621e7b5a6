# What is refused leaves nothing behind: an agent without a contact of his own cannot press a quick connect.

Story: A quick connect on the second line of a direct call
Agents: john, maria, peter

Maria tries in vain to transfer a colleague:
  maria dials john
  expect john's phone rings
  john answers
  expect john and maria hear each other
  maria transfers to peter
  expect peter's phone rings
  peter declines
  expect maria's phone is told that the transfer failed with 486
    john and maria hear each other within 1 s
  maria dials sip:qc-anna@cordboard.lab
  expect maria's call ends with 403
    john and maria hear each other

She transfers him, and he tries it, too:
  maria transfers to peter
  expect peter's phone rings
  peter answers
  expect john and peter hear each other
  john dials sip:qc-anna@cordboard.lab
  expect john's call ends with 403
    john and peter hear each other
  peter hangs up
  expect john's call ends
    the switch is empty
