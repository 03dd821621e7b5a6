//! Bytes to messages, and the answer due to a request that cannot be read.

use std::net::SocketAddr;

use bytes::{Buf, Bytes};
use memchr::memchr;

use super::header::{self, Headers, Name};
use super::message::{Message, Request, Response};
use super::method::Method;
use super::scan::{Malformed, cut, is_token, next_element, number, trim};
use super::status::Status;
use super::text::Text;
use super::uri::Uri;
use crate::limits::{HEADER_LINES, MESSAGE_BYTES};

/// Why bytes are no message we take.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ParseError {
    /// A request broken in a way its sender can be told of.
    #[error("{}: {}", .0.status, .0.why)]
    Answerable(Box<Broken>),
    /// A broken response, an ACK, a keep-alive, or no SIP at all: there is nobody to answer (RFC 3261 sections 8.2.6, 17.1.1.3).
    #[error("ignored: {0}")]
    Ignore(&'static str),
}

/// As much of a broken request as an answer needs.
#[derive(Clone, Debug)]
pub struct Broken {
    pub status: Status,
    pub why: String,
    head: Headers,
}

impl ParseError {
    /// The stateless answer to send back to where the request came from, if one is due (RFC 3261 section 8.2.7).
    #[must_use]
    pub fn answer(&self, source: SocketAddr) -> Option<Bytes> {
        let ParseError::Answerable(broken) = self else { return None };
        let mut headers = Headers::new();
        for name in [Name::Via, Name::From, Name::To, Name::CallId, Name::CSeq] {
            headers.copy(&name, &broken.head);
        }
        // A Via too broken to be stamped goes back as it is.
        let _ = headers.stamp(source);
        // Without state the same request must get the same tag each time (section 8.2.7): it comes from the request itself.
        let mut tag: u64 = 0xcbf2_9ce4_8422_2325;
        for byte in headers.iter().flat_map(|(_, value)| value.as_bytes()) {
            tag = (tag ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        headers.tag_to(&format!("{tag:016x}"));
        // The reason phrase is the place where a person looks first.
        let reason = format!("{} ({})", broken.status.reason(), broken.why);
        let response = Response { status: broken.status, reason: reason.into(), headers, body: Bytes::new() };
        Some(response.to_bytes())
    }

    /// The status of the answer, if one is due.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        match self {
            ParseError::Answerable(broken) => Some(broken.status),
            ParseError::Ignore(_) => None,
        }
    }
}

/// The first thing found wrong; reading goes on after it, for the answer's sake.
struct Trouble(Option<(Status, String)>);

impl Trouble {
    fn note(&mut self, status: Status, why: impl ToString) {
        if self.0.is_none() {
            self.0 = Some((status, why.to_string()));
        }
    }
}

/// Reads one message: a datagram, or what a `Framer` has cut out of a stream.
pub fn parse(datagram: Bytes) -> Result<Message, ParseError> {
    read(datagram, Trouble(None))
}

/// What to say to the sender of a message whose head arrived and whose rest is not wanted.
pub(crate) fn refuse(head: Bytes, status: Status, why: &str) -> ParseError {
    match read(head, Trouble(Some((status, why.to_owned())))) {
        Err(error) => error,
        // Not reached: reading under trouble never ends well.
        Ok(_) => ParseError::Ignore("refused"),
    }
}

