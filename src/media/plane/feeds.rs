//! How each port's source reaches it: played, relayed, mixed, or not at all.

use super::super::command::{Codec, Source};
use super::super::port::{Feed, Port};
use super::Plane;
use crate::ids::PortId;
use std::collections::BTreeSet;

impl Plane {
    /// Keeps the list of who wishes to hear whom.
    pub(super) fn listen(&mut self, id: PortId, source: &Source, begins: bool) {
        let Source::Hear(heard) = source else { return };
        for other in heard {
            if begins {
                self.hearers.entry(*other).or_default().insert(id);
            } else if let Some(hearers) = self.hearers.get_mut(other) {
                hearers.remove(&id);
                if hearers.is_empty() {
                    self.hearers.remove(other);
                }
            }
        }
    }

    /// What a port sends may reach its hearers in another way now.
    pub(super) fn plan_hearers(&mut self, id: PortId) {
        let hearers: Vec<usize> = match self.hearers.get(&id) {
            Some(hearers) => hearers.iter().filter_map(|hearer| self.slots.get(hearer).copied()).collect(),
            None => return,
        };
        for slot in hearers {
            self.plan(slot);
        }
    }

    /// Chooses how a port's source reaches it: played, relayed, mixed, or not at all.
    pub(super) fn plan(&mut self, slot: usize) {
        let Some(port) = self.port(slot) else { return };
        let feed = match &port.spec.source {
            Source::Silence => Feed::Silence,
            Source::Play { .. } => Feed::Play,
            Source::Hear(heard) => {
                let codec = port.spec.codec.map_or(Codec::Pcmu, |(codec, _)| codec);
                let present = |id: &PortId| {
                    let slot = *self.slots.get(id)?;
                    self.port(slot).filter(|port| port.spec.receive).map(|_| slot)
                };
                let members: BTreeSet<usize> = heard.iter().filter_map(present).collect();
                let members: Vec<usize> = members.into_iter().collect();
                match members.as_slice() {
                    [] => Feed::Silence,
                    [one] if self.port(*one).is_some_and(|talker| relays(talker, port, codec)) => Feed::Relay(*one),
                    _ => {
                        if matches!(port.feed, Feed::Mix(group) if self.mixer.hears(group, codec, &members)) {
                            return;
                        }
                        self.feed(slot, Feed::Silence);
                        self.mix(slot, codec, &members);
                        return;
                    }
                }
            }
        };
        self.feed(slot, feed);
    }

    pub(super) fn mix(&mut self, slot: usize, codec: Codec, members: &[usize]) {
        let (group, new) = self.mixer.join(codec, members);
        if new {
            for member in members {
                if let Some(port) = self.ports.get_mut(*member).and_then(Option::as_mut) {
                    port.tapped(true);
                }
            }
        }
        if let Some(port) = self.ports.get_mut(slot).and_then(Option::as_mut) {
            port.feed = Feed::Mix(group);
        }
    }

    /// Leaves one feed for another that is no mix.
    pub(super) fn feed(&mut self, slot: usize, feed: Feed) {
        let Some(port) = self.ports.get_mut(slot).and_then(Option::as_mut) else { return };
        let before = std::mem::replace(&mut port.feed, feed);
        if before == feed {
            return;
        }
        port.out.sequencer.change();
        if let Feed::Relay(_) = feed {
            port.out.drop_pending();
        }
        match before {
            Feed::Relay(source) => {
                if let Some(source) = self.ports.get_mut(source).and_then(Option::as_mut) {
                    source.relay_to.retain(|target| *target != slot);
                }
            }
            Feed::Mix(group) => {
                for member in self.mixer.leave(group).unwrap_or_default() {
                    if let Some(port) = self.ports.get_mut(member).and_then(Option::as_mut) {
                        port.tapped(false);
                    }
                }
            }
            Feed::Silence | Feed::Play => {}
        }
        if let Feed::Relay(source) = feed
            && let Some(source) = self.ports.get_mut(source).and_then(Option::as_mut)
        {
            source.relay_to.push(slot);
        }
    }
}

/// Whether packets go through as they are: in the codec and of the length that the listener wants.
fn relays(talker: &Port, listener: &Port, codec: Codec) -> bool {
    talker.speaks() == Some(codec) && listener.wants_packets_of(talker.length)
}
