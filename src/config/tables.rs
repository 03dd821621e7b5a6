//! The tables that stand many times: agents, routing profiles, hours, queues, quick connects, numbers.

use super::assets::Assets;
use super::fault::Faults;
use super::lan::is_lab_password;
use super::outside::{caller_id, caller_id_choice, outside};
use super::sections::choice;
use super::table::{At, Table, nearest};
use crate::contact::{self, QuickConnect, QuickConnectTo};
use crate::flow::FlowType;
use crate::ids::{AgentId, FlowId, HoursId, QueueId, QuickConnectId, RoutingProfileId};
use crate::routing::{self, AfterCallWork, AgentSetup, Hours, Profile, QueueSetup, Served};
use crate::sip::OfferBy;
use crate::site::{Agent, Number, NumberTo, Role};
use crate::time::Duration;
use crate::trunk::TrunkSetup;
use std::collections::BTreeMap;

/// Connect's longest after-call work, in seconds.
const LONGEST_WORK: u64 = 2_000_000;

pub(super) struct Tables<'a> {
    pub agents: Vec<Table<'a>>,
    pub profiles: Vec<Table<'a>>,
    pub hours: Vec<Table<'a>>,
    pub queues: Vec<Table<'a>>,
    pub quick_connects: Vec<Table<'a>>,
    pub numbers: Vec<Table<'a>>,
    /// Read before, so that what goes by them can be checked.
    pub trunks: Vec<TrunkSetup>,
}

#[derive(Default)]
pub(super) struct Built {
    pub agents: BTreeMap<AgentId, Agent>,
    pub numbers: Vec<Number>,
    pub routing: routing::Setup,
    pub hours: BTreeMap<HoursId, Hours>,
    pub queues: BTreeMap<QueueId, contact::Queue>,
    pub quick_connects: BTreeMap<QuickConnectId, QuickConnect>,
    pub catalog_agents: BTreeMap<AgentId, contact::Agent>,
}

/// A name that must be the id of something, to be looked for once everything has been read.
struct Reference {
    what: &'static str,
    named: At<String>,
}

struct Builder<'a> {
    assets: &'a Assets,
    faults: &'a Faults,
    /// Whether others than this machine can reach the switch.
    open: bool,
    built: Built,
    references: Vec<Reference>,
    default_queues: BTreeMap<RoutingProfileId, QueueId>,
    trunks: Vec<TrunkSetup>,
}

pub(super) fn build(tables: Tables<'_>, assets: &Assets, open: bool, faults: &Faults) -> Built {
    let built = Built::default();
    let (references, default_queues, trunks) = (Vec::new(), BTreeMap::new(), tables.trunks);
    let mut builder = Builder { assets, faults, open, built, references, default_queues, trunks };
    tables.agents.into_iter().for_each(|table| builder.agent(table));
    tables.profiles.into_iter().for_each(|table| builder.profile(table));
    tables.hours.into_iter().for_each(|table| builder.hours(table));
    tables.queues.into_iter().for_each(|table| builder.queue(table));
    tables.quick_connects.into_iter().for_each(|table| builder.quick_connect(table));
    tables.numbers.into_iter().for_each(|table| builder.number(table));
    builder.resolve();
    builder.built
}

