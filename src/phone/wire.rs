//! SIP messages as the phone reads and writes them: a thin coat over `rsip`.
//!
//! Everything passes through `rsip`'s parser and printer, so that the switch is read by somebody else's eyes. Its known
//! blind spots (no compact forms, no IPv6, no SHA-256 challenges) are the phone's too.

use rsip::headers::{ToTypedHeader, UntypedHeader, untyped};
use rsip::message::HasHeaders;
use rsip::prelude::HeadersExt;
use rsip::{Method, SipMessage, Uri};
use std::net::{IpAddr, SocketAddr};

/// A message with what every one of them must carry already read out.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub message: SipMessage,
    pub head: Head,
    /// Every header by its full name, in order.
    headers: Vec<(String, String)>,
    /// The datagram as it came: a retransmission is the same bytes again (RFC 3261 section 17.1.1.2).
    pub bytes: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub branch: String,
    pub sent_by: String,
    pub vias: usize,
    pub from: Party,
    pub to: Party,
    pub call_id: String,
    pub cseq: u32,
    pub method: Method,
}

/// A From, To, Contact or P-Asserted-Identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Party {
    pub name: Option<String>,
    pub uri: Uri,
    pub tag: Option<String>,
    /// The value as it stood, to be given back unchanged.
    pub text: String,
}

impl Party {
    pub fn read(value: &str) -> Result<Party, String> {
        let typed = untyped::Contact::new(value.to_owned()).typed().map_err(|fault| format!("{value}: {fault}"))?;
        let tag = typed.params.iter().find_map(|param| match param {
            rsip::Param::Tag(tag) => Some(tag.to_string()),
            _ => None,
        });
        Ok(Party { name: typed.display_name.as_deref().and_then(unquote), uri: typed.uri, tag, text: value.to_owned() })
    }

    /// `user@host`, or the host alone.
    pub fn address(&self) -> String {
        match self.uri.user() {
            Some(user) => format!("{user}@{}", self.uri.host()),
            None => self.uri.host().to_string(),
        }
    }
}

fn unquote(name: &str) -> Option<String> {
    let bare = name.trim().trim_matches('"').replace("\\\"", "\"").replace("\\\\", "\\");
    (!bare.is_empty()).then_some(bare)
}

/// Parses a datagram and its mandatory headers (RFC 3261 section 8.1.1); the error says what is wrong with it.
pub(super) fn read(bytes: &[u8]) -> Result<Received, String> {
    let message = SipMessage::try_from(bytes).map_err(|fault| {
        let line = bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
        format!("rsip cannot read `{}`: {fault}", String::from_utf8_lossy(line))
    })?;
    let lines = message.headers().iter().map(ToString::to_string);
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned())))
        .collect();
    let vias = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Via")).count();
    let head = head(&message, vias)?;
    Ok(Received { message, head, headers, bytes: bytes.to_vec() })
}

fn head(message: &SipMessage, vias: usize) -> Result<Head, String> {
    let wrong = |name: &str, fault: &dyn std::fmt::Display| format!("{name}: {fault}");
    let via = message.via_header().map_err(|fault| wrong("Via", &fault))?;
    let via = via.clone().typed().map_err(|fault| wrong("Via", &fault))?;
    let branch = via.branch().ok_or("Via without a branch")?.to_string();
    let cseq = message.cseq_header().map_err(|fault| wrong("CSeq", &fault))?;
    let cseq = cseq.clone().typed().map_err(|fault| wrong("CSeq", &fault))?;
    let from = message.from_header().map_err(|fault| wrong("From", &fault))?;
    let to = message.to_header().map_err(|fault| wrong("To", &fault))?;
    let call_id = message.call_id_header().map_err(|fault| wrong("Call-ID", &fault))?;
    Ok(Head {
        branch,
        sent_by: via.uri.to_string(),
        vias,
        from: Party::read(from.value()).map_err(|fault| wrong("From", &fault))?,
        to: Party::read(to.value()).map_err(|fault| wrong("To", &fault))?,
        call_id: call_id.value().to_owned(),
        cseq: cseq.seq,
        method: cseq.method,
    })
}

