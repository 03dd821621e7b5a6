//! Tests of offer and answer, a row per rule of RFC 3264; and two negotiators that always end of one mind.

use super::*;
use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};
use proptest::prelude::*;

const BOTH: [(u8, Name); 2] = [(0, Name::Pcmu), (8, Name::Pcma)];

fn local(direction: Direction) -> Local {
    Local { address: "192.0.2.9:4000".parse().unwrap(), codecs: BOTH.to_vec(), telephone_event: true, direction }
}

fn body(lines: &str) -> Vec<u8> {
    let head = "v=0\no=peer 7 3 IN IP4 198.51.100.1\ns=call\nc=IN IP4 198.51.100.1\nt=0 0\n";
    format!("{head}{lines}").trim_end().replace('\n', "\r\n").into_bytes()
}

fn text(body: &[u8]) -> String {
    String::from_utf8(body.to_vec()).unwrap()
}

fn has(body: &[u8], line: &str) -> bool {
    text(body).split("\r\n").any(|each| each == line)
}

fn audio_line(body: &[u8]) -> String {
    text(body).split("\r\n").find(|line| line.starts_with("m=audio")).unwrap().to_owned()
}

#[test]
fn an_offer_says_all_it_must() {
    let offer = Negotiator::new(20).offer(&local(SendRecv));
    assert_eq!(
        text(&offer),
        "v=0\r\no=- 10 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8 101\r\n\
         a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n\
         a=ptime:20\r\na=rtcp-mux\r\na=sendrecv\r\n"
    );
}

/// What is read from an offer, and the audio line of its answer.
#[test]
fn offers_are_read_as_they_stand() {
    let at = |address: &str| address.parse::<SocketAddr>().unwrap();
    let usual = "198.51.100.1:5000";
    for (why, lines, remote, codecs, event, answer) in [
        (
            "static types need no rtpmap",
            "m=audio 5000 RTP/AVP 8 0",
            usual,
            vec![(8, Name::Pcma), (0, Name::Pcmu)],
            None,
            "m=audio 4000 RTP/AVP 8 0",
        ),
        (
            "dynamic numbers are kept",
            "m=audio 5000 RTP/AVP 100 99\na=rtpmap:100 pcma/8000/1\na=rtpmap:99 telephone-event/8000\na=fmtp:99 0-16",
            usual,
            vec![(100, Name::Pcma)],
            Some(99),
            "m=audio 4000 RTP/AVP 100 99",
        ),
        (
            "only what the offer had",
            "m=audio 5000 RTP/AVP 9 111 0\na=rtpmap:9 G722/8000\na=rtpmap:111 opus/48000/2",
            usual,
            vec![(0, Name::Pcmu)],
            None,
            "m=audio 4000 RTP/AVP 0",
        ),
        (
            "an rtpmap beats the static meaning",
            "m=audio 5000 RTP/AVP 0 8\na=rtpmap:0 L16/8000",
            usual,
            vec![(8, Name::Pcma)],
            None,
            "m=audio 4000 RTP/AVP 8",
        ),
        (
            "another clock rate is another codec",
            "m=audio 5000 RTP/AVP 96 8 97\na=rtpmap:96 PCMU/16000\na=rtpmap:97 telephone-event/48000",
            usual,
            vec![(8, Name::Pcma)],
            None,
            "m=audio 4000 RTP/AVP 8",
        ),
        (
            "c= of the stream wins",
            "m=audio 5000 RTP/AVP 0\nc=IN IP4 203.0.113.5",
            "203.0.113.5:5000",
            vec![(0, Name::Pcmu)],
            None,
            "m=audio 4000 RTP/AVP 0",
        ),
        (
            "IPv6",
            "m=audio 5000 RTP/AVP 0\nc=IN IP6 2001:db8::1",
            "[2001:db8::1]:5000",
            vec![(0, Name::Pcmu)],
            None,
            "m=audio 4000 RTP/AVP 0",
        ),
        (
            "unknown attributes are ignored",
            "a=group:BUNDLE 0\nm=audio 5000 RTP/AVP 0\na=mid:0\na=candidate:1 1 udp 1 198.51.100.1 5000 typ host\na=x-foo",
            usual,
            vec![(0, Name::Pcmu)],
            None,
            "m=audio 4000 RTP/AVP 0",
        ),
        (
            "AVPF is answered in kind",
            "m=audio 5000 RTP/AVPF 0\na=rtcp-fb:* trr-int 5000",
            usual,
            vec![(0, Name::Pcmu)],
            None,
            "m=audio 4000 RTP/AVPF 0",
        ),
        (
            "the second audio, when the first does not fit",
            "m=audio 4998 RTP/SAVP 0\nm=audio 5000 RTP/AVP 0",
            usual,
            vec![(0, Name::Pcmu)],
            None,
            "m=audio 0 RTP/SAVP 0",
        ),
    ] {
        let mut we = Negotiator::new(1);
        let (answer_body, agreed) = we.answer(&body(lines), &local(SendRecv)).expect(why);
        assert_eq!(agreed.remote, at(remote), "{why}");
        assert_eq!(agreed.codecs, codecs, "{why}");
        assert_eq!(agreed.telephone_event, event, "{why}");
        assert_eq!(audio_line(&answer_body), answer, "{why}");
        assert_eq!(we.agreed(), Some(&agreed), "{why}");
    }
}

