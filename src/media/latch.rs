//! From where a port takes packets, and where it sends them: symmetric RTP that no stranger can move.
//!
//! The SDP says where the phone is, unless a NAT is in between: then its packets come from another port, or another host.
//! The first valid one settles it, and while we still learn, one from a likelier place takes its place. After that only the
//! stream itself can move, once its old address has fallen silent: who goes on with its SSRC and sequence numbers has seen
//! them. A phone that comes back from hold, by its dialog, may have lost its place in the NAT meanwhile and begin a stream of
//! its own: it is followed on the host that it was on.

use crate::time::{Duration, Time};
use std::net::{IpAddr, SocketAddr};

/// After a phone has told a new address, packets from its old one are still under way.
const UNDER_WAY: Duration = Duration::from_secs(1);
/// How long after the SDP, or after the call is up, anybody may be the phone behind its NAT.
const LEARNING: Duration = Duration::from_secs(5);
/// An address that has sent nothing for so long may have been given up by its NAT: ten packets.
const SILENT: Duration = Duration::from_millis(200);
/// Packets that may have been lost on the way from one address to the other.
const CONTINUES: std::ops::RangeInclusive<u16> = 1..=1_000;
/// The address of the SDP may take its place back, in whatever stream, when the other has been silent for so long.
const GIVEN_UP: Duration = Duration::from_secs(2);

/// How likely it is that packets from an address are the phone's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trust {
    /// Anybody's, where the phone is behind a NAT.
    Guess,
    /// From the host that the SDP or the signalling names.
    Host,
    /// From where the SDP says.
    Told,
}

#[derive(Clone, Copy, Debug)]
struct Settled {
    address: SocketAddr,
    trust: Trust,
    heard: Time,
    ssrc: u32,
    seq: u16,
}

impl Settled {
    /// The same phone, by all that can be told behind a NAT.
    fn is_near(&self, trust: Trust, from: SocketAddr) -> bool {
        trust >= Trust::Host && trust >= self.trust || self.address.ip().to_canonical() == from.ip().to_canonical()
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Latch {
    /// What the SDP says.
    expected: Option<SocketAddr>,
    symmetric: bool,
    /// Where the signalling comes from.
    signalled: Option<IpAddr>,
    confirmed: bool,
    learning: Time,
    /// We send there: a phone that holds may be sent nothing.
    sends: bool,
    /// Until when a phone that has held may come back through another hole in its NAT.
    resumed: Time,
    settled: Option<Settled>,
    /// Where it was before, and until when that still counts.
    former: Option<(SocketAddr, Time)>,
    /// Something came from where packets go.
    proven: bool,
}

/// What is wished for of a latch.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Expectation {
    pub remote: Option<SocketAddr>,
    pub symmetric: bool,
    pub signalled: Option<IpAddr>,
    /// The call is up.
    pub confirmed: bool,
    /// We may send there.
    pub sends: bool,
}

impl Latch {
    pub fn expect(&mut self, now: Time, wish: Expectation) {
        self.symmetric = wish.symmetric;
        self.signalled = wish.signalled;
        if wish.sends && !self.sends && self.settled.is_some() {
            self.resumed = now + LEARNING;
        }
        self.sends = wish.sends;
        let up = wish.confirmed && !self.confirmed;
        self.confirmed = wish.confirmed;
        if up || wish.remote != self.expected {
            self.learning = now + LEARNING;
        }
        if wish.remote == self.expected {
            return;
        }
        self.expected = wish.remote;
        self.proven = false;
        if let Some(before) = self.settled.take() {
            if Some(before.address) == wish.remote {
                self.settled = Some(Settled { trust: Trust::Told, ..before });
                self.proven = true;
            } else {
                self.former = Some((before.address, now + UNDER_WAY));
            }
        }
    }

