//! A stream cut into messages by their Content-Length (RFC 3261 section 18.3), and the keep-alives between them.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr;

use super::header::Name;
use super::parse::{ParseError, name_and_value, next_header, refuse};
use super::scan::{is_token_byte, number};
use super::status::Status;
use crate::limits::MESSAGE_BYTES;

/// What a ping is answered with (RFC 5626 section 4.4.1).
pub const PONG: &[u8] = b"\r\n";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// One whole message, for `parse`.
    Message(Bytes),
    /// A double CRLF: the peer wants to know whether we are there.
    Ping,
}

/// The place where the next message starts is lost: send the answer, if there is one, and close the link.
pub type FrameError = ParseError;

/// One direction of one connection. Push what was read, then take frames until there is none; nothing is kept twice, and
/// never more than one message's worth waits for its end.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: BytesMut,
    /// Whether the first line of the message at the front was seen to be SIP's.
    started: bool,
    /// How much of the buffer is known to hold no end of a head.
    searched: usize,
    /// The length of the message at the front, once its head is there.
    whole: Option<usize>,
    lost: bool,
}

impl Framer {
    #[must_use]
    pub fn new() -> Framer {
        Framer::default()
    }

    pub fn push(&mut self, bytes: &[u8]) {
        if !self.lost {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Whether a message has begun and not ended: a peer that stays so for long is wasting our time.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.buffer.is_empty()
    }

    fn lose(&mut self, error: FrameError) -> Option<Result<Frame, FrameError>> {
        self.lost = true;
        self.buffer = BytesMut::new();
        Some(Err(error))
    }

    /// Takes empty lines off the front. `Some(true)`: they were a ping; `None`: more must come before we know.
    fn empty_lines(&mut self) -> Option<bool> {
        loop {
            match &*self.buffer {
                [b'\r', b'\n', b'\r', b'\n', ..] => {
                    self.buffer.advance(4);
                    return Some(true);
                }
                [] | [b'\r'] | [b'\r', b'\n'] | [b'\r', b'\n', b'\r'] => return None,
                [b'\r', b'\n', ..] => self.buffer.advance(2),
                [b'\n', ..] => self.buffer.advance(1),
                _ => return Some(false),
            }
        }
    }

    /// Where the body of the message at the front starts: after the first empty line.
    fn head_end(&mut self) -> Option<usize> {
        // The empty line may have begun in what was searched before.
        let from = self.searched.saturating_sub(2);
        let fresh = self.buffer.get(from..)?;
        for at in memchr::memchr_iter(b'\n', fresh) {
            match fresh.get(at + 1..) {
                Some([b'\n', ..]) => return Some(from + at + 2),
                Some([b'\r', b'\n', ..]) => return Some(from + at + 3),
                _ => {}
            }
        }
        self.searched = self.buffer.len();
        None
    }

    /// Whether the line at the front is SIP's; `None` while it has no end and may still become so.
    fn is_sip(&self) -> Option<bool> {
        // A method or `SIP` starts with a token, a TLS hello does not: no need to wait for the line's end.
        if self.buffer.first().is_some_and(|b| !is_token_byte(*b)) {
            return Some(false);
        }
        let end = memchr(b'\n', &self.buffer)?;
        let line = self.buffer.get(..end)?.trim_ascii_end();
        let last = line.rsplit(|b| *b == b' ').next()?;
        let sip = |bytes: &[u8]| bytes.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/"));
        Some(sip(line) || sip(last))
    }
}

/// The length of the body a head announces; without an announcement, whether it lets us know that there is none.
fn body_length(head: &[u8]) -> Result<usize, &'static str> {
    let (mut rest, mut length, mut typed) = (head, None, false);
    while let Some((line, after, _)) = next_header(rest) {
        rest = after;
        let Some((name, value)) = name_and_value(line) else { continue };
        match Name::known(name) {
            Some(Name::ContentLength) => {
                let found = number(value).and_then(|length| usize::try_from(length).ok());
                let found = found.ok_or("Content-Length: no number")?;
                if length.is_some_and(|known| known != found) {
                    return Err("Content-Length: two of them");
                }
                length = Some(found);
            }
            Some(Name::ContentType) => typed = true,
            _ => {}
        }
    }
    match length {
        Some(length) => Ok(length),
        // RFC 3261 section 20.14 wants it on every stream; where no body is announced, none is meant.
        None if !typed => Ok(0),
        None => Err("Content-Length: missing"),
    }
}

impl Iterator for Framer {
    type Item = Result<Frame, FrameError>;

