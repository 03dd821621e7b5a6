//! A whole contact centre at work: hundreds of agents, a dozen queues, thousands of contacts, customers by a trunk and by
//! themselves; more of them for a while than can be served.

use crate::world::World;
use cordboard::config::{self, Source};
use cordboard::engine::snapshot::AgentSnapshot;
use cordboard::engine::{Addressee, Button};
use cordboard::ids::Mint;
use cordboard::phone::{LineId, LineState, PhoneConfig};
use cordboard::site::Site;
use cordboard::story::script::Network;
use cordboard::time::{Duration, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

const AGENTS: usize = 300;
const CUSTOMERS: usize = 500;
const QUEUES: usize = 12;
const PROFILES: usize = 6;
/// The trunk by which a third of the customers come.
const TRUNK: &str = "127.20.0.1:5060";
const TICK: Duration = Duration::from_millis(250);

/// What is said of a crowd when its day is over.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Day {
    pub contacts: usize,
    pub connected: usize,
    /// Those that came by a quick connect.
    pub transfers: usize,
    /// The most that waited at once.
    pub waited: usize,
}

fn agent(number: usize) -> String {
    format!("agent{number:03}")
}

/// Queue `n` is served by three profiles, by one of them first of all, by another only when somebody has waited.
fn installation() -> String {
    let mut text = String::from(
        "[sip]\ndomain = \"cordboard.lab\"\nlisten = [\"udp:127.0.0.1:5060\"]\n[media]\nports = \"16384-32767\"\n\
         [flows]\ndir = \"flows\"\n",
    );
    let prompts = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
    let _ = writeln!(text, "[prompts]\ndir = {:?}", prompts.display().to_string());
    let _ = writeln!(text, "[[trunks]]\nid = \"pstn\"\nhost = \"{TRUNK}\"\noptions_seconds = 0");
    for number in 0..AGENTS {
        let (id, profile, after) = (agent(number), number % PROFILES, [0, 5, 15][number % 3]);
        let _ = writeln!(
            text,
            "[[agents]]\nid = \"{id}\"\nname = \"{id}\"\npassword = \"secret-{id}\"\nrouting_profile = \"p{profile}\"\n\
             after_call_work = {after}"
        );
    }
    for profile in 0..PROFILES {
        let queue = |n: usize| (2 * profile + n) % QUEUES;
        let _ = writeln!(
            text,
            "[[routing_profiles]]\nid = \"p{profile}\"\ndefault_outbound_queue = \"q{first}\"\nqueues = [{{ queue = \"q{first}\" }}, \
             {{ queue = \"q{}\" }}, {{ queue = \"q{}\", priority = 2 }}, {{ queue = \"q{}\", priority = 2 }}, \
             {{ queue = \"q{}\", priority = 3, delay = 20 }}]",
            queue(1),
            queue(2),
            queue(3),
            queue(4),
            first = queue(0),
        );
    }
    for queue in 0..QUEUES {
        let limit = if queue % 4 == 3 { 30 } else { 0 };
        let other = (queue + 5) % QUEUES;
        let _ = writeln!(
            text,
            "[[queues]]\nid = \"q{queue}\"\nmax_contacts = {limit}\nquick_connects = [\"ask{other}\", \"call{queue}\"]\n\
             [[quick_connects]]\nid = \"ask{queue}\"\ntype = \"queue\"\nqueue = \"q{queue}\"\n\
             [[quick_connects]]\nid = \"call{queue}\"\ntype = \"agent\"\nagent = \"{}\"\n\
             [[numbers]]\nnumber = \"50{queue:02}\"\nflow = \"Line {queue}\"",
            agent(queue * 7)
        );
    }
    text
}