/// RFC 3264 section 6.1 and the hold of RFC 2543.
#[test]
fn directions_are_answered() {
    for (offered, ours, answered, we_do) in [
        ("a=sendrecv", SendRecv, "a=sendrecv", SendRecv),
        ("", SendRecv, "a=sendrecv", SendRecv),
        ("a=sendonly", SendRecv, "a=recvonly", RecvOnly),
        ("a=recvonly", SendRecv, "a=sendonly", SendOnly),
        ("a=inactive", SendRecv, "a=inactive", Inactive),
        ("a=sendrecv", SendOnly, "a=sendonly", SendOnly),
        ("a=sendonly", SendOnly, "a=inactive", Inactive),
        ("a=recvonly", SendOnly, "a=sendonly", SendOnly),
        ("a=recvonly", RecvOnly, "a=inactive", Inactive),
        ("a=sendrecv", Inactive, "a=inactive", Inactive),
        ("c=IN IP4 0.0.0.0", SendRecv, "a=recvonly", RecvOnly),
        ("c=IN IP4 0.0.0.0\na=inactive", SendRecv, "a=inactive", Inactive),
    ] {
        let offer = body(&format!("m=audio 5000 RTP/AVP 0\n{offered}"));
        let (answer, agreed) = Negotiator::new(1).answer(&offer, &local(ours)).unwrap();
        assert!(has(&answer, answered), "{offered} to {ours:?}: {}", text(&answer));
        assert_eq!(agreed.direction, we_do, "{offered} to {ours:?}");
    }
    let session_level = body("a=sendonly\nm=audio 5000 RTP/AVP 0");
    let (answer, agreed) = Negotiator::new(1).answer(&session_level, &local(SendRecv)).unwrap();
    assert!(has(&answer, "a=recvonly"));
    assert_eq!(agreed.remote_direction, SendOnly);
}

#[test]
fn other_streams_are_refused_in_their_places() {
    let offer = body(
        "m=video 6000 RTP/AVP 97\na=rtpmap:97 H264/90000\nm=audio 5000 RTP/AVP 0\nm=audio 5002 RTP/AVP 0\n\
         m=image 6002 udptl t38",
    );
    let mut we = Negotiator::new(1);
    let (answer, _) = we.answer(&offer, &local(SendRecv)).unwrap();
    let lines = |body: &[u8]| {
        text(body).split("\r\n").filter(|line| line.starts_with("m=")).map(str::to_owned).collect::<Vec<_>>()
    };
    let refused = ["m=video 0 RTP/AVP 97", "m=audio 4000 RTP/AVP 0", "m=audio 0 RTP/AVP 0", "m=image 0 udptl t38"];
    assert_eq!(lines(&answer), refused);
    // RFC 3264 section 8: a later offer of ours keeps every place.
    let later = lines(&we.offer(&local(SendRecv)));
    assert_eq!(later, [refused[0], "m=audio 4000 RTP/AVP 0 8 101", refused[2], refused[3]]);
}

