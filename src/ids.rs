//! Typed names for everything, and the mint that makes new ones from one seed.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A name that a configuration gives: cheap to clone, ordered by its text.
macro_rules! name {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);
        impl $name {
            #[must_use]
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl From<&str> for $name { fn from(text: &str) -> Self { $name(text.into()) } }
        impl From<String> for $name { fn from(text: String) -> Self { $name(text.into()) } }
        impl fmt::Display for $name { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) } }
        impl fmt::Debug for $name { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) } }
        impl std::borrow::Borrow<str> for $name { fn borrow(&self) -> &str { &self.0 } }
    )*};
}

/// A number that the switch counts up.
macro_rules! number {
    ($($(#[$doc:meta])* $name:ident($prefix:literal)),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub u64);
        impl fmt::Display for $name { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, concat!($prefix, "{}"), self.0) } }
        impl fmt::Debug for $name { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(self, f) } }
    )*};
}

name! {
    /// An agent, by the user part of her address of record.
    AgentId,
    /// A queue. An agent's own queue is not one of these: see `routing`.
    QueueId,
    /// A quick connect.
    QuickConnectId,
    /// Hours of operation.
    HoursId,
    /// A routing profile.
    RoutingProfileId,
    /// A flow, by its name.
    FlowId,
    /// A trunk: a way to the world outside.
    TrunkId,
    /// A prompt, by its file name: `CustomerHold.wav`.
    PromptId,
}

number! {
    /// One party's place in a call.
    ConnectionId("c"),
    /// One party's SIP session with its port; a connection that rings three phones has three.
    LegId("leg"),
    /// A place where RTP comes in and goes out.
    PortId("port"),
    /// One playing of sounds: the same number goes on playing, a new one starts anew.
    PlayId("play"),
    /// Where an answer to a control request waits.
    Ticket("ticket"),
}

/// Which media thread a port lives on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct ShardId(pub u16);

/// A contact, printed as a UUID, as Connect does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContactId(u128);

impl ContactId {
    /// Reads a UUID with or without hyphens.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hex: String = text.chars().filter(|c| *c != '-').collect();
        if hex.len() != 32 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        u128::from_str_radix(&hex, 16).ok().map(ContactId)
    }
}

impl fmt::Display for ContactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.0;
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            n >> 96,
            (n >> 80) & 0xffff,
            (n >> 64) & 0xffff,
            (n >> 48) & 0xffff,
            n & 0xffff_ffff_ffff
        )
    }
}

impl fmt::Debug for ContactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Makes every unguessable and every unique thing, reproducibly from one seed.
#[derive(Clone, Debug)]
pub struct Mint(ChaCha12Rng);

impl Mint {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Mint(ChaCha12Rng::seed_from_u64(seed))
    }

    /// A mint of its own for another machine, so that the order in which the two draw does not matter.
    #[must_use]
    pub fn branch(&mut self) -> Self {
        Mint::new(self.0.next_u64())
    }

    pub fn u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    pub fn u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A key for a keyed hash.
    pub fn secret(&mut self) -> [u8; 32] {
        let mut key = [0; 32];
        self.0.fill_bytes(&mut key);
        key
    }

    /// A number below `end`; 0 when `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.0.next_u64() % end }
    }

    /// Sixteen characters of `[0-9a-v]`, about 80 bits: a tag, a branch, a nonce (RFC 3261 section 19.3 asks for 32).
    pub fn token(&mut self) -> String {
        let letter = |bits: u64| char::from_digit((bits & 31) as u32, 32).unwrap_or('0');
        let (mut high, mut low) = (self.0.next_u64(), self.0.next_u64());
        let mut text = String::with_capacity(16);
        for _ in 0..8 {
            text.push(letter(high));
            text.push(letter(low));
            high >>= 5;
            low >>= 5;
        }
        text
    }

    /// A random (version 4) UUID.
    pub fn contact_id(&mut self) -> ContactId {
        let raw = (u128::from(self.0.next_u64()) << 64) | u128::from(self.0.next_u64());
        let version = 0x4_u128 << 76;
        let variant = 0x2_u128 << 62;
        ContactId((raw & !(0xf_u128 << 76) & !(0x3_u128 << 62)) | version | variant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_one_story() {
        let (mut a, mut b) = (Mint::new(7), Mint::new(7));
        assert_eq!(a.token(), b.token());
        assert_eq!(a.contact_id(), b.contact_id());
        assert_ne!(a.token(), Mint::new(8).token());
    }

    #[test]
    fn contact_ids_are_version_4_uuids() {
        let id = Mint::new(1).contact_id();
        let text = id.to_string();
        assert_eq!(text.len(), 36);
        assert_eq!(&text[14..15], "4");
        assert!("89ab".contains(&text[19..20]));
        assert_eq!(ContactId::parse(&text), Some(id));
        assert_eq!(ContactId::parse("x"), None);
        assert_eq!(ContactId::parse("é".repeat(16).as_str()), None);
    }
}
