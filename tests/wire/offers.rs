//! Offers and answers of a phone in a call of the whole switch, wherever they come and whatever is wrong with them.

use super::identity::{CALLEE, CALLER, answer, bridge, invite, line, sent};
use super::world::{World, request, sdp};
use cordboard::engine::Input;
use cordboard::media::MediaEvent;
use cordboard::time::Duration;

const PHONE: &str = "192.0.2.9:5070";
/// The lab's echo.
const ECHO: &str = "sip:9002@192.0.2.1";

struct Phone {
    world: World,
    to: String,
    seq: u32,
}

impl Phone {
    /// Sends a request in the call, and says what comes back: the statuses and requests, and the last body.
    fn send(&mut self, method: &str, body: &str) -> (String, String) {
        if method != "ACK" {
            self.seq += 1;
        }
        let headers = format!("To: {}\nCSeq: {} {method}", self.to, self.seq);
        let text = request(method, ECHO, PHONE, &headers, body);
        self.world.hear(PHONE, text.replace("z9hG4bK1", &format!("z9hG4bK{method}{}", self.seq)).as_bytes());
        let sent = self.world.take();
        if let Some(to) =
            sent.iter().filter_map(|(_, text)| text.lines().find_map(|line| line.strip_prefix("To: "))).next_back()
            && to.contains("tag=")
            && method != "ACK"
        {
            self.to = to.to_owned();
        }
        let short =
            |text: &String| text.trim_start_matches("SIP/2.0 ").split(' ').next().unwrap_or_default().to_owned();
        let body = sent.last().and_then(|(_, text)| text.split_once("\n\n")).map(|(_, body)| body.to_owned());
        (sent.iter().map(|(_, text)| short(text)).collect::<Vec<_>>().join(" "), body.unwrap_or_default())
    }

    fn new() -> Phone {
        Phone { world: World::new(), to: format!("<{ECHO}>"), seq: 0 }
    }

    /// A call that is up.
    fn up() -> Phone {
        let mut phone = Phone::new();
        assert_eq!(phone.send("INVITE", &sdp("192.0.2.9", 4000)).0, "100 200");
        assert_eq!(phone.send("ACK", "").0, "");
        phone
    }
}

fn without_a_common_codec() -> String {
    sdp("192.0.2.9", 4000).replace("RTP/AVP 0", "RTP/AVP 9").replace("0 PCMU", "9 G722")
}

#[test]
fn a_call_needs_an_answer_and_a_call_that_had_one_keeps_it() {
    for (rule, up, answer, wanted) in [
        ("RFC 3261 section 13.2.1: the answer is in the ACK", false, sdp("192.0.2.9", 4000), ""),
        ("section 13.2.2.4: without one there is no call", false, String::new(), "BYE"),
        ("nor with one that does not fit", false, without_a_common_codec(), "BYE"),
        ("section 14: a re-INVITE that comes to nothing leaves the call as it was", true, String::new(), ""),
        ("section 14", true, without_a_common_codec(), ""),
    ] {
        let mut phone = if up { Phone::up() } else { Phone::new() };
        let (statuses, offer) = phone.send("INVITE", "");
        assert_eq!(statuses, "100 200", "{rule}");
        assert!(offer.contains("m=audio ") && offer.contains("RTP/AVP 0 8 101"), "{rule}: {offer}");
        assert_eq!(phone.send("ACK", &answer).0, wanted, "{rule}");
        if wanted.is_empty() {
            // It goes on, with room for the next.
            let (statuses, answer) = phone.send("INVITE", &sdp("192.0.2.9", 4002));
            assert_eq!(statuses, "100 200", "{rule}");
            assert!(answer.contains("a=sendrecv"), "{rule}: {answer}");
        }
    }
}

#[test]
fn offers_in_the_middle_of_a_call() {
    let good = sdp("192.0.2.9", 4004);
    for (rule, method, body, wanted, described) in [
        ("section 14", "INVITE", good.clone(), "100 200", true),
        ("section 14.2: cannot be accepted", "INVITE", without_a_common_codec(), "100 488", false),
        ("RFC 3311 section 5.2", "UPDATE", good.clone(), "200", true),
        ("RFC 3311 section 5.2: cannot be accepted", "UPDATE", without_a_common_codec(), "488", false),
        ("RFC 3311: a refresh", "UPDATE", String::new(), "200", false),
        ("RFC 3262 section 3: of nothing", "PRACK", String::new(), "481", false),
        ("RFC 3264 section 8.2: the stream stops", "INVITE", good.replace("audio 4004", "audio 0"), "100 200", true),
    ] {
        let mut phone = Phone::up();
        let (statuses, answer) = phone.send(method, &body);
        assert_eq!(statuses, wanted, "{rule}");
        assert_eq!(answer.contains("m=audio"), described, "{rule}: {answer}");
        phone.send("ACK", "");
        assert_eq!(phone.send("UPDATE", &good).0, "200", "{rule}: the call goes on");
    }
}

