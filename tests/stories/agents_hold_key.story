# The hold key of John's phone is the hold button of his screen.

Story: John's hold key
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

He holds the customer and takes him back:
  john presses the hold key
  expect customer hears CustomerHold.wav within 1 s
    customer does not hear john after 500 ms
    customer's phone is re-INVITEd sendonly
    john's row customer is hold
  john presses the resume key
  expect customer and john hear each other within 1 s
    customer's phone is re-INVITEd sendrecv
    john's row customer is connected

A phone that re-INVITEs without an offer says in its ACK that it holds:
  john offers late
  john presses the hold key
  expect customer hears CustomerHold.wav within 1 s
    john's row customer is hold
  john presses the resume key
  expect customer and john hear each other within 1 s
    john's row customer is connected
  john offers at once

In a consult it holds whom he asks, and takes back nobody else:
  john presses quick connect maria
  expect maria's phone rings within 10 s
  maria answers
  expect john and maria hear each other within 15 s
  john presses the hold key
  expect maria hears "You are on hold" within 1 s
    customer hears CustomerHold.wav
    john's row maria is hold
  john presses the resume key
  expect john and maria hear each other for 1 s within 1 s
    customer hears CustomerHold.wav
    john's row customer is hold
    john's row maria is connected

In a conference it holds everybody:
  john presses join
  expect customer, john and maria hear each other
  john presses the hold key
  expect customer hears CustomerHold.wav within 1 s
    maria hears "You are on hold" within 1 s
    john's row customer is hold
    john's row maria is hold
  john presses the resume key
  expect customer, john and maria hear each other within 1 s
