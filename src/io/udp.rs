//! SIP over UDP: a thread that reads, and the socket that the engine's thread sends on.

use super::challenge::Turn;
use super::clock::Clock;
use super::door::Door;
use super::inbox::{Inbox, Late, Refused, begins_something, come_later, leaves_state};
use super::signalling::Course;
use crate::engine::Input;
use crate::limits::MESSAGE_BYTES;
use crate::sip::{Link, ParseError, Transport, is_nowhere, is_own, parse};
use crate::telemetry::{self, metrics as names};
use bytes::Bytes;
use metrics::{Counter, counter};
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long a reader may not notice that it should stop.
const STOP: Duration = Duration::from_millis(100);
/// How long what is under way waits for room before the next look.
const ROOM: Duration = Duration::from_millis(1);

pub(super) struct Reader {
    pub socket: UdpSocket,
    pub local: SocketAddr,
    /// Every address that is listened on.
    pub locals: Arc<[SocketAddr]>,
    pub clock: Clock,
    pub door: Door,
    pub inbox: Inbox,
    pub course: Arc<Course>,
}

impl Reader {
    /// Reads until told to stop.
    pub fn run(&self) {
        let counters = Counters::new();
        if let Err(fault) = self.socket.set_read_timeout(Some(STOP)) {
            tracing::error!(local = %self.local, %fault, "UDP reader cannot run");
            return;
        }
        let mut buffer = vec![0; MESSAGE_BYTES];
        while !self.course.stop.load(Ordering::Relaxed) {
            match self.socket.recv_from(&mut buffer) {
                Ok((length, remote)) => {
                    counters.received.increment(1);
                    let datagram = buffer.get(..length).unwrap_or_default();
                    self.take(remote, datagram, &counters);
                }
                Err(fault)
                    if matches!(fault.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {
                }
                // An ICMP message about something sent earlier: the transaction's timers know what to do.
                Err(fault) => tracing::debug!(local = %self.local, %fault, "UDP receive"),
            }
        }
    }

    fn take(&self, remote: SocketAddr, datagram: &[u8], counters: &Counters) {
        // Keep-alives: CRLF (RFC 5626 section 4.4.1 asks for an answer on streams only), a single NUL from some phones.
        if datagram.iter().all(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            return;
        }
        // Nobody is where no answer can go, and from ourselves comes only what somebody has forged.
        if remote.port() == 0 || is_nowhere(remote.ip()) || is_own(&self.locals, remote) {
            return counters.refused.increment(1);
        }
        let now = self.clock.now();
        if self.door.message(now, remote.ip()).is_err() {
            return counters.refused.increment(1);
        }
        let message = match parse(Bytes::copy_from_slice(datagram)) {
            Ok(message) => message,
            Err(fault) => {
                counters.malformed.increment(1);
                tracing::debug!(%remote, %fault, "no SIP message");
                self.answer(remote, &fault);
                return;
            }
        };
        let begins = begins_something(&message);
        let too_many = leaves_state(&message) && self.door.begin(now, remote.ip(), begins.is_some()).is_err();
        let from = Link { transport: Transport::Udp, local: self.local, remote };
        telemetry::message("in", from, datagram);
        match begins {
            Some(request) if self.inbox.is_busy() => {
                counters.shed.increment(1);
                return self.send(remote, &come_later(request, remote, Late::Busy));
            }
            Some(request) if too_many => {
                if let Turn::Away(answer) = self.door.turn(now, from, request) {
                    counters.shed.increment(1);
                    return self.send(remote, &answer);
                }
            }
            None if too_many => return counters.refused.increment(1),
            _ => {}
        }
        let mut input = Input::Sip { from, message };
        // What is under way waits here; the socket's own buffer holds what comes behind it.
        while let Err(Refused::Full(back)) = self.inbox.offer(input) {
            if self.course.stop.load(Ordering::Relaxed) {
                return;
            }
            #[allow(clippy::disallowed_methods)]
            std::thread::sleep(ROOM);
            input = *back;
        }
    }

    fn answer(&self, remote: SocketAddr, fault: &ParseError) {
        if let Some(answer) = fault.answer(remote) {
            self.send(remote, &answer);
        }
    }

    fn send(&self, remote: SocketAddr, bytes: &[u8]) {
        if let Err(fault) = self.socket.send_to(bytes, remote) {
            tracing::debug!(%remote, %fault, "UDP send");
        }
    }
}

struct Counters {
    received: Counter,
    malformed: Counter,
    shed: Counter,
    refused: Counter,
}

impl Counters {
    fn new() -> Self {
        Counters {
            received: counter!(names::SIP_RECEIVED, "transport" => "udp"),
            malformed: counter!(names::SIP_MALFORMED, "transport" => "udp"),
            shed: counter!(names::SIP_SHED, "transport" => "udp"),
            refused: counter!(names::SIP_REFUSED, "transport" => "udp"),
        }
    }
}