#[test]
fn ptime_rtcp_and_time_are_kept() {
    let offer = body("m=audio 5000 RTP/AVP 0\na=ptime:30\na=rtcp:5101 IN IP4 203.0.113.8");
    let offer = text(&offer).replace("t=0 0", "t=2873397496 2873404696");
    let (answer, agreed) = Negotiator::new(1).answer(offer.as_bytes(), &local(SendRecv)).unwrap();
    assert!(has(&answer, "a=ptime:30") && has(&answer, "t=2873397496 2873404696"), "{}", text(&answer));
    assert_eq!((agreed.ptime, agreed.remote_rtcp), (Some(30), "203.0.113.8:5101".parse().unwrap()));
    for (line, port, mux) in [
        ("", 5001, false),
        ("a=rtcp:7000", 7000, false),
        ("a=rtcp:nonsense", 5001, false),
        ("a=rtcp-mux", 5000, true),
        ("a=rtcp:7000\na=rtcp-mux", 5000, true),
    ] {
        let offer = body(&format!("m=audio 5000 RTP/AVP 0\n{line}"));
        let (answer, agreed) = Negotiator::new(1).answer(&offer, &local(SendRecv)).unwrap();
        assert_eq!((agreed.remote_rtcp.port(), agreed.rtcp_mux), (port, mux), "{line}");
        assert_eq!(has(&answer, "a=rtcp-mux"), mux, "RFC 5761 section 5.1.1: only if offered");
    }
    for (lines, ptime) in [
        ("", None),
        ("a=ptime:10", Some(10)),
        ("a=ptime:60", Some(60)),
        ("a=ptime:200", Some(60)),
        ("a=ptime:5", Some(10)),
        ("a=ptime:35", Some(30)),
        ("a=ptime:20.0", Some(20)),
        ("a=ptime:40\na=maxptime:30", Some(30)),
        ("a=maxptime:150", None),
        ("a=maxptime:10", Some(10)),
        ("a=ptime:often", None),
    ] {
        let offer = body(&format!("m=audio 5000 RTP/AVP 0\n{lines}"));
        let (_, agreed) = Negotiator::new(1).answer(&offer, &local(SendRecv)).unwrap();
        assert_eq!(agreed.ptime, ptime, "{lines}");
    }
}

/// Lines that RFC 8866 forbids, and phones send all the same.
#[test]
fn what_phones_write_against_the_grammar_is_read() {
    let usual = "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0 101\r\n\
                 a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:30\r\na=sendonly\r\n";
    for (what, from, to) in [
        ("as it should be", "", ""),
        ("line feeds alone", "\r\n", "\n"),
        ("empty lines", "\r\n", "\r\n\r\n"),
        ("blanks at the ends", "\r\n", " \r\n"),
        ("no name of the session", "s=-\r\n", ""),
        ("an empty one", "s=-", "s="),
        ("no time", "t=0 0\r\n", ""),
        ("half a time", "t=0 0", "t=0"),
        ("no origin", "o=- 1 1 IN IP4 198.51.100.1\r\n", ""),
        ("an origin with blanks in its name", "o=-", "o=John Doe"),
        ("an origin larger than any number", "o=- 1 1", "o=- 99999999999999999999999 -7"),
        ("an origin without a name", "o=- ", "o= "),
        ("a letter that means nothing", "t=0 0", "y=1\r\nt=0 0"),
        ("a line without a letter", "t=0 0", "hello\r\nt=0 0"),
        ("attributes before the time", "t=0 0\r\n", "a=x\r\nt=0 0\r\n"),
        ("the address after the time", "c=IN IP4 198.51.100.1\r\nt=0 0\r\n", "t=0 0\r\nc=IN IP4 198.51.100.1\r\n"),
        ("the address at the very end", "a=sendonly\r\n", "a=sendonly\r\nc=IN IP4 198.51.100.1\r\n"),
        ("the bandwidth after the attributes", "a=sendonly\r\n", "a=sendonly\r\nb=AS:64\r\n"),
        ("a bandwidth that is none", "t=0 0", "b=lots\r\nt=0 0"),
        ("lower case", "c=IN IP4", "c=in ip4"),
        ("capitals", "PCMU/8000", "pcmu/8000"),
        ("blanks in the stream's line", "m=audio 5000 RTP/AVP 0", "m= audio  5000  RTP/AVP  0"),
        ("two ports", "m=audio 5000", "m=audio 5000/2"),
        ("a TTL", "c=IN IP4 198.51.100.1", "c=IN IP4 198.51.100.1/127"),
        ("blanks in an attribute", "a=rtpmap:101 telephone", "a=rtpmap: 101\ttelephone"),
        ("no clock rate", "PCMU/8000", "PCMU"),
        ("an attribute without a name", "t=0 0", "t=0 0\r\na="),
        ("time zones, repeats, keys, phones", "t=0 0", "p=+1\r\nt=0 0\r\nr=7d 1h 0\r\nz=0 0\r\nk=clear:x"),
        ("no end of line at the end", "a=sendonly\r\n", "a=sendonly"),
    ] {
        let offer = usual.replace(from, to);
        let (_, agreed) = Negotiator::new(1).answer(offer.as_bytes(), &local(SendRecv)).expect(what);
        let found = (agreed.remote.to_string(), agreed.codecs, agreed.telephone_event, agreed.direction, agreed.ptime);
        let wanted = ("198.51.100.1:5000".to_owned(), vec![(0, Name::Pcmu)], Some(101), RecvOnly, Some(30));
        assert_eq!(found, wanted, "{what}: {offer}");
    }
}

