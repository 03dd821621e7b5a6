//! The Transfer key: what it sends, and how what comes back is judged.

use super::*;

/// What the phone sent by its REFER, and the script in which it did.
fn referring(change: impl Fn(&mut Habits)) -> (Script, String, String) {
    let (mut script, tag) = in_call();
    change(script.phone.habits_mut());
    script.sent();
    let line = script.phone.live_line().unwrap();
    assert!(script.phone.transfer(script.now, line, "sip:maria@10.0.0.10:5060"));
    let sent = script.sent().pop().unwrap();
    (script, tag, sent)
}

fn notify(branch: &str, cseq: u32, tag: &str, state: &str, status: &str) -> String {
    let body = format!("SIP/2.0 {status}\r\n");
    format!(
        "NOTIFY sip:john@10.0.0.1:5060 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.10:5060;branch=z9hG4bK{branch}\n\
         Max-Forwards: 70\nFrom: <sip:1000@cordboard.lab>;tag=p1\nTo: <sip:john@cordboard.lab>{tag}\nCall-ID: c1\n\
         CSeq: {cseq} NOTIFY\nContact: <sip:10.0.0.10:5060>\nEvent: refer\nSubscription-State: {state}\n\
         Content-Type: message/sipfrag;version=2.0\nContent-Length: {}\n\n{body}",
        body.len()
    )
}

const ACCEPTED: &str = "Contact: <sip:10.0.0.10:5060>\n";

#[test]
fn a_transfer_is_asked_for_and_its_progress_told() {
    let (mut script, tag, refer) = referring(|_| {});
    assert!(refer.starts_with("REFER sip:10.0.0.10:5060 SIP/2.0\r\n"), "{refer}");
    assert_eq!(header(&refer, "Refer-To"), "<sip:maria@10.0.0.10:5060>");
    assert_eq!(header(&refer, "Referred-By"), "<sip:john@cordboard.lab>");
    script.say(&reply(&refer, "202 Accepted", ACCEPTED));
    script.say(&notify("7", 2, &tag, "active;expires=60", "100 Trying"));
    script.say(&notify("8", 3, &tag, "terminated;reason=noresource", "200 OK"));
    let answers = script.sent();
    assert!(answers.iter().all(|answer| answer.starts_with("SIP/2.0 200")), "{answers:?}");
    let line = script.phone.lines().next_back().unwrap();
    let told = Transfer { cseq: line.cseq, answered: Some(202), told: vec![100, 200], over: true };
    assert_eq!((line.transfers(), line.state()), (&[told][..], LineState::Up));
    assert_eq!(script.complaints(), "");
}

#[test]
fn a_transferring_phone_hangs_up_when_it_is_its_habit() {
    for (habit, at_202, at_200) in [
        (AfterTransfer::Waits, false, false),
        (AfterTransfer::LeavesAtOnce, true, true),
        (AfterTransfer::LeavesWhenDone, false, true),
    ] {
        let (mut script, tag, refer) = referring(|habits| habits.after_transfer = habit);
        let up = |script: &Script| script.phone.live_line().is_some();
        script.say(&reply(&refer, "202 Accepted", ACCEPTED));
        assert_eq!(up(&script), !at_202, "{habit:?}");
        script.say(&notify("7", 2, &tag, "active", "180 Ringing"));
        assert_eq!(up(&script), !at_202, "{habit:?}");
        script.say(&notify("8", 3, &tag, "terminated", "200 OK"));
        assert_eq!(up(&script), !at_200, "{habit:?}");
        let sent = script.sent();
        assert_eq!(sent.iter().filter(|sent| sent.starts_with("SIP/2.0 200")).count(), 2, "{habit:?}: {sent:?}");
        // The subscription is over with its last NOTIFY.
        script.say(&notify("9", 4, &tag, "active", "180 Ringing"));
        assert!(script.sent().last().unwrap().starts_with("SIP/2.0 481"));
    }
}

#[test]
fn linphone_holds_first_and_leaves_the_port_out() {
    for refused in [false, true] {
        let (mut script, _, hold) = referring(|habits| habits.transfers_like_linphone = true);
        assert!(hold.starts_with("INVITE") && hold.contains("a=sendonly"), "{hold}");
        let sdp = SDP.replace("sendrecv", "recvonly").replace("1 1 IN", "1 2 IN").replace('\n', "\r\n");
        match refused {
            true => script.say(&reply(&hold, "488 Not Acceptable Here", "")),
            false => {
                let taken = reply(&hold, "200 OK", &format!("{ACCEPTED}Content-Type: application/sdp\n"));
                script.say(&taken.replace("Length: 0\n\n", &format!("Length: {}\n\n{sdp}", sdp.len())));
            }
        }
        let refer = script.sent().pop().unwrap();
        assert!(refer.starts_with("REFER"), "{refer}");
        assert_eq!(header(&refer, "Refer-To"), "<sip:maria@10.0.0.10>");
    }
}

#[test]
fn nothing_is_told_where_nothing_was_asked() {
    let (mut script, tag, refer) = referring(|habits| habits.transfers_untold = true);
    assert_eq!((header(&refer, "Refer-Sub"), header(&refer, "Supported")), ("false".into(), "norefersub".into()));
    script.say(&reply(&refer, "202 Accepted", &format!("{ACCEPTED}Refer-Sub: false\n")));
    script.say(&notify("7", 2, &tag, "active", "100 Trying"));
    assert!(script.complaints().contains("over or never was"), "{}", script.complaints());
}

