//! What comes in: strangers, digits, reports, silence.

use super::*;

#[test]
fn no_stranger_moves_a_port() {
    let mut lab = three();
    lab.source(1, hear(&[2]));
    lab.run(200);
    let stranger = address(6666);
    let header = Header { payload_type: 0, marker: false, seq: 1, timestamp: 0, ssrc: 666 };
    lab.wire.rtp.clear();
    lab.inject(2, stranger, header, &[0x80; 160]);
    lab.inject(1, stranger, header, &[0x80; 160]);
    let own = address(30_002);
    lab.inject(1, own, Header { payload_type: 77, ..header }, &[0x80; 160]);
    lab.plane.rtp(lab.wire.now, PortId(1), own, &mut [0; 40], &mut lab.wire);
    assert_eq!(lab.sent(1).len(), 0, "nothing of it is heard");
    lab.run(100);
    assert!(lab.sent(1).iter().all(|out| out.to == own));
    assert_eq!(lab.plane.stats(PortId(1)).unwrap().packets_refused, 3);
    assert_eq!(lab.plane.stats(PortId(2)).unwrap().packets_refused, 1);
}

#[test]
fn a_phone_behind_a_nat_is_followed_and_nobody_else() {
    let mut lab = Lab::new();
    let nat = address(40_000);
    lab.phone(1, 400.0, Codec::Pcmu).address = nat;
    lab.run(200);
    assert_eq!(lab.sent(1).last().unwrap().to, nat);
    // Somebody else says something from another of its ports: nothing goes there.
    let header = Header { payload_type: 0, marker: false, seq: 1, timestamp: 0, ssrc: 666 };
    for _ in 0..50 {
        lab.inject(1, address(40_004), header, &[0x80; 160]);
        lab.run(20);
    }
    assert!(lab.sent(1).iter().skip(20).all(|out| out.to == nat));
    assert_eq!(lab.plane.stats(PortId(1)).unwrap().packets_refused, 50);
    // The NAT gives the stream another port: it is the same stream, and its old port has fallen silent.
    lab.phones.get_mut(&1).unwrap().address = address(40_002);
    lab.run(400);
    assert_eq!(lab.sent(1).last().unwrap().to, address(40_002));
    let refused = lab.plane.stats(PortId(1)).unwrap().packets_refused - 50;
    assert!((9..=11).contains(&refused), "{refused} packets until then");
}

#[test]
fn a_victim_named_in_an_sdp_gets_little() {
    let mut lab = three();
    let elsewhere: std::net::IpAddr = [10, 9, 9, 9].into();
    // Phone 1 signals from another host than it names, and nothing ever comes from there.
    lab.phones.remove(&1);
    lab.set(1, |spec| {
        spec.signalled = Some(elsewhere);
        spec.rtcp = Some(SocketAddr::from(([10, 8, 8, 8], 9)));
    });
    lab.source(1, hear(&[2]));
    lab.run(30_000);
    let sent = lab.sent(1).len();
    assert!((490..=520).contains(&sent), "{sent} packets");
    let reports =
        |lab: &Lab| lab.wire.rtcp.iter().filter(|(port, ..)| port.0 == 1).map(|(_, to, _)| *to).collect::<Vec<_>>();
    assert!(
        reports(&lab).len() <= 4 && !reports(&lab).iter().any(|to| to.ip() != address(1).ip()),
        "{:?}",
        reports(&lab)
    );
    lab.command(MediaCommand::Digits { port: PortId(1), digits: "1".into() });
    lab.run(2_000);
    assert_eq!(lab.sent(1).len(), sent, "nor digits");
    // Then it speaks after all, from where its SDP says.
    let header = Header { payload_type: 0, marker: false, seq: 1, timestamp: 0, ssrc: 1 };
    lab.inject(1, address(30_002), header, &[0x80; 160]);
    lab.run(1_000);
    assert!(lab.sent(1).len() > sent + 45);
}

