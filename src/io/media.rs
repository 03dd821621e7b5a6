//! A media thread: its sockets, its tick, and the plane that decides what they carry.

use super::clock::Clock;
use super::inbox::{Inbox, Refused};
use super::system;
use crate::audio::Library;
use crate::engine::Input;
use crate::ids::PortId;
use crate::limits::{DRAIN, MEDIA_COMMANDS};
use crate::media::{MediaCommand, MediaEvent, Plane, Sink};
use crate::telemetry::metrics as names;
use metrics::{Counter, Gauge, counter, gauge};
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Registry, Token, Waker};
use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::time::Duration;

/// Packets are gathered for so long and then all taken at once: a third of the cost of waking for each.
const TICK: Duration = Duration::from_millis(1);
/// With no port open only the waker matters.
const REST: Duration = Duration::from_millis(250);
/// A tick that begins so much too late is worth counting: the machine has too little to give.
const LATE: Duration = Duration::from_millis(10);
/// The largest datagram taken; RTP packets are a tenth of it.
const PACKET: usize = 2048;
/// Ready sockets told by one poll; with more, it is asked again.
const READY: usize = 1024;
const WAKER: Token = Token(usize::MAX);

/// What a media thread is told.
pub(super) enum Order {
    Command(MediaCommand),
    Library(Arc<Library>),
    Stop,
}

/// The engine thread's end of a media thread. It never waits, and nothing it is given is lost.
pub(super) struct Shard {
    orders: SyncSender<Order>,
    waker: Arc<Waker>,
    held: VecDeque<Order>,
    sent: bool,
}

impl Shard {
    pub fn order(&mut self, order: Order) {
        if !self.held.is_empty() {
            return self.hold(order);
        }
        self.sent = true;
        match self.orders.try_send(order) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(order)) => self.hold(order),
        }
    }

    /// Only the latest wish for a port counts.
    fn hold(&mut self, order: Order) {
        if let Order::Command(MediaCommand::Set { port: wanted, spec: new }) = &order {
            let earlier = self.held.iter_mut().find_map(|held| match held {
                Order::Command(MediaCommand::Set { port, spec }) if port == wanted => Some(spec),
                _ => None,
            });
            if let Some(spec) = earlier {
                spec.clone_from(new);
                return;
            }
        }
        self.held.push_back(order);
    }

    /// After a batch: what was held back goes first, then the thread is woken. True when something is still held.
    pub fn flush(&mut self) -> bool {
        while let Some(order) = self.held.pop_front() {
            match self.orders.try_send(order) {
                Ok(()) => self.sent = true,
                Err(TrySendError::Disconnected(_)) => {}
                Err(TrySendError::Full(order)) => {
                    self.held.push_front(order);
                    break;
                }
            }
        }
        if std::mem::take(&mut self.sent)
            && let Err(fault) = self.waker.wake()
        {
            tracing::error!(%fault, "media thread cannot be woken");
        }
        !self.held.is_empty()
    }
}

/// A media thread before it runs.
pub(super) struct Thread {
    number: usize,
    clock: Clock,
    plane: Plane,
    poll: Poll,
    orders: Receiver<Order>,
    inbox: Inbox,
}

pub(super) fn thread(number: usize, clock: Clock, plane: Plane, inbox: Inbox) -> io::Result<(Shard, Thread)> {
    let poll = Poll::new()?;
    let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
    let (sender, orders) = sync_channel(MEDIA_COMMANDS);
    let shard = Shard { orders: sender, waker, held: VecDeque::new(), sent: false };
    Ok((shard, Thread { number, clock, plane, poll, orders, inbox }))
}

