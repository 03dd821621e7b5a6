# Two colleagues talk, and either of them hands the other on.

Story: A direct call is transferred
Agents: john, maria, peter

John calls Maria, who transfers him to Peter:
  john dials maria
  expect maria's phone rings
  maria answers
  expect john and maria hear each other
  maria transfers to peter
  expect maria's transfer is accepted
    peter's phone rings
    peter's phone shows John
    john hears "You are on hold" within 1 s
    maria's phone is told that the transfer is under way with 180
  peter declines
  expect maria's phone is told that the transfer failed with 486
    john and maria hear each other within 1 s

Whoever John has held meanwhile is not on hold on a plain call, where nobody could be taken back:
  maria transfers to peter
  expect peter's phone rings
  john presses hold all
  peter declines
  expect maria's phone is told that the transfer failed with 486
    john and maria hear each other within 1 s

Peter answers:
  maria transfers to peter
  expect peter's phone rings
  peter answers
  expect john and peter hear each other
    maria's phone is told that the transfer succeeded
    maria's phone gets BYE
    maria's state is Available
    john's state is Busy
    peter's state is Busy

John, who called, transfers Peter to Maria:
  john transfers to maria
  expect maria's phone rings
    maria's phone shows Peter
  maria answers
  expect peter and maria hear each other
    john's phone gets BYE
    john's state is Available
    maria's state is Busy
    peter's state is Busy
  peter hangs up
  expect maria's call ends
    peter's state is Available
    maria's state is Available
    the switch is empty

Whoever is being transferred hangs up:
  john dials maria
  expect maria's phone rings
  maria answers
  expect john and maria hear each other
  maria transfers to peter
  expect peter's phone rings
  john hangs up
  expect peter's phone gets CANCEL
    maria's call ends
    the switch is empty

Maria, to whom he was handed, asks Peter and drops him, and her other one goes:
  maria hangs up once a transfer is accepted
  maria dials john
  expect john's phone rings
  john answers
  expect john and maria hear each other
  maria transfers to qc-peter
  expect maria's transfer is accepted
    peter's phone rings within 10 s
  peter answers
  expect john and peter hear each other within 15 s
  peter dials qc-maria
  expect maria's phone rings within 10 s
  maria answers
  expect peter and maria hear each other within 15 s
  peter keys *5
  expect maria's call ends
  john hangs up
  expect peter's call ends
    the switch is empty