fn read(datagram: Bytes, mut trouble: Trouble) -> Result<Message, ParseError> {
    // Empty lines may come before the start line (RFC 3261 section 7.5); nothing but them is a keep-alive.
    let mut datagram = datagram;
    let skip = datagram.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    datagram.advance(skip);
    if datagram.is_empty() {
        return Err(ParseError::Ignore("empty lines, a keep-alive"));
    }
    if datagram.len() > MESSAGE_BYTES {
        trouble.note(Status::MESSAGE_TOO_LARGE, "message too large");
    }
    let whole = Text::from(datagram);
    let bytes = whole.as_bytes();
    let (start, mut rest) = next_line(bytes);
    let start = Start::read(&whole, start, &mut trouble)?;

    let mut headers = Headers::with_capacity(24);
    let mut length = None;
    let mut met = Met::default();
    let body = loop {
        // A datagram that ends after a whole line has said all it had to say, empty line or not.
        if rest.is_empty() {
            break rest;
        }
        let Some((line, after, folded)) = next_header(rest) else {
            trouble.note(Status::BAD_REQUEST, "no empty line after the headers");
            break &b""[..];
        };
        rest = after;
        if line.is_empty() {
            break rest;
        }
        if headers.len() >= HEADER_LINES {
            trouble.note(Status::MESSAGE_TOO_LARGE, "too many header lines");
            break &b""[..];
        }
        let named = name_and_value(line).and_then(|(name, value)| {
            let other = || is_token(name).then(|| Name::Other(whole.part(name)));
            Some((Name::known(name).or_else(other)?, value))
        });
        let Some((name, value)) = named else {
            trouble.note(Status::BAD_REQUEST, "a line that is no header");
            continue;
        };
        if matches!(name, Name::ContentLength) {
            match number(value).and_then(|length| usize::try_from(length).ok()) {
                Some(found) if length.is_none_or(|known| known == found) => length = Some(found),
                _ => trouble.note(Status::BAD_REQUEST, "Content-Length: no number, or two"),
            }
            continue;
        }
        let value = if folded { unfold(value) } else { whole.part(value) };
        if let Err(fault) = met.check(&name, value.as_bytes(), &start) {
            trouble.note(Status::BAD_REQUEST, fault);
        }
        headers.push_line(name, value);
    };
    if let Err(fault) = met.all() {
        trouble.note(Status::BAD_REQUEST, fault);
    }
    // RFC 3261 section 18.3: a datagram's body is cut to Content-Length, and must not be shorter.
    let body = match length {
        Some(length) => body.get(..length).unwrap_or_else(|| {
            trouble.note(Status::BAD_REQUEST, "the body is shorter than Content-Length");
            body
        }),
        None => body,
    };
    let body = whole.part(body).into_bytes();

    match start {
        Start::Request(method, uri) => match (trouble.0, uri) {
            (None, Some(uri)) => Ok(Message::Request(Request { method, uri, headers, body })),
            // An ACK is never answered (RFC 3261 section 17.1.1.3), and without a Via there is no way back.
            _ if method == Method::Ack => Err(ParseError::Ignore("a broken ACK")),
            _ if !headers.has(&Name::Via) => Err(ParseError::Ignore("a broken request without a Via")),
            (trouble, _) => {
                let (status, why) = trouble.unwrap_or((Status::BAD_REQUEST, String::new()));
                Err(ParseError::Answerable(Box::new(Broken { status, why, head: headers })))
            }
        },
        Start::Response(status, reason) => {
            if trouble.0.is_some() {
                return Err(ParseError::Ignore("a broken response"));
            }
            Ok(Message::Response(Response { status, reason, headers, body }))
        }
    }
}

#[expect(clippy::large_enum_variant, reason = "it lives for one call of the parser, on the stack")]
enum Start {
    Request(Method, Option<Uri>),
    Response(Status, Text),
}

impl Start {
    fn read(whole: &Text, line: &[u8], trouble: &mut Trouble) -> Result<Start, ParseError> {
        if line.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/")) {
            return Start::response(whole, line).ok_or(ParseError::Ignore("a response with a broken status line"));
        }
        // What does not end in a SIP version is not ours to answer: HTTP, STUN, noise.
        let tight = trim(line);
        let nonsense = ParseError::Ignore("no SIP message");
        let space = tight.iter().position(|b| *b == b' ').ok_or(nonsense.clone())?;
        let last = tight.iter().rposition(|b| *b == b' ').ok_or(nonsense.clone())?;
        let (method, rest) = tight.split_at(space);
        let version = tight.get(last + 1..).unwrap_or_default();
        if !is_token(method) || version.get(..4).is_none_or(|sip| !sip.eq_ignore_ascii_case(b"SIP/")) {
            return Err(nonsense);
        }
        let method = Method::read(&whole.part(method));
        if !version.eq_ignore_ascii_case(b"SIP/2.0") {
            trouble.note(Status::VERSION_NOT_SUPPORTED, "only SIP/2.0 is spoken here");
        }
        // Exactly one space on both sides of the URI and nothing around the line (RFC 3261 section 7.1).
        let uri = rest.get(1..(last - space).max(1)).unwrap_or_default();
        if tight.len() != line.len() || uri.is_empty() || uri.starts_with(b" ") || uri.ends_with(b" ") {
            trouble.note(Status::BAD_REQUEST, "spaces in the request line");
            return Ok(Start::Request(method, None));
        }
        let uri = match Uri::read(&whole.part(uri)) {
            // A Request-URI has no headers (RFC 3261 section 19.1.1).
            Ok(uri) if !uri.headers.is_empty() => {
                trouble.note(Status::BAD_REQUEST, "headers in the Request-URI");
                None
            }
            Ok(uri) => Some(uri),
            Err(fault) => {
                trouble.note(Status::BAD_REQUEST, Malformed { what: "Request-URI", ..fault });
                None
            }
        };
        Ok(Start::Request(method, uri))
    }

    fn response(whole: &Text, line: &[u8]) -> Option<Start> {
        let (version, rest) = line.split_at_checked(7)?;
        let rest = rest.strip_prefix(b" ")?;
        let (code, reason) = rest.split_at_checked(3)?;
        // A reason phrase may be empty; some leave out its space as well.
        if !version.eq_ignore_ascii_case(b"SIP/2.0") || !(reason.is_empty() || reason.starts_with(b" ")) {
            return None;
        }
        let status = Status::new(u16::try_from(number(code)?).ok()?)?;
        Some(Start::Response(status, whole.part(trim(reason))))
    }
}

