# A supervisor is recorded when she is one of those who talk, and not while she listens or whispers into the agent's ear.

Story: A recorded contact with a supervisor
Guests: customer
Agents: john, anna
Installation: recorded_all/cordboard.toml

She listens, and coaches:
  customer dials 1004
  expect john's phone rings within 5 s
  john answers
  expect the recording of john has customer left, john right within 10 s
  anna presses monitor john
  expect anna's phone rings within 1 s
  anna answers
  expect anna hears customer and john within 500 ms
    the recording of john has customer left, john right for 1 s
    anna's recording is none
    anna cannot suspend recording
  anna presses coach
  expect john hears customer and anna within 60 ms
    the recording of john has customer left, john right for 1 s

She barges in:
  anna presses barge
  expect customer hears john and anna within 500 ms
    the recording of john has customer left, john and anna right for 1 s
    john's recording is recording