    fn next(&mut self) -> Option<Result<Frame, FrameError>> {
        if self.lost {
            return None;
        }
        if self.whole.is_none() {
            if self.searched == 0 && self.empty_lines()? {
                return Some(Ok(Frame::Ping));
            }
            if !self.started {
                match self.is_sip() {
                    Some(false) => return self.lose(ParseError::Ignore("no SIP on this stream")),
                    Some(true) => self.started = true,
                    None => {}
                }
            }
            let Some(end) = self.head_end() else {
                if self.buffer.len() > MESSAGE_BYTES {
                    let head = self.buffer.split().freeze();
                    return self.lose(refuse(head, Status::MESSAGE_TOO_LARGE, "headers without end"));
                }
                return None;
            };
            match body_length(self.buffer.get(..end).unwrap_or_default()) {
                Ok(length) if end.saturating_add(length) <= MESSAGE_BYTES => self.whole = Some(end + length),
                Ok(_) => {
                    let head = self.buffer.split_to(end).freeze();
                    return self.lose(refuse(head, Status::MESSAGE_TOO_LARGE, "message too large"));
                }
                Err(why) => {
                    let head = self.buffer.split_to(end).freeze();
                    return self.lose(refuse(head, Status::BAD_REQUEST, why));
                }
            }
        }
        let whole = self.whole.filter(|whole| *whole <= self.buffer.len())?;
        self.whole = None;
        self.searched = 0;
        self.started = false;
        Some(Ok(Frame::Message(self.buffer.split_to(whole).freeze())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: &str = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP c;branch=z9hG4bK1\r\nFrom: <sip:c@d>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n";

    /// What comes out, one word a frame.
    fn frames(framer: &mut Framer) -> String {
        let words = framer.map(|frame| match frame {
            Ok(Frame::Message(bytes)) => format!("{}", bytes.len()),
            Ok(Frame::Ping) => "ping".to_owned(),
            Err(error) => error.status().map_or("close".to_owned(), |status| format!("{}!", status.code())),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn streams_are_cut_at_the_same_places_however_they_arrive() {
        let bare = format!("{OPTIONS}\r\n");
        let full = format!("{OPTIONS}l : 5\r\n\r\nhello");
        let folded = format!("{OPTIONS}Content-Length:\r\n 5\r\n\r\nhello");
        let doubled = format!("{OPTIONS}Content-Length: 5\r\nl: 5\r\n\r\nhello");
        let by_hand = full.replace("\r\n", "\n");
        let (b, f) = (bare.len(), full.len());
        for (stream, wanted) in [
            (bare.clone(), format!("{b}")),
            (format!("{bare}{full}{bare}"), format!("{b} {f} {b}")),
            (format!("\r\n\r\n{full}\r\n\r\n"), format!("ping {f} ping")),
            (format!("\r\n{full}\r\n{full}"), format!("{f} {f}")),
            // Folded, doubled but equal, and typed by hand with bare line feeds.
            (folded.clone(), format!("{}", folded.len())),
            (doubled.clone(), format!("{}", doubled.len())),
            (by_hand.clone(), format!("{}", by_hand.len())),
            // A type announces a body of unknown length: the stream is lost.
            (format!("{OPTIONS}Content-Type: text/plain\r\n\r\nhello"), "400!".to_owned()),
            (format!("{OPTIONS}l: -5\r\n\r\nhello"), "400!".to_owned()),
            (format!("{OPTIONS}l: 5\r\nl: 6\r\n\r\nhello"), "400!".to_owned()),
            (format!("{OPTIONS}l: 70000\r\n\r\nhello"), "513!".to_owned()),
            (format!("{OPTIONS}l: 99999999999999999999\r\n\r\nhello"), "400!".to_owned()),
            (format!("{bare}{OPTIONS}X: {}", "x".repeat(70_000)), format!("{b} 513!")),
            (format!("{bare}GET / HTTP/1.1\r\nHost: x\r\n\r\n"), format!("{b} close")),
            ("\x16\x03\x01\x02\x00\x01\x00\x01".to_owned(), "close".to_owned()),
            // No method starts so, however much of the line is there.
            (format!("{bare}\x16{bare}"), format!("{b} close")),
            ("SIP/2.0 200 OK\r\n\r\n".to_owned(), "18".to_owned()),
            (bare.get(..40).unwrap().to_owned(), String::new()),
        ] {
            for step in [1, 3, 7, 1000, usize::MAX] {
                let mut framer = Framer::new();
                let mut got = Vec::new();
                for chunk in stream.as_bytes().chunks(step) {
                    framer.push(chunk);
                    got.push(frames(&mut framer));
                }
                got.retain(|words| !words.is_empty());
                let shown: String = stream.chars().take(400).collect();
                assert_eq!(got.join(" "), wanted, "in steps of {step}: {shown}");
            }
        }
    }

    #[test]
    fn a_lost_stream_stays_silent_and_keeps_nothing() {
        let mut framer = Framer::new();
        framer.push(b"garbage\r\n");
        assert!(matches!(framer.next(), Some(Err(ParseError::Ignore(_)))));
        framer.push(OPTIONS.as_bytes());
        framer.push(b"\r\n");
        assert!(framer.next().is_none());
        assert!(!framer.is_waiting());
    }

    #[test]
    fn the_answer_to_a_lost_stream_goes_back_by_its_via() {
        let mut framer = Framer::new();
        framer.push(format!("{OPTIONS}l: 70000\r\n\r\n").as_bytes());
        let Some(Err(error)) = framer.next() else { panic!("an error") };
        let answer = error.answer("192.0.2.1:9".parse().unwrap()).unwrap();
        let answer = String::from_utf8(answer.to_vec()).unwrap();
        assert!(answer.starts_with("SIP/2.0 513 "), "{answer}");
        assert!(answer.contains("Via: SIP/2.0/TCP c;branch=z9hG4bK1;received=192.0.2.1\r\n"), "{answer}");
    }
}
