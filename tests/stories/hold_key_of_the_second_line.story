# The Hold key of the second line holds the colleague who was called there, and nobody else.

Story: John's hold key on both lines
Guests: customer
Agents: john, maria

A consult on the second line:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  john presses the hold key
  expect customer hears CustomerHold.wav within 1 s
  john presses quick connect maria by second line
  expect maria's phone rings within 10 s
  maria answers
  expect john hears maria on the second line within 15 s
    maria hears john

Each line holds its own party:
  john presses the hold key on the second line
  expect maria hears "You are on hold" within 1 s
    customer hears CustomerHold.wav
    john's row maria is hold
  john presses the resume key on the second line
  expect maria hears john within 1 s
    john hears maria on the second line
    customer hears CustomerHold.wav
    john's row maria is connected
    john's row customer is hold
  john presses the hold key on the second line
  expect maria hears "You are on hold" within 1 s
  john presses the resume key on the first line
  expect customer hears john within 1 s
    john hears customer on the first line
    maria hears "You are on hold"
    maria does not hear customer
    john's row customer is connected
    john's row maria is hold
  john hangs up on the first line
  john hangs up
  expect customer and maria hear each other
  customer hangs up
  expect maria's call ends
    the switch is empty
