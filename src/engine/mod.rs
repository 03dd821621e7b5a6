//! The one writer: translates between the rooms and decides nothing itself.
//!
//! SIP events, media events, buttons and the clock come in; each is told to the room that knows what it means, and what
//! that room wants is told to the others until nobody wants anything more. One file per vocabulary.

mod buttons;
mod caller;
mod calls;
mod info;
mod laws;
mod legs;
mod media;
mod memory;
mod outside;
mod privacy;
mod queues;
pub mod record;
mod recording;
mod records;
mod redirect;
mod refer;
mod register;
mod replaces;
mod sip;
pub mod snapshot;
mod trunks;
mod uui;
mod view;
mod vocabulary;

pub use memory::Memory;
pub use vocabulary::*;

use crate::contact::{self, Call, Keys, Names};
use crate::ids::{AgentId, ConnectionId, ContactId, LegId, Mint, PortId, ShardId, TrunkId};
use crate::leg::{Leg, Ports};
use crate::limits::give_back;
use crate::media::MediaCommand;
use crate::registrar::{self, Guesses, Registrar};
use crate::routing::{self, Router};
use crate::sip::digest::Guard;
use crate::sip::{Endpoint, RequestId, SessionId, Transport};
use crate::site::Site;
use crate::time::{Time, earliest};
use crate::trunk::{self, Errand, Trunks};
use snapshot::{AgentSnapshot, ContactSnapshot};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// One call's number inside the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct CallId(u64);

/// Something a room wants told to the others.
#[allow(clippy::large_enum_variant)] // moved once, from one queue to its handler
#[derive(Debug)]
enum Work {
    Sip(crate::sip::Event),
    Call(CallId, contact::Out),
    Routing(routing::Out),
    Registrar(registrar::Change),
    Trunk(trunk::Out),
}

/// The sessions that fill one connection: a phone each, until one of them has answered.
#[derive(Clone, Debug)]
struct Line {
    call: CallId,
    legs: Vec<LegId>,
    /// How the best of the phones that are gone failed.
    failed: Option<(contact::Reason, crate::sip::Status)>,
    /// Why its phone ended or refused the call, in its own words (RFC 3326).
    reason: Option<crate::sip::Text>,
    /// The trunk that it goes by or came by.
    trunk: Option<Arc<trunk::TrunkSetup>>,
    /// Where a number outside has been called, and where else it can be.
    hunt: Option<trunks::Hunt>,
    /// What its INVITE says to whoever answers (RFC 7433), and what its BYE is to say.
    user_to_user: Vec<crate::sip::Text>,
    farewell: Option<crate::sip::Text>,
}

