# A coach is heard by the agent alone.

Story: A supervisor coaches
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

John hears her, the customer does not:
  anna presses coach
  expect john hears customer and anna within 60 ms
    customer hears john for 2 s
    anna hears customer and john for 2 s
    anna's banner is Coaching
    anna's row anna is coach
    anna's row john hears "Customer and Anna"
    john has no row anna
    customer's phone gets no UPDATE for 2 s
    john's phone gets no UPDATE for 2 s

Muted she is not heard, and can hear herself out again:
  anna presses mute anna
  expect john hears customer for 1 s within 60 ms
  anna presses unmute anna
  expect john hears customer and anna for 1 s within 60 ms

While the customer is on hold the two of them talk:
  john presses hold customer
  expect john hears anna within 60 ms
    anna hears john within 60 ms
    customer hears CustomerHold.wav within 60 ms
  john presses resume customer
  expect john hears customer and anna within 60 ms
    customer hears john within 60 ms

She coaches him while a colleague is asked, and the colleague does not hear her:
  john presses quick connect maria
  expect maria's phone rings within 10 s
    john hears anna
  maria answers
  expect maria hears john within 15 s
    john hears maria and anna
    anna hears john and maria
    customer hears CustomerHold.wav
  john presses join
  expect customer hears john and maria within 60 ms
    maria hears customer and john within 60 ms
    john hears customer, maria and anna within 60 ms
    anna hears customer, john and maria within 60 ms

On hold himself he hears his hold flow, and nobody else:
  maria presses hold john
  expect john hears "You are on hold" within 60 ms
    anna hears customer and maria within 60 ms
    customer and maria hear each other within 60 ms
  maria presses resume john
  expect john hears customer, maria and anna within 100 ms

She listens again:
  anna presses listen
  expect customer, john and maria hear each other within 60 ms
    nobody hears anna
    anna hears customer, john and maria
  anna hangs up
  expect customer, john and maria hear each other for 1 s
  john hangs up
  maria hangs up
  expect customer's call ends
    the switch is empty
