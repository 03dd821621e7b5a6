# John does not wait for the bank: the customer waits for it himself.

Story: Leaving a customer with somebody outside who has not answered
Guests: customer
Agents: john
Outside: bank +15550199

John leaves while it rings, and the customer hears it ring:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other for 1 s within 15 s
  john presses quick connect bank
  expect bank's phone rings
  john hangs up
  expect customer hears ringback within 500 ms
    john has no contact
  bank answers
  expect customer and bank hear each other for 1 s within 1 s
  customer hangs up
  expect bank's call ends
    the switch is empty

It does not answer, and the customer is back in the queue that he came from:
  customer dials 1000
  expect john's phone rings within 15 s
  john answers
  expect customer and john hear each other for 1 s within 15 s
  john presses quick connect bank
  expect bank's phone rings
  john hangs up
  expect customer hears ringback within 500 ms
  bank declines with 486
  expect john's phone rings within 5 s
  john answers
  expect customer and john hear each other for 1 s within 15 s

The customer gives up while it rings; John and the bank may still talk:
  john presses quick connect bank
  expect bank's phone rings
  customer hangs up
  expect john hears ringback within 4500 ms
  bank answers
  expect john and bank hear each other for 1 s within 1 s
  john hangs up
  expect bank's call ends
    the switch is empty
