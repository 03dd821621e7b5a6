//! Addresses: sip, sips and tel taken apart, every other scheme kept whole.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::params::{self, Params};
use super::scan::{Malformed, cut, elements, number};
use super::text::Text;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scheme {
    Sip,
    Sips,
    /// RFC 3966: the number stands in `user`, and there is no host.
    Tel,
    /// A scheme we do not speak; what follows its colon is not looked into.
    Other {
        name: Text,
        rest: Text,
    },
}

/// Where something is. A name is compared without regard to case, an address by value.
#[derive(Clone, Debug)]
pub enum Host {
    Name(Text),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

/// User, password, parameters and headers are kept escaped, as they came; `user()` unescapes.
/// Equality is that of RFC 3261 section 19.1.4, which is not transitive: hence no `Eq` and no `Hash`.
#[derive(Clone, Debug)]
pub struct Uri {
    pub scheme: Scheme,
    pub user: Option<Text>,
    pub password: Option<Text>,
    pub host: Host,
    pub port: Option<u16>,
    pub params: Params,
    /// What follows the question mark: `name=value` pairs joined by `&`.
    pub headers: Text,
}

const WHAT: &str = "URI";

const fn fault(why: &'static str) -> Malformed {
    Malformed::new(WHAT, why)
}

impl Uri {
    /// A sip URI for a user (escaped where it must be) at a host.
    #[must_use]
    pub fn sip(user: &str, host: impl Into<Host>, port: Option<u16>) -> Uri {
        let user = (!user.is_empty()).then(|| escape_user(user));
        Uri { scheme: Scheme::Sip, user, host: host.into(), port, ..Uri::empty() }
    }

    fn empty() -> Uri {
        Uri {
            scheme: Scheme::Sip,
            user: None,
            password: None,
            host: Host::Name(Text::default()),
            port: None,
            params: Params::default(),
            headers: Text::default(),
        }
    }

    pub fn parse(text: &str) -> Result<Uri, Malformed> {
        Uri::read(&Text::from(text))
    }

    /// Reads a whole text as a URI; its parts share the text's memory.
    pub fn read(text: &Text) -> Result<Uri, Malformed> {
        let parts = Parts::scan(text.as_bytes())?;
        let params =
            if parts.params.is_empty() { Params::default() } else { Params::read(text.part(parts.params), WHAT)? };
        let scheme = match parts.scheme {
            Kind::Sip => Scheme::Sip,
            Kind::Sips => Scheme::Sips,
            Kind::Tel => Scheme::Tel,
            Kind::Other(name, rest) => Scheme::Other { name: text.part(name), rest: text.part(rest) },
        };
        Ok(Uri {
            scheme,
            user: parts.user.map(|user| text.part(user)),
            password: parts.password.map(|password| text.part(password)),
            host: Host::from_part(text, parts.host),
            port: parts.port,
            params,
            headers: text.part(parts.headers),
        })
    }

    /// Whether it is sip or sips: the schemes a request can be sent to.
    #[must_use]
    pub fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }

    /// The user part unescaped; of a tel URI, the number as written.
    #[must_use]
    pub fn user(&self) -> Option<String> {
        let user = self.user.as_ref()?;
        let plain: Vec<u8> = units(user.as_bytes()).map(|(byte, _)| byte).collect();
        Some(String::from_utf8_lossy(&plain).into_owned())
    }

    /// What somebody dials: the user without the parameters of a telephone number (section 19.1.6), and a number without
    /// what is only for the eye (RFC 3966 section 5.1.1).
    #[must_use]
    pub fn dialled(&self) -> Option<String> {
        let user = self.user()?;
        let user = user.split(';').next().unwrap_or_default();
        let number: String = user.chars().filter(|c| !matches!(c, '-' | '.' | '(' | ')')).collect();
        let is_number = number.strip_prefix('+').unwrap_or(&number).bytes().all(|byte| byte.is_ascii_digit());
        Some(if is_number { number } else { user.to_owned() }).filter(|user| !user.is_empty())
    }

