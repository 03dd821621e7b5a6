//! Reads a peer's session description down to what one audio stream needs.

use super::{Direction, Name, SdpError, lines};
use sdp_types::{Attribute, Connection, Media, Session, Time};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Milliseconds of sound in a packet when nobody says anything (RFC 3551 section 4.2).
const USUAL: u16 = 20;

/// One stream of the body, in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stream {
    pub media: String,
    pub proto: String,
    pub fmt: String,
    pub port: u16,
    /// Present when it is audio that this room can read.
    pub audio: Option<Audio>,
}

/// What an audio stream says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Audio {
    /// `None` where the connection address is a name that nobody here resolves, or no single host's.
    pub address: Option<IpAddr>,
    pub rtcp: Option<SocketAddr>,
    /// The codecs we know, in the peer's order.
    pub codecs: Vec<(u8, Name)>,
    pub telephone_event: Option<u8>,
    pub direction: Direction,
    pub ptime: Option<u16>,
    /// RTCP comes to the port of RTP (RFC 5761).
    pub rtcp_mux: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Description {
    pub times: Vec<Time>,
    pub streams: Vec<Stream>,
}

pub(super) fn read(body: &[u8]) -> Result<Description, SdpError> {
    // Free text in Latin-1 must not cost the call: only numbers and tokens matter here.
    let text = String::from_utf8_lossy(body);
    let session = lines::read(&text)?;
    let streams = session.medias.iter().map(|media| stream(&session, media)).collect();
    Ok(Description { times: session.times, streams })
}

fn stream(session: &Session, media: &Media) -> Stream {
    Stream {
        media: media.media.clone(),
        proto: media.proto.clone(),
        fmt: media.fmt.clone(),
        port: media.port,
        audio: is_audio(media).then(|| audio(session, media)),
    }
}

/// AVPF without feedback is AVP (RFC 4585 section 4.2), so both are ours; encrypted profiles are not.
fn is_audio(media: &Media) -> bool {
    media.media.eq_ignore_ascii_case("audio")
        && ["RTP/AVP", "RTP/AVPF"].iter().any(|proto| proto.eq_ignore_ascii_case(&media.proto))
}

fn audio(session: &Session, media: &Media) -> Audio {
    // RFC 8866 section 5.7: a stream's own c= line overrides the session's.
    let connection = media.connections.first().or(session.connection.as_ref());
    let address = connection.and_then(address);
    let mut codecs = Vec::new();
    let mut telephone_event = None;
    for number in media.fmt.split_ascii_whitespace().filter_map(|number| number.parse::<u8>().ok()) {
        match encoding(media, number) {
            Encoding::Codec(name) if !codecs.iter().any(|(_, known)| *known == name) => codecs.push((number, name)),
            Encoding::TelephoneEvent if telephone_event.is_none() => telephone_event = Some(number),
            _ => {}
        }
    }
    Audio {
        address,
        rtcp: value(&media.attributes, "rtcp").and_then(|text| rtcp(text, address)),
        codecs,
        telephone_event,
        direction: direction(&media.attributes)
            .or_else(|| direction(&session.attributes))
            // RFC 8866 section 6.7: sendrecv when nothing is said.
            .unwrap_or_default(),
        ptime: ptime(session, media),
        rtcp_mux: media.attributes.iter().any(|attribute| attribute.attribute.eq_ignore_ascii_case("rtcp-mux")),
    }
}

enum Encoding {
    Codec(Name),
    TelephoneEvent,
    Unknown,
}

