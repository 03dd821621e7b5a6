//! The engine's bounded queue: who may still put something in when it fills, and who is told to come later.

use crate::engine::Input;
use crate::limits::{INBOX, INBOX_BUSY};
use crate::sip::{Message, Method, Name, Request, Response, Status};
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

/// The way in: one for every door.
#[derive(Clone)]
pub(super) struct Inbox {
    /// Boxed: a queue of thousands of messages in place would be megabytes that stay.
    sender: SyncSender<Box<Input>>,
    depth: Arc<AtomicUsize>,
}

/// The engine's end.
pub(super) struct Tray {
    receiver: Receiver<Box<Input>>,
    depth: Arc<AtomicUsize>,
}

/// Why an input was not taken.
pub(super) enum Refused {
    /// Full now: it comes back.
    Full(Box<Input>),
    /// The engine has ended.
    Closed,
}

pub(super) fn inbox() -> (Inbox, Tray) {
    let (sender, receiver) = sync_channel(INBOX);
    let depth = Arc::new(AtomicUsize::new(0));
    (Inbox { sender, depth: Arc::clone(&depth) }, Tray { receiver, depth })
}

impl Inbox {
    pub fn offer(&self, input: Input) -> Result<(), Refused> {
        // Counted before it is sent, so that the engine's side never counts below zero.
        self.depth.fetch_add(1, Ordering::Relaxed);
        self.sender.try_send(Box::new(input)).map_err(|refused| {
            self.depth.fetch_sub(1, Ordering::Relaxed);
            match refused {
                TrySendError::Full(input) => Refused::Full(input),
                TrySendError::Disconnected(_) => Refused::Closed,
            }
        })
    }

    /// So much waits that nothing new should begin.
    pub fn is_busy(&self) -> bool {
        self.depth.load(Ordering::Relaxed) >= INBOX_BUSY
    }
}

impl Tray {
    /// Waits for an input, at most so long. `Err` when every door has closed.
    pub fn wait(&self, timeout: Duration) -> Result<Option<Input>, ()> {
        match self.receiver.recv_timeout(timeout) {
            Ok(input) => Ok(Some(self.taken(*input))),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(()),
        }
    }

    pub fn next(&self) -> Option<Input> {
        self.receiver.try_recv().ok().map(|input| self.taken(*input))
    }

    pub fn depth(&self) -> usize {
        self.depth.load(Ordering::Relaxed)
    }

    fn taken(&self, input: Input) -> Input {
        self.depth.fetch_sub(1, Ordering::Relaxed);
        input
    }
}

/// Whether a message would begin something new: the first to be shed. What belongs to a dialog has a To tag.
pub(super) fn begins_something(message: &Message) -> Option<&Request> {
    match message {
        Message::Request(request) => {
            let new = match request.method {
                Method::Ack | Method::Cancel | Method::Bye | Method::Prack => false,
                _ => request.headers.to().is_ok_and(|to| to.tag().is_none()),
            };
            new.then_some(request)
        }
        Message::Response(_) => None,
    }
}

/// Whether a message leaves something behind that is kept for half a minute: every request but ACK.
pub(super) fn leaves_state(message: &Message) -> bool {
    matches!(message, Message::Request(request) if request.method != Method::Ack)
}

/// Why somebody is told to come later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Late {
    /// The engine has more to do than it can.
    Busy,
    /// His address, or all that are not known, have sent more than they may.
    TooMany,
}

impl Late {
    fn warning(self) -> &'static str {
        match self {
            Late::Busy => "399 cordboard \"busy\"",
            Late::TooMany => "399 cordboard \"too many a second from there\"",
        }
    }
}

/// 503 without any state (RFC 3261 section 21.5.4). Who comes back is spread over some seconds by his Call-ID,
/// so that they do not all come back together.
///
/// `why` is short: a forged source gets no more than it must.
pub(super) fn come_later(request: &Request, source: SocketAddr, why: Late) -> Bytes {
    let spread = request.headers.first(&Name::CallId).map_or(0, |id| id.as_bytes().iter().map(|b| u64::from(*b)).sum());
    let mut response = Response::for_request(request, Status::SERVICE_UNAVAILABLE)
        // The same for every retransmission (RFC 3261 section 8.2.7).
        .to_tag(&format!("busy{spread:x}"))
        .with_header(Name::RetryAfter, (2 + spread % 8).to_string())
        .with_header(Name::Warning, why.warning());
    // A Via that cannot be stamped goes back as it came.
    let _as_it_came = response.headers.stamp(source);
    response.to_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(method: &str, to: &str) -> Message {
        let text = format!(
            "{method} sip:1000@cordboard.lab SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK1;rport\r\n\
             From: <sip:a@b>;tag=1\r\nTo: {to}\r\nCall-ID: x\r\nCSeq: 1 {method}\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        crate::sip::parse(Bytes::from(text)).unwrap()
    }

    #[test]
    fn only_what_begins_is_shed() {
        for (method, to, new) in [
            ("INVITE", "<sip:1000@b>", true),
            ("REGISTER", "<sip:john@b>", true),
            ("OPTIONS", "<sip:1000@b>", true),
            ("INVITE", "<sip:1000@b>;tag=2", false),
            ("INFO", "<sip:1000@b>;tag=2", false),
            ("BYE", "<sip:1000@b>;tag=2", false),
            ("CANCEL", "<sip:1000@b>", false),
            ("ACK", "<sip:1000@b>", false),
        ] {
            assert_eq!(begins_something(&message(method, to)).is_some(), new, "{method} {to}");
        }
    }

    #[test]
    fn the_answer_of_a_busy_switch_can_be_matched() {
        let invite = message("INVITE", "<sip:1000@b>");
        let request = begins_something(&invite).unwrap();
        let source = "127.0.0.1:7000".parse().unwrap();
        let answer = come_later(request, source, Late::TooMany);
        assert_eq!(answer, come_later(request, source, Late::TooMany));
        let text = String::from_utf8(answer.to_vec()).unwrap();
        assert!(text.starts_with("SIP/2.0 503 "), "{text}");
        for part in [
            "branch=z9hG4bK1",
            "rport=7000",
            "received=127.0.0.1",
            "To: <sip:1000@b>;tag=busy",
            "Retry-After: 2",
            "Warning: 399 cordboard \"too many a second",
            "CSeq: 1 INVITE",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_full_inbox_gives_back_what_it_does_not_take() {
        let (inbox, tray) = inbox();
        for taken in 0..INBOX {
            assert_eq!(inbox.is_busy(), taken >= INBOX_BUSY);
            assert!(inbox.offer(Input::Wake).is_ok());
        }
        assert!(matches!(inbox.offer(Input::Wake), Err(Refused::Full(_))));
        assert_eq!(tray.depth(), INBOX);
        assert!(tray.next().is_some());
        assert!(inbox.offer(Input::Wake).is_ok());
        drop(tray);
        assert!(matches!(inbox.offer(Input::Wake), Err(Refused::Closed)));
    }
}
