# Buttons that make no sense now are refused, and change nothing.

Story: Buttons that are not lit
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

There is nobody to join or to swap with:
  john presses join
  expect john is refused
  john presses swap
  expect john is refused
    john cannot join
    john cannot swap
    john can quick connect
    customer and john hear each other for 1 s
    customer and john hear no more than 60 ms of dead air

There is no such quick connect:
  john presses quick connect nobody-there
  expect john is refused
    customer and john hear each other

What is done is done once: holding twice is holding:
  john presses hold customer
  expect customer hears CustomerHold.wav within 60 ms
  john presses hold customer
  expect john is not refused
    customer hears CustomerHold.wav for 1 s
    customer hears no more than 60 ms of dead air
  john presses resume customer
  expect customer and john hear each other within 100 ms
    john's row customer is connected
