//! SIP over TCP: connections taken and made, one for each remote address, every queue and every wait bounded.

use super::challenge::Turn;
use super::clock::Clock;
use super::door::{Door, Standing};
use super::inbox::{Inbox, Refused, begins_something, leaves_state};
use super::system;
use crate::engine::Input;
use crate::limits::{TCP_CONNECTIONS, TCP_QUEUE};
use crate::sip::{Frame, Framer, Link, PONG, Transport, parse};
use crate::telemetry::{self, metrics as names};
use bytes::Bytes;
use metrics::{Counter, counter, gauge};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

/// Quiet for so long, a connection is closed. Longer than a registration, whose refreshes come back on it.
const IDLE: Duration = Duration::from_secs(2 * 3600);
/// The same where no phone is registered and no call is up, and counted from the last message: pings keep nothing open that
/// is for nothing. Longer than a call rings.
const IDLE_STRANGER: Duration = Duration::from_secs(240);
/// A message that has begun must end in this time, however often a byte of it comes, and the first one must have come:
/// 64*T1 (RFC 3261 section 17.1.1.2).
const MESSAGE: Duration = Duration::from_secs(32);
/// Nobody answers the phone after waiting longer for the network.
const CONNECT: Duration = Duration::from_secs(5);
/// A peer that takes nothing for so long takes nothing any more.
const WRITE: Duration = Duration::from_secs(10);
/// How long a connection stays after its last answer.
const FAREWELL: Duration = Duration::from_millis(50);
/// How long at once a peer that sends too much waits.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a full inbox stops the reading.
const ROOM: Duration = Duration::from_millis(5);

#[derive(Clone)]
pub(super) struct Streams(Arc<Inner>);

struct Inner {
    inbox: Inbox,
    clock: Clock,
    door: Door,
    runtime: tokio::runtime::Handle,
    open: Mutex<Open>,
    received: Counter,
    malformed: Counter,
    shed: Counter,
    refused: Counter,
}

#[derive(Default)]
struct Open {
    next: u64,
    /// By remote address: what goes there goes over the connection that is there (RFC 3261 section 18).
    by_remote: BTreeMap<SocketAddr, (u64, mpsc::Sender<Bytes>)>,
}

impl Streams {
    pub fn new(inbox: Inbox, clock: Clock, door: Door, runtime: tokio::runtime::Handle) -> Self {
        Streams(Arc::new(Inner {
            inbox,
            clock,
            door,
            runtime,
            open: Mutex::default(),
            received: counter!(names::SIP_RECEIVED, "transport" => "tcp"),
            malformed: counter!(names::SIP_MALFORMED, "transport" => "tcp"),
            shed: counter!(names::SIP_SHED, "transport" => "tcp"),
            refused: counter!(names::SIP_REFUSED, "transport" => "tcp"),
        }))
    }