    /// The address that it leads to, where no name service is needed for that.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match (self.params.get("maddr"), &self.host) {
            // RFC 3261 section 19.1.1: it stands for the host.
            (Some(maddr), _) => maddr.as_str().parse().ok(),
            (None, Host::Name(name)) if name.eq_ignore_case("localhost") => Some(Ipv4Addr::LOCALHOST.into()),
            (None, host) => host.ip(),
        }
    }

    /// The `transport` parameter.
    #[must_use]
    pub fn transport(&self) -> Option<Text> {
        self.params.get("transport")
    }

    /// Without what has no place in a Request-URI or a stored binding: headers, and the `method` parameter.
    #[must_use]
    pub fn without_headers(mut self) -> Uri {
        self.headers = Text::default();
        self.params.remove("method");
        self
    }

    /// The `name=value` pairs after the question mark, unescaped.
    #[must_use]
    pub fn header_pairs(&self) -> Vec<(Text, Text)> {
        let plain = |raw: &[u8]| Text::from(units(raw).map(|(byte, _)| byte).collect::<Vec<u8>>());
        self.headers
            .as_bytes()
            .split(|b| *b == b'&')
            .filter_map(|pair| cut(pair, b'='))
            .map(|(name, value)| (plain(name), plain(value)))
            .collect()
    }

    pub(crate) fn print(&self, out: &mut Vec<u8>) {
        match &self.scheme {
            Scheme::Other { name, rest } => {
                out.extend_from_slice(name.as_bytes());
                out.push(b':');
                out.extend_from_slice(rest.as_bytes());
                return;
            }
            Scheme::Tel => {
                out.extend_from_slice(b"tel:");
                out.extend_from_slice(self.user.as_ref().map_or(b"", Text::as_bytes));
                out.extend_from_slice(self.params.as_bytes());
                return;
            }
            Scheme::Sip => out.extend_from_slice(b"sip:"),
            Scheme::Sips => out.extend_from_slice(b"sips:"),
        }
        if let Some(user) = &self.user {
            out.extend_from_slice(user.as_bytes());
            if let Some(password) = &self.password {
                out.push(b':');
                out.extend_from_slice(password.as_bytes());
            }
            out.push(b'@');
        }
        self.host.print(self.port, out);
        out.extend_from_slice(self.params.as_bytes());
        if !self.headers.is_empty() {
            out.push(b'?');
            out.extend_from_slice(self.headers.as_bytes());
        }
    }
}

enum Kind<'a> {
    Sip,
    Sips,
    Tel,
    Other(&'a [u8], &'a [u8]),
}

/// The pieces of a URI, found and checked but not yet owned.
pub(crate) struct Parts<'a> {
    scheme: Kind<'a>,
    user: Option<&'a [u8]>,
    password: Option<&'a [u8]>,
    host: HostPart<'a>,
    port: Option<u16>,
    params: &'a [u8],
    headers: &'a [u8],
}

