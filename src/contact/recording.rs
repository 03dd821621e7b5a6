//! Who is recorded of each contact: a function of how things stand, like everything that is heard.
//!
//! A contact is recorded while its agent talks, as its flow has said last: the agents on the right, everybody else on the
//! left. Whoever cannot be heard - on hold, muted, in a whisper - is not recorded either.

use super::{Call, Connection, Contact, Cx, Phase, Refused};
use crate::flow::Recorded;
use crate::ids::{ConnectionId, ContactId};
use crate::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

/// What is to be recorded of a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recording {
    /// What its flow has said last, or the configuration.
    pub who: Recorded,
    /// Its agent wants silence in it for now.
    pub suspended: bool,
    /// It could not be kept: a full disk.
    pub(super) failed: bool,
}

/// Whose sound goes to the left, and to the right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tracks {
    pub left: Vec<ConnectionId>,
    pub right: Vec<ConnectionId>,
}

impl Recording {
    #[must_use]
    pub(super) fn new(cx: &Cx) -> Self {
        let who = if cx.catalog.record { Recorded::BOTH } else { Recorded::NOBODY };
        Recording { who, suspended: false, failed: false }
    }
}

impl Call {
    /// Every contact that is recorded now, and who is.
    #[must_use]
    pub fn recordings(&self) -> BTreeMap<ContactId, Tracks> {
        self.contacts.values().filter(|k| self.is_recorded(k)).map(|k| (k.id, self.tracks(k))).collect()
    }

    /// Its agent is connected, and its flow has said so.
    pub(super) fn is_recorded(&self, k: &Contact) -> bool {
        let agent =
            || k.agent.and_then(|row| self.connections.get(&row)).is_some_and(|c| c.agent.is_some() && c.is_up());
        let Recording { who, failed, .. } = k.recording;
        who != Recorded::NOBODY && !failed && matches!(k.phase, Phase::Connected) && agent()
    }

    fn tracks(&self, k: &Contact) -> Tracks {
        let mut tracks = Tracks::default();
        let (Some(row), false) = (k.agent, k.recording.suspended) else { return tracks };
        let mut voices: BTreeSet<ConnectionId> = BTreeSet::new();
        for line in self.lines_of(row) {
            let Some(c) = self.connections.get(&line) else { continue };
            voices.insert(line);
            voices.extend(self.talkers(c));
        }
        for c in voices.iter().filter_map(|id| self.connections.get(id)).filter(|c| self.has_voice(c)) {
            match c.agent {
                Some(_) if k.recording.who.agent => tracks.right.push(c.id),
                None if k.recording.who.customer => tracks.left.push(c.id),
                _ => {}
            }
        }
        tracks
    }

    /// May be heard, and does not hold the line himself: what a phone plays then is not its agent.
    fn has_voice(&self, c: &Connection) -> bool {
        c.is_up() && self.is_heard(c) && !(c.agent.is_some() && c.is_held_by_phone())
    }

    /// `recording`, `suspended` or `stopped`; nothing while there has been nothing to record.
    #[must_use]
    pub fn recording_state(&self, contact: ContactId) -> Option<&'static str> {
        let k = self.contacts.get(&contact)?;
        Some(match (self.is_recorded(k), k.recording.suspended) {
            (true, false) => "recording",
            (true, true) => "suspended",
            (false, _) => self.facts(contact)?.recorded.map(|_| "stopped")?,
        })
    }

    /// The contact that an agent serves, if it is recorded.
    pub(super) fn recorded_by(&self, agent: ConnectionId) -> Option<&Contact> {
        self.contacts.get(&self.contact_served_by(agent)?).filter(|k| self.is_recorded(k))
    }

    /// What comes until it is resumed is silence in the file.
    pub(super) fn suspend_recording(&mut self, agent: ConnectionId, suspended: bool) -> Result<(), Refused> {
        let state = |text: &str| Refused::State(text.into());
        let k = self.recorded_by(agent).ok_or_else(|| state("the contact is not being recorded"))?;
        match (k.recording.suspended, suspended) {
            (true, true) => return Err(state("the recording is suspended already")),
            (false, false) => return Err(state("the recording is not suspended")),
            _ => {}
        }
        let id = k.id;
        if let Some(k) = self.contacts.get_mut(&id) {
            k.recording.suspended = suspended;
        }
        Ok(())
    }

    /// What was recorded so far is all there is.
    pub fn recording_failed(&mut self, contact: ContactId, kept: Duration) {
        if let Some(k) = self.contacts.get_mut(&contact) {
            k.recording.failed = true;
        }
        if let Some((since, until)) = self.facts.get_mut(&contact).and_then(|facts| facts.recorded.as_mut()) {
            *until = Some(*since + kept);
        }
    }
}
