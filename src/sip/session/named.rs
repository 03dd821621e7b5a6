//! A session by the name that somebody else gives its dialog: Call-ID and both tags (RFC 3891 section 3).

use super::{Phase, Session};
use crate::sip::Text;
use crate::sip::refer::Replaces;

/// How far the dialog is that a Replaces names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A call of ours that rings.
    Calling,
    /// A call of theirs that we have not answered.
    Called,
    Confirmed,
}

impl Session {
    /// How far this session is, if it is the one that is meant. Phones differ in whose tag is the To tag of a dialog, so
    /// either way round will do.
    pub fn standing(&self, named: &Replaces) -> Option<Standing> {
        let with = |remote: &Text| {
            let (to, from) = (&named.to_tag, &named.from_tag);
            (*to == self.local_tag && from == remote) || (*from == self.local_tag && to == remote)
        };
        if self.call_id != named.call_id {
            return None;
        }
        match (&self.phase, &self.dialog) {
            (Phase::Calling(calling), _) if !self.is_silent() => {
                calling.forks.iter().any(|fork| with(&fork.dialog.remote_tag)).then_some(Standing::Calling)
            }
            (Phase::Ringing(_), Some(dialog)) if with(&dialog.remote_tag) => Some(Standing::Called),
            (Phase::Up, Some(dialog)) if with(&dialog.remote_tag) => Some(Standing::Confirmed),
            _ => None,
        }
    }
}
