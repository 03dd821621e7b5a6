//! One port: what it receives, what it sends, and from where.

use super::command::{Codec, MediaEvent, PortSpec, PortStats, Start};
use super::hearing::Hearing;
use super::latch::Latch;
use super::mixer::Mixer;
use super::plane::Sink;
use super::player::Player;
use crate::audio::{Encoder, FRAME_SAMPLES, digit};
use crate::ids::PortId;
use crate::limits::{FRAME, QUALITY, RTCP_MOVES, UNPROVEN_PACKETS};
use crate::rtp::{self, Dialer, Digits, HEADER, Header, Reception, Sequencer, Stamp};
use crate::time::{Duration, Time};
use std::net::SocketAddr;

/// The shortest and the longest packet of ours: 10 and 60 ms.
const SHORTEST: usize = 80;
const LONGEST: usize = 480;
const SAMPLES_A_MS: usize = 8;
/// RFC 3389 section 4: the static payload type.
const COMFORT_NOISE: u8 = 13;

/// Where its sound comes from now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Feed {
    #[default]
    Silence,
    Play,
    /// Packets of the port in this slot.
    Relay(usize),
    /// The mixer's group of this number.
    Mix(usize),
}

/// What a payload type means here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Sound(Codec),
    Noise,
    Event,
}

/// The sending half.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub id: PortId,
    /// Set when packets may go out.
    pub to: Option<SocketAddr>,
    pub codec: Codec,
    pub payload_type: u8,
    /// Bytes of sound in a packet of ours; as many as a frame has, unless the phone wants another length.
    packet: usize,
    /// Sound that waits for its packet to be full, and whether there is something to hear in it.
    pending: Vec<u8>,
    voiced: bool,
    pub sequencer: Sequencer,
}

impl Outgoing {
    pub fn header(&self, stamp: Stamp) -> Header {
        Header {
            payload_type: self.payload_type,
            marker: stamp.marker,
            seq: stamp.seq,
            timestamp: stamp.timestamp,
            ssrc: stamp.ssrc,
        }
    }

    fn send(&self, header: &Header, payload: &[u8], sink: &mut impl Sink) {
        let mut packet = [0; HEADER + LONGEST];
        if let (Some(to), Some(length)) = (self.to, rtp::write(header, payload, None, &mut packet)) {
            sink.rtp(self.id, to, packet.get(..length).unwrap_or_default());
        }
    }

    /// A frame of our own. Packets of another length are filled from frames, and cut from them.
    fn frame(&mut self, now: Time, payload: &[u8], voiced: bool, sink: &mut impl Sink) {
        if self.to.is_none() {
            return;
        }
        if self.packet == payload.len() && self.pending.is_empty() {
            return self.post(now, payload, voiced, sink);
        }
        self.pending.extend_from_slice(payload);
        self.voiced |= voiced;
        let mut pending = std::mem::take(&mut self.pending);
        let whole = pending.len() / self.packet * self.packet;
        for packet in pending.get(..whole).unwrap_or_default().chunks_exact(self.packet) {
            let voiced = std::mem::replace(&mut self.voiced, voiced);
            self.post(now, packet, voiced, sink);
        }
        pending.drain(..whole);
        self.pending = pending;
    }

    fn post(&mut self, now: Time, payload: &[u8], voiced: bool, sink: &mut impl Sink) {
        let ticks = self.codec.ticks(payload);
        if let Some(stamp) = self.sequencer.frame(now, ticks, payload.len(), voiced) {
            self.send(&self.header(stamp), payload, sink);
        }
    }

    /// Another stream takes over: what waits for a full packet is not sent.
    pub fn drop_pending(&mut self) {
        self.pending.clear();
        self.voiced = false;
    }

    fn silence(&mut self, now: Time, sink: &mut impl Sink) {
        let mut payload = [0; FRAME_SAMPLES];
        self.codec.silence(&mut payload);
        self.frame(now, &payload, false, sink);
    }

    /// A frame in place of a relayed packet that does not come.
    fn fill(&mut self, now: Time, sink: &mut impl Sink) {
        if self.to.is_none() {
            return;
        }
        let mut payload = [0; FRAME_SAMPLES];
        self.codec.silence(&mut payload);
        if let Some(stamp) = self.sequencer.fill(now, self.codec.ticks(&payload), payload.len()) {
            self.send(&self.header(stamp), &payload, sink);
        }
    }
}

