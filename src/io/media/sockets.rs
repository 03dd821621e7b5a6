//! The sockets of one media thread, and the way of a port with its sockets to another.

use crate::engine::Input;
use crate::ids::{PortId, ShardId};
use crate::io::inbox::{Inbox, Refused};
use crate::io::recordings::Tapes;
use crate::io::system;
use crate::media::{Handed, MediaEvent, Piece, Sink};
use crate::telemetry::metrics as names;
use metrics::{Counter, Gauge, counter, gauge};
use mio::net::UdpSocket;
use mio::{Interest, Registry, Token, Waker};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};

/// A port handed over, and its RTP and RTCP sockets if it could be bound.
pub(super) struct Arrival {
    pub handed: Handed,
    pub sockets: Option<(UdpSocket, UdpSocket)>,
}

/// One media thread's way to another. Ports have a queue of their own: a thread ends when the engine's thread lets go of
/// its orders, whoever else could still reach it.
#[derive(Clone)]
pub(super) struct Peer {
    pub arrivals: SyncSender<Arrival>,
    pub waker: Arc<Waker>,
}

pub(super) struct Place {
    pub port: PortId,
    pub rtcp: bool,
    pub socket: UdpSocket,
}

/// The open sockets, two for each port, and the events not yet told.
pub(super) struct Sockets {
    registry: Registry,
    pub places: Vec<Option<Place>>,
    free: Vec<usize>,
    /// RTP and RTCP places of each port.
    by_port: HashMap<PortId, (usize, usize)>,
    untold: VecDeque<MediaEvent>,
    /// Ports on their way to another thread.
    leaving: VecDeque<(ShardId, Arrival)>,
    pub tapes: Tapes,
    pub received: Counter,
    sent: Counter,
    unsent: Counter,
    pub late: Counter,
    open: Gauge,
}

impl Sockets {
    pub fn new(registry: Registry, number: usize, tapes: Tapes) -> Self {
        let thread = number.to_string();
        Sockets {
            registry,
            places: Vec::new(),
            free: Vec::new(),
            by_port: HashMap::new(),
            untold: VecDeque::new(),
            leaving: VecDeque::new(),
            tapes,
            received: counter!(names::MEDIA_RECEIVED, "thread" => thread.clone()),
            sent: counter!(names::MEDIA_SENT, "thread" => thread.clone()),
            unsent: counter!(names::MEDIA_UNSENT, "thread" => thread.clone()),
            late: counter!(names::MEDIA_LATE_TICKS, "thread" => thread.clone()),
            open: gauge!(names::MEDIA_PORTS, "thread" => thread),
        }
    }

    pub fn is_idle(&self) -> bool {
        self.by_port.is_empty() && self.untold.is_empty() && self.leaving.is_empty() && self.tapes.is_idle()
    }

    /// Sends handed over ports on their way; where there is no room now, they go with the next tick.
    pub fn depart(&mut self, peers: &[Peer]) {
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
    pub fn adopt(&mut self, port: PortId, sockets: Option<(UdpSocket, UdpSocket)>) {
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
    pub fn tell(&mut self, inbox: &Inbox) {
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

    fn record(&mut self, piece: Piece) {
        self.tapes.give(piece);
    }
}
