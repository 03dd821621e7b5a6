//! A stage of real sockets: a story's phones on loopback against a whole switch in this process, in real time.
//!
//! ```text
//!   a reader for each socket --+
//!   the event stream ----------+--> inbox --> the phones --> sockets
//!   a pressed button's reply --+
//! ```
//! The phones live on the caller's thread; readers only note when a datagram came, so that what is measured does not
//! depend on how busy the caller is.

use super::Fault;
use super::screens::{self, Screens};
use crate::engine::Button;
use crate::engine::snapshot::AgentSnapshot;
use crate::io::{Clock, Options, Switch};
use crate::sip::Transport;
use crate::site::Site;
use crate::story::cast::{Cast, Place, Sent, Switchboard};
use crate::story::keys::Key;
use crate::story::outside::with_far_ends;
use crate::story::{Evidence, Party, Stage, Story};
use crate::time::{Duration, Time, earliest};
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// What may wait for the phones: some seconds of everything that six of them get.
const INBOX: usize = 4_096;
/// As many as it takes for calls to live on different media threads.
const MEDIA_THREADS: u16 = 2;
/// How long a button may take.
const PRESS: Duration = Duration::from_secs(5);
/// How often a reader that hears nothing looks whether it should end.
const LOOK: Duration = Duration::from_millis(100);

/// A SIP message as it was on the wire.
pub(super) struct Wire {
    pub at: Time,
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
}

/// What the threads around have to tell.
enum News {
    Datagram { wire: Wire, is_sip: bool },
    Screen(Box<AgentSnapshot>),
    Pressed(Result<(), String>),
}

pub(super) struct Loopback {
    clock: Clock,
    /// When the last hand moved or the last wait was over: what a story counts from.
    now: Time,
    site: Arc<Site>,
    switch: Switch,
    sip: SocketAddr,
    cast: Cast,
    sockets: BTreeMap<SocketAddr, UdpSocket>,
    screens: Screens,
    inbox: Receiver<News>,
    news: SyncSender<News>,
    pressed: Option<Result<(), String>>,
    /// The most that a phone was woken too late.
    late: Duration,
    wire: Vec<Wire>,
    over: Arc<AtomicBool>,
    readers: Vec<JoinHandle<()>>,
}

impl Loopback {
    /// Starts the switch on ports that are free, and puts the story's phones beside it.
    pub fn new(story: &Story, site: Site) -> Result<Loopback, Fault> {
        let mut site = site;
        site.sip.listen.iter_mut().for_each(|(_, listen)| listen.set_port(0));
        site.http.listen.set_port(0);
        let mut places = Vec::new();
        let mut sockets = BTreeMap::new();
        for _ in &story.members {
            let mut bound = || {
                let socket = bind()?;
                let address = socket.local_addr()?;
                sockets.insert(address, socket);
                Ok::<_, io::Error>(address)
            };
            places.push(Place { sip: bound()?, rtp: bound()? });
        }
        let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let at = |number: usize| places.get(number).map_or(nobody, |place| place.sip);
        let site = Arc::new(with_far_ends(site, story, at));
        let switch =
            Switch::start(Arc::clone(&site), Options { media_threads: Some(MEDIA_THREADS), ..Options::default() })?;
        let udp = switch.sip().iter().find(|(transport, _)| *transport == Transport::Udp);
        let sip = udp.map(|(_, address)| *address).ok_or(Fault::NoUdp)?;
        let screens = Screens::new(format!("http://{}", switch.http()), switch.admin_token());

        let board = Switchboard::of(&site, sip);
        let clock = Clock::start();
        let nowhere = Place { sip, rtp: sip };
        let place = |number: usize| places.get(number).copied().unwrap_or(nowhere);
        let cast = Cast::new(story, &board, &site.library, clock.now().micros(), place);

        let (news, inbox) = sync_channel(INBOX);
        let over = Arc::new(AtomicBool::new(false));
        let mut stage = Loopback {
            clock,
            now: clock.now(),
            site,
            switch,
            sip,
            cast,
            sockets,
            screens,
            inbox,
            news,
            pressed: None,
            late: Duration::ZERO,
            wire: Vec::new(),
            over,
            readers: Vec::new(),
        };
        for place in places {
            stage.read(place.sip, true)?;
            stage.read(place.rtp, false)?;
        }
        let events = stage.screens.open().map_err(Fault::Screens)?;
        let news = stage.news.clone();
        // Ends with the stream, when the switch does.
        spawn(move || screens::watch(events, |screen| news.send(News::Screen(Box::new(screen))).is_ok()))?;
        Ok(stage)
    }

    pub fn cast(&self) -> &Cast {
        &self.cast
    }

    /// Where the switch takes SIP.
    pub fn sip(&self) -> SocketAddr {
        self.sip
    }

    /// Where its API is.
    pub fn http(&self) -> SocketAddr {
        self.switch.http()
    }

