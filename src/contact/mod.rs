//! The story of one call: connections, hold, whisper, conference, quick connect. Knows no SIP and no RTP.

mod catalog;

pub use catalog::*;
