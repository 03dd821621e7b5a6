//! A media thread: its sockets, its tick, and the plane that decides what they carry.

use super::clock::Clock;
use super::inbox::{Inbox, Refused};
use super::system;
use crate::audio::Library;
use crate::engine::Input;
use crate::ids::{PortId, ShardId};
use crate::limits::{DRAIN, HANDED_OVER, MEDIA_COMMANDS};
use crate::media::{Handed, MediaCommand, MediaEvent, Plane, Sink};
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
    arrivals: Receiver<Arrival>,
    peers: Vec<Peer>,
    inbox: Inbox,
}

/// A port handed over, and its RTP and RTCP sockets if it could be bound.
struct Arrival {
    handed: Handed,
    sockets: Option<(UdpSocket, UdpSocket)>,
}

/// One media thread's way to another. Ports have a queue of their own: a thread ends when the engine's thread lets go of
/// its orders, whoever else could still reach it.
#[derive(Clone)]
struct Peer {
    arrivals: SyncSender<Arrival>,
    waker: Arc<Waker>,
}

/// One thread for each plane; they hand ports over to one another.
pub(super) fn threads(clock: Clock, planes: Vec<Plane>, inbox: &Inbox) -> io::Result<Vec<(Shard, Thread)>> {
    let mut peers = Vec::new();
    let mut threads = Vec::new();
    for (number, plane) in planes.into_iter().enumerate() {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let (sender, orders) = sync_channel(MEDIA_COMMANDS);
        let (handing, arrivals) = sync_channel(HANDED_OVER);
        peers.push(Peer { arrivals: handing, waker: Arc::clone(&waker) });
        let shard = Shard { orders: sender, waker, held: VecDeque::new(), sent: false };
        let inbox = inbox.clone();
        threads.push((shard, Thread { number, clock, plane, poll, orders, arrivals, peers: Vec::new(), inbox }));
    }
    for (_, thread) in &mut threads {
        thread.peers.clone_from(&peers);
    }
    Ok(threads)
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
            sockets.depart(&self.peers);
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
        while let Ok(Arrival { handed, sockets: bound }) = self.arrivals.try_recv() {
            sockets.adopt(handed.port(), bound);
            self.plane.arrive(self.clock.now(), handed, sockets);
        }
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
    /// Ports on their way to another thread.
    leaving: VecDeque<(ShardId, Arrival)>,
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
            leaving: VecDeque::new(),
            received: counter!(names::MEDIA_RECEIVED, "thread" => thread.clone()),
            sent: counter!(names::MEDIA_SENT, "thread" => thread.clone()),
            unsent: counter!(names::MEDIA_UNSENT, "thread" => thread.clone()),
            late: counter!(names::MEDIA_LATE_TICKS, "thread" => thread.clone()),
            open: gauge!(names::MEDIA_PORTS, "thread" => thread),
        }
    }

    fn is_idle(&self) -> bool {
        self.by_port.is_empty() && self.untold.is_empty() && self.leaving.is_empty()
    }

    /// Sends handed over ports on their way; where there is no room now, they go with the next tick.
    fn depart(&mut self, peers: &[Peer]) {
        while let Some((to, arrival)) = self.leaving.pop_front() {
            let Some(peer) = peers.get(usize::from(to.0)) else {
                tracing::error!(shard = to.0, port = %arrival.handed.port(), "no such media thread");
                continue;
            };
            match peer.arrivals.try_send(arrival) {
                Ok(()) => {
                    if let Err(fault) = peer.waker.wake() {
                        tracing::error!(%fault, "media thread cannot be woken");
                    }
                }
                // It has ended, and so do we.
                Err(TrySendError::Disconnected(_)) => {}
                Err(TrySendError::Full(arrival)) => {
                    self.leaving.push_front((to, arrival));
                    return;
                }
            }
        }
    }

    /// A port of another thread brings its sockets.
    fn adopt(&mut self, port: PortId, sockets: Option<(UdpSocket, UdpSocket)>) {
        let Some((rtp, rtcp)) = sockets else { return };
        let both = self.place(port, false, rtp).and_then(|rtp| match self.place(port, true, rtcp) {
            Ok(rtcp) => Ok((rtp, rtcp)),
            Err(fault) => {
                self.unbind(rtp);
                Err(fault)
            }
        });
        match both {
            Ok(places) => {
                self.known(port, Some(places));
            }
            // Another number helps as much as if it had never been bound.
            Err(fault) => self.event(MediaEvent::BindFailed { port, reason: fault.to_string() }),
        }
    }

    fn known(&mut self, port: PortId, places: Option<(usize, usize)>) -> Option<(usize, usize)> {
        let before = match places {
            Some(places) => self.by_port.insert(port, places),
            None => self.by_port.remove(&port),
        };
        #[allow(clippy::cast_precision_loss)]
        self.open.set(self.by_port.len() as f64);
        before
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
        self.place(port, rtcp, system::rtp(address)?)
    }

    fn place(&mut self, port: PortId, rtcp: bool, mut socket: UdpSocket) -> io::Result<usize> {
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

    fn unbind(&mut self, place: usize) -> Option<UdpSocket> {
        let mut closed = self.places.get_mut(place).and_then(Option::take)?;
        // Closing the socket takes it out of the poll in any case.
        let _gone = self.registry.deregister(&mut closed.socket);
        self.free.push(place);
        Some(closed.socket)
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
                self.known(port, Some((rtp, rtcp)));
            }
            Err(fault) => {
                self.unbind(rtp);
                self.event(MediaEvent::BindFailed { port, reason: format!("{above}: {fault}") });
            }
        }
    }

    fn close(&mut self, port: PortId) {
        if let Some((rtp, rtcp)) = self.known(port, None) {
            self.unbind(rtp);
            self.unbind(rtcp);
        }
    }

    fn hand_over(&mut self, handed: Handed, to: ShardId) {
        let sockets = self.known(handed.port(), None).and_then(|(rtp, rtcp)| {
            let (rtp, rtcp) = (self.unbind(rtp), self.unbind(rtcp));
            rtp.zip(rtcp)
        });
        self.leaving.push_back((to, Arrival { handed, sockets }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::inbox;
    use crate::media::{Codec, PortSpec, Settings, Source, Start};
    use crate::rtp::{Header, Packet, write};
    use std::net::Ipv4Addr;

    /// A phone on a socket of its own, and the switch's port for it.
    struct Phone {
        socket: std::net::UdpSocket,
        port: PortId,
        local: SocketAddr,
        seq: u16,
    }

    impl Phone {
        fn new(number: u64) -> Phone {
            let loopback = || std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let socket = loopback();
            socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            // A number that was free a moment ago, and its neighbour with it.
            let local = std::iter::repeat_with(|| loopback().local_addr().unwrap())
                .find(|at| at.port() % 2 == 0 && std::net::UdpSocket::bind((at.ip(), at.port() + 1)).is_ok())
                .unwrap();
            Phone { socket, port: PortId(number), local, seq: 0 }
        }

        fn spec(&self, generation: u64, hears: u64) -> PortSpec {
            PortSpec {
                generation,
                remote: self.socket.local_addr().ok(),
                latch: true,
                codec: Some((Codec::Pcmu, 0)),
                send: true,
                receive: true,
                start: Start::Now,
                source: Source::Hear(vec![PortId(hears)]),
                ..PortSpec::default()
            }
        }

        fn say(&mut self, byte: u8) {
            self.seq += 1;
            let header = Header { seq: self.seq, timestamp: u32::from(self.seq) * 160, ssrc: 5, ..Header::default() };
            let mut packet = [0; 172];
            write(&header, &[byte; 160], None, &mut packet).unwrap();
            self.socket.send_to(&packet, self.local).unwrap();
        }

        fn next(&self) -> (Header, Vec<u8>) {
            let mut buffer = [0; 400];
            let (length, from) = self.socket.recv_from(&mut buffer).expect("a packet within five seconds");
            assert_eq!(from, self.local);
            let packet = Packet::read(&buffer[..length]).unwrap();
            (packet.header, packet.payload.to_vec())
        }
    }

    #[test]
    fn a_port_goes_to_another_thread_with_its_sockets() {
        let (inbox, tray) = inbox::inbox();
        let plane = |seed| Plane::new(seed, Arc::new(Library::default()), Settings::default());
        let mut shards = Vec::new();
        let mut running = Vec::new();
        for (shard, thread) in threads(Clock::start(), vec![plane(1), plane(2)], &inbox).unwrap() {
            shards.push(shard);
            running.push(std::thread::spawn(move || thread.run()));
        }
        let (mut talker, listener) = (Phone::new(1), Phone::new(2));
        let mut tell = |shard: usize, command: MediaCommand| {
            shards[shard].order(Order::Command(command));
            shards[shard].flush();
        };
        // They live on two threads, and do not hear each other.
        for (shard, phone, hears) in [(0, &talker, 2), (1, &listener, 1)] {
            tell(shard, MediaCommand::Open { port: phone.port, local: phone.local });
            tell(shard, MediaCommand::Set { port: phone.port, spec: phone.spec(1, hears) });
        }
        let (first, silence) = listener.next();
        assert_eq!(silence, [0xff; 160]);
        let mut seen = vec![first];
        // The listener comes, is told more while under way, and goes on in the same stream; there and back, many times.
        for round in 0..20_u8 {
            let (from, to) = if round % 2 == 0 { (1, 0) } else { (0, 1) };
            for phone in [&listener, &talker] {
                // The talker is there already in the first round.
                if round == 0 && phone.port == talker.port {
                    continue;
                }
                let port = phone.port;
                tell(to, MediaCommand::Expect { port });
                tell(from, MediaCommand::HandOver { port, to: ShardId(to as u16) });
                let hears = 3 - port.0;
                tell(to, MediaCommand::Set { port, spec: phone.spec(u64::from(round) + 2, hears) });
            }
            let heard = (0..100).find(|_| {
                talker.say(round);
                let (header, payload) = listener.next();
                seen.push(header);
                payload == [round; 160]
            });
            assert!(heard.is_some(), "round {round}: 100 packets and not heard");
        }
        for pair in seen.windows(2) {
            assert_eq!(pair[0].ssrc, pair[1].ssrc);
            assert_eq!(pair[0].seq.wrapping_add(1), pair[1].seq);
        }
        for phone in [&listener, &talker] {
            tell(1, MediaCommand::Close { port: phone.port });
        }
        let mut closed = 0;
        while closed < 2 {
            let told = tray.wait(Duration::from_secs(5)).unwrap().expect("both are told of");
            closed += usize::from(matches!(told, Input::Media(MediaEvent::Closed { .. })));
        }
        drop(shards);
        for thread in running {
            thread.join().unwrap().unwrap();
        }
    }
}
