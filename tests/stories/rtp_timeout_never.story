# Where the installation says so, silence is nobody's end.

Story: Silence for ever
Guests: customer
Installation: no_rtp_timeout/cordboard.toml

The customer talks to himself, and stops:
  customer dials 9002
  expect customer hears itself within 2 s
  customer stops sending sound
  expect customer's phone gets no BYE for 200 s
  customer sends sound again
  expect customer hears itself within 1 s
