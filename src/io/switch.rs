//! A whole switch in this process: everything bound, every thread running, until it is stopped.

use super::clock::Clock;
use super::door::Door;
use super::inbox::{self, Inbox, Refused};
use super::names::Names;
use super::signalling::{Course, Signalling};
use super::tcp::Streams;
use super::{entropy, http, media, recordings, store, system, token, udp};
use crate::control::{self, Account, Gate, Keys};
use crate::engine::{Engine, Input};
use crate::ids::AgentId;
use crate::media::Plane;
use crate::sip::Transport;
use crate::site::{Agent, Site};
use crate::telemetry;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// How long the last bytes on TCP may take when everything else has ended.
const LAST_BYTES: Duration = Duration::from_millis(200);
/// How often somebody who waits looks again.
const LOOK: Duration = Duration::from_millis(20);

/// How often the samples of the metrics are counted: some thousands until then.
const SAMPLES: Duration = Duration::from_secs(5);

/// What a configuration does not say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// One seed makes one run's tags, branches and SSRCs. By default the operating system gives one.
    pub seed: Option<u64>,
    /// Media threads. By default one for each core beside the signalling one.
    pub media_threads: Option<u16>,
}

/// Why a switch did not start. Nothing stays bound.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{what} cannot be bound to {address}: {cause} ({})", cure_of_bind(.cause, .key))]
    Bind { what: &'static str, key: &'static str, address: SocketAddr, cause: io::Error },
    #[error("the admin token file {}: {cause}{}", .path.display(), cure_of_token(.cause))]
    Token { path: PathBuf, cause: io::Error },
    #[error(transparent)]
    Store(#[from] store::OpenError),
    #[error("the operating system gives no {what}: {cause}")]
    System { what: &'static str, cause: io::Error },
}

fn cure_of_bind(cause: &io::Error, key: &str) -> String {
    match cause.kind() {
        ErrorKind::AddrInUse => format!("is another switch running? stop it, or change {key}"),
        ErrorKind::AddrNotAvailable => format!("this machine has no such address: change {key} or --lan"),
        ErrorKind::PermissionDenied => format!("ports below 1024 are for root alone: change {key}"),
        _ => format!("see {key}"),
    }
}

fn cure_of_token(cause: &io::Error) -> &'static str {
    match cause.kind() {
        // What is wrong with its text has its cure beside it.
        ErrorKind::InvalidData => "",
        ErrorKind::NotFound => " (make its folder, or change [http] admin_token_file)",
        _ => " (this user must be able to read it, or to make it: see [http] admin_token_file)",
    }
}

