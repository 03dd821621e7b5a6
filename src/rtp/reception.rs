//! What came in: loss, order, jitter and round trip of one stream (RFC 3550 sections 6.4.1 and A.1, A.3, A.8).

use super::{CLOCK_RATE, ahead, ntp, rtcp, seq_ahead, ticks};
use crate::time::{Duration, Time};

/// RFC 3550 appendix A.1: a larger jump forward is a restart.
const MAX_DROPOUT: i16 = 3000;
/// And so is one further back than this.
const MAX_MISORDER: i16 = 100;

/// What one packet is to its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    Fresh,
    /// Already here.
    Duplicate,
    /// The first of another stream: a new SSRC, or sequence numbers that begin anew.
    Restart,
    /// Far out of its range; if the next one follows it, the stream has begun anew (appendix A.1).
    Doubtful,
}

impl Arrival {
    /// Whether it is to be heard: once, and not before a restart is proven.
    #[must_use]
    pub fn counts(self) -> bool {
        matches!(self, Arrival::Fresh | Arrival::Restart)
    }
}

#[derive(Clone, Debug, Default)]
pub struct Reception {
    stream: Option<Stream>,
    /// Of streams that ended before this one.
    lost_before: u64,
    received: u64,
    octets: u64,
    duplicates: u64,
    jitter_before: u32,
    round_trip: Option<Duration>,
    /// How our own stream arrives there, in the words of its last report.
    theirs: Option<rtcp::Report>,
    /// The middle 32 bits of the last sender report's NTP time, and when it came.
    report: Option<(u32, Time)>,
}

#[derive(Clone, Debug)]
struct Stream {
    ssrc: u32,
    base: u16,
    max: u16,
    cycles: u32,
    /// The number that would prove a restart.
    restart: Option<u16>,
    received: u32,
    /// Bit n: the packet n before `max` is here.
    window: u64,
    expected_before: u32,
    received_before: u32,
    /// Arrival in ticks less timestamp.
    transit: Option<u32>,
    /// Sixteen times the jitter in ticks.
    jitter: u32,
}

impl Stream {
    fn new(ssrc: u32, seq: u16) -> Self {
        Stream {
            ssrc,
            base: seq,
            max: seq,
            cycles: 0,
            restart: None,
            received: 1,
            window: 1,
            expected_before: 0,
            received_before: 0,
            transit: None,
            jitter: 0,
        }
    }

    fn highest(&self) -> u32 {
        self.cycles.wrapping_add(u32::from(self.max))
    }

    fn expected(&self) -> u32 {
        self.highest().wrapping_sub(u32::from(self.base)).wrapping_add(1)
    }

    /// Appendix A.3; late packets may make it negative, which says nothing.
    fn lost(&self) -> u32 {
        self.expected().saturating_sub(self.received)
    }
}

impl Reception {
    /// A packet came. There is no probation (appendix A.1's `MIN_SEQUENTIAL`): the source's address is proof enough,
    /// and the first word counts.
    pub fn take(&mut self, ssrc: u32, seq: u16, octets: usize) -> Arrival {
        let arrival = self.place(ssrc, seq);
        if arrival.counts() {
            self.octets += octets as u64;
        }
        arrival
    }

    fn place(&mut self, ssrc: u32, seq: u16) -> Arrival {
        let Some(stream) = self.stream.as_mut().filter(|stream| stream.ssrc == ssrc) else {
            return self.restart(ssrc, seq);
        };
        let step = seq_ahead(seq, stream.max);
        if (1..=MAX_DROPOUT).contains(&step) {
            if seq < stream.max {
                stream.cycles = stream.cycles.wrapping_add(1 << 16);
            }
            stream.max = seq;
            stream.window = stream.window.checked_shl(u32::from(step.unsigned_abs())).unwrap_or(0) | 1;
        } else if (-MAX_MISORDER..=0).contains(&step) {
            let bit = 1_u64.checked_shl(u32::from(step.unsigned_abs())).unwrap_or(0);
            if stream.window & bit != 0 {
                self.duplicates += 1;
                return Arrival::Duplicate;
            }
            stream.window |= bit;
        } else if stream.restart == Some(seq) {
            return self.restart(ssrc, seq);
        } else {
            stream.restart = Some(seq.wrapping_add(1));
            return Arrival::Doubtful;
        }
        stream.restart = None;
        stream.received = stream.received.wrapping_add(1);
        self.received += 1;
        Arrival::Fresh
    }