#[derive(Debug)]
pub(super) struct Port {
    pub out: Outgoing,
    pub feed: Feed,
    pub player: Option<Player>,
    pub dialer: Dialer,
    /// Slots of the ports to which packets of this one are relayed.
    pub relay_to: Vec<usize>,
    /// How many of the mixer's groups and of the recorders hear this port, and what they hear.
    pub taps: usize,
    pub hearing: Option<Box<Hearing>>,
    pub spec: Box<PortSpec>,
    pub latch: Latch,
    pub digits: Digits,
    pub reception: Reception,
    /// What came in last.
    pub incoming: Option<Codec>,
    /// How many ticks its packets last, and how many in a row lasted another time.
    pub length: u32,
    odd: u32,
    pub rtp_seen: bool,
    /// The last sign of life, once there was one; or when its absence was told.
    pub alive: Option<Time>,
    pub refused: u64,
    /// Of hearings that are over.
    pub late: u64,
    pub report_due: Option<Time>,
    /// Where the peer's RTCP comes from, and when it last did.
    pub rtcp_seen: Option<(SocketAddr, Time)>,
    quality: Told,
    /// How many packets may still go to an address that may be anybody's.
    unproven: u32,
}

/// What was told of a port's quality last.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    due: Option<Time>,
    received: u64,
    lost: u64,
}

impl Port {
    pub fn new(id: PortId, sequencer: Sequencer) -> Self {
        Port {
            out: Outgoing {
                id,
                to: None,
                codec: Codec::Pcmu,
                payload_type: 0,
                packet: FRAME_SAMPLES,
                pending: Vec::new(),
                voiced: false,
                sequencer,
            },
            feed: Feed::Silence,
            player: None,
            dialer: Dialer::default(),
            relay_to: Vec::new(),
            taps: 0,
            hearing: None,
            spec: Box::default(),
            latch: Latch::default(),
            digits: Digits::default(),
            reception: Reception::default(),
            incoming: None,
            length: 0,
            odd: 0,
            rtp_seen: false,
            alive: None,
            refused: 0,
            late: 0,
            report_due: None,
            rtcp_seen: None,
            quality: Told::default(),
            unproven: UNPROVEN_PACKETS,
        }
    }

    /// Settles where packets go, after the wish or the latch has changed.
    pub fn aim(&mut self) {
        let open = self.spec.send && self.spec.start != Start::Wait;
        let to = self.latch.target().filter(|_| open);
        let packet = usize::from(self.spec.ptime.unwrap_or(FRAME.as_millis() as u16)) * SAMPLES_A_MS;
        let packet = packet.clamp(SHORTEST, LONGEST);
        if packet != self.out.packet {
            self.out.packet = packet;
            self.out.drop_pending();
        }
        self.out.to = self.spec.codec.and_then(|(codec, payload_type)| {
            if codec != self.out.codec {
                self.out.drop_pending();
            }
            self.out.codec = codec;
            self.out.payload_type = payload_type;
            to
        });
    }

    /// Whether packets may go where they should. Who never showed that he is there gets a few, and no more from this port.
    pub fn may_send(&self) -> bool {
        self.unproven > 0 || self.latch.is_proven()
    }

    pub fn kind(&self, payload_type: u8) -> Option<Kind> {
        if self.spec.accepts_event == Some(payload_type) {
            return Some(Kind::Event);
        }
        if let Some((codec, _)) = self.spec.codec.filter(|(_, number)| *number == payload_type) {
            return Some(Kind::Sound(codec));
        }
        let agreed = self.spec.accepts.iter().find(|(number, _)| *number == payload_type);
        let event = || (self.spec.telephone_event == Some(payload_type)).then_some(Kind::Event);
        // Comfort noise has a number of its own and is sent by many who never said so.
        let noise = || (payload_type == COMFORT_NOISE).then_some(Kind::Noise);
        agreed.map(|(_, codec)| Kind::Sound(*codec)).or_else(event).or_else(noise)
    }

    /// A packet of so many ticks came. True when the length has changed for good: three in a row.
    pub fn measure(&mut self, ticks: u32) -> bool {
        if ticks == self.length {
            self.odd = 0;
            return false;
        }
        self.odd += 1;
        if self.length != 0 && self.odd < 3 {
            return false;
        }
        self.length = ticks;
        self.odd = 0;
        true
    }