impl Thread {
    /// Runs until told to stop, or until nobody is left to tell.
    pub fn run(mut self) -> io::Result<()> {
        let mut sockets = Sockets::new(self.poll.registry().try_clone()?, self.number);
        let mut ready = Events::with_capacity(READY);
        let mut buffer = [0; PACKET];
        let mut pending: Vec<usize> = Vec::new();
        let mut tick = self.clock.now();
        loop {
            if !self.obey(&mut sockets) {
                return Ok(());
            }
            if sockets.is_idle() {
                poll(&mut self.poll, &mut ready, REST)?;
                tick = self.clock.now();
                sockets.tell(&self.inbox);
                continue;
            }
            tick = self.pace(tick + TICK, &sockets);
            let mut left = std::mem::take(&mut pending);
            for place in left.drain(..) {
                self.drain(place, &mut sockets, &mut buffer, &mut pending);
            }
            loop {
                poll(&mut self.poll, &mut ready, Duration::ZERO)?;
                let mut told = 0;
                for event in &ready {
                    told += 1;
                    if event.token() != WAKER && !pending.contains(&event.token().0) {
                        self.drain(event.token().0, &mut sockets, &mut buffer, &mut pending);
                    }
                }
                if told < READY {
                    break;
                }
            }
            self.plane.tick(self.clock.now(), &mut sockets);
            sockets.tell(&self.inbox);
        }
    }

    /// Everything ordered so far; false when it is time to end.
    fn obey(&mut self, sockets: &mut Sockets) -> bool {
        loop {
            match self.orders.try_recv() {
                Ok(Order::Command(command)) => self.plane.command(self.clock.now(), command, sockets),
                Ok(Order::Library(library)) => self.plane.set_library(library),
                Ok(Order::Stop) | Err(TryRecvError::Disconnected) => return false,
                Err(TryRecvError::Empty) => return true,
            }
        }
    }

    /// Sleeps until the tick is due. One that is missed is not made up for: the plane knows what it owes.
    fn pace(&self, due: crate::time::Time, sockets: &Sockets) -> crate::time::Time {
        let now = self.clock.now();
        if now < due {
            #[allow(clippy::disallowed_methods)]
            std::thread::sleep(due - now);
            return due;
        }
        if now.since(due) >= LATE {
            sockets.late.increment(1);
        }
        now
    }

    /// Takes what waits in one socket. One that has more than its share comes again next tick.
    fn drain(&mut self, place: usize, sockets: &mut Sockets, buffer: &mut [u8], pending: &mut Vec<usize>) {
        let mut count = 0;
        while count < DRAIN {
            // Looked up each time: what a packet does may close its port.
            let Some(Some(found)) = sockets.places.get(place) else { return };
            match found.socket.recv_from(buffer) {
                Ok((length, from)) => {
                    count += 1;
                    let (port, rtcp) = (found.port, found.rtcp);
                    let Some(packet) = buffer.get_mut(..length) else { continue };
                    let now = self.clock.now();
                    if rtcp {
                        self.plane.rtcp(now, port, from, packet);
                    } else {
                        self.plane.rtp(now, port, from, packet, sockets);
                    }
                }
                Err(fault) if fault.kind() == ErrorKind::WouldBlock => break,
                // An ICMP message about something sent earlier: the next packet may come all the same.
                Err(_) => count += 1,
            }
        }
        sockets.received.increment(count as u64);
        if count == DRAIN {
            pending.push(place);
        }
    }
}

fn poll(poll: &mut Poll, ready: &mut Events, timeout: Duration) -> io::Result<()> {
    match poll.poll(ready, Some(timeout)) {
        Err(fault) if fault.kind() == ErrorKind::Interrupted => {
            ready.clear();
            Ok(())
        }
        done => done,
    }
}

struct Place {
    port: PortId,
    rtcp: bool,
    socket: UdpSocket,
}

/// The open sockets, two for each port, and the events not yet told.
struct Sockets {
    registry: Registry,
    places: Vec<Option<Place>>,
    free: Vec<usize>,
    /// RTP and RTCP places of each port.
    by_port: HashMap<PortId, (usize, usize)>,
    untold: VecDeque<MediaEvent>,
    received: Counter,
    sent: Counter,
    unsent: Counter,
    late: Counter,
    open: Gauge,
}

