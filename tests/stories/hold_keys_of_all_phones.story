# Every form of the Hold key: sendonly, inactive, and the old c=0.0.0.0. After each, both hear each other again.

Story: Hold and resume as phones do it
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

John's phone holds:
  john presses the hold key as inactive
  expect customer hears CustomerHold.wav within 1 s
    customer does not hear john after 500 ms
    john's row customer is hold
  john presses the resume key
  expect customer and john hear each other within 1 s
  john presses the hold key as c=0.0.0.0
  expect customer hears CustomerHold.wav within 1 s
    customer does not hear john after 500 ms
  john presses the resume key
  expect customer and john hear each other within 1 s
  john presses the hold key
  expect customer hears CustomerHold.wav within 1 s
  john presses the hold key as c=0.0.0.0
  expect customer hears CustomerHold.wav for 500 ms
  john presses the resume key
  expect customer and john hear each other within 1 s
    customer does not hear CustomerHold.wav after 500 ms

The customer's phone holds:
  customer presses the hold key as inactive
  expect john's row customer is connected, held by customer
    john's phone gets no BYE for 1 s
  customer presses the resume key
  expect customer and john hear each other within 1 s
  customer presses the hold key as c=0.0.0.0
  expect john's row customer is connected, held by customer
  customer presses the resume key
  expect customer and john hear each other within 1 s

Both hold, and either is first to come back:
  john presses the hold key
  expect john's row customer is hold
  customer presses the hold key
  expect john's row customer is hold
  john presses the resume key
  expect john's row customer is connected
  customer presses the resume key
  expect customer and john hear each other within 1 s
  customer presses the hold key
  expect john's row customer is connected, held by customer
  john presses the hold key
  expect john's row customer is hold
  customer presses the resume key
  expect customer hears CustomerHold.wav within 1 s
  john presses the resume key
  expect customer and john hear each other within 1 s

On the screen he takes back whom his phone holds, and the key is up to date all the same:
  john presses the hold key
  expect customer hears CustomerHold.wav within 1 s
  john presses resume customer
  expect customer does not hear CustomerHold.wav after 100 ms
    john's row customer is connected
  john presses the resume key
  expect customer and john hear each other for 1 s
  john presses hold customer
  expect customer hears CustomerHold.wav within 1 s
  john presses resume customer
  expect customer and john hear each other within 1 s