/// What the engine keeps for one agent besides routing and registration.
#[derive(Clone, Debug, Default)]
struct Desk {
    keys: Keys,
    /// The contact that is over and not yet cleared: missed, rejected, or after-call work.
    last: Option<ContactSnapshot>,
    shown: Option<Arc<AgentSnapshot>>,
    /// What was last told to be kept of him.
    remembered: Option<Memory>,
    /// The contacts that his after-call work is for.
    wraps_up: BTreeSet<ContactId>,
    /// The calls he has a line in.
    calls: BTreeSet<CallId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Alarm {
    Call(CallId),
    Leg(LegId),
    Referral(SessionId),
    Hunt(LegId),
}

pub struct Engine {
    site: Arc<Site>,
    now: Time,
    mint: Mint,
    names: Names,
    endpoint: Endpoint,
    guard: Guard,
    guesses: Guesses,
    registrar: Registrar,
    router: Router,
    trunks: Trunks,
    /// Requests of ours to trunks, and what they are for.
    errands: BTreeMap<RequestId, Errand>,
    /// Legs that a trunk counts as its calls.
    trunk_legs: HashMap<LegId, TrunkId>,
    ports: Ports,
    locals: Vec<(Transport, SocketAddr)>,
    shards: u16,
    next: u64,
    calls: BTreeMap<CallId, Call>,
    rooms: BTreeMap<String, CallId>,
    /// Max-Forwards of whoever called in: what the call may still travel (RFC 7332 section 4).
    hops: HashMap<CallId, u8>,
    contacts: BTreeMap<ContactId, CallId>,
    lines: HashMap<ConnectionId, Line>,
    legs: HashMap<LegId, Leg>,
    sessions: HashMap<SessionId, LegId>,
    referrals: BTreeMap<SessionId, refer::Referral>,
    port_legs: HashMap<PortId, LegId>,
    port_numbers: HashMap<PortId, u16>,
    /// Ports of legs that are gone, until they say their last word: whose they were.
    closing: HashMap<PortId, (ContactId, ConnectionId)>,
    recordings: recording::Recordings,
    /// The phones at which agents were connected, until that stands in the contact's record.
    devices: BTreeMap<ContactId, record::DeviceInfo>,
    /// Contacts that are over and not yet completed, and those of them to look at.
    endings: BTreeMap<ContactId, records::Ending>,
    closing_in: BTreeSet<ContactId>,
    /// The switch goes down: no after-call work is waited for.
    work_is_cut: bool,
    desks: BTreeMap<AgentId, Desk>,
    /// Agents in the middle of what may be a feature code, and the line on which they are.
    typing: BTreeMap<AgentId, ConnectionId>,
    alarms: BTreeSet<(Time, Alarm)>,
    armed: HashMap<AlarmKey, Time>,
    work: VecDeque<Work>,
    /// Calls whose plan must be carried out again, agents whose screens must be drawn again.
    touched: BTreeSet<CallId>,
    dirty: BTreeSet<AgentId>,
    sip_out: Vec<crate::sip::Out>,
    media_out: Vec<(ShardId, MediaCommand)>,
    outputs: VecDeque<Output>,
    draining: bool,
}

type AlarmKey = Alarm;

impl std::hash::Hash for Alarm {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        match self {
            Alarm::Call(CallId(n)) => (0_u8, *n).hash(state),
            Alarm::Leg(LegId(n)) => (1_u8, *n).hash(state),
            Alarm::Referral(SessionId(n)) => (2_u8, *n).hash(state),
            Alarm::Hunt(LegId(n)) => (3_u8, *n).hash(state),
        }
    }
}

impl Engine {
    /// `locals` are the addresses SIP is bound to, `shards` how many media threads there are.
    #[must_use]
    pub fn new(now: Time, site: Arc<Site>, seed: u64, locals: Vec<(Transport, SocketAddr)>, shards: u16) -> Self {
        let mut mint = Mint::new(seed);
        let settings = crate::sip::Settings {
            local_name: site.sip.local_names(&locals),
            locals: locals.iter().map(|(_, local)| *local).collect(),
            streams: locals.iter().filter(|(t, _)| *t == Transport::Tcp).map(|(_, local)| *local).collect(),
            ..Default::default()
        };
        let endpoint = Endpoint::new(settings, mint.branch());
        let guard = Guard::new(mint.secret());
        let ports = Ports::new(&site.media.ports, &mut mint);
        Engine {
            now,
            names: Names::new(mint.branch()),
            endpoint,
            guard,
            guesses: Guesses::default(),
            registrar: Registrar::default(),
            router: Router::new(now, site.routing.clone()),
            trunks: Trunks::new(now, &site.trunks, mint.branch()),
            errands: BTreeMap::new(),
            trunk_legs: HashMap::new(),
            ports,
            locals,
            shards: shards.max(1),
            next: 0,
            calls: BTreeMap::new(),
            rooms: BTreeMap::new(),
            hops: HashMap::new(),
            contacts: BTreeMap::new(),
            lines: HashMap::new(),
            legs: HashMap::new(),
            sessions: HashMap::new(),
            referrals: BTreeMap::new(),
            port_legs: HashMap::new(),
            port_numbers: HashMap::new(),
            closing: HashMap::new(),
            recordings: BTreeMap::new(),
            devices: BTreeMap::new(),
            endings: BTreeMap::new(),
            closing_in: BTreeSet::new(),
            work_is_cut: false,
            desks: site.agents.keys().map(|id| (id.clone(), Desk::default())).collect(),
            typing: BTreeMap::new(),
            alarms: BTreeSet::new(),
            armed: HashMap::new(),
            work: VecDeque::new(),
            touched: BTreeSet::new(),
            dirty: BTreeSet::new(),
            sip_out: Vec::new(),
            media_out: Vec::new(),
            outputs: VecDeque::new(),
            draining: false,
            mint,
            site,
        }
    }

