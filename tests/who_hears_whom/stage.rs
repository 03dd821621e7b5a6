//! One call alone, without switch, phones or sound: what happens to it, who hears whom in it, and what it asks of the world.

use cordboard::contact::{
    Admission, Agent, Call, Catalog, Cx, Dial, Goal, Hears, Identity, Names, Out, Press, QuickConnect, QuickConnectTo,
    Reason, Refused, Sound, State,
};
use cordboard::flow::{self, FlowType, Speech};
use cordboard::ids::{AgentId, ConnectionId, ContactId, FlowId, Mint, PlayId, PromptId, QuickConnectId};
use cordboard::time::{Duration, Time};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The lab's own flows, and its index of what each prompt says.
pub fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/sip-configs/flows")).unwrap().flatten() {
        let bytes = std::fs::read(entry.path()).unwrap();
        for flow in flow::load(&entry.file_name().to_string_lossy(), &bytes).unwrap() {
            catalog.flows.insert(flow.id.clone(), Arc::new(flow));
        }
    }
    for kind in FlowType::ALL {
        if let Some(name) = kind.default_name().filter(|name| catalog.flows.contains_key(*name)) {
            catalog.defaults.insert(kind, FlowId::from(name));
        }
    }
    let index = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/prompts/index.toml")).unwrap();
    let table: toml::Table = index.parse().unwrap();
    let mut said = Vec::new();
    fn texts(table: &toml::Table, said: &mut Vec<(String, PromptId)>) {
        for (text, value) in table {
            match value {
                toml::Value::String(file) => said.push((text.clone(), PromptId::from(file.as_str()))),
                toml::Value::Table(inner) => texts(inner, said),
                _ => {}
            }
        }
    }
    texts(&table, &mut said);
    catalog.speech = Speech::new(said);
    let support = cordboard::contact::Queue { name: "Support".into(), ..Default::default() };
    catalog.queues.insert("Support".into(), support);
    for (id, name) in [("john", "John"), ("maria", "Maria"), ("peter", "Peter")] {
        let quick_connects = vec!["maria".into(), "peter".into()];
        catalog.agents.insert(id.into(), Agent { name: name.into(), quick_connects, default_outbound_queue: None });
        let to = QuickConnectTo::Agent { agent: id.into(), flow: "Agent transfer".into() };
        catalog.quick_connects.insert(id.into(), QuickConnect { name: name.into(), code: None, to });
    }
    catalog
}

/// One call, its world, and the names of its parties.
pub struct Stage {
    pub catalog: Catalog,
    pub names: Names,
    pub now: Time,
    pub call: Call,
    pub out: Vec<Out>,
    pub who: BTreeMap<&'static str, ConnectionId>,
    /// What the queue says to who asks for a place.
    pub admission: Admission,
}

impl Stage {
    /// The customer has dialled a number with this flow.
    pub fn of(catalog: Catalog, flow: &str) -> Stage {
        let carol = Identity { name: "Carol".into(), address: "carol".into() };
        let mut stage = Stage::begin(catalog, "customer", |cx| Call::inbound(cx, carol, &FlowId::from(flow)));
        stage.answer_the_queue();
        stage
    }

    /// A call that begins as no contact centre's does.
    pub fn begin(catalog: Catalog, who: &'static str, begin: impl FnOnce(&mut Cx) -> (Call, ConnectionId)) -> Stage {
        let mut names = Names::new(Mint::new(1));
        let mut out = Vec::new();
        let now = Time::from_micros(1_000_000);
        let mut cx = Cx { now, catalog: &catalog, names: &mut names, out: &mut out };
        let (call, first) = begin(&mut cx);
        let who = BTreeMap::from([(who, first)]);
        Stage { catalog, names, now, call, out, who, admission: Admission::Waiting }
    }

