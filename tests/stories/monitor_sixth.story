# Five listen at most.

Story: A sixth supervisor
Guests: customer
Agents: john, one, two, three, four, five, six
Installation: supervisors/cordboard.toml

Five listen to John; the phone of the fifth answers by itself:
  five honours auto-answer
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s
  one presses monitor john
  two presses monitor john
  three presses monitor john
  four presses monitor john
  five presses monitor john
  expect one's phone rings within 1 s
    two's phone rings within 1 s
    three's phone rings within 1 s
    four's phone rings within 1 s
    five's phone rings within 1 s
  one answers
  two answers
  three answers
  four answers
  expect one hears customer and john within 500 ms
    two hears customer and john within 500 ms
    three hears customer and john within 500 ms
    four hears customer and john within 500 ms
    five hears customer and john within 1 s
    customer and john hear each other for 1 s

There is no room for a sixth:
  six presses monitor john
  expect six is refused
    six's phone does not ring for 1 s
    six's state is Available
    customer and john hear each other

They do not hear each other, and do not see each other:
  one presses coach
  expect john hears customer and one within 60 ms
    two hears customer and john
    one hears customer and john
    two has no row one
    customer hears john

Until one of them barges in:
  two presses barge
  expect customer hears john and two within 60 ms
    john hears customer, one and two within 60 ms
    one hears customer, john and two within 60 ms
    three hears customer, john and two within 60 ms
    two hears customer and john within 60 ms
    one's row two is barge, type monitoring

When one has left another can come:
  three hangs up
  expect three's state is Available
  six presses monitor john
  expect six's phone rings within 1 s
  six answers
  expect six hears customer, john and two within 500 ms
  two presses listen
  expect six hears customer and john within 60 ms

All of it ends with the contact:
  john hangs up
  expect customer's call ends
    one's call ends
    two's call ends
    four's call ends
    five's call ends
    six's call ends
    the switch is empty