#[test]
fn digits_come_in_once_and_are_not_relayed() {
    let mut lab = three();
    lab.source(1, hear(&[2]));
    // Held, and still a feature code works.
    lab.set(2, |spec| spec.receive = false);
    lab.run(100);
    lab.wire.rtp.clear();
    for (timestamp, code) in [(1000, 10), (3000, 4), (5000, 1), (7000, 1), (9000, 11)] {
        for (seq, duration) in [(0, 160_u16), (1, 320), (2, 480), (2, 480)] {
            let [high, low] = duration.to_be_bytes();
            let header = Header { payload_type: EVENT, marker: seq == 0, seq, timestamp, ssrc: 5 };
            let end = if duration == 480 { 0x8a } else { 10 };
            lab.inject(2, address(30_004), header, &[code, end, high, low]);
        }
    }
    let digits: String = lab
        .wire
        .events
        .iter()
        .filter_map(|event| match event {
            MediaEvent::Digit { port: PortId(2), digit } => Some(*digit),
            _ => None,
        })
        .collect();
    assert_eq!(digits, "*411#");
    assert_eq!(lab.sent(1).len(), 0);
}

#[test]
fn digits_come_with_our_number_or_with_the_phones() {
    let mut lab = three();
    lab.set(2, |spec| spec.telephone_event = Some(96));
    let digits = |lab: &Lab| lab.wire.events.iter().filter(|event| matches!(event, MediaEvent::Digit { .. })).count();
    for (number, timestamp, count) in [(EVENT, 1000, 1), (96, 3000, 2), (97, 5000, 2)] {
        let header = Header { payload_type: number, marker: true, seq: 1, timestamp, ssrc: 5 };
        lab.inject(2, address(30_004), header, &[5, 0x8a, 1, 0]);
        assert_eq!(digits(&lab), count, "{number}");
    }
}

#[test]
fn reports_go_out_and_are_understood() {
    let mut lab = three();
    lab.source(1, hear(&[2]));
    lab.run(30_000);
    let mine: Vec<_> = lab.wire.rtcp.iter().filter(|(port, ..)| *port == PortId(1)).collect();
    assert!((4..=12).contains(&mine.len()), "{} reports in half a minute", mine.len());
    let (_, to, datagram) = mine.last().unwrap();
    assert_eq!(*to, address(30_003));
    let report = rtp::reports(datagram).unwrap();
    assert_eq!((report.senders.len(), report.reports[0].ssrc, report.reports[0].lost), (1, 1, 0));
    let (ssrc, ntp) = report.senders[0];
    assert_eq!(ssrc, lab.sent(1)[0].header.ssrc);
    // The phone's answer is here 50 ms after our report; it held it for 10.
    let block = rtp::Report { ssrc, last_report: (ntp >> 16) as u32, delay: 655, ..rtp::Report::default() };
    let peer = rtp::Sender { ssrc: 1, ..rtp::Sender::default() };
    let answer = rtp::report(&peer, Some(block), "phone");
    let came = Time::from_micros(((ntp >> 32) - 2_208_988_800) * 1_000_000 + (((ntp & 0xffff_ffff) * 1_000_000) >> 32));
    lab.plane.rtcp(came + MS * 50, PortId(1), address(30_003), &answer);
    let round = lab.plane.stats(PortId(1)).unwrap().round_trip.unwrap();
    assert!((39_000..41_000).contains(&round.as_micros()), "{round:?}");
    // Somebody else's report says nothing of this phone: of another host, of another port, or junk from the right one.
    let refused = lab.plane.stats(PortId(1)).unwrap().packets_refused;
    let later = came + MS * 500;
    for (from, packet) in [
        (SocketAddr::from(([10, 0, 0, 1], 30_003)), answer.as_slice()),
        (address(30_005), &answer),
        (address(30_003), b"junk"),
    ] {
        lab.plane.rtcp(later, PortId(1), from, packet);
    }
    let stats = lab.plane.stats(PortId(1)).unwrap();
    assert_eq!((stats.round_trip, stats.packets_refused), (Some(round), refused + 3));
    // A phone that starts anew sends from another port; its old one is silent by then.
    lab.plane.rtcp(came + Duration::from_secs(21), PortId(1), address(30_005), &answer);
    assert_eq!(lab.plane.stats(PortId(1)).unwrap().packets_refused, refused + 3);
}

