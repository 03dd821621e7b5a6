# A feature code means the call of the line on which it is keyed, whatever the other line is doing.

Story: John keys a code while he has two calls
Guests: customer
Agents: john, maria, peter

John has a customer, and calls Maria on his second line, who hands him on to Peter:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  john presses the hold key
  expect customer hears CustomerHold.wav within 1 s
  john dials maria
  expect maria's phone rings
  maria answers
  expect maria hears john
  maria transfers to peter
  expect peter's phone rings
  peter answers
  expect peter hears john

The code of the second line holds Peter, and takes him back:
  john keys *3 by INFO
  expect peter hears "You are on hold" within 2 s
    customer hears CustomerHold.wav
  john keys *6
  expect peter hears john within 2 s
    customer hears CustomerHold.wav

What is begun there and is no code reaches Peter:
  john keys *
  expect peter's phone gets the digits * within 5 s
    customer's phone gets no digits for 4 s
  peter hangs up
  john presses the resume key on the first line
  expect customer and john hear each other within 1 s
  customer hangs up
  expect john's call ends
