//! The built binary with the lab as it is shipped, on ports of its own, and the buttons of its agents.

use super::process::{PATIENCE, Process, until};
use cordboard::audio::Library;
use cordboard::config::{self, Source};
use serde_json::Value;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

const BIN: &str = env!("CARGO_BIN_EXE_cordboard");

/// Two labs at a time: real phones want time of the machine, and wait most of it. Each has RTP ports of its own, since a
/// phone that was told one which another switch has taken is told of the next by a re-INVITE, and not every script expects
/// it.
static TURNS: [(Mutex<()>, &str); 2] = [(Mutex::new(()), "16384-24575"), (Mutex::new(()), "24576-32767")];

fn turn() -> (MutexGuard<'static, ()>, &'static str) {
    loop {
        for (turn, ports) in &TURNS {
            match turn.try_lock() {
                Ok(mine) => return (mine, ports),
                Err(TryLockError::Poisoned(mine)) => return (mine.into_inner(), ports),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What signalling goes over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Over {
    Udp,
    Tcp,
}

pub struct Lab {
    /// Dropped before the folder goes and the next test comes.
    switch: Process,
    pub folder: PathBuf,
    pub udp: SocketAddr,
    pub tcp: SocketAddr,
    pub library: Arc<Library>,
    /// From exec until the card was there.
    pub start_up: Duration,
    url: String,
    _turn: MutexGuard<'static, ()>,
}

/// The project's folder.
pub fn shipped(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        if entry.path().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// Puts the test's own word in place of the shipped one, which must be there.
pub fn replaced(text: &str, shipped: &str, own: &str) -> String {
    assert!(text.contains(shipped), "{shipped} is not in the shipped file any more:\n{text}");
    text.replace(shipped, own)
}

/// Whether this machine has an IPv6 loopback; tests of it are skipped where there is none.
pub fn has_ipv6() -> bool {
    UdpSocket::bind((Ipv6Addr::LOCALHOST, 0))
        .inspect_err(|fault| println!("skipped: no IPv6 loopback ({fault})"))
        .is_ok()
}

impl Lab {
    pub fn start(name: &str) -> Lab {
        Lab::on(name, IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    /// The lab on an address of this machine.
    pub fn on(name: &str, address: IpAddr) -> Lab {
        Lab::with(name, address, |text| text)
    }

    /// The lab with something else in its configuration.
    pub fn with(name: &str, address: IpAddr, change: impl FnOnce(String) -> String) -> Lab {
        let (turn, ports) = turn();
        let folder = std::env::temp_dir().join(format!("cordboard-{}-{name}", std::process::id()));
        copy(&shipped("sip-configs/flows"), &folder.join("sip-configs/flows"));
        copy(&shipped("prompts"), &folder.join("prompts"));
        let text = fs::read_to_string(shipped("sip-configs/cordboard.toml")).unwrap();
        let any = SocketAddr::new(address, 0);
        let text = replaced(&text, "udp:127.0.0.1:5060", &format!("udp:{any}"));
        let text = replaced(&text, "tcp:127.0.0.1:5060", &format!("tcp:{any}"));
        let text = replaced(&text, "127.0.0.1:8080", "127.0.0.1:0");
        let text = replaced(&text, "listen = \"127.0.0.1\"", &format!("listen = \"{address}\""));
        let text = replaced(&text, "16384-32767", ports);
        let file = folder.join("sip-configs/cordboard.toml");
        fs::write(&file, change(text)).unwrap();
        let library = config::load(&Source::File(file.clone())).unwrap_or_else(|faults| panic!("{faults:?}")).library;

        let begin = Instant::now();
        let mut command = Command::new(BIN);
        let switch = Process::start("switch", &folder, command.args(["serve", "--config"]).arg(&file));
        // What is logged before it may name other addresses.
        let card = || {
            let log = switch.log();
            let (_, card) = log.split_once("SIP      ")?;
            card.split_once("\nLinphone ").map(|(card, _)| card.to_owned())
        };
        until("the start-up card", || card().is_some());
        let start_up = begin.elapsed();
        let card = card().unwrap();
        let word = |before: &str| {
            let rest = card.split_once(before).unwrap_or_else(|| panic!("no {before} in the card:\n{card}")).1;
            rest.split_whitespace().next().unwrap().to_owned()
        };
        Lab {
            udp: word("udp:").parse().unwrap(),
            tcp: word("tcp:").parse().unwrap(),
            url: word("API      ").trim_end_matches('/').to_owned(),
            switch,
            folder,
            library,
            start_up,
            _turn: turn,
        }
    }

    /// Where the switch listens.
    pub fn address(&self, over: Over) -> SocketAddr {
        if over == Over::Tcp { self.tcp } else { self.udp }
    }

    /// What a phone dials for a number; without one, where it registers.
    pub fn uri(&self, over: Over, number: &str) -> String {
        let at = if number.is_empty() { "" } else { "@" };
        let transport = if over == Over::Tcp { ";transport=tcp" } else { "" };
        format!("sip:{number}{at}{}{transport}", self.address(over))
    }

    /// A command of `cordboard ctl`; what it printed.
    fn ctl(&self, words: &[&str]) -> String {
        let mut command = Command::new(BIN);
        let command = command.args(["ctl", "--json", "--url", &self.url]).args(words);
        let done = command.current_dir(&self.folder).output().unwrap();
        let (out, fault) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert!(done.status.success(), "cordboard ctl {words:?}: {fault}{out}");
        out.into_owned()
    }

    /// An agent presses a button.
    pub fn press(&self, agent: &str, button: &[&str]) {
        let words: Vec<&str> = std::iter::once(agent).chain(button.iter().copied()).collect();
        self.ctl(&words);
    }

    pub fn snapshot(&self, agent: &str) -> Value {
        serde_json::from_str(&self.ctl(&[agent])).unwrap()
    }

    /// The records of all contacts, as soon as there are so many.
    pub fn contacts(&self, count: usize) -> Vec<Value> {
        let token = fs::read_to_string(self.folder.join("cordboard.token")).unwrap();
        let mut contacts = Vec::new();
        until(&format!("{count} records"), || {
            let asked = ureq::get(format!("{}/api/contacts?limit=500", self.url));
            let mut page = asked.header("Authorization", format!("Bearer {}", token.trim())).call().unwrap();
            let page: Value = page.body_mut().read_json().unwrap();
            contacts = page["contacts"].as_array().cloned().unwrap_or_default();
            contacts.len() == count
        });
        contacts
    }

    /// Waits until an agent's screen shows something.
    pub fn shows(&self, agent: &str, what: &str, seen: impl Fn(&Value) -> bool) {
        let begin = Instant::now();
        loop {
            let snapshot = self.snapshot(agent);
            if seen(&snapshot) {
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "{agent}'s screen never showed {what}, but {snapshot:#}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn is_registered(&self, agent: &str) {
        self.shows(agent, "a phone", |snapshot| snapshot["phones"].as_array().is_some_and(|phones| !phones.is_empty()));
    }

    pub fn are_registered(&self, agents: &[&str]) {
        agents.iter().for_each(|agent| self.is_registered(agent));
    }

    pub fn has_state(&self, agent: &str, state: &str) {
        self.shows(agent, state, |snapshot| snapshot["state"] == state);
    }

    /// Waits until an agent's screen says that a party hears so many others.
    pub fn hears_parties(&self, agent: &str, address: &str, parties: usize) {
        self.shows(agent, &format!("{address} hearing {parties}"), |snapshot| {
            hears(snapshot, address).is_some_and(|h| h["parties"].as_array().is_some_and(|all| all.len() == parties))
        });
    }

    pub fn hears_flow(&self, agent: &str, address: &str, flow: &str) {
        self.shows(agent, &format!("{address} hearing {flow}"), |snapshot| {
            hears(snapshot, address).is_some_and(|h| h["flow"] == flow)
        });
    }

    /// Waits until the switch's log has a line with these words.
    pub fn logs(&self, words: &[&str]) {
        until(&format!("the switch logs {words:?}"), || {
            self.switch.log().lines().any(|line| words.iter().all(|word| line.contains(word)))
        });
    }

    /// SIGTERM, and how the switch ended.
    pub fn stop(&mut self) -> bool {
        Command::new("kill").arg(self.switch.id().to_string()).status().unwrap();
        self.switch.ends(PATIENCE).success()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // What a failure left is there to be looked at.
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// What a party hears, by the snapshot.
fn hears<'a>(snapshot: &'a Value, address: &str) -> Option<&'a Value> {
    let contacts = snapshot["contacts"].as_array()?;
    let mut connections = contacts.iter().filter_map(|contact| contact["connections"].as_array()).flatten();
    let connection = connections.find(|one| one["address"] == address && one["state"] != "disconnected")?;
    Some(&connection["hears"])
}
