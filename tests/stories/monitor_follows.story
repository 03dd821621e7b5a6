# Who has barged in counts while nobody else is there: neither the customer nor the agent is cut off from her.

Story: A supervisor stays with whoever is left
Guests: customer
Agents: john, maria, peter, anna

The customer goes, and the two of them talk:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  anna presses monitor john
  expect anna's phone rings within 1 s
  anna answers
  expect anna hears customer and john within 500 ms
  anna presses barge
  expect customer, john and anna hear each other within 100 ms
  customer hangs up
  expect john and anna hear each other within 60 ms
    john's phone shows Anna
  anna presses coach
  expect anna is refused
    john and anna hear each other
  john presses leave
  expect anna's call ends
    anna's state is Available
    john's state is Available
    the switch is empty

The agent goes, and the customer has her:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  anna presses monitor john
  expect anna's phone rings within 1 s
  anna answers
  expect anna hears customer and john within 500 ms
  anna presses barge
  expect customer, john and anna hear each other within 100 ms
  john hangs up
  expect customer and anna hear each other within 60 ms
    customer's phone shows Anna
    john's state is Available
    anna's row customer is connected
  customer hangs up
  expect anna's call ends
    anna's state is Available
    the switch is empty

She coached John; when he leaves she coaches Maria, who has the contact now:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  anna presses monitor john
  expect anna's phone rings within 1 s
    anna's phone shows "Monitoring John"
  anna answers
  expect anna hears customer and john within 500 ms
  anna presses coach
  expect john hears customer and anna within 100 ms
  john presses quick connect maria
  expect maria's phone rings within 10 s
  maria answers
  expect maria hears john within 15 s
    john hears maria and anna
  john presses leave
  expect maria hears customer and anna within 60 ms
    customer hears maria within 60 ms
    anna hears customer and maria within 60 ms
    anna's phone shows "Monitoring Maria"
  anna hangs up
  expect customer and maria hear each other for 1 s within 100 ms
  customer hangs up
  expect maria's call ends
    the switch is empty

She coached John; he hands Maria on and is gone while she hears the flow, and Anna coaches Maria instead:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  anna presses monitor john
  expect anna's phone rings within 1 s
  anna answers
  expect anna hears customer and john within 500 ms
  anna presses coach
  expect john hears customer and anna within 100 ms
  john presses quick connect maria
  expect maria's phone rings within 10 s
  maria answers
  expect maria hears john within 15 s
    john hears maria and anna
  customer hangs up
  expect maria hears john within 60 ms
    john hears maria and anna within 60 ms
  john transfers to qc-peter
  expect maria hears "Transferring to agent." within 500 ms
  john hangs up
  expect maria hears anna within 60 ms
    anna's phone shows "Monitoring Maria"
    peter's phone rings within 10 s
  peter answers
  expect peter hears maria within 15 s
    maria hears peter and anna
  maria hangs up
  expect peter's call ends
    anna's call ends
    the switch is empty
