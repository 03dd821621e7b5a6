# Who listens is no party: Swap, Join, Hold all and Leave do what they do without her.

Story: A supervisor listens to a consult
Guests: customer
Agents: john, maria, anna

Anna listens:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  anna presses monitor john
  expect anna's phone rings within 1 s
  anna answers
  expect anna hears customer and john within 500 ms

John asks Maria; what the flow and the whispers say is for those two:
  john presses quick connect maria
  expect customer hears CustomerHold.wav within 60 ms
    john hears "Transferring to agent."
    anna hears john within 100 ms
  expect maria's phone rings within 10 s
  maria answers
  expect maria hears InternalCall.wav
    anna hears john
    maria's phone shows John
  expect john and maria hear each other within 15 s
    anna hears john and maria
    customer hears CustomerHold.wav

Swap has three parties, as ever:
  john presses swap
  expect customer and john hear each other within 100 ms
    maria hears "You are on hold" within 60 ms
    anna hears customer and john within 100 ms
  john presses swap
  expect john and maria hear each other within 100 ms
    anna hears john and maria within 100 ms

Join brings three together, and she hears all of them:
  john presses join
  expect customer, john and maria hear each other within 100 ms
    anna hears customer, john and maria within 100 ms
    john's banner is Joined
    john can swap
    maria has no row anna

Hold all leaves John alone, and her with him:
  john presses hold all
  expect customer hears CustomerHold.wav within 60 ms
    maria hears "You are on hold" within 60 ms
    john hears silence within 60 ms
    anna hears john within 100 ms
  john presses resume all
  expect customer, john and maria hear each other within 100 ms

John leaves; she goes on with Maria:
  john presses leave
  expect john's phone gets BYE
    customer and maria hear each other within 100 ms
    anna hears customer and maria within 100 ms
    anna's phone gets no BYE for 1 s
    maria's banner is Connected
    maria has no row anna
  maria presses drop customer
  expect customer's call ends
    maria's call ends
    anna's call ends
    anna's state is Available
    the switch is empty
