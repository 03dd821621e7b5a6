//! Via: the way an answer goes back (RFC 3261 section 20.42).

use std::fmt;

use crate::sip::params::{self, Params};
use crate::sip::scan::{Malformed, cut, is_token, trim, trim_start};
use crate::sip::text::Text;
use crate::sip::uri::{self, Host, HostPart, host};

/// What every branch of RFC 3261 starts with; without it the peer speaks RFC 2543 (section 8.1.1.7).
pub const MAGIC_COOKIE: &str = "z9hG4bK";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// `UDP`, `TCP`, ... as written.
    pub transport: Text,
    pub host: Host,
    pub port: Option<u16>,
    pub params: Params,
}

const WHAT: &str = "Via";

struct Parts<'a> {
    transport: &'a [u8],
    host: HostPart<'a>,
    port: Option<u16>,
    params: &'a [u8],
}

fn scan(bytes: &[u8]) -> Result<Parts<'_>, Malformed> {
    let protocol = Malformed::new(WHAT, "no SIP/2.0/transport");
    // White space may stand on both sides of each slash (RFC 3261 section 25.1, SLASH).
    let (name, rest) = cut(bytes, b'/').ok_or(protocol)?;
    let (version, rest) = cut(rest, b'/').ok_or(protocol)?;
    if !trim(name).eq_ignore_ascii_case(b"SIP") || trim(version) != b"2.0" {
        return Err(protocol);
    }
    let rest = trim_start(rest);
    let end = rest.iter().position(|b| matches!(b, b' ' | b'\t')).ok_or(protocol)?;
    let (transport, rest) = rest.split_at(end);
    if !is_token(transport) {
        return Err(protocol);
    }
    let nobody = Malformed::new(WHAT, "no proper sent-by");
    let (host, mut tail) = host(trim(rest)).ok_or(nobody)?;
    let mut port = None;
    // `host : port`, which no URI may have and a Via may (RFC 3261 section 25.1, COLON).
    if let Some(after) = trim_start(tail).strip_prefix(b":") {
        let (number, rest) = uri::port(trim_start(after)).ok_or(nobody)?;
        port = Some(number);
        tail = rest;
    }
    let params = trim(tail);
    params::check(params, WHAT)?;
    Ok(Parts { transport, host, port, params })
}

pub(crate) fn check(bytes: &[u8]) -> Result<(), Malformed> {
    scan(bytes).map(drop)
}

impl Via {
    /// A Via of ours; `rport` asks the peer to answer to where it saw us (RFC 3581 section 3).
    #[must_use]
    pub fn new(transport: &'static str, host: impl Into<Host>, port: Option<u16>, branch: &str) -> Via {
        let mut params = Params::default();
        params.set("branch", branch);
        params.set_flag("rport");
        Via { transport: Text::from_static(transport), host: host.into(), port, params }
    }

    pub fn read(text: &Text) -> Result<Via, Malformed> {
        let parts = scan(text.as_bytes())?;
        Ok(Via {
            transport: text.part(parts.transport),
            host: Host::from_part(text, parts.host),
            port: parts.port,
            params: Params::checked(text.part(parts.params)),
        })
    }

    #[must_use]
    pub fn branch(&self) -> Option<Text> {
        self.params.get("branch")
    }

    /// The branch, if it can tell transactions apart by itself: it starts with the cookie and goes on after it.
    #[must_use]
    pub fn unique_branch(&self) -> Option<Text> {
        let branch = self.branch()?;
        let (cookie, rest) = branch.as_bytes().split_at_checked(MAGIC_COOKIE.len())?;
        (cookie.eq_ignore_ascii_case(MAGIC_COOKIE.as_bytes()) && !rest.is_empty()).then_some(branch)
    }

    /// The port to answer to, once it has been filled in.
    #[must_use]
    pub fn rport(&self) -> Option<u16> {
        self.params.get("rport")?.as_str().parse().ok()
    }

