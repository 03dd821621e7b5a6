//! A program started by a test: its log, its standard input, and its certain end.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine. Only a failure waits so long.
pub const PATIENCE: Duration = Duration::from_secs(25);
/// How often is looked again.
const PAUSE: Duration = Duration::from_millis(40);

/// What a phone is called here, and the Debian package that holds it.
const PACKAGES: &[(&str, &str)] = &[("sipp", "sip-tester"), ("linphonec", "linphone-cli"), ("baresip", "baresip-core")];

pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program in a folder, with NAME.log there for all that it says.
    pub fn start(name: &str, folder: &Path, command: &mut Command) -> Process {
        let log = folder.join(format!("{name}.log"));
        let out = File::create(&log).unwrap();
        let both = out.try_clone().unwrap();
        let program = command.get_program().to_string_lossy().into_owned();
        let started = command.current_dir(folder).stdin(Stdio::piped()).stdout(out).stderr(both).spawn();
        let child = started.unwrap_or_else(|fault| match PACKAGES.iter().find(|(phone, _)| *phone == program) {
            Some((_, package)) => panic!("{program} cannot be started ({fault}): install the Debian package {package}"),
            None => panic!("{program} cannot be started: {fault}"),
        });
        Process { name: name.to_owned(), child, log }
    }

    pub fn say(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().unwrap();
        writeln!(input, "{line}").unwrap_or_else(|fault| panic!("{} takes no more commands: {fault}", self.name));
    }

    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Waits until the log holds a text so many times.
    pub fn says(&self, text: &str, times: usize) {
        until(&format!("{} says {text:?}", self.name), || self.log().matches(text).count() >= times);
    }

    /// Waits for the program's own end.
    pub fn ends(&mut self, within: Duration) -> ExitStatus {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begin.elapsed() < within, "{} still runs after {within:?}", self.name);
            std::thread::sleep(PAUSE);
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let last: Vec<String> =
            lines.iter().skip(lines.len().saturating_sub(25)).map(|line| line.chars().take(240).collect()).collect();
        format!("--- the end of {}\n{}\n", self.log.display(), last.join("\n"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("{}", self.tail());
        }
    }
}

/// Waits for an event; a test that waits in vain says for what.
pub fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !happened() {
        assert!(begin.elapsed() < PATIENCE, "in vain: {what}");
        std::thread::sleep(PAUSE);
    }
}

/// An even port that is free for UDP and TCP on both loopbacks, and for UDP the one above it, too: RTCP's.
pub fn free_port() -> u16 {
    let free = |port: u16| {
        let here = |host: &str, port: u16| UdpSocket::bind((host, port)).is_ok();
        here("0.0.0.0", port) && here("0.0.0.0", port + 1) && TcpListener::bind(("127.0.0.1", port)).is_ok()
    };
    loop {
        let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port() & !1;
        if free(port) {
            return port;
        }
    }
}

/// Four free ports in a row for SIPp's sound and video, below those that the system hands out: its own choice of the fourth
/// may be another's.
pub fn free_media_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let taken = |host: &str, port: u16| UdpSocket::bind((host, port)).is_err_and(|e| e.kind() == ErrorKind::AddrInUse);
    let free = |port: u16| !taken("127.0.0.1", port) && !taken("::1", port);
    let start = u16::try_from(std::process::id() % 500).unwrap_or(0);
    loop {
        let port = 10_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 1_500 * 4;
        if (port..port + 4).all(free) {
            return port;
        }
    }
}