/// RFC 3264 section 8 wants a version that rises by one. Whether it does or not, what is said counts.
#[test]
fn the_peers_version_does_not_matter() {
    let mut we = Negotiator::new(1);
    for (version, port) in [(5, 5000), (6, 5002), (6, 5004), (3, 5006), (u64::MAX, 5008)] {
        let offer =
            text(&body(&format!("m=audio {port} RTP/AVP 0"))).replace("o=peer 7 3", &format!("o=peer 7 {version}"));
        let (_, agreed) = we.answer(offer.as_bytes(), &local(SendRecv)).unwrap();
        assert_eq!(agreed.remote.port(), port, "version {version}");
    }
}

#[test]
fn what_stands_is_repeated_word_for_word() {
    let mut we = Negotiator::new(1);
    assert_eq!(we.repeat(), None, "nothing stands");
    let (answer, before) =
        we.answer(&body("m=audio 5000 RTP/AVP 8 96\na=rtpmap:96 telephone-event/8000"), &local(SendRecv)).unwrap();
    assert_eq!(we.repeat(), Some(answer.clone()), "RFC 4028 section 7.4");
    assert_eq!(we.accept(&body("m=audio 5000 RTP/AVP 8 96\na=rtpmap:96 telephone-event/8000")), Ok(before));
    assert_eq!(we.repeat(), Some(answer), "and again");
    we.rollback();
    we.answer(&body("m=audio 0 RTP/AVP 8"), &local(SendRecv)).unwrap();
    assert_eq!(we.repeat(), None, "a stream that is stopped is nothing to offer");
}

/// RFC 3264 section 5.1: each sends with the numbers of the other's description.
#[test]
fn each_side_has_its_own_number_for_events() {
    let mut we = Negotiator::new(1);
    assert!(text(&we.offer(&local(SendRecv))).contains("a=rtpmap:101 telephone-event/8000"));
    let agreed = we.accept(&body("m=audio 5000 RTP/AVP 0 96\na=rtpmap:96 telephone-event/8000")).unwrap();
    assert_eq!((agreed.telephone_event, agreed.accepts_event), (Some(96), Some(101)));
    // Ours keeps its meaning.
    assert!(text(&we.offer(&local(SendOnly))).contains("a=rtpmap:101 telephone-event/8000"));
    let agreed = we.accept(&body("m=audio 5000 RTP/AVP 0")).unwrap();
    assert_eq!((agreed.telephone_event, agreed.accepts_event), (None, None));
    let offer = body("m=audio 5000 RTP/AVP 0 97\na=rtpmap:97 telephone-event/8000");
    let (_, agreed) = we.answer(&offer, &local(SendRecv)).unwrap();
    assert_eq!((agreed.telephone_event, agreed.accepts_event), (Some(97), Some(97)));
}

