//! The phone's side of offer/answer, and its judgement of the other side's (RFC 3264).

use crate::audio::Codec;
use sdp_types::{Media, Session as Sdp};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};

/// Who sends, from the phone's own view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    #[default]
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl Direction {
    const ALL: [Direction; 4] = [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive];

    #[must_use]
    pub fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    #[must_use]
    pub fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }

    fn of(sends: bool, receives: bool) -> Direction {
        match (sends, receives) {
            (true, true) => Direction::SendRecv,
            (true, false) => Direction::SendOnly,
            (false, true) => Direction::RecvOnly,
            (false, false) => Direction::Inactive,
        }
    }

    fn reversed(self) -> Direction {
        Direction::of(self.receives(), self.sends())
    }

    fn and(self, other: Direction) -> Direction {
        Direction::of(self.sends() && other.sends(), self.receives() && other.receives())
    }
}

/// How a phone says that it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HoldForm {
    #[default]
    SendOnly,
    Inactive,
    /// `c=IN IP4 0.0.0.0` and no direction at all, as before RFC 3264 (its section 8.4).
    ZeroAddress,
}

/// A stream that the phone offers beside its audio, and never gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Video {
    #[default]
    None,
    Before,
    After,
}

/// What flows, once agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stream {
    pub remote: SocketAddr,
    pub codec: (u8, Codec),
    pub accepts: Vec<(u8, Codec)>,
    pub event: Option<u8>,
    pub direction: Direction,
}

/// One line's session. `faults` collects what the other side did that RFC 3264 forbids.
#[derive(Clone, Debug)]
pub(super) struct Session {
    id: u64,
    version: u64,
    user: String,
    address: SocketAddr,
    pub codecs: Vec<Codec>,
    pub video: Video,
    /// Milliseconds of sound in a packet of ours.
    pub ptime: u8,
    /// Knows no telephone-events.
    pub no_events: bool,
    /// What we want: less than sendrecv while our own Hold key is down.
    pub want: Direction,
    /// We hold by an address of zeros.
    pub zeroed: bool,
    ours: Option<String>,
    theirs: Option<(Sdp, Vec<u8>)>,
    /// The highest version of theirs seen in offers that were refused unread: counting goes on from either.
    refused: u64,
    /// Our offer that waits for its answer.
    offered: Option<Sdp>,
    /// The answer that the last offer of ours got: a 200 may only repeat that of its 183 (RFC 3261 section 13.2.1).
    answered: Option<Vec<u8>>,
    pub stream: Option<Stream>,
    /// Every payload type that was ever agreed.
    pub agreed: BTreeSet<u8>,
    pub faults: Vec<String>,
}

const EVENT: u8 = 101;

impl Session {
    pub fn new(id: u64, user: &str, address: SocketAddr, codecs: &[Codec]) -> Session {
        Session {
            id: id >> 1,
            version: 0,
            user: user.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>() + "-phone",
            address,
            codecs: codecs.to_vec(),
            video: Video::None,
            ptime: 20,
            no_events: false,
            want: Direction::SendRecv,
            zeroed: false,
            ours: None,
            theirs: None,
            refused: 0,
            offered: None,
            answered: None,
            stream: None,
            agreed: BTreeSet::new(),
            faults: Vec::new(),
        }
    }

    pub fn offer(&mut self) -> String {
        let stream = self.stream.clone();
        let known = |codec: Codec| {
            let accepts = stream.as_ref().map_or(&[][..], |stream| &stream.accepts);
            accepts.iter().find(|(_, other)| *other == codec).map_or(codec.payload_type(), |(number, _)| *number)
        };
        let formats: Vec<(u8, Codec)> = self.codecs.iter().map(|codec| (known(*codec), *codec)).collect();
        let event = stream.as_ref().and_then(|stream| stream.event).unwrap_or(EVENT);
        // A later offer keeps every stream in its place (RFC 3264 section 8).
        let places = self.theirs.as_ref().map(|(theirs, _)| theirs.medias.clone());
        let places = places.unwrap_or_else(|| self.places());
        let direction = (!self.zeroed).then_some(self.want);
        let body = self.publish("0 0", &places, &formats, (!self.no_events).then_some(event), direction);
        self.offered = Sdp::parse(body.as_bytes()).ok();
        self.answered = None;
        body
    }

