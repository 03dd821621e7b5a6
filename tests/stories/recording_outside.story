# Somebody outside is no agent: he is on the left.

Story: Who is outside is recorded on the left
Guests: customer
Agents: john
Outside: bank +15550199
Installation: recorded_all/cordboard.toml

John asks the bank, and brings it in:
  customer dials 1001
  expect john's phone rings within 5 s
  john answers
  expect the recording of john has customer left, john right within 10 s
  john presses quick connect bank
  expect bank's phone rings
    the recording of john has silence left, john right for 1 s
  bank answers
  expect the recording of john has bank left, john right for 1 s
  john presses join
  expect the recording of john has customer and bank left, john right for 1 s
  john presses hold bank
  expect the recording of john has customer left, john right for 1 s
  customer hangs up
  john hangs up
  expect john has no contact within 2 s

Whom he calls is told that nobody is recorded, and nobody is, whatever the configuration says:
  john dials +15550199
  expect bank's phone rings
  bank answers
  expect bank hears "This call is not being recorded." in full within 2 s
  expect john and bank hear each other for 1 s within 2 s
    john's recording is none
    john cannot suspend recording