#[test]
fn what_cannot_be_answered_says_why() {
    for (why, offer, error, status) in [
        ("no codec of ours", body("m=audio 5000 RTP/AVP 9 18"), SdpError::NoCodec, 488),
        ("no audio", body("m=video 5000 RTP/AVP 97"), SdpError::NoAudio, 488),
        ("no streams", body(""), SdpError::NoAudio, 488),
        ("encrypted", body("m=audio 5000 RTP/SAVP 0"), SdpError::NoAudio, 488),
        ("stopped from the start", body("m=audio 0 RTP/AVP 0"), SdpError::NoAudio, 488),
        ("a host name", body("m=audio 5000 RTP/AVP 0\nc=IN IP4 host.example"), SdpError::Address, 488),
        ("a group", body("m=audio 5000 RTP/AVP 0\nc=IN IP4 224.2.1.1/127"), SdpError::Address, 488),
        ("a group of IPv6", body("m=audio 5000 RTP/AVP 0\nc=IN IP6 ff15::101"), SdpError::Address, 488),
        ("everybody", body("m=audio 5000 RTP/AVP 0\nc=IN IP4 255.255.255.255"), SdpError::Address, 488),
    ] {
        let found = Negotiator::new(1).answer(&offer, &local(SendRecv)).expect_err(why);
        assert_eq!((&found, found.status()), (&error, status), "{why}");
    }
    for nonsense in [&b""[..], b"\xff\xfe", b"v=0\r\nm=audio", b"hello"] {
        let found = Negotiator::new(1).answer(nonsense, &local(SendRecv)).expect_err("nonsense");
        assert!(matches!(found.status(), 400 | 488), "{found}");
    }
    let latin = [
        &b"v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=caf\xe9\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n"[..],
        b"m=audio 5000 RTP/AVP 0\r\n",
    ]
    .concat();
    assert!(Negotiator::new(1).answer(&latin, &local(SendRecv)).is_ok());
}

#[test]
fn the_version_rises_only_with_the_body() {
    let version = |body: &[u8]| text(body).split("\r\n").nth(1).unwrap().to_owned();
    let mut we = Negotiator::new(2);
    assert_eq!(version(&we.offer(&local(SendRecv))), "o=- 1 1 IN IP4 192.0.2.9");
    we.accept(&body("m=audio 5000 RTP/AVP 0 8 101\na=rtpmap:101 telephone-event/8000")).unwrap();
    assert_eq!(version(&we.offer(&local(SendRecv))), "o=- 1 1 IN IP4 192.0.2.9", "the same again");
    we.rollback();
    assert_eq!(version(&we.offer(&local(SendOnly))), "o=- 1 2 IN IP4 192.0.2.9", "held");
    we.rollback();
    let moved = Local { address: "192.0.2.10:4002".parse().unwrap(), ..local(SendRecv) };
    assert_eq!(version(&we.offer(&moved)), "o=- 1 3 IN IP4 192.0.2.9", "the o= address stays when the media moves");
    we.rollback();
    let held = body("m=audio 5000 RTP/AVP 0\na=sendonly");
    assert_eq!(version(&we.answer(&held, &moved).unwrap().0), "o=- 1 4 IN IP4 192.0.2.9");
    assert_eq!(version(&we.answer(&held, &moved).unwrap().0), "o=- 1 4 IN IP4 192.0.2.9", "the same answer");
}

#[test]
fn answers_are_held_against_the_offer() {
    let cases: [(&str, &str, Result<(Direction, usize), SdpError>); 10] = [
        ("as offered", "m=audio 5000 RTP/AVP 0 8", Ok((SendRecv, 2))),
        ("one of two", "m=audio 5000 RTP/AVP 8", Ok((SendRecv, 1))),
        ("held by the peer", "m=audio 5000 RTP/AVP 0\na=sendonly", Ok((RecvOnly, 1))),
        ("one that was not offered besides", "m=audio 5000 RTP/AVP 9 0", Ok((SendRecv, 1))),
        ("none that was offered", "m=audio 5000 RTP/AVP 9", Err(SdpError::NoCodec)),
        ("refused", "m=audio 0 RTP/AVP 0", Err(SdpError::NoAudio)),
        ("a stream too few", "", Err(SdpError::Violates("another number of streams"))),
        (
            "a stream too many",
            "m=audio 5000 RTP/AVP 0\nm=video 6000 RTP/AVP 97",
            Err(SdpError::Violates("another number of streams")),
        ),
        ("another kind", "m=video 5000 RTP/AVP 0", Err(SdpError::Violates("another kind of stream"))),
        ("another transport", "m=audio 5000 RTP/AVPF 0", Err(SdpError::Violates("another transport"))),
    ];
    for (why, lines, want) in cases {
        let mut we = Negotiator::new(1);
        we.offer(&local(SendRecv));
        let got = we.accept(&body(lines)).map(|agreed| (agreed.direction, agreed.codecs.len()));
        assert_eq!(got, want, "{why}");
        assert_eq!(we.pending(), want.is_err(), "{why}");
    }
}

