# The lab's test lines: a prompt, an echo, a conference room, a number that does not exist.

Story: The lab's numbers
Guests: customer, caller, third
Agents: john

9001 plays a prompt, again and again:
  customer dials 9001
  expect customer hears CustomerHold.wav from its start for 5 s within 1 s
    customer hears no more than 60 ms of dead air
  customer hangs up
  expect the switch is empty

9002 is an echo:
  customer dials 9002
  expect customer hears itself within 1 s
    customer hears itself for 2 s within 1 s
  customer hangs up
  expect the switch is empty

conf1 is a room, and so is conf2:
  customer dials conf1
  caller dials conf1
  expect customer and caller hear each other within 2 s
  third dials conf1
  expect customer, caller and third hear each other within 2 s
  customer hangs up
  expect caller and third hear each other
  third hangs up
  expect caller hears silence
  caller hangs up
  expect the switch is empty

Nobody lives at 4711:
  customer dials 4711
  expect customer's call ends with 404
    the switch is empty