impl Sockets {
    fn new(registry: Registry, number: usize) -> Self {
        let thread = number.to_string();
        Sockets {
            registry,
            places: Vec::new(),
            free: Vec::new(),
            by_port: HashMap::new(),
            untold: VecDeque::new(),
            received: counter!(names::MEDIA_RECEIVED, "thread" => thread.clone()),
            sent: counter!(names::MEDIA_SENT, "thread" => thread.clone()),
            unsent: counter!(names::MEDIA_UNSENT, "thread" => thread.clone()),
            late: counter!(names::MEDIA_LATE_TICKS, "thread" => thread.clone()),
            open: gauge!(names::MEDIA_PORTS, "thread" => thread),
        }
    }

    fn is_idle(&self) -> bool {
        self.by_port.is_empty() && self.untold.is_empty()
    }

    /// To the engine, in order; what it has no room for now waits for the next tick.
    fn tell(&mut self, inbox: &Inbox) {
        while let Some(event) = self.untold.pop_front() {
            if let Err(Refused::Full(input)) = inbox.offer(Input::Media(event)) {
                if let Input::Media(event) = *input {
                    self.untold.push_front(event);
                }
                return;
            }
        }
    }

    fn bind(&mut self, port: PortId, rtcp: bool, address: SocketAddr) -> io::Result<usize> {
        let mut socket = system::rtp(address)?;
        let place = self.free.last().copied().unwrap_or(self.places.len());
        self.registry.register(&mut socket, Token(place), Interest::READABLE)?;
        let bound = Some(Place { port, rtcp, socket });
        if self.free.pop().is_some() {
            if let Some(slot) = self.places.get_mut(place) {
                *slot = bound;
            }
        } else {
            self.places.push(bound);
        }
        Ok(place)
    }

    fn unbind(&mut self, place: usize) {
        if let Some(mut closed) = self.places.get_mut(place).and_then(Option::take) {
            // Closing the socket takes it out of the poll in any case.
            let _gone = self.registry.deregister(&mut closed.socket);
            self.free.push(place);
        }
    }

    fn send(&self, place: Option<usize>, to: SocketAddr, packet: &[u8]) {
        let Some(Some(place)) = place.and_then(|place| self.places.get(place)) else { return };
        match place.socket.send_to(packet, to) {
            Ok(_) => self.sent.increment(1),
            // A full buffer or an unreachable phone: sound is not sent twice.
            Err(_) => self.unsent.increment(1),
        }
    }
}

impl Sink for Sockets {
    fn rtp(&mut self, port: PortId, to: SocketAddr, packet: &[u8]) {
        self.send(self.by_port.get(&port).map(|(rtp, _)| *rtp), to, packet);
    }

    fn rtcp(&mut self, port: PortId, to: SocketAddr, packet: &[u8]) {
        self.send(self.by_port.get(&port).map(|(_, rtcp)| *rtcp), to, packet);
    }

    fn event(&mut self, event: MediaEvent) {
        self.untold.push_back(event);
    }

    fn open(&mut self, port: PortId, local: SocketAddr) {
        let rtp = match self.bind(port, false, local) {
            Ok(place) => place,
            Err(fault) => return self.event(MediaEvent::BindFailed { port, reason: format!("{local}: {fault}") }),
        };
        // RTCP is one above (RFC 3550 section 11).
        let above = SocketAddr::new(local.ip(), local.port().wrapping_add(1));
        match self.bind(port, true, above) {
            Ok(rtcp) => {
                self.by_port.insert(port, (rtp, rtcp));
                #[allow(clippy::cast_precision_loss)]
                self.open.set(self.by_port.len() as f64);
            }
            Err(fault) => {
                self.unbind(rtp);
                self.event(MediaEvent::BindFailed { port, reason: format!("{above}: {fault}") });
            }
        }
    }

    fn close(&mut self, port: PortId) {
        if let Some((rtp, rtcp)) = self.by_port.remove(&port) {
            self.unbind(rtp);
            self.unbind(rtcp);
            #[allow(clippy::cast_precision_loss)]
            self.open.set(self.by_port.len() as f64);
        }
    }
}