#[test]
fn rtcp_shares_the_port_where_that_is_agreed() {
    let mut lab = three();
    lab.set(1, |spec| spec.rtcp_mux = true);
    lab.source(1, hear(&[2]));
    lab.run(20_000);
    assert!(lab.wire.rtcp.iter().all(|(port, ..)| *port != PortId(1)));
    let (_, to, report) = lab.wire.muxed.last().unwrap().clone();
    assert_eq!(to, address(30_002), "where RTP goes");
    let ssrc = rtp::reports(&report).unwrap().senders[0].0;
    let block = rtp::Report { ssrc, lost: 7, jitter: 80, ..rtp::Report::default() };
    let peer = rtp::Sender { ssrc: 1, ..rtp::Sender::default() };
    let mut answer = rtp::report(&peer, Some(block), "phone");
    lab.plane.rtp(lab.wire.now, PortId(1), address(30_002), &mut answer, &mut lab.wire);
    let stats = lab.plane.stats(PortId(1)).unwrap();
    assert_eq!((stats.remote, stats.packets_refused), (Some((7, MS * 10)), 0));
    lab.phones.clear();
    lab.command(MediaCommand::Close { port: PortId(1) });
    assert_eq!(rtp::reports(&lab.wire.muxed.last().unwrap().2).unwrap().gone, [ssrc]);
}

#[test]
fn quality_is_told_every_ten_seconds_and_at_the_end() {
    let mut lab = three();
    lab.run(25_000);
    // Every fifth packet of phone 2 is lost from here on.
    for _ in 0..200 {
        let phone = lab.phones.get_mut(&2).unwrap();
        phone.seq = phone.seq.wrapping_add(1);
        phone.timestamp = phone.timestamp.wrapping_add(160);
        lab.run(80);
    }
    // Phone 1 falls silent: there is nothing new to tell.
    lab.phones.get_mut(&1).unwrap().due = None;
    lab.run(40_000);
    let told = |lab: &Lab, id: u64| -> Vec<PortStats> {
        let quality = |event: &MediaEvent| match event {
            MediaEvent::Quality { port, stats } if port.0 == id => Some(stats.clone()),
            _ => None,
        };
        lab.wire.events.iter().filter_map(quality).collect()
    };
    let (one, two) = (told(&lab, 1), told(&lab, 2));
    assert_eq!((one.len(), two.len()), (5, 8), "in 81 seconds");
    let score = |stats: &PortStats| stats.mos_of_late.unwrap();
    assert!(score(&two[0]) > 4.3 && two[0].packets_lost == 0, "{:?}", two[0]);
    assert!(score(&two[3]) < 2.7, "a fifth is lost: {:?}", two[3]);
    assert!(score(&two[7]) > 4.3, "the last ten seconds were good: {:?}", two[7]);
    assert!(two[7].octets_received == two[7].packets_received * 160 && two[7].octets_sent > 0);
    assert!(score(&one[4]) > 4.3);
    lab.phones.clear();
    lab.command(MediaCommand::Close { port: PortId(2) });
    let Some(MediaEvent::Closed { stats, .. }) = lab.wire.events.last() else { panic!("a last word") };
    assert_eq!(stats.packets_lost, 200);
    assert!((3.0..4.2).contains(&stats.mos.unwrap()), "over all: {stats:?}");
    // A record is written of what was told last: its score and its loss are of the same time.
    let last = two[7].mos.unwrap();
    assert!((last - stats.mos.unwrap()).abs() < 0.1 && two[7].packets_lost == 200, "{:?}", two[7]);
}

#[test]
fn silence_is_told_each_time_the_limit_has_passed() {
    let mut lab = three();
    // Phone 3 never says anything: there is nothing to miss.
    lab.phones.get_mut(&3).unwrap().due = None;
    lab.run(1000);
    for phone in lab.phones.values_mut() {
        phone.due = None;
    }
    lab.run(25_000);
    let told =
        |lab: &Lab, id: u64| lab.wire.events.iter().filter(|e| **e == MediaEvent::Silent { port: PortId(id) }).count();
    assert_eq!((told(&lab, 1), told(&lab, 2), told(&lab, 3)), (2, 2, 0));
    // A report is a sign of life as good as sound; so is being heard again, for whoever was held.
    let report = rtp::report(&rtp::Sender { ssrc: 1, ..rtp::Sender::default() }, None, "phone");
    lab.plane.rtcp(lab.wire.now, PortId(1), address(30_003), &report);
    lab.set(2, |spec| spec.receive = false);
    lab.run(9_000);
    lab.set(2, |spec| spec.receive = true);
    assert_eq!((told(&lab, 1), told(&lab, 2)), (2, 2));
    lab.run(9_000);
    assert_eq!((told(&lab, 1), told(&lab, 2)), (3, 2));
    lab.run(2_000);
    assert_eq!(told(&lab, 2), 3);
}
