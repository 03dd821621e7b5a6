//! A whole switch on loopback sockets: framing, relaying, draining, and the program around it.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use cordboard::config::{self, Source};
use cordboard::io::{Options, StartError, Switch};
use cordboard::sip::Transport;
use cordboard::site::Site;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const BIN: &str = env!("CARGO_BIN_EXE_cordboard");

/// The lab on ports of its own.
fn lab(name: &str) -> Site {
    let mut site = config::load(&Source::Lab).unwrap_or_else(|faults| panic!("{faults:?}"));
    for (_, listen) in &mut site.sip.listen {
        listen.set_port(0);
    }
    site.http.listen.set_port(0);
    site.http.admin_token_file = scratch(name).join("token");
    site.store = None;
    site
}

fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("cordboard-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Each of its own seed: from the same one, two switches on this machine would want the same RTP ports.
fn start(name: &str) -> Switch {
    Switch::start(Arc::new(lab(name)), Options { media_threads: Some(1), ..Options::default() }).unwrap()
}

fn at(switch: &Switch, wanted: Transport) -> SocketAddr {
    switch.sip().iter().find(|(transport, _)| *transport == wanted).unwrap().1
}

fn request(method: &str, to: &str, via: &str, from: SocketAddr, cseq: u32, tag: &str, body: &str) -> String {
    let content = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "{method} sip:{to}@{from} SIP/2.0\r\nVia: SIP/2.0/{via} {from};branch=z9hG4bK{method}{cseq};rport\r\n\
         From: <sip:guest@{from}>;tag=g\r\nTo: <sip:{to}@127.0.0.1>{tag}\r\nCall-ID: call-{from}\r\nCSeq: {cseq} {method}\r\n\
         Contact: <sip:guest@{from}>\r\nMax-Forwards: 70\r\n{content}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let line = message.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")));
    line.and_then(|line| line.split_once(':')).map_or("", |(_, value)| value.trim())
}

/// 200 to a request; with a Contact and a body where it is an INVITE.
fn reply(request: &str, contact: &str, body: &str) -> String {
    let copied = ["Via", "From", "To", "Call-ID", "CSeq"].map(|name| {
        let value = header(request, &name.to_ascii_lowercase());
        let tag = if name == "To" && !value.contains(";tag=") { ";tag=u" } else { "" };
        format!("{name}: {value}{tag}\r\n")
    });
    let described = if body.is_empty() {
        String::new()
    } else {
        format!("Contact: {contact}\r\nContent-Type: application/sdp\r\n")
    };
    format!("SIP/2.0 200 OK\r\n{}{described}Content-Length: {}\r\n\r\n{body}", copied.concat(), body.len())
}

/// A phone of few words, over UDP.
struct Guest {
    sip: UdpSocket,
    rtp: UdpSocket,
    switch: SocketAddr,
}

impl Guest {
    fn new(switch: SocketAddr) -> Guest {
        let bound = || {
            let socket = UdpSocket::bind((switch.ip(), 0)).unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            socket
        };
        Guest { sip: bound(), rtp: bound(), switch }
    }

    fn send(&self, text: &str) {
        self.sip.send_to(text.as_bytes(), self.switch).unwrap();
    }

    /// The next message that begins so; others are passed over.
    fn hear(&self, beginning: &str) -> String {
        let mut buffer = [0; 65_536];
        loop {
            let (length, _) = self.sip.recv_from(&mut buffer).unwrap_or_else(|fault| panic!("no {beginning}: {fault}"));
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if text.starts_with(beginning) {
                return text;
            }
        }
    }

    /// Calls, and gives the answer and where its RTP goes.
    fn call(&self, number: &str) -> (String, SocketAddr) {
        self.invite(number);
        let answer = self.answered(number);
        let media = media_of(&answer);
        (answer, media)
    }

    fn invite(&self, number: &str) {
        self.send(&request("INVITE", number, "UDP", self.sip.local_addr().unwrap(), 1, "", &self.sdp()));
    }

    /// The 200 to its INVITE, which it acknowledges.
    fn answered(&self, number: &str) -> String {
        let answer = self.hear("SIP/2.0 200");
        let me = self.sip.local_addr().unwrap();
        self.send(&request("ACK", number, "UDP", me, 1, &self.to_tag(&answer), ""));
        answer
    }

