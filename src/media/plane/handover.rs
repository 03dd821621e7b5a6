//! A port's way from one media thread to another, between two ticks: its stream and all that it knows go along.
//!
//! The old thread is told to hand it over and the new one to expect it, so that what is wished for it in the meantime
//! waits for it there. Whoever hears it, or is heard by it, on one thread does not reach it on the other: a call's
//! ports all go.

use super::super::command::MediaCommand;
use super::super::port::{Feed, Port};
use super::{Plane, Sink};
use crate::ids::{PortId, ShardId};
use crate::limits::{EXPECTED_COMMANDS, FRAME};
use crate::time::Time;

/// A port on its way.
#[derive(Debug)]
pub struct Handed(Box<Port>);

impl Handed {
    #[must_use]
    pub fn port(&self) -> PortId {
        self.0.out.id
    }
}

impl Plane {
    pub(super) fn hand_over(&mut self, id: PortId, to: ShardId, sink: &mut impl Sink) {
        let Some(slot) = self.slots.remove(&id) else { return };
        let Some(port) = self.ports.get_mut(slot).and_then(Option::as_mut) else { return };
        // What waits to be heard goes along; who hears it here lets go of it.
        let hearing = port.hearing.take();
        let taps = self.taps.get(&id).copied().unwrap_or_default();
        (0..taps).for_each(|_| port.tapped(false));
        let source = port.spec.source.clone();
        self.listen(id, &source, false);
        self.feed(slot, Feed::Silence);
        self.plan_hearers(id);
        let Some(mut port) = self.release(slot) else { return };
        port.hearing = hearing;
        sink.hand_over(Handed(Box::new(port)), to);
    }

    /// The port is on its way here: what is said of it until then is kept.
    pub(super) fn expect(&mut self, id: PortId) {
        if !self.slots.contains_key(&id) {
            self.expected.entry(id).or_default();
        }
    }

    /// Keeps a command for a port that is still under way, or gives it back.
    pub(super) fn keep(&mut self, command: MediaCommand) -> Option<MediaCommand> {
        let port = command.port();
        let Some(kept) = port.and_then(|port| self.expected.get_mut(&port)) else { return Some(command) };
        let full = kept.len() >= EXPECTED_COMMANDS;
        match (kept.last_mut(), &command) {
            // Only the latest wish counts.
            (Some(last @ MediaCommand::Set { .. }), MediaCommand::Set { .. }) => *last = command,
            (_, MediaCommand::Digits { .. }) if full => {}
            _ => kept.push(command),
        }
        None
    }

    /// The port is here.
    pub fn arrive(&mut self, now: Time, handed: Handed, sink: &mut impl Sink) {
        let id = handed.port();
        let source = handed.0.spec.source.clone();
        let slot = self.settle(*handed.0);
        self.next.get_or_insert(now + FRAME);
        self.listen(id, &source, true);
        self.plan(slot);
        self.plan_hearers(id);
        for command in self.expected.remove(&id).unwrap_or_default() {
            self.command(now, command, sink);
        }
    }
}
