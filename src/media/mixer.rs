//! Sums what several ports receive: one sum and one encoding for every distinct set of ports and codec.

use super::command::Codec;
use super::port::Port;
use crate::audio::{self, Encoder, FRAME_SAMPLES};
use std::collections::BTreeMap;

/// Everybody who hears the same ports in the same codec.
#[derive(Debug)]
struct Group {
    codec: Codec,
    members: Vec<usize>,
    listeners: usize,
    encoder: Encoder,
    payload: [u8; FRAME_SAMPLES],
    voiced: bool,
}

/// Its groups, by number; a port that listens keeps the number.
#[derive(Debug, Default)]
pub(super) struct Mixer {
    groups: Vec<Option<Group>>,
    by_members: BTreeMap<(Codec, Vec<usize>), usize>,
}

impl Mixer {
    /// One more listener. `members` are slots of ports in ascending order. The group's number, and whether it is new.
    pub fn join(&mut self, codec: Codec, members: &[usize]) -> (usize, bool) {
        let key = (codec, members.to_vec());
        if let Some(number) = self.by_members.get(&key) {
            if let Some(group) = self.groups.get_mut(*number).and_then(Option::as_mut) {
                group.listeners += 1;
            }
            return (*number, false);
        }
        let mut payload = [0; FRAME_SAMPLES];
        codec.silence(&mut payload);
        let group = Group {
            codec,
            members: members.to_vec(),
            listeners: 1,
            encoder: Encoder::new(codec),
            payload,
            voiced: false,
        };
        let number = match self.groups.iter_mut().enumerate().find(|(_, group)| group.is_none()) {
            Some((number, free)) => {
                *free = Some(group);
                number
            }
            None => {
                self.groups.push(Some(group));
                self.groups.len() - 1
            }
        };
        self.by_members.insert(key, number);
        (number, true)
    }

    /// One listener less. The members, when it was the last one.
    pub fn leave(&mut self, number: usize) -> Option<Vec<usize>> {
        let place = self.groups.get_mut(number)?;
        let group = place.as_mut()?;
        group.listeners = group.listeners.saturating_sub(1);
        if group.listeners > 0 {
            return None;
        }
        let group = place.take()?;
        let key = (group.codec, group.members);
        self.by_members.remove(&key);
        Some(key.1)
    }

    /// Whether this group is what is wished for.
    pub fn hears(&self, number: usize, codec: Codec, members: &[usize]) -> bool {
        let group = self.groups.get(number).and_then(Option::as_ref);
        group.is_some_and(|group| group.codec == codec && group.members == members)
    }

    /// Sums and encodes, after every port has taken its frame.
    pub fn mix(&mut self, ports: &[Option<Port>]) {
        for group in self.groups.iter_mut().flatten() {
            let mut sum = [0_i16; FRAME_SAMPLES];
            let frames = group.members.iter().filter_map(|slot| ports.get(*slot)?.as_ref()?.heard());
            let before = std::mem::replace(&mut group.voiced, false);
            for frame in frames {
                audio::add(&mut sum, frame);
                group.voiced = true;
            }
            if group.voiced {
                group.encoder.encode(&sum, &mut group.payload);
            } else if before {
                group.codec.silence(&mut group.payload);
            }
        }
    }

    /// What the listeners of a group hear now, and whether there is anything in it.
    pub fn payload(&self, number: usize) -> Option<(&[u8; FRAME_SAMPLES], bool)> {
        let group = self.groups.get(number)?.as_ref()?;
        Some((&group.payload, group.voiced))
    }
}