#[test]
fn a_new_invite_overtakes_the_ack_of_the_last() {
    let mut phone = Phone::up();
    assert_eq!(phone.send("INVITE", &sdp("192.0.2.9", 4002)).0, "100 200");
    assert_eq!(phone.send("INVITE", &sdp("192.0.2.9", 4004)).0, "100 200", "it proves that the 200 came");
    assert_eq!(phone.send("ACK", "").0, "");
    // Ours waits for its answer: theirs comes too early.
    assert_eq!(phone.send("INVITE", "").0, "100 200");
    assert_eq!(phone.send("UPDATE", &sdp("192.0.2.9", 4006)).0, "491", "RFC 3311 section 5.2");
    assert_eq!(phone.send("INVITE", &sdp("192.0.2.9", 4006)).0, "491", "RFC 3261 section 14.2");
}

/// RFC 3261 section 12.2.2: a 500 may only say that a later request of ours came first. Then all the phone lacks is told
/// once more; a phone that refuses again is believed.
#[test]
fn an_offer_that_was_overtaken_is_made_once_more() {
    let mut phone = Phone::up();
    let port = *phone.world.ports.first().expect("the caller's port");
    phone.world.input(Input::Media(MediaEvent::BindFailed { port, reason: "in use".to_owned() }));
    let first = sent(&mut phone.world, "INVITE");
    phone.world.hear(PHONE, answer("500 Server Internal Error", &first, "Content-Length: 0\r\n\r\n").as_bytes());
    phone.world.pass(Duration::from_secs(1));
    let second = sent(&mut phone.world, "INVITE");
    let body = |text: &str| text.split_once("\n\n").map(|(_, body)| body.to_owned());
    assert_eq!(body(&first), body(&second));
    phone.world.hear(PHONE, answer("500 Server Internal Error", &second, "Content-Length: 0\r\n\r\n").as_bytes());
    sent(&mut phone.world, "BYE");
}

#[test]
fn a_port_that_moves_before_the_answer_is_told_after_it() {
    for (rule, early, wanted) in [
        ("RFC 3261 section 13.2.1: what was said early stands, so that a re-INVITE says it anew", true, true),
        ("nothing has been said of it: the answer says it", false, false),
    ] {
        let mut world = bridge();
        let theirs = invite("");
        world.hear(CALLER, theirs.as_bytes());
        let ours = sent(&mut world, "INVITE");
        let body = sdp("192.0.2.200", 6000);
        let described = format!(
            "Contact: <sip:uas@{CALLEE}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        if early {
            world.hear(CALLEE, answer("183 Session Progress", &ours, &described).as_bytes());
            assert!(sent(&mut world, "SIP/2.0 183").contains("m=audio "), "{rule}");
        }
        let port = *world.ports.first().expect("the caller's port");
        world.input(Input::Media(MediaEvent::BindFailed { port, reason: "in use".to_owned() }));
        world.hear(CALLEE, answer("200 OK", &ours, &described).as_bytes());
        let ok = sent(&mut world, "SIP/2.0 200");
        let headers = format!("From: {}\nTo: {}\nCSeq: 1 ACK", line(&theirs, "From"), line(&ok, "To"));
        let ack = request("ACK", "sip:77@192.0.2.1", CALLER, &headers, "").replace("z9hG4bK1", "z9hG4bKack");
        world.hear(CALLER, ack.as_bytes());
        let told = world.take().into_iter().filter(|(to, text)| to == CALLER && text.starts_with("INVITE")).next_back();
        assert_eq!(told.is_some(), wanted, "{rule}: {told:?}");
        let port = |text: &str| line(&text.replace("m=audio", "m: audio"), "m").to_owned();
        if let Some((_, text)) = told {
            assert_ne!(port(&text), port(&ok), "{rule}: {text}");
        }
    }
}

