//! One party's side of one session: offers written, offers answered, answers taken.

use super::read::{Audio, Description, Stream, read};
use super::{Agreed, Direction, Local, Name, SdpError};
use bytes::Bytes;
use sdp_types::{AddrType, Connection, Media, NetType, Origin, Session, Time};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The number that almost every phone uses for telephone-event.
const TELEPHONE_EVENT: u8 = 101;

/// ```text
///          offer()              accept()
///   idle ----------> waiting -----------> idle      rollback(): waiting -> idle, what was agreed stands
///     \___ answer() ___/ refused: SdpError::Pending (the answer to a glare is 491)
/// ```
/// Plain data. After `accept` the offer is remembered, so that the answers of other forks, and the 200 that repeats
/// the answer of a 183, are read against it too; the last one counts.
#[derive(Clone, Debug)]
pub struct Negotiator {
    session_id: u64,
    version: u64,
    /// The address in our o= line: it stays, whatever happens to the media address (RFC 3264 section 8).
    origin: Option<IpAddr>,
    /// The last body we wrote.
    sent: Option<Bytes>,
    /// Every stream of the session: none ever leaves its place (RFC 3264 section 8).
    places: Vec<Place>,
    /// Which of them is our audio.
    audio: usize,
    offered: Option<Offered>,
    /// What the last body we wrote says of our stream; `None` where it is stopped.
    said: Option<Offered>,
    waiting: bool,
    agreed: Option<Agreed>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    media: String,
    proto: String,
    fmt: String,
}

/// Our last offer, as far as its answer is held against it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Offered {
    codecs: Vec<(u8, Name)>,
    telephone_event: Option<u8>,
    direction: Direction,
}

/// Our audio stream as it goes into a body.
struct Stated<'a> {
    address: SocketAddr,
    codecs: &'a [(u8, Name)],
    telephone_event: Option<u8>,
    direction: Direction,
    ptime: Option<u16>,
    rtcp_mux: bool,
}

impl Negotiator {
    /// `session_id` is the o= line's: unique among all we ever describe.
    #[must_use]
    pub fn new(session_id: u64) -> Self {
        Negotiator {
            // Some phones read it as a signed number.
            session_id: session_id >> 1,
            version: 0,
            origin: None,
            sent: None,
            places: Vec::new(),
            audio: 0,
            offered: None,
            said: None,
            waiting: false,
            agreed: None,
        }
    }

    #[must_use]
    pub fn agreed(&self) -> Option<&Agreed> {
        self.agreed.as_ref()
    }

    /// Whether an offer of ours waits for its answer.
    #[must_use]
    pub fn pending(&self) -> bool {
        self.waiting
    }

    /// The direction that our last offer leaves open, until it is answered.
    #[must_use]
    pub fn offers(&self) -> Option<Direction> {
        self.offered.as_ref().filter(|_| self.waiting).map(|offered| offered.direction)
    }

    /// Writes an offer, the first or a later one. A later one keeps every stream's place and every payload type's
    /// meaning (RFC 3264 sections 8 and 8.3.2).
    pub fn offer(&mut self, local: &Local) -> Bytes {
        if self.places.get(self.audio).is_none() {
            self.audio = self.places.len();
            self.places.push(Place { media: "audio".into(), proto: "RTP/AVP".into(), fmt: String::new() });
        }
        let known = self.agreed.as_ref().map_or(&[][..], |agreed| &agreed.accepts);
        let codecs: Vec<(u8, Name)> = local
            .codecs
            .iter()
            .map(|&(number, name)| known.iter().find(|(_, known)| *known == name).copied().unwrap_or((number, name)))
            .collect();
        let telephone_event = local.telephone_event.then(|| self.telephone_event_number());
        let offered = Offered { codecs, telephone_event, direction: local.direction };
        let body = self.publish(
            vec![Time::new(0, 0)],
            Some(&Stated {
                address: local.address,
                codecs: &offered.codecs,
                telephone_event,
                direction: local.direction,
                ptime: Some(20),
                rtcp_mux: true,
            }),
        );
        self.said = Some(offered.clone());
        self.offered = Some(offered);
        self.waiting = true;
        body
    }

