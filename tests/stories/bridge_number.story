# A number that leads straight to an address: no flow, no queue, no agent.

Story: A plain bridge
Guests: customer, callee
Installation: long_whispers/cordboard.toml

It is answered, and they talk:
  customer dials 2000
  expect callee's phone rings
    callee's phone shows Customer
    customer does not hear callee
  callee answers
  expect customer's call is answered
    customer and callee hear each other for 1 s within 1 s
    nobody hears more than 60 ms of dead air

The callee holds, and takes it back:
  callee presses the hold key
  expect callee does not hear customer after 500 ms
    customer's phone gets no BYE for 1 s
  callee presses the resume key
  expect customer and callee hear each other within 1 s

Whoever hangs up ends it for both:
  callee hangs up
  expect customer's call ends
    the switch is empty
  customer dials 2000
  expect callee's phone rings
  callee answers
  expect customer and callee hear each other within 1 s
  customer hangs up
  expect callee's call ends
    the switch is empty

Not taken, the caller hears why:
  customer dials 2000
  expect callee's phone rings
  callee declines with 486
  expect customer's call ends with 486
    the switch is empty

Given up, the callee is rung no more:
  customer dials 2000
  expect callee's phone rings
  customer cancels
  expect callee's phone gets CANCEL
    callee's phone stops ringing
    the switch is empty
