//! All trunks: what leads where, what is to be asked of their hosts, and what the answers mean.

use super::health::{Health, State, first};
use super::locate::{Answer, Question, Record, Server, Tier, locate, shuffled};
use super::number::{plain, to_e164};
use super::registration::{Next, Registered, Registration, Words};
use super::setup::TrunkSetup;
use crate::ids::{Mint, TrunkId};
use crate::limits::{NAME_AGAIN, NAME_LEAST, NAME_MOST, TRIES};
use crate::sip::{Link, Name, Response, Status, Text, Uri};
use crate::time::{Duration, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use tracing::{info, warn};

/// What the trunks want done.
#[allow(clippy::large_enum_variant)] // moved once, from one list to its handler
#[derive(Clone, Debug)]
pub enum Out {
    /// Of the name service.
    Ask(Question),
    /// Is it there? To be told by [`Trunks::replied`], or [`Trunks::unsent`].
    Options { trunk: TrunkId, server: Server, uri: Uri },
    /// Bind our Contact there.
    Register { trunk: TrunkId, server: Server, uri: Uri, own: Uri, call_id: Text, seq: u32, headers: Vec<(Name, Text)> },
}

/// A request of ours to a trunk, by what it is for.
#[allow(clippy::large_enum_variant)] // some for each trunk, and only while it is asked
#[derive(Clone, Debug)]
pub enum Errand {
    Options { trunk: TrunkId, server: Server },
    Register { trunk: TrunkId, contact: Uri },
}

/// One way for a call to a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    pub trunk: TrunkId,
    pub server: Server,
    /// The number as this trunk writes it, at the host as the configuration writes it.
    pub uri: Uri,
}

/// Why no trunk takes a number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoWay {
    #[error("{0} is no telephone number")]
    NoNumber(String),
    /// Toll fraud looks like this.
    #[error("{0} lies outside of the prefixes of every trunk")]
    NotAllowed(String),
    #[error("every trunk to {0} has all the calls that it may have")]
    Full(String),
    #[error("every trunk to {0} is down")]
    Down(String),
}

/// How a call failed at one host, as far as that host is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No answer, or no connection.
    Silent,
    /// 503.
    Busy(Option<Duration>),
}

/// How a trunk stands, for whoever watches.
#[derive(Clone, Debug)]
pub struct Standing {
    pub trunk: TrunkId,
    pub servers: Vec<(Server, State)>,
    /// `None`: it is not to be registered at.
    pub registered: Option<Registered>,
    pub calls: usize,
}

#[derive(Debug)]
pub struct Trunks {
    mint: Mint,
    trunks: Vec<Trunk>,
    names: BTreeMap<Question, Known>,
    calls: BTreeMap<TrunkId, usize>,
    /// We are about to go: nothing is asked any more.
    closed: bool,
    /// Not yet told: somebody may be reached now who could not be before, or the other way round.
    changed: bool,
}

#[derive(Debug)]
struct Trunk {
    setup: Arc<TrunkSetup>,
    /// For each of its hosts, in order.
    places: Vec<Vec<Tier>>,
    health: BTreeMap<Server, Health>,
    registration: Option<Registration>,
    registered: bool,
}

/// An answer of the name service. What was known holds until there is another.
#[derive(Debug)]
struct Known {
    records: Option<Vec<Record>>,
    until: Time,
    asked: bool,
}

impl Trunk {
    fn new(now: Time, setup: Arc<TrunkSetup>, mint: &mut Mint) -> Trunk {
        let login = setup.login.as_ref().filter(|_| setup.register);
        let registration = login.map(|login| Registration::new(now, login, mint));
        Trunk { setup, places: Vec::new(), health: BTreeMap::new(), registration, registered: false }
    }

    /// Its servers in the order in which a call tries them, each with the host that it is of.
    fn order(&self, mint: &mut Mint) -> Vec<(usize, Server)> {
        let mut order: Vec<(usize, Server)> = Vec::new();
        for (place, tiers) in self.places.iter().enumerate() {
            for server in tiers.iter().flat_map(|tier| shuffled(tier, |end| mint.below(end))) {
                if !order.iter().any(|(_, known)| *known == server) {
                    order.push((place, server));
                }
            }
        }
        order
    }