    fn restart(&mut self, ssrc: u32, seq: u16) -> Arrival {
        if let Some(stream) = &self.stream {
            self.lost_before += u64::from(stream.lost());
            self.jitter_before = stream.jitter;
        }
        self.stream = Some(Stream::new(ssrc, seq));
        self.received += 1;
        self.report = None;
        Arrival::Restart
    }

    /// Appendix A.8: how unevenly the packets come. Only sound counts; the packets of one event share a timestamp.
    pub fn time(&mut self, now: Time, timestamp: u32) {
        let Some(stream) = &mut self.stream else { return };
        let transit = ticks(now.since(Time::default())).wrapping_sub(timestamp);
        if let Some(before) = stream.transit.replace(transit) {
            let d = ahead(transit, before).unsigned_abs();
            // A jump of the sender's clock is no jitter.
            if d < CLOCK_RATE {
                stream.jitter = stream.jitter + d - ((stream.jitter + 8) >> 4);
            }
        }
    }

    /// A sender report of this stream came.
    pub fn reported(&mut self, now: Time, ssrc: u32, ntp: u64) {
        if self.stream.as_ref().is_some_and(|stream| stream.ssrc == ssrc) {
            self.report = Some(((ntp >> 16) as u32, now));
        }
    }

    /// The peer tells how our stream arrives, and when our last sender report did (section 6.4.1: A - LSR - DLSR).
    pub fn answered(&mut self, now: Time, report: &rtcp::Report) {
        self.theirs = Some(*report);
        if report.last_report == 0 {
            return;
        }
        let arrived = (ntp(now) >> 16) as u32;
        let round = arrived.wrapping_sub(report.last_report).wrapping_sub(report.delay);
        // More than ten seconds, or less than nothing by rounding, is a peer that counts wrongly.
        if round < 10 << 16 {
            self.round_trip = Some(Duration::from_micros((u64::from(round) * 1_000_000) >> 16));
        }
    }

    /// Our report on it, begun anew with every call.
    pub fn report(&mut self, now: Time) -> Option<rtcp::Report> {
        let stream = self.stream.as_mut()?;
        let expected = stream.expected();
        let interval = expected.wrapping_sub(stream.expected_before);
        let lost = interval.saturating_sub(stream.received.wrapping_sub(stream.received_before));
        stream.expected_before = expected;
        stream.received_before = stream.received;
        let (last_report, delay) = self.report.map_or((0, 0), |(middle, came)| {
            (middle, u32::try_from((now.since(came).as_micros() << 16) / 1_000_000).unwrap_or(u32::MAX))
        });
        Some(rtcp::Report {
            ssrc: stream.ssrc,
            fraction_lost: (u64::from(lost) * 256).checked_div(u64::from(interval)).unwrap_or(0).min(255) as u8,
            // 24 bits (section 6.4.1).
            lost: stream.lost().min(0x7f_ffff),
            highest: stream.highest(),
            jitter: stream.jitter >> 4,
            last_report,
            delay,
        })
    }

    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Payload octets that came in.
    #[must_use]
    pub fn octets(&self) -> u64 {
        self.octets
    }

    #[must_use]
    pub fn duplicates(&self) -> u64 {
        self.duplicates
    }

