//! What stands on the wire: messages read, answered and written as the RFCs say.

#[path = "wire/flows.rs"]
mod flows;
#[path = "wire/proof.rs"]
mod proof;
#[path = "wire/torture.rs"]
mod torture;
