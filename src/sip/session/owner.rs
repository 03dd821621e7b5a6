//! Whose a dialog is: nobody moves it but the peer that it is with (RFC 3261 sections 26.1.3 and 26.1.4).

use super::Session;
use crate::sip::Text;
use crate::sip::link::Link;

/// What a request in a dialog is worth by where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standpoint {
    /// The host that the dialog is with. Its port, its transport and its connection may change: a NAT forgets, a phone
    /// opens its stream anew.
    Peer,
    /// Another host, and the peer has a name that it can prove: a phone whose address has changed looks like this.
    Doubtful,
    /// Another host, and nothing that it could prove. A tag and a Call-ID are overheard by whoever hears one message.
    Stranger,
}

impl Session {
    pub fn standpoint(&self, from: Link) -> Standpoint {
        if self.link.is_same_host(from) {
            Standpoint::Peer
        } else if self.proves.is_some() && !self.is_silent() {
            Standpoint::Doubtful
        } else {
            Standpoint::Stranger
        }
    }

    /// The peer has this name and a password: from another address it may go on when it proves them.
    pub fn entrust(&mut self, owner: Text) {
        self.proves = Some(owner);
    }

    pub fn owner(&self) -> Option<&Text> {
        self.proves.as_ref()
    }
}
