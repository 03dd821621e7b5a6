//! RTP and RTCP packets, sequencing, jitter, telephone-event (RFC 3550, 3551, 4733).