    /// The address the request was seen to come from.
    #[must_use]
    pub fn received(&self) -> Option<std::net::IpAddr> {
        let text = self.params.get("received")?;
        text.as_str().trim_matches(['[', ']']).parse().ok()
    }

    /// Byte by byte: what a peer put into its Via, it compares when it comes back.
    pub(crate) fn print(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"SIP/2.0/");
        out.extend_from_slice(self.transport.as_bytes());
        out.push(b' ');
        self.host.print(self.port, out);
        out.extend_from_slice(self.params.as_bytes());
    }

    /// `host[:port]` as the peer called itself.
    #[must_use]
    pub fn sent_by(&self) -> String {
        let mut out = Vec::with_capacity(32);
        self.host.print(self.port, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::with_capacity(96);
        self.print(&mut out);
        f.pad(&String::from_utf8_lossy(&out))
    }
}

impl From<Via> for Text {
    fn from(via: Via) -> Text {
        (&via).into()
    }
}

impl From<&Via> for Text {
    fn from(via: &Via) -> Text {
        let mut out = Vec::with_capacity(96);
        via.print(&mut out);
        out.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sent_by_and_branch_are_found_through_any_white_space() {
        // text, transport, sent-by, branch, unique
        for (text, transport, sent_by, branch, unique) in [
            ("SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK1", "UDP", "192.0.2.2:5060", "z9hG4bK1", true),
            (
                "SIP / 2.0 / UDP\t first.example.com: 4000;ttl=16 ;branch = z9hG4bKa7 ",
                "UDP",
                "first.example.com:4000",
                "z9hG4bKa7",
                true,
            ),
            ("SIP/2.0/TCP host : 5061 ;branch=z9hG4bK2", "TCP", "host:5061", "z9hG4bK2", true),
            ("sip/2.0/TLS [2001:db8::9]:5061;branch=Z9HG4BK3", "TLS", "[2001:db8::9]:5061", "Z9HG4BK3", true),
            ("SIP/2.0/UDP [::1]: 5062;branch=z9hG4bK5", "UDP", "[::1]:5062", "z9hG4bK5", true),
            ("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK", "UDP", "192.0.2.1", "z9hG4bK", false),
            ("SIP/2.0/UDP old.example.com;branch=1", "UDP", "old.example.com", "1", false),
            ("SIP/2.0/UNKNOWN t.example.com;branch=z9hG4bK4", "UNKNOWN", "t.example.com", "z9hG4bK4", true),
        ] {
            let via = Via::read(&text.into()).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(via.transport, transport);
            assert_eq!(via.sent_by(), sent_by);
            assert_eq!(via.branch().unwrap(), branch);
            assert_eq!(via.unique_branch().is_some(), unique, "{text}");
            assert_eq!(Via::read(&(&via).into()).unwrap().to_string(), via.to_string());
        }
    }

    #[test]
    fn what_is_no_via_is_refused() {
        for text in [
            "",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP ",
            "SIP/7.0/UDP 192.0.2.15",
            "HTTP/2.0/UDP host",
            "SIP/2.0 host",
            "SIP/2.0/UDP 192.0.2.15;;,;,,",
            "SIP/2.0/UDP host:port",
            "SIP/2.0/UDP host:70000",
            "SIP/2.0/UDP [::1",
            "SIP/2.0/UDP host other",
        ] {
            assert!(Via::read(&text.into()).is_err(), "{text}");
        }
    }

    #[test]
    fn where_it_came_from_is_read_back() {
        let via = Via::read(&"SIP/2.0/UDP a;rport=4711;received=2001:db8::1;branch=z9hG4bK1".into()).unwrap();
        assert_eq!(via.rport(), Some(4711));
        assert_eq!(via.received(), Some("2001:db8::1".parse().unwrap()));
        assert!(
            Via::new("UDP", "::1", Some(5060), "z9hG4bKx").to_string().contains("[::1]:5060;branch=z9hG4bKx;rport")
        );
    }
}
