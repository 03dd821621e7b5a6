# A cold transfer in its first second: the flow goes on for the customer.

Story: John leaves while the transfer flow plays
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

John asks for Maria and hangs up at once:
  john presses quick connect maria
  expect john hears "Transferring to agent." within 1 s
  john hangs up
  expect customer does not hear CustomerHold.wav after 100 ms
    customer hears "Thank you for calling. Your call is very important to us and will be answered in the order it was received." within 5 s
    customer hears no more than 60 ms of dead air
    john's state is Available

Maria is rung for the customer:
  expect maria's phone rings within 5 s
  maria answers
  expect maria hears "This is an internal call transferred from another agent." in full within 2 s
  expect customer hears "Your call is now connecting to an agent." in full within 5 s
  expect customer and maria hear each other within 2 s
    customer's phone shows Maria
    maria's phone shows Customer
    maria's row customer is connected, answered yes
  maria hangs up
  expect customer's call ends
    the switch is empty