impl<'a> Parts<'a> {
    pub(crate) fn scan(bytes: &'a [u8]) -> Result<Parts<'a>, Malformed> {
        // No URI has room for these; control bytes and spaces would also break the line they are printed on.
        // Without an early end the loop runs over many bytes at once.
        let unfit = |b: &u8| *b <= b' ' || matches!(b, b'<' | b'>' | b'"' | 0x7f);
        if bytes.iter().fold(false, |found, b| found | unfit(b)) {
            return Err(fault("a byte that must be escaped"));
        }
        let (scheme, rest) = cut(bytes, b':').ok_or(fault("no scheme"))?;
        let (kind, tel) = match scheme {
            s if s.eq_ignore_ascii_case(b"sip") => (Kind::Sip, false),
            s if s.eq_ignore_ascii_case(b"sips") => (Kind::Sips, false),
            s if s.eq_ignore_ascii_case(b"tel") => (Kind::Tel, true),
            s => {
                // RFC 3986 section 3.1: a letter, then letters, digits, plus, minus, dot.
                let proper = s.first().is_some_and(u8::is_ascii_alphabetic)
                    && s.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
                if !proper || rest.is_empty() {
                    return Err(fault("no scheme"));
                }
                (Kind::Other(s, rest), false)
            }
        };
        let mut parts = Parts {
            scheme: kind,
            user: None,
            password: None,
            host: HostPart::Bare(b""),
            port: None,
            params: b"",
            headers: b"",
        };
        if matches!(parts.scheme, Kind::Other(..)) {
            return Ok(parts);
        }
        if tel {
            let end = rest.iter().position(|b| *b == b';').unwrap_or(rest.len());
            let (digits, tail) = rest.split_at(end);
            // RFC 3966 section 3: digits (hex in local numbers), * and #, and visual separators.
            let proper = |b: &u8| b.is_ascii_hexdigit() || matches!(b, b'+' | b'*' | b'#' | b'-' | b'.' | b'(' | b')');
            if digits.is_empty() || !digits.iter().all(proper) {
                return Err(fault("no telephone number"));
            }
            params::check(tail, WHAT)?;
            parts.user = Some(digits);
            parts.params = tail;
            return Ok(parts);
        }
        // The user part may hold `;` and `?`, but never a bare `@`: the first one ends it (RFC 3261 section 25.1).
        let rest = match cut(rest, b'@') {
            Some((userinfo, rest)) => {
                let (user, password) = match cut(userinfo, b':') {
                    Some((user, password)) => (user, Some(password)),
                    None => (userinfo, None),
                };
                if user.is_empty() {
                    return Err(fault("an @ without a user"));
                }
                if !escapes_are_whole(userinfo) {
                    return Err(fault("a % that is no escape"));
                }
                parts.user = Some(user);
                parts.password = password;
                rest
            }
            None => rest,
        };
        let (rest, headers) = cut(rest, b'?').unwrap_or((rest, b""));
        parts.headers = headers;
        let nowhere = fault("no proper host");
        let (host, mut tail) = host(rest).ok_or(nowhere)?;
        parts.host = host;
        if let Some(after) = tail.strip_prefix(b":") {
            let (number, rest) = port(after).ok_or(nowhere)?;
            parts.port = Some(number);
            tail = rest;
        }
        params::check(tail, WHAT)?;
        parts.params = tail;
        Ok(parts)
    }
}

/// Every `%` must be followed by two hex digits.
fn escapes_are_whole(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some((_, after)) = cut(rest, b'%') {
        match after {
            [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => rest = after,
            _ => return false,
        }
    }
    true
}

pub(crate) enum HostPart<'a> {
    /// A name or an IPv4 address: that is told apart when it is asked for.
    Bare(&'a [u8]),
    V6(Ipv6Addr),
}

/// Reads a host and returns what follows it.
pub(crate) fn host(bytes: &[u8]) -> Option<(HostPart<'_>, &[u8])> {
    if let Some(inside) = bytes.strip_prefix(b"[") {
        let (address, rest) = cut(inside, b']')?;
        return Some((HostPart::V6(std::str::from_utf8(address).ok()?.parse().ok()?), rest));
    }
    // The underscore is no letter of a host name, but containers and test beds use it.
    let proper = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    let end = bytes.iter().position(|b| !proper(b)).unwrap_or(bytes.len());
    let (name, rest) = bytes.split_at(end);
    (!name.is_empty()).then_some((HostPart::Bare(name), rest))
}

/// Reads a port and returns what follows it.
pub(crate) fn port(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let end = bytes.iter().position(|b| !b.is_ascii_digit()).unwrap_or(bytes.len());
    let (digits, rest) = bytes.split_at(end);
    Some((u16::try_from(number(digits)?).ok()?, rest))
}

impl Host {
    pub(crate) fn from_part(text: &Text, part: HostPart<'_>) -> Host {
        match part {
            HostPart::Bare(name) => {
                // The first byte tells most names from addresses without trying.
                let numeric = name.first().is_some_and(u8::is_ascii_digit);
                let address = numeric.then(|| std::str::from_utf8(name).ok()?.parse().ok()).flatten();
                address.map_or_else(|| Host::Name(text.part(name)), Host::V4)
            }
            HostPart::V6(address) => Host::V6(address),
        }
    }

    /// The address, when it is one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Host::Name(_) => None,
            Host::V4(address) => Some((*address).into()),
            Host::V6(address) => Some((*address).into()),
        }
    }

