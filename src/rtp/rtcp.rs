//! RTCP: sender and receiver reports with a name, and goodbyes (RFC 3550 section 6).

use crate::ids::Mint;
use crate::time::{Duration, Time};
use rtcp_types::{
    Bye, Compound, CompoundBuilder, Packet, ReceiverReport, ReportBlock, ReportBlockBuilder, RtcpPacketWriterExt, Sdes,
    SdesChunk, SdesItem, SenderReport,
};

/// Section 6.2: no less between the reports of two parties, whose share of the bandwidth would allow more.
const MINIMUM: Duration = Duration::from_secs(5);
/// Section 6.3.1: e - 3/2. Reconsideration makes the intervals longer than they were meant; this makes up for it.
const COMPENSATION: f64 = 1.218_28;

/// Seconds from 1900 to 1970.
const NTP_EPOCH: u64 = 2_208_988_800;

/// One report block: how a stream arrives (section 6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub ssrc: u32,
    pub fraction_lost: u8,
    pub lost: u32,
    pub highest: u32,
    /// In ticks.
    pub jitter: u32,
    /// The middle 32 bits of the NTP time of the last sender report.
    pub last_report: u32,
    /// Since it came, in 1/65536 s.
    pub delay: u32,
}

/// What a sender tells of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sender {
    pub ssrc: u32,
    pub ntp: u64,
    pub timestamp: u32,
    pub packets: u32,
    pub octets: u32,
}

/// The wall clock as NTP has it: seconds since 1900, and a fraction.
#[must_use]
pub fn ntp(now: Time) -> u64 {
    let (seconds, micros) = (now.micros() / 1_000_000, now.micros() % 1_000_000);
    (seconds.wrapping_add(NTP_EPOCH) << 32) | ((micros << 32) / 1_000_000)
}

/// How long until the next report: between half and one and a half of what is meant, so that parties who began together
/// do not report together; half of that for the first (section 6.3.1).
#[must_use]
pub fn interval(first: bool, mint: &mut Mint) -> Duration {
    let meant = if first { MINIMUM / 2 } else { MINIMUM };
    let micros = meant.as_micros() as u64;
    Duration::from_micros(micros / 2 + mint.below(micros)).div_f64(COMPENSATION)
}

/// Whether a datagram on a port that takes both is RTCP (RFC 5761 section 4): its packet types stand where RTP has the
/// mark and a payload type that RFC 3551 keeps free for this very reason.
#[must_use]
pub fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram, [version, 192..=223, ..] if version >> 6 == 2)
}

/// What is read from one datagram.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reports {
    /// Sender reports, by SSRC with their NTP times.
    pub senders: Vec<(u32, u64)>,
    pub reports: Vec<Report>,
    /// Who said goodbye.
    pub gone: Vec<u32>,
}

/// Reads a datagram; `None` when it is no RTCP. Packets of other types are passed over (section 6.1).
#[must_use]
pub fn reports(datagram: &[u8]) -> Option<Reports> {
    let mut found = Reports::default();
    for packet in Compound::parse(datagram).ok()? {
        match packet {
            Ok(Packet::Sr(sr)) => {
                found.senders.push((sr.ssrc(), sr.ntp_timestamp()));
                found.reports.extend(sr.report_blocks().map(|block| read(&block)));
            }
            Ok(Packet::Rr(rr)) => found.reports.extend(rr.report_blocks().map(|block| read(&block))),
            Ok(Packet::Bye(bye)) => found.gone.extend(bye.ssrcs()),
            Ok(_) => {}
            Err(_) => break,
        }
    }
    Some(found)
}

fn read(block: &ReportBlock<'_>) -> Report {
    Report {
        ssrc: block.ssrc(),
        fraction_lost: block.fraction_lost(),
        // 24 bits with a sign (section 6.4.1): duplicates may outnumber the losses.
        lost: Some(block.cumulative_lost()).filter(|lost| *lost <= 0x7f_ffff).unwrap_or(0),
        highest: block.extended_sequence_number(),
        jitter: block.interarrival_jitter(),
        last_report: block.last_sender_report_timestamp(),
        delay: block.delay_since_last_sender_report_timestamp(),
    }
}

fn block(report: Report) -> ReportBlockBuilder {
    ReportBlock::builder(report.ssrc)
        .fraction_lost(report.fraction_lost)
        .cumulative_lost(report.lost)
        .extended_sequence_number(report.highest)
        .interarrival_jitter(report.jitter)
        .last_sender_report_timestamp(report.last_report)
        .delay_since_last_sender_report_timestamp(report.delay)
}