/// RFC 3262 section 3: a PRACK that fits is answered 2xx, whatever its offer. What cannot be agreed to is refused stream by
/// stream (RFC 3264 section 6), and the call is offered sound as soon as it is up.
#[test]
fn an_offer_in_a_prack_is_answered_whatever_it_is() {
    let g722 = without_a_common_codec();
    let video =
        g722.replace("m=audio 4000 RTP/AVP 9", "m=video 4000 RTP/AVP 99").replace("a=rtpmap:9 G722/8000\r\n", "");
    for (rule, offer, stream) in
        [("no codec in common", g722, "m=audio 0 RTP/AVP 9"), ("no audio at all", video, "m=video 0 RTP/AVP 99")]
    {
        let mut world = bridge();
        let theirs = invite("\r\nSupported: 100rel");
        world.hear(CALLER, theirs.as_bytes());
        let ours = sent(&mut world, "INVITE");
        let body = sdp("192.0.2.200", 6000);
        let described = format!(
            "Contact: <sip:uas@{CALLEE}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        world.hear(CALLEE, answer("183 Session Progress", &ours, &described).as_bytes());
        let early = sent(&mut world, "SIP/2.0 183");
        let names = format!("From: {}\nTo: {}", line(&theirs, "From"), line(&early, "To"));
        let headers = format!("{names}\nCSeq: 2 PRACK\nRAck: {} 1 INVITE", line(&early, "RSeq"));
        let prack = request("PRACK", "sip:77@192.0.2.1", CALLER, &headers, &offer);
        world.hear(CALLER, prack.replace("z9hG4bK1", "z9hG4bKprack").as_bytes());
        let answered = sent(&mut world, "SIP/2.0 200");
        assert!(answered.contains(stream), "{rule}: {answered}");
        world.hear(CALLEE, answer("200 OK", &ours, &described).as_bytes());
        sent(&mut world, "SIP/2.0 200");
        let ack = request("ACK", "sip:77@192.0.2.1", CALLER, &format!("{names}\nCSeq: 1 ACK"), "");
        world.hear(CALLER, ack.replace("z9hG4bK1", "z9hG4bKack").as_bytes());
        let told = world.take().into_iter().filter(|(to, text)| to == CALLER && text.starts_with("INVITE")).next_back();
        let (_, offered) = told.unwrap_or_else(|| panic!("{rule}: no offer of ours"));
        assert!(offered.contains("RTP/AVP 0 8 101"), "{rule}: {offered}");
        assert!(stream.starts_with("m=audio") || offered.contains(stream), "{rule}: its place stays: {offered}");
    }
}

#[test]
fn a_reliable_response_to_our_re_invite_is_acknowledged() {
    let mut phone = Phone::up();
    let port = *phone.world.ports.first().expect("the caller's port");
    phone.world.input(Input::Media(MediaEvent::BindFailed { port, reason: "in use".to_owned() }));
    let ours = sent(&mut phone.world, "INVITE");
    let body = sdp("192.0.2.9", 4000);
    let described =
        |lines: &str| format!("{lines}Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let reliable = |n: u32| described(&format!("Require: 100rel\r\nRSeq: {n}\r\n"));
    phone.world.hear(PHONE, answer("183 Session Progress", &ours, &reliable(55)).as_bytes());
    let prack = sent(&mut phone.world, "PRACK");
    let invite = line(&ours, "CSeq").trim_end_matches(" INVITE").to_owned();
    assert_eq!(line(&prack, "RAck"), format!("55 {invite} INVITE"), "RFC 3262 section 4");
    phone.world.hear(PHONE, answer("200 OK", &prack, "Content-Length: 0\r\n\r\n").as_bytes());
    for (rule, n) in [("a repetition", 55), ("out of its turn", 57)] {
        phone.world.hear(PHONE, answer("183 Session Progress", &ours, &reliable(n)).as_bytes());
        assert_eq!(phone.world.told(), "", "{rule}");
    }
    // RFC 6337 section 3.1.1: the answer has come, and the 200 need not say it again.
    phone.world.hear(PHONE, answer("200 OK", &ours, "Content-Length: 0\r\n\r\n").as_bytes());
    assert_eq!(phone.world.told(), "ACK");
    phone.world.pass(Duration::from_secs(5));
    assert_eq!(phone.world.told(), "", "all is told");
}
