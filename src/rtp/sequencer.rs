//! The outgoing stream of one port: SSRC, sequence and timestamp go on unbroken whatever the source of its sound.
//!
//! Phones and SRTP go deaf when any of the three jumps. Frames of our own follow a clock; relayed packets keep their
//! sender's spacing, order and losses, moved by a constant that is chosen anew whenever the source changes.

use super::{ahead, seq_ahead, span, ticks};
use crate::time::{Duration, Time};

/// A stream is never left without a packet for longer than three frames, so the tick before that must fill.
const PATIENCE: Duration = Duration::from_millis(40);
/// A relayed stream more than five frames ahead of the clock is a burst after a standstill, or a jump.
const BURST: i32 = 800;
/// A relayed packet that comes this little late for its place, because silence was sent in it, is dropped;
/// one that comes later shows that its sender's clock stood still, and is given a new place.
const OVERLAP: i32 = 480;
/// After so many in a row that come a little late it is no accident any more: the next one is given a new place.
const LATE_IN_A_ROW: u8 = 3;
/// Sequence numbers further apart than this do not belong together (RFC 3550 appendix A.1 allows 3000; two seconds
/// of sound are enough for a relay).
const GAP: i16 = 100;
const FRAME_TICKS: u32 = 160;

/// Where the next packet stands in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub ssrc: u32,
    pub seq: u16,
    pub timestamp: u32,
    pub marker: bool,
}

/// What a packet to be relayed says of its place in its own stream.
#[derive(Clone, Copy, Debug)]
pub struct Incoming {
    /// Whose stream: another number is another source.
    pub source: u64,
    pub ssrc: u32,
    pub seq: u16,
    pub timestamp: u32,
    pub marker: bool,
    /// How many ticks its payload lasts.
    pub ticks: u32,
}

/// The constants that move a relayed stream into ours.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    source: u64,
    ssrc: u32,
    /// Packets before this one have lost their place.
    first: u16,
    newest: u16,
    /// How many came too late in a row.
    late: u8,
    seq_offset: u16,
    timestamp_offset: u32,
}

#[derive(Clone, Debug)]
pub struct Sequencer {
    ssrc: u32,
    /// Of the newest packet sent.
    seq: u16,
    /// Where the sound sent so far ends.
    end: u32,
    /// The timestamp that belongs to the moment `epoch`; both begin with the first packet.
    base: u32,
    epoch: Time,
    last: Option<Time>,
    /// How long the newest packet lasts.
    length: u32,
    anchor: Option<Anchor>,
    /// Silence stands in for a relayed source that sends nothing.
    filling: bool,
    /// The next sound begins a talk-spurt (RFC 3551 section 4.1).
    spurt: bool,
    packets: u64,
    octets: u64,
}

impl Sequencer {
    /// All three begin at random (RFC 3550 section 5.1).
    #[must_use]
    pub fn new(ssrc: u32, seq: u16, timestamp: u32) -> Self {
        Sequencer {
            ssrc,
            seq,
            end: timestamp,
            base: timestamp,
            epoch: Time::default(),
            last: None,
            length: FRAME_TICKS,
            anchor: None,
            filling: false,
            spurt: true,
            packets: 0,
            octets: 0,
        }
    }

    #[must_use]
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    #[must_use]
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Payload octets, as a sender report counts them (RFC 3550 section 6.4.1).
    #[must_use]
    pub fn octets(&self) -> u64 {
        self.octets
    }

    #[must_use]
    pub fn last(&self) -> Option<Time> {
        self.last
    }

    /// The timestamp of this moment.
    #[must_use]
    pub fn clock(&self, now: Time) -> u32 {
        self.base.wrapping_add(ticks(now.since(self.epoch)))
    }

    /// The source changes: what comes next begins a talk-spurt, and a relayed stream is placed anew.
    pub fn change(&mut self) {
        self.spurt = true;
        self.anchor = None;
        self.filling = false;
    }

    /// A frame of our own, due now. `None` when the stream is a frame ahead of the clock and must let it catch up.
    pub fn frame(&mut self, now: Time, ticks: u32, octets: usize, voiced: bool) -> Option<Stamp> {
        // Two short packets of one frame go out together.
        let timestamp = self.due(now, ticks.max(FRAME_TICKS))?;
        self.anchor = None;
        self.filling = false;
        let marker = voiced && self.spurt;
        self.spurt = !voiced;
        Some(self.append(now, timestamp, ticks, octets, marker))
    }

    /// A silent frame in place of a relayed packet that does not come; `None` while it may still come.
    pub fn fill(&mut self, now: Time, ticks: u32, octets: usize) -> Option<Stamp> {
        // The wait is longer behind a long packet: its successor is not due before.
        let patience = PATIENCE + span(self.length.saturating_sub(FRAME_TICKS));
        if !self.filling && self.last.is_some_and(|last| now.since(last) <= patience) {
            return None;
        }
        let timestamp = if self.anchor.is_some() {
            // On the grid of the relayed stream, so that it goes on in its old place.
            let behind = ahead(self.clock(now), self.end);
            // Never ahead of the clock: a packet that comes after all must find room.
            if behind < 0 {
                return None;
            }
            self.end.wrapping_add(behind.cast_unsigned() / FRAME_TICKS * FRAME_TICKS)
        } else {
            self.due(now, 0)?
        };
        self.filling = true;
        self.spurt = true;
        Some(self.append(now, timestamp, ticks, octets, false))
    }

