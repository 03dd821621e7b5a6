//! Whose a dialog is: nobody moves it but the peer that it is with (RFC 3261 sections 26.1.3 and 26.1.4).

use super::{Phase, Session, Talk};
use crate::sip::Text;
use crate::sip::dialog::Dialog;
use crate::sip::link::Link;
use std::net::IpAddr;

/// What a request in a dialog is worth by where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standpoint {
    /// The host that the dialog is with, or the one that this has named for our requests: where no proxy on the way stays
    /// on it, the rest of the dialog comes from there (section 12.2.1.1). Its port, its transport and its connection may
    /// change: a NAT forgets, a phone opens its stream anew.
    Peer,
    /// Another host, and the peer has a name that it can prove: a phone whose address has changed looks like this.
    Doubtful,
    /// Another host, and nothing that it could prove. A tag and a Call-ID are overheard by whoever hears one message.
    Stranger,
}

impl Session {
    pub fn standpoint(&self, from: Link) -> Standpoint {
        if self.link.is_same_host(from) || self.has_named(from.remote.ip()) {
            Standpoint::Peer
        } else if self.proves.is_some() && !self.is_silent() {
            Standpoint::Doubtful
        } else {
            Standpoint::Stranger
        }
    }

    fn has_named(&self, host: IpAddr) -> bool {
        let named = |dialog: &Dialog| dialog.next_host().is_some_and(|ip| ip.to_canonical() == host.to_canonical());
        match &self.phase {
            Phase::Calling(calling) => calling.forks.iter().any(|fork| named(&fork.dialog)),
            _ => self.dialog.as_ref().is_some_and(named),
        }
    }

    /// The peer has this name and a password: from another address it may go on when it proves them.
    pub fn entrust(&mut self, owner: Text) {
        self.proves = Some(owner);
    }

    /// The host of a call that is up, and whether its owner is known by name.
    pub fn party(&self) -> Option<(IpAddr, bool)> {
        let up = matches!(self.phase, Phase::Up) && !self.talk.is_unconfirmed();
        up.then(|| (self.link.remote.ip(), self.proves.is_some()))
    }

    /// Whether this is a call of that host, answered and without its ACK.
    pub fn is_unacknowledged(&self, from: Link) -> bool {
        self.talk.is_unconfirmed() && self.link.is_same_host(from)
    }

    pub fn owner(&self) -> Option<&Text> {
        self.proves.as_ref()
    }
}

impl Talk {
    /// A 2xx of ours to an INVITE waits for its ACK. Whoever forges an address never hears the 2xx.
    fn is_unconfirmed(&self) -> bool {
        self.unacked.is_some()
    }
}