    /// Somebody calls somebody; whoever is called has not answered.
    pub fn bridge(agent: Option<&'static str>, to: Dial) -> Stage {
        let caller = Identity { name: "Caller".into(), address: "caller".into() };
        let mut s = Stage::begin(catalog(), "caller", |cx| Call::bridge(cx, caller, agent.map(AgentId::from), to));
        s.newest("callee");
        s
    }

    /// Names the party that came last.
    pub fn newest(&mut self, who: &'static str) -> ConnectionId {
        let id = *self.call.connections().keys().next_back().unwrap();
        self.who.insert(who, id);
        id
    }

    pub fn act<R>(&mut self, act: impl FnOnce(&mut Call, &mut Cx) -> R) -> R {
        let mut cx = Cx { now: self.now, catalog: &self.catalog, names: &mut self.names, out: &mut self.out };
        let result = act(&mut self.call, &mut cx);
        self.answer_the_queue();
        result
    }

    /// Every contact that asks for a place in a queue gets its answer.
    pub fn answer_the_queue(&mut self) {
        loop {
            let asked = self.out.iter().position(|out| matches!(out, Out::Enqueue { .. }));
            let Some(Out::Enqueue { contact, place, direct }) = asked.map(|at| self.out.remove(at)) else { return };
            let mut cx = Cx { now: self.now, catalog: &self.catalog, names: &mut self.names, out: &mut self.out };
            self.call.enqueued(&mut cx, contact, place, direct, self.admission);
        }
    }

    pub fn waits(&self, seconds: u64) -> Time {
        self.now + Duration::from_secs(seconds)
    }

    pub fn wait(&mut self, seconds: u64) {
        self.now = self.waits(seconds);
        self.act(|call, cx| call.wake(cx));
    }

    /// What plays at this party's ear comes to its end.
    pub fn played(&mut self, who: &'static str) {
        let play = self.playing(who);
        self.act(|call, cx| call.played(cx, play));
    }

    pub fn playing(&self, who: &'static str) -> PlayId {
        match self.call.plan().get(&self.who[who]).map(|want| want.hears.clone()) {
            Some(Hears::Sound(sounding)) => sounding.play,
            other => panic!("{who} hears {other:?}"),
        }
    }

    pub fn pending(&self) -> ContactId {
        self.call.contacts().values().find(|k| k.is_pending()).expect("a contact on its way").id
    }

    pub fn offer(&mut self, agent: &'static str) {
        let contact = self.pending();
        self.act(|call, cx| call.offer(cx, contact, &AgentId::from(agent)));
        let id = self.call.place_of(&AgentId::from(agent)).expect("a place in the call").id;
        self.who.insert(agent, id);
    }

    pub fn press(&mut self, agent: &str, press: Press) {
        self.act(|call, cx| call.press(cx, &AgentId::from(agent), &press)).unwrap();
    }

    pub fn id(&self, who: &str) -> ConnectionId {
        self.who[who]
    }

    pub fn answer(&mut self, who: &'static str) {
        let id = self.id(who);
        self.act(|call, cx| {
            call.ringing(cx, id);
            call.answered(cx, id);
        });
    }

    pub fn bye(&mut self, who: &'static str) {
        let id = self.id(who);
        self.act(|call, cx| call.hung_up(cx, id));
    }

    /// What each party hears, in words: `customer:CustomerHold.wav john:maria maria:john`.
    pub fn heard(&self) -> String {
        let plan = self.call.plan();
        let name = |id: &ConnectionId| self.who.iter().find(|(_, v)| *v == id).map_or("?", |(k, _)| *k);
        let mut words: Vec<String> = Vec::new();
        for (who, id) in &self.who {
            let Some(want) = plan.get(id) else { continue };
            let what = match &want.hears {
                Hears::Silence => "silence".to_owned(),
                Hears::Parties(parties) => {
                    let mut parties: Vec<_> = parties.iter().filter(|p| plan[p].heard).map(name).collect();
                    parties.sort_unstable();
                    parties.join("+")
                }
                Hears::Sound(sounding) => match sounding.sounds.first() {
                    Some(Sound::Prompt(prompt)) => prompt.to_string(),
                    Some(Sound::Tone(tone)) => format!("{tone:?}"),
                    Some(Sound::Pause(_)) => "reminder".into(),
                    None => "?".into(),
                },
            };
            words.push(format!("{who}:{what}{}", if want.held { "(held)" } else { "" }));
        }
        words.join(" ")
    }