/// Splits at commas outside quotes and angle brackets.
fn split(line: &str) -> Vec<String> {
    let (mut parts, mut part, mut quoted, mut angled) = (Vec::new(), String::new(), false, false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            '<' if !quoted => angled = true,
            '>' if !quoted => angled = false,
            ',' if !quoted && !angled => {
                parts.push(std::mem::take(&mut part).trim().to_owned());
                continue;
            }
            _ => {}
        }
        part.push(c);
    }
    parts.push(part.trim().to_owned());
    parts.retain(|part| !part.is_empty());
    parts
}

impl Received {
    /// Every value of a header, by its full name, in order.
    pub fn values(&self, name: &str) -> Vec<String> {
        self.found(name).map(str::to_owned).collect()
    }

    /// The values of a header that may hold several to a line, one by one.
    pub fn list(&self, name: &str) -> Vec<String> {
        self.found(name).flat_map(split).collect()
    }

    pub fn value(&self, name: &str) -> Option<String> {
        self.found(name).next().map(str::to_owned)
    }

    fn found(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = move |(found, _): &&(String, String)| found.eq_ignore_ascii_case(name);
        self.headers.iter().filter(named).map(|(_, value)| value.as_str())
    }

    pub fn body(&self) -> &[u8] {
        self.message.body()
    }

    /// The session description, if the body is one.
    pub fn sdp(&self) -> Option<&[u8]> {
        let is_sdp = self.value("Content-Type").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/sdp"));
        (is_sdp && !self.body().is_empty()).then(|| self.body())
    }

    /// 0 for a request.
    pub fn status(&self) -> u16 {
        match &self.message {
            SipMessage::Response(response) => response.status_code.code(),
            SipMessage::Request(_) => 0,
        }
    }

    pub fn contact(&self) -> Option<Party> {
        self.list("Contact").first().and_then(|value| Party::read(value).ok())
    }

    /// Who the other side says it is: P-Asserted-Identity (RFC 3325), else the given From or To.
    pub fn identity(&self, otherwise: &Party) -> Party {
        self.list("P-Asserted-Identity")
            .first()
            .and_then(|value| Party::read(value).ok())
            .unwrap_or_else(|| otherwise.clone())
    }
}

/// A request about to be sent.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub method: Method,
    pub uri: Uri,
    pub from: String,
    pub to: String,
    pub call_id: String,
    pub cseq: u32,
    pub routes: Vec<String>,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<(&'static str, String)>,
}

impl Draft {
    pub fn print(&self, sent_by: SocketAddr, branch: &str) -> Vec<u8> {
        let mut headers = vec![
            // RFC 3581: the answer comes back to where the request came from.
            rsip::Header::Via(format!("SIP/2.0/UDP {sent_by};branch={branch};rport").into()),
            rsip::Header::MaxForwards("70".into()),
            rsip::Header::From(self.from.clone().into()),
            rsip::Header::To(self.to.clone().into()),
            rsip::Header::CallId(self.call_id.clone().into()),
            rsip::Header::CSeq(format!("{} {}", self.cseq, self.method).into()),
        ];
        headers.extend(self.routes.iter().map(|route| rsip::Header::Route(route.clone().into())));
        extend(&mut headers, &self.headers, self.body.as_ref().map(|(kind, body)| (*kind, body.as_str())));
        let request = rsip::Request {
            method: self.method,
            uri: self.uri.clone(),
            version: rsip::Version::V2,
            headers: headers.into(),
            body: self.body.as_ref().map(|(_, body)| body.clone().into_bytes()).unwrap_or_default(),
        };
        request.to_string().into_bytes()
    }
}

