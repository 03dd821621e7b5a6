# A recording has the agents on the right and everybody else on the left, each only while he may be heard.

Story: A contact is recorded as its flow says
Guests: customer
Agents: john, maria
Installation: recorded/cordboard.toml

Nothing is recorded before an agent is connected:
  customer dials 1001
  expect john's phone rings within 5 s
    customer hears CustomerQueue.wav
    john's recording is none
  john answers
  expect customer and john hear each other within 10 s
    the recording of john has customer left, john right for 1 s
    john's recording is recording
    john can suspend recording
    john cannot resume recording

The customer is held, and John goes on being recorded:
  john presses hold customer
  expect customer hears CustomerHold.wav
    the recording of john has silence left, john right for 1 s
  john presses resume customer
  expect the recording of john has customer left, john right for 1 s

Who is muted is not recorded:
  john presses mute john
  expect the recording of john has customer left, silence right for 1 s
    customer hears silence
  john presses unmute john
  expect the recording of john has customer left, john right for 1 s

What is said while it is suspended is silence, and nobody hears any of that:
  john presses suspend recording
  expect the recording of john has silence left, silence right for 1 s
    customer and john hear each other
    john's recording is suspended
    john can resume recording
    john cannot suspend recording
  john presses suspend recording
  expect john is refused
  john presses resume recording
  expect the recording of john has customer left, john right for 1 s
    john's recording is recording
  john presses resume recording
  expect john is refused

John consults Maria, who is an agent too; her own contact is not recorded:
  john presses quick connect maria
  expect maria's phone rings within 5 s
    the recording of john has silence left, john right for 1 s
  maria answers
  expect john and maria hear each other within 10 s
    the recording of john has silence left, john and maria right for 1 s
    maria's recording is none
    maria cannot suspend recording
  john presses join
  expect the recording of john has customer left, john and maria right for 1 s

With John goes his recording:
  john hangs up
  expect customer and maria hear each other for 1 s
    maria's recording is none
