# Taking the customer back before she has answered: she comes in when she does.

Story: Resume while Maria's phone still rings
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

John takes the customer back while Maria is rung:
  john presses quick connect maria
  expect maria's phone rings within 10 s
  john presses resume customer
  expect customer and john hear each other within 100 ms
    customer's phone is re-INVITEd sendrecv
    john's row customer is connected
    maria's phone gets no CANCEL for 2 s

Maria answers:
  maria answers
  expect customer, john and maria hear each other within 15 s
