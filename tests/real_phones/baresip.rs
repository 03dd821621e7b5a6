//! baresip, as its users get it: the shipped folder, a file in place of a microphone, commands over TCP.

use super::hearing::{Records, sing};
use super::lab::{Lab, Over, replaced, shipped};
use super::phone::Phone;
use super::process::{Process, free_port, until};
use std::fs::{self, File};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
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
            ("snd_path", folder.display().to_string()),
            ("audio_source", format!("aufile,{}", plays.display())),
            ("audio_player", "aubridge,x".to_owned()),
            ("audio_alert", "aubridge,y".to_owned()),
        ] {
            let line = config.lines().find(|line| line.split_whitespace().next() == Some(key));
            let line = line.unwrap_or_else(|| panic!("no {key} in baresip's config")).to_owned();
            config = replaced(&config, &line, &format!("{key} {value}"));
        }
        fs::write(folder.join("config"), config).unwrap();

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
