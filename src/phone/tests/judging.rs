//! A phone and a script that plays the switch: what it answers, and which broken rules it names.

use super::*;
use crate::rtp;

#[test]
fn registering_answers_the_challenge_and_refreshes() {
    let mut script = Script::new(Some("secret"));
    script.phone.register(script.now);
    let first = script.sent().remove(0);
    assert!(first.starts_with("REGISTER sip:cordboard.lab SIP/2.0"), "{first}");
    script.say(&reply(&first, "401 Unauthorized", CHALLENGE));
    let second = script.sent().remove(0);
    let credentials = header(&second, "Authorization");
    assert!(credentials.contains("nonce=\"n2\"") && credentials.contains("nc=00000001"), "{credentials}");
    assert_eq!((header(&first, "Call-ID"), "2 REGISTER".into()), (header(&second, "Call-ID"), header(&second, "CSeq")));
    let contact = header(&second, "Contact");
    script.say(&reply(&second, "200 OK", &format!("Contact: <sip:x@10.9.9.9>;expires=5, {contact};expires=60\n")));
    assert!(script.phone.is_registered());
    script.later(44_000);
    assert!(script.sent().is_empty());
    script.later(2_000);
    assert!(script.sent().remove(0).starts_with("REGISTER"), "refreshed at three quarters");
    assert_eq!(script.complaints(), "");
}

#[test]
fn a_wrong_password_is_given_up() {
    let mut script = Script::new(Some("wrong"));
    script.phone.register(script.now);
    for asked in [1, 1, 1, 0] {
        let sent = script.sent();
        assert_eq!(sent.len(), asked);
        if let Some(request) = sent.first() {
            script.say(&reply(request, "401 Unauthorized", CHALLENGE));
        }
    }
    assert!(!script.phone.is_registered());
}

#[test]
fn a_challenged_call_is_made_again() {
    let mut script = Script::new(Some("secret"));
    script.phone.call(script.now, "1000");
    let first = script.sent().remove(0);
    let challenge = CHALLENGE.replace("WWW-Authenticate", "Proxy-Authenticate");
    script.say(&reply(&first, "407 Proxy Authentication Required", &challenge));
    let sent = script.sent();
    assert!(sent[0].starts_with("ACK sip:1000@cordboard.lab SIP/2.0"), "{}", sent[0]);
    assert_eq!(header(&sent[0], "CSeq"), "1 ACK");
    assert_eq!(header(&sent[0], "Via"), header(&first, "Via"));
    assert_eq!(header(&sent[1], "CSeq"), "2 INVITE");
    assert!(header(&sent[1], "Proxy-Authorization").contains("response="));
    assert_ne!(header(&sent[1], "Via"), header(&first, "Via"));
    assert_eq!(script.complaints(), "");
}

#[test]
fn rules_that_are_broken_are_named() {
    let held = SDP.replace("sendrecv", "sendonly");
    let (good, stale, jumped) = (held.replace("1 1 IN", "1 2 IN"), held.clone(), held.replace("1 1 IN", "1 9 IN"));
    for (method, branch, cseq, body, fault) in [
        ("INVITE", "3", 2, good.as_str(), ""),
        ("INVITE", "3", 2, SDP, ""),
        ("BYE", "3", 2, "", ""),
        ("INFO", "3", 7, "", ""),
        ("INVITE", "3", 2, stale.as_str(), "version went 1 to 1"),
        ("INVITE", "3", 2, jumped.as_str(), "version went 1 to 9"),
        ("BYE", "3", 1, "", "CSeq of BYE is 1, not above 1"),
        ("BYE", "1", 2, "", "reuses the branch"),
        ("ACK", "3", 9, "", "no INVITE had"),
        ("ACK", "1", 1, "", "has the INVITE's branch"),
    ] {
        let (mut script, tag) = in_call();
        if fault.contains("the INVITE's branch") {
            script = Script::new(None);
            script.say(&request("INVITE", "1", 1, "", SDP));
        }
        script.say(&request(method, branch, cseq, &tag, body));
        let told = script.complaints();
        assert_eq!(fault.is_empty(), told.is_empty(), "{method} {cseq}: {told}");
        assert!(told.contains(fault), "{method} {cseq}: {told}");
    }
}

