//! What stands on the wire: messages read, answered and written as the RFCs say.

#[path = "wire/proof.rs"]
mod proof;
#[path = "wire/torture.rs"]
mod torture;
