//! Where an agent's phones are (RFC 3261 section 10).
