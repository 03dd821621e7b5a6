# A phone outside that is in one call twice has nobody to bring together there, also while somebody else transfers it.

Story: One phone outside on two lines of one call
Agents: john, maria
Outside: bank +15550199

John has called it, and calls it once more:
  john dials +15550199
  expect bank's phone rings
  bank answers
  expect john and bank hear each other for 1 s within 15 s
  john presses quick connect bank
  expect bank's phone rings
  bank answers
  expect john's row Bank is connected within 2 s

He hands it on to Maria, and meanwhile it wants to be rid of both:
  john transfers to qc-maria
  expect maria's phone rings within 10 s
  bank transfers to the second line
  expect bank's transfer is accepted
    bank's phone is told that the transfer failed with 603
    bank's phone gets no BYE for 2 s

That has cost nobody anything:
  maria answers
  expect maria hears bank within 15 s
    bank hears bank and maria
    john's phone is told that the transfer succeeded
    john's phone gets BYE
  bank hangs up
  bank hangs up
  expect maria's call ends
    the switch is empty
