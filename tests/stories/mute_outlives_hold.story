# Who is muted stays muted through a hold, until unmuted.

Story: Mute and hold
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

A muted customer hears, and is not heard:
  john presses mute customer
  expect customer hears john
    john does not hear customer
    john hears silence

Held and taken back he is still muted:
  john presses hold customer
  expect customer hears CustomerHold.wav within 60 ms
    john does not hear customer
  john presses resume customer
  expect customer hears john for 1 s within 100 ms
    nobody hears customer

Unmuted while held, he is heard when he is back:
  john presses hold customer
  expect customer hears CustomerHold.wav within 60 ms
  john presses unmute customer
  expect john does not hear customer
    customer hears CustomerHold.wav
  john presses resume customer
  expect customer and john hear each other for 1 s within 100 ms

John mutes himself in the conference, and a hold of everybody does not change it:
  john presses quick connect maria
  expect maria's phone rings within 10 s
  maria answers
  expect john and maria hear each other within 15 s
  john presses join
  expect customer, john and maria hear each other
  john presses mute john
  expect customer and maria hear each other for 1 s within 100 ms
    john hears customer and maria
  john presses hold all
  expect customer hears CustomerHold.wav within 60 ms
    maria hears "You are on hold" within 60 ms
  john presses resume all
  expect customer and maria hear each other for 1 s within 100 ms
    john hears customer and maria
    nobody hears john
  john presses unmute john
  expect customer, john and maria hear each other for 1 s within 100 ms
  customer hangs up
  expect maria's state is Busy