/// A running switch. Dropping it stops it.
pub struct Switch {
    sip: Vec<(Transport, SocketAddr)>,
    http: SocketAddr,
    token: String,
    token_file: PathBuf,
    inbox: Inbox,
    course: Arc<Course>,
    gate: Arc<Gate>,
    threads: Vec<JoinHandle<()>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Switch {
    /// Binds everything, then runs. Port 0 is whatever port was free: see [`Switch::sip`] and [`Switch::http`].
    pub fn start(site: Arc<Site>, options: Options) -> Result<Switch, StartError> {
        telemetry::metrics::start();
        system::raise_descriptor_limit();
        let system = |what| move |cause| StartError::System { what, cause };
        let doors = Doors::bind(&site)?;
        let token_file = std::path::absolute(&site.http.admin_token_file).unwrap_or(site.http.admin_token_file.clone());
        let token =
            token::read_or_make(&token_file).map_err(|cause| StartError::Token { path: token_file.clone(), cause })?;
        let seed = match options.seed {
            Some(seed) => seed,
            None => entropy::seed().map_err(system("random bytes"))?,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("tokio")
            .enable_all()
            .build()
            .map_err(system("threads"))?;

        let clock = Clock::start();
        let (inbox, tray) = inbox::inbox();
        let course = Arc::new(Course::default());
        let shards = options.media_threads.unwrap_or_else(spare_cores).max(1);
        let gate = gate(&inbox, clock);
        let keys = Arc::new(keys(&token, &site).map_err(system("random bytes"))?);
        let opened = match &site.store {
            Some(store) => Some(store::open(store, &site.media.recordings, clock, &runtime)?),
            None => None,
        };
        let mut engine = Engine::new(clock.now(), Arc::clone(&site), seed, doors.sip.clone(), shards);
        if let Some(opened) = &opened {
            engine.handle_input(clock.now(), Input::Restore(opened.memories.clone()));
        }
        gate.set_agents(engine.snapshots());
        gate.set_queues(engine.queues(clock.now()));
        let door = Door::default();
        door.set_unlimited(&site.sip.unlimited_nets);
        door.set_keeper(engine.keeper());
        let streams = Streams::new(inbox.clone(), clock, door.clone(), runtime.handle().clone());
        let locals: Arc<[SocketAddr]> = doors.sip.iter().map(|(_, local)| *local).collect();

        let mut switch = Switch {
            sip: doors.sip,
            http: doors.http_address,
            token,
            token_file,
            inbox: inbox.clone(),
            course: Arc::clone(&course),
            gate: Arc::clone(&gate),
            threads: Vec::new(),
            runtime: None,
        };
        // Each its own seed: two threads must not choose the same SSRCs.
        let seeds = (0..shards).map(|number| seed ^ ((u64::from(number) + 1) << 48));
        let planes = seeds.map(|seed| Plane::new(seed, Arc::clone(&site.library), site.plane_settings())).collect();
        let mut media = Vec::new();
        // Before the media threads, so that it ends after them.
        let (tapes, run) = recordings::recordings(&site.media.recordings, &inbox);
        switch.spawn("recordings", run).map_err(system("threads"))?;
        let threads = media::threads(clock, planes, &inbox, &tapes).map_err(system("epoll"))?;
        for (number, (shard, thread)) in threads.into_iter().enumerate() {
            media.push(shard);
            let run = move || thread.run().unwrap_or_else(|fault| panic!("media thread: {fault}"));
            switch.spawn(&format!("media-{number}"), run).map_err(system("threads"))?;
        }
        drop(tapes);
        let mut senders = BTreeMap::new();
        for (local, udp) in doors.udp {
            senders.insert(local, udp.try_clone().map_err(system("sockets"))?);
            let reader = udp::Reader {
                socket: udp,
                local,
                locals: Arc::clone(&locals),
                clock,
                door: door.clone(),
                inbox: inbox.clone(),
                course: Arc::clone(&course),
            };
            switch.spawn("sip-udp", move || reader.run()).map_err(system("threads"))?;
        }
        for (local, listener) in doors.tcp {
            streams.listen(listener, local).map_err(system("sockets"))?;
        }
        let (mut archive, mut books) = (None, None);
        if let Some(opened) = opened {
            let (way_in, ask, run) = opened.start(Arc::clone(&gate), Arc::clone(&course), &runtime);
            (archive, books) = (Some((ask, recordings::shelf(&site.media.recordings))), Some(way_in));
            switch.spawn("journal", run).map_err(system("threads"))?;
        }
        let router = control::router(Arc::clone(&gate), Arc::clone(&keys), archive);
        let listener = {
            let _runtime = runtime.enter();
            tokio::net::TcpListener::from_std(doors.http).map_err(system("sockets"))?
        };
        runtime.spawn(http::serve(listener, router));
        runtime.spawn(async {
            loop {
                tokio::time::sleep(SAMPLES).await;
                telemetry::metrics::count_samples();
            }
        });
        let signalling = Signalling {
            engine,
            clock,
            tray,
            udp: senders,
            streams,
            names: Names::new(inbox.clone(), runtime.handle().clone()),
            door,
            shards: media,
            gate: Arc::clone(&gate),
            keys,
            books,
            course,
            draining: false,
        };
        switch.spawn("engine", move || signalling.run()).map_err(system("threads"))?;
        switch.runtime = Some(runtime);
        gate.set_ready(true);
        Ok(switch)
    }

    /// The bound SIP addresses, with the ports that were picked.
    #[must_use]
    pub fn sip(&self) -> &[(Transport, SocketAddr)] {
        &self.sip
    }

    /// The bound address of the API.
    #[must_use]
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    #[must_use]
    pub fn admin_token(&self) -> &str {
        &self.token
    }

    /// Where the token stands, for `cordboard ctl`.
    #[must_use]
    pub fn token_file(&self) -> &std::path::Path {
        &self.token_file
    }

    /// Takes over another installation without dropping a call. Bound addresses stay as they are.
    pub fn reload(&self, site: Arc<Site>) {
        self.tell(Input::Reload(site));
    }

    /// No new calls from here on.
    pub fn drain(&self) {
        self.gate.set_ready(false);
        self.tell(Input::Drain);
    }

    /// After [`Switch::drain`]: the last call has ended.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.course.drained.load(Ordering::Relaxed)
    }

    /// No call is left, and no leg or SIP session of one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.course.empty.load(Ordering::Relaxed)
    }