    /// Whether a packet from there counts. `place` is the SSRC and sequence number of a valid one, which may settle the
    /// address.
    pub fn admits(&mut self, now: Time, from: SocketAddr, place: Option<(u32, u16)>) -> bool {
        let Some(expected) = self.expected else { return false };
        if let Some(settled) = &mut self.settled
            && same(settled.address, from)
        {
            if let Some((ssrc, seq)) = place {
                (settled.heard, settled.ssrc, settled.seq) = (now, ssrc, seq);
            }
            return true;
        }
        let Some(trust) = self.trust(now, from, expected) else { return false };
        let Some((ssrc, seq)) = place else {
            // An unknown payload type is a sign of life, and moves nothing.
            return self.settled.is_none() && (trust == Trust::Told || self.is_former(now, from));
        };
        let right = match &self.settled {
            None if self.is_former(now, from) => return true,
            None => true,
            Some(settled) => {
                let silent = now.since(settled.heard);
                let goes_on = settled.ssrc == ssrc && CONTINUES.contains(&seq.wrapping_sub(settled.seq));
                (now < self.learning && trust > settled.trust)
                    || (silent >= SILENT && goes_on && self.symmetric)
                    || (silent >= GIVEN_UP
                        && (trust == Trust::Told || (now < self.resumed && settled.is_near(trust, from))))
            }
        };
        if right {
            let address = if trust == Trust::Told { expected } else { from };
            self.settled = Some(Settled { address, trust, heard: now, ssrc, seq });
            self.proven = true;
        }
        right
    }

    /// Whether it can be the phone at all.
    fn trust(&self, now: Time, from: SocketAddr, expected: SocketAddr) -> Option<Trust> {
        let host = from.ip().to_canonical();
        let is = |ip: IpAddr| ip.to_canonical() == host;
        if same(expected, from) {
            return Some(Trust::Told);
        }
        if self.is_former(now, from) {
            return Some(Trust::Guess);
        }
        if !self.symmetric {
            return None;
        }
        if is(expected.ip()) || self.signalled.is_some_and(is) {
            return Some(Trust::Host);
        }
        // Signalling from the very address of the SDP says that no NAT is in between. Later, a stream that goes on
        // elsewhere is followed all the same.
        let behind_nat = self.signalled.is_none_or(|ip| ip.to_canonical() != expected.ip().to_canonical());
        (self.settled.is_some() || (behind_nat && now < self.learning)).then_some(Trust::Guess)
    }

    fn is_former(&self, now: Time, from: SocketAddr) -> bool {
        self.former.is_some_and(|(former, until)| same(former, from) && now < until)
    }

    /// RTCP comes from the same host; its port is anybody's guess behind a NAT.
    pub fn knows(&self, host: SocketAddr) -> bool {
        self.target().is_some_and(|target| target.ip().to_canonical() == host.ip().to_canonical())
    }

    /// RTCP from the host that packets go to proves as much as RTP.
    pub fn prove(&mut self) {
        self.proven = true;
    }

    /// Whether packets go to somebody who wants them: they come from there, or the signalling does. An address that only
    /// stands in an SDP may be a victim's.
    pub fn is_proven(&self) -> bool {
        let host = |ip: IpAddr| self.expected.is_some_and(|to| to.ip().to_canonical() == ip.to_canonical());
        self.proven || self.signalled.is_none_or(host)
    }

    /// Where packets go. Nowhere before the SDP says so, nor to the address that once meant hold (RFC 2543).
    pub fn target(&self) -> Option<SocketAddr> {
        let settled = self.settled.map(|settled| settled.address);
        settled.or(self.expected).filter(|to| !to.ip().is_unspecified() && to.port() != 0)
    }

