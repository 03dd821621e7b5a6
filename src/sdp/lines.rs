//! Reads the lines of a description as phones write them: out of order, doubled, left out, with the wrong line ends.
//!
//! Only what offer and answer need is read: m=, c=, t= and a=. What RFC 8866 forbids in any other line costs no call.

use super::SdpError;
use sdp_types::{AddrType, Attribute, Connection, Media, NetType, Origin, Session, Time};
use std::net::{IpAddr, Ipv4Addr};

pub(super) fn read(text: &str) -> Result<Session, SdpError> {
    let malformed = |what: &str| SdpError::Malformed(what.to_owned());
    // Nobody looks at the peer's o= line: its body itself says what has changed, also where its version has not risen.
    let mut session = Session::new(Origin::with_ip_addr(0u64, 0, IpAddr::V4(Ipv4Addr::UNSPECIFIED)), "-");
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    match lines.next() {
        Some(first) if first.split_once('=').is_some_and(|(kind, version)| kind == "v" && version.trim() == "0") => {}
        _ => return Err(malformed("no v=0 in its first line")),
    }
    for (kind, value) in lines.filter_map(|line| line.split_once('=')) {
        let value = value.trim();
        match (kind.trim(), session.medias.last_mut()) {
            ("m", _) => session.medias.push(media(value).ok_or_else(|| malformed("a stream without a port"))?),
            ("c", Some(media)) => media.connections.extend(connection(value)),
            ("c", None) => session.connection = session.connection.take().or_else(|| connection(value)),
            ("a", Some(media)) => media.attributes.push(attribute(value)),
            ("a", None) => session.attributes.push(attribute(value)),
            ("t", _) => session.times.extend(time(value)),
            _ => {}
        }
    }
    if session.times.is_empty() {
        session.times.push(Time::new(0, 0));
    }
    Ok(session)
}

/// `audio 49170/2 RTP/AVP 0 8`
fn media(value: &str) -> Option<Media> {
    let mut words = value.split_ascii_whitespace();
    let (media, port, proto) = (words.next()?, words.next()?, words.next()?);
    Some(Media {
        media: media.to_owned(),
        port: port.split('/').next()?.parse().ok()?,
        num_ports: None,
        proto: proto.to_owned(),
        fmt: words.collect::<Vec<_>>().join(" "),
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Vec::new(),
    })
}

/// `IN IP4 192.0.2.1`
fn connection(value: &str) -> Option<Connection> {
    let mut words = value.split_ascii_whitespace().skip(1);
    let addrtype = if words.next()?.eq_ignore_ascii_case("IP6") { AddrType::Ip6 } else { AddrType::Ip4 };
    Some(Connection { nettype: NetType::In, addrtype, connection_address: words.next()?.to_owned() })
}

fn attribute(value: &str) -> Attribute {
    match value.split_once(':') {
        Some((name, value)) => Attribute::with_value(name.trim(), value.trim()),
        None => Attribute::new(value),
    }
}

fn time(value: &str) -> Option<Time> {
    let mut words = value.split_ascii_whitespace().map(str::parse);
    Some(Time::new(words.next()?.ok()?, words.next()?.ok()?))
}