    #[track_caller]
    pub fn hears(&self, expected: &str) {
        assert_eq!(self.heard(), expected);
    }

    /// The customer talks with John.
    pub fn talking() -> Stage {
        Stage::talking_with(catalog())
    }

    pub fn talking_with(catalog: Catalog) -> Stage {
        let mut s = Stage::of(catalog, "Support line");
        s.hears("customer:Welcome.wav");
        s.played("customer");
        s.hears("customer:ThankYouForCalling.wav");
        s.offer("john");
        s.hears("customer:ThankYouForCalling.wav");
        s.answer("john");
        s.hears("customer:ThankYouForCalling.wav john:Support.wav");
        s.played("john");
        s.hears("customer:Beep.wav john:silence");
        s.played("customer");
        s.hears("customer:john john:customer");
        s
    }

    /// John has pressed Maria; her phone rings.
    pub fn ringing() -> Stage {
        let mut s = Stage::talking();
        s.press("john", Press::QuickConnect(QuickConnectId::from("maria")));
        s.hears("customer:CustomerHold.wav(held) john:TransferringToAgent.wav");
        s.played("john");
        s.hears("customer:CustomerHold.wav(held) john:ThankYouForCalling.wav");
        s.offer("maria");
        s.hears("customer:CustomerHold.wav(held) john:ThankYouForCalling.wav");
        s
    }

    /// John consults Maria.
    pub fn consult() -> Stage {
        let mut s = Stage::ringing();
        s.answer("maria");
        s.hears("customer:CustomerHold.wav(held) john:ThankYouForCalling.wav maria:InternalCall.wav");
        s.played("maria");
        s.hears("customer:CustomerHold.wav(held) john:ConnectingToAgent.wav maria:silence");
        s.played("john");
        s.hears("customer:CustomerHold.wav(held) john:maria maria:john");
        s
    }

    pub fn hung_up(&self, who: &'static str) -> Option<Reason> {
        self.out.iter().rev().find_map(|out| match out {
            Out::HangUp { connection, why, .. } if *connection == self.who[who] => Some(*why),
            _ => None,
        })
    }

    pub fn transfer(&mut self, by: &str, goal: Goal) -> Result<(), Refused> {
        let id = self.id(by);
        self.act(|call, cx| call.transfer(cx, id, goal))
    }

    pub fn refuses(&mut self, agent: &str, press: &Press) -> bool {
        self.act(|call, cx| call.press(cx, &AgentId::from(agent), press)).is_err()
    }

    pub fn ring(&mut self, who: &'static str) {
        let id = self.id(who);
        self.act(|call, cx| call.ringing(cx, id));
    }

    /// What this agent's screen says: banner, lit buttons, and those of every party.
    pub fn screen(&self, agent: &'static str) -> String {
        let me = self.id(agent);
        let contact = &self.call.contacts()[&self.call.connections()[&me].contact];
        let banner = self.call.banner(contact, me);
        let mut said = format!("{}, {}: {}", banner.state, banner.text, self.call.actions(me).join(" "));
        for (who, id) in &self.who {
            let lit = self.call.connection_actions(me, *id).join(" ");
            if !lit.is_empty() {
                said += &format!("; {who}: {lit}");
            }
        }
        said
    }

    pub fn row(&self, who: &'static str) -> (State, bool, Option<Reason>) {
        let c = &self.call.connections()[&self.who[who]];
        (c.state, c.answered.is_some(), c.last_offer)
    }
}
