//! Any RTCP datagram: read or refused, never more found than was there; and every report of ours is read as it was meant.

use cordboard::rtp::{Reception, Report, Sender, goodbye, report, reports};
use cordboard::time::{Duration, Time};

pub fn run(data: &[u8]) {
    let now = Time::from_micros(1_795_363_200_000_000);
    let mut reception = Reception::default();
    if let Some(found) = reports(data) {
        assert!(found.senders.len() * 28 <= data.len() && found.reports.len() * 24 <= data.len());
        assert!(found.gone.len() * 4 <= data.len());
        for (ssrc, ntp) in &found.senders {
            reception.reported(now, *ssrc, *ntp);
        }
        for (number, block) in found.reports.iter().enumerate() {
            let later = now + Duration::from_millis(number as u64 * 7);
            reception.answered(later, block);
            let _ = (reception.round_trip(), reception.report(later));
            reads_back(*block);
        }
    }
    // The same bytes as the fields of a report of ours.
    let mut words = data.chunks_exact(4).map(|four| u32::from_be_bytes([four[0], four[1], four[2], four[3]]));
    let mut word = || words.next().unwrap_or(0);
    let block = Report {
        ssrc: word(),
        fraction_lost: word() as u8,
        // A negative number says that more came than was sent, and is read as none lost.
        lost: word() & 0x007f_ffff,
        highest: word(),
        jitter: word(),
        last_report: word(),
        delay: word(),
    };
    reads_back(block);
}

fn reads_back(block: Report) {
    let sender = Sender { ssrc: 5, ntp: 0x1234_5678_9abc_def0, timestamp: block.jitter, packets: 1, octets: 160 };
    let read = reports(&report(&sender, Some(block), "switch@cordboard")).expect("what we write is read");
    assert_eq!((read.senders, read.reports), (vec![(5, sender.ntp)], vec![block]));
    let silent = Sender { packets: 0, ..sender };
    let read = reports(&goodbye(&silent, Some(block), "switch@cordboard")).expect("what we write is read");
    assert_eq!((read.reports, read.gone), (vec![block], vec![5]));
}
