# Whoever leaves before his transfer has come about is told that he will not hear of its end.

Story: John leaves while Maria is rung for his customer
Guests: customer
Agents: john, maria

The customer reaches John, who transfers him:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  john transfers to maria
  expect maria's phone rings
    john's phone is told that the transfer is under way with 180

He leaves, and she answers:
  john presses leave
  expect john's phone is told that the transfer is under way with 180
    john's phone gets BYE
    customer's phone gets no BYE
  maria answers
  expect customer and maria hear each other
  customer hangs up
  expect maria's call ends
    the switch is empty
