//! Sockets, threads, the clock: the only room that touches the outside.
//!
//! [`Switch::start`] binds what a site names and runs: a thread that reads each UDP socket, one for the engine, one for
//! each media plane, and tokio for TCP and HTTP. Every queue between them is bounded.

mod card;
mod challenge;
mod clock;
mod door;
mod entropy;
mod http;
mod inbox;
mod media;
mod names;
mod recordings;
mod serve;
mod signalling;
mod signals;
mod store;
mod switch;
mod system;
mod tcp;
mod token;
mod udp;

pub use clock::Clock;
pub use serve::{Check, Serve, check, serve};
pub use switch::{Options, StartError, Switch};
