//! The recordings that calls want, told to the media threads; and what became of one that could not be kept.

use super::{CallId, Engine};
use crate::contact::Call;
use crate::ids::{ConnectionId, ContactId, PortId, ShardId};
use crate::media::{MediaCommand, Recording};
use crate::time::Duration;
use std::collections::BTreeMap;
use tracing::info;

/// The recordings that media threads make now: which thread, and of what.
pub(super) type Recordings = BTreeMap<ContactId, (ShardId, Recording)>;

impl Engine {
    /// Gives the media thread of a call what its contacts want of it, as far as that has changed.
    pub(super) fn record(&mut self, id: CallId) {
        let Some(call) = self.calls.get(&id) else { return };
        let shard = self.shard_of(id);
        let wanted = call.recordings();
        if wanted.is_empty() && self.recordings.is_empty() {
            return;
        }
        let over: Vec<ContactId> = call.contacts().keys().filter(|k| !wanted.contains_key(k)).copied().collect();
        let mut changed = Vec::new();
        for (contact, tracks) in wanted {
            let Some((since, _)) = call.facts(contact).and_then(|facts| facts.recorded) else { continue };
            let ports = |connections: &[ConnectionId]| -> Vec<PortId> {
                let legs = connections.iter().filter_map(|c| self.voice(*c));
                legs.filter_map(|leg| self.legs.get(&leg)).map(|leg| leg.port).collect()
            };
            let wish = Recording { contact, since, left: ports(&tracks.left), right: ports(&tracks.right) };
            match self.recordings.get(&contact) {
                Some((there, same)) if *there == shard && *same == wish => {}
                before => changed.push((before.map(|(there, _)| *there), wish)),
            }
        }
        for (before, wish) in changed {
            if let Some(there) = before.filter(|there| *there != shard) {
                let end = MediaCommand::EndRecording { contact: wish.contact, elsewhere: true };
                self.media_out.push((there, end));
            }
            if before.is_none() {
                info!(contact = %wish.contact, "recording");
            }
            self.media_out.push((shard, MediaCommand::Record(wish.clone())));
            self.recordings.insert(wish.contact, (shard, wish));
        }
        over.into_iter().for_each(|contact| self.end_recording(contact));
    }

    pub(super) fn end_recordings(&mut self, call: &Call) {
        call.contacts().keys().for_each(|contact| self.end_recording(*contact));
    }

    fn end_recording(&mut self, contact: ContactId) {
        if let Some((shard, _)) = self.recordings.remove(&contact) {
            self.media_out.push((shard, MediaCommand::EndRecording { contact, elsewhere: false }));
        }
    }

    /// The disk takes no more of it: the call goes on, and its record says how much there is.
    pub(super) fn recording_failed(&mut self, contact: ContactId, kept: Duration) {
        if let Some(id) = self.contacts.get(&contact).copied() {
            self.with_call(id, |call, _| call.recording_failed(contact, kept));
        }
        self.cut_recording(contact, kept);
    }
}