    /// Whether packets of that length are what this phone wants to get.
    pub fn wants_packets_of(&self, ticks: u32) -> bool {
        let wanted = self.spec.ptime.map(|ms| u32::from(ms) * SAMPLES_A_MS as u32);
        ticks == 0 || wanted.is_none_or(|wanted| wanted == ticks)
    }

    /// In which codec its packets come, as far as one can tell.
    pub fn speaks(&self) -> Option<Codec> {
        self.incoming.or(self.spec.codec.map(|(codec, _)| codec)).or(self.spec.accepts.first().map(|(_, codec)| *codec))
    }

    /// The mixer's frame.
    pub fn heard(&self) -> Option<&[i16; FRAME_SAMPLES]> {
        self.hearing.as_ref()?.frame()
    }

    pub fn pull(&mut self, now: Time) {
        if let Some(hearing) = &mut self.hearing {
            hearing.pull(now, self.reception.jitter());
        }
    }

    /// One group or recorder more, or less, hears this port.
    pub fn tapped(&mut self, more: bool) {
        self.taps = if more { self.taps + 1 } else { self.taps.saturating_sub(1) };
        if self.taps == 0 {
            self.deafen();
        } else if self.hearing.is_none() {
            self.hearing = Some(Box::new(Hearing::new(self.speaks().unwrap_or(Codec::Pcmu))));
        }
    }

    /// Nobody needs its sound as samples.
    pub fn deafen(&mut self) {
        self.late += self.hearing.take().map_or(0, |hearing| hearing.late());
    }

    /// The 20 ms are over: sends what is due.
    pub fn frame(&mut self, now: Time, mixer: &Mixer, sink: &mut impl Sink) {
        let playing = self.feed == Feed::Play && self.started(now);
        let sends = self.out.to.is_some() && self.may_send();
        if sends && !self.latch.is_proven() {
            self.unproven -= 1;
        }
        let telling = sends && self.tell_digit(now, sink);
        match self.feed {
            _ if telling || !sends => {}
            Feed::Play if playing => {
                if let Some(payload) = self.player.as_ref().and_then(|player| player.frame(self.out.codec)) {
                    self.out.frame(now, payload, true, sink);
                } else {
                    self.out.silence(now, sink);
                }
            }
            Feed::Silence | Feed::Play => self.out.silence(now, sink),
            Feed::Relay(_) => self.out.fill(now, sink),
            Feed::Mix(group) => {
                if let Some((payload, voiced)) = mixer.payload(group) {
                    self.out.frame(now, payload, voiced, sink);
                }
            }
        }
        if playing && let Some(player) = &mut self.player {
            player.advance();
            if player.ended() {
                sink.event(MediaEvent::Played { port: self.out.id, play: player.play });
            }
        }
    }

    /// Whether a play list may run.
    fn started(&self, now: Time) -> bool {
        match self.spec.start {
            Start::Wait => false,
            Start::Now => true,
            Start::FirstRtpOr(latest) => self.rtp_seen || now >= latest,
        }
    }

    /// Sends a packet of a digit, if one is being told.
    fn tell_digit(&mut self, now: Time, sink: &mut impl Sink) -> bool {
        let Some(payload_type) = self.spec.telephone_event else { return self.sound_digit(now, sink) };
        let Some(pressed) = self.dialer.step() else { return false };
        self.out.drop_pending();
        let stamp = self.out.sequencer.event(now, pressed.begun, pressed.payload.len());
        self.dialer.began(stamp.timestamp);
        if let Some(ticks) = pressed.over {
            self.out.sequencer.event_ended(stamp.timestamp, ticks);
        }
        self.out.send(&Header { payload_type, ..self.out.header(stamp) }, &pressed.payload, sink);
        true
    }

    /// The same as a tone in the sound, for a phone that knows no telephone-events.
    fn sound_digit(&mut self, now: Time, sink: &mut impl Sink) -> bool {
        let Some((code, from)) = self.dialer.sound() else { return false };
        let mut payload = [0; FRAME_SAMPLES];
        let pcm = digit(code, from.into(), FRAME_SAMPLES);
        let length = Encoder::new(self.out.codec).encode(&pcm, &mut payload);
        self.out.frame(now, payload.get(..length).unwrap_or_default(), true, sink);
        true
    }

