# Whoever says nothing at all, not even by RTCP, is no longer there: after a minute his leg ends, and nobody waits for him.

Story: A phone that falls silent
Guests: customer
Agents: john

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

A short silence is nothing:
  customer stops sending sound
  expect customer's phone gets no BYE for 50 s
  customer sends sound again
  expect customer and john hear each other within 1 s

A whole minute is too long:
  customer stops sending sound
  expect customer's phone gets no BYE for 58 s
    john's phone gets no BYE for 58 s
  expect customer's phone gets BYE within 62 s
    john's call ends within 62 s
    the switch is empty within 62 s