    /// The streams of a first offer.
    fn places(&self) -> Vec<Media> {
        let video = "m=video 6000 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\n";
        let audio = "m=audio 9 RTP/AVP 0\r\n";
        let streams = match self.video {
            Video::None => audio.to_owned(),
            Video::Before => format!("{video}{audio}"),
            Video::After => format!("{audio}{video}"),
        };
        let text = format!("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n{streams}");
        Sdp::parse(text.as_bytes()).map(|sdp| sdp.medias).unwrap_or_default()
    }

    /// What we last said.
    pub fn said(&self) -> String {
        self.ours.clone().unwrap_or_default()
    }

    pub fn pending(&self) -> bool {
        self.offered.is_some() && self.answered.is_none()
    }

    /// What may come in because of our offer, although its answer is still on its way (RFC 3264 section 5.1).
    pub fn offered(&self) -> Vec<(u8, Codec)> {
        let offer = self.offered.as_ref().filter(|_| self.answered.is_none());
        offer.and_then(|offer| offer.medias.get(audio_place(&offer.medias))).map(formats).unwrap_or_default()
    }

    /// The codec in use, where several were agreed on.
    pub fn several(&self) -> Option<Codec> {
        let theirs = &self.theirs.as_ref()?.0.medias;
        let count = theirs.get(audio_place(theirs)).map_or(0, |media| formats(media).len());
        self.stream.as_ref().filter(|_| count > 1).map(|stream| stream.codec.1)
    }

    pub fn rollback(&mut self) {
        self.offered = None;
        self.answered = None;
    }

    /// An offer was refused for reasons of the signalling; its version is used up all the same.
    pub fn refuse(&mut self, body: &[u8]) {
        if let Ok(sdp) = Sdp::parse(body) {
            self.refused = self.refused.max(sdp.origin.sess_version);
        }
    }

    /// Answers an offer; an error is the SIP status it deserves.
    pub fn answer(&mut self, body: &[u8]) -> Result<String, u16> {
        let offer = self.read(body).ok_or(400u16)?;
        if let Some((before, _)) = &self.theirs
            && offer.medias.len() < before.medias.len()
        {
            self.faults.push("a later offer has fewer streams".into());
        }
        let place = audio_place(&offer.medias);
        let audio = offer.medias.get(place).filter(|media| media.media == "audio").ok_or(488u16)?.clone();
        let theirs = formats(&audio);
        let common: Vec<(u8, Codec)> =
            theirs.iter().filter(|(_, codec)| self.codecs.contains(codec)).copied().collect();
        let Some(&codec) = common.first() else { return Err(488) };
        let remote = remote(&offer, &audio).ok_or(488u16)?;
        let event = event(&audio).filter(|_| !self.no_events);
        let direction = self.want.and(direction(&offer, &audio).reversed());
        let times = offer.times.first().map_or("0 0".into(), |time| format!("{} {}", time.start_time, time.stop_time));
        self.begin(Stream { remote, codec, accepts: common.clone(), event, direction });
        self.theirs = Some((offer.clone(), body.to_vec()));
        self.rollback();
        let mut places = offer.medias.clone();
        for (_, media) in places.iter_mut().enumerate().filter(|(at, _)| *at != place) {
            // RFC 3264 section 6: what is not taken has port 0.
            media.port = 0;
            media.attributes.clear();
        }
        Ok(self.publish(&times, &places, &common, event, Some(direction)))
    }

    fn begin(&mut self, stream: Stream) {
        self.agreed.extend(stream.accepts.iter().map(|(number, _)| *number));
        self.stream = Some(stream);
    }

