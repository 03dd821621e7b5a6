//! A real switch on loopback under floods from many addresses: calls up go on, agents register, and the flooders get little.

use super::bench::{Sent, credentials, whole, with_sdp};
use cordboard::config::{self, Source};
use cordboard::io::{Options, Switch};
use cordboard::sip::Transport;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(4);

fn start(name: &str) -> Switch {
    let mut site = config::load(&Source::Lab).unwrap_or_else(|faults| panic!("{faults:?}"));
    for (_, listen) in &mut site.sip.listen {
        listen.set_port(0);
    }
    site.http.listen.set_port(0);
    let folder = std::env::temp_dir().join(format!("cordboard-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    site.http.admin_token_file = folder.join("token");
    site.store = None;
    Switch::start(Arc::new(site), Options { seed: Some(7), media_threads: Some(1) }).unwrap()
}

fn at(switch: &Switch, wanted: Transport) -> SocketAddr {
    switch.sip().iter().find(|(transport, _)| *transport == wanted).unwrap().1
}

fn socket(ip: &str, patience: Duration) -> UdpSocket {
    let socket = UdpSocket::bind(format!("{ip}:0")).unwrap();
    socket.set_read_timeout(Some(patience)).unwrap();
    socket
}

fn request(method: &str, at: SocketAddr, n: u32, from: &str, to: &str, extra: &str) -> String {
    let uri = if method == "REGISTER" { "sip:cordboard.lab".to_owned() } else { format!("sip:{to}@cordboard.lab") };
    format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bK{method}{n};rport\r\n\
         From: <sip:{from}>;tag=t{n}\r\nTo: <sip:{to}@cordboard.lab>\r\nCall-ID: c{n}-{method}@{at}\r\n\
         CSeq: {n} {method}\r\nMax-Forwards: 70\r\nContact: <sip:x@{at}>\r\n{extra}"
    )
}

/// Sends until told to stop, some thousand messages a second, and reads what comes back: how many of each.
fn flood(
    ip: &str,
    to: SocketAddr,
    stop: &Arc<AtomicBool>,
    make: impl Fn(SocketAddr, u32) -> String + Send + 'static,
) -> std::thread::JoinHandle<(u32, u32)> {
    let (socket, stop) = (socket(ip, LONG), Arc::clone(stop));
    socket.set_nonblocking(true).unwrap();
    std::thread::spawn(move || {
        let me = socket.local_addr().unwrap();
        let (mut sent, mut heard) = (0, 0);
        let mut buffer = [0; 4096];
        while !stop.load(Ordering::Relaxed) {
            for _ in 0..10 {
                sent += 1;
                let _full = socket.send_to(make(me, sent).as_bytes(), to);
            }
            while socket.recv(&mut buffer).is_ok() {
                heard += 1;
            }
            std::thread::sleep(Duration::from_millis(4));
        }
        (sent, heard)
    })
}

/// Sends as a phone does, again every half second, until the final answer comes.
fn ask(socket: &UdpSocket, to: SocketAddr, text: &str) -> Sent {
    let begin = Instant::now();
    let mut buffer = [0; 65_536];
    while begin.elapsed() < LONG {
        socket.send_to(text.as_bytes(), to).unwrap();
        while let Ok(length) = socket.recv(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let answer = Sent { to, text };
            if answer.text.starts_with("SIP/2.0 ") && !answer.status().starts_with('1') {
                return answer;
            }
        }
    }
    panic!("no answer to {text}");
}

fn register(ip: &str, to: SocketAddr, user: &str) -> Sent {
    let socket = socket(ip, Duration::from_millis(500));
    let me = socket.local_addr().unwrap();
    let from = format!("{user}@cordboard.lab");
    let challenge = ask(&socket, to, &whole(&request("REGISTER", me, 1, &from, user, "")));
    let proof = credentials(&challenge, "REGISTER", user, user, "sip:cordboard.lab");
    ask(&socket, to, &whole(&request("REGISTER", me, 2, &from, user, &proof)))
}

/// A guest's call to the echo.
struct Call {
    sip: UdpSocket,
    rtp: UdpSocket,
    media: SocketAddr,
    tag: String,
}

impl Call {
    fn up(ip: &str, to: SocketAddr) -> Call {
        let (sip, rtp) = (socket(ip, Duration::from_millis(500)), socket(ip, Duration::from_millis(15)));
        let me = sip.local_addr().unwrap();
        let port = rtp.local_addr().unwrap().port().to_string();
        let invite = with_sdp(&request("INVITE", me, 1, "guest@example.com", "9002", ""), &me.to_string());
        let answer = ask(&sip, to, &invite.replace("30000", &port));
        assert_eq!(answer.status(), "200", "{answer:?}");
        let port = answer.text.lines().find_map(|line| line.strip_prefix("m=audio ")).unwrap();
        let port: u16 = port.split(' ').next().unwrap().parse().unwrap();
        let tag = answer.header("To").unwrap().split_once(";tag=").unwrap().1.to_owned();
        let call = Call { sip, rtp, media: SocketAddr::from(([127, 0, 0, 1], port)), tag };
        call.sip.send_to(call.inside("ACK", 1).as_bytes(), to).unwrap();
        call
    }

    fn inside(&self, method: &str, n: u32) -> String {
        let me = self.sip.local_addr().unwrap();
        let text = request(method, me, n, "guest@example.com", "9002", "");
        let text =
            text.replace("To: <sip:9002@cordboard.lab>", &format!("To: <sip:9002@cordboard.lab>;tag={}", self.tag));
        whole(&text.replace(&format!(";tag=t{n}"), ";tag=t1").replace(&format!("c{n}-{method}@"), "c1-INVITE@"))
    }

    /// Talks for so long; how many of its packets were sent and came back.
    fn talk(&self, long: Duration) -> (u32, u32) {
        let (begin, mut sent, mut heard) = (Instant::now(), 0_u16, 0);
        let mut buffer = [0; 2048];
        while begin.elapsed() < long {
            let mut packet = vec![0x80, 0];
            packet.extend(sent.to_be_bytes());
            packet.extend((u32::from(sent) * 160).to_be_bytes());
            packet.extend(0x1234_5678_u32.to_be_bytes());
            packet.extend([0x35; 160]);
            self.rtp.send_to(&packet, self.media).unwrap();
            sent += 1;
            let next = begin + Duration::from_millis(20) * u32::from(sent);
            while Instant::now() < next {
                if let Ok(length) = self.rtp.recv(&mut buffer) {
                    heard += u32::from(buffer[12..length].iter().all(|sample| *sample == 0x35));
                }
            }
        }
        (u32::from(sent), heard)
    }
}

#[test]
fn floods_cost_the_flooders() {
    let switch = start("flood");
    let udp = at(&switch, Transport::Udp);
    let call = Call::up("127.0.0.1", udp);
    assert_eq!(register("127.0.0.10", udp, "maria").status(), "200");
    // The doors learn who is known.
    call.talk(Duration::from_millis(1_500));
    let stop = Arc::new(AtomicBool::new(false));
    let floods = [
        ("junk", flood("127.0.0.2", udp, &stop, |_, n| format!("{n} is no SIP message"))),
        ("broken", flood("127.0.0.3", udp, &stop, |me, n| request("OPTIONS", me, n, "x@y", "1", "CSeq: x\r\n\r\n"))),
        ("INVITE", flood("127.0.0.4", udp, &stop, |me, n| whole(&request("INVITE", me, n, "x@y", "john", "")))),
        (
            "calls",
            flood("127.0.0.5", udp, &stop, |me, n| {
                with_sdp(&request("INVITE", me, n, "x@y", "9001", ""), &me.to_string())
            }),
        ),
        (
            "REGISTER",
            flood("127.0.0.6", udp, &stop, |me, n| {
                whole(&request("REGISTER", me, n, "john@cordboard.lab", "john", ""))
            }),
        ),
        ("OPTIONS", flood("127.0.0.7", udp, &stop, |me, n| whole(&request("OPTIONS", me, n, "x@y", "1000", "")))),
        ("BYE", flood("127.0.0.8", udp, &stop, |me, n| whole(&request("BYE", me, n, "x@y", "1000", "")))),
    ];
    let talking = std::thread::spawn(move || (call.talk(LONG), call));
    std::thread::sleep(Duration::from_millis(500));
    // One whose address is new, one whose is known, and one more phone where a call is up.
    for (ip, user) in [("127.0.0.9", "john"), ("127.0.0.10", "maria"), ("127.0.0.1", "peter")] {
        assert_eq!(register(ip, udp, user).status(), "200", "{user}");
    }
    let ((sent, heard), call) = talking.join().unwrap();
    // All of this runs in one process, unoptimised, beside whatever else tests here: that the call goes on, not how well.
    assert!(heard * 2 >= sent, "{heard} of {sent} packets of the call came back");
    let bye = ask(&call.sip, udp, &call.inside("BYE", 2));
    assert_eq!(bye.status(), "200", "{bye:?}");
    stop.store(true, Ordering::Relaxed);
    for (what, flood) in floods {
        let (sent, heard) = flood.join().unwrap();
        // A burst of 500, then 200 a second for some six seconds; an INVITE has two answers, and the last is repeated.
        assert!(heard <= 8_000, "{what}: {heard} answers to {sent}");
        assert!(heard < sent, "{what}: {heard} answers to {sent}");
        eprintln!("{what}: {sent} sent, {heard} answered");
    }
}

#[test]
fn a_phone_from_a_new_address_registers_among_very_many_strangers() {
    let switch = start("strangers");
    let udp = at(&switch, Transport::Udp);
    let stop = Arc::new(AtomicBool::new(false));
    // Each sends what one address may; together more than is let in of all of them.
    let flood = {
        let stop = Arc::clone(&stop);
        let sockets: Vec<UdpSocket> = (1..=100).map(|n| socket(&format!("127.0.7.{n}"), LONG)).collect();
        std::thread::spawn(move || {
            let mut n = 0;
            while !stop.load(Ordering::Relaxed) {
                n += 1;
                for socket in &sockets {
                    let me = socket.local_addr().unwrap();
                    let method = if n % 2 == 0 { "OPTIONS" } else { "REGISTER" };
                    let text = whole(&request(method, me, n, "john@cordboard.lab", "john", ""));
                    let _full = socket.send_to(text.as_bytes(), udp);
                }
                std::thread::sleep(Duration::from_millis(if n < 40 { 5 } else { 25 }));
            }
        })
    };
    std::thread::sleep(Duration::from_millis(1_500));
    let (mut shed, mut buffer) = (false, [0; 4096]);
    let guest = socket("127.0.8.1", Duration::from_millis(500));
    let me = guest.local_addr().unwrap();
    // A machine that is busy with other tests floods slowly at first.
    let patience = Instant::now() + Duration::from_secs(30);
    for n in 0.. {
        if shed || Instant::now() > patience {
            break;
        }
        std::thread::sleep(Duration::from_millis(60));
        guest.send_to(whole(&request("OPTIONS", me, n, "x@y", "1000", "")).as_bytes(), udp).unwrap();
        shed |= guest.recv(&mut buffer).is_ok_and(|length| buffer[..length].starts_with(b"SIP/2.0 503"));
    }
    assert!(shed, "the flood takes what there is for strangers");
    for n in 1..=10 {
        assert_eq!(register(&format!("127.0.9.{n}"), udp, "maria").status(), "200", "phone {n}");
    }
    stop.store(true, Ordering::Relaxed);
    flood.join().unwrap();
}

#[test]
fn half_open_connections_are_few_and_short() {
    let switch = start("half-open");
    let tcp = at(&switch, Transport::Tcp);
    let from = |ip: &str| {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&format!("{ip}:0").parse::<SocketAddr>().unwrap().into()).unwrap();
        socket.connect(&tcp.into()).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        stream
    };
    let mut half: Vec<TcpStream> = (0..100).map(|_| from("127.0.0.2")).collect();
    for stream in &mut half {
        let _closed_already = stream.write_all(b"INVITE sip:1000@");
    }
    std::thread::sleep(Duration::from_secs(1));
    let open = half
        .iter_mut()
        .filter(|stream| {
            stream.set_nonblocking(true).unwrap();
            let read = (&mut &**stream).read(&mut [0; 16]);
            read.is_err_and(|fault| fault.kind() == std::io::ErrorKind::WouldBlock)
        })
        .count();
    assert_eq!(open, 32, "of one address");
    // Another has its place.
    let mut other = from("127.0.0.3");
    let me = other.local_addr().unwrap();
    other.write_all(whole(&request("OPTIONS", me, 1, "x@y", "1000", "").replace("UDP", "TCP")).as_bytes()).unwrap();
    other.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut buffer = [0; 4096];
    let length = other.read(&mut buffer).unwrap();
    assert!(buffer[..length].starts_with(b"SIP/2.0 200"), "{}", String::from_utf8_lossy(&buffer[..length]));
}
