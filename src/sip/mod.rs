//! Bytes to SIP events and back: messages, framing, transactions, dialogs, sessions, digest (RFC 3261 and kin).

pub mod digest;
mod frame;
pub mod header;
mod link;
mod message;
mod method;
mod params;
mod parse;
mod print;
mod scan;
mod status;
mod text;
mod uri;

pub use header::{CSeq, Contacts, Headers, Name, NameAddr, Valued, Via};
pub use link::{Link, Transport};
pub use message::{Message, Request, Response};
pub use method::Method;
pub use params::Params;
pub use parse::{ParseError, parse};
pub use scan::Malformed;
pub use status::Status;
pub use text::Text;
pub use uri::{Host, Scheme, Uri};