    pub(crate) fn print(&self, port: Option<u16>, out: &mut Vec<u8>) {
        use std::io::Write;
        // Writing to a Vec cannot fail.
        let _ = match self {
            Host::Name(name) => out.write_all(name.as_bytes()),
            Host::V4(address) => write!(out, "{address}"),
            Host::V6(address) => write!(out, "[{address}]"),
        };
        if let Some(port) = port {
            let _ = write!(out, ":{port}");
        }
    }
}

impl PartialEq for Host {
    fn eq(&self, other: &Host) -> bool {
        match (self, other) {
            (Host::Name(a), Host::Name(b)) => a.as_bytes().eq_ignore_ascii_case(b.as_bytes()),
            (Host::V4(a), Host::V4(b)) => a == b,
            (Host::V6(a), Host::V6(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Host {}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Host {
        match address {
            IpAddr::V4(address) => Host::V4(address),
            IpAddr::V6(address) => Host::V6(address),
        }
    }
}

impl From<&str> for Host {
    /// An address (IPv6 with or without brackets), or else a name.
    fn from(text: &str) -> Host {
        let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
        bare.parse::<IpAddr>().map_or_else(|_| Host::Name(text.into()), Host::from)
    }
}

impl fmt::Display for Host {
    /// IPv6 in brackets, as in a URI.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => fmt::Display::fmt(name, f),
            Host::V4(address) => fmt::Display::fmt(address, f),
            Host::V6(address) => write!(f, "[{address}]"),
        }
    }
}

fn escape_user(user: &str) -> Text {
    use std::io::Write;
    let mut out = Vec::with_capacity(user.len());
    for byte in user.bytes() {
        // unreserved and user-unreserved of RFC 3261 section 25.1.
        let plain = byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte);
        let _ = if plain { out.write_all(&[byte]) } else { write!(out, "%{byte:02X}") };
    }
    out.into()
}

/// Each byte a text stands for, and whether it must stay escaped because it is reserved:
/// `%61` is `a`, but `%3B` is not the `;` that separates.
fn units(raw: &[u8]) -> impl Iterator<Item = (u8, bool)> {
    let mut rest = raw;
    std::iter::from_fn(move || match rest {
        [b'%', a, b, after @ ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
            rest = after;
            let byte = hex(*a) << 4 | hex(*b);
            Some((byte, b";/?:@&=+$,".contains(&byte)))
        }
        [byte, after @ ..] => {
            rest = after;
            Some((*byte, false))
        }
        [] => None,
    })
}

const fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        b'A'..=b'F' => digit - b'A' + 10,
        _ => 0,
    }
}

fn same(a: &[u8], b: &[u8]) -> bool {
    units(a).eq(units(b))
}

fn same_ignoring_case(a: &[u8], b: &[u8]) -> bool {
    let fold = |(byte, reserved): (u8, bool)| (byte.to_ascii_lowercase(), reserved);
    units(a).map(fold).eq(units(b).map(fold))
}

fn same_option(a: Option<&Text>, b: Option<&Text>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => same(a.as_bytes(), b.as_bytes()),
        (None, None) => true,
        _ => false,
    }
}