/// Who never sent anything gives a receiver report instead (section 6.4).
fn compound<'a>(sender: &Sender, report: Option<Report>, name: &'a str) -> CompoundBuilder<'a> {
    let compound = Compound::builder();
    let compound = if sender.packets == 0 {
        let rr = ReceiverReport::builder(sender.ssrc);
        compound.add_packet(match report {
            Some(report) => rr.add_report_block(block(report)),
            None => rr,
        })
    } else {
        let sr = SenderReport::builder(sender.ssrc)
            .ntp_timestamp(sender.ntp)
            .rtp_timestamp(sender.timestamp)
            .packet_count(sender.packets)
            .octet_count(sender.octets);
        compound.add_packet(match report {
            Some(report) => sr.add_report_block(block(report)),
            None => sr,
        })
    };
    // Every compound packet carries the canonical name (section 6.1).
    let chunk = SdesChunk::builder(sender.ssrc).add_item(SdesItem::builder(SdesItem::CNAME, name));
    compound.add_packet(Sdes::builder().add_chunk(chunk))
}

fn bytes(compound: &CompoundBuilder<'_>) -> Vec<u8> {
    let mut out = vec![0; 512];
    let length = compound.write_into(&mut out).unwrap_or(0);
    out.truncate(length);
    out
}

/// The regular report.
#[must_use]
pub fn report(sender: &Sender, report: Option<Report>, name: &str) -> Vec<u8> {
    bytes(&compound(sender, report, name))
}

/// The last one (section 6.6).
#[must_use]
pub fn goodbye(sender: &Sender, report: Option<Report>, name: &str) -> Vec<u8> {
    bytes(&compound(sender, report, name).add_packet(Bye::builder().add_source(sender.ssrc)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: Report = Report {
        ssrc: 9,
        fraction_lost: 12,
        lost: 34,
        highest: 65_600,
        jitter: 5,
        last_report: 0x0102_0304,
        delay: 99,
    };

    #[test]
    fn a_report_is_read_as_it_was_written() {
        let sender = Sender { ssrc: 7, ntp: 0x1234_5678_9abc_def0, timestamp: 1, packets: 2, octets: 320 };
        let read = reports(&report(&sender, Some(BLOCK), "switch@cordboard")).unwrap();
        assert_eq!(read, Reports { senders: vec![(7, sender.ntp)], reports: vec![BLOCK], gone: vec![] });
    }

    #[test]
    fn who_sent_nothing_gives_a_receiver_report() {
        let sender = Sender { ssrc: 7, ..Sender::default() };
        for (block, known) in [(None, vec![]), (Some(BLOCK), vec![BLOCK])] {
            let datagram = goodbye(&sender, block, "x");
            assert_eq!(datagram[1], 201);
            let read = reports(&datagram).unwrap();
            assert_eq!(read, Reports { senders: vec![], reports: known, gone: vec![7] });
        }
    }

    #[test]
    fn reports_are_spread_around_their_interval() {
        let mut mint = Mint::new(1);
        for (first, meant) in [(true, 2.5), (false, 5.0)] {
            let spans: Vec<f64> = (0..2000).map(|_| interval(first, &mut mint).as_secs_f64() * COMPENSATION).collect();
            assert!(spans.iter().all(|span| (meant * 0.5..=meant * 1.5).contains(span)));
            let mean = spans.iter().sum::<f64>() / spans.len() as f64;
            assert!((mean - meant).abs() < meant / 50.0, "{mean}");
        }
    }

    #[test]
    fn rtcp_is_told_from_rtp_on_one_port() {
        let rr = report(&Sender { ssrc: 7, ..Sender::default() }, None, "x");
        for (case, datagram, rtcp) in [
            ("a report", rr.as_slice(), true),
            ("sound", &[0x80, 0, 0, 1][..], false),
            ("sound with a mark", &[0x80, 0x80, 0, 1], false),
            ("telephone-event with a mark", &[0x80, 0x80 | 101, 0, 1], false),
            ("another version", &[0x40, 200, 0, 1], false),
            ("nothing", &[], false),
            ("one byte", &[0x80], false),
        ] {
            assert_eq!(is_rtcp(datagram), rtcp, "{case}");
        }
    }

    #[test]
    fn ntp_time_counts_from_1900() {
        assert_eq!(ntp(Time::from_micros(0)), 2_208_988_800 << 32);
        assert_eq!(ntp(Time::from_micros(1_500_000)), (2_208_988_801 << 32) | (1 << 31));
    }

    #[test]
    fn what_is_no_rtcp_is_refused() {
        for datagram in [&[][..], &[0x80], &[0x40, 200, 0, 0], &[0x80, 200, 0, 9, 0, 0, 0, 0]] {
            assert_eq!(reports(datagram), None);
        }
    }
}
