//! Who hears whom, every 20 ms: ports, relay, mixer, player.
//!
//! The [`Plane`] is one media thread's whole work, without its sockets: packets and commands go in with the time, packets
//! and events come out through a [`Sink`].

mod command;
mod hearing;
mod latch;
mod mixer;
mod pace;
mod plane;
mod player;
mod port;

pub use command::{Codec, MediaCommand, MediaEvent, PortSpec, PortStats, Sound, Source, Start, Tone};
pub use plane::{Handed, Plane, Settings, Sink};

#[cfg(test)]
mod tests;
