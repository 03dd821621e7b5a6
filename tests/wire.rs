//! What stands on the wire: messages read, answered and written as the RFCs say.

#[path = "wire/calling.rs"]
mod calling;
#[path = "wire/flows.rs"]
mod flows;
#[path = "wire/hard.rs"]
mod hard;
#[path = "wire/identity.rs"]
mod identity;
#[path = "wire/offers.rs"]
mod offers;
#[path = "wire/proof.rs"]
mod proof;
#[path = "wire/redirects.rs"]
mod redirects;
#[path = "wire/registering.rs"]
mod registering;
#[path = "wire/reloads.rs"]
mod reloads;
#[path = "wire/rules.rs"]
mod rules;
#[path = "wire/second_reading.rs"]
mod second_reading;
#[path = "wire/torture.rs"]
mod torture;
#[path = "wire/transport.rs"]
mod transport;
#[path = "wire/trunks.rs"]
mod trunks;
#[path = "wire/ways.rs"]
mod ways;
#[path = "wire/world.rs"]
mod world;
