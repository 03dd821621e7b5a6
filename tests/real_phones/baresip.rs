//! baresip, as its users get it: the shipped folder, a file in place of a microphone, commands over TCP.

use super::hearing::{Records, sing};
use super::lab::{Lab, Over, replaced, shipped};
use super::phone::Phone;
use super::process::{Process, free_port, until};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::Command;

pub struct Baresip {
    name: String,
    over: Over,
    process: Process,
    folder: PathBuf,
    commands: TcpStream,
    rung: usize,
    up: usize,
    ended: usize,
}

impl Baresip {
    /// With one codec only: between it and the others the switch must translate.
    pub fn start(lab: &Lab, name: &str, codec: &str) -> Baresip {
        Baresip::over(Over::Udp, lab, name, codec)
    }

    pub fn over(over: Over, lab: &Lab, name: &str, codec: &str) -> Baresip {
        Baresip::at(over, lab, name, codec, free_port())
    }

    /// At this port.
    pub fn at(over: Over, lab: &Lab, name: &str, codec: &str, sip: u16) -> Baresip {
        let (from, folder) =
            (shipped("sip-configs/clients/baresip").join(name), lab.folder.join(format!("{name}-baresip")));
        fs::create_dir_all(&folder).unwrap();
        let read = |file: &str| fs::read_to_string(from.join(file)).unwrap();
        let accounts = replaced(&read("accounts"), "127.0.0.1:5060", &lab.address(over).to_string());
        let accounts = if over == Over::Tcp { replaced(&accounts, "transport=udp", "transport=tcp") } else { accounts };
        let accounts = replaced(&accounts, "audio_codecs=PCMU,PCMA", &format!("audio_codecs={codec}"));
        fs::write(folder.join("accounts"), accounts).unwrap();
        let plays = folder.join("plays.wav");
        sing(&plays, name);

        let (rtp, control, host) = (free_port(), free_port(), lab.udp.ip());
        let mut config = read("config");
        for (key, value) in [
            ("sip_listen", SocketAddr::new(host, sip).to_string()),
            ("net_interface", host.to_string()),
            ("rtp_ports", format!("{rtp}-{}", rtp + 1)),
            ("ctrl_tcp_listen", format!("127.0.0.1:{control}")),
            ("audio_source", format!("aufile,{}", plays.display())),
            ("audio_player", "aubridge,x".to_owned()),
            ("audio_alert", "aubridge,y".to_owned()),
        ] {
            let line = config.lines().find(|line| line.split_whitespace().next() == Some(key));
            let line = line.unwrap_or_else(|| panic!("no {key} in baresip's config")).to_owned();
            config = replaced(&config, &line, &format!("{key} {value}"));
        }
        // Its recordings, which users do not want of every call.
        config = replaced(&config, "aubridge.so\n", "aubridge.so\nmodule sndfile.so\n");
        config += &format!("snd_path {}\n", folder.display());
        fs::write(folder.join("config"), config).unwrap();
        Baresip::run(over, lab, name, folder, control)
    }

    /// With the shipped config, byte for byte: only the switch is not where the shipped account has it.
    fn unchanged(lab: &Lab, name: &str) -> Baresip {
        let from = shipped("sip-configs/clients/baresip").join(name);
        let folder = lab.folder.join(format!("{name}-unchanged"));
        fs::create_dir_all(&folder).unwrap();
        let accounts = fs::read_to_string(from.join("accounts")).unwrap();
        let accounts = replaced(&accounts, "127.0.0.1:5060", &lab.address(Over::Udp).to_string());
        fs::write(folder.join("accounts"), accounts).unwrap();
        fs::copy(from.join("config"), folder.join("config")).unwrap();
        let control = Taken::by(name).control;
        Baresip::run(Over::Udp, lab, name, folder, control)
    }

    /// From a folder that is ready, with commands taken at a port.
    fn run(over: Over, lab: &Lab, name: &str, folder: PathBuf, control: u16) -> Baresip {
        let mut command = Command::new("baresip");
        let command = command.arg("-f").arg(&folder).env("HOME", &folder);
        let process = Process::start(name, &lab.folder, command);
        process.says("baresip is ready", 1);
        let mut commands = None;
        until("baresip takes commands", || {
            commands = TcpStream::connect(("127.0.0.1", control)).ok();
            commands.is_some()
        });
        let commands = commands.unwrap();
        let mut events = File::create(folder.join("events.log")).unwrap();
        let mut told = commands.try_clone().unwrap();
        // Until it closes the connection by its end.
        std::thread::spawn(move || std::io::copy(&mut told, &mut events));
        Baresip { name: name.to_owned(), over, process, folder, commands, rung: 0, up: 0, ended: 0 }
    }

