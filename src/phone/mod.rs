//! A small softphone without sockets, built on rsip: the second reading of the RFCs that judges every message the switch sends.
