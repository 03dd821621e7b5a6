# What is heard before anybody answers: an announcement, or the far end's own ringback.

Story: Sound before the answer
Guests: customer
Agents: john, maria, maria_mobile of maria

The phone that is called speaks first, and the caller hears it, and it alone:
  maria rings with early sound
  john dials maria
  expect maria's phone rings
    john hears maria within 1 s for 1 s
    nobody hears john
  maria answers
  expect john and maria hear each other within 1 s
  john hangs up
  expect maria's call ends
    the switch is empty

Reliably, where both can:
  maria rings reliably
  john calls reliably only
  john dials maria
  expect john hears maria within 1 s for 1 s
  maria answers
  expect john and maria hear each other within 1 s
  john hangs up
  expect maria's call ends
    the switch is empty

An offer of ours goes before the answer where it cannot get lost:
  john offers late
  john dials maria
  expect john hears maria within 1 s for 1 s
  maria answers
  expect john and maria hear each other within 1 s
  maria hangs up
  expect john's call ends
    the switch is empty

She declines after all:
  john dials maria
  expect john hears maria within 1 s for 1 s
  maria declines with 603
  maria_mobile declines with 603
  expect john's call ends
    the switch is empty

Of two phones that speak the first is heard, and the other when that one declines:
  john offers at once
  maria_mobile rings with early sound
  john dials maria
  expect john hears maria within 1 s for 1 s
    john does not hear maria_mobile
  maria declines
  expect john hears maria_mobile within 1 s for 1 s
    john does not hear maria after 100 ms
  maria_mobile answers
  expect john and maria_mobile hear each other within 1 s
  john hangs up
  expect maria_mobile's call ends
    the switch is empty