#[test]
fn a_refused_transfer_keeps_the_call_unless_the_dialog_is_gone() {
    for (status, live) in [("403 Forbidden", true), ("603 Decline", true), ("481 Call Does Not Exist", false)] {
        let (mut script, _, refer) = referring(|_| {});
        script.say(&reply(&refer, status, ""));
        assert_eq!(script.phone.live_line().is_some(), live, "{status}");
        let line = script.phone.lines().next_back().unwrap();
        assert!(line.transfers()[0].over && line.transfers()[0].answered.is_some(), "{status}");
    }
}

#[test]
fn bad_notifies_are_named() {
    for (from, to, fault) in [
        ("", "", ""),
        ("Event: refer", "Event: presence", "to which nobody subscribed"),
        ("Event: refer\n", "", "to which nobody subscribed"),
        ("Subscription-State: terminated\n", "", "Subscription-State ``"),
        ("Subscription-State: terminated", "Subscription-State: active", "leaves the subscription open"),
        ("message/sipfrag", "text/plain", "body of type"),
        ("SIP/2.0 200 OK\r", "hello, world!!\r", "without a status line"),
        ("Contact: <sip:10.0.0.10:5060>\n", "", "NOTIFY without a Contact"),
        ("Event: refer", "Event: refer;id=77", "over or never was"),
    ] {
        let (mut script, tag, refer) = referring(|_| {});
        script.say(&reply(&refer, "202 Accepted", ACCEPTED));
        script.say(&notify("7", 2, &tag, "terminated", "200 OK").replace(from, to));
        let told = script.complaints();
        assert_eq!(fault.is_empty(), told.is_empty(), "{fault}: {told}");
        assert!(told.contains(fault), "{fault}: {told}");
    }
}

/// RFC 3515 section 2.4.6: the first REFER that is received needs no name, whichever was sent first.
#[test]
fn all_but_the_first_transfer_are_told_by_name() {
    for (first, fault) in
        [("202 Accepted", "without id="), ("603 Decline", "without id="), ("500 Server Internal Error", ""), ("", "")]
    {
        let (mut script, tag, refer) = referring(|_| {});
        let line = script.phone.live_line().unwrap();
        assert!(script.phone.transfer(script.now, line, "sip:peter@10.0.0.10:5060"));
        let second = script.sent().pop().unwrap();
        if !first.is_empty() {
            script.say(&reply(&refer, first, ACCEPTED));
        }
        if first.starts_with("202") {
            script.say(&notify("7", 2, &tag, "terminated", "486 Busy Here"));
        }
        script.say(&reply(&second, "202 Accepted", ACCEPTED));
        script.say(&notify("8", 3, &tag, "active", "180 Ringing"));
        let told = script.complaints();
        assert_eq!(fault.is_empty(), told.is_empty(), "{first}: {told}");
        assert!(told.contains(fault), "{first}: {told}");
        assert_eq!(script.phone.line(line).unwrap().transfers()[1].told, [180], "{first}");
    }
}

/// John's first line is with Ann, his second one with Bob: the REFER names the second as its other end knows it.
#[test]
fn a_line_is_transferred_to_another_line() {
    let mut net = Net::new(2);
    let (a, b) = net.up();
    let second = net.phones[0].call(net.now, "bob");
    net.run(100);
    let theirs = net.phones[1].live_line().unwrap();
    net.phones[1].answer(net.now, theirs);
    net.run(300);
    assert!(!net.phones[0].transfer_to_line(net.now, a, a), "to itself");
    assert!(net.phones[0].transfer_to_line(net.now, a, second));
    let refer = std::iter::from_fn(|| net.phones[0].poll_output()).find_map(|out| match out {
        PhoneOut::Sip { bytes, .. } => Some(String::from_utf8(bytes).unwrap()),
        _ => None,
    });
    let refer = refer.unwrap();
    let (ours, other) = (net.phones[0].line(second).unwrap(), net.phones[1].line(theirs).unwrap());
    let call = ours.call_id().replace('@', "%40");
    let replaces = format!("Replaces={call}%3Bto-tag%3D{}%3Bfrom-tag%3D{}", other.local_tag, ours.local_tag);
    assert_eq!(header(&refer, "Refer-To"), format!("<sip:bob@10.0.0.2:5060?{replaces}>"));
    assert!(refer.contains(&format!("Call-ID: {}\r\n", net.phones[1].line(b).unwrap().call_id())));
}

#[test]
fn a_call_is_picked_up_by_the_name_of_its_dialog() {
    let mut script = Script::new(None);
    let dialog = DialogName {
        call_id: "c9@x".into(),
        local_tag: "mine".into(),
        remote_tag: "theirs".into(),
        target: "sip:10.0.0.10:5060".into(),
    };
    script.phone.pick_up(script.now, &dialog);
    let invite = script.sent().pop().unwrap();
    assert!(invite.starts_with("INVITE sip:10.0.0.10:5060 SIP/2.0"), "{invite}");
    assert_eq!(header(&invite, "Replaces"), "c9@x;to-tag=theirs;from-tag=mine");
    assert_eq!(header(&invite, "Require"), "replaces");
}