#[test]
fn an_answer_does_no_more_than_the_offer_allows() {
    for (offered, answered, theirs, ours) in [
        (SendOnly, "a=sendrecv", RecvOnly, SendOnly),
        (SendOnly, "a=sendonly", Inactive, Inactive),
        (RecvOnly, "a=sendrecv", SendOnly, RecvOnly),
        (Inactive, "a=sendrecv", Inactive, Inactive),
        (SendRecv, "a=recvonly", RecvOnly, SendOnly),
    ] {
        let mut we = Negotiator::new(1);
        we.offer(&local(offered));
        let agreed = we.accept(&body(&format!("m=audio 5000 RTP/AVP 0\n{answered}"))).unwrap();
        assert_eq!((agreed.remote_direction, agreed.direction), (theirs, ours), "{offered:?} {answered}");
    }
}

#[test]
fn a_stream_stops_and_comes_back() {
    let mut we = Negotiator::new(1);
    we.answer(&body("m=audio 5000 RTP/AVP 0 96\na=rtpmap:96 telephone-event/8000"), &local(SendRecv)).unwrap();
    let (answer, agreed) = we.answer(&body("m=audio 0 RTP/AVP 0"), &local(SendRecv)).unwrap();
    assert_eq!(audio_line(&answer), "m=audio 0 RTP/AVP 0");
    assert_eq!((agreed.direction, agreed.codecs.len()), (Inactive, 1));
    // The number agreed for telephone-event keeps its meaning.
    assert_eq!(audio_line(&we.offer(&local(SendRecv))), "m=audio 4000 RTP/AVP 0 8 96");
    let stopped = we.accept(&body("m=audio 0 RTP/AVP 0")).unwrap();
    assert_eq!(stopped.direction, Inactive);
}

/// Where an answer is owed, each stream is refused in its place; the next offer has our audio, in its old place or a new one.
#[test]
fn what_must_be_answered_is_declined() {
    for (why, lines, answer, later) in [
        ("no codec", "m=audio 5000 RTP/AVP 9", vec!["m=audio 0 RTP/AVP 9"], vec!["m=audio 4000 RTP/AVP 0 8 101"]),
        (
            "no audio",
            "m=video 5002 RTP/AVP 99",
            vec!["m=video 0 RTP/AVP 99"],
            vec!["m=video 0 RTP/AVP 99", "m=audio 4000 RTP/AVP 0 8 101"],
        ),
        ("nothing", "", vec![], vec!["m=audio 4000 RTP/AVP 0 8 101"]),
    ] {
        let mut we = Negotiator::new(1);
        we.answer(&body("m=audio 5000 RTP/AVP 0"), &local(SendRecv)).unwrap();
        let streams = |body: &[u8]| {
            text(body).split("\r\n").filter(|line| line.starts_with("m=")).map(str::to_owned).collect::<Vec<_>>()
        };
        let declined = we.decline(&body(lines)).unwrap();
        assert_eq!(streams(&declined), answer, "{why}");
        assert_eq!(we.agreed().unwrap().direction, Inactive, "{why}");
        assert!(!we.pending());
        assert_eq!(streams(&we.offer(&local(SendRecv))), later, "{why}");
        assert_eq!(we.decline(&body(lines)), Err(SdpError::Pending), "{why}");
    }
    assert!(matches!(Negotiator::new(1).decline(b"v"), Err(SdpError::Malformed(_))));
}

#[test]
fn glare_and_forks() {
    let mut we = Negotiator::new(1);
    assert_eq!(we.accept(&body("m=audio 5000 RTP/AVP 0")), Err(SdpError::NotOffered));
    we.offer(&local(SendRecv));
    let offer = body("m=audio 5000 RTP/AVP 0");
    assert_eq!(we.answer(&offer, &local(SendRecv)), Err(SdpError::Pending));
    // RFC 3261 section 13.2.2.4: each fork answers the same offer; the last answer read counts.
    for port in [5000, 5002] {
        we.accept(&body(&format!("m=audio {port} RTP/AVP 0"))).unwrap();
        assert_eq!(we.agreed().unwrap().remote.port(), port);
    }
    assert!(we.answer(&offer, &local(SendRecv)).is_ok());
}

