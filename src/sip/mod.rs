//! Bytes to SIP events and back: messages, framing, transactions, dialogs, sessions, digest (RFC 3261 and kin).

mod link;

pub use link::{Link, Transport};