    /// Takes the answer to our offer. False when the body is none.
    pub fn accept(&mut self, body: &[u8]) -> bool {
        if let Some(before) = &self.answered {
            if before != body {
                self.faults.push("the answer differs from the one given before in the same transaction".into());
            }
            return true;
        }
        let Some(offer) = self.offered.clone() else {
            self.faults.push("a session description where none is due".into());
            return false;
        };
        let Some(answer) = self.read(body) else { return false };
        let judged = fit(&offer, &answer);
        self.faults.extend(judged);
        let place = audio_place(&offer.medias);
        let (Some(ours), Some(theirs)) = (offer.medias.get(place), answer.medias.get(place)) else { return false };
        let accepts: Vec<(u8, Codec)> = formats(ours);
        let codec = formats(theirs).into_iter().find(|(_, codec)| accepts.iter().any(|(_, other)| other == codec));
        let (Some(codec), Some(remote)) = (codec, remote(&answer, theirs)) else { return false };
        let direction = direction(&offer, ours).and(direction(&answer, theirs).reversed());
        self.begin(Stream { remote, codec, accepts, event: event(theirs), direction });
        self.answered = Some(body.to_vec());
        self.theirs = Some((answer, body.to_vec()));
        true
    }

    /// Parses their body and holds its o= line against the last one.
    fn read(&mut self, body: &[u8]) -> Option<Sdp> {
        let sdp = match Sdp::parse(body) {
            Ok(sdp) => sdp,
            Err(fault) => {
                self.faults.push(format!("SDP: {fault}"));
                return None;
            }
        };
        if sdp.times.is_empty() {
            self.faults.push("SDP without t=".into());
        }
        if let Some((before, bytes)) = &self.theirs {
            let (old, new) = (&before.origin, &sdp.origin);
            let named = |origin: &sdp_types::Origin| {
                (origin.username.clone(), origin.sess_id.clone(), origin.unicast_address.clone())
            };
            if named(old) != named(new) {
                self.faults.push(format!("the o= line changed: {} became {}", told(old), told(new)));
            } else if bytes != body
                && (new.sess_version <= old.sess_version
                    || new.sess_version > old.sess_version.max(self.refused).saturating_add(1))
            {
                // RFC 3264 section 8: the version rises by one when anything changes.
                self.faults
                    .push(format!("SDP changed and its version went {} to {}", old.sess_version, new.sess_version));
            }
        }
        for media in sdp.medias.iter().filter(|media| media.port != 0) {
            if media.connections.is_empty() && sdp.connection.is_none() {
                self.faults.push(format!("no c= line for {}", media.media));
            }
            let mapped = |number: &str| {
                media
                    .get_attribute_values("rtpmap")
                    .flatten()
                    .any(|map| map.split_ascii_whitespace().next() == Some(number))
            };
            for number in media.fmt.split_ascii_whitespace() {
                if number.parse::<u8>().is_ok_and(|number| number >= 96) && !mapped(number) {
                    self.faults.push(format!("payload type {number} without an rtpmap"));
                }
            }
        }
        Some(sdp)
    }

    fn publish(
        &mut self,
        times: &str,
        places: &[Media],
        formats: &[(u8, Codec)],
        event: Option<u8>,
        direction: Option<Direction>,
    ) -> String {
        let mut numbers: Vec<String> = formats.iter().map(|(number, _)| number.to_string()).collect();
        numbers.extend(event.map(|number| number.to_string()));
        let audio = audio_place(places);
        let mut streams = String::new();
        for place in places.iter().take(audio) {
            other(&mut streams, place);
        }
        let proto = places.get(audio).map_or("RTP/AVP", |place| &place.proto);
        let _ = write!(streams, "m=audio {} {proto} {}\r\n", self.address.port(), numbers.join(" "));
        for (number, codec) in formats {
            let _ = write!(streams, "a=rtpmap:{number} {}/8000\r\n", codec.name());
        }
        if let Some(number) = event {
            let _ = write!(streams, "a=rtpmap:{number} telephone-event/8000\r\na=fmtp:{number} 0-15\r\n");
        }
        if let Some(direction) = direction {
            let _ = write!(streams, "a={}\r\n", direction.as_str());
        }
        if self.ptime != 20 {
            let _ = write!(streams, "a=ptime:{}\r\n", self.ptime);
        }
        for place in places.iter().skip(audio + 1) {
            other(&mut streams, place);
        }
        let ip = self.address.ip();
        let reached = if self.zeroed { Ipv4Addr::UNSPECIFIED.into() } else { ip };
        let rest = format!("s=-\r\nc=IN IP4 {reached}\r\nt={times}\r\n{streams}");
        if !self.ours.as_ref().is_some_and(|ours| ours.ends_with(&rest)) {
            self.version += 1;
        }
        let body = format!("v=0\r\no={} {} {} IN IP4 {ip}\r\n{rest}", self.user, self.id, self.version);
        self.ours = Some(body.clone());
        body
    }
}

