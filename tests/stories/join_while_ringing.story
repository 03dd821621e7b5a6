# Join before she has answered: John and the customer talk, and she comes in when she answers.

Story: Join while Maria's phone still rings
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

John joins while Maria is rung:
  john presses quick connect maria
  expect maria's phone rings within 10 s
    customer hears CustomerHold.wav
  john presses join
  expect customer and john hear each other within 100 ms
    john's row customer is connected
    john's row maria is connected, answered no
    maria's phone gets no CANCEL for 2 s

Maria answers, and all three talk:
  maria answers
  expect maria hears "This is an internal call transferred from another agent." within 2 s
  expect customer, john and maria hear each other within 15 s
    john's row maria is connected, answered yes
