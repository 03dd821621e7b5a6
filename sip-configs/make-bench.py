#!/usr/bin/env python3
"""Writes bench.toml: the numbers that a load generator dials, and 500 agents for registrations under load."""

import os

HEAD = """# The installation under load. Written by make-bench.py; everything is on this machine.

[sip]
domain = "127.0.0.1"
listen = ["udp:127.0.0.1:21060", "tcp:127.0.0.1:21060"]
guests = "loopback"
unlimited_nets = ["127.0.0.1"]      # the generators of load
drain_seconds = 5

[media]
listen = "127.0.0.1"
ports = "10000-20999"
rtp_timeout = 60
codecs = ["PCMU", "PCMA"]

[http]
listen = "127.0.0.1:21081"
admin_token_file = "bench.token"

[store]
url = "none"

[flows]
dir = "flows"

[prompts]
dir = "../prompts"

# A plain bridge to a generator's answering side.
[[numbers]]
number = "bridge"
dial = "sip:uas@127.0.0.1:21070"

# A prompt for ever.
[[numbers]]
number = "loop"
play = "CustomerQueue.wav"
loop = true

# A prompt of 5 s, then BYE.
[[numbers]]
number = "short"
play = "FiveSeconds.wav"

[[numbers]]
number = "moh"
play = "CustomerHold.wav"
loop = true

# Conference rooms.
[[numbers]]
number = "conf*"
room = true

[[numbers]]
number = "echo"
echo = true

[[queues]]
id = "Support"

[[queues]]
id = "PasswordReset"

[[routing_profiles]]
id = "bench"
default_outbound_queue = "Support"
queues = []
"""

AGENT = """
[[agents]]
id = "agent{n}"
name = "Agent {n}"
password = "secret{n}"
routing_profile = "bench"
"""

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "bench.toml"), "w", encoding="utf-8") as file:
    file.write(HEAD)
    for n in range(1, 501):
        file.write(AGENT.format(n=n))
