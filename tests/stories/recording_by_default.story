# Where no flow says anything, the configuration does; where one says nobody, it is nobody.

Story: Contacts are recorded by default, in part, or not at all
Guests: customer
Agents: john, maria
Installation: recorded_all/cordboard.toml

Nothing was said, so everybody is recorded:
  customer dials 1004
  expect john's phone rings within 5 s
  john answers
  expect the recording of john has customer left, john right for 1 s within 10 s

So is whoever he consults, on her own contact too:
  john presses quick connect maria
  expect maria's phone rings within 5 s
  maria answers
  expect john and maria hear each other within 10 s
    the recording of maria has silence left, john and maria right for 1 s
  maria hangs up
  expect john's row maria is disconnected
  john presses resume all
  expect customer and john hear each other
  customer hangs up
  expect john's call ends
    john has no contact within 2 s

The agent alone:
  customer dials 1002
  expect john's phone rings within 5 s
  john answers
  expect customer and john hear each other within 10 s
    the recording of john has silence left, john right for 1 s
  customer hangs up
  expect john's call ends
    john has no contact within 2 s

Nobody:
  customer dials 1003
  expect john's phone rings within 5 s
  john answers
  expect customer and john hear each other for 1 s within 10 s
    john's recording is none
    john cannot suspend recording

Nor is anybody recorded who calls a colleague:
  customer hangs up
  expect john has no contact within 2 s
  john dials sip:maria@cordboard.lab
  expect maria's phone rings within 2 s
  maria answers
  expect john and maria hear each other for 1 s
    john's recording is none