    /// Whether packets go elsewhere than the SDP says.
    pub fn moved(&self) -> bool {
        self.settled.is_some_and(|settled| Some(settled.address) != self.expected)
    }
}

/// An IPv4 address may come in IPv6 clothes.
fn same(a: SocketAddr, b: SocketAddr) -> bool {
    a.port() == b.port() && a.ip().to_canonical() == b.ip().to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hosts: 1 is the SDP's, 2 the NAT that the signalling comes through, others are strangers.
    fn at(host: u8, port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, host], port))
    }

    fn millis(n: u64) -> Time {
        Time::from_micros(1_000_000_000 + n * 1000)
    }

    fn wish(remote: SocketAddr, signalled: u8) -> Expectation {
        let signalled = Some(at(signalled, 0).ip());
        Expectation { remote: Some(remote), symmetric: true, signalled, confirmed: true, sends: true }
    }

    /// When, from where, SSRC and sequence number (none: an unknown payload type), and whether it counts.
    type Row = (u64, SocketAddr, Option<(u32, u16)>, bool);

    #[test]
    fn no_stranger_moves_it() {
        let sound = |seq: u16| Some((7, seq));
        let stranger = |seq: u16| Some((666, seq));
        let rows: Vec<(&str, u8, Vec<Row>, SocketAddr)> = vec![
            (
                "as the SDP says",
                1,
                vec![(0, at(1, 10), sound(1), true), (20, at(9, 66), stranger(1), false)],
                at(1, 10),
            ),
            (
                "another port of its host",
                1,
                vec![(0, at(1, 12), sound(1), true), (20, at(1, 14), stranger(1), false)],
                at(1, 12),
            ),
            (
                "no NAT: a stranger who is first is nobody",
                1,
                vec![(0, at(9, 66), stranger(1), false), (9_000, at(9, 66), stranger(2), false)],
                at(1, 10),
            ),
            (
                "behind a NAT: where its signalling comes from",
                2,
                vec![(0, at(2, 4000), sound(1), true), (20, at(9, 66), stranger(1), false)],
                at(2, 4000),
            ),
            (
                "behind a NAT: a stranger who is first gives way to the phone",
                2,
                vec![
                    (0, at(9, 66), stranger(1), true),
                    (20, at(2, 4000), sound(1), true),
                    (40, at(9, 66), stranger(2), false),
                    (60, at(1, 10), sound(2), true),
                    (80, at(2, 4000), sound(3), false),
                ],
                at(1, 10),
            ),
            (
                "behind a NAT: too late for strangers, not for the phone",
                2,
                vec![(6_000, at(9, 66), stranger(1), false), (9_000, at(2, 4000), sound(1), true)],
                at(2, 4000),
            ),
            (
                "an unknown payload type moves nothing",
                2,
                vec![(0, at(2, 4000), None, false), (0, at(1, 10), None, true), (20, at(1, 10), sound(1), true)],
                at(1, 10),
            ),
        ];
        for (case, signalled, packets, target) in rows {
            let mut latch = Latch::default();
            latch.expect(millis(0), wish(at(1, 10), signalled));
            for (ms, from, place, counts) in packets {
                assert_eq!(latch.admits(millis(ms), from, place), counts, "{case}: {from} after {ms} ms");
            }
            assert_eq!(latch.target(), Some(target), "{case}");
        }
        let mut exact = Latch::default();
        exact.expect(millis(0), Expectation { symmetric: false, ..wish(at(1, 10), 1) });
        assert!(!exact.admits(millis(0), at(1, 12), Some((7, 1))), "not symmetric");
        assert!(exact.admits(millis(0), at(1, 10), Some((7, 1))));
    }

    #[test]
    fn only_the_stream_itself_moves_on() {
        for (case, ms, from, place, followed) in [
            ("another address of the NAT, once the old one is silent", 300, at(2, 4002), (7, 60), true),
            ("another network", 300, at(3, 80), (7, 51), true),
            ("while the old one still speaks", 100, at(2, 4002), (7, 60), false),
            ("another stream", 300, at(2, 4002), (8, 51), false),
            ("numbers that do not follow", 300, at(2, 4002), (7, 5_000), false),
            ("numbers of the past", 300, at(2, 4002), (7, 49), false),
            ("the address of the SDP in a stream of its own, at once", 300, at(1, 10), (9, 1), false),
            ("the address of the SDP when nothing else comes", 2_500, at(1, 10), (9, 1), true),
        ] {
            let mut latch = Latch::default();
            latch.expect(millis(0), wish(at(1, 10), 2));
            assert!(latch.admits(millis(100_000), at(2, 4000), Some((7, 50))));
            assert_eq!(latch.admits(millis(100_000 + ms), from, Some(place)), followed, "{case}");
            assert_eq!(latch.target(), Some(if followed { from } else { at(2, 4000) }), "{case}");
        }
    }

    #[test]
    fn a_phone_behind_a_nat_comes_back_from_hold_elsewhere() {
        for (case, held, ms, from, place, followed) in [
            ("another hole of the NAT and another stream", true, 3_000, at(2, 4002), (8, 1), true),
            ("it has never held", false, 3_000, at(2, 4002), (8, 1), false),
            ("while the old one still speaks", true, 1_000, at(2, 4002), (8, 1), false),
            ("long after", true, 9_000, at(2, 4002), (8, 1), false),
            ("a stranger", true, 3_000, at(9, 66), (666, 1), false),
        ] {
            let mut latch = Latch::default();
            latch.expect(millis(0), wish(at(1, 10), 2));
            assert!(latch.admits(millis(100_000), at(2, 4000), Some((7, 50))));
            if held {
                latch.expect(millis(100_000), Expectation { sends: false, ..wish(at(1, 10), 2) });
                latch.expect(millis(102_000), wish(at(1, 10), 2));
            }
            assert_eq!(latch.admits(millis(100_000 + ms), from, Some(place)), followed, "{case}");
        }
    }

    #[test]
    fn a_new_address_begins_anew_and_the_old_one_does_not_take_it_back() {
        let mut latch = Latch::default();
        latch.expect(millis(0), wish(at(1, 10), 1));
        assert!(latch.admits(millis(0), at(1, 10), Some((7, 1))));
        latch.expect(millis(1000), wish(at(1, 20), 1));
        assert!(latch.admits(millis(1000), at(1, 10), Some((7, 2))), "under way");
        assert_eq!(latch.target(), Some(at(1, 20)));
        assert!(latch.admits(millis(1000), at(1, 20), Some((7, 3))));
        assert!(!latch.admits(millis(1000), at(1, 10), Some((7, 4))));
        latch.expect(millis(3000), wish(at(1, 20), 1));
        assert!(!latch.admits(millis(3000), at(1, 90), Some((9, 1))), "the same wish again opens nothing");
    }

    #[test]
    fn an_address_that_only_stands_in_an_sdp_is_not_proven() {
        for (case, signalled, packet, rtcp, proven) in [
            ("nothing came", 2, None, false, false),
            ("the signalling is from there", 1, None, false, true),
            ("sound came", 2, Some(at(1, 10)), false, true),
            ("a report came", 2, None, true, true),
            ("a stranger's sound is his own proof", 2, Some(at(9, 66)), false, true),
        ] {
            let mut latch = Latch::default();
            latch.expect(millis(0), wish(at(1, 10), signalled));
            if let Some(from) = packet {
                latch.admits(millis(10), from, Some((7, 1)));
            }
            if rtcp {
                latch.prove();
            }
            assert_eq!(latch.is_proven(), proven, "{case}");
            latch.expect(millis(20), wish(at(4, 4), signalled));
            assert!(!latch.is_proven(), "{case}: and another address is another victim");
        }
    }

    #[test]
    fn nothing_is_sent_nowhere() {
        let mut latch = Latch::default();
        assert!(!latch.admits(millis(0), at(1, 1), Some((7, 1))));
        for remote in [None, Some(SocketAddr::from(([0, 0, 0, 0], 5004))), Some(at(1, 0))] {
            latch.expect(millis(0), Expectation { remote, ..Expectation::default() });
            assert_eq!(latch.target(), None, "{remote:?}");
        }
    }
}