    /// Its offer or answer.
    fn sdp(&self) -> String {
        let media = self.rtp.local_addr().unwrap();
        let at = format!("IN IP{} {}", if media.is_ipv6() { 6 } else { 4 }, media.ip());
        format!("v=0\r\no=- 1 1 {at}\r\ns=-\r\nc={at}\r\nt=0 0\r\nm=audio {} RTP/AVP 0\r\n", media.port())
    }

    /// Talks for a second: how many of its packets the other heard, with what it said in them.
    fn talk(&self, media: SocketAddr, fill: u8, other: &Guest) -> usize {
        let mut buffer = [0; 2048];
        other.rtp.set_read_timeout(Some(Duration::from_millis(15))).unwrap();
        let begin = Instant::now();
        let mut heard = 0;
        for sequence in 0..50 {
            self.rtp.send_to(&rtp(sequence, fill), media).unwrap();
            let next = begin + Duration::from_millis(20) * u32::from(sequence + 1);
            while Instant::now() < next {
                if let Ok((length, _)) = other.rtp.recv_from(&mut buffer) {
                    heard += usize::from(length == 172 && buffer[12..length].iter().all(|sample| *sample == fill));
                }
            }
        }
        heard
    }

    fn to_tag(&self, answer: &str) -> String {
        let to = header(answer, "to");
        format!(";tag={}", to.split_once(";tag=").unwrap().1)
    }
}

/// Where an SDP wants its sound.
fn media_of(message: &str) -> SocketAddr {
    let value = |start: &str| message.lines().find_map(|line| line.strip_prefix(start)).unwrap();
    let port = value("m=audio ").split(' ').next().unwrap();
    let ip = value("c=IN IP").split(' ').nth(1).unwrap();
    SocketAddr::new(ip.parse().unwrap(), port.parse().unwrap())
}

fn rtp(sequence: u16, fill: u8) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend(sequence.to_be_bytes());
    packet.extend((u32::from(sequence) * 160).to_be_bytes());
    packet.extend(0x1234_5678_u32.to_be_bytes());
    packet.extend([fill; 160]);
    packet
}

#[test]
fn packets_are_relayed_on_loopback_and_a_stopped_switch_says_goodbye() {
    let switch = start("relay");
    let guest = Guest::new(at(&switch, Transport::Udp));
    let (_, media) = guest.call("9002");
    let echoed = guest.talk(media, 0x35, &guest);
    assert!(echoed >= 40, "{echoed} of 50 packets came back");
    let begin = Instant::now();
    let stopping = std::thread::spawn(move || switch.stop());
    let bye = guest.hear("BYE");
    guest.send(&reply(&bye, "", ""));
    stopping.join().unwrap();
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
}

/// Each is told an address that it can reach, and what it says is heard at the other.
#[test]
fn a_phone_of_ipv4_and_one_of_ipv6_talk_to_each_other() {
    if UdpSocket::bind("[::1]:0").is_err() {
        println!("skipped: no IPv6 loopback");
        return;
    }
    let mut site = lab("families");
    site.sip.listen.push((Transport::Udp, "[::1]:0".parse().unwrap()));
    let new = Guest::new("[::1]:5060".parse().unwrap());
    let to = cordboard::site::NumberTo::Dial(format!("sip:uas@{}", new.sip.local_addr().unwrap()));
    site.numbers.push(cordboard::site::Number { dialled: "66".to_owned(), prefix: false, to });
    let switch = Switch::start(Arc::new(site), Options { media_threads: Some(1), ..Options::default() }).unwrap();
    let of = |ipv6: bool| {
        let fits = |(transport, at): &&(Transport, SocketAddr)| *transport == Transport::Udp && at.is_ipv6() == ipv6;
        switch.sip().iter().find(fits).unwrap().1
    };
    let old = Guest::new(of(false));
    old.invite("66");
    let new = Guest { switch: of(true), ..new };
    let invite = new.hear("INVITE");
    let contact = format!("<sip:uas@{}>", new.sip.local_addr().unwrap());
    new.send(&reply(&invite, &contact, &new.sdp()));
    let answer = old.answered("66");
    let (olds, news) = (media_of(&answer), media_of(&invite));
    assert!(olds.is_ipv4() && news.is_ipv6(), "{olds} {news}");
    new.hear("ACK");
    let heard = (old.talk(olds, 0x35, &new), new.talk(news, 0x53, &old));
    assert!(heard.0 >= 40 && heard.1 >= 40, "{heard:?} of 50 packets were heard");
}

