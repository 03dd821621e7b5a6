# Peter only helps out: he is asked when somebody has waited for 15 s.

Story: A helper is asked late
Guests: one, two
Agents: peter, maria not registered
Installation: queues/cordboard.toml

Peter is free, and is left alone at first:
  one dials 2000
  expect one hears CustomerQueue.wav within 15 s
    peter's phone does not ring for 14 s
  expect peter's phone rings within 16 s
  peter answers
  expect one and peter hear each other within 15 s
  one hangs up
  expect peter's call ends

Maria is asked at once:
  maria registers
  two dials 2000
  expect maria's phone rings within 3 s
    peter's phone does not ring for 14 s
  maria answers
  expect two and maria hear each other within 15 s
