# Both sides re-INVITE at the same moment (RFC 3261 section 14.1): both try again, and both are held.

Story: Glare: two re-INVITEs meet
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

John holds the customer in the moment in which the customer's own hold key is pressed:
  john presses hold customer
  customer presses the hold key
  expect customer's phone is re-INVITEd sendonly within 10 s
    john's row customer is hold
    customer's phone gets no BYE for 10 s

Both take each other back:
  customer presses the resume key
  john presses resume customer
  expect customer and john hear each other within 10 s
    john's row customer is connected
  john hangs up
  expect customer's call ends
    the switch is empty