#[test]
fn a_draining_switch_keeps_its_calls_and_takes_no_new_ones() {
    let switch = start("drain");
    let (first, second) = (Guest::new(at(&switch, Transport::Udp)), Guest::new(at(&switch, Transport::Udp)));
    let (answer, _) = first.call("9001");
    switch.drain();
    second.send(&request("INVITE", "9001", "UDP", second.sip.local_addr().unwrap(), 1, "", ""));
    second.hear("SIP/2.0 503");
    assert!(!switch.is_drained());
    let me = first.sip.local_addr().unwrap();
    first.send(&request("BYE", "9001", "UDP", me, 2, &first.to_tag(&answer), ""));
    first.hear("SIP/2.0 200");
    let begin = Instant::now();
    while !switch.is_drained() {
        assert!(begin.elapsed() < Duration::from_secs(2), "still not drained");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn what_is_no_sip_is_answered_where_it_can_be() {
    let switch = start("malformed");
    let guest = Guest::new(at(&switch, Transport::Udp));
    guest.send("\r\n\r\n");
    guest.send("hello");
    let me = guest.sip.local_addr().unwrap();
    guest.send(&request("OPTIONS", "1000", "UDP", me, 1, "", "").replace("SIP/2.0\r\n", "SIP/3.0\r\n"));
    let answer = guest.hear("SIP/2.0 505");
    assert!(answer.contains(&format!("rport={}", me.port())), "{answer}");
    guest.send(&request("OPTIONS", "1000", "UDP", me, 2, "", ""));
    guest.hear("SIP/2.0 200");
}

/// Reads one message off a stream.
fn message(stream: &mut BufReader<TcpStream>) -> String {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        assert_ne!(stream.read_line(&mut line).unwrap(), 0, "the switch hung up after {text:?}");
        text.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; header(&text, "content-length").parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    text + &String::from_utf8(body).unwrap()
}

#[test]
fn a_stream_is_cut_into_messages_however_it_comes() {
    let switch = start("tcp");
    let mut stream = TcpStream::connect(at(&switch, Transport::Tcp)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let me = stream.local_addr().unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let options = |cseq| request("OPTIONS", "1000", "TCP", me, cseq, "", "");

    for piece in options(1).as_bytes().chunks(7) {
        stream.write_all(piece).unwrap();
        std::thread::sleep(Duration::from_millis(1));
    }
    let answer = message(&mut reader);
    assert!(answer.starts_with("SIP/2.0 200") && header(&answer, "cseq") == "1 OPTIONS", "{answer}");

    // Two at once, keep-alives around them; a ping gets its pong (RFC 5626 section 4.4.1).
    stream.write_all(format!("\r\n\r\n{}{}", options(2), options(3)).as_bytes()).unwrap();
    let (mut pongs, mut cseqs) = (0, Vec::new());
    while cseqs.len() < 2 || pongs < 1 {
        if reader.fill_buf().unwrap().starts_with(b"\r\n") {
            reader.consume(2);
            pongs += 1;
        } else {
            cseqs.push(header(&message(&mut reader), "cseq").to_owned());
        }
    }
    assert_eq!(cseqs, ["2 OPTIONS", "3 OPTIONS"]);

    // A body without a length hides where the next message begins: told so, and hung up on (RFC 3261 section 18.3).
    let lost = options(4).replace("Content-Length: 0\r\n", "Content-Type: application/sdp\r\n");
    stream.write_all(lost.as_bytes()).unwrap();
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert!(rest.starts_with("SIP/2.0 400"), "{rest:?}");
}

#[test]
fn a_switch_that_cannot_bind_says_what_and_where() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut site = lab("taken");
    site.http.listen = taken.local_addr().unwrap();
    let fault = Switch::start(Arc::new(site), Options::default()).err().unwrap();
    assert!(matches!(fault, StartError::Bind { address, .. } if address == taken.local_addr().unwrap()));
    assert!(fault.to_string().starts_with("the HTTP API cannot be bound to 127.0.0.1:"), "{fault}");
    assert!(fault.to_string().ends_with("(is another switch running? stop it, or change [http] listen)"), "{fault}");
}

/// Whatever is in the way of a start is told with what to do about it.
#[test]
fn a_start_that_fails_says_what_to_do() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let fault = |site: Site| Switch::start(Arc::new(site), Options::default()).err().unwrap().to_string();
    let listening = |address: &str| {
        let mut site = lab("cures");
        site.sip.listen = vec![(Transport::Udp, address.parse().unwrap())];
        site
    };
    let with_token = |path: &str| {
        let mut site = lab("cures");
        site.http.admin_token_file = scratch("cures").join(path);
        site
    };
    std::fs::create_dir_all(scratch("cures").join("folder")).unwrap();
    std::fs::write(scratch("cures").join("short"), "x").unwrap();
    for (site, cure) in [
        (
            listening(&taken.local_addr().unwrap().to_string()),
            "(is another switch running? stop it, or change [sip] listen)",
        ),
        (listening("192.0.2.1:5060"), "(this machine has no such address: change [sip] listen or --lan)"),
        (with_token("nowhere/token"), "(make its folder, or change [http] admin_token_file)"),
        (with_token("folder"), "(this user must be able to read it, or to make it: see [http] admin_token_file)"),
        (with_token("short"), "delete it to have one made"),
    ] {
        let said = fault(site);
        assert!(said.ends_with(cure), "{said}");
    }
}

#[test]
fn a_shell_without_a_switch_says_what_to_do() {
    let folder = scratch("nobody");
    std::fs::write(folder.join("token"), "0123456789abcdef").unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}");
    let token = folder.join("token");
    let words = ["ctl", "--url", &url, "--token-file", token.to_str().unwrap(), "agents"];
    let done = Command::new(BIN).args(words).output().unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(1));
    assert!(said.contains(&url) && said.contains("is the switch running there?") && said.contains("--url"), "{said}");
}

