//! One line's RTP: the note it hums, the digits it sends, and everything it hears.

use super::session::Stream;
use crate::audio::{Codec, Decoder, Encoder, FRAME_SAMPLES, note};
use crate::ids::Mint;
use crate::limits::FRAME;
use crate::time::{Duration, Time};
use rtp_rs::{RtpPacketBuilder, RtpReader, Seq};
use std::collections::VecDeque;

/// Loud enough to be measured, and five of them still fit into a sample.
const AMPLITUDE: i16 = 6_000;
/// Packets already under way when a direction changes are nobody's fault.
const GRACE: Duration = Duration::from_millis(250);
/// How long a key is held down, and the pause after it (RFC 4733 section 2.5.1.3; what most phones do).
const KEY_FRAMES: u16 = 5;
const PAUSE_FRAMES: u8 = 3;

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
    digits: VecDeque<char>,
    key: Option<Key>,
    pause: u8,
    pub heard: Vec<HeardFrame>,
    from: Option<Source>,
    event: Option<u32>,
    pub changed_at: Time,
}

/// A digit being sent.
#[derive(Clone, Debug)]
struct Key {
    event: u8,
    timestamp: u32,
    frames: u16,
    ends: u8,
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

const DIGITS: &str = "0123456789*#ABCD";

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
            digits: VecDeque::new(),
            key: None,
            pause: 0,
            heard: Vec::new(),
            from: None,
            event: None,
            changed_at: Time::default(),
        }
    }

    pub fn ssrc_heard(&self) -> Option<u32> {
        self.from.map(|from| from.ssrc)
    }

    pub fn press(&mut self, digits: &str) {
        self.digits.extend(digits.chars().filter_map(|c| {
            let c = c.to_ascii_uppercase();
            DIGITS.contains(c).then_some(c)
        }));
    }

    /// The packets of one frame that is due now.
    pub fn frame(&mut self, stream: &Stream, packets: &mut Vec<Vec<u8>>) {
        if let (Some(payload_type), true) = (stream.event, self.key.is_some() || !self.digits.is_empty())
            && self.pause == 0
        {
            self.key_frame(payload_type, packets);
        } else {
            self.pause = self.pause.saturating_sub(1);
            let (payload_type, codec) = stream.codec;
            let pcm = if self.muted {
                vec![0; FRAME_SAMPLES]
            } else {
                note(self.note_hz, AMPLITUDE, self.sample, FRAME_SAMPLES)
            };
            let mut payload = [0; FRAME_SAMPLES];
            let length = Encoder::new(codec).encode(&pcm, &mut payload);
            // RFC 3551 section 4.1: the marker begins a talk-spurt.
            let marker = std::mem::take(&mut self.fresh);
            let timestamp = self.timestamp;
            self.pack(payload_type, marker, timestamp, payload.get(..length).unwrap_or_default(), packets);
        }
        self.sample += FRAME_SAMPLES as u64;
        self.timestamp = self.timestamp.wrapping_add(FRAME_SAMPLES as u32);
    }

    /// RFC 4733 section 2.5.1: updates with one timestamp and a growing duration, then the end three times.
    fn key_frame(&mut self, payload_type: u8, packets: &mut Vec<Vec<u8>>) {
        if self.key.is_none() {
            let digit = self.digits.pop_front().unwrap_or('0');
            let event = DIGITS.find(digit).unwrap_or(0) as u8;
            self.key = Some(Key { event, timestamp: self.timestamp, frames: 0, ends: 0 });
        }
        let Some(key) = self.key.as_mut() else { return };
        let marker = key.frames == 0;
        key.frames = (key.frames + 1).min(KEY_FRAMES);
        let end = key.frames == KEY_FRAMES;
        key.ends += u8::from(end);
        let [high, low] = (key.frames * FRAME_SAMPLES as u16).to_be_bytes();
        let payload = [key.event, (u8::from(end) << 7) | 10, high, low];
        let (timestamp, done) = (key.timestamp, key.ends == 3);
        self.pack(payload_type, marker, timestamp, &payload, packets);
        if done {
            self.key = None;
            self.pause = PAUSE_FRAMES;
            self.fresh = true;
        }
    }

    fn pack(&mut self, payload_type: u8, marker: bool, timestamp: u32, payload: &[u8], packets: &mut Vec<Vec<u8>>) {
        let built = RtpPacketBuilder::new()
            .payload_type(payload_type)
            .marked(marker)
            .ssrc(self.ssrc)
            .sequence(Seq::from(self.sequence))
            .timestamp(timestamp)
            .payload(payload)
            .build();
        self.sequence = self.sequence.wrapping_add(1);
        packets.extend(built);
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
            let following = next + FRAME;
            self.next = Some(if now.since(following) > Duration::from_millis(200) { now + FRAME } else { following });
        }
    }

    pub fn receive(&mut self, now: Time, stream: Option<&Stream>, packet: &[u8]) -> Noticed {
        let mut noticed = Noticed::default();
        let Ok(reader) = RtpReader::new(packet) else {
            noticed.faults.push(format!("{} bytes that are no RTP", packet.len()));
            return noticed;
        };
        let payload_type = reader.payload_type();
        if (72..=76).contains(&payload_type) {
            return noticed; // RTCP on the same port (RFC 5761 section 4)
        }
        let codec = match stream {
            Some(stream) if stream.event == Some(payload_type) => {
                noticed.digit = self.key_heard(&reader);
                None
            }
            Some(stream) => match stream.accepts.iter().find(|(number, _)| *number == payload_type) {
                Some((_, codec)) => Some(*codec),
                None => {
                    noticed.faults.push(format!("RTP payload type {payload_type} was not agreed"));
                    return noticed;
                }
            },
            // Before the answer is here the static types say what it is (RFC 3264 section 5.1).
            None => [Codec::Pcmu, Codec::Pcma].into_iter().find(|codec| codec.payload_type() == payload_type),
        };
        if stream.is_some_and(|stream| !stream.direction.receives()) && now.since(self.changed_at) > GRACE {
            noticed.faults.push("RTP came in although our direction does not receive".into());
        }
        noticed.faults.extend(self.follow(&reader, codec.is_some()));
        if let Some(codec) = codec {
            let mut pcm = Vec::with_capacity(FRAME_SAMPLES);
            Decoder::new(codec).decode(reader.payload(), &mut pcm);
            self.heard.push(HeardFrame {
                at: now,
                sequence: u16::from(reader.sequence_number()),
                timestamp: reader.timestamp(),
                pcm,
            });
        }
        noticed
    }

    /// One source, whose clock and count go together (RFC 3550 section 5.1): a phone that sees another SSRC or a jump
    /// in time may go deaf.
    fn follow(&mut self, reader: &RtpReader<'_>, audio: bool) -> Option<String> {
        let new = Source {
            ssrc: reader.ssrc(),
            sequence: u16::from(reader.sequence_number()),
            timestamp: reader.timestamp(),
        };
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

    /// RFC 4733 section 2.5.1.4: the end counts, once per timestamp; a lost end is made good by the next event.
    fn key_heard(&mut self, reader: &RtpReader<'_>) -> Option<char> {
        let [event, flags, ..] = *reader.payload() else { return None };
        if flags & 0x80 == 0 || self.event == Some(reader.timestamp()) {
            return None;
        }
        self.event = Some(reader.timestamp());
        DIGITS.chars().nth(usize::from(event))
    }
}
