//! Linphone, as its users get it: the shipped linphonerc, files in place of a sound card, commands on its standard input.

use super::hearing::{Records, sing};
use super::lab::{Lab, Over, replaced, shipped};
use super::phone::Phone;
use super::process::{Process, free_port};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

const STREAMS: &str = "Media streams established";
const PAUSED: &str = "is now paused";
const RINGS: &str = "Receiving new incoming call";
const ENDED: &str = "ended (No error)";

pub struct Linphone {
    name: String,
    over: Over,
    process: Process,
    recording: PathBuf,
    rung: usize,
    ended: usize,
}

impl Linphone {
    pub fn start(lab: &Lab, name: &str) -> Linphone {
        Linphone::over(Over::Udp, lab, name)
    }

    pub fn over(over: Over, lab: &Lab, name: &str) -> Linphone {
        Linphone::with("", over, lab, name, free_port())
    }

    /// At this port.
    pub fn at(lab: &Lab, name: &str, port: u16) -> Linphone {
        Linphone::with("", Over::Udp, lab, name, port)
    }

    /// One that sends its keys by INFO, and in no other way.
    pub fn with_info_keys(over: Over, lab: &Lab, name: &str) -> Linphone {
        Linphone::with("use_info=1\nuse_rfc2833=0\n", over, lab, name, free_port())
    }

    /// `sip`: what its section of that name has besides.
    fn with(sip: &str, over: Over, lab: &Lab, name: &str, at: u16) -> Linphone {
        let file = format!("{name}.linphonerc");
        let text = fs::read_to_string(shipped("sip-configs/clients/linphone").join(&file)).unwrap();
        let mut own = text.clone();
        let mut port = |key: &str, value: String| {
            let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_else(|| panic!("no {key} in {file}"));
            own = replaced(&own, line, &format!("{key}{value}"));
        };
        port("audio_rtp_port=", free_port().to_string());
        match over {
            Over::Udp => port("sip_port=", at.to_string()),
            Over::Tcp => {
                port("sip_port=", "0".to_owned());
                port("sip_tcp_port=", at.to_string());
            }
        }
        own = own.replace("reg_proxy=<sip:127.0.0.1:5060>", &format!("reg_proxy=<{}>", lab.uri(over, "")));
        own = own.replace("127.0.0.1:5060", &lab.address(over).to_string());
        if lab.udp.is_ipv6() {
            own = replaced(&own, "use_ipv6=0", "use_ipv6=1").replace("@127.0.0.1", "@[::1]");
        }
        own = replaced(&own, "[sip]\n", &format!("[sip]\n{sip}"));
        fs::write(lab.folder.join(&file), own).unwrap();
        let home = lab.folder.join(format!("{name}-home"));
        fs::create_dir_all(&home).unwrap();
        let (plays, recording) = (format!("{name}-plays.wav"), lab.folder.join(format!("{name}-heard.wav")));
        sing(&lab.folder.join(&plays), name);

        let mut command = Command::new("linphonec");
        let command = command.arg("-c").arg(&file).env("HOME", home).env_remove("DISPLAY");
        let mut process = Process::start(name, &lab.folder, command);
        process.say("soundcard use files");
        process.says("Using wav files", 1);
        process.say(&format!("play {plays}"));
        process.say(&format!("record {}", recording.display()));
        Linphone { name: name.to_owned(), over, process, recording, rung: 0, ended: 0 }
    }

    /// Brings two of its calls together, each by its number in the order of its calls.
    pub fn bring_together(&mut self, one: usize, other: usize) {
        self.process.say(&format!("transfer {one} --to-call {other}"));
    }
}

impl Phone for Linphone {
    fn dial(&mut self, lab: &Lab, number: &str) {
        self.process.say(&format!("call {}", lab.uri(self.over, number)));
    }

    fn rings(&mut self) {
        self.rung += 1;
        self.process.says(RINGS, self.rung);
    }

    fn answer(&mut self) {
        self.process.say("answer");
    }

    fn hold(&mut self) {
        let before = self.process.log().matches(PAUSED).count();
        self.process.say("pause");
        // Until then it refuses to resume.
        self.process.says(PAUSED, before + 1);
    }

    fn resume(&mut self) {
        let before = self.process.log().matches(STREAMS).count();
        self.process.say("resume");
        // Until then it refuses to transfer.
        self.process.says(STREAMS, before + 1);
    }

    fn transfer(&mut self, lab: &Lab, number: &str) {
        self.process.say(&format!("transfer {}", lab.uri(self.over, number)));
    }

    fn dial_keys(&mut self, keys: &str) {
        for key in keys.chars() {
            self.process.say(&key.to_string());
        }
    }

    fn gets_key(&self, key: char, times: usize) {
        self.process.says(&format!("Receiving tone {key} "), times);
    }

    fn hang_up(&mut self) {
        self.process.say("terminate");
    }

    fn has_ended(&mut self) {
        self.ended += 1;
        self.process.says(ENDED, self.ended);
    }
}

impl Records for Linphone {
    fn name(&self) -> &str {
        &self.name
    }

    fn recording(&self) -> Option<PathBuf> {
        Some(self.recording.clone())
    }
}