    /// A command, as JSON in a netstring.
    fn command(&mut self, command: &str, about: &str) {
        let json = format!(r#"{{"command":"{command}","params":"{about}"}}"#);
        write!(self.commands, "{}:{json},", json.len()).unwrap();
    }

    /// Waits until so many of its events had these words.
    fn tells(&self, words: &[&str], times: usize) {
        let events = self.folder.join("events.log");
        until(&format!("{} tells {words:?} {times} times", self.name), || {
            let told = String::from_utf8_lossy(&fs::read(&events).unwrap_or_default()).into_owned();
            let of = |event: &&str| words.iter().all(|word| event.contains(word));
            told.split(r#"{"event":true"#).filter(of).count() >= times
        });
    }
}

impl Phone for Baresip {
    fn dial(&mut self, lab: &Lab, number: &str) {
        self.command("dial", &lab.uri(self.over, number));
    }

    fn rings(&mut self) {
        self.rung += 1;
        self.process.says("Incoming call from", self.rung);
    }

    fn answer(&mut self) {
        self.command("accept", "");
        self.up += 1;
        self.process.says("Call established", self.up);
    }

    fn hold(&mut self) {
        self.command("hold", "");
    }

    fn resume(&mut self) {
        self.command("resume", "");
    }

    fn transfer(&mut self, lab: &Lab, number: &str) {
        self.command("transfer", &lab.uri(self.over, number));
    }

    fn dial_keys(&mut self, keys: &str) {
        self.command("sndcode", keys);
    }

    fn gets_key(&self, key: char, times: usize) {
        self.tells(&["CALL_DTMF_START", &format!(r#""param":"{key}""#)], times);
    }

    fn hang_up(&mut self) {
        self.command("hangup", "");
    }

    fn has_ended(&mut self) {
        self.ended += 1;
        self.tells(&["CALL_CLOSED"], self.ended);
    }
}

impl Records for Baresip {
    fn name(&self) -> &str {
        &self.name
    }

    /// It names its recordings by the time of day.
    fn recording(&self) -> Option<PathBuf> {
        let files = fs::read_dir(&self.folder).ok()?.flatten().map(|entry| entry.path());
        files.filter(|file| file.to_string_lossy().ends_with("-dec.wav")).max()
    }
}

const SHIPPED: [&str; 6] = ["customer", "john", "maria", "peter", "anna", "bank"];

/// The ports that a shipped set-up takes.
struct Taken {
    /// For SIP, and one above it for TLS, which baresip 1 listens on, too.
    sip: [u16; 2],
    rtp: RangeInclusive<u16>,
    control: u16,
}

impl Taken {
    fn by(name: &str) -> Taken {
        let config = shipped("sip-configs/clients/baresip").join(name).join("config");
        let config = fs::read_to_string(config).unwrap();
        let value = |key: &str| {
            let mut words = config.lines().map(str::split_whitespace).find(|words| words.clone().next() == Some(key));
            words.as_mut().and_then(|words| words.nth(1)).unwrap_or_else(|| panic!("no {key} of {name}")).to_owned()
        };
        let port = |key: &str| value(key).parse::<SocketAddr>().unwrap().port();
        let rtp = value("rtp_ports");
        let (first, last) = rtp.split_once('-').unwrap();
        let sip = port("sip_listen");
        Taken {
            sip: [sip, sip + 1],
            rtp: first.parse().unwrap()..=last.parse().unwrap(),
            control: port("ctrl_tcp_listen"),
        }
    }

    fn all(&self) -> impl Iterator<Item = u16> + '_ {
        self.sip.into_iter().chain(self.rtp.clone()).chain([self.control])
    }
}

#[test]
fn no_two_shipped_baresips_want_the_same_port() {
    let mut whose = BTreeMap::new();
    for name in SHIPPED {
        for port in Taken::by(name).all() {
            if let Some(other) = whose.insert(port, name) {
                panic!("{port} is wanted by {other} and {name}");
            }
        }
    }
}

#[test]
fn shipped_baresips_run_side_by_side_as_they_are() {
    let names = ["customer", "john", "maria"];
    let free =
        |port: u16| UdpSocket::bind(("127.0.0.1", port)).is_ok() && TcpListener::bind(("127.0.0.1", port)).is_ok();
    if let Some(port) =
        names.iter().flat_map(|name| Taken::by(name).all().collect::<Vec<_>>()).find(|port| !free(*port))
    {
        println!("skipped: another program has port {port}");
        return;
    }
    let lab = Lab::start("side-by-side");
    // Each has said that it is ready; for a call it would need a sound card.
    let phones = names.map(|name| Baresip::unchanged(&lab, name));
    lab.are_registered(&["john", "maria"]);
    for phone in &phones {
        let log = phone.process.log();
        assert!(!log.contains("in use"), "{} found a port taken:\n{log}", phone.name);
    }
}
