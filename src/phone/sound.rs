//! One line's RTP: the note it hums, the digits it sends, and everything it hears.

use super::session::Stream;
use crate::audio::{Codec, Decoder, Encoder, FRAME_SAMPLES, note};
use crate::ids::Mint;
use crate::limits::FRAME;
use crate::rtp::{self, Dialer, Digits, Header, Packet, ahead};
use crate::time::{Duration, Time};
use std::collections::BTreeSet;

/// Loud enough to be measured, and five of them still fit into a sample.
const SAMPLES_A_MS: usize = 8;
const AMPLITUDE: i16 = 6_000;
/// Packets already under way when a direction changes are nobody's fault.
const GRACE: Duration = Duration::from_millis(250);
/// The other side may not know yet what we have agreed to: our answer in an ACK gets lost, and comes again once its 200 has.
const LATE: Duration = Duration::from_secs(2);
/// How far back the network can bring a packet again, in ticks: a second.
const REPEATED: i32 = 8_000;
/// A packet of sound as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardFrame {
    pub at: Time,
    pub sequence: u16,
    pub timestamp: u32,
    pub pcm: Vec<i16>,
}

#[derive(Clone, Debug)]
pub(super) struct Sound {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// When the next frame is due; `None` while the line sends nothing.
    pub next: Option<Time>,
    fresh: bool,
    note_hz: f32,
    sample: u64,
    pub muted: bool,
    /// Milliseconds of sound in a packet.
    pub ptime: u8,
    /// How long the last packet was.
    span: Duration,
    /// What came and is no whole frame yet, and its timestamp.
    rest: (u32, Vec<i16>),
    dialer: Dialer,
    digits: Digits,
    pub heard: Vec<HeardFrame>,
    from: Option<Source>,
    pub changed_at: Time,
}

/// Where what we hear comes from.
#[derive(Clone, Copy, Debug)]
struct Source {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
}

/// What a packet that came in means beyond its sound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Noticed {
    pub digit: Option<char>,
    pub faults: Vec<String>,
}

impl Sound {
    pub fn new(mint: &mut Mint, note_hz: f32) -> Sound {
        Sound {
            ssrc: mint.u32(),
            sequence: mint.u32() as u16 >> 1,
            timestamp: mint.u32(),
            next: None,
            fresh: true,
            note_hz,
            sample: 0,
            muted: false,
            ptime: 20,
            span: FRAME,
            rest: (0, Vec::new()),
            dialer: Dialer::default(),
            digits: Digits::default(),
            heard: Vec::new(),
            from: None,
            changed_at: Time::default(),
        }
    }

    pub fn ssrc_heard(&self) -> Option<u32> {
        self.from.map(|from| from.ssrc)
    }

    pub fn press(&mut self, digits: &str) {
        self.dialer.dial(digits);
    }

    /// The packet of one frame that is due now: a key that is held down, else the note.
    pub fn frame(&mut self, stream: &Stream) -> Vec<u8> {
        let (timestamp, from) = (self.timestamp, self.sample);
        if let Some(payload_type) = stream.event
            && let Some(pressed) = self.dialer.step()
        {
            self.pass(FRAME_SAMPLES);
            if pressed.begun.is_none() {
                self.dialer.began(timestamp);
            }
            // RFC 3551 section 4.1: sound after a key is a new talk-spurt.
            self.fresh = true;
            let begun = pressed.begun.unwrap_or(timestamp);
            return self.pack(payload_type, pressed.begun.is_none(), begun, &pressed.payload);
        }
        let (payload_type, codec) = stream.codec;
        let samples = usize::from(self.ptime) * SAMPLES_A_MS;
        self.pass(samples);
        let mut payload = vec![0; samples];
        if self.muted {
            codec.silence(&mut payload);
        } else {
            Encoder::new(codec).encode(&note(self.note_hz, AMPLITUDE, from, samples), &mut payload);
        }
        let marker = std::mem::take(&mut self.fresh);
        self.pack(payload_type, marker, timestamp, &payload)
    }

    fn pass(&mut self, samples: usize) {
        self.timestamp = self.timestamp.wrapping_add(samples as u32);
        self.sample += samples as u64;
        self.span = Duration::from_millis((samples / SAMPLES_A_MS) as u64);
    }

    fn pack(&mut self, payload_type: u8, marker: bool, timestamp: u32, payload: &[u8]) -> Vec<u8> {
        let header = Header { payload_type, marker, seq: self.sequence, timestamp, ssrc: self.ssrc };
        self.sequence = self.sequence.wrapping_add(1);
        let mut packet = vec![0; rtp::HEADER + payload.len()];
        rtp::write(&header, payload, None, &mut packet);
        packet
    }

    /// The line begins to send, or goes on: the clock runs on from `now` (RFC 3550 section 5.1).
    pub fn start(&mut self, now: Time) {
        if self.next.is_none() {
            self.next = Some(now);
            self.fresh = true;
        }
    }

    pub fn stop(&mut self) {
        self.next = None;
    }

    /// Sets the next frame's time; a driver that came far too late drops what it missed.
    pub fn advance(&mut self, now: Time) {
        if let Some(next) = self.next {
            let following = next + self.span;
            self.next =
                Some(if now.since(following) > Duration::from_millis(200) { now + self.span } else { following });
        }
    }