    /// Takes connections for as long as the runtime lives.
    pub fn listen(&self, listener: std::net::TcpListener, local: SocketAddr) -> io::Result<()> {
        let _runtime = self.0.runtime.enter();
        let listener = TcpListener::from_std(listener)?;
        let streams = self.clone();
        self.0.runtime.spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, remote)) => streams.accepted(stream, Link { transport: Transport::Tcp, local, remote }),
                    // Out of descriptors, most likely: a moment's rest instead of a busy loop.
                    Err(fault) => {
                        tracing::warn!(%local, %fault, "TCP accept");
                        sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        });
        Ok(())
    }

    fn accepted(&self, stream: TcpStream, link: Link) {
        let place = self.0.door.connect(link.remote.ip());
        let (Some(place), Some((id, queue))) = (place, self.enter(link.remote, None)) else {
            self.0.refused.increment(1);
            tracing::debug!(remote = %link.remote, "too many TCP connections: one more is refused");
            return;
        };
        let streams = self.clone();
        self.0.runtime.spawn(async move {
            let _given_back_at_the_end = place;
            streams.carry(stream, link, queue).await;
            streams.leave(id, link).await;
        });
    }

    /// Hands bytes to the connection to `to.remote`, opening one when there is none. Never waits.
    /// What cannot be sent ends in `LinkClosed`.
    pub fn send(&self, to: Link, bytes: Bytes) {
        let existing = self.0.open().by_remote.get(&to.remote).map(|(_, queue)| queue.clone());
        if let Some(queue) = existing {
            match queue.try_send(bytes.clone()) {
                Ok(()) => return,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    // Without its queue the connection's task ends and tells the engine.
                    tracing::warn!(remote = %to.remote, "TCP peer reads too slowly: hung up on");
                    self.0.open().by_remote.remove(&to.remote);
                    return;
                }
                // It has just ended: a new one.
                Err(mpsc::error::TrySendError::Closed(_)) => {}
            }
        }
        let entered = self.enter(to.remote, Some(bytes));
        let streams = self.clone();
        self.0.runtime.spawn(async move {
            let Some((id, queue)) = entered else {
                tracing::warn!(remote = %to.remote, "too many TCP connections: none is opened");
                streams.tell(Input::LinkClosed(to)).await;
                return;
            };
            match timeout(CONNECT, connect(to)).await {
                Ok(Ok(stream)) => streams.carry(stream, to, queue).await,
                Ok(Err(fault)) => tracing::info!(remote = %to.remote, %fault, "TCP connect"),
                Err(_) => tracing::info!(remote = %to.remote, "TCP connect: no answer"),
            }
            streams.leave(id, to).await;
        });
    }

    /// A place among the connections, with its queue; none when there are too many.
    fn enter(&self, remote: SocketAddr, first: Option<Bytes>) -> Option<(u64, mpsc::Receiver<Bytes>)> {
        let mut open = self.0.open();
        if open.by_remote.len() >= TCP_CONNECTIONS {
            return None;
        }
        let (queue, waiting) = mpsc::channel(TCP_QUEUE);
        if let Some(first) = first {
            // The queue is empty: there is room.
            let _room = queue.try_send(first);
        }
        open.next += 1;
        let id = open.next;
        open.by_remote.insert(remote, (id, queue));
        gauge!(names::TCP_CONNECTIONS).set(count(open.by_remote.len()));
        Some((id, waiting))
    }

    async fn leave(&self, id: u64, link: Link) {
        {
            let mut open = self.0.open();
            // A newer connection from the same address keeps its place.
            if open.by_remote.get(&link.remote).is_some_and(|(there, _)| *there == id) {
                open.by_remote.remove(&link.remote);
            }
            gauge!(names::TCP_CONNECTIONS).set(count(open.by_remote.len()));
        }
        self.tell(Input::LinkClosed(link)).await;
    }

    /// Both directions until one of them ends.
    async fn carry(&self, stream: TcpStream, link: Link, queue: mpsc::Receiver<Bytes>) {
        system::sip_stream(&stream, link.remote);
        let (reader, writer) = stream.into_split();
        let (replies, pongs) = mpsc::channel(4);
        tokio::select! {
            () = self.read(reader, link, replies) => {}
            () = write(writer, link, queue, pongs) => {}
        }
    }

    async fn read(&self, mut reader: OwnedReadHalf, link: Link, replies: mpsc::Sender<Bytes>) {
        let mut framer = Framer::new();
        let mut buffer = vec![0; 8 * 1024];
        let ip = link.remote.ip();
        // Until a message is whole its sender is on the clock; then it may be idle for a while.
        let mut last = self.0.clock.now();
        let mut due = last + MESSAGE;
        let (mut begun, mut waited) = (false, false);
        loop {
            let patience = due.since(self.0.clock.now());
            let length = match timeout(patience, reader.read(&mut buffer)).await {
                Ok(Ok(length)) if length > 0 => length,
                Ok(Ok(_)) => return,
                Ok(Err(fault)) => return tracing::debug!(remote = %link.remote, %fault, "TCP receive"),
                // A call has come up meanwhile, or a phone has registered.
                Err(_) if begun && !waited && last + IDLE > due && self.0.door.standing(ip) != Standing::Stranger => {
                    due = last + IDLE;
                    continue;
                }
                Err(_) => return tracing::debug!(remote = %link.remote, "TCP peer was silent too long: hung up on"),
            };
            let mut whole = false;
            framer.push(buffer.get(..length).unwrap_or_default());
            for frame in framer.by_ref() {
                begun = true;
                whole = true;
                match frame {
                    // RFC 5626 section 4.4.1: CRLF CRLF is answered by CRLF.
                    Ok(Frame::Ping) => drop(replies.try_send(Bytes::from_static(PONG))),
                    Ok(Frame::Message(bytes)) => {
                        self.message(link, bytes, &replies).await;
                        last = self.0.clock.now();
                    }
                    Err(fault) => {
                        // Where the next message would begin is not known any more.
                        self.0.malformed.increment(1);
                        tracing::debug!(remote = %link.remote, %fault, "no SIP stream: hung up on");
                        if let Some(answer) = fault.answer(link.remote) {
                            drop(replies.try_send(answer));
                            // Time for the answer to be written before the connection ends.
                            sleep(FAREWELL).await;
                        }
                        return;
                    }
                }
            }
            let now = self.0.clock.now();
            if framer.is_waiting() {
                if whole || !waited {
                    due = now + MESSAGE;
                }
            } else if begun {
                let known = self.0.door.standing(ip) != Standing::Stranger;
                due = if known { now + IDLE } else { last + IDLE_STRANGER };
            }
            waited = framer.is_waiting();
        }
    }

    async fn message(&self, from: Link, bytes: Bytes, replies: &mpsc::Sender<Bytes>) {
        self.0.received.increment(1);
        let ip = from.remote.ip();
        // TCP is slowed, not dropped: what is not read waits on the other side.
        while let Err(wait) = self.0.door.message(self.0.clock.now(), ip) {
            sleep(wait.clamp(ROOM, PAUSE)).await;
        }
        match parse(bytes.clone()) {
            Ok(message) => {
                telemetry::message("in", from, &bytes);
                let begins = begins_something(&message);
                let now = self.0.clock.now();
                if leaves_state(&message) && self.0.door.begin(now, ip, begins.is_some()).is_err() {
                    let Some(request) = begins else { return };
                    if let Turn::Away(answer) = self.0.door.turn(now, from, request) {
                        self.0.shed.increment(1);
                        return drop(replies.try_send(answer));
                    }
                }
                while self.0.inbox.is_busy() {
                    sleep(ROOM).await;
                }
                self.tell(Input::Sip { from, message }).await;
            }
            Err(fault) => {
                self.0.malformed.increment(1);
                tracing::debug!(remote = %from.remote, %fault, "no SIP message");
                if let Some(answer) = fault.answer(from.remote) {
                    drop(replies.try_send(answer));
                }
            }
        }
    }

    async fn tell(&self, input: Input) {
        let mut input = input;
        while let Err(Refused::Full(back)) = self.0.inbox.offer(input) {
            sleep(ROOM).await;
            input = *back;
        }
    }
}

