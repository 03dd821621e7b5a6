//! baresip, as its users get it: the shipped folder, a file in place of a microphone, commands over TCP.

use super::hearing::{Records, sing};
use super::lab::{Lab, replaced, shipped};
use super::process::{Process, free_port, until};
use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;

pub struct Baresip {
    name: String,
    process: Process,
    folder: PathBuf,
    commands: TcpStream,
}

impl Baresip {
    /// With one codec only: between it and the others the switch must translate.
    pub fn start(lab: &Lab, name: &str, codec: &str, hz: u16) -> Baresip {
        let (from, folder) =
            (shipped("sip-configs/clients/baresip").join(name), lab.folder.join(format!("{name}-baresip")));
        fs::create_dir_all(&folder).unwrap();
        let read = |file: &str| fs::read_to_string(from.join(file)).unwrap();
        let accounts = replaced(&read("accounts"), "127.0.0.1:5060", &lab.udp.to_string());
        let accounts = replaced(&accounts, "audio_codecs=PCMU,PCMA", &format!("audio_codecs={codec}"));
        fs::write(folder.join("accounts"), accounts).unwrap();
        let plays = folder.join("plays.wav");
        sing(&plays, hz);

        let (sip, rtp, control) = (free_port(), free_port(), free_port());
        let mut config = read("config");
        for (key, value) in [
            ("sip_listen", format!("127.0.0.1:{sip}")),
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
        Baresip { name: name.to_owned(), process, folder, commands: commands.unwrap() }
    }

    /// A command, as JSON in a netstring.
    fn command(&mut self, command: &str) {
        let json = format!(r#"{{"command":"{command}"}}"#);
        write!(self.commands, "{}:{json},", json.len()).unwrap();
    }

    pub fn rings(&self) {
        self.process.says("Incoming call from", 1);
    }

    pub fn answer(&mut self) {
        self.command("accept");
        self.process.says("Call established", 1);
    }

    pub fn hang_up(&mut self) {
        self.command("hangup");
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