impl Builder<'_> {
    fn twice(&self, table: &Table<'_>, id: &At<String>, there: bool) {
        if there {
            table.fault(
                id.span.clone(),
                format!("{} is there already", id.value),
                "Take another id, or remove one of the two.",
            );
        }
    }

    fn refers(&mut self, what: &'static str, named: &At<String>) {
        self.references.push(Reference { what, named: named.clone() });
    }

    fn agent(&mut self, mut table: Table<'_>) {
        let id = table.required("id");
        let name = table.text("name");
        let password = table.required("password");
        let profile = table.text("routing_profile");
        let role = choice(&mut table, "role", &[("agent", Role::Agent), ("supervisor", Role::Supervisor)]);
        let hold_signalling = choice(
            &mut table,
            "hold_signalling",
            &[("reinvite", Some(OfferBy::ReInvite)), ("update", Some(OfferBy::Update)), ("none", None)],
        );
        let status = initial_status(&mut table);
        let after_call_work = after_call_work(&mut table);
        let auto_accept = table.flag("auto_accept").is_some_and(|at| at.value);
        if let Some(profile) = &profile {
            self.refers("routing profile", profile);
        }
        let (Some(id), Some(password)) = (id, password) else { return table.finish() };
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
        if !id.value.chars().all(fits) || id.value.starts_with("qc-") {
            table.fault(
                id.span.clone(),
                format!("\"{}\" cannot be an agent's id", id.value),
                "Use letters, digits, - _ . and +; it is the user part of a SIP address, and qc- is for quick connects.",
            );
        }
        if self.open && is_lab_password(&id.value, &password.value) {
            table.fault(
                password.span,
                format!("{} has a lab password, and others than this machine can reach the switch", id.value),
                "Set a password that cannot be guessed, or listen on 127.0.0.1 only; `--lan` makes fresh ones.",
            );
        }
        if let Some(trunk) = self.trunks.iter().find(|trunk| trunk.is_login(&id.value)) {
            let problem = format!("{} is the username of the trunk {}", id.value, trunk.id);
            table.fault(id.span.clone(), problem, "Take another id: whoever proves to be one is not the other.");
        }
        let agent = AgentId::from(id.value.as_str());
        self.twice(&table, &id, self.built.agents.contains_key(&agent));
        let name = name.map(|at| at.value).filter(|name| !name.trim().is_empty()).unwrap_or_else(|| id.value.clone());
        self.built
            .catalog_agents
            .insert(agent.clone(), contact::Agent { name: name.clone(), ..contact::Agent::default() });
        self.built.routing.agents.insert(
            agent.clone(),
            AgentSetup {
                profile: profile.map_or_else(|| "".into(), |at| at.value.into()),
                initial_status: status,
                after_call_work,
            },
        );
        self.built.agents.insert(
            agent,
            Agent {
                name,
                password: password.value,
                role: role.unwrap_or_default(),
                hold_signalling: hold_signalling.unwrap_or(Some(OfferBy::ReInvite)),
                auto_accept,
            },
        );
        table.finish();
    }

    fn profile(&mut self, mut table: Table<'_>) {
        let id = table.required("id");
        if let Some(queue) = table.text("default_outbound_queue") {
            self.refers("queue", &queue);
            if let Some(id) = &id {
                self.default_queues.insert(id.value.as_str().into(), queue.value.into());
            }
        }
        let mut queues: Vec<Served> = Vec::new();
        for mut served in table.tables("queues") {
            let queue = served.required("queue");
            let priority = served.whole("priority").map_or(At { value: 1, span: served.span.clone() }, |at| at);
            let delay = served.whole("delay").map_or(0, |at| at.value);
            let value = u8::try_from(priority.value).ok().filter(|priority| *priority > 0);
            if value.is_none() {
                served.fault(priority.span, "priority is not between 1 and 255", "Write 1 for what comes first.");
            }
            if let Some(queue) = queue {
                self.refers("queue", &queue);
                if queues.iter().any(|other| other.queue.as_str() == queue.value) {
                    served.fault(queue.span, format!("{} stands there twice", queue.value), "Name each queue once.");
                } else {
                    let delay = Duration::from_secs(delay);
                    queues.push(Served { queue: queue.value.into(), priority: value.unwrap_or(1), delay });
                }
            }
            served.finish();
        }
        if let Some(id) = id {
            let profile = RoutingProfileId::from(id.value.as_str());
            let there = self.built.routing.profiles.insert(profile, Profile { queues }).is_some();
            self.twice(&table, &id, there);
        }
        table.finish();
    }

    fn hours(&mut self, mut table: Table<'_>) {
        let id = table.required("id");
        let hours = super::hours::read(&mut table);
        if let (Some(id), Some(hours)) = (id, hours) {
            let there = self.built.hours.insert(id.value.as_str().into(), hours).is_some();
            self.twice(&table, &id, there);
        }
        table.finish();
    }

    fn queue(&mut self, mut table: Table<'_>) {
        let id = table.required("id");
        let hours = table.text("hours");
        if let Some(hours) = &hours {
            self.refers("hours", hours);
        }
        let max_contacts = table.whole("max_contacts").map_or(0, |at| at.value);
        let max_contacts = usize::try_from(max_contacts).unwrap_or(usize::MAX);
        let disabled = table.flag("enabled").is_some_and(|at| !at.value);
        let quick_connects = table.texts("quick_connects").map(|at| at.value).unwrap_or_default();
        for one in &quick_connects {
            self.refers("quick connect", one);
        }
        let outbound_caller_id = caller_id(&mut table, "outbound_caller_id");
        let mut flows = table.table("flows");
        let customer_queue_flow =
            flows.text("customer_queue").map(|named| self.assets.flow(&flows, &named, FlowType::CustomerQueue));
        let outbound_whisper_flow =
            flows.text("outbound_whisper").map(|named| self.assets.flow(&flows, &named, FlowType::OutboundWhisper));
        flows.finish();
        if let Some(id) = id {
            let queue = QueueId::from(id.value.as_str());
            self.twice(&table, &id, self.built.queues.contains_key(&queue));
            self.built.routing.queues.insert(queue.clone(), QueueSetup { max_contacts, disabled });
            self.built.queues.insert(
                queue,
                contact::Queue {
                    name: id.value,
                    hours: hours.map(|at| at.value.into()),
                    customer_queue_flow,
                    outbound_whisper_flow,
                    outbound_caller_id,
                    quick_connects: quick_connects.into_iter().map(|at| at.value.into()).collect(),
                },
            );
        }
        table.finish();
    }

    fn quick_connect(&mut self, mut table: Table<'_>) {
        let id = table.required("id");
        let name = table.text("name");
        let untyped = !table.has("type");
        let kinds =
            [("agent", Some(FlowType::AgentTransfer)), ("queue", Some(FlowType::QueueTransfer)), ("external", None)];
        let kind = choice(&mut table, "type", &kinds);
        if untyped {
            let cure = "Add type = \"agent\", type = \"queue\" or type = \"external\".";
            table.fault(table.span.clone(), "[[quick_connects]] has no type", cure);
        }
        let to = match kind {
            Some(None) => {
                let caller_id = caller_id_choice(&mut table);
                let destination = table.required("destination");
                let to = destination.map(|destination| outside(&table, &destination, &self.trunks));
                to.map(|to| QuickConnectTo::External { to, caller_id })
            }
            Some(Some(kind @ FlowType::QueueTransfer)) => {
                let queue = table.required("queue");
                let flow = self.transfer_flow(&mut table, kind);
                queue.map(|queue| {
                    self.refers("queue", &queue);
                    QuickConnectTo::Queue { queue: queue.value.into(), flow }
                })
            }
            _ => {
                let agent = table.required("agent");
                let flow = self.transfer_flow(&mut table, FlowType::AgentTransfer);
                agent.map(|agent| {
                    self.refers("agent", &agent);
                    QuickConnectTo::Agent { agent: agent.value.into(), flow }
                })
            }
        };
        let code = table.text("code");
        if let Some(code) = &code {
            self.code(&table, code);
        }
        if let (Some(id), Some(to)) = (id, to) {
            let quick_connect = QuickConnectId::from(id.value.as_str());
            self.twice(&table, &id, self.built.quick_connects.contains_key(&quick_connect));
            self.built.quick_connects.insert(
                quick_connect,
                QuickConnect {
                    name: name.map_or_else(|| id.value.clone(), |at| at.value),
                    code: code.map(|at| at.value),
                    to,
                },
            );
        }
        table.finish();
    }

    /// The flow that a quick connect names, or the default of its type.
    fn transfer_flow(&self, table: &mut Table<'_>, kind: FlowType) -> FlowId {
        let usual = At { value: kind.default_name().unwrap_or_default().to_owned(), span: table.span.clone() };
        let named = table.text("flow").unwrap_or(usual);
        self.assets.flow(table, &named, kind)
    }

    /// What is dialled between the quick-connect feature code and `#`.
    fn code(&self, table: &Table<'_>, code: &At<String>) {
        if code.value.is_empty() || !code.value.chars().all(|c| c.is_ascii_digit()) {
            table.fault(
                code.span.clone(),
                format!("code is not made of digits: \"{}\"", code.value),
                "Write it as \"11\".",
            );
        }
        let same = |other: &&QuickConnect| other.code.as_ref() == Some(&code.value);
        if let Some(other) = self.built.quick_connects.values().find(same) {
            let problem = format!("{} has the code {} already", other.name, code.value);
            table.fault(code.span.clone(), problem, "Take another code.");
        }
    }

    fn number(&mut self, mut table: Table<'_>) {
        let number = table.required("number");
        let targets = ["flow", "dial", "play", "room", "echo"].into_iter().filter(|key| table.has(key)).count();
        if targets != 1 {
            let place = number.as_ref().map_or_else(|| table.span.clone(), |at| at.span.clone());
            let problem =
                if targets == 0 { "this number leads nowhere" } else { "this number leads to several places" };
            table.fault(place, problem, "Give exactly one of flow, dial, play, room = true and echo = true.");
        }
        let mut to = None;
        if let Some(named) = table.text("flow") {
            to = Some(NumberTo::Flow(self.assets.flow(&table, &named, FlowType::Inbound)));
        }
        if let Some(address) = table.text("dial") {
            outside(&table, &address, &self.trunks);
            to = Some(NumberTo::Dial(address.value));
        }
        let repeat = table.flag("loop");
        if let Some(named) = table.text("play") {
            let prompt = self.assets.prompt_named(&table, &named);
            to = Some(NumberTo::Play { prompt, repeat: repeat.as_ref().is_some_and(|at| at.value) });
        } else if let Some(repeat) = repeat {
            table.fault(repeat.span, "loop without play", "Add play, or take loop out.");
        }
        for (key, target) in [("room", NumberTo::Room), ("echo", NumberTo::Echo)] {
            match table.flag(key) {
                Some(At { value: true, .. }) => to = Some(target),
                Some(At { span, .. }) => table.fault(span, format!("{key} is false"), format!("Take {key} out.")),
                None => {}
            }
        }
        if let (Some(number), Some(to)) = (number, to) {
            let (dialled, prefix) = match number.value.strip_suffix('*') {
                Some(start) => (start.to_owned(), true),
                None => (number.value.clone(), false),
            };
            if dialled.is_empty() || dialled.contains(|c: char| c.is_whitespace() || matches!(c, '*' | '@' | ':')) {
                let cure = "Write what is dialled, as \"1000\", or how it begins, as \"conf*\".";
                table.fault(number.span.clone(), format!("\"{}\" cannot be dialled", number.value), cure);
            }
            if dialled.starts_with("qc-") {
                let cure = "Take another number: qc- and an id is how the quick connects are dialled.";
                table.fault(number.span.clone(), format!("\"{}\" cannot be dialled", number.value), cure);
            }
            if self.built.agents.contains_key(dialled.as_str()) && !prefix {
                let problem = format!("{dialled} is an agent");
                table.fault(number.span.clone(), problem, "Take another number: dialling an agent's id calls her.");
            }
            let there = self.built.numbers.iter().any(|n| n.dialled == dialled && n.prefix == prefix);
            self.twice(&table, &number, there);
            self.built.numbers.push(Number { dialled, prefix, to });
        }
        table.finish();
    }

    /// Everything has been read: what was named must be there.
    fn resolve(&mut self) {
        for Reference { what, named } in &self.references {
            let ids: Vec<&str> = match *what {
                "agent" => self.built.agents.keys().map(AgentId::as_str).collect(),
                "hours" => self.built.hours.keys().map(HoursId::as_str).collect(),
                "queue" => self.built.queues.keys().map(QueueId::as_str).collect(),
                "quick connect" => self.built.quick_connects.keys().map(QuickConnectId::as_str).collect(),
                _ => self.built.routing.profiles.keys().map(RoutingProfileId::as_str).collect(),
            };
            if !ids.contains(&named.value.as_str()) {
                let cure = match nearest(&named.value, &ids) {
                    Some(meant) => format!("Did you mean \"{meant}\"?"),
                    None => format!("Add a [[{}s]] of that id.", what.trim_end_matches('s').replace(' ', "_")),
                };
                let is = if *what == "hours" { "are" } else { "is" };
                self.faults.at(named.span.clone(), format!("there {is} no {what} {}", named.value), cure);
            }
        }
        self.quick_connects_of_agents();
    }

    /// Those of every queue of the agent's profile and of its default outbound queue, in order, once each.
    fn quick_connects_of_agents(&mut self) {
        for (id, agent) in &mut self.built.catalog_agents {
            let Some(setup) = self.built.routing.agents.get(id) else { continue };
            let default = self.default_queues.get(&setup.profile);
            let profile = self.built.routing.profiles.get(&setup.profile);
            let served = profile.into_iter().flat_map(|profile| profile.queues.iter().map(|served| &served.queue));
            for queue in served.chain(default) {
                for one in self.built.queues.get(queue).into_iter().flat_map(|queue| &queue.quick_connects) {
                    if !agent.quick_connects.contains(one) {
                        agent.quick_connects.push(one.clone());
                    }
                }
            }
            agent.default_outbound_queue = default.cloned();
        }
    }
}

fn initial_status(table: &mut Table<'_>) -> String {
    let Some(text) = table.text("initial_status") else { return routing::AVAILABLE.to_owned() };
    let status = routing::status(&text.value).map(str::to_owned);
    status.unwrap_or_else(|why| {
        let problem = format!("\"{}\" cannot be a status: {why}", text.value.escape_debug());
        table.fault(text.span, problem, "Write \"Available\", \"Offline\" or a name of your own.");
        routing::AVAILABLE.to_owned()
    })
}

fn after_call_work(table: &mut Table<'_>) -> AfterCallWork {
    match table.whole_or_text("after_call_work") {
        None | Some(At { value: Ok(0), .. }) => AfterCallWork::None,
        Some(At { value: Ok(seconds), .. }) if seconds <= LONGEST_WORK => {
            AfterCallWork::For(Duration::from_secs(seconds))
        }
        Some(At { value: Err(text), .. }) if text == "manual" => AfterCallWork::Manual,
        Some(At { span, .. }) => {
            let cure = format!("Write seconds up to {LONGEST_WORK}, 0 for none, or \"manual\".");
            table.fault(span, "after_call_work is no time", cure);
            AfterCallWork::None
        }
    }
}