    /// Offers what stands, in the very words of the last body: its version does not rise (RFC 4028 section 7.4). `None`
    /// where there is nothing to repeat.
    pub fn repeat(&mut self) -> Option<Bytes> {
        let (said, sent) = (self.said.clone()?, self.sent.clone()?);
        self.offered = Some(said);
        self.waiting = true;
        Some(sent)
    }

    /// Answers the peer's offer. On an error nothing has changed: what was agreed before stands (RFC 3261 section 14.2).
    pub fn answer(&mut self, offer: &[u8], local: &Local) -> Result<(Bytes, Agreed), SdpError> {
        if self.waiting {
            return Err(SdpError::Pending);
        }
        let Description { times, streams } = read(offer)?;
        let (at, stream, audio) = self.choose(&streams, local)?;
        let common: Vec<(u8, Name)> = audio
            .codecs
            .iter()
            .filter(|(_, name)| local.codecs.iter().any(|(_, ours)| ours == name))
            .copied()
            .collect();
        let remote_direction = audio.effective_direction(stream.port);
        let direction = local.direction.and(remote_direction.reversed());
        let telephone_event = audio.telephone_event.filter(|_| local.telephone_event);
        let agreed = if stream.port == 0 {
            self.stopped(audio.address)
        } else {
            let remote = audio.remote(stream.port)?;
            Agreed {
                remote,
                remote_rtcp: audio.remote_rtcp(remote),
                rtcp_mux: audio.rtcp_mux,
                codecs: common.clone(),
                accepts: common,
                telephone_event,
                accepts_event: telephone_event,
                remote_direction,
                direction,
                ptime: audio.ptime,
            }
        };
        self.places = streams.iter().map(Place::of).collect();
        self.audio = at;
        self.offered = None;
        self.said = (stream.port != 0).then(|| Offered { codecs: agreed.accepts.clone(), telephone_event, direction });
        let stated = (stream.port != 0).then_some(Stated {
            address: local.address,
            codecs: &agreed.accepts,
            telephone_event,
            direction,
            ptime: audio.ptime,
            // RFC 5761 section 5.1.1: in the answer only if it was in the offer.
            rtcp_mux: audio.rtcp_mux,
        });
        // RFC 3264 section 6: the t= line of the answer is the offer's.
        let body = self.publish(times, stated.as_ref());
        self.agreed = Some(agreed.clone());
        Ok((body, agreed))
    }

    /// The answer where one is owed, to an offer that cannot be agreed to: every stream is refused in its place (RFC 3264
    /// section 6). Nothing flows until the next offer, which has our audio again.
    pub fn decline(&mut self, offer: &[u8]) -> Result<Bytes, SdpError> {
        if self.waiting {
            return Err(SdpError::Pending);
        }
        let Description { times, streams } = read(offer)?;
        self.places = streams.iter().map(Place::of).collect();
        self.audio = streams.iter().position(|stream| stream.audio.is_some()).unwrap_or(streams.len());
        self.offered = None;
        self.said = None;
        self.agreed = self.agreed.is_some().then(|| self.stopped(None));
        Ok(self.publish(times, None))
    }

