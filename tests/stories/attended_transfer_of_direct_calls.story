# Two direct calls become one, whichever of them John made.

Story: John brings two colleagues together
Agents: john, maria, peter

Both called by him:
  john dials maria
  expect maria's phone rings
  maria answers
  expect john and maria hear each other
  john dials peter
  expect peter's phone rings
  peter answers
  expect peter hears john
  john transfers to the second line
  expect maria and peter hear each other
    john's phone is told that the transfer succeeded
    john's phone gets BYE
    john's state is Available
    maria's state is Busy
    peter's state is Busy
  maria hangs up
  expect peter's call ends
    maria's state is Available
    peter's state is Available
    the switch is empty

One has called him:
  maria dials john
  expect john's phone rings
  john answers
  expect john and maria hear each other
  john dials peter
  expect peter's phone rings
  peter answers
  expect peter hears john
  john transfers to the second line
  expect maria and peter hear each other
    john's phone gets BYE
    john's state is Available
  peter hangs up
  expect maria's call ends
    the switch is empty