    pub fn handle_input(&mut self, now: Time, input: Input) {
        self.now = self.now.max(now);
        match input {
            Input::Sip { from, message } => self.endpoint.receive(self.now, from, message, &mut self.sip_out),
            Input::LinkClosed(link) => {
                self.endpoint.link_closed(self.now, link, &mut self.sip_out);
                let mut changes = Vec::new();
                self.registrar.link_closed(link, &mut changes);
                self.work.extend(changes.into_iter().map(Work::Registrar));
            }
            Input::Media(event) => self.on_media(event),
            Input::RecordingFailed { contact, kept } => self.recording_failed(contact, kept),
            Input::Button { agent, button, ticket } => {
                let result = self.on_button(&agent, button);
                self.pump();
                let reply = result.and_then(|()| {
                    self.snapshot(&agent).ok_or_else(|| Refusal::NotFound(format!("there is no agent {agent}")))
                });
                self.outputs.push_back(Output::Reply(ticket, reply));
            }
            Input::Answer(Question::Resolve(question), Fact::Resolved(answer)) => {
                self.trunks.answered(self.now, &question, answer);
            }
            Input::Reload(site) => self.reload(site),
            Input::Restore(memories) => self.restore(memories),
            Input::Drain => self.drain(),
            Input::HangUpAll => {
                self.drain();
                for id in self.calls.keys().copied().collect::<Vec<_>>() {
                    self.with_call(id, |call, cx| call.end_all(cx));
                }
                self.end_all_work();
            }
            Input::Wake => self.wake(),
        }
        self.pump();
    }

    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to send [`Input::Wake`].
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        let keys = self.typing.keys().filter_map(|agent| self.desks.get(agent)?.keys.deadline()).min();
        [self.endpoint.deadline(), self.registrar.deadline(), self.router.deadline(), self.trunks.deadline(), keys]
            .into_iter()
            .fold(self.alarms.first().map(|(at, _)| *at), earliest)
    }

    /// No call is up and none is on its way.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.calls.is_empty()
    }

    /// Nothing is kept of any call: what a simulator asks for at the end.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
            && self.contacts.is_empty()
            && self.lines.is_empty()
            && self.legs.is_empty()
            && self.sessions.is_empty()
            && self.referrals.is_empty()
            && self.endpoint.is_empty()
            && self.port_numbers.is_empty()
            && self.closing.is_empty()
            && self.hops.is_empty()
            && self.recordings.is_empty()
            && self.devices.is_empty()
            && self.is_recorded()
            && self.trunk_legs.is_empty()
            && self.trunks.is_idle()
    }

    /// The hosts where agents' phones are registered or in calls of theirs, those of the trunks among them, and those that
    /// other calls are up with.
    #[must_use]
    pub fn known_hosts(&self) -> (BTreeSet<IpAddr>, BTreeSet<IpAddr>) {
        let mut agents: BTreeSet<IpAddr> = self.registrar.hosts().chain(self.trunks.hosts()).collect();
        let mut parties = BTreeSet::new();
        for (host, proven) in self.endpoint.parties() {
            if proven {
                agents.insert(host)
            } else {
                parties.insert(host)
            };
        }
        (agents, parties)
    }

    /// Calls, legs, SIP sessions and SIP transactions now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let (sessions, transactions) = self.endpoint.len();
        Counts { calls: self.calls.len(), legs: self.legs.len(), sessions, transactions }
    }

    fn wake(&mut self) {
        let now = self.now;
        self.endpoint.wake(now, &mut self.sip_out);
        let mut changes = Vec::new();
        self.registrar.wake(now, &mut changes);
        self.work.extend(changes.into_iter().map(Work::Registrar));
        let mut routed = Vec::new();
        self.router.wake(now, &mut routed);
        self.work.extend(routed.into_iter().map(Work::Routing));
        let mut wanted = Vec::new();
        self.trunks.wake(now, &mut wanted);
        self.work.extend(wanted.into_iter().map(Work::Trunk));
        while let Some((at, alarm)) = self.alarms.first().copied() {
            if at > now {
                break;
            }
            self.alarms.pop_first();
            self.armed.remove(&alarm);
            match alarm {
                Alarm::Call(id) => self.with_call(id, |call, cx| call.wake(cx)),
                Alarm::Leg(id) => {
                    self.with_leg(id, |leg, doors| leg.wake(doors));
                }
                Alarm::Referral(session) => self.referral_due(session, now),
                Alarm::Hunt(leg) => self.host_is_late(leg),
            }
        }
        self.keys_expired();
        give_back(&mut self.lines);
        give_back(&mut self.legs);
        give_back(&mut self.sessions);
        give_back(&mut self.port_legs);
        give_back(&mut self.port_numbers);
        give_back(&mut self.closing);
        give_back(&mut self.hops);
        give_back(&mut self.trunk_legs);
        give_back(&mut self.armed);
    }

    /// Tells everybody everything until nobody wants anything more, then carries out what has changed.
    fn pump(&mut self) {
        loop {
            for out in std::mem::take(&mut self.sip_out) {
                match out {
                    crate::sip::Out::Send { to, bytes } => self.outputs.push_back(Output::Send { to, bytes }),
                    crate::sip::Out::Event(event) => self.work.push_back(Work::Sip(event)),
                }
            }
            self.outputs.extend(self.media_out.drain(..).map(|(shard, command)| Output::Media(shard, command)));
            if let Some(work) = self.work.pop_front() {
                match work {
                    Work::Sip(event) => self.on_sip(event),
                    Work::Call(id, out) => self.on_call(id, out),
                    Work::Routing(out) => self.on_routing(out),
                    Work::Registrar(change) => self.on_registrar(&change),
                    Work::Trunk(out) => self.on_trunk(out),
                }
            } else if let Some(id) = self.touched.pop_first() {
                self.carry_out(id);
            } else if self.sip_out.is_empty() && self.media_out.is_empty() {
                break;
            }
        }
        self.complete();
        self.look_at_trunks();
        self.draw();
    }

    /// Nothing new begins, and nobody outside is to begin anything with us.
    fn drain(&mut self) {
        self.draining = true;
        let mut wanted = Vec::new();
        self.trunks.close(&mut wanted);
        self.work.extend(wanted.into_iter().map(Work::Trunk));
    }

    fn count(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Sets, moves or removes an alarm.
    fn arm(&mut self, alarm: Alarm, at: Option<Time>) {
        let old = self.armed.get(&alarm).copied();
        if old == at {
            return;
        }
        if let Some(old) = old {
            self.alarms.remove(&(old, alarm));
            self.armed.remove(&alarm);
        }
        if let Some(at) = at {
            self.alarms.insert((at, alarm));
            self.armed.insert(alarm, at);
        }
    }

    fn reload(&mut self, site: Arc<Site>) {
        let mut routed = Vec::new();
        self.router.reload(self.now, site.routing.clone(), &mut routed);
        self.work.extend(routed.into_iter().map(Work::Routing));
        let mut changes = Vec::new();
        for gone in self.site.agents.keys().filter(|id| !site.agents.contains_key(*id)) {
            self.registrar.forget(gone, &mut changes);
            self.guesses.forget(gone.as_str());
        }
        self.work.extend(changes.into_iter().map(Work::Registrar));
        for id in site.agents.keys() {
            self.desks.entry(id.clone()).or_default();
        }
        self.dirty.extend(site.agents.keys().cloned());
        // Nobody is there any more to finish their work.
        for (_, desk) in self.desks.iter_mut().filter(|(id, _)| !site.agents.contains_key(*id)) {
            self.closing_in.append(&mut desk.wraps_up);
        }
        self.desks.retain(|id, _| site.agents.contains_key(id));
        let mut wanted = Vec::new();
        self.trunks.reload(self.now, &site.trunks, &mut wanted);
        self.work.extend(wanted.into_iter().map(Work::Trunk));
        self.site = site;
    }
}

/// How much the engine holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub calls: usize,
    pub legs: usize,
    pub sessions: usize,
    pub transactions: usize,
}
