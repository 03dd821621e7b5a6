//! Bytes to SIP events and back: messages, framing, transactions, dialogs, sessions, digest (RFC 3261 and kin).

mod body;
mod dialog;
pub mod digest;
mod endpoint;
mod frame;
pub mod header;
mod link;
mod message;
mod method;
mod params;
mod parse;
mod print;
pub mod ration;
mod refer;
mod scan;
mod session;
mod settings;
mod status;
mod text;
mod transaction;
mod uri;

pub use body::{ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE};
pub use endpoint::{
    Busy, By, Call, End, Endpoint, Event, NoSession, OfferBy, Out, Outside, Peer, RequestId, SessionId, Settings,
};
pub use frame::{Frame, FrameError, Framer, PONG};
pub use header::{CSeq, Contacts, Headers, Name, NameAddr, Valued, Via};

pub use link::{Link, Transport, is_nowhere, is_own};
pub use message::{Message, Request, Response};
pub use method::Method;
pub use params::Params;
pub use parse::{ParseError, parse};
pub use refer::{Notice, Refer, Replaces, Subscription};
pub use scan::Malformed;
pub use session::Standing;
pub use status::Status;
pub use text::Text;
pub use transaction::{ServerKey, Timers};
pub use uri::{Host, Scheme, Uri};
