//! The engine's thread: waits for inputs or the deadline, lets the engine decide, carries out what it says.

use super::clock::Clock;
use super::door::Door;
use super::inbox::Tray;
use super::media::{Order, Shard};
use super::names::Names;
use super::store::{self, Books};
use super::tcp::Streams;
use crate::control::{Gate, Keys};
use crate::engine::{Engine, Input, Output};
use crate::ids::ShardId;
use crate::limits::BATCH;
use crate::sip::{Link, Transport};
use crate::site::Site;
use crate::telemetry::{self, metrics as names};
use crate::trunk::{Registered, State};
use bytes::Bytes;
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Transactions that leave memory worth handing back: some megabytes.
const MANY: usize = 1_000;
/// How long the thread may not notice that it should stop, when nothing else happens.
const STOP: Duration = Duration::from_millis(100);
/// How long until what a media thread had no room for is tried again.
const AGAIN: Duration = Duration::from_millis(1);
/// How often the doors are told who is known, and supervisors how the queues stand: sooner than anybody can use up what strangers may send.
const INTRODUCE: Duration = Duration::from_secs(1);
/// How long a stopping engine may still say its goodbyes.
const GOODBYE: Duration = Duration::from_millis(500);

/// What the engine's thread and the switch's owner both look at.
#[derive(Default)]
pub(super) struct Course {
    /// Set by the owner: hang up and end.
    pub stop: AtomicBool,
    /// Set by the engine's thread: draining, and nothing is left.
    pub drained: AtomicBool,
    /// Set by the engine's thread: no call, leg or SIP session is left.
    pub empty: AtomicBool,
    /// Set by a thread that ended in a panic: the switch cannot go on.
    pub failed: AtomicBool,
}

pub(super) struct Signalling {
    pub engine: Engine,
    pub clock: Clock,
    pub tray: Tray,
    pub udp: BTreeMap<SocketAddr, UdpSocket>,
    pub streams: Streams,
    pub names: Names,
    pub door: Door,
    pub shards: Vec<Shard>,
    pub gate: Arc<Gate>,
    pub keys: Arc<Keys>,
    /// Where records go, if they are kept.
    pub books: Option<Books>,
    pub course: Arc<Course>,
    pub draining: bool,
}

impl Signalling {
    /// Runs until told to stop.
    pub fn run(mut self) {
        let sight = Sight::new();
        let mut stopping = None;
        let (mut busiest, mut stretched) = (0, false);
        let mut introduced = self.clock.now();
        loop {
            let held = self.flush_shards();
            let Ok(first) = self.tray.wait(self.patience(held)) else { return };
            let begin = self.clock.now();
            #[allow(clippy::cast_precision_loss)]
            sight.depth.set(self.tray.depth() as f64);
            let mut next = first;
            for _ in 0..BATCH {
                let Some(input) = next else { break };
                self.handle(input);
                next = self.tray.next();
            }
            if let Some(input) = next {
                self.handle(input);
            }
            if self.engine.deadline().is_some_and(|deadline| deadline <= self.clock.now()) {
                self.handle(Input::Wake);
            }
            self.flush(&sight);
            if self.clock.now().since(introduced) >= INTRODUCE {
                introduced = self.clock.now();
                let (agents, parties) = self.engine.known_hosts();
                self.door.set_known(introduced, &agents, &parties);
                self.gate.set_queues(self.engine.queues(self.clock.now()));
                sight.trunks(&self.engine);
            }
            self.course.drained.store(self.draining && self.engine.is_idle(), Ordering::Relaxed);
            let counts = self.engine.counts();
            // Once the calls of a busy time are forgotten, so is their memory.
            busiest = busiest.max(counts.transactions);
            stretched |= busiest > MANY;
            if stretched && (counts.transactions == 0 || counts.transactions < busiest / 8) {
                stretched = counts.transactions > 0;
                busiest = counts.transactions;
                super::system::trim_memory();
            }
            self.course.empty.store(counts.calls + counts.legs + counts.sessions == 0, Ordering::Relaxed);
            sight.step.record(self.clock.now().since(begin).as_secs_f64());

            if self.course.stop.load(Ordering::Relaxed) {
                let end = *stopping.get_or_insert_with(|| {
                    self.engine.handle_input(self.clock.now(), Input::HangUpAll);
                    self.clock.now() + GOODBYE
                });
                self.flush(&sight);
                if (self.engine.is_idle() && self.engine.is_recorded()) || self.clock.now() >= end {
                    if let Some(books) = &mut self.books {
                        books.flush(self.clock.now(), true);
                    }
                    self.shards.iter_mut().for_each(|shard| shard.order(Order::Stop));
                    self.flush_shards();
                    return;
                }
            }
        }
    }