impl Inner {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn connect(to: Link) -> io::Result<TcpStream> {
    let socket = if to.remote.is_ipv6() { TcpSocket::new_v6() } else { TcpSocket::new_v4() }?;
    // From the address that our Via and Contact name, whatever port.
    if !to.local.ip().is_unspecified() && to.local.is_ipv6() == to.remote.is_ipv6() {
        socket.bind(SocketAddr::new(to.local.ip(), 0))?;
    }
    socket.connect(to.remote).await
}

/// Messages and pongs, one whole after another, until the queue is taken away.
async fn write(
    mut writer: OwnedWriteHalf,
    link: Link,
    mut queue: mpsc::Receiver<Bytes>,
    mut pongs: mpsc::Receiver<Bytes>,
) {
    loop {
        let bytes = tokio::select! {
            bytes = queue.recv() => bytes,
            Some(bytes) = pongs.recv() => Some(bytes),
        };
        let Some(bytes) = bytes else { return };
        match timeout(WRITE, writer.write_all(&bytes)).await {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => return tracing::debug!(remote = %link.remote, %fault, "TCP send"),
            Err(_) => return tracing::info!(remote = %link.remote, "TCP peer takes nothing: hung up on"),
        }
    }
}

#[allow(clippy::cast_precision_loss)]
fn count(connections: usize) -> f64 {
    connections as f64
}