    /// Takes the peer's answer to our last offer. On an error the offer still waits: `rollback`, or end the session.
    ///
    /// An answer whose direction the offer did not allow is common and harmless, and is read as the nearest that is
    /// allowed; codecs that were not offered are not sent.
    pub fn accept(&mut self, answer: &[u8]) -> Result<Agreed, SdpError> {
        let offered = self.offered.as_ref().ok_or(SdpError::NotOffered)?;
        let streams = read(answer)?.streams;
        // RFC 3264 section 6: as many m= lines as the offer has, in its order.
        if streams.len() != self.places.len() {
            return Err(SdpError::Violates("another number of streams"));
        }
        let (Some(stream), Some(place)) = (streams.get(self.audio), self.places.get(self.audio)) else {
            return Err(SdpError::Violates("another number of streams"));
        };
        if !stream.media.eq_ignore_ascii_case(&place.media) {
            return Err(SdpError::Violates("another kind of stream"));
        }
        if stream.port != 0 && !stream.proto.eq_ignore_ascii_case(&place.proto) {
            return Err(SdpError::Violates("another transport"));
        }
        let agreed = match &stream.audio {
            Some(audio) if stream.port != 0 => {
                let codecs: Vec<(u8, Name)> = audio
                    .codecs
                    .iter()
                    .filter(|(_, name)| offered.codecs.iter().any(|(_, ours)| ours == name))
                    .copied()
                    .collect();
                if codecs.is_empty() {
                    return Err(SdpError::NoCodec);
                }
                // RFC 3264 section 6.1: only what the offer leaves open.
                let remote_direction = audio.effective_direction(stream.port).and(offered.direction.reversed());
                let remote = audio.remote(stream.port)?;
                Agreed {
                    remote,
                    remote_rtcp: audio.remote_rtcp(remote),
                    rtcp_mux: audio.rtcp_mux,
                    codecs,
                    accepts: offered.codecs.clone(),
                    telephone_event: audio.telephone_event.filter(|_| offered.telephone_event.is_some()),
                    accepts_event: offered.telephone_event.filter(|_| audio.telephone_event.is_some()),
                    remote_direction,
                    direction: offered.direction.and(remote_direction.reversed()),
                    ptime: audio.ptime,
                }
            }
            // Port 0 stops a stream that ran; as the answer to a first offer it leaves nothing.
            Some(audio) if self.agreed.is_some() => self.stopped(audio.address),
            _ => return Err(SdpError::NoAudio),
        };
        self.waiting = false;
        self.agreed = Some(agreed.clone());
        Ok(agreed)
    }

    /// Our offer was refused or came to nothing: what was agreed before stands (RFC 3261 section 14.1).
    pub fn rollback(&mut self) {
        self.waiting = false;
        self.offered = None;
    }

    /// The audio stream to answer: the place it has, else the first that fits.
    fn choose<'a>(&self, streams: &'a [Stream], local: &Local) -> Result<(usize, &'a Stream, &'a Audio), SdpError> {
        let audios = || {
            streams.iter().enumerate().filter_map(|(at, stream)| stream.audio.as_ref().map(|audio| (at, stream, audio)))
        };
        let fits = |(_, stream, audio): &(usize, &Stream, &Audio)| {
            stream.port != 0 && audio.codecs.iter().any(|(_, name)| local.codecs.iter().any(|(_, ours)| ours == name))
        };
        let here = |(at, ..): &(usize, &Stream, &Audio)| *at == self.audio;
        if let Some(found) = audios().find(|each| here(each) && fits(each)).or_else(|| audios().find(fits)) {
            return Ok(found);
        }
        if let Some(found) = audios().find(|each| here(each) && each.1.port == 0).filter(|_| self.agreed.is_some()) {
            return Ok(found);
        }
        let running = audios().any(|(_, stream, _)| stream.port != 0);
        Err(if running { SdpError::NoCodec } else { SdpError::NoAudio })
    }

    /// The session with its stream stopped (port 0): nothing flows, what was agreed is kept for a later offer.
    fn stopped(&self, address: Option<IpAddr>) -> Agreed {
        let remote = SocketAddr::new(address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), 0);
        let known = self.agreed.as_ref();
        Agreed {
            remote,
            remote_rtcp: remote,
            rtcp_mux: false,
            codecs: known.map(|agreed| agreed.codecs.clone()).unwrap_or_default(),
            accepts: known.map(|agreed| agreed.accepts.clone()).unwrap_or_default(),
            telephone_event: known.and_then(|agreed| agreed.telephone_event),
            accepts_event: known.and_then(|agreed| agreed.accepts_event),
            remote_direction: Direction::Inactive,
            direction: Direction::Inactive,
            ptime: None,
        }
    }

    /// The number already agreed, else one that means nothing else in this session (RFC 3264 section 8.3.2).
    fn telephone_event_number(&self) -> u8 {
        let before = self.offered.as_ref().and_then(|offered| offered.telephone_event);
        if let Some(number) = self.agreed.as_ref().and_then(|agreed| agreed.accepts_event).or(before) {
            return number;
        }
        let taken = self.places.get(self.audio).map_or("", |place| &place.fmt);
        let free = |number: &u8| !taken.split_ascii_whitespace().any(|other| other.parse() == Ok(*number));
        (TELEPHONE_EVENT..=127).chain(96..TELEPHONE_EVENT).find(free).unwrap_or(TELEPHONE_EVENT)
    }

    /// Prints the body; its version rises by one exactly when it differs from the last (RFC 3264 section 8).
    fn publish(&mut self, times: Vec<Time>, stated: Option<&Stated>) -> Bytes {
        let address = stated.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |stated| stated.address.ip());
        let origin = *self.origin.get_or_insert(address);
        let mut session = Session::new(Origin::with_ip_addr(self.session_id, self.version, origin), "-");
        session.times = times;
        session.connection = Some(connection(if stated.is_some() { address } else { origin }));
        for (at, place) in self.places.iter().enumerate() {
            session.medias.push(match stated {
                Some(stated) if at == self.audio => stated.print(place),
                _ => refused(place),
            });
        }
        if let Some(sent) = &self.sent
            && *sent == print(&session)
        {
            return sent.clone();
        }
        self.version += 1;
        session.origin.sess_version = self.version;
        let body = print(&session);
        self.sent = Some(body.clone());
        body
    }
}

