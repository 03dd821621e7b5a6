//! What a SIP message costs: reading, typing the headers a call needs, writing.

#![allow(clippy::unwrap_used)]

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use cordboard::sip::{Message, parse};
use criterion::{Criterion, Throughput};

/// An INVITE of 1,410 bytes, as a phone behind two proxies sends it.
fn invite() -> Bytes {
    let head = "INVITE sip:1000@cordboard.lab;transport=udp SIP/2.0\r\n\
        Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-524287-1---b2d1f9e7c36a8054;rport\r\n\
        Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK.kXz3gYb7n;rport=51732;received=203.0.113.9\r\n\
        Max-Forwards: 69\r\n\
        Record-Route: <sip:192.0.2.10:5060;lr;ftag=a73kszlfl>\r\n\
        From: \"Alice Liddell\" <sip:alice@cordboard.lab>;tag=a73kszlfl\r\n\
        To: <sip:1000@cordboard.lab>\r\n\
        Call-ID: 3848276298220188511@198.51.100.7\r\n\
        CSeq: 20 INVITE\r\n\
        Contact: <sip:alice@198.51.100.7:51732;transport=udp>;+sip.instance=\"<urn:uuid:0c67446e-f1a1-11d9-94d3-000a95a0e128>\"\r\n\
        Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, MESSAGE, SUBSCRIBE, INFO, PRACK, UPDATE\r\n\
        Supported: replaces, outbound, gruu, 100rel, timer\r\n\
        Session-Expires: 1800;refresher=uac\r\n\
        Min-SE: 90\r\n\
        User-Agent: Example Softphone/5.2.4 (Debian GNU/Linux)\r\n\
        P-Preferred-Identity: <sip:alice@cordboard.lab>\r\n\
        Accept: application/sdp\r\n\
        Content-Type: application/sdp\r\n";
    let sdp = "v=0\r\no=alice 2890844526 2890844526 IN IP4 198.51.100.7\r\ns=Talk\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n\
        m=audio 49170 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
        a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n";
    // Filled up to the size the yardsticks are given for.
    let rest = 1410 - head.len() - sdp.len() - "Content-Length: 000\r\n\r\n".len() - "a=tool:\r\n".len();
    let sdp = format!("{sdp}a=tool:{}\r\n", "x".repeat(rest));
    let whole = format!("{head}Content-Length: {:03}\r\n\r\n{sdp}", sdp.len());
    assert_eq!(whole.len(), 1410);
    whole.into()
}

/// Via, From, To and CSeq: what every request is asked for.
fn type_four(message: &Message) {
    let headers = message.headers();
    black_box((headers.via().unwrap(), headers.from().unwrap(), headers.to().unwrap(), headers.cseq().unwrap()));
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let datagram = invite();
    let message = parse(datagram.clone()).unwrap();
    let mut group = criterion.benchmark_group("sip");
    group.throughput(Throughput::Bytes(datagram.len() as u64));
    group.bench_function("parse", |b| b.iter(|| parse(black_box(datagram.clone())).unwrap()));
    group.bench_function("type four headers", |b| b.iter(|| type_four(black_box(&message))));
    group.bench_function("parse and type", |b| {
        b.iter(|| {
            let message = parse(black_box(datagram.clone())).unwrap();
            type_four(&message);
            message
        });
    });
    let mut out = BytesMut::with_capacity(2048);
    group.bench_function("print", |b| {
        b.iter(|| {
            out.clear();
            black_box(&message).print(&mut out);
            black_box(out.len())
        });
    });
    group.finish();
    criterion.final_summary();
}
