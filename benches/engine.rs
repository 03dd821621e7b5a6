//! What one call costs the engine, from INVITE to BYE, parsing and printing included, sockets not.

use bytes::Bytes;
use cordboard::config::{self, Source};
use cordboard::engine::{Engine, Input, Output};
use cordboard::media::{MediaCommand, MediaEvent, PortStats};
use cordboard::sip::{self, Link, Transport};
use cordboard::time::{Duration, Time};
use criterion::{Criterion, criterion_group, criterion_main};
use std::sync::Arc;

const SDP: &str = "v=0\r\no=load 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0 101\r\n\
                   a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n";

/// A request of the caller's: the call's number makes it a call of its own.
fn request(method: &str, call: u64, cseq: u32, to_tag: &str, body: &str) -> Bytes {
    let content = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    Bytes::from(format!(
        "{method} sip:9002@127.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:6060;branch=z9hG4bK{call}-{cseq}{method};rport\r\n\
         Max-Forwards: 70\r\nFrom: \"load\" <sip:load@127.0.0.1:6060>;tag=u{call}\r\nTo: <sip:9002@127.0.0.1:5060>{to_tag}\r\n\
         Call-ID: {call}@127.0.0.1\r\nCSeq: {cseq} {method}\r\nContact: <sip:load@127.0.0.1:6060>\r\n{content}Content-Length: {}\r\n\r\n{body}",
        body.len()
    ))
}

struct Caller {
    engine: Engine,
    link: Link,
    now: Time,
    calls: u64,
}

impl Caller {
    fn send(&mut self, bytes: Bytes) {
        let message = sip::parse(bytes).expect("a well-formed request");
        self.engine.handle_input(self.now, Input::Sip { from: self.link, message });
    }

    /// Takes all outputs and gives the To tag of the last 200.
    fn tag(&mut self) -> String {
        let mut tag = String::new();
        while let Some(output) = self.engine.poll_output() {
            if let Output::Media(_, MediaCommand::Close { port }) = output {
                let event = MediaEvent::Closed { port, stats: PortStats::default() };
                self.engine.handle_input(self.now, Input::Media(event));
            } else if let Output::Send { bytes, .. } = output {
                let text = String::from_utf8_lossy(&bytes);
                if text.starts_with("SIP/2.0 200")
                    && let Some(at) = text.find("To: ")
                    && let Some(line) = text[at..].lines().next()
                    && let Some((_, found)) = line.split_once(";tag=")
                {
                    tag = format!(";tag={found}");
                }
            }
        }
        tag
    }

    fn call(&mut self) {
        self.calls += 1;
        let call = self.calls;
        self.now += Duration::from_millis(2);
        self.send(request("INVITE", call, 1, "", SDP));
        let tag = self.tag();
        assert!(!tag.is_empty(), "the call was not answered");
        self.send(request("ACK", call, 1, &tag, ""));
        self.send(request("BYE", call, 2, &tag, ""));
        self.tag();
        self.engine.handle_input(self.now, Input::Wake);
    }
}

fn benches(c: &mut Criterion) {
    let site = Arc::new(config::load(&Source::Lab).expect("the lab"));
    let local = "127.0.0.1:5060".parse().expect("an address");
    let now = Time::from_micros(1_800_000_000_000_000);
    let engine = Engine::new(now, site, 1, vec![(Transport::Udp, local)], 1);
    let link = Link { transport: Transport::Udp, local, remote: "127.0.0.1:6060".parse().expect("an address") };
    let mut caller = Caller { engine, link, now, calls: 0 };
    c.bench_function("a call of one leg: INVITE, ACK, BYE", |b| b.iter(|| caller.call()));
}

criterion_group!(engine, benches);
criterion_main!(engine);