/// A response to `request`: Via, From, To, Call-ID and CSeq copied in order (RFC 3261 section 8.2.6.2).
pub(super) fn response(
    request: &Received,
    status: u16,
    tag: &str,
    extra: &[(&'static str, String)],
    body: Option<&str>,
) -> Vec<u8> {
    let mut headers: Vec<rsip::Header> = Vec::new();
    for name in ["Via", "From", "To", "Call-ID", "CSeq", "Record-Route"] {
        for value in request.values(name) {
            let value = match name {
                "To" if request.head.to.tag.is_none() && status > 100 => format!("{value};tag={tag}"),
                _ => value,
            };
            headers.push(rsip::Header::Other(name.into(), value));
        }
    }
    extend(&mut headers, extra, body.map(|body| ("application/sdp", body)));
    let response = rsip::Response {
        status_code: status.into(),
        version: rsip::Version::V2,
        headers: headers.into(),
        body: body.map(|body| body.as_bytes().to_vec()).unwrap_or_default(),
    };
    response.to_string().into_bytes()
}

fn extend(headers: &mut Vec<rsip::Header>, extra: &[(&'static str, String)], body: Option<(&str, &str)>) {
    headers.extend(extra.iter().map(|(name, value)| rsip::Header::Other((*name).into(), value.clone())));
    if let Some((kind, _)) = body {
        headers.push(rsip::Header::ContentType(kind.into()));
    }
    let length = body.map_or(0, |(_, body)| body.len());
    headers.push(rsip::Header::ContentLength(length.to_string().into()));
}

/// Where a URI leads, when that can be told without a resolver.
pub(super) fn destination(uri: &Uri) -> Option<SocketAddr> {
    let port = uri.port().map_or(5060, |port| *port.value());
    match uri.host() {
        rsip::Host::IpAddr(address @ IpAddr::V4(_)) => Some(SocketAddr::new(*address, port)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &str = "INVITE sip:john@127.0.0.1:5070 SIP/2.0\r\n\
        Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKab;rport\r\nMax-Forwards: 70\r\n\
        From: \"Ann, A.\" <sip:1000@cordboard.lab>;tag=a1\r\nTo: <sip:john@cordboard.lab>\r\nCall-ID: c1\r\n\
        CSeq: 7 INVITE\r\nContact: <sip:127.0.0.1:5060>\r\nContent-Length: 0\r\n\r\n";

    #[test]
    fn requests_are_read_and_answered() {
        let invite = read(INVITE.as_bytes()).unwrap();
        assert_eq!(invite.head.branch, "z9hG4bKab");
        assert_eq!(invite.head.from.name.as_deref(), Some("Ann, A."));
        assert_eq!(invite.head.from.address(), "1000@cordboard.lab");
        assert_eq!((invite.head.cseq, invite.head.method), (7, Method::Invite));
        let answer = String::from_utf8(response(&invite, 180, "t9", &[("Contact", "<sip:x>".into())], None)).unwrap();
        assert!(
            answer.starts_with("SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKab;rport\r\n")
        );
        assert!(answer.contains("\r\nTo: <sip:john@cordboard.lab>;tag=t9\r\n"), "{answer}");
        assert!(answer.ends_with("\r\nContent-Length: 0\r\n\r\n"), "{answer}");
    }

    #[test]
    fn faults_are_told() {
        for (cut, fault) in
            [("Call-ID: c1\r\n", "Call-ID"), ("Max-Forwards: 70\r\n", ""), (";branch=z9hG4bKab", "branch")]
        {
            let found = read(INVITE.replace(cut, "").as_bytes());
            match fault {
                "" => assert!(found.is_ok()),
                fault => assert!(found.unwrap_err().contains(fault), "{fault}"),
            }
        }
        assert!(read(b"hello").unwrap_err().contains("rsip cannot read"));
    }

    #[test]
    fn lists_split_outside_quotes_and_brackets() {
        assert_eq!(split("\"a, b\" <sip:x@y;a=1,2>;q=1, <sip:z>"), ["\"a, b\" <sip:x@y;a=1,2>;q=1", "<sip:z>"]);
    }

    #[test]
    fn requests_are_printed() {
        let draft = Draft {
            method: Method::Register,
            uri: "sip:127.0.0.1:5060".try_into().unwrap(),
            from: "<sip:john@cordboard.lab>;tag=1".into(),
            to: "<sip:john@cordboard.lab>".into(),
            call_id: "c".into(),
            cseq: 1,
            routes: vec!["<sip:127.0.0.1;lr>".into()],
            headers: vec![("Expires", "60".into())],
            body: None,
        };
        let text = String::from_utf8(draft.print("127.0.0.1:5070".parse().unwrap(), "z9hG4bK1")).unwrap();
        assert_eq!(
            text,
            "REGISTER sip:127.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK1;rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:john@cordboard.lab>;tag=1\r\nTo: <sip:john@cordboard.lab>\r\nCall-ID: c\r\n\
             CSeq: 1 REGISTER\r\nRoute: <sip:127.0.0.1;lr>\r\nExpires: 60\r\nContent-Length: 0\r\n\r\n"
        );
    }
}
