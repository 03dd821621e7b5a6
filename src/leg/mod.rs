//! One party's SIP session, SDP and media port: re-INVITEs until what it has equals what the contact wants.
