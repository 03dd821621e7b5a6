//! Unguessable bytes from the operating system: seeds, session cookies, tokens.

use std::fs::File;
use std::io::{self, Read};

/// Fills the buffer. Without such a source nothing secret can be made, so the failure is the caller's to end on.
pub(super) fn fill(bytes: &mut [u8]) -> io::Result<()> {
    File::open("/dev/urandom")?.read_exact(bytes)
}

pub(super) fn bytes32() -> io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    fill(&mut bytes)?;
    Ok(bytes)
}

pub(super) fn seed() -> io::Result<u64> {
    let mut bytes = [0; 8];
    fill(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}