/// Parameters both sides have must match; these few must be on both sides or on neither.
fn same_params(a: &Params, b: &Params) -> bool {
    const TELLING: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];
    if a.is_empty() && b.is_empty() {
        return true;
    }
    if TELLING.iter().any(|name| a.has(name) != b.has(name)) {
        return false;
    }
    // No name may stand twice (RFC 3261 section 19.1.1); of one that does, the first counts here as it does in `get`.
    fn first<'a>(params: &'a Params, name: &[u8]) -> Option<&'a [u8]> {
        let (_, value) = params.iter().find(|(found, _)| found.eq_ignore_ascii_case(name))?;
        Some(value.unwrap_or_default())
    }
    a.iter().all(|(name, _)| match (first(a, name), first(b, name)) {
        (Some(one), Some(other)) => same_ignoring_case(one, other),
        _ => true,
    })
}

/// Headers must all be on both sides, in any order.
fn same_headers(a: &Text, b: &Text) -> bool {
    fn each(headers: &Text) -> Vec<(&[u8], &[u8])> {
        let pairs = elements(headers.as_bytes(), b'&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| cut(pair, b'=').unwrap_or((pair, b""))).collect()
    }
    let (a, b) = (each(a), each(b));
    let within = |one: &[(&[u8], &[u8])], other: &[(&[u8], &[u8])]| {
        one.iter().all(|(name, value)| other.iter().any(|(n, v)| same_ignoring_case(name, n) && same(value, v)))
    };
    a.len() == b.len() && within(&a, &b) && within(&b, &a)
}

/// A telephone number without what only helps the eye (RFC 3966 section 4).
fn digits(number: Option<&Text>) -> impl Iterator<Item = u8> {
    let bytes = number.map_or(&b""[..], Text::as_bytes);
    bytes.iter().filter(|b| !matches!(b, b'-' | b'.' | b'(' | b')')).map(u8::to_ascii_lowercase)
}

/// RFC 3261 section 19.1.4; tel by RFC 3966 section 4; other schemes byte for byte.
impl PartialEq for Uri {
    fn eq(&self, other: &Uri) -> bool {
        match (&self.scheme, &other.scheme) {
            (Scheme::Tel, Scheme::Tel) => {
                digits(self.user.as_ref()).eq(digits(other.user.as_ref()))
                    && same_params(&self.params, &other.params)
                    && self.params.get("phone-context") == other.params.get("phone-context")
            }
            (Scheme::Other { name: a, rest: x }, Scheme::Other { name: b, rest: y }) => {
                a.as_bytes().eq_ignore_ascii_case(b.as_bytes()) && x == y
            }
            // A sip and a sips URI are never the same.
            (Scheme::Sip, Scheme::Sip) | (Scheme::Sips, Scheme::Sips) => {
                same_option(self.user.as_ref(), other.user.as_ref())
                    && same_option(self.password.as_ref(), other.password.as_ref())
                    && self.host == other.host
                    // The default port written out is not the same as none: without one, DNS may say another.
                    && self.port == other.port
                    && same_params(&self.params, &other.params)
                    && same_headers(&self.headers, &other.headers)
            }
            _ => false,
        }
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::with_capacity(64);
        self.print(&mut out);
        f.pad(&String::from_utf8_lossy(&out))
    }
}

impl std::str::FromStr for Uri {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Uri, Malformed> {
        Uri::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_taken_apart_and_go_out_as_they_came() {
        // text, user, host, port
        for (text, user, host, port) in [
            ("sip:alice@atlanta.com", Some("alice"), "atlanta.com", None),
            ("sip:alice:secretword@atlanta.com;transport=tcp", Some("alice"), "atlanta.com", None),
            ("sips:alice@atlanta.com?subject=project%20x&priority=urgent", Some("alice"), "atlanta.com", None),
            ("sip:+1-212-555-1212:1234@gateway.com;user=phone", Some("+1-212-555-1212"), "gateway.com", None),
            ("sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com", None, "atlanta.com", None),
            ("sip:alice;day=tuesday@atlanta.com", Some("alice;day=tuesday"), "atlanta.com", None),
            ("sip:192.0.2.4:5070", None, "192.0.2.4", Some(5070)),
            ("sip:bob@[2001:db8::10]:5070;lr", Some("bob"), "[2001:db8::10]", Some(5070)),
            ("sip:*411#@cordboard.lab", Some("*411#"), "cordboard.lab", None),
            ("sip:sips%3Auser%40example.com@example.net", Some("sips:user@example.com"), "example.net", None),
            ("sip:J%C3%B6rg@example.net", Some("J\u{f6}rg"), "example.net", None),
            ("tel:+1-201-555-0123", Some("+1-201-555-0123"), "", None),
            ("tel:7042;phone-context=example.com", Some("7042"), "", None),
            ("nobodyKnowsThisScheme:totallyopaquecontent", None, "", None),
            ("soap.beep://192.0.2.103:3002", None, "", None),
        ] {
            let uri = Uri::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(uri.user().as_deref(), user, "{text}");
            assert_eq!(uri.host.to_string(), host, "{text}");
            assert_eq!(uri.port, port, "{text}");
            assert_eq!(uri.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_uri_is_refused() {
        for text in [
            "",
            "alice",
            "sip:",
            "sip:@host",
            "sip:alice@",
            "sip:alice@host:",
            "sip:alice@host:99999",
            "sip:alice@host:5060x",
            "sip:alice@[::1",
            "sip:alice@[not-v6]",
            "sip:alice bob@host",
            "sip:alice@host\r\nVia: x",
            "sip:al%zzce@host",
            "sip:alice%4@host",
            "sip:alice@host;;lr",
            "<sip:alice@host>",
            "tel:",
            "tel:hello",
            "1scheme:x",
            "sip:alice@ho st",
        ] {
            assert!(Uri::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn equality_is_that_of_rfc_3261_section_19_1_4() {
        for (a, b, equal) in [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", true),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on", true),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", false),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
                true,
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
                true,
            ),
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", false),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", false),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting", false),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", false),
            ("sip:alice@atlanta.com", "sips:alice@atlanta.com", false),
            ("sip:a%3Bb@x.com", "sip:a;b@x.com", false),
            ("sip:a%3Bb@x.com", "sip:a%3bb@x.com", true),
            ("sip:alice@x.com", "sip:alice:pw@x.com", false),
            ("sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0::1]", true),
            ("tel:+1-201-555-0123", "TEL:+12015550123", true),
            ("tel:+12015550123", "tel:+12015550124", false),
            ("tel:7042;phone-context=a.com", "tel:7042", false),
            // What should not stand twice, and does.
            ("sip:a@b;user=x;user=phone", "sip:a@b;user=x;user=phone", true),
            ("sip:a@b;user=x;user=phone", "sip:a@b;user=phone", false),
            ("sip:a@b?x=1&x=1", "sip:a@b?x=1&x=2", false),
            ("urn:x:1", "URN:x:1", true),
            ("urn:x:1", "urn:X:1", false),
        ] {
            let (left, right) = (Uri::parse(a).unwrap(), Uri::parse(b).unwrap());
            assert_eq!(left == right, equal, "{a} and {b}");
            assert_eq!(right == left, equal, "{b} and {a}");
        }
    }

    #[test]
    fn users_are_escaped_when_made_and_unescaped_when_read() {
        for user in ["john", "qc-maria", "*411", "a b@c", "100%", "J\u{f6}rg"] {
            let made = Uri::sip(user, "cordboard.lab", None);
            let read = Uri::parse(&made.to_string()).unwrap();
            assert_eq!(read.user().as_deref(), Some(user));
        }
    }

    #[test]
    fn headers_are_unescaped() {
        let uri = Uri::parse("sip:c@127.0.0.1?Replaces=a%40b%3Bto-tag%3D1&X=y").unwrap();
        let pairs = uri.header_pairs();
        assert_eq!(pairs, [("Replaces".into(), "a@b;to-tag=1".into()), ("X".into(), "y".into())]);
    }
}