    /// Every SIP message so far, in the order of time.
    pub fn wire(&self) -> &[Wire] {
        &self.wire
    }

    /// The most that this machine let a phone wait beyond its time: what is measured can be as wrong as that.
    pub fn late(&self) -> Duration {
        self.late
    }

    /// What was heard until now, the last moments too.
    pub fn listen(&mut self, evidence: &mut Evidence) {
        self.cast.listen(self.clock.now(), true, evidence);
    }

    /// A thread that takes the datagrams of one socket and notes when they came.
    fn read(&mut self, to: SocketAddr, is_sip: bool) -> io::Result<()> {
        let Some(socket) = self.sockets.get(&to) else { return Ok(()) };
        let socket = socket.try_clone()?;
        socket.set_read_timeout(Some(LOOK))?;
        let (clock, news, over) = (self.clock, self.news.clone(), Arc::clone(&self.over));
        self.readers.push(spawn(move || {
            let mut buffer = [0; 65_536];
            while !over.load(Ordering::Relaxed) {
                let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
                let bytes = buffer.get(..length).unwrap_or_default().to_vec();
                let wire = Wire { at: clock.now(), from, to, bytes };
                // What finds no room is lost, as on any network.
                let _lost = news.try_send(News::Datagram { wire, is_sip });
            }
        })?);
        Ok(())
    }

    /// Waits for the next thing that happens, `until` then at most, and lets the phones do what is due.
    fn turn(&mut self, until: Time, evidence: &mut Evidence) {
        let next = earliest(Some(until), self.cast.deadline()).unwrap_or(until);
        if let Ok(news) = self.inbox.recv_timeout(next.since(self.clock.now())) {
            self.take(news, evidence);
            while let Ok(news) = self.inbox.try_recv() {
                self.take(news, evidence);
            }
        }
        let now = self.clock.now();
        self.late = self.late.max(self.cast.deadline().map_or(Duration::ZERO, |due| now.since(due)));
        self.cast.wake(now);
        self.flush(evidence);
    }

    fn take(&mut self, news: News, evidence: &mut Evidence) {
        match news {
            News::Datagram { wire, is_sip } => {
                self.cast.receive(wire.at, wire.from, wire.to, &wire.bytes, is_sip, evidence);
                if is_sip {
                    self.wire.push(wire);
                }
                self.flush(evidence);
            }
            News::Screen(screen) => {
                let agent = Party::from(screen.id.as_str());
                evidence.screens.insert(agent, Arc::from(screen));
            }
            News::Pressed(outcome) => self.pressed = Some(outcome),
        }
    }

    fn flush(&mut self, evidence: &mut Evidence) {
        let now = self.clock.now();
        let mut sent = Vec::new();
        self.cast.flush(now, evidence, &mut sent);
        for Sent { from, to, bytes, is_sip } in sent {
            let Some(socket) = self.sockets.get(&from) else { continue };
            // What cannot be sent is lost on the way, and what lost messages lead to is for the story to judge.
            let _lost = socket.send_to(&bytes, to);
            if is_sip {
                self.wire.push(Wire { at: now, from, to, bytes });
            }
        }
    }
}

impl Stage for Loopback {
    fn now(&self) -> Time {
        self.now
    }

    fn run(&mut self, until: Time, evidence: &mut Evidence) {
        loop {
            self.turn(until, evidence);
            self.now = self.clock.now();
            if self.now >= until {
                break;
            }
        }
        self.cast.listen(self.now, false, evidence);
        evidence.empty = self.switch.is_empty();
    }

    fn key(&mut self, party: &Party, key: &Key, evidence: &mut Evidence) -> Result<(), String> {
        self.now = self.clock.now();
        let done = self.cast.key(self.now, party, key);
        self.flush(evidence);
        done
    }

    fn is_keying(&self, party: &Party) -> bool {
        self.cast.is_keying(self.now, party)
    }

    fn press(&mut self, agent: &Party, button: Button, evidence: &mut Evidence) -> Result<(), String> {
        self.now = self.clock.now();
        self.pressed = None;
        let (screens, news, agent) = (self.screens.clone(), self.news.clone(), agent.clone());
        // The phones go on humming while the switch is asked.
        let asked = spawn(move || drop(news.send(News::Pressed(screens.press(agent.as_str(), &button)))));
        asked.map_err(|fault| fault.to_string())?;
        let until = self.now + PRESS;
        while self.pressed.is_none() && self.clock.now() < until {
            self.turn(until, evidence);
        }
        self.pressed.take().unwrap_or_else(|| Err("the switch did not reply".to_owned()))
    }

    fn site(&self) -> &Site {
        &self.site
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        for reader in self.readers.drain(..) {
            // A panic was told when it happened.
            let _told = reader.join();
        }
    }
}

#[allow(clippy::disallowed_methods)]
fn bind() -> io::Result<UdpSocket> {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
}

fn spawn(run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("demo".to_owned()).spawn(run)
}