    /// A packet relayed as it comes. `None` when it has no place: late behind its replacement, or ahead of the clock.
    pub fn relay(&mut self, now: Time, packet: &Incoming, octets: usize) -> Option<Stamp> {
        let anchor = self.anchor.filter(|anchor| anchor.source == packet.source && anchor.ssrc == packet.ssrc);
        let Some(mut anchor) = anchor else { return self.place(now, packet, octets) };
        let step = seq_ahead(packet.seq, anchor.newest);
        let timestamp = packet.timestamp.wrapping_add(anchor.timestamp_offset);
        if (-GAP..=0).contains(&step) {
            // Out of order: it goes out under the number that was left free for it.
            if seq_ahead(packet.seq, anchor.first) < 0 {
                return None;
            }
            self.count(octets);
            return Some(Stamp {
                ssrc: self.ssrc,
                seq: packet.seq.wrapping_add(anchor.seq_offset),
                timestamp,
                marker: false,
            });
        }
        let behind = ahead(self.end, timestamp);
        let lead = ahead(timestamp, self.clock(now));
        if behind > 0 && behind <= OVERLAP && self.filling && anchor.late < LATE_IN_A_ROW {
            anchor.late += 1;
            self.anchor = Some(anchor);
            return None;
        }
        if !(0..=GAP).contains(&step) || behind > 0 {
            return self.place(now, packet, octets);
        }
        if lead > BURST {
            self.anchor = None;
            // Its own timestamp jumped, or the network let go of many at once: those wait for the clock.
            return if behind < -BURST { self.place(now, packet, octets) } else { None };
        }
        if self.filling {
            // The silence took numbers of its own.
            anchor.first = packet.seq;
            anchor.seq_offset = self.seq.wrapping_add(1).wrapping_sub(packet.seq);
            self.filling = false;
        }
        anchor.newest = packet.seq;
        anchor.late = 0;
        self.anchor = Some(anchor);
        let marker = packet.marker || self.spurt;
        self.spurt = false;
        self.seq = packet.seq.wrapping_add(anchor.seq_offset).wrapping_sub(1);
        let stamp = self.append(now, timestamp, packet.ticks, octets, marker);
        // Its clock is not ours. Ours follows it slowly, so that jitter does not move it and drift never adds up.
        if lead > FRAME_TICKS.cast_signed() {
            self.base = self.base.wrapping_add(1);
        } else if lead < -FRAME_TICKS.cast_signed() {
            self.base = self.base.wrapping_sub(1);
        }
        Some(stamp)
    }

    /// A packet of a relayed stream that is not passed on: no number is left free for it, which the far end would report as
    /// lost. What comes late from before it has none any more.
    pub fn pass_over(&mut self, source: u64, ssrc: u32, seq: u16) {
        let anchor = self.anchor.as_mut().filter(|anchor| anchor.source == source && anchor.ssrc == ssrc);
        if let Some(anchor) = anchor.filter(|anchor| (1..=GAP).contains(&seq_ahead(seq, anchor.newest))) {
            anchor.newest = seq;
            anchor.first = seq.wrapping_add(1);
            anchor.seq_offset = anchor.seq_offset.wrapping_sub(1);
        }
    }

    /// One packet of a telephone-event: its timestamp stays that of its beginning (RFC 4733 section 2.5.1.2).
    pub fn event(&mut self, now: Time, begun: Option<u32>, octets: usize) -> Stamp {
        self.anchor = None;
        self.filling = false;
        self.spurt = true;
        let timestamp = match begun {
            Some(timestamp) => timestamp,
            None => self.due(now, 0).unwrap_or(self.end),
        };
        self.append(now, timestamp, 0, octets, begun.is_none())
    }

    /// The event is told to its end: the sound goes on behind it.
    pub fn event_ended(&mut self, begun: u32, ticks: u32) {
        self.end = begun.wrapping_add(ticks);
    }

    /// Gives a relayed stream its place: at the clock, or right behind what is sent already.
    fn place(&mut self, now: Time, packet: &Incoming, octets: usize) -> Option<Stamp> {
        self.anchor = None;
        let timestamp = self.due(now, FRAME_TICKS)?;
        self.filling = false;
        self.spurt = false;
        let stamp = self.append(now, timestamp, packet.ticks, octets, true);
        self.anchor = Some(Anchor {
            source: packet.source,
            ssrc: packet.ssrc,
            first: packet.seq,
            newest: packet.seq,
            late: 0,
            seq_offset: stamp.seq.wrapping_sub(packet.seq),
            timestamp_offset: timestamp.wrapping_sub(packet.timestamp),
        });
        Some(stamp)
    }

    /// The timestamp that is due, unless the stream is more than `slack` ahead of the clock and can wait.
    fn due(&mut self, now: Time, slack: u32) -> Option<u32> {
        let Some(last) = self.last else {
            self.epoch = now;
            return Some(self.base);
        };
        let clock = self.clock(now);
        let lead = ahead(self.end, clock);
        if lead > slack.cast_signed() && now.since(last) <= PATIENCE {
            return None;
        }
        Some(if lead >= 0 { self.end } else { clock })
    }

    fn append(&mut self, now: Time, timestamp: u32, ticks: u32, octets: usize, marker: bool) -> Stamp {
        self.seq = self.seq.wrapping_add(1);
        self.end = timestamp.wrapping_add(ticks);
        self.length = ticks;
        self.last = Some(now);
        self.count(octets);
        Stamp { ssrc: self.ssrc, seq: self.seq, timestamp, marker }
    }

    fn count(&mut self, octets: usize) {
        self.packets += 1;
        self.octets += octets as u64;
    }
}
