//! Who hears whom, every 20 ms: ports, relay, mixer, player, recorder.
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
mod recorder;

pub use command::{Codec, MediaCommand, MediaEvent, Piece, PortSpec, PortStats, Recording, Sound, Source, Start, Tone};
pub use plane::{Handed, Plane, Settings, Sink};

#[cfg(test)]
mod tests;