    /// How long there is nothing to do, unless something comes in.
    fn patience(&self, held: bool) -> Duration {
        let until = self.engine.deadline().map_or(STOP, |deadline| deadline.since(self.clock.now()));
        until.min(if held { AGAIN } else { STOP })
    }

    fn handle(&mut self, input: Input) {
        let site = match &input {
            Input::Reload(site) => Some(Arc::clone(site)),
            Input::Drain => {
                self.draining = true;
                self.gate.set_ready(false);
                None
            }
            _ => None,
        };
        self.engine.handle_input(self.clock.now(), input);
        if let Some(site) = site {
            self.reloaded(&site);
        }
    }

    /// The rest of the house takes over the new installation in the same moment as the engine.
    fn reloaded(&mut self, site: &Site) {
        self.door.set_unlimited(&site.sip.unlimited_nets);
        self.door.set_keeper(self.engine.keeper());
        self.keys.set_accounts(super::switch::accounts(site));
        self.gate.set_agents(self.engine.snapshots());
        self.gate.set_queues(self.engine.queues(self.clock.now()));
        self.names.forget();
        for shard in &mut self.shards {
            shard.order(Order::Library(Arc::clone(&site.library)));
        }
    }

    fn flush_shards(&mut self) -> bool {
        self.shards.iter_mut().fold(false, |held, shard| shard.flush() | held)
    }

    fn flush(&mut self, sight: &Sight) {
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Send { to, bytes } => self.send(to, bytes, sight),
                Output::Media(ShardId(number), command) => match self.shards.get_mut(usize::from(number)) {
                    Some(shard) => shard.order(Order::Command(command)),
                    None => tracing::error!(number, ?command, "no such media thread"),
                },
                Output::Reply(ticket, reply) => self.gate.reply(ticket, reply),
                Output::Ccp(agent, event) => self.gate.ccp(agent, event),
                Output::Contact(event) => store::publish(&self.gate, event),
                Output::Record(record, event) => match &self.books {
                    // Told once it is written down.
                    Some(books) => books.record(record, event),
                    None => store::publish(&self.gate, *event),
                },
                Output::Remember(memory, urgent) => {
                    if let Some(books) = &mut self.books {
                        books.remember(*memory, urgent);
                    }
                }
                Output::Ask(question) => self.names.ask(question),
            }
        }
        if let Some(books) = &mut self.books {
            books.flush(self.clock.now(), false);
        }
    }

    fn send(&self, to: Link, bytes: Bytes, sight: &Sight) {
        telemetry::message("out", to, &bytes);
        match to.transport {
            Transport::Tcp => {
                sight.sent_tcp.increment(1);
                self.streams.send(to, bytes);
            }
            Transport::Udp => {
                let same_family = || {
                    self.udp.iter().find(|(local, _)| local.is_ipv6() == to.remote.is_ipv6()).map(|(_, socket)| socket)
                };
                let Some(socket) = self.udp.get(&to.local).or_else(same_family) else {
                    sight.unsent.increment(1);
                    return tracing::warn!(remote = %to.remote, "no UDP socket that could reach it");
                };
                match socket.send_to(&bytes, to.remote) {
                    Ok(_) => sight.sent_udp.increment(1),
                    Err(fault) => {
                        // As if lost on the way: the transaction's timers know what to do.
                        sight.unsent.increment(1);
                        tracing::debug!(remote = %to.remote, %fault, "UDP send");
                    }
                }
            }
        }
    }
}

struct Sight {
    depth: Gauge,
    step: Histogram,
    sent_udp: Counter,
    sent_tcp: Counter,
    unsent: Counter,
}

impl Sight {
    /// How the trunks stand; one that is gone from the configuration keeps its last word until a restart.
    fn trunks(&self, engine: &Engine) {
        #[allow(clippy::cast_precision_loss)]
        for standing in engine.trunks() {
            let trunk = standing.trunk.to_string();
            for state in [State::Unknown, State::Up, State::Down] {
                let count = standing.servers.iter().filter(|(_, at)| *at == state).count();
                gauge!(names::TRUNK_HOSTS, "trunk" => trunk.clone(), "state" => state.as_str()).set(count as f64);
            }
            gauge!(names::TRUNK_CALLS, "trunk" => trunk.clone()).set(standing.calls as f64);
            if let Some(registered) = standing.registered {
                let is = registered != Registered::Not;
                gauge!(names::TRUNK_REGISTERED, "trunk" => trunk).set(f64::from(u8::from(is)));
            }
        }
    }

    fn new() -> Self {
        Sight {
            depth: gauge!(names::INBOX_DEPTH),
            step: histogram!(names::STEP_SECONDS),
            sent_udp: counter!(names::SIP_SENT, "transport" => "udp"),
            sent_tcp: counter!(names::SIP_SENT, "transport" => "tcp"),
            unsent: counter!(names::SIP_UNSENT, "transport" => "udp"),
        }
    }
}