/// What a payload type means: its rtpmap, else its static meaning (RFC 3551 table 4).
fn encoding(media: &Media, number: u8) -> Encoding {
    let Some(map) = media
        .attributes
        .iter()
        .filter(|attribute| attribute.attribute.eq_ignore_ascii_case("rtpmap"))
        .filter_map(|attribute| attribute.value.as_deref()?.split_once(char::is_whitespace))
        .find(|(of, _)| of.parse() == Ok(number))
        .map(|(_, map)| map)
    else {
        return match number {
            0 => Encoding::Codec(Name::Pcmu),
            8 => Encoding::Codec(Name::Pcma),
            _ => Encoding::Unknown,
        };
    };
    let mut parts = map.trim().split('/');
    let (name, rate, channels) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    // A static number needs no rate; some phones leave it out.
    if rate.unwrap_or("8000") != "8000" || channels.is_some_and(|channels| channels != "1") {
        return Encoding::Unknown;
    }
    if name.eq_ignore_ascii_case("telephone-event") {
        return Encoding::TelephoneEvent;
    }
    Name::parse(name).map_or(Encoding::Unknown, Encoding::Codec)
}

fn address(connection: &Connection) -> Option<IpAddr> {
    // Some write a TTL after a slash, which belongs to groups.
    let address = connection.connection_address.split('/').next()?.parse().ok()?;
    is_one(address).then_some(address)
}

/// One host or none. What is sent to a group or to everybody would be heard by those who have not asked.
fn is_one(address: IpAddr) -> bool {
    !address.is_multicast() && address != IpAddr::V4(Ipv4Addr::BROADCAST)
}

/// Milliseconds a packet: what is asked for, no more than what is taken (RFC 8866 sections 6.4 and 6.5), in whole tens.
/// Some phones say it for the whole session.
fn ptime(session: &Session, media: &Media) -> Option<u16> {
    let stated = |name| value(&media.attributes, name).or_else(|| value(&session.attributes, name));
    let number = |name| stated(name)?.trim().split('.').next()?.parse::<u16>().ok();
    let (asked, most) = (number("ptime"), number("maxptime"));
    let wanted = match (asked, most) {
        (Some(asked), most) => asked.min(most.unwrap_or(asked)),
        // Nobody minds our usual packet but one who takes only less.
        (None, Some(most)) if most < USUAL => most,
        (None, _) => return None,
    };
    Some((wanted / 10 * 10).clamp(10, 60))
}

/// `a=rtcp:53020` or `a=rtcp:53020 IN IP4 126.16.64.4` (RFC 3605 section 2.1).
fn rtcp(text: &str, address: Option<IpAddr>) -> Option<SocketAddr> {
    let mut words = text.split_ascii_whitespace();
    let port = words.next()?.parse().ok()?;
    let own = words.nth(2).and_then(|word| word.parse().ok()).filter(|own| is_one(*own));
    Some(SocketAddr::new(own.or(address)?, port))
}

fn direction(attributes: &[Attribute]) -> Option<Direction> {
    attributes
        .iter()
        .filter(|attribute| attribute.value.is_none())
        .find_map(|attribute| Direction::parse(attribute.attribute.trim()))
}

fn value<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    attributes
        .iter()
        .find(|attribute| attribute.attribute.eq_ignore_ascii_case(name))
        .and_then(|attribute| attribute.value.as_deref())
}

impl Audio {
    /// The direction with "nowhere to send" folded in: the hold of RFC 2543, still in use (RFC 3264 section 8.4).
    pub fn effective_direction(&self, port: u16) -> Direction {
        match self.address {
            _ if port == 0 => Direction::Inactive,
            Some(address) if address.is_unspecified() => Direction::new(self.direction.sends(), false),
            _ => self.direction,
        }
    }

    pub fn remote(&self, port: u16) -> Result<SocketAddr, SdpError> {
        match self.address {
            Some(address) => Ok(SocketAddr::new(address, port)),
            None => Err(SdpError::Address),
        }
    }

    pub fn remote_rtcp(&self, remote: SocketAddr) -> SocketAddr {
        if self.rtcp_mux {
            return remote;
        }
        // RFC 3550 section 11: the next higher port.
        self.rtcp.unwrap_or_else(|| SocketAddr::new(remote.ip(), remote.port().saturating_add(1)))
    }
}
