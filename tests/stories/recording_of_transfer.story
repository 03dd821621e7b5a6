# A new contact needs its own recording: Peter's transfer flow has one, and goes on with it when John is gone.

Story: A transferred contact is recorded as its own flow says
Guests: customer
Agents: john, peter
Installation: recorded/cordboard.toml

John's contact is not recorded:
  customer dials 1004
  expect john's phone rings within 5 s
  john answers
  expect customer and john hear each other within 10 s
    john's recording is none
    john cannot suspend recording

He consults Peter, and each of them has a contact of his own:
  john presses quick connect peter
  expect peter's phone rings within 5 s
  peter answers
  expect john and peter hear each other within 10 s
    the recording of peter has silence left, john and peter right for 1 s
    peter's recording is recording
    john's recording is none

They swap, and what John says to the customer is no matter of Peter's:
  john presses swap
  expect customer and john hear each other
    the recording of peter has silence left, silence right for 1 s

John leaves, and Peter's recording goes on:
  john presses join
  expect the recording of peter has customer left, john and peter right for 1 s
  john hangs up
  expect the recording of peter has customer left, peter right for 1 s
    peter can suspend recording
