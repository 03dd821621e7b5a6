//! A media thread: its sockets, its tick, and the plane that decides what they carry.

mod shard;
mod sockets;
#[cfg(test)]
mod tests;

pub(super) use shard::{Order, Shard};

use super::clock::Clock;
use super::inbox::Inbox;
use super::recordings::Tapes;
use crate::limits::{DRAIN, HANDED_OVER, MEDIA_COMMANDS};
use crate::media::Plane;
use mio::{Events, Poll, Token, Waker};
use sockets::{Arrival, Peer, Sockets};
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
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
    tapes: Tapes,
}

/// One thread for each plane; they hand ports over to one another.
pub(super) fn threads(
    clock: Clock,
    planes: Vec<Plane>,
    inbox: &Inbox,
    tapes: &Tapes,
) -> io::Result<Vec<(Shard, Thread)>> {
    let mut peers = Vec::new();
    let mut threads = Vec::new();
    for (number, plane) in planes.into_iter().enumerate() {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let (sender, orders) = sync_channel(MEDIA_COMMANDS);
        let (handing, arrivals) = sync_channel(HANDED_OVER);
        peers.push(Peer { arrivals: handing, waker: Arc::clone(&waker) });
        let shard = Shard::new(sender, waker);
        let inbox = inbox.clone();
        let tapes = tapes.another();
        threads.push((shard, Thread { number, clock, plane, poll, orders, arrivals, peers: Vec::new(), inbox, tapes }));
    }
    for (_, thread) in &mut threads {
        thread.peers.clone_from(&peers);
    }
    Ok(threads)
}

impl Thread {
    /// Runs until told to stop, or until nobody is left to tell.
    pub fn run(mut self) -> io::Result<()> {
        let tapes = self.tapes.another();
        let mut sockets = Sockets::new(self.poll.registry().try_clone()?, self.number, tapes);
        let mut ready = Events::with_capacity(READY);
        let mut buffer = [0; PACKET];
        let mut pending: Vec<usize> = Vec::new();
        let mut tick = self.clock.now();
        loop {
            if !self.obey(&mut sockets) {
                return Ok(());
            }
            sockets.depart(&self.peers);
            sockets.tapes.flush();
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
