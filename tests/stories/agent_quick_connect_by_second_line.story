# A phone with two lines dials the quick connect's address on its second one.

Story: Agent quick connect from the second line
Guests: customer
Agents: john, maria

The customer reaches John:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other within 15 s

John's second line calls the quick connect:
  john presses quick connect maria by second line
  expect customer hears CustomerHold.wav within 1 s
    customer does not hear john after 500 ms
    john hears "Transferring to agent." on the second line within 2 s
    john's row maria is connected, answered no
  expect maria's phone rings within 5 s

Maria answers, and they talk on the second line:
  maria answers
  expect john hears "Your call is now connecting to an agent." in full on the second line within 10 s
  expect john hears maria on the second line within 2 s
    maria hears john
    customer hears CustomerHold.wav
    john's row maria is connected, answered yes

The BYE of the second line drops Maria:
  john hangs up on the second line
  expect maria's call ends
    customer hears CustomerHold.wav
    john's row maria is disconnected
    customer's phone gets no BYE

John takes the customer back and ends the call:
  john presses resume customer
  expect customer and john hear each other
  john hangs up on the first line
  expect customer's call ends
    the switch is empty