    #[must_use]
    pub fn theirs(&self) -> Option<&rtcp::Report> {
        self.theirs.as_ref()
    }

    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost_before + self.stream.as_ref().map_or(0, |stream| u64::from(stream.lost()))
    }

    #[must_use]
    pub fn jitter(&self) -> Duration {
        let sixteenths = self.stream.as_ref().map_or(self.jitter_before, |stream| stream.jitter);
        Duration::from_micros(u64::from(sixteenths) * 1_000_000 / 16 / u64::from(CLOCK_RATE))
    }

    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(ms: u64) -> Time {
        Time::from_micros(1_795_363_481_000_000 + ms * 1000)
    }

    #[test]
    fn loss_is_counted_as_appendix_a_3_says() {
        for (case, seqs, received, lost) in [
            ("all there", vec![1, 2, 3, 4], 4, 0),
            ("one lost", vec![1, 2, 4], 3, 1),
            ("one late", vec![1, 2, 4, 3], 4, 0),
            ("one twice", vec![1, 2, 2, 3], 3, 0),
            ("across the wrap", vec![65_534, 65_535, 1], 3, 1),
            ("a restart, proven by the second packet", vec![1, 2, 3, 30_000, 30_001, 30_002], 5, 0),
            ("a stray one", vec![1, 2, 30_000, 3, 4], 4, 0),
        ] {
            let mut reception = Reception::default();
            for seq in seqs {
                reception.take(9, seq, 160);
            }
            assert_eq!((reception.received(), reception.lost()), (received, lost), "{case}");
        }
    }

    #[test]
    fn what_a_packet_is_to_its_stream() {
        use Arrival::{Doubtful, Duplicate, Fresh, Restart};
        let mut reception = Reception::default();
        for (ssrc, seq, arrival) in [
            (1, 100, Restart),
            (1, 101, Fresh),
            (1, 101, Duplicate),
            (1, 103, Fresh),
            (1, 102, Fresh),
            (1, 102, Duplicate),
            (1, 9_000, Doubtful),
            (1, 104, Fresh),
            (2, 104, Restart),
            (2, 50_000, Doubtful),
            (2, 50_001, Restart),
        ] {
            assert_eq!(reception.take(ssrc, seq, 160), arrival, "{ssrc} {seq}");
        }
    }

    #[test]
    fn jitter_follows_appendix_a_8() {
        for (case, late, expected) in
            [("steady", [0, 0], 0..=0), ("every second one 10 ms late", [0, 10], 9_000..=10_200)]
        {
            let mut reception = Reception::default();
            for n in 0..200_u64 {
                reception.take(1, n as u16, 160);
                reception.time(millis(n * 20 + late[(n % 2) as usize]), (n * 160) as u32);
            }
            assert!(expected.contains(&reception.jitter().as_micros()), "{case}: {:?}", reception.jitter());
        }
    }

    #[test]
    fn a_report_tells_the_fraction_since_the_last_one() {
        let mut reception = Reception::default();
        for seq in [1, 2, 4, 5] {
            reception.take(7, seq, 160);
        }
        let first = reception.report(millis(0)).unwrap();
        assert_eq!((first.ssrc, first.fraction_lost, first.lost, first.highest), (7, 51, 1, 5));
        reception.take(7, 6, 160);
        let second = reception.report(millis(0)).unwrap();
        assert_eq!((second.fraction_lost, second.lost), (0, 1));
    }

    #[test]
    fn the_round_trip_is_what_the_reports_leave_over() {
        let mut reception = Reception::default();
        // Sent at 0, 30 ms there, held for 500 ms, 20 ms back.
        let sent = (ntp(millis(0)) >> 16) as u32;
        reception
            .answered(millis(550), &rtcp::Report { last_report: sent, delay: 65_536 / 2, ..rtcp::Report::default() });
        let round = reception.round_trip().unwrap().as_micros();
        assert!((49_900..=50_100).contains(&round), "{round}");
        reception.answered(millis(600), &rtcp::Report::default());
        assert_eq!(reception.round_trip().unwrap().as_micros(), round, "no report, no answer");
    }
}
