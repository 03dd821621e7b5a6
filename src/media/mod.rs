//! Who hears whom, every 20 ms: ports, relay, mixer, player.

mod command;

pub use command::{Codec, MediaCommand, MediaEvent, PortSpec, PortStats, Sound, Source, Start, Tone};
