# What phones say in their offers and answers besides the plain thing.

Story: Phones that negotiate
Agents: john, maria

He calls without an offer, so the switch makes it, and the answer is in his ACK:
  john offers late
  john dials maria
  expect maria's phone rings
  maria answers
  expect john and maria hear each other
  john hangs up
  expect maria's call ends
    the switch is empty

She has a camera, and settles on one codec once she has answered:
  john offers at once
  john offers video before the audio
  maria locks the codec
  john dials maria
  expect maria's phone rings
  maria answers
  expect john and maria hear each other
  john presses the hold key
  expect john does not hear maria
  john presses the resume key
  expect john and maria hear each other
  maria hangs up
  expect john's call ends
    the switch is empty

Large packets, a camera after the audio, and hold by UPDATE:
  john offers video after the audio
  john sends packets of 60 ms
  john holds by UPDATE
  maria sends packets of 10 ms
  john dials maria
  expect maria's phone rings
  maria answers
  expect john and maria hear each other within 3 s
  john presses the hold key
  expect john does not hear maria
  john presses the resume key
  expect john and maria hear each other within 3 s
  john offers PCMA alone
  expect john and maria hear each other within 3 s
  john hangs up
  expect maria's call ends
    the switch is empty