    /// A thread has ended that must not; the switch cannot go on.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.course.failed.load(Ordering::Relaxed)
    }

    /// Hangs up whatever is still up and ends every thread.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.gate.set_ready(false);
        self.course.stop.store(true, Ordering::Relaxed);
        // A full inbox wakes its reader by itself.
        let _woken = self.inbox.offer(Input::Wake);
        for thread in self.threads.drain(..).rev() {
            // A panic was told when it happened.
            let _told = thread.join();
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(LAST_BYTES);
        }
    }

    /// What must not be lost although the inbox is full.
    fn tell(&self, input: Input) {
        let mut input = input;
        while let Err(Refused::Full(back)) = self.inbox.offer(input) {
            #[allow(clippy::disallowed_methods)]
            std::thread::sleep(LOOK);
            input = *back;
        }
    }

    fn spawn(&mut self, name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let alarm = Alarm(Arc::clone(&self.course));
        let thread = Builder::new().name(name.to_owned()).spawn(move || {
            let _alarm = alarm;
            run();
        })?;
        self.threads.push(thread);
        Ok(())
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        self.end();
    }
}

/// Rings when its thread panics.
struct Alarm(Arc<Course>);

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.failed.store(true, Ordering::Relaxed);
        }
    }
}

/// Everything that is bound before anything runs.
struct Doors {
    sip: Vec<(Transport, SocketAddr)>,
    udp: Vec<(SocketAddr, UdpSocket)>,
    tcp: Vec<(SocketAddr, TcpListener)>,
    http: TcpListener,
    http_address: SocketAddr,
}

impl Doors {
    fn bind(site: &Site) -> Result<Doors, StartError> {
        let (mut sip, mut udp, mut tcp) = (Vec::new(), Vec::new(), Vec::new());
        for (transport, address) in &site.sip.listen {
            let what = transport.via();
            let failed = |cause| StartError::Bind { what, key: "[sip] listen", address: *address, cause };
            let local = match transport {
                Transport::Udp => {
                    let socket = system::sip_udp(*address).map_err(failed)?;
                    let local = socket.local_addr().map_err(failed)?;
                    udp.push((local, socket));
                    local
                }
                Transport::Tcp => {
                    // Port 0 beside UDP on the same address: the same port, where it is free, is what phones expect.
                    let beside = sip.iter().find(|(_, bound): &&(Transport, SocketAddr)| {
                        address.port() == 0 && bound.ip() == address.ip()
                    });
                    let listener = beside
                        .and_then(|(_, bound)| system::tcp_listener(*bound).ok())
                        .map_or_else(|| system::tcp_listener(*address), Ok)
                        .map_err(failed)?;
                    let local = listener.local_addr().map_err(failed)?;
                    tcp.push((local, listener));
                    local
                }
            };
            sip.push((*transport, local));
        }
        let (what, key, address) = ("the HTTP API", "[http] listen", site.http.listen);
        let failed = |cause| StartError::Bind { what, key, address, cause };
        let http = system::tcp_listener(site.http.listen).map_err(failed)?;
        let http_address = http.local_addr().map_err(failed)?;
        Ok(Doors { sip, udp, tcp, http, http_address })
    }
}

/// Cores beside the one for signalling.
fn spare_cores() -> u16 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    u16::try_from(cores.saturating_sub(1)).unwrap_or(u16::MAX).max(1)
}

fn gate(inbox: &Inbox, clock: Clock) -> Arc<Gate> {
    let inbox = inbox.clone();
    let inlet = move |input| !inbox.is_busy() && inbox.offer(input).is_ok();
    Arc::new(Gate::new(Box::new(inlet), Box::new(move || clock.now())))
}

fn keys(token: &str, site: &Site) -> io::Result<Keys> {
    entropy::bytes32()?;
    let entropy = || entropy::bytes32().unwrap_or_else(|fault| panic!("no random bytes any more: {fault}"));
    Ok(Keys::new(token, accounts(site), Box::new(entropy)))
}

/// Who may sign in.
pub(super) fn accounts(site: &Site) -> BTreeMap<AgentId, Account> {
    let account = |agent: &Agent| Account { password: agent.password.clone(), role: agent.role };
    site.agents.iter().map(|(id, agent)| (id.clone(), account(agent))).collect()
}
