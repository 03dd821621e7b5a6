//! What comes in on a port's sockets: relayed at once, kept for the mixer, or an event.

use super::super::command::MediaEvent;
use super::super::hearing::Content;
use super::super::port::Kind;
use super::{Plane, Sink};
use crate::ids::PortId;
use crate::rtp::{self, Incoming, Packet};
use crate::time::Time;
use std::net::SocketAddr;

impl Plane {
    /// A datagram on a port's RTP socket. It is relayed in place, so its bytes are used up.
    pub fn rtp(&mut self, now: Time, id: PortId, from: SocketAddr, datagram: &mut [u8], sink: &mut impl Sink) {
        if rtp::is_rtcp(datagram) {
            return self.rtcp(now, id, from, datagram);
        }
        let Some(slot) = self.slots.get(&id).copied() else { return };
        let Some(port) = self.ports.get_mut(slot).and_then(Option::as_mut) else { return };
        let Ok(packet) = Packet::read(datagram) else {
            port.refused += 1;
            return;
        };
        let kind = port.kind(packet.header.payload_type);
        let target = port.latch.target();
        let place = kind.map(|_| (packet.header.ssrc, packet.header.seq));
        if !port.latch.admits(now, from, place) {
            port.refused += 1;
            return;
        }
        // Comfort noise and the like are signs of life, even if nobody can use them.
        port.lives(now);
        let Some(kind) = kind else {
            port.refused += 1;
            return self.pass_over(id, slot, packet.header.ssrc, packet.header.seq);
        };
        if target != port.latch.target() {
            port.aim();
        }
        if !port.rtp_seen {
            port.rtp_seen = true;
            sink.event(MediaEvent::FirstRtp { port: id });
        }
        let header = packet.header;
        let arrival = port.reception.take(header.ssrc, header.seq, packet.payload.len());
        let codec = match kind {
            Kind::Event => {
                if let Some(digit) = port.digits.hear(header.ssrc, header.timestamp, header.marker, packet.payload) {
                    sink.event(MediaEvent::Digit { port: id, digit });
                }
                return self.pass_over(id, slot, header.ssrc, header.seq);
            }
            Kind::Noise => {
                if let Some(hearing) = port.hearing.as_mut().filter(|_| arrival.counts() && port.spec.receive) {
                    hearing.insert(now, Content::Noise, header.ssrc, header.seq, packet.payload);
                }
                return self.pass_over(id, slot, header.ssrc, header.seq);
            }
            Kind::Sound(codec) => codec,
        };
        if !arrival.counts() {
            return;
        }
        // An empty packet only keeps a NAT open.
        if packet.payload.is_empty() {
            return self.pass_over(id, slot, header.ssrc, header.seq);
        }
        port.reception.time(now, header.timestamp);
        let changed = port.measure(codec.ticks(packet.payload));
        let known = port.speaks();
        port.incoming = Some(codec);
        if changed || known != Some(codec) {
            self.plan_hearers(id);
        }
        let Some(port) = self.ports.get_mut(slot).and_then(Option::as_mut).filter(|port| port.spec.receive) else {
            return;
        };
        if let Some(hearing) = &mut port.hearing {
            hearing.insert(now, Content::Sound(codec), header.ssrc, header.seq, packet.payload);
        }
        if port.relay_to.is_empty() {
            return;
        }
        let incoming = Incoming {
            source: id.0,
            ssrc: header.ssrc,
            seq: header.seq,
            timestamp: header.timestamp,
            marker: header.marker,
            ticks: codec.ticks(packet.payload),
        };
        let place = packet.place();
        let targets = std::mem::take(&mut port.relay_to);
        for target in &targets {
            let Some(target) = self.ports.get_mut(*target).and_then(Option::as_mut) else { continue };
            let Some(to) = target.out.to.filter(|_| !target.dialer.busy() && target.may_send()) else { continue };
            if let Some(stamp) = target.out.sequencer.relay(now, &incoming, place.len())
                && let Some(packet) = rtp::rewrite(datagram, &place, &target.out.header(stamp))
            {
                sink.rtp(target.out.id, to, packet);
            }
        }
        if let Some(port) = self.ports.get_mut(slot).and_then(Option::as_mut) {
            port.relay_to = targets;
        }
    }

    /// Whoever hears this port as it is misses nothing by a packet that is not for him.
    fn pass_over(&mut self, id: PortId, slot: usize, ssrc: u32, seq: u16) {
        let Some(port) = self.ports.get_mut(slot).and_then(Option::as_mut) else { return };
        let targets = std::mem::take(&mut port.relay_to);
        for target in &targets {
            if let Some(target) = self.ports.get_mut(*target).and_then(Option::as_mut) {
                target.out.sequencer.pass_over(id.0, ssrc, seq);
            }
        }
        if let Some(port) = self.ports.get_mut(slot).and_then(Option::as_mut) {
            port.relay_to = targets;
        }
    }

    /// A datagram on a port's RTCP socket.
    pub fn rtcp(&mut self, now: Time, id: PortId, from: SocketAddr, datagram: &[u8]) {
        let Some(port) = self.at(id) else { return };
        let found = rtp::reports(datagram).filter(|_| port.takes_rtcp(now, from));
        let Some(found) = found else {
            port.refused += 1;
            return;
        };
        port.lives(now);
        port.latch.prove();
        for (ssrc, ntp) in found.senders {
            port.reception.reported(now, ssrc, ntp);
        }
        let ours = port.out.sequencer.ssrc();
        for report in found.reports.iter().filter(|report| report.ssrc == ours) {
            port.reception.answered(now, report);
        }
    }
}
