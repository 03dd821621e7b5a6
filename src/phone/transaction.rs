//! Client and server transactions over UDP, with their retransmissions (RFC 3261 section 17).

use super::LineId;
use super::wire::{self, Draft, Head, Received};
use crate::time::{Duration, Time};
use rsip::Method;
use std::net::SocketAddr;

pub(super) const T1: Duration = Duration::from_millis(500);
pub(super) const T2: Duration = Duration::from_secs(4);
/// 64*T1: how long anything is tried, and how long what is over still swallows its retransmissions.
pub(super) const LONG: Duration = Duration::from_secs(32);

/// What a request of ours is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Register { expires: u32 },
    Invite(LineId),
    Reinvite(LineId),
    Cancel,
    Bye,
    Info(LineId),
    Update(LineId),
    Prack(LineId),
    Refer(LineId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tried {
    /// Nothing came back: resend.
    Calling,
    /// A provisional came: an INVITE waits, anything else is resent slowly.
    Proceeding,
    Done,
}

#[derive(Clone, Debug)]
pub(super) struct Client {
    pub draft: Draft,
    pub branch: String,
    pub to: SocketAddr,
    pub purpose: Purpose,
    pub bytes: Vec<u8>,
    /// What we sent, read back the way the other side must read it.
    pub asked: Option<Head>,
    /// Our ACK, to be sent again when the final response is.
    pub ack: Option<(SocketAddr, Vec<u8>)>,
    state: Tried,
    interval: Duration,
    resend: Time,
    ends: Time,
}

/// What time asks of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Resend,
    /// No answer in 64*T1.
    TimedOut,
    Forget,
}

impl Client {
    pub fn new(now: Time, draft: Draft, branch: String, to: SocketAddr, purpose: Purpose, bytes: Vec<u8>) -> Client {
        let state = Tried::Calling;
        let (resend, ends) = (now + T1, now + LONG);
        let asked = wire::read(&bytes).ok().map(|asked| asked.head);
        Client { draft, branch, to, purpose, bytes, asked, ack: None, state, interval: T1, resend, ends }
    }

    fn is_invite(&self) -> bool {
        self.draft.method == Method::Invite
    }

    pub fn proceeding(&self) -> bool {
        self.state == Tried::Proceeding
    }

    pub fn done(&self) -> bool {
        self.state == Tried::Done
    }

    pub fn provisional(&mut self, now: Time) {
        if self.state != Tried::Calling {
            return;
        }
        self.state = Tried::Proceeding;
        if self.is_invite() {
            // RFC 3261 section 17.1.1.2: a ringing INVITE is neither resent nor timed out.
            (self.resend, self.ends) = (Time::NEVER, Time::NEVER);
        } else {
            (self.interval, self.resend) = (T2, now + T2);
        }
    }

    pub fn finish(&mut self, now: Time) {
        self.state = Tried::Done;
        (self.resend, self.ends) = (Time::NEVER, now + LONG);
    }

    /// A cancelled INVITE that never gets its final response is given up (RFC 3261 section 9.1).
    pub fn cancelled(&mut self, now: Time) {
        self.ends = now + LONG;
    }

    pub fn deadline(&self) -> Time {
        self.resend.min(self.ends)
    }

    pub fn wake(&mut self, now: Time) -> Due {
        if now >= self.ends {
            return if self.state == Tried::Done { Due::Forget } else { Due::TimedOut };
        }
        if now < self.resend {
            return Due::Nothing;
        }
        // Timer A doubles without end, Timer E up to T2.
        self.interval = if self.is_invite() { self.interval * 2 } else { (self.interval * 2).min(T2) };
        self.resend = now + self.interval;
        Due::Resend
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Served {
    Open,
    /// A final response that is not resent by us: the request was no INVITE, or its ACK is here.
    Over,
    /// An INVITE refused: resent until its ACK.
    Refused,
    /// An INVITE accepted: resent until the dialog's ACK (RFC 3261 section 13.3.1.4).
    Accepted,
}

#[derive(Clone, Debug)]
pub(super) struct Server {
    pub request: Received,
    pub to: SocketAddr,
    pub line: Option<LineId>,
    pub last: Option<Vec<u8>>,
    pub state: Served,
    interval: Duration,
    resend: Time,
    ends: Time,
}

impl Server {
    pub fn new(request: Received, to: SocketAddr, line: Option<LineId>) -> Server {
        let (resend, ends) = (Time::NEVER, Time::NEVER);
        Server { request, to, line, last: None, state: Served::Open, interval: T1, resend, ends }
    }

    pub fn responded(&mut self, now: Time, status: u16, bytes: Vec<u8>) {
        self.last = Some(bytes);
        if status < 200 {
            return;
        }
        self.ends = now + LONG;
        self.state = match (self.request.head.method, status) {
            (Method::Invite, 200..=299) => Served::Accepted,
            (Method::Invite, _) => Served::Refused,
            _ => Served::Over,
        };
        if self.state != Served::Over {
            self.resend = now + T1;
        }
    }

    pub fn acked(&mut self, now: Time) {
        self.state = Served::Over;
        (self.resend, self.ends) = (Time::NEVER, now + LONG);
    }

    pub fn deadline(&self) -> Time {
        self.resend.min(self.ends)
    }

    pub fn wake(&mut self, now: Time) -> Due {
        if now >= self.ends {
            return if self.state == Served::Accepted { Due::TimedOut } else { Due::Forget };
        }
        if now < self.resend {
            return Due::Nothing;
        }
        self.interval = (self.interval * 2).min(T2);
        self.resend = now + self.interval;
        Due::Resend
    }
}