    /// `offered` and `agreed`: what our open offer allows beside the stream, and what was ever agreed.
    pub fn receive(
        &mut self,
        now: Time,
        stream: Option<&Stream>,
        offered: &[(u8, Codec)],
        agreed: &BTreeSet<u8>,
        packet: &[u8],
    ) -> Noticed {
        let mut noticed = Noticed::default();
        let Ok(packet) = Packet::read(packet) else {
            noticed.faults.push(format!("{} bytes that are no RTP", packet.len()));
            return noticed;
        };
        let Header { payload_type, marker, timestamp, ssrc, .. } = packet.header;
        if (72..=76).contains(&payload_type) {
            return noticed; // RTCP on the same port (RFC 5761 section 4)
        }
        let since = now.since(self.changed_at);
        let codec = match stream {
            Some(stream) if stream.event == Some(payload_type) => {
                noticed.digit = self.digits.hear(ssrc, timestamp, marker, packet.payload);
                None
            }
            Some(stream) => match stream.accepts.iter().chain(offered).find(|(number, _)| *number == payload_type) {
                Some((_, codec)) => Some(*codec),
                // Sent before our answer was there (RFC 3264 section 8.3).
                None if since <= LATE && agreed.contains(&payload_type) => return noticed,
                None => {
                    noticed.faults.push(format!("RTP payload type {payload_type} was not agreed"));
                    return noticed;
                }
            },
            // Before the answer is here the static types say what it is (RFC 3264 section 5.1).
            None => [Codec::Pcmu, Codec::Pcma].into_iter().find(|codec| codec.payload_type() == payload_type),
        };
        if stream.is_some_and(|stream| !stream.direction.receives()) && since > GRACE {
            noticed.faults.push("RTP came in although our direction does not receive".into());
        }
        noticed.faults.extend(self.follow(packet.header, codec.is_some()));
        if let Some(codec) = codec {
            let mut pcm = Vec::with_capacity(FRAME_SAMPLES);
            Decoder::new(codec).decode(packet.payload, &mut pcm);
            self.cut(now, packet.header.seq, timestamp, pcm);
        }
        noticed
    }

    /// Sound is remembered in frames, however long its packets are.
    fn cut(&mut self, now: Time, sequence: u16, timestamp: u32, pcm: Vec<i16>) {
        let (mut begun, mut samples) = std::mem::take(&mut self.rest);
        // Whole frames begin anew: what is left of longer packets was of another source.
        let whole = pcm.len().is_multiple_of(FRAME_SAMPLES);
        let end = match self.heard.last() {
            Some(last) if samples.is_empty() => last.timestamp.wrapping_add(FRAME_SAMPLES as u32),
            _ => begun.wrapping_add(samples.len() as u32),
        };
        if !whole && !self.heard.is_empty() && (-REPEATED..0).contains(&ahead(timestamp, end)) {
            // The network has brought it twice: half a frame that is told again would move all that follow.
            self.rest = (begun, samples);
            return;
        }
        if whole || samples.is_empty() || begun.wrapping_add(samples.len() as u32) != timestamp {
            samples.clear();
            begun = timestamp;
        }
        samples.extend(pcm);
        let mut at = now;
        while samples.len() >= FRAME_SAMPLES {
            let later = samples.split_off(FRAME_SAMPLES);
            self.heard.push(HeardFrame { at, sequence, timestamp: begun, pcm: samples });
            samples = later;
            begun = begun.wrapping_add(FRAME_SAMPLES as u32);
            at += FRAME;
        }
        self.rest = (begun, samples);
    }

    /// One source, whose clock and count go together (RFC 3550 section 5.1): a phone that sees another SSRC or a jump
    /// in time may go deaf.
    fn follow(&mut self, header: Header, audio: bool) -> Option<String> {
        let new = Source { ssrc: header.ssrc, sequence: header.seq, timestamp: header.timestamp };
        let Some(old) = self.from else {
            self.from = Some(new);
            return None;
        };
        if old.ssrc != new.ssrc {
            self.from = Some(new);
            return Some(format!("the SSRC changed from {:08x} to {:08x}", old.ssrc, new.ssrc));
        }
        let packets = new.sequence.wrapping_sub(old.sequence) as i16;
        if packets <= 0 || !audio {
            return None; // late, repeated, or a digit, whose timestamps stand still
        }
        self.from = Some(new);
        let ticks = new.timestamp.wrapping_sub(old.timestamp) as i32;
        // Digits in between and a marked restart may hold the clock back or let it run on, never turn it back.
        if ticks <= 0 {
            return Some(format!("the RTP timestamp went back {} in {packets} packets", -ticks));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_packet_that_comes_twice_is_heard_once() {
        let mut sound = Sound::new(&mut Mint::new(1), 350.0);
        for timestamp in [0, 80, 80, 160, 160, 240, 160, 320, 400] {
            sound.cut(Time::default(), 1, timestamp, vec![0; 80]);
        }
        let cut: Vec<u32> = sound.heard.iter().map(|frame| frame.timestamp).collect();
        assert_eq!(cut, [0, 160, 320]);
    }

    #[test]
    fn frames_are_cut_from_packets_of_any_length() {
        let mut sound = Sound::new(&mut Mint::new(1), 350.0);
        for (samples, frames) in [
            (240, &[0][..]),
            // From here on whole frames come, from another phone: they are not cut in two.
            (160, &[0, 240]),
            (240, &[0, 240, 400]),
            (240, &[0, 240, 400, 560, 720]),
        ] {
            let timestamp = sound.heard.last().map_or(0, |frame| frame.timestamp + 160 + sound.rest.1.len() as u32);
            sound.cut(Time::default(), 1, timestamp, vec![0; samples]);
            let cut: Vec<u32> = sound.heard.iter().map(|frame| frame.timestamp).collect();
            assert_eq!(cut, frames, "{samples}");
        }
    }
}