    fn servers(&self) -> impl Iterator<Item = (usize, Server)> {
        let tiers = self.places.iter().enumerate();
        let shares = tiers.flat_map(|(place, tiers)| tiers.iter().flatten().map(move |share| (place, share)));
        shares.flat_map(|(place, share)| share.servers.iter().map(move |server| (place, *server)))
    }

    /// The servers to register at, in a fixed order.
    fn registrars(&self) -> Vec<(usize, Server)> {
        let mut all: Vec<(usize, Server)> = Vec::new();
        for (place, server) in self.servers() {
            if !all.iter().any(|(_, known)| *known == server) {
                all.push((place, server));
            }
        }
        all
    }

    /// Says whether it has changed.
    fn set_health(&mut self, server: Server, change: impl FnOnce(&mut Health)) -> bool {
        let Some(health) = self.health.get_mut(&server) else { return false };
        let before = health.state;
        change(health);
        let (trunk, state) = (&self.setup.id, health.state);
        match (before, state) {
            (before, after) if before == after => {}
            (_, State::Down) => warn!(%trunk, %server, "a host of a trunk is down"),
            (_, State::Up) => info!(%trunk, %server, "a host of a trunk is up"),
            (_, State::Unknown) => info!(%trunk, %server, "a host of a trunk is tried again"),
        }
        before != state
    }

    fn register(&mut self, stay: bool, mint: &mut Mint, out: &mut Vec<Out>) -> bool {
        let registrars = self.registrars();
        let Some(registration) = &mut self.registration else { return false };
        let Some((place, server)) = registrars.get(registration.place(registrars.len())).copied() else { return false };
        let uri = self.setup.uri("", place);
        let Words { call_id, seq, headers } = registration.ask(&uri, stay, mint);
        let (trunk, own) = (self.setup.id.clone(), self.setup.own_uri(place));
        out.push(Out::Register { trunk, server, uri, own, call_id, seq, headers });
        true
    }
}

impl Trunks {
    #[must_use]
    pub fn new(now: Time, setups: &[TrunkSetup], mint: Mint) -> Trunks {
        let mut trunks = Trunks {
            mint,
            trunks: Vec::new(),
            names: BTreeMap::new(),
            calls: BTreeMap::new(),
            closed: false,
            changed: true,
        };
        trunks.trunks = setups.iter().map(|setup| Trunk::new(now, Arc::new(setup.clone()), &mut trunks.mint)).collect();
        trunks.settle(now);
        trunks
    }

    /// A new configuration. A trunk that is written as it was goes on as it is.
    pub fn reload(&mut self, now: Time, setups: &[TrunkSetup], out: &mut Vec<Out>) {
        let mut old = std::mem::take(&mut self.trunks);
        for setup in setups {
            let same = old.iter().position(|trunk| *trunk.setup == *setup);
            let trunk = match same {
                Some(at) => old.remove(at),
                None => Trunk::new(now, Arc::new(setup.clone()), &mut self.mint),
            };
            self.trunks.push(trunk);
        }
        for mut gone in old {
            if gone.registered {
                gone.register(false, &mut self.mint, out);
            }
        }
        self.settle(now);
    }

