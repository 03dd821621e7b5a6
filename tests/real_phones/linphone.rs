//! Linphone, as its users get it: the shipped linphonerc, files in place of a sound card, commands on its standard input.

use super::hearing::{Records, sing};
use super::lab::{Lab, replaced, shipped};
use super::process::{Process, free_port};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

const STREAMS: &str = "Media streams established";
const PAUSED: &str = "is now paused";
const RINGS: &str = "Receiving new incoming call";

pub struct Linphone {
    name: String,
    process: Process,
    recording: PathBuf,
    rung: usize,
}

impl Linphone {
    pub fn start(lab: &Lab, name: &str, hz: u16) -> Linphone {
        let file = format!("{name}.linphonerc");
        let text = fs::read_to_string(shipped("sip-configs/clients/linphone").join(&file)).unwrap();
        let mut own = text.replace("127.0.0.1:5060", &lab.udp.to_string());
        for key in ["sip_port=", "audio_rtp_port="] {
            let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_else(|| panic!("no {key} in {file}"));
            own = replaced(&own, line, &format!("{key}{}", free_port()));
        }
        fs::write(lab.folder.join(&file), own).unwrap();
        let home = lab.folder.join(format!("{name}-home"));
        fs::create_dir_all(&home).unwrap();
        let (plays, recording) = (format!("{name}-plays.wav"), lab.folder.join(format!("{name}-heard.wav")));
        sing(&lab.folder.join(&plays), hz);

        let mut command = Command::new("linphonec");
        let command = command.arg("-c").arg(&file).env("HOME", home).env_remove("DISPLAY");
        let mut process = Process::start(name, &lab.folder, command);
        process.say("soundcard use files");
        process.says("Using wav files", 1);
        process.say(&format!("play {plays}"));
        process.say(&format!("record {}", recording.display()));
        Linphone { name: name.to_owned(), process, recording, rung: 0 }
    }

    pub fn call(&mut self, lab: &Lab, number: &str) {
        let before = self.process.log().matches(STREAMS).count();
        self.process.say(&format!("call sip:{number}@{}", lab.udp));
        self.process.says(STREAMS, before + 1);
    }

    /// Waits until it rings once more.
    pub fn rings(&mut self) {
        self.rung += 1;
        self.process.says(RINGS, self.rung);
    }

    pub fn answer(&mut self) {
        self.process.say("answer");
    }

    /// Keys on its keypad, a command each.
    pub fn dial_keys(&mut self, keys: &str) {
        for key in keys.chars() {
            self.process.say(&key.to_string());
        }
    }

    pub fn hold(&mut self) {
        let before = self.process.log().matches(PAUSED).count();
        self.process.say("pause");
        // Until then it refuses to resume.
        self.process.says(PAUSED, before + 1);
    }

    pub fn resume(&mut self) {
        self.process.say("resume");
    }

    pub fn hang_up(&mut self) {
        self.process.say("terminate");
    }

    /// Waits until its call has ended, and not by an error.
    pub fn has_ended(&self) {
        self.process.says("ended (No error)", 1);
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