    /// Where RTCP goes: to where it comes from once the phone proved to be elsewhere than its SDP says.
    pub fn rtcp_to(&self) -> Option<SocketAddr> {
        if self.spec.start == Start::Wait || !self.may_send() {
            return None;
        }
        let target = self.latch.target()?;
        let next = SocketAddr::new(target.ip(), target.port().wrapping_add(1));
        if self.spec.rtcp_mux {
            Some(target)
        } else if self.latch.moved() {
            self.rtcp_seen.map(|(from, _)| from).or(Some(next))
        } else {
            // Another host that the SDP names may be a victim.
            self.spec.rtcp.or(Some(next)).filter(|to| to.ip() == target.ip())
        }
    }

    pub fn send_rtcp(&self, to: SocketAddr, packet: &[u8], sink: &mut impl Sink) {
        if self.spec.rtcp_mux {
            sink.rtp(self.out.id, to, packet);
        } else {
            sink.rtcp(self.out.id, to, packet);
        }
    }

    /// Whether RTCP from there is the phone's: it comes from the host that RTP goes to, and from one port of it.
    pub fn takes_rtcp(&mut self, now: Time, from: SocketAddr) -> bool {
        let known = |(seen, at): (SocketAddr, Time)| seen == from || now.since(at) >= RTCP_MOVES;
        let right = self.latch.knows(from) && self.rtcp_seen.is_none_or(known);
        if right {
            self.rtcp_seen = Some((from, now));
        }
        right
    }

    /// What our reports say of us.
    pub fn sender(&self, now: Time) -> rtp::Sender {
        let sequencer = &self.out.sequencer;
        rtp::Sender {
            ssrc: sequencer.ssrc(),
            ntp: rtp::ntp(now),
            timestamp: sequencer.clock(now),
            // Both counters wrap (RFC 3550 section 6.4.1).
            packets: sequencer.packets() as u32,
            octets: sequencer.octets() as u32,
        }
    }

    /// Whether it has been silent for so long, since it lived or since that was told last.
    pub fn fell_silent(&mut self, now: Time, timeout: Duration) -> bool {
        let silent = self.alive.is_some_and(|alive| now.since(alive) >= timeout) && !timeout.is_zero();
        if silent {
            self.alive = Some(now);
        }
        silent
    }

    pub fn lives(&mut self, now: Time) {
        self.alive = Some(now);
    }

    pub fn stats(&self) -> PortStats {
        let reception = &self.reception;
        let mut stats = PortStats {
            packets_received: reception.received(),
            octets_received: reception.octets(),
            packets_sent: self.out.sequencer.packets(),
            octets_sent: self.out.sequencer.octets(),
            packets_lost: reception.lost(),
            packets_late: self.late + self.hearing.as_ref().map_or(0, |hearing| hearing.late()),
            packets_duplicate: reception.duplicates(),
            packets_refused: self.refused,
            jitter: reception.jitter(),
            round_trip: reception.round_trip(),
            remote: reception.theirs().map(|report| (u64::from(report.lost), rtp::span(report.jitter))),
            mos: None,
            mos_of_late: None,
        };
        stats.mos = self.mos(stats.packets_received, stats.packets_lost + stats.packets_late);
        stats
    }

    /// How it sounds when of these packets so many were not heard.
    fn mos(&self, received: u64, lost: u64) -> Option<f64> {
        let expected = received + lost;
        if expected == 0 {
            return None;
        }
        // Half the way there and back, a packet, and what an ear keeps to bear the jitter.
        let way = self.reception.round_trip().unwrap_or_default() / 2;
        let delay = way + FRAME + FRAME.max(self.reception.jitter() * 2);
        #[allow(clippy::cast_precision_loss)]
        Some(rtp::mos(delay, lost as f64 / expected as f64))
    }

    /// What is worth telling of its quality now, if anything is.
    pub fn quality(&mut self, now: Time) -> Option<PortStats> {
        let due = *self.quality.due.get_or_insert(now + QUALITY);
        let before = self.quality;
        if due > now || self.reception.received() == before.received {
            return None;
        }
        let mut stats = self.stats();
        let lost = stats.packets_lost + stats.packets_late;
        // A packet that was missed may have come since.
        stats.mos_of_late = self.mos(stats.packets_received - before.received, lost.saturating_sub(before.lost));
        self.quality = Told { due: Some(now + QUALITY), received: stats.packets_received, lost };
        Some(stats)
    }
}
