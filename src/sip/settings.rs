//! How an endpoint behaves: what it takes, what it understands, and where it stands.

use super::header::MAGIC_COOKIE;
use super::link::is_own;
use super::session::{FROM_CHANGE, RELIABLE, TIMER};
use super::transaction::Timers;
use super::{Link, Method, Text, Via};
use crate::limits::{MIN_SE, SESSION_EXPIRES};
use crate::time::Duration;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// How the endpoint behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// User-Agent of our requests and Server of our responses.
    pub user_agent: Text,
    pub timers: Timers,
    /// What is taken; anything else is answered 405 or 501.
    pub allow: Vec<Method>,
    /// Option tags; any other in a Require is answered 420.
    pub supported: Vec<Text>,
    /// Every address that we listen on. Nothing is ever sent there, whatever a message asks for.
    pub locals: Vec<SocketAddr>,
    /// Where TCP is listened on: the way for requests that are too large for a datagram.
    pub streams: Vec<SocketAddr>,
    /// What Via names instead of a listening address: `203.0.113.7:5060`. Where there is none, the address itself.
    pub local_name: BTreeMap<SocketAddr, Text>,
    /// The engine that made a tag, a branch or a Call-ID, first in each of them.
    pub shard: u16,
    /// How long an INVITE of ours may ring without news (RFC 3261 section 16.8, timer C).
    pub ring_limit: Duration,
    /// After how many seconds without a refresh a session ends, and the fewest that we take (RFC 4028).
    pub session_expires: u32,
    pub min_se: u32,
}

impl Default for Settings {
    fn default() -> Self {
        use Method::{Ack, Bye, Cancel, Info, Invite, Notify, Options, Prack, Refer, Register, Subscribe, Update};
        Settings {
            user_agent: Text::from_static(concat!("Cordboard/", env!("CARGO_PKG_VERSION"))),
            timers: Timers::default(),
            allow: vec![Invite, Ack, Bye, Cancel, Options, Info, Update, Prack, Register, Refer, Notify, Subscribe],
            supported: [RELIABLE, TIMER, FROM_CHANGE, "replaces", "norefersub", "path"].map(Text::from_static).to_vec(),
            locals: Vec::new(),
            streams: Vec::new(),
            local_name: BTreeMap::new(),
            shard: 0,
            ring_limit: Duration::from_secs(180),
            session_expires: SESSION_EXPIRES,
            min_se: MIN_SE,
        }
    }
}

impl Settings {
    pub(super) fn sent_by(&self, link: Link) -> String {
        self.local_name.get(&link.local).map_or_else(|| link.local.to_string(), |name| name.as_str().to_owned())
    }

    /// How every branch of ours begins: with the shard that made it.
    pub(super) fn branch_start(&self) -> String {
        format!("{MAGIC_COOKIE}{:x}.", self.shard)
    }

    /// Whether a Via is one that we write: the message has come round to us (RFC 3261 section 16.3). The branch has to be
    /// of our make, too, for private addresses are the same in many a house.
    pub(super) fn is_ours(&self, via: &Via) -> bool {
        let made_here = |branch: Text| branch.as_str().starts_with(&self.branch_start());
        if !via.branch().is_some_and(made_here) {
            return false;
        }
        let named = |name: &Text| name.eq_ignore_case(&via.sent_by());
        let at = |ip| is_own(&self.locals, SocketAddr::new(ip, via.port.unwrap_or(5060)));
        via.host.ip().is_some_and(at) || self.local_name.values().any(named)
    }

    /// The value of Allow.
    #[must_use]
    pub fn allow_value(&self) -> Text {
        join(self.allow.iter().map(Method::as_str))
    }

    /// The value of Supported.
    #[must_use]
    pub fn supported_value(&self) -> Text {
        join(self.supported.iter().map(Text::as_str))
    }

    pub(super) fn supports(&self, tag: &str) -> bool {
        self.supported.iter().any(|supported| supported.eq_ignore_case(tag))
    }
}

pub(super) fn join<'a>(parts: impl Iterator<Item = &'a str>) -> Text {
    parts.collect::<Vec<_>>().join(", ").into()
}
