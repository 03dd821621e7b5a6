//! What is known of a trunk before anything has been said to it.

use super::number::{Rewrite, rewrite, to_e164};
use crate::ids::TrunkId;
use crate::sip::{Host, OfferBy, Transport, Uri};
use crate::time::Duration;

/// One `[[trunks]]` of the configuration, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrunkSetup {
    pub id: TrunkId,
    /// Tried in this order.
    pub hosts: Vec<Place>,
    /// `None`: as the name service says, and else UDP.
    pub transport: Option<Transport>,
    /// How a number must begin to go this way.
    pub prefixes: Vec<String>,
    /// Makes E.164 of numbers as they are written there, and as they are dialled here.
    pub to_e164: Vec<Rewrite>,
    /// Makes what is written there of E.164.
    pub from_e164: Vec<Rewrite>,
    /// Both directions together.
    pub max_calls: Option<usize>,
    pub login: Option<Login>,
    /// Whether we register there.
    pub register: bool,
    /// P-Asserted-Identity is believed from there, and told.
    pub trusted: bool,
    /// How often its hosts are asked whether they are there; `None`: never.
    pub probe: Option<Duration>,
    pub hold_signalling: Option<OfferBy>,
}

/// A host as it is written: an address, or a name that has one or many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub host: Host,
    pub port: Option<u16>,
}

/// Who we are there, and who they are here.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    pub user: String,
    pub password: String,
}

/// Without the password, so that it is in no log.
impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:…", self.user)
    }
}

impl TrunkSetup {
    /// A number as it is written there, as E.164 where it can be.
    #[must_use]
    pub fn e164(&self, number: &str) -> String {
        to_e164(&self.to_e164, number).unwrap_or_else(|| number.to_owned())
    }

    /// A number as it is written there.
    #[must_use]
    pub fn written(&self, e164: &str) -> String {
        rewrite(&self.from_e164, e164)
    }

    /// Whether a number may be dialled by it.
    #[must_use]
    pub fn allows(&self, number: &str) -> bool {
        self.longest_prefix(number).is_some()
    }

    /// Of the prefixes that allow a number in E.164, the length of the longest.
    pub(super) fn longest_prefix(&self, e164: &str) -> Option<usize> {
        self.prefixes.iter().filter(|prefix| e164.starts_with(prefix.as_str())).map(String::len).max()
    }

    #[must_use]
    pub fn is_login(&self, user: &str) -> bool {
        self.login.as_ref().is_some_and(|login| login.user == user)
    }

    /// A URI at one of its hosts; without a user, the host itself.
    #[must_use]
    pub fn uri(&self, user: &str, place: usize) -> Uri {
        let host = self.hosts.get(place).or(self.hosts.first());
        let (host, port) = host.map_or((Host::from("invalid"), None), |place| (place.host.clone(), place.port));
        let mut uri = Uri::sip(user, host, port);
        if self.transport == Some(Transport::Tcp) {
            uri.params.set("transport", "tcp");
        }
        uri
    }

    /// Who we are there: our address of record.
    #[must_use]
    pub fn own_uri(&self, place: usize) -> Uri {
        let user = self.login.as_ref().map_or("", |login| login.user.as_str());
        let mut uri = self.uri(user, place);
        uri.params.remove("transport");
        uri
    }
}
