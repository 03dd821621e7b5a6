//! A stream cut into messages (RFC 3261 section 18.3).