/// One line without its end, and what follows. Ends in CRLF, or in a bare LF as typed by hand.
fn next_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match cut(bytes, b'\n') {
        Some((line, rest)) => (line.strip_suffix(b"\r").unwrap_or(line), rest),
        None => (bytes, b""),
    }
}

/// One header with the lines folded into it, what follows, and whether there were any: a line that starts with white space
/// goes on with the one before (RFC 3261 section 7.3.1). `None` when the bytes end before the line does.
pub(crate) fn next_header(bytes: &[u8]) -> Option<(&[u8], &[u8], bool)> {
    let mut from = 0;
    loop {
        let at = from + memchr(b'\n', bytes.get(from..)?)?;
        let line = bytes.get(..at)?;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() || !matches!(bytes.get(at + 1), Some(b' ' | b'\t')) {
            return Some((line, bytes.get(at + 1..)?, from > 0));
        }
        from = at + 1;
    }
}

/// Cuts a header at its colon, which may have white space around it (RFC 3261 section 7.3.1). Whether the name is one is
/// left to who looks it up.
pub(crate) fn name_and_value(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, value) = cut(line, b':')?;
    Some((name.trim_ascii_end(), trim(value)))
}

/// A folded value on one line: each fold becomes one space.
fn unfold(value: &[u8]) -> Text {
    let mut plain = Vec::with_capacity(value.len());
    for line in value.split(|b| matches!(b, b'\r' | b'\n')).map(trim).filter(|line| !line.is_empty()) {
        if !plain.is_empty() {
            plain.push(b' ');
        }
        plain.extend_from_slice(line);
    }
    plain.into()
}

/// Which of the headers that matter to the reader have been met.
#[derive(Default)]
struct Met {
    via: bool,
    from: bool,
    to: bool,
    call_id: bool,
    cseq: bool,
    max_forwards: bool,
    content_type: bool,
}

impl Met {
    /// Whether a header that other rooms rely on can be read, and does not stand twice where one is allowed
    /// (RFC 3261 section 7.3.1).
    fn check(&mut self, name: &Name, value: &[u8], start: &Start) -> Result<(), Malformed> {
        let once = |met: &mut bool, what| match std::mem::replace(met, true) {
            true => Err(Malformed { what, why: "more than one" }),
            false => Ok(()),
        };
        match name {
            // Only the topmost is ours to read; the others go back as they came.
            Name::Via if self.via => Ok(()),
            Name::Via => {
                self.via = true;
                header::check_via(trim(next_element(value, b',').0))
            }
            Name::From => {
                once(&mut self.from, "From")?;
                header::check_name_addr(value, "From")
            }
            Name::To => {
                once(&mut self.to, "To")?;
                header::check_name_addr(value, "To")
            }
            Name::CallId => {
                once(&mut self.call_id, "Call-ID")?;
                if value.is_empty() { Err(Malformed { what: "Call-ID", why: "empty" }) } else { Ok(()) }
            }
            Name::CSeq => {
                once(&mut self.cseq, "CSeq")?;
                let (_, named) = header::scan_cseq(value)?;
                match start {
                    Start::Request(method, _) if method.as_bytes() != named => {
                        Err(Malformed { what: "CSeq", why: "another method than the request's" })
                    }
                    _ => Ok(()),
                }
            }
            // The peer's address; that of an answer may be forgiven until it is needed.
            Name::Contact if matches!(start, Start::Request(..)) => header::check_contacts(value),
            Name::MaxForwards => once(&mut self.max_forwards, "Max-Forwards"),
            Name::ContentType => once(&mut self.content_type, "Content-Type"),
            _ => Ok(()),
        }
    }

    /// What every message has (RFC 3261 section 8.1.1). Max-Forwards is forgiven: RFC 2543 had none.
    fn all(&self) -> Result<(), Malformed> {
        let met =
            [(self.via, "Via"), (self.from, "From"), (self.to, "To"), (self.call_id, "Call-ID"), (self.cseq, "CSeq")];
        match met.into_iter().find(|(met, _)| !met) {
            Some((_, what)) => Err(Malformed { what, why: "missing" }),
            None => Ok(()),
        }
    }
}