impl Place {
    fn of(stream: &Stream) -> Place {
        Place { media: stream.media.clone(), proto: stream.proto.clone(), fmt: stream.fmt.clone() }
    }
}

impl Stated<'_> {
    fn print(&self, place: &Place) -> Media {
        let numbers = self.codecs.iter().map(|(number, _)| *number).chain(self.telephone_event);
        let fmt = numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(" ");
        let mut media = bare(place, self.address.port(), fmt);
        for (number, name) in self.codecs {
            // RFC 3264 section 5.1: an rtpmap for static payload types too.
            media.add_attribute_with_value("rtpmap", format!("{number} {}/8000", name.as_str()));
        }
        if let Some(number) = self.telephone_event {
            media.add_attribute_with_value("rtpmap", format!("{number} telephone-event/8000"));
            // RFC 4733 section 2.4.1: the sixteen DTMF digits.
            media.add_attribute_with_value("fmtp", format!("{number} 0-15"));
        }
        if let Some(ptime) = self.ptime {
            media.add_attribute_with_value("ptime", ptime);
        }
        if self.rtcp_mux {
            media.add_attribute(sdp_types::Attribute::new("rtcp-mux"));
        }
        media.add_attribute(sdp_types::Attribute::new(self.direction.as_str()));
        media
    }
}

/// A stream refused in its place: port 0, the formats as they were (RFC 3264 section 6).
fn refused(place: &Place) -> Media {
    bare(place, 0, if place.fmt.is_empty() { "0".into() } else { place.fmt.clone() })
}

fn bare(place: &Place, port: u16, fmt: String) -> Media {
    Media {
        media: place.media.clone(),
        port,
        num_ports: None,
        proto: place.proto.clone(),
        fmt,
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Vec::new(),
    }
}

fn connection(address: IpAddr) -> Connection {
    let addrtype = if address.is_ipv6() { AddrType::Ip6 } else { AddrType::Ip4 };
    Connection { nettype: NetType::In, addrtype, connection_address: address.to_string() }
}

fn print(session: &Session) -> Bytes {
    let mut body = Vec::with_capacity(512);
    // Writing to memory does not fail.
    let _ = session.write(&mut body);
    body.into()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
