//! SIPp with the shipped scenarios: registering, answering, calling; its own count of what worked.

use super::lab::{Lab, Over, shipped};
use super::process::{PATIENCE, Process, free_media_port, free_port};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

pub struct Sipp {
    process: Process,
    counts: PathBuf,
    /// What SIPp found wrong.
    errors: PathBuf,
    calls: u32,
}

impl Sipp {
    /// A scenario, from a port, for a number of calls one after another.
    fn start(lab: &Lab, name: &str, over: Over, port: u16, calls: u32, words: &[&str]) -> Sipp {
        let words: Vec<&str> = ["-l", "1"].iter().chain(words).copied().collect();
        Sipp::start_all(lab, name, over, port, calls, &words)
    }

    fn start_all(lab: &Lab, name: &str, over: Over, port: u16, calls: u32, words: &[&str]) -> Sipp {
        let switch = lab.address(over);
        let counts = lab.folder.join(format!("{name}-counts.csv"));
        let mut command = Command::new("sipp");
        command.arg(switch.to_string()).arg("-sf").arg(shipped("sip-configs/clients/sipp").join(format!("{name}.xml")));
        command.args(["-i", &switch.ip().to_string(), "-p", &port.to_string(), "-m", &calls.to_string()]);
        command.args(["-mp", &free_media_port().to_string(), "-t", if over == Over::Tcp { "t1" } else { "u1" }]);
        let errors = lab.folder.join(format!("{name}-errors.log"));
        command.args(["-nostdin", "-trace_stat", "-stf"]).arg(&counts);
        command.args(["-trace_err", "-error_file"]).arg(&errors).args(words);
        Sipp { process: Process::start(name, &lab.folder, &mut command), counts, errors, calls }
    }

    /// Registers an agent, who will answer on a port.
    pub fn registers(lab: &Lab, agent: &str, over: Over, port: u16) {
        let agents = one_of(lab, agent);
        // Of itself SIPp 3.6 signs for `sip:::1:5060`, without the brackets, which is no address.
        let words = ["-inf", &agents, "-auth_uri", &lab.address(over).to_string()];
        Sipp::start(lab, "registering-agent", over, port, 1, &words).has_succeeded();
        lab.is_registered(agent);
    }

    /// Registers many agents, whose passwords are their names, and who will answer on one port.
    pub fn register_all(lab: &Lab, agents: &[String], port: u16) {
        let line = |agent: &String| format!("{agent};[authentication username={agent} password={agent}]\n");
        let file = lab.folder.join("crowd.csv");
        fs::write(&file, format!("SEQUENTIAL\n{}", agents.iter().map(line).collect::<String>())).unwrap();
        let calls = u32::try_from(agents.len()).unwrap();
        let words = ["-inf", &file.display().to_string(), "-r", "100"];
        Sipp::start_all(lab, "registering-agent", Over::Udp, port, calls, &words).has_succeeded();
    }

    /// A script that is played by many at once.
    pub fn crowd(lab: &Lab, script: &str, port: u16, calls: u32, words: &[&str]) -> Sipp {
        let words: Vec<&str> = ["-l", "1000"].iter().chain(words).copied().collect();
        Sipp::start_all(lab, script, Over::Udp, port, calls, &words)
    }

    /// A script of a guest, who calls a number.
    pub fn guest(lab: &Lab, over: Over, script: &str, number: &str) -> Sipp {
        Sipp::start(lab, script, over, free_port(), 1, &["-s", number, "-base_cseq", "2"])
    }

    /// A script of an agent, who calls somebody, or hands a call on to him.
    pub fn agent(lab: &Lab, over: Over, script: &str, agent: &str, port: u16, number: &str) -> Sipp {
        let uri = format!("{number}@{}", lab.address(over));
        let words = ["-inf", &one_of(lab, agent), "-s", number, "-auth_uri", &uri, "-rtp_echo"];
        Sipp::start(lab, script, over, port, 1, &words)
    }

    pub fn answers(lab: &Lab, over: Over, port: u16, calls: u32) -> Sipp {
        Sipp::start(lab, "answering-agent", over, port, calls, &["-rtp_echo"])
    }

    pub fn calls(lab: &Lab, over: Over, number: &str, calls: u32) -> Sipp {
        Sipp::start(lab, "customer", over, free_port(), calls, &["-s", number])
    }

    /// A guest or a trunk calls from a port.
    pub fn calls_from(lab: &Lab, port: u16, number: &str) -> Sipp {
        Sipp::start(lab, "customer", Over::Udp, port, 1, &["-s", number])
    }

    /// A script of somebody outside, who is called at a port.
    pub fn trunk(lab: &Lab, script: &str, port: u16) -> Sipp {
        Sipp::trunk_that(lab, script, port, &[])
    }

    /// The same with something to say.
    pub fn trunk_that(lab: &Lab, script: &str, port: u16, words: &[&str]) -> Sipp {
        Sipp::start(lab, script, Over::Udp, port, 1, &[&["-rtp_echo"], words].concat())
    }

    /// Waits for its end, which is not as the scenario has it.
    pub fn has_failed(mut self) {
        let status = self.process.ends(PATIENCE + Duration::from_secs(5));
        assert!(!status.success(), "SIPp ended with {status}");
    }

    /// Waits for its end: every call as the scenario has it, by exit code and by its own count.
    pub fn has_succeeded(self) {
        self.has_succeeded_within(PATIENCE + Duration::from_secs(5));
    }

    pub fn has_succeeded_within(mut self, time: Duration) {
        let status = self.process.ends(time);
        let errors = fs::read_to_string(&self.errors).unwrap_or_default();
        assert!(status.success(), "SIPp ended with {status}\n{errors:.4000}");
        let text = fs::read_to_string(&self.counts).unwrap();
        let mut lines = text.lines();
        let (names, last) = (lines.next().unwrap_or_default(), lines.next_back().unwrap_or_default());
        let count = |name: &str| {
            let place = names.split(';').position(|known| known == name)?;
            last.split(';').nth(place)?.parse::<u32>().ok()
        };
        let counted = (count("SuccessfulCall(C)"), count("FailedCall(C)"));
        assert_eq!(counted, (Some(self.calls), Some(0)), "calls that succeeded, and failed, by SIPp's count");
    }
}

/// The shipped list of agents with one of them only.
fn one_of(lab: &Lab, agent: &str) -> String {
    let all = fs::read_to_string(shipped("sip-configs/clients/sipp/agents.csv")).unwrap();
    let line = |start: &str| all.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no {start}"));
    let file = lab.folder.join(format!("{agent}.csv"));
    fs::write(&file, format!("{}\n{}\n", line("SEQUENTIAL"), line(&format!("{agent};")))).unwrap();
    file.display().to_string()
}