/// A stream that is not ours to play.
fn other(streams: &mut String, place: &Media) {
    let _ = write!(streams, "m={} {} {} {}\r\n", place.media, place.port, place.proto, place.fmt);
    for map in place.get_attribute_values("rtpmap").flatten() {
        let _ = write!(streams, "a=rtpmap:{map}\r\n");
    }
}

fn told(origin: &sdp_types::Origin) -> String {
    format!("{} {} {}", origin.username.as_deref().unwrap_or("-"), origin.sess_id, origin.unicast_address)
}

/// Where the audio stands: the first that is open, else the first.
fn audio_place(medias: &[Media]) -> usize {
    let audio = |open: bool| medias.iter().position(|media| media.media == "audio" && (media.port != 0 || !open));
    audio(true).or_else(|| audio(false)).unwrap_or(0)
}

/// What RFC 3264 section 6 says of an answer, against its offer.
fn fit(offer: &Sdp, answer: &Sdp) -> Vec<String> {
    let mut faults = Vec::new();
    if offer.medias.len() != answer.medias.len() {
        faults.push(format!("{} streams answered with {}", offer.medias.len(), answer.medias.len()));
    }
    if offer.times != answer.times {
        faults.push("the answer's t= line is not the offer's".into());
    }
    for (ours, theirs) in offer.medias.iter().zip(&answer.medias) {
        if (&ours.media, &ours.proto) != (&theirs.media, &theirs.proto) {
            faults.push(format!("{} {} answered as {} {}", ours.media, ours.proto, theirs.media, theirs.proto));
        }
        if theirs.port == 0 {
            continue;
        }
        if ours.media != "audio" {
            faults.push(format!("{} was taken, which nobody here can play", ours.media));
        }
        if ours.port == 0 {
            faults.push("a stream with port 0 was answered with a port".into());
        }
        let offered = meanings(ours);
        for (number, meaning) in meanings(theirs) {
            if !offered.iter().any(|(_, other)| *other == meaning) {
                faults.push(format!("the answer lists {meaning}, which was not offered"));
            } else if !offered.contains(&(number, meaning.clone())) {
                faults.push(format!("the answer renumbers {meaning} as {number}"));
            }
        }
        let (asked, said) = (written(offer, ours), written(answer, theirs));
        if said.and(asked.reversed()) != said {
            faults.push(format!("{} answered with {}", asked.as_str(), said.as_str()));
        }
    }
    faults
}

/// Each payload type with what it means: `PCMU/8000`.
fn meanings(media: &Media) -> Vec<(u8, String)> {
    let numbers = media.fmt.split_ascii_whitespace().filter_map(|number| number.parse::<u8>().ok());
    numbers
        .map(|number| {
            let map = media.get_attribute_values("rtpmap").flatten().find_map(|map| {
                let (of, meaning) = map.trim().split_once(' ')?;
                (of.parse() == Ok(number)).then(|| meaning.trim().trim_end_matches("/1").to_ascii_uppercase())
            });
            let standing = match number {
                0 => "PCMU/8000".into(),
                8 => "PCMA/8000".into(),
                _ => format!("payload type {number}"),
            };
            (number, map.unwrap_or(standing))
        })
        .collect()
}

fn formats(media: &Media) -> Vec<(u8, Codec)> {
    let codec = |(number, meaning): (u8, String)| match meaning.as_str() {
        "PCMU/8000" => Some((number, Codec::Pcmu)),
        "PCMA/8000" => Some((number, Codec::Pcma)),
        _ => None,
    };
    meanings(media).into_iter().filter_map(codec).collect()
}

fn event(media: &Media) -> Option<u8> {
    meanings(media).into_iter().find(|(_, meaning)| meaning == "TELEPHONE-EVENT/8000").map(|(number, _)| number)
}

/// The direction that the attributes say.
fn written(sdp: &Sdp, media: &Media) -> Direction {
    let said = |has: &dyn Fn(&str) -> bool| Direction::ALL.into_iter().find(|direction| has(direction.as_str()));
    said(&|name| media.has_attribute(name)).or_else(|| said(&|name| sdp.has_attribute(name))).unwrap_or_default()
}

