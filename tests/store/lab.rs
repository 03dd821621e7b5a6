//! The lab with a store of its own: in this process or as the program, with phones of few words and a look at its API.

use cordboard::config::{self, Source};
use cordboard::io::{Options, Switch};
use cordboard::sip::digest::{self, Challenge};
use cordboard::sip::{Method, Transport};
use cordboard::site::Store;
use serde_json::Value;
use sqlx::{AnyConnection, Connection, Executor};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// A folder that is empty when the test begins.
pub fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("cordboard-{}-store-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

pub fn until(what: &str, so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !so() {
        assert!(begin.elapsed() < PATIENCE, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A switch, and what its event stream tells.
pub struct Lab {
    pub sip: SocketAddr,
    pub tcp: SocketAddr,
    url: String,
    token: String,
    events: Receiver<(String, Value)>,
    _switch: Option<Switch>,
}

impl Lab {
    pub fn start(folder: &Path, url: &str, days: u64) -> Lab {
        let mut site = config::load(&Source::Lab).unwrap_or_else(|faults| panic!("{faults:?}"));
        for (_, listen) in &mut site.sip.listen {
            listen.set_port(0);
        }
        site.http.listen.set_port(0);
        site.http.admin_token_file = folder.join("token");
        site.media.recordings = folder.join("recordings");
        site.store = Some(Store {
            url: url.to_owned(),
            journal: folder.join("journal"),
            retention: (days > 0).then(|| Duration::from_secs(days * 86_400)),
        });
        let switch = Switch::start(Arc::new(site), Options { seed: None, media_threads: Some(1) }).unwrap();
        let at = |wanted| switch.sip().iter().find(|(transport, _)| *transport == wanted).unwrap().1;
        let url = format!("http://{}", switch.http());
        let token = switch.admin_token().to_owned();
        Lab::at(at(Transport::Udp), at(Transport::Tcp), url, token, Some(switch))
    }

    fn at(sip: SocketAddr, tcp: SocketAddr, url: String, token: String, switch: Option<Switch>) -> Lab {
        let request = ureq::get(format!("{url}/api/events")).header("authorization", format!("Bearer {token}"));
        let stream = request.call().unwrap().into_body().into_reader();
        let (sender, events) = channel();
        std::thread::spawn(move || {
            let mut name = String::new();
            for line in BufReader::new(stream).lines() {
                let Ok(line) = line else { return };
                if let Some(event) = line.strip_prefix("event: ") {
                    name = event.to_owned();
                } else if let Some(data) = line.strip_prefix("data: ")
                    && sender.send((name.clone(), serde_json::from_str(data).unwrap())).is_err()
                {
                    return;
                }
            }
        });
        Lab { sip, tcp, url, token, events, _switch: switch }
    }

    pub fn get(&self, path: &str) -> (u16, Value) {
        self.ask("GET", path, &format!("Bearer {}", self.token), "")
    }

    pub fn get_as(&self, agent: &str, path: &str) -> (u16, Value) {
        self.ask("GET", path, &basic(agent), "")
    }

    /// Presses a button of an agent's; gives the status and what was said.
    pub fn press(&self, agent: &str, method: &str) -> (u16, Value) {
        self.ask("POST", &format!("/api/agents/{agent}/actions/{method}"), &format!("Bearer {}", self.token), "{}")
    }

    /// What is no JSON, and its status and headers.
    pub fn fetch(&self, path: &str, who: &str, range: &str) -> ureq::http::Response<Vec<u8>> {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let who = if who.is_empty() { format!("Bearer {}", self.token) } else { basic(who) };
        let request = agent.get(format!("{}{path}", self.url)).header("authorization", who);
        let request = if range.is_empty() { request } else { request.header("range", range) };
        let (head, mut body) = request.call().unwrap().into_parts();
        ureq::http::Response::from_parts(head, body.read_to_vec().unwrap())
    }

    /// The contact of the next event of this name.
    pub fn told(&self, wanted: &str) -> String {
        loop {
            let (name, event) = self.events.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{wanted} in time"));
            if name == wanted {
                return event["contactId"].as_str().unwrap().to_owned();
            }
        }
    }

    pub fn put(&self, path: &str, body: &str) {
        let (status, said) = self.ask("PUT", path, &format!("Bearer {}", self.token), body);
        assert_eq!(status, 200, "{said}");
    }

    fn ask(&self, method: &str, path: &str, who: &str, body: &str) -> (u16, Value) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("authorization", who)
            .header("content-type", "application/json");
        let mut response = agent.run(request.body(body.to_owned()).unwrap()).unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        (response.status().as_u16(), serde_json::from_str(&text).unwrap_or_else(|fault| panic!("{fault}: {text}")))
    }

    /// Somebody calls the echo and hangs up; gives the contact once COMPLETED is published.
    pub fn call_and_complete(&self) -> String {
        let guest = Phone::new(self.sip);
        let tag = guest.call_and_talk("9002");
        guest.hang_up("9002", &tag);
        self.told("COMPLETED")
    }
}

/// An agent of the lab by his password.
fn basic(agent: &str) -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(format!("{agent}:{agent}")))
}

/// The program itself.
pub struct Program {
    child: Child,
    pub lab: Lab,
}

impl Program {
    pub fn serve(folder: &Path, store: &str) -> Program {
        Program::serve_with(folder, store, "record = false", "")
    }

    /// The same, recording or not, and as a shell has prepared it.
    pub fn serve_with(folder: &Path, store: &str, media: &str, shell: &str) -> Program {
        let root = env!("CARGO_MANIFEST_DIR");
        let shipped = std::fs::read_to_string(format!("{root}/sip-configs/cordboard.toml")).unwrap();
        let text = shipped
            .replace("127.0.0.1:5060", "127.0.0.1:0")
            .replace("127.0.0.1:8080", "127.0.0.1:0")
            .replace("record = false", media)
            .replace("\"cordboard.journal\"", "\"journal\"")
            .replace("sqlite:cordboard.db", store)
            .replace("\"flows\"", &format!("\"{root}/sip-configs/flows\""))
            .replace("\"../prompts\"", &format!("\"{root}/prompts\""));
        let file = folder.join("cordboard.toml");
        std::fs::write(&file, text).unwrap();
        let mut child = Command::new("sh")
            .args(["-c", &format!("{shell}\nexec \"$0\" serve --config \"$1\"")])
            .args([env!("CARGO_BIN_EXE_cordboard"), file.to_str().unwrap()])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(folder.join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut card = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        while !card.contains("linphonec>") {
            assert_ne!(output.read_line(&mut card).unwrap(), 0, "{card}");
        }
        let word = |before: &str| card.split_once(before).unwrap().1.split_whitespace().next().unwrap().to_owned();
        let url = word("API      ").trim_end_matches('/').to_owned();
        let token = std::fs::read_to_string(folder.join("cordboard.token")).unwrap().trim().to_owned();
        let lab = Lab::at(word("udp:").parse().unwrap(), word("tcp:").parse().unwrap(), url, token, None);
        Program { child, lab }
    }

    /// Starts another one in the same folder, with the same configuration; how it ends, and what it says.
    pub fn refused(folder: &Path) -> (Option<i32>, String) {
        let said = folder.join("refused");
        let mut child = Command::new(env!("CARGO_BIN_EXE_cordboard"))
            .args(["serve", "--config", folder.join("cordboard.toml").to_str().unwrap()])
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&said).unwrap())
            .spawn()
            .unwrap();
        let begin = Instant::now();
        let mut status = None;
        while status.is_none() && begin.elapsed() < PATIENCE {
            status = child.try_wait().unwrap();
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ended = (child.kill(), child.wait());
        (status.and_then(|status| status.code()), std::fs::read_to_string(said).unwrap())
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}

/// Somebody else writes to the file, and does not come to an end.
pub struct Lock {
    runtime: tokio::runtime::Runtime,
    connection: Option<AnyConnection>,
}

impl Lock {
    pub fn of(url: &str) -> Lock {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connection = runtime.block_on(async {
            let mut connection = AnyConnection::connect(url).await.unwrap();
            connection.execute("BEGIN EXCLUSIVE").await.unwrap();
            connection
        });
        Lock { runtime, connection: Some(connection) }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let connection = self.connection.take().unwrap();
        self.runtime.block_on(async {
            let mut connection = connection;
            connection.execute("ROLLBACK").await.unwrap();
            connection.close().await.unwrap();
        });
    }
}

/// A phone of few words.
pub struct Phone {
    socket: UdpSocket,
    switch: SocketAddr,
    streams: std::cell::RefCell<Vec<TcpStream>>,
}

impl Phone {
    pub fn new(switch: SocketAddr) -> Phone {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Phone { socket, switch, streams: std::cell::RefCell::default() }
    }

    fn text(&self, method: &str, to: &str, cseq: u32, tag: &str, headers: &str, body: &str) -> String {
        let me = self.socket.local_addr().unwrap();
        let from = if method == "REGISTER" { format!("{to}@cordboard.lab") } else { format!("guest@{me}") };
        let uri = if method == "REGISTER" { "sip:cordboard.lab".to_owned() } else { format!("sip:{to}@cordboard.lab") };
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bK{method}{cseq};rport\r\n\
             From: <sip:{from}>;tag=g\r\nTo: <sip:{to}@cordboard.lab>{tag}\r\nCall-ID: call-{me}\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:{to}@{me}>\r\nMax-Forwards: 70\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    fn send(&self, method: &str, to: &str, cseq: u32, tag: &str, headers: &str, body: &str) {
        self.socket.send_to(self.text(method, to, cseq, tag, headers, body).as_bytes(), self.switch).unwrap();
    }

    /// The next message that begins so; others are passed over.
    pub fn hear(&self, beginning: &str) -> String {
        let mut buffer = [0; 65_536];
        loop {
            let (length, _) =
                self.socket.recv_from(&mut buffer).unwrap_or_else(|fault| panic!("no {beginning}: {fault}"));
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if text.starts_with(beginning) {
                return text;
            }
        }
    }

    fn sdp(&self) -> String {
        let port = self.socket.local_addr().unwrap().port();
        format!("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n")
    }

    fn call(&self, number: &str) {
        self.send("INVITE", number, 1, "", "Content-Type: application/sdp\r\n", &self.sdp());
    }

    pub fn hang_up(&self, number: &str, tag: &str) {
        self.send("BYE", number, 2, tag, "", "");
        self.hear("SIP/2.0 200");
    }

    /// Gives the other side's tag, as it stands in To.
    pub fn call_and_talk(&self, number: &str) -> String {
        self.call_and_answer(number).0
    }

    /// And the whole answer.
    pub fn call_and_answer(&self, number: &str) -> (String, String) {
        self.call(number);
        let answer = self.hear("SIP/2.0 200");
        let to = answer.lines().find(|line| line.starts_with("To:")).unwrap();
        let tag = format!(";tag={}", to.split_once(";tag=").unwrap().1);
        self.send("ACK", number, 1, &tag, "", "");
        (tag, answer)
    }

    fn authorization(&self, agent: &str, challenge: &str) -> String {
        let line = challenge.lines().find_map(|line| line.strip_prefix("WWW-Authenticate: ")).unwrap();
        let challenge = Challenge::read(&line.to_owned().into()).unwrap();
        let answer = digest::answer(&challenge, agent, agent, &Method::Register, "sip:cordboard.lab", "abc", 1);
        format!("Authorization: {answer}\r\nExpires: 600\r\n")
    }

    pub fn register(&self, agent: &str) {
        self.send("REGISTER", agent, 1, "", "", "");
        let challenge = self.hear("SIP/2.0 401");
        self.send("REGISTER", agent, 2, "", &self.authorization(agent, &challenge), "");
        self.hear("SIP/2.0 200");
    }

    /// Answers what rings next; both sides' tags and Call-ID are the caller's.
    pub fn answer(&self) -> String {
        let invite = self.hear("INVITE");
        let me = self.socket.local_addr().unwrap();
        let same = |names: &[&str]| -> String {
            let is = |line: &&str| names.iter().any(|name| line.starts_with(name));
            invite.lines().filter(is).map(|line| format!("{line}\r\n")).collect()
        };
        let to = same(&["To:"]).replace("\r\n", ";tag=a\r\n");
        let sdp = self.sdp();
        let answer = format!(
            "SIP/2.0 200 OK\r\n{}{to}Contact: <sip:agent@{me}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
            same(&["Via:", "From:", "Call-ID:", "CSeq:", "Record-Route:"]),
            sdp.len()
        );
        self.socket.send_to(answer.as_bytes(), self.switch).unwrap();
        self.hear("ACK");
        invite
    }

    /// Where the other side wants its sound, by the SDP in this message.
    pub fn sound_to(message: &str) -> SocketAddr {
        let port = message.lines().find_map(|line| line.strip_prefix("m=audio ")).unwrap();
        format!("127.0.0.1:{}", port.split(' ').next().unwrap()).parse().unwrap()
    }

    /// The same socket once more, for a thread that hums while this one goes on talking SIP.
    pub fn socket(&self) -> UdpSocket {
        self.socket.try_clone().unwrap()
    }

    /// The connection stays as long as the phone.
    pub fn register_over_tcp(&self, agent: &str, switch: SocketAddr) {
        let mut stream = TcpStream::connect(switch).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut say = |text: String| {
            stream.write_all(text.replace("SIP/2.0/UDP", "SIP/2.0/TCP").as_bytes()).unwrap();
            let mut answer = Vec::new();
            let mut byte = [0];
            while !answer.ends_with(b"\r\n\r\n") {
                stream.read_exact(&mut byte).unwrap();
                answer.push(byte[0]);
            }
            String::from_utf8(answer).unwrap()
        };
        let challenge = say(self.text("REGISTER", agent, 1, "", "", ""));
        let accepted = say(self.text("REGISTER", agent, 2, "", &self.authorization(agent, &challenge), ""));
        assert!(accepted.starts_with("SIP/2.0 200"), "{accepted}");
        self.streams.borrow_mut().push(stream);
    }
}
