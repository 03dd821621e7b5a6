# Whoever is being transferred can refuse the new party, and has the old one again.

Story: John does not want to talk to Peter
Agents: john, maria, peter

Maria hands John on, who sees it on his screen:
  john dials maria
  expect maria's phone rings
  maria answers
  expect john and maria hear each other
  maria transfers to peter
  expect peter's phone rings
  john presses drop peter
  expect peter's phone gets CANCEL
    maria's phone is told that the transfer failed with 487
    john and maria hear each other within 1 s
  maria hangs up
  expect john's call ends
    the switch is empty
