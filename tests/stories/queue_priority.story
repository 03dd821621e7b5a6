# Anna serves two queues. The one of the lower number comes first, whoever has waited longer; and then she has work to do.

Story: One queue comes before the other
Guests: one, two
Agents: anna
Installation: queues/cordboard.toml

One waits for support, later two for a password:
  anna presses status Offline
  one dials 1000
  expect one hears CustomerQueue.wav within 30 s
  two dials 2000
  expect two hears CustomerQueue.wav within 30 s

Two is first:
  anna presses status Available
  expect anna's phone rings
    anna's phone shows Two
  anna answers
  expect anna and two hear each other within 15 s

Anna writes down what it was, for ten seconds:
  two hangs up
  expect anna's state is AfterCallWork
    contact of anna is ended
    anna's phone does not ring for 9 s
  expect anna's phone rings within 11 s
    anna's phone shows One
  anna answers
  expect anna and one hear each other within 15 s

She wants a break when this is over, and is done early:
  anna presses status Break
  expect anna's status is Available
    anna's next status is Break
    anna's state is Busy
  anna hangs up
  expect one's call ends
    anna's state is AfterCallWork
  anna presses clear
  expect anna's status is Break
    anna's next status is none
    anna has no contact
  two dials 2000
  expect two hears CustomerQueue.wav within 30 s
    anna's phone does not ring for 15 s
