# Whom a supervisor has muted stays muted until she hears him again, or is no longer there.

Story: A supervisor mutes an agent
Guests: customer
Agents: john, maria, anna

Anna barges in:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  anna presses monitor john
  expect anna's phone rings within 1 s
  anna answers
  expect anna hears customer and john within 500 ms
  anna presses barge
  expect customer, john and anna hear each other within 60 ms

John cannot undo what she has done, nor by doing it himself:
  anna presses mute john
  expect customer and anna hear each other for 1 s within 60 ms
    john hears customer and anna
    nobody hears john
    john cannot unmute john
    anna can unmute john
  john presses unmute john
  expect john is refused
    nobody hears john
  john presses mute john
  expect nobody hears john
  john presses unmute john
  expect john is refused
    nobody hears john

She can:
  anna presses unmute john
  expect customer, john and anna hear each other for 1 s within 100 ms

Hold and mute are two things:
  anna presses mute john
  expect nobody hears john for 1 s
  anna presses hold john
  expect john hears "You are on hold" within 60 ms
  anna presses resume john
  expect john hears customer and anna for 1 s within 100 ms
    nobody hears john

He muted himself before: now it is hers:
  anna presses unmute john
  expect customer, john and anna hear each other for 1 s within 100 ms
  john presses mute john
  expect nobody hears john for 1 s
  anna presses mute john
  john presses unmute john
  expect john is refused
    nobody hears john

She only listens again, and he may undo it:
  anna presses listen
  expect john hears customer within 60 ms
    john can unmute john
    nobody hears john
  john presses unmute john
  expect customer and john hear each other for 1 s within 100 ms

The same when she has left:
  anna presses barge
  anna presses mute john
  expect customer and anna hear each other for 1 s within 100 ms
    nobody hears john
  anna hangs up
  expect john hears customer within 60 ms
    nobody hears john
    john can unmute john
  john presses unmute john
  expect customer and john hear each other for 1 s within 100 ms

A customer she has muted the agent can hear again:
  anna presses monitor john
  expect anna's phone rings within 1 s
  anna answers
  expect anna hears customer and john within 500 ms
  anna presses barge
  anna presses mute customer
  expect nobody hears customer for 1 s
  anna presses leave
  expect customer hears john within 60 ms
    nobody hears customer
  john presses unmute customer
  expect customer and john hear each other for 1 s within 100 ms
  customer hangs up
  expect john's call ends
    the switch is empty