#[test]
fn broken_messages_are_named() {
    for (from, to, fault) in [
        ("", "", ""),
        ("Max-Forwards: 70\n", "", "without Max-Forwards"),
        ("Contact: <sip:10.0.0.10:5060>\n", "", "without a Contact"),
        (";tag=p1", "", "without a From tag"),
        ("z9hG4bK", "x", "with the branch x1"),
        ("Content-Length: ", "Content-Length: 4", "wrong Content-Length"),
        ("Content-Type: application/sdp\n", "", "no Content-Type"),
        ("Call-ID: c1\n", "", "Call-ID"),
        ("CSeq: 1 INVITE", "CSeq: 1 BYE", "CSeq of BYE"),
        ("sip:john@10.0.0.1:5060", "sip:mary@10.0.0.1:5060", "not our Contact"),
        ("Via", "v", "Via"),
    ] {
        let mut script = Script::new(None);
        let invite = request("INVITE", "1", 1, "", SDP);
        script.say(&if from.is_empty() { invite } else { invite.replacen(from, to, 1) });
        let told = script.complaints();
        assert_eq!(fault.is_empty(), told.is_empty(), "{from}: {told}");
        assert!(told.contains(fault), "{fault}: {told}");
    }
}

#[test]
fn an_answer_without_ack_is_repeated_and_then_hung_up() {
    let mut script = Script::new(None);
    script.say(&request("INVITE", "1", 1, "", SDP));
    script.later(33_000);
    let sent = script.sent();
    let answers = sent.iter().filter(|message| message.starts_with("SIP/2.0 200")).count();
    assert_eq!(answers, 11, "RFC 3261 section 13.3.1.4: at T1, then doubling to T2, for 64*T1");
    assert!(sent.iter().any(|message| message.starts_with("BYE sip:10.0.0.10:5060 SIP/2.0")));
    assert!(script.complaints().contains("no ACK"));
}

#[test]
fn an_offer_in_our_answer_is_answered_in_the_ack() {
    let mut script = Script::new(None);
    script.say(&request("INVITE", "1", 1, "", ""));
    let answer = script.sent().pop().unwrap();
    assert!(answer.contains("m=audio 4000 RTP/AVP 0 8 101"), "{answer}");
    let tag = header(&answer, "To").split_once(';').map(|(_, tag)| format!(";{tag}")).unwrap();
    script.say(&request("ACK", "2", 1, &tag, SDP));
    assert_eq!(script.complaints(), "");
    assert_eq!(script.phone.line(LineId(1)).unwrap().remote_rtp(), Some("10.0.0.10:9000".parse().unwrap()));
}

#[test]
fn who_is_there_is_shown_anew() {
    let (mut script, tag) = in_call();
    let update = request("UPDATE", "3", 2, &tag, "")
        .replace("Max-Forwards", "P-Asserted-Identity: \"Maria\" <sip:maria@cordboard.lab>\nMax-Forwards");
    script.say(&update);
    assert_eq!(script.complaints(), "");
    let shown = script.phone.line(LineId(1)).unwrap().identity().unwrap();
    assert_eq!((shown.name.as_deref(), shown.address.as_str()), (Some("Maria"), "maria@cordboard.lab"));
    assert!(script.sent().iter().any(|message| message.starts_with("SIP/2.0 200")));
}

#[test]
fn what_it_does_not_know_it_refuses() {
    for (method, extra, status) in
        [("REFER", "", "405"), ("OPTIONS", "", "200"), ("OPTIONS", "Require: x-foo\n", "420"), ("BYE", "", "405")]
    {
        let mut script = Script::new(None);
        script.say(&request(method, "1", 1, "", "").replace("Max-Forwards", &format!("{extra}Max-Forwards")));
        let sent = script.sent().pop().unwrap();
        assert!(sent.starts_with(&format!("SIP/2.0 {status}")), "{method}: {sent}");
    }
    let mut script = Script::new(None);
    script.say(&request("BYE", "1", 1, ";tag=gone", ""));
    assert!(script.sent().pop().unwrap().starts_with("SIP/2.0 481"));
}

