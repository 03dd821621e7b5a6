//! Recorders listen to ports beside whoever hears those: what is relayed goes on as it came, and is decoded for them too.

use super::super::command::Recording;
use super::super::recorder::Recorder;
use super::{Plane, Sink};
use crate::ids::{ContactId, PortId};
use crate::time::Time;

impl Plane {
    /// How many contacts are recorded here.
    #[must_use]
    pub fn recordings(&self) -> usize {
        self.recorders.len()
    }

    /// How many times a port is listened to, by recorders and the mixer.
    #[cfg(test)]
    pub(in crate::media) fn taps(&self) -> usize {
        self.taps.values().sum::<usize>() + self.ports.iter().flatten().map(|port| port.taps).sum::<usize>()
    }

    pub(super) fn record(&mut self, wish: Recording) {
        // The new ones first: who is recorded before and after goes on being heard without a break.
        for port in wish.left.iter().chain(&wish.right) {
            self.tap(*port, true);
        }
        let before = match self.recorders.get_mut(&wish.contact) {
            Some(recorder) => Some(std::mem::replace(&mut recorder.wish, wish)),
            None => {
                self.recorders.insert(wish.contact, Recorder::new(wish));
                None
            }
        };
        if let Some(before) = before {
            self.untap(&before);
        }
    }

    pub(super) fn end_recording(&mut self, now: Time, contact: ContactId, elsewhere: bool, sink: &mut impl Sink) {
        let Some(recorder) = self.recorders.remove(&contact) else { return };
        self.untap(&recorder.wish);
        recorder.end(now, elsewhere, sink);
    }

    fn untap(&mut self, wish: &Recording) {
        for port in wish.left.iter().chain(&wish.right) {
            self.tap(*port, false);
        }
    }

    /// One recorder more, or less, listens to a port that may be anywhere.
    fn tap(&mut self, id: PortId, more: bool) {
        if let Some(port) = self.at(id) {
            port.tapped(more);
        }
        let count = self.taps.entry(id).or_default();
        *count = if more { *count + 1 } else { count.saturating_sub(1) };
        if *count == 0 {
            self.taps.remove(&id);
        }
    }

    pub(super) fn taps_of(&self, id: PortId) -> usize {
        self.taps.get(&id).copied().unwrap_or_default()
    }

    pub(super) fn record_frame(&mut self, now: Time, sink: &mut impl Sink) {
        let mut recorders = std::mem::take(&mut self.recorders);
        for recorder in recorders.values_mut() {
            let heard = |id: PortId| {
                let port = self.port(*self.slots.get(&id)?)?;
                port.heard().filter(|_| port.spec.receive)
            };
            recorder.frame(now, heard, sink);
        }
        self.recorders = recorders;
    }
}