/// Into the queue, or away when it is full; every third with some precedence.
fn line(queue: usize) -> String {
    let act = |id: &str, kind: &str, parameters: &str, then: &str| {
        format!(r#"{{"Identifier":"{id}","Type":"{kind}","Parameters":{parameters},"Transitions":{then}}}"#)
    };
    let on = |next: &str, errors: &[&str]| {
        let errors: Vec<String> =
            errors.iter().map(|kind| format!(r#"{{"ErrorType":"{kind}","NextAction":"End"}}"#)).collect();
        format!(r#"{{"NextAction":"{next}","Errors":[{}]}}"#, errors.join(","))
    };
    let priority = if queue.is_multiple_of(3) { 2 } else { 5 };
    let actions = [
        act("Turn", "UpdateContactRoutingBehavior", &format!(r#"{{"QueuePriority":"{priority}"}}"#), &on("Set", &[])),
        act(
            "Set",
            "UpdateContactTargetQueue",
            &format!(r#"{{"QueueId":"q{queue}"}}"#),
            &on("Go", &["NoMatchingError"]),
        ),
        act("Go", "TransferContactToQueue", "{}", &on("End", &["QueueAtCapacity", "NoMatchingError"])),
        act("End", "DisconnectParticipant", "{}", "{}"),
    ];
    format!(
        r#"{{"Version":"2019-10-30","StartAction":"Turn","Metadata":{{"name":"Line {queue}","type":"contactFlow"}},"Actions":[{}]}}"#,
        actions.join(",")
    )
}

/// The installation, by way of files as anybody's is.
fn site() -> Arc<Site> {
    let folder = std::env::temp_dir().join(format!("cordboard-{}-crowd", std::process::id()));
    let flows = folder.join("flows");
    std::fs::create_dir_all(&flows).unwrap_or_else(|fault| panic!("{fault}"));
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("sip-configs/flows")).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("default-") {
            std::fs::copy(entry.path(), flows.join(entry.file_name())).unwrap();
        }
    }
    for queue in 0..QUEUES {
        std::fs::write(flows.join(format!("line-{queue}.json")), line(queue)).unwrap();
    }
    let file = folder.join("crowd.toml");
    std::fs::write(&file, installation()).unwrap();
    let site = config::load(&Source::File(file)).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let _left = std::fs::remove_dir_all(&folder);
    Arc::new(site)
}

fn phones(mint: &mut Mint) -> Vec<PhoneConfig> {
    let config = |user: &str, number: usize| {
        let (high, low) = (u8::try_from(number / 200).unwrap_or(0), u8::try_from(number % 200 + 1).unwrap_or(1));
        let ip = Ipv4Addr::new(127, 10, high, low);
        let address = |port| SocketAddr::from((ip, port));
        PhoneConfig::new(user, address(5060), address(5060), address(40_000))
    };
    let mut all: Vec<PhoneConfig> = (0..AGENTS)
        .map(|number| {
            let user = agent(number);
            let mut config = config(&user, number);
            config.password = Some(format!("secret-{user}"));
            config.habits.answers_after = Some(Duration::from_millis(500 + mint.below(12_000)));
            match mint.below(40) {
                0 => config.habits.silent = true,
                1 => config.habits.declines_with = Some(486),
                2 => config.habits.answers_after = None,
                _ => {}
            }
            config
        })
        .collect();
    all.extend((0..CUSTOMERS).map(|number| config(&format!("+4930{number:04}"), AGENTS + number)));
    let mut trunk =
        PhoneConfig::new("trunk", TRUNK.parse().unwrap(), TRUNK.parse().unwrap(), "127.20.0.1:40000".parse().unwrap());
    trunk.lines = 500;
    all.push(trunk);
    all
}

struct Crowd {
    world: World,
    /// When a hand will put down a line.
    until: BTreeMap<(usize, LineId), Time>,
    day: Day,
    /// Of each contact, what was told of it, in order.
    events: BTreeMap<String, Vec<&'static str>>,
}

/// Plays a day of a contact centre to its end.
///
/// # Errors
/// What was broken first, and what had been done until then.
pub fn play(seed: u64) -> Result<Day, String> {
    let mut mint = Mint::new(seed);
    let rough = if seed.is_multiple_of(2) { 0 } else { 2 };
    let network = Network { delay: Duration::from_millis(10), loses: rough, repeats: rough, reorders: rough };
    let mut world = World::new(seed, site(), network, false, phones(&mut mint));
    world.asked = true;
    let mut crowd = Crowd { world, until: BTreeMap::new(), day: Day::default(), events: BTreeMap::new() };
    for at in 0..AGENTS {
        crowd.world.with_phone(at, |now, phone| phone.register(now));
    }
    // An easy morning, a rush, and an afternoon in which the queues empty themselves.
    for (minutes, a_second) in [(1, 2), (4, 8), (1, 3), (4, 0)] {
        for second in 0..minutes * 60 {
            for _ in 0..4 {
                crowd.live(a_second);
            }
            crowd.hold_the_laws();
            if second % 5 == 0 {
                crowd.at_the_screens();
            }
            if !crowd.world.broken.is_empty() {
                return Err(crowd.story());
            }
        }
    }
    crate::laws::hold_at_the_end(&mut crowd.world);
    crowd.account();
    if crowd.world.broken.is_empty() { Ok(crowd.day) } else { Err(crowd.story()) }
}

impl Crowd {
    fn chance(&mut self, of: u64) -> bool {
        self.world.mint.below(of) == 0
    }

    /// A quarter of a second: some call, some hang up, some put their phones in order.
    fn live(&mut self, calls_a_second: u64) {
        for _ in 0..calls_a_second {
            if self.chance(4) {
                self.call();
            }
        }
        for at in 0..self.world.hands.len() {
            let agent = self.world.hands[at].agent;
            let lines: Vec<(LineId, LineState)> =
                self.world.hands[at].live().map(|line| (line.id(), line.state())).collect();
            for (line, state) in &lines {
                if *state == LineState::Ringing {
                    continue;
                }
                let now = self.world.now;
                let mint = &mut self.world.mint;
                let long = if agent { 5 + mint.below(110) } else { 20 + mint.below(300) };
                let until = *self.until.entry((at, *line)).or_insert(now + Duration::from_secs(long));
                if until <= now {
                    self.world.with_phone(at, |now, phone| phone.hang_up(now, *line));
                }
            }
            if agent && lines.is_empty() {
                if !self.world.hands[at].phone.is_registered() {
                    if self.chance(40) {
                        self.world.with_phone(at, |now, phone| phone.register(now));
                    }
                } else if self.chance(20_000) {
                    self.world.with_phone(at, |now, phone| phone.unregister(now));
                }
            }
        }
        let until = self.world.now + TICK;
        self.world.run(until);
    }

    fn call(&mut self) {
        let number = format!("50{:02}", self.world.mint.below(QUEUES as u64));
        let trunk = self.world.hands.len() - 1;
        let at = if self.chance(3) {
            trunk
        } else {
            AGENTS + usize::try_from(self.world.mint.below(CUSTOMERS as u64)).unwrap_or(0)
        };
        if at == trunk || self.world.hands[at].live().next().is_none() {
            self.world.with_phone(at, |now, phone| {
                phone.call(now, &number);
            });
        }
    }

    /// What agents do at their screens: clear what went wrong, ask a colleague, join, hold, leave, take a break.
    fn at_the_screens(&mut self) {
        for number in 0..AGENTS {
            let name = agent(number);
            let Some(screen) = self.world.screen(&name) else { continue };
            let button = match screen.state.as_str() {
                "Available" if self.chance(150) => Some(Button::PutAgentState { status: "Lunch".into() }),
                "Busy" if self.chance(4) => self.in_a_call(&screen),
                "Available" | "Busy" | "PendingBusy" | "AfterCallWork" => None,
                _ if self.chance(4) => Some(Button::PutAgentState { status: "Available".into() }),
                _ => None,
            };
            if let Some(button) = button {
                self.world.press(&name, button);
            }
        }
    }

    fn in_a_call(&mut self, screen: &AgentSnapshot) -> Option<Button> {
        let contact = None;
        let quick = &screen.quick_connects;
        let pick = usize::try_from(self.world.mint.below(quick.len().max(1) as u64)).unwrap_or(0);
        match self.world.mint.below(8) {
            0..3 => {
                let target = Addressee::QuickConnect(quick.get(pick)?.id.as_str().into());
                Some(Button::CreateAdditionalConnection { contact, target })
            }
            3 => Some(Button::ConferenceConnections { contact }),
            4 => Some(Button::HoldAll { contact }),
            5 => Some(Button::ResumeAll { contact }),
            6 => Some(Button::ToggleActiveConnections { contact }),
            _ => Some(Button::Leave { contact }),
        }
    }

    fn hold_the_laws(&mut self) {
        self.world.hold_the_laws();
        for event in self.world.contacts.split_off(0) {
            let (contact, what, transfer) = event;
            let known = self.events.entry(contact).or_default();
            if known.is_empty() {
                self.day.contacts += 1;
                self.day.transfers += usize::from(transfer);
            }
            self.day.connected += usize::from(what == "CONNECTED_TO_AGENT");
            known.push(what);
        }
        let waiting = self.events.values().filter(|e| e.last() == Some(&"QUEUED")).count();
        self.day.waited = self.day.waited.max(waiting);
        self.nobody_has_two();
    }

    /// Seen from the phones alone: no agent has two calls, no contact rings at two agents or is with two. Where packets are
    /// lost a phone may not know yet that its last call is over.
    fn nobody_has_two(&mut self) {
        let network = &self.world.network;
        if network.loses + network.reorders > 0 {
            return;
        }
        let mut broken = Vec::new();
        let mut contacts: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for hand in self.world.hands.iter().filter(|hand| hand.agent && !hand.phone.habits().silent) {
            let lines: Vec<_> = hand.live().collect();
            if lines.len() > 1 {
                broken.push(format!("{} has {} calls", hand.name, lines.len()));
            }
            for dialog in lines.iter().filter_map(|line| line.dialog()) {
                if let Some(contact) = self.world.offers.get(&dialog.call_id) {
                    contacts.entry(contact).or_default().insert(&hand.name);
                }
            }
        }
        for (contact, agents) in contacts.into_iter().filter(|(_, agents)| agents.len() > 1) {
            broken.push(format!("contact {contact} is with {agents:?}"));
        }
        self.world.broken.append(&mut broken);
    }

    /// Every contact began once, was connected to an agent once at most, and ended once.
    fn account(&mut self) {
        self.hold_the_laws();
        let mut broken = Vec::new();
        for (contact, events) in &self.events {
            let count = |what: &str| events.iter().filter(|event| **event == what).count();
            let right = count("INITIATED") == 1
                && count("CONNECTED_TO_AGENT") <= 1
                && count("DISCONNECTED") == 1
                && count("COMPLETED") == 1
                && events.first() == Some(&"INITIATED")
                && events.last() == Some(&"COMPLETED");
            if !right {
                broken.push(format!("of contact {contact} was told {events:?}"));
            }
        }
        broken.truncate(10);
        self.world.broken.append(&mut broken);
    }

    fn story(&self) -> String {
        let last = self.world.trace.len().saturating_sub(60);
        let trace = self.world.trace.get(last..).unwrap_or_default();
        let mut text = String::new();
        for (at, what) in trace {
            let _ = writeln!(text, "{:9.3}  {what}", at.since(crate::world::BEGIN).as_secs_f64());
        }
        for what in &self.world.broken {
            let _ = writeln!(text, "BROKEN: {what}");
        }
        text
    }
}