fn packet(payload_type: u8, seq: u16, timestamp: u32, ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0; rtp::HEADER + 160];
    let header = rtp::Header { payload_type, marker: false, seq, timestamp, ssrc };
    rtp::write(&header, &[0xff; 160], None, &mut packet);
    packet
}

/// Sound is faster than the answer that allows it (RFC 3264 section 5.1), and what was under way arrives (section 8.3).
#[test]
fn sound_in_another_codec_than_agreed_is_named_unless_it_crossed_the_change() {
    for (heard, offers, taken, payload_type, waits, fault) in [
        (true, false, false, 8, 0, "payload type 8"),
        (true, true, false, 8, 0, ""),
        (true, true, true, 8, 0, ""),
        (true, true, true, 0, 0, ""),
        (false, true, true, 0, 0, ""),
        (false, true, true, 9, 0, "payload type 9"),
        (true, true, true, 0, 1900, ""),
        (true, true, true, 0, 2100, "payload type 0"),
    ] {
        let (mut script, _) = in_call();
        let peer = "10.0.0.10:9000".parse().unwrap();
        let line = script.phone.live_line().unwrap();
        if heard {
            script.phone.rtp(script.now, peer, &packet(0, 1, 0, 7));
        }
        if offers {
            script.sent();
            script.phone.offer_codecs(script.now, line, &[Codec::Pcma]);
        }
        if taken {
            let offer = script.sent().pop().unwrap();
            let sdp = SDP.replace("1 1 IN", "1 2 IN").replace("AVP 0", "AVP 8").replace('\n', "\r\n");
            let described = "Contact: <sip:10.0.0.10:5060>\nContent-Type: application/sdp\n";
            let answer = reply(&offer, "200 OK", described);
            script.say(&answer.replace("Length: 0\n\n", &format!("Length: {}\n\n{sdp}", sdp.len())));
        }
        script.now += Duration::from_millis(waits);
        script.phone.rtp(script.now, peer, &packet(payload_type, 2, 160, 7));
        let told = script.complaints();
        assert_eq!(fault.is_empty(), told.is_empty(), "{told}");
        assert!(told.contains(fault), "{told}");
    }
}

/// A phone has one address for all of its lines: sound whose source nobody has named yet is not that of a call which has its own.
#[test]
fn sound_before_the_answer_is_that_of_the_line_which_waits_for_it() {
    let (mut script, _) = in_call();
    let calling = script.phone.call(script.now, "anna");
    script.say(&request("INVITE", "3", 1, "", SDP).replace("c1", "c3").replace("9000", "9002"));
    script.phone.rtp(script.now, "10.0.0.10:9000".parse().unwrap(), &packet(0, 1, 0, 7));
    script.phone.rtp(script.now, "10.0.0.10:9002".parse().unwrap(), &packet(0, 1, 0, 8));
    script.phone.rtp(script.now, "10.0.0.10:9004".parse().unwrap(), &packet(0, 1, 0, 9));
    assert_eq!(script.complaints(), "", "three sources, three lines");
    let heard: Vec<usize> = script.phone.lines().map(|line| line.heard().len()).collect();
    assert_eq!(heard, [1, 1, 1]);
    assert_eq!(script.phone.line(calling).unwrap().heard().len(), 1);
}

#[test]
fn sound_that_breaks_its_own_clock_is_named() {
    for (second, fault) in [
        (packet(0, 2, 160, 7), ""),
        (packet(0, 4, 480, 7), ""),
        (packet(0, 2, 160, 8), "SSRC changed"),
        (packet(0, 2, 0, 7), "went back"),
        (packet(9, 2, 160, 7), "payload type 9 was not agreed"),
        (vec![1, 2, 3], "no RTP"),
    ] {
        let (mut script, _) = in_call();
        let peer = "10.0.0.10:9000".parse().unwrap();
        script.phone.rtp(script.now, peer, &packet(0, 1, 0, 7));
        script.phone.rtp(script.now, peer, &second);
        let told = script.complaints();
        assert_eq!(fault.is_empty(), told.is_empty(), "{told}");
        assert!(told.contains(fault), "{told}");
    }
}