/// The program itself, with the lab's configuration on ports of its own.
struct Program {
    child: Child,
    card: String,
    token: PathBuf,
    folder: PathBuf,
}

impl Program {
    fn serve(name: &str) -> Program {
        let folder = scratch(name);
        let token = folder.join("token");
        let root = env!("CARGO_MANIFEST_DIR");
        let lab = std::fs::read_to_string(format!("{root}/sip-configs/cordboard.toml")).unwrap();
        let text = lab
            .replace("127.0.0.1:5060", "127.0.0.1:0")
            .replace("127.0.0.1:8080", "127.0.0.1:0")
            .replace("\"cordboard.token\"", &format!("{token:?}"))
            .replace("\"flows\"", &format!("\"{root}/sip-configs/flows\""))
            .replace("\"../prompts\"", &format!("\"{root}/prompts\""));
        let file = folder.join("cordboard.toml");
        std::fs::write(&file, text).unwrap();
        let mut child = Command::new(BIN)
            .args(["serve", "--config", file.to_str().unwrap()])
            .current_dir(&folder)
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(folder.join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut card = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        while !card.contains("linphonec>") {
            assert_ne!(output.read_line(&mut card).unwrap(), 0, "{card}");
        }
        Program { child, card, token, folder }
    }

    /// Waits until the log says something that it has not said in its first so many bytes; gives what is new.
    fn logs(&self, from: usize, wanted: &str) -> String {
        let begin = Instant::now();
        loop {
            let log = std::fs::read_to_string(self.folder.join("log")).unwrap();
            let new = log[from..].to_owned();
            if new.contains(wanted) {
                return new;
            }
            assert!(begin.elapsed() < Duration::from_secs(5), "no {wanted} in {new}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The status and the body that a request from this address of this machine gets.
    fn ask(&self, from: &str, authorization: &str) -> (u16, String) {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&format!("{from}:0").parse::<SocketAddr>().unwrap().into()).unwrap();
        let there: SocketAddr = self.url().trim_start_matches("http://").parse().unwrap();
        socket.connect(&there.into()).unwrap();
        let mut stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let head = format!("GET /api/agents HTTP/1.1\r\nHost: {there}\r\nAuthorization: {authorization}\r\n");
        stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
    }

    fn url(&self) -> String {
        let from = self.card.find("http://").unwrap();
        self.card[from..].split('/').take(3).collect::<Vec<_>>().join("/")
    }

    fn ctl(&self, words: &[&str]) -> (Option<i32>, String, String) {
        let done = Command::new(BIN)
            .args(["ctl", "--url", &self.url(), "--token-file", self.token.to_str().unwrap()])
            .args(words)
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (done.status.code(), text(done.stdout), text(done.stderr))
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}

#[test]
fn the_program_is_used_from_a_shell_and_ends_when_asked() {
    let mut program = Program::serve("program");
    for part in [
        "udp:127.0.0.1:",
        "tcp:127.0.0.1:",
        "john        john",
        "1000",
        "*411#",
        "+1555...",
        "*90, *91",
        "qc-",
        "ctl anna monitor",
    ] {
        assert!(program.card.contains(part), "{part} in {}", program.card);
    }
    let (code, text, _) = program.ctl(&["agents"]);
    assert!(code == Some(0) && text.contains("maria"), "{text}");
    let (code, text, _) = program.ctl(&["john", "status", "Lunch"]);
    assert!(code == Some(0) && text.contains("Lunch"), "{text}");
    for (typed, taken) in [("available", "Available"), (" OFFLINE ", "Offline"), (" Lunch", "Lunch")] {
        let (code, text, _) = program.ctl(&["--json", "john", "status", typed]);
        assert!(code == Some(0) && text.contains(&format!("\"status\": \"{taken}\"")), "{typed}: {text}");
    }
    for wrong in ["Busy", "missedcallagent", "Lun\u{7}ch", "Lunch\n.", "  "] {
        let (code, _, fault) = program.ctl(&["john", "status", wrong]);
        assert!(code == Some(1) && fault.contains("InvalidParameterException"), "{wrong:?}: {fault}");
    }
    let (code, text, _) = program.ctl(&["--json", "john"]);
    assert!(code == Some(0) && text.contains("\"status\": \"Lunch\""), "{text}");
    let (code, _, fault) = program.ctl(&["john", "join"]);
    assert!(code == Some(1) && fault.contains("InvalidStateException"), "{fault}");
    let (code, _, fault) = program.ctl(&["john", "dance"]);
    assert!(code == Some(2) && fault.contains("dance"), "{fault}");

    program.signal("-HUP");
    let (code, text, _) = program.ctl(&["john"]);
    assert!(code == Some(0) && text.contains("Lunch"), "a reload keeps what the agents have chosen: {text}");

    program.signal("-TERM");
    let begin = Instant::now();
    let status = loop {
        if let Some(status) = program.child.try_wait().unwrap() {
            break status;
        }
        assert!(begin.elapsed() < Duration::from_secs(5), "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(status.code(), Some(0));
}

/// One who guesses over HTTP costs nobody else his way in, and is told of as over SIP.
#[test]
fn guessing_over_http_costs_the_guesser_alone() {
    use base64::Engine as _;
    let program = Program::serve("guessing");
    let basic = |pair: &str| format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(pair));
    let token = std::fs::read_to_string(&program.token).unwrap();
    let admin = format!("Bearer {}", token.trim());
    let (wrong, john, maria) = (basic("john:guess"), basic("john:john"), basic("maria:maria"));
    assert_eq!(program.ask("127.0.0.1", &john).0, 200);
    let guessed: Vec<u16> = (0..60).map(|_| program.ask("127.0.0.2", &wrong).0).collect();
    assert!(guessed[..20].iter().all(|status| *status == 401), "{guessed:?}");
    assert!(guessed[22..].iter().all(|status| *status == 429), "{guessed:?}");
    let (status, answer) = program.ask("127.0.0.2", &maria);
    assert_eq!(status, 429, "its ration is for all accounts: {answer}");
    let wait = header(&answer, "retry-after").parse::<u64>().unwrap();
    assert!((1..=11).contains(&wait) && answer.contains(&format!("try again in {wait} s")), "{answer}");
    for (from, who) in [("127.0.0.1", &john), ("127.0.0.1", &maria), ("127.0.0.3", &john), ("127.0.0.2", &admin)] {
        assert_eq!(program.ask(from, who).0, 200, "{from} {who}");
    }
    let log = program.logs(0, "wrong credentials");
    let line = log.lines().find(|line| line.contains("wrong credentials")).unwrap();
    assert!(line.contains("WARN") && line.contains("127.0.0.2") && line.contains("john"), "{line}");
}

/// What was bound at the start stays, and each reload says so that wants it otherwise.
#[test]
fn a_reload_names_what_needs_a_restart() {
    let program = Program::serve("restart");
    let file = program.folder.join("cordboard.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let reload = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let before = std::fs::metadata(program.folder.join("log")).unwrap().len();
        program.signal("-HUP");
        program.logs(usize::try_from(before).unwrap(), "the new configuration is in force")
    };
    let other = text.replace("sqlite:cordboard.db", "sqlite:other.db");
    for round in 0..2 {
        let log = reload(&other);
        assert!(log.contains("WARN") && log.contains("[store] url") && !log.contains("listen"), "{round}: {log}");
    }
    let moved = text.replace("\"udp:127.0.0.1:0\"", "\"udp:127.0.0.2:0\"").replace("16384-32767", "20000-30000");
    for round in 0..2 {
        let log = reload(&moved);
        assert!(log.contains("[sip] listen, [media] ports") && !log.contains("[store]"), "{round}: {log}");
    }
    let log = reload(&text.replace("drain_seconds = 30", "drain_seconds = 31"));
    assert!(!log.contains("WARN") && !log.contains("restart"), "{log}");
}

#[test]
fn wrong_command_lines_and_configurations_end_with_2() {
    let folder = scratch("wrong");
    let file = folder.join("wrong.toml");
    std::fs::write(&file, "[sip]\ndomain = 3\nnonsense = true\n").unwrap();
    let file = file.to_str().unwrap();
    for words in [
        &["serve", "--config", file][..],
        &["check", "--config", file],
        &["dance"],
        &["serve", "--lan", "nowhere"],
        &["--lan", "0.0.0.0"],
    ] {
        let done = Command::new(BIN).args(words).output().unwrap();
        assert_eq!(done.status.code(), Some(2), "{words:?}");
        assert!(!done.stderr.is_empty());
    }
    assert_eq!(Command::new(BIN).arg("check").current_dir(&folder).status().unwrap().code(), Some(0), "the lab inside");
}

/// RFC 3261 section 18.1.1: what is too large for a datagram goes over TCP, and as a datagram all the same to a phone that
/// refuses it.
#[test]
fn a_large_invite_reaches_a_phone_with_tcp_and_one_without() {
    for with_tcp in [true, false] {
        let phone = UdpSocket::bind("127.0.0.1:0").unwrap();
        phone.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let address = phone.local_addr().unwrap();
        // Another program may have that port for TCP: then this round says nothing.
        let listener = with_tcp.then(|| std::net::TcpListener::bind(address));
        let mut site = lab("large");
        let to = cordboard::site::NumberTo::Dial(format!("sip:uas@{address}"));
        site.numbers.push(cordboard::site::Number { dialled: "77".to_owned(), prefix: false, to });
        let switch = Switch::start(Arc::new(site), Options { media_threads: Some(1), ..Options::default() }).unwrap();
        let guest = Guest::new(at(&switch, Transport::Udp));
        let me = guest.sip.local_addr().unwrap();
        let call = request("INVITE", "77", "UDP", me, 1, "", "");
        let name = format!("From: \"{}\" <sip:", "x".repeat(800));
        guest.send(&call.replacen("From: <sip:", &name, 1));
        let (via, text) = match listener {
            Some(Ok(listener)) => {
                let (stream, _) = listener.accept().unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
                ("SIP/2.0/TCP", message(&mut BufReader::new(stream)))
            }
            Some(Err(_)) => continue,
            None => {
                let mut buffer = [0; 65_536];
                let (length, _) = phone.recv_from(&mut buffer).unwrap();
                ("SIP/2.0/UDP", String::from_utf8_lossy(&buffer[..length]).into_owned())
            }
        };
        assert!(text.starts_with("INVITE sip:uas@") && text.len() > 1300, "{text}");
        assert!(header(&text, "via").starts_with(via), "{text}");
    }
}