fn direction(sdp: &Sdp, media: &Media) -> Direction {
    let address = media.connections.first().or(sdp.connection.as_ref()).map_or("", |c| &c.connection_address);
    match written(sdp, media) {
        _ if media.port == 0 => Direction::Inactive,
        said if address == "0.0.0.0" => Direction::of(said.sends(), false),
        said => said,
    }
}

fn remote(sdp: &Sdp, media: &Media) -> Option<SocketAddr> {
    let connection = media.connections.first().or(sdp.connection.as_ref())?;
    Some(SocketAddr::new(connection.connection_address.parse().ok()?, media.port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(codecs: &[Codec]) -> Session {
        Session::new(9, "john", "127.0.0.1:7000".parse().unwrap(), codecs)
    }

    #[test]
    fn two_phones_agree() {
        let (mut a, mut b) = (session(&[Codec::Pcmu, Codec::Pcma]), session(&[Codec::Pcma]));
        let answer = b.answer(a.offer().as_bytes()).unwrap();
        assert!(a.accept(answer.as_bytes()));
        assert_eq!(a.stream.as_ref().unwrap().codec, (8, Codec::Pcma));
        assert_eq!(a.stream.as_ref().unwrap().event, Some(101));
        a.want = Direction::SendOnly;
        let answer = b.answer(a.offer().as_bytes()).unwrap();
        assert!(answer.contains("a=recvonly"), "{answer}");
        assert!(a.accept(answer.as_bytes()));
        assert_eq!(a.stream.as_ref().unwrap().direction, Direction::SendOnly);
        assert_eq!(b.stream.as_ref().unwrap().direction, Direction::RecvOnly);
        assert!(a.faults.is_empty() && b.faults.is_empty(), "{:?} {:?}", a.faults, b.faults);
    }

    #[test]
    fn bad_answers_are_named() {
        let good = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                    m=audio 9000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=recvonly\r\n";
        for (from, to, fault) in [
            ("", "", ""),
            ("AVP 0 101", "AVP 0 8 101", "PCMA/8000, which was not offered"),
            ("a=recvonly", "a=sendrecv", "sendonly answered with sendrecv"),
            ("m=audio", "m=video 0 RTP/AVP 97\r\nm=audio", "1 streams answered with 2"),
            ("101", "99", "renumbers"),
            ("RTP/AVP", "RTP/SAVP", "answered as audio RTP/SAVP"),
            ("t=0 0", "t=1 2", "t= line"),
            ("c=IN IP4 127.0.0.1\r\n", "", "no c= line"),
            ("a=rtpmap:101 telephone-event/8000\r\n", "", "without an rtpmap"),
        ] {
            let mut phone = session(&[Codec::Pcmu]);
            phone.want = Direction::SendOnly;
            phone.offer();
            phone.accept(good.replace(from, to).as_bytes());
            let told = phone.faults.join("; ");
            assert_eq!(fault.is_empty(), told.is_empty(), "{told}");
            assert!(told.contains(fault), "{fault}: {told}");
        }
    }

    #[test]
    fn the_o_line_is_watched() {
        let offer = |id: u32, version: u32, direction: &str| {
            format!(
                "v=0\r\no=- {id} {version} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                 m=audio 9000 RTP/AVP 0\r\na={direction}\r\n"
            )
        };
        for (second, fault) in [
            (offer(1, 1, "sendrecv"), ""),
            (offer(1, 2, "sendonly"), ""),
            (offer(1, 1, "sendonly"), "version went 1 to 1"),
            (offer(1, 3, "sendonly"), "version went 1 to 3"),
            (offer(2, 2, "sendonly"), "o= line changed"),
        ] {
            let mut phone = session(&[Codec::Pcmu]);
            phone.answer(offer(1, 1, "sendrecv").as_bytes()).unwrap();
            phone.answer(second.as_bytes()).unwrap();
            let told = phone.faults.join("; ");
            assert_eq!(fault.is_empty(), told.is_empty(), "{told}");
            assert!(told.contains(fault), "{told}");
        }
    }
}