fn any_local() -> impl Strategy<Value = Local> {
    let codecs = prop_oneof![
        Just(vec![(0, Name::Pcmu)]),
        Just(vec![(8, Name::Pcma)]),
        Just(BOTH.to_vec()),
        Just(vec![(8, Name::Pcma), (0, Name::Pcmu)]),
        Just(vec![(118, Name::Pcma), (0, Name::Pcmu)]),
    ];
    let direction = prop_oneof![Just(SendRecv), Just(SendOnly), Just(RecvOnly), Just(Inactive)];
    let address = prop_oneof![Just("192.0.2.1"), Just("198.51.100.2"), Just("2001:db8::7")];
    (codecs, direction, any::<bool>(), address, 1024u16..65534).prop_map(
        |(codecs, direction, telephone_event, ip, port)| Local {
            address: SocketAddr::new(ip.parse().unwrap(), port),
            codecs,
            telephone_event,
            direction,
        },
    )
}

/// What must hold between two sides that have finished an exchange.
fn of_one_mind(a: &Negotiator, a_local: &Local, b: &Negotiator, b_local: &Local) {
    let (a, b) = (a.agreed().unwrap(), b.agreed().unwrap());
    assert_eq!((a.remote, b.remote), (b_local.address, a_local.address));
    assert_eq!(a.direction, b.direction.reversed());
    assert!(a.direction.and(a_local.direction) == a.direction && b.direction.and(b_local.direction) == b.direction);
    assert_eq!(a.telephone_event, b.telephone_event);
    assert_eq!((a.rtcp_mux, b.rtcp_mux), (true, true), "both can");
    assert_eq!((a.remote_rtcp, b.remote_rtcp), (a.remote, b.remote));
    for (sender, hearer) in [(a, b), (b, a)] {
        assert!(sender.codecs.iter().all(|codec| hearer.accepts.contains(codec)), "{sender:?} {hearer:?}");
        assert!(!sender.codecs.is_empty());
    }
    assert_eq!(a.codecs[0], b.codecs[0], "both send the same");
}

proptest! {
    #[test]
    fn any_two_sides_end_of_one_mind(rounds in proptest::collection::vec((any_local(), any_local(), any::<bool>()), 1..6)) {
        let (mut a, mut b) = (Negotiator::new(1), Negotiator::new(2));
        for (a_local, b_local, a_offers) in &rounds {
            let (asks, asks_local, says, says_local) = if *a_offers {
                (&mut a, a_local, &mut b, b_local)
            } else {
                (&mut b, b_local, &mut a, a_local)
            };
            let before = (asks.agreed().cloned(), says.agreed().cloned());
            let offer = asks.offer(asks_local);
            match says.answer(&offer, says_local) {
                Ok((answer, _)) => {
                    asks.accept(&answer).unwrap();
                    of_one_mind(asks, asks_local, says, says_local);
                    // A refresh of either side changes nothing at either.
                    let settled = (asks.agreed().cloned(), says.agreed().cloned());
                    let again = says.repeat().unwrap();
                    let same = asks.answer(&again, asks_local).unwrap().0;
                    says.accept(&same).unwrap();
                    of_one_mind(asks, asks_local, says, says_local);
                    let after = (asks.agreed().cloned(), says.agreed().cloned());
                    prop_assert_eq!(settled.0.map(|a| (a.remote, a.direction)), after.0.map(|a| (a.remote, a.direction)));
                    prop_assert_eq!(settled.1.map(|a| (a.remote, a.direction)), after.1.map(|a| (a.remote, a.direction)));
                }
                Err(error) => {
                    prop_assert_eq!(error, SdpError::NoCodec);
                    asks.rollback();
                    prop_assert_eq!((asks.agreed().cloned(), says.agreed().cloned()), before);
                }
            }
        }
    }

    #[test]
    fn no_body_breaks_it(noise in proptest::collection::vec(any::<u8>(), 0..400), cut in 0usize..300) {
        let mut we = Negotiator::new(1);
        let _ = we.answer(&noise, &local(SendRecv));
        let whole = Negotiator::new(3).offer(&local(SendRecv));
        let _ = we.answer(&whole[..cut.min(whole.len())], &local(SendRecv));
        we.rollback();
        we.offer(&local(SendRecv));
        let _ = we.accept(&noise);
    }
}