    /// We are going: nobody is to call us this way any more.
    pub fn close(&mut self, out: &mut Vec<Out>) {
        if !std::mem::replace(&mut self.closed, true) {
            for trunk in self.trunks.iter_mut().filter(|trunk| trunk.registered) {
                trunk.register(false, &mut self.mint, out);
            }
        }
    }

    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        if self.closed {
            return None;
        }
        let names = self.names.values().map(|known| (!known.asked).then_some(known.until));
        let hosts = self.trunks.iter().flat_map(|trunk| trunk.health.values()).map(Health::deadline);
        let registrations =
            self.trunks.iter().map(|trunk| trunk.registration.as_ref().and_then(Registration::deadline));
        first(names.chain(hosts).chain(registrations))
    }

    pub fn wake(&mut self, now: Time, out: &mut Vec<Out>) {
        if self.closed {
            return;
        }
        for (question, known) in self.names.iter_mut().filter(|(_, known)| !known.asked && known.until <= now) {
            known.asked = true;
            out.push(Out::Ask(question.clone()));
        }
        for trunk in &mut self.trunks {
            for (place, server) in trunk.registrars() {
                let mut asks = false;
                self.changed |= trunk.set_health(server, |health| asks = health.wake(now));
                if asks {
                    let (id, uri) = (trunk.setup.id.clone(), trunk.setup.uri("", place));
                    out.push(Out::Options { trunk: id, server, uri });
                }
            }
            let due = trunk.registration.as_ref().is_some_and(|registration| registration.is_due(now));
            if due
                && !trunk.register(true, &mut self.mint, out)
                && let Some(registration) = &mut trunk.registration
            {
                registration.unsent(now, &mut self.mint);
            }
        }
    }

    /// What the name service says.
    pub fn answered(&mut self, now: Time, question: &Question, answer: Answer) {
        let Some(known) = self.names.get_mut(question) else { return };
        known.asked = false;
        match answer {
            Answer::Records(records, ttl) => {
                known.records = Some(records);
                known.until = now + ttl.clamp(NAME_LEAST, NAME_MOST);
            }
            Answer::Failed => {
                warn!(?question, "the name service does not answer");
                known.until = now + NAME_AGAIN;
            }
        }
        self.settle(now);
    }

    /// After the names or the trunks have changed: what they come to.
    fn settle(&mut self, now: Time) {
        self.changed = true;
        let mut needed = BTreeSet::new();
        for trunk in &mut self.trunks {
            let names = &self.names;
            let known = |question: &Question| names.get(question).and_then(|known| known.records.as_deref());
            let setup = &trunk.setup;
            let hosts = setup.hosts.iter();
            trunk.places = hosts.map(|place| locate(place, setup.transport, &known, &mut needed)).collect();
            let servers: BTreeSet<Server> = trunk.servers().map(|(_, server)| server).collect();
            let fresh = trunk.health.is_empty() && !servers.is_empty();
            trunk.health.retain(|server, _| servers.contains(server));
            for server in servers {
                trunk.health.entry(server).or_insert_with(|| Health::new(now, trunk.setup.probe));
            }
            // Who has waited for the first address waits no longer.
            if fresh
                && let Some(registration) = &mut trunk.registration
                && !trunk.registered
            {
                registration.hurry(now);
            }
        }
        self.names.retain(|question, _| needed.contains(question));
        for question in needed {
            self.names.entry(question).or_insert(Known { records: None, until: now, asked: false });
        }
    }

    /// A number that may be called, in E.164.
    pub fn allowed(&self, number: &str) -> Result<String, NoWay> {
        let found = leading_to(&self.trunks, number)?;
        found.into_iter().next().map(|(_, number, _)| number).ok_or_else(|| NoWay::NotAllowed(number.to_owned()))
    }

    /// Whether a number could be called now.
    pub fn open(&self, now: Time, number: &str) -> Result<(), NoWay> {
        let mut found = leading_to(&self.trunks, number)?;
        found.retain(|(.., trunk)| has_room(&self.calls, trunk));
        if found.is_empty() {
            return Err(NoWay::Full(number.to_owned()));
        }
        let up = found.iter().any(|(.., trunk)| trunk.health.values().any(|health| health.is_usable(now)));
        if up { Ok(()) } else { Err(NoWay::Down(number.to_owned())) }
    }

    /// The ways to a number, best first: the longest prefix that allows it, of equal ones the trunk that comes first; each
    /// trunk's hosts in their order, as far as they are up.
    pub fn ways(&mut self, now: Time, number: &str) -> Result<Vec<Way>, NoWay> {
        let mut found = leading_to(&self.trunks, number)?;
        let calls = &self.calls;
        found.retain(|(.., trunk)| has_room(calls, trunk));
        if found.is_empty() {
            return Err(NoWay::Full(number.to_owned()));
        }
        let mut ways = Vec::new();
        for (_, number, trunk) in found {
            let written = trunk.setup.written(&number);
            for (place, server) in trunk.order(&mut self.mint) {
                if trunk.health.get(&server).is_some_and(|health| health.is_usable(now)) {
                    ways.push(Way { trunk: trunk.setup.id.clone(), server, uri: trunk.setup.uri(&written, place) });
                }
            }
        }
        ways.truncate(TRIES);
        if ways.is_empty() { Err(NoWay::Down(number.to_owned())) } else { Ok(ways) }
    }

    #[must_use]
    pub fn setup(&self, id: &TrunkId) -> Option<&Arc<TrunkSetup>> {
        self.trunks.iter().map(|trunk| &trunk.setup).find(|setup| setup.id == *id)
    }

    /// The trunk whose account has this name.
    #[must_use]
    pub fn by_login(&self, user: &str) -> Option<&Arc<TrunkSetup>> {
        let named = |setup: &&Arc<TrunkSetup>| setup.is_login(user);
        self.trunks.iter().map(|trunk| &trunk.setup).find(named)
    }

    /// The trunk that speaks from an address and port of its own. A stream comes from any port: there its Via, `listens`, says
    /// where the peer is. Of several trunks at one place it is the one whose account has been called, if any.
    #[must_use]
    pub fn at(&self, from: Link, listens: u16, called: &str) -> Option<&Arc<TrunkSetup>> {
        let ip = from.remote.ip().to_canonical();
        let port = |port: u16| port == from.remote.port() || (from.transport.is_reliable() && port == listens);
        let there = |server: &Server| server.address.ip().to_canonical() == ip && port(server.address.port());
        let mut here = self.trunks.iter().filter(|trunk| trunk.health.keys().any(there)).map(|trunk| &trunk.setup);
        let first = here.next()?;
        let named = |setup: &&Arc<TrunkSetup>| setup.is_login(called);
        Some(std::iter::once(first).chain(here).find(named).unwrap_or(first))
    }

    /// The server of a trunk that a URI names by its address.
    #[must_use]
    pub fn server_at(&self, id: &TrunkId, uri: &Uri) -> Option<Server> {
        let trunk = self.trunks.iter().find(|trunk| trunk.setup.id == *id)?;
        let (ip, port) = (uri.host.ip()?, uri.port.unwrap_or(5060));
        let there = |server: &&Server| server.address.ip() == ip && server.address.port() == port;
        trunk.health.keys().find(there).copied()
    }

    /// Whether any has come, gone, filled or got room again since this was asked last.
    pub fn have_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Whether a trunk's server is at this address, by whatever transport.
    #[must_use]
    pub fn is_at(&self, address: SocketAddr) -> bool {
        let ip = address.ip().to_canonical();
        let mut servers = self.trunks.iter().flat_map(|trunk| trunk.health.keys()).map(|server| server.address);
        servers.any(|there| there.ip().to_canonical() == ip && there.port() == address.port())
    }

    /// The addresses of every trunk.
    pub fn hosts(&self) -> impl Iterator<Item = std::net::IpAddr> {
        self.trunks.iter().flat_map(|trunk| trunk.health.keys()).map(|server| server.address.ip())
    }

    /// A call more, if there may be one.
    pub fn seize(&mut self, id: &TrunkId) -> bool {
        let Some(trunk) = self.trunks.iter().find(|trunk| trunk.setup.id == *id) else { return false };
        let free = has_room(&self.calls, trunk);
        if free {
            self.changed |= trunk.setup.max_calls.is_some();
            *self.calls.entry(id.clone()).or_default() += 1;
        }
        free
    }

    /// A call less.
    pub fn release(&mut self, id: &TrunkId) {
        if let Some(calls) = self.calls.get_mut(id) {
            self.changed = true;
            *calls = calls.saturating_sub(1);
            if *calls == 0 {
                self.calls.remove(id);
            }
        }
    }

    /// No call is counted any more.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.calls.is_empty()
    }

    /// A call at this server has been heard of.
    pub fn heard(&mut self, id: &TrunkId, server: Server) {
        self.health_of(id, server, Health::heard);
    }

    /// A call came to nothing at this server, by its fault.
    pub fn failed(&mut self, now: Time, id: &TrunkId, server: Server, failure: Failure) {
        self.health_of(id, server, |health| match failure {
            Failure::Silent => health.silent(now),
            Failure::Busy(retry_after) => health.busy(now, retry_after),
        });
    }

    fn health_of(&mut self, id: &TrunkId, server: Server, change: impl FnOnce(&mut Health)) {
        if let Some(trunk) = self.trunks.iter_mut().find(|trunk| trunk.setup.id == *id) {
            self.changed |= trunk.set_health(server, change);
        }
    }

    /// The outcome of a request that [`Out`] has asked for.
    pub fn replied(
        &mut self,
        now: Time,
        errand: &Errand,
        status: Status,
        response: Option<&Response>,
        out: &mut Vec<Out>,
    ) {
        match errand {
            Errand::Options { trunk, server } => {
                let retry_after = response.and_then(Response::retry_after);
                self.health_of(trunk, *server, |health| health.replied(now, status, response.is_some(), retry_after));
            }
            Errand::Register { trunk, contact } => {
                let closed = self.closed;
                let Some(trunk) = self.trunks.iter_mut().find(|known| known.setup.id == *trunk) else { return };
                let hosts = trunk.registrars().len();
                let Some(registration) = &mut trunk.registration else { return };
                if closed {
                    return;
                }
                let next = registration.replied(now, status, response, contact, hosts, &mut self.mint);
                let is = registration.standing(now) != Registered::Not;
                let id = &trunk.setup.id;
                match (trunk.registered, is) {
                    (false, true) => info!(trunk = %id, "registered"),
                    (true, false) => warn!(trunk = %id, status = status.code(), "not registered any more"),
                    (false, false) if next == Next::Wait => {
                        warn!(trunk = %id, status = status.code(), "not registered")
                    }
                    _ => {}
                }
                trunk.registered = is;
                if next == Next::Again && !trunk.register(true, &mut self.mint, out) {
                    self.unsent(now, errand);
                }
            }
        }
    }

    /// What [`Out`] has asked for cannot be sent: nothing of ours reaches there.
    pub fn unsent(&mut self, now: Time, errand: &Errand) {
        match errand {
            Errand::Options { trunk, server } => self.health_of(trunk, *server, |health| health.unsent(now)),
            Errand::Register { trunk, .. } => {
                let trunk = self.trunks.iter_mut().find(|known| known.setup.id == *trunk);
                if let Some(registration) = trunk.and_then(|trunk| trunk.registration.as_mut()) {
                    registration.unsent(now, &mut self.mint);
                }
            }
        }
    }

    /// How all of them stand.
    pub fn standings(&self, now: Time) -> impl Iterator<Item = Standing> {
        self.trunks.iter().map(move |trunk| Standing {
            trunk: trunk.setup.id.clone(),
            servers: trunk.health.iter().map(|(server, health)| (*server, health.state)).collect(),
            registered: trunk.registration.as_ref().map(|registration| registration.standing(now)),
            calls: self.calls.get(&trunk.setup.id).copied().unwrap_or(0),
        })
    }
}

/// The trunks whose prefixes allow a number, best first, and how each of them writes it in E.164.
fn leading_to<'a>(trunks: &'a [Trunk], number: &str) -> Result<Vec<(usize, String, &'a Trunk)>, NoWay> {
    if plain(number).is_none() {
        return Err(NoWay::NoNumber(number.to_owned()));
    }
    let mut found = Vec::new();
    for trunk in trunks {
        let Some(number) = to_e164(&trunk.setup.to_e164, number) else { continue };
        if let Some(longest) = trunk.setup.longest_prefix(&number) {
            found.push((longest, number, trunk));
        }
    }
    if found.is_empty() {
        return Err(NoWay::NotAllowed(number.to_owned()));
    }
    found.sort_by_key(|(longest, ..)| std::cmp::Reverse(*longest));
    Ok(found)
}

fn has_room(calls: &BTreeMap<TrunkId, usize>, trunk: &Trunk) -> bool {
    let now = calls.get(&trunk.setup.id).copied().unwrap_or(0);
    trunk.setup.max_calls.is_none_or(|most| now < most)
}

#[cfg(test)]
mod tests;
