//! One phone of an agent, and what a REGISTER says about it.

use crate::sip::Link;
use crate::time::{Duration, Time};

/// What a REGISTER asks for, already read from its headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    pub call_id: String,
    pub cseq: u32,
    /// The Expires header, which holds for contacts that say nothing themselves.
    pub expires: Option<u32>,
    pub contacts: Contacts,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contacts {
    /// No Contact at all: only tell what is there.
    Fetch,
    /// `Contact: *`
    All,
    Each(Vec<Contact>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    pub uri: String,
    pub expires: Option<u32>,
    /// In thousandths.
    pub q: Option<u16>,
}

/// A phone, until `expires`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The URI to put into a request, just as the phone gave it.
    pub uri: String,
    /// In thousandths; 1000 when the phone says nothing.
    pub q: u16,
    pub expires: Time,
    /// Where the REGISTER came from: the way back through a NAT. `None` once that stream has closed; then only the
    /// URI tells where the phone is.
    pub source: Option<Link>,
    pub(super) call_id: String,
    pub(super) cseq: u32,
}

impl Binding {
    /// Whole seconds left, rounded up: a phone that is told 0 would think itself removed.
    #[must_use]
    pub fn seconds_left(&self, now: Time) -> u64 {
        self.expires.since(now).as_micros().div_ceil(Duration::from_secs(1).as_micros()).try_into().unwrap_or(u64::MAX)
    }
}
