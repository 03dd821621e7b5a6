//! One party's SIP session, SDP and media port: re-INVITEs until what it has equals what the contact wants.
//!
//! Media first, signalling second: a new wish reaches the port at once; then the phone is told. A phone that refuses to
//! be told keeps its call, held on our side only.

mod digits;
mod opening;
mod ports;

pub use ports::Ports;

use crate::contact::Identity;
use crate::ids::{ConnectionId, LegId, PortId, ShardId};
use crate::limits::OVERTAKEN;
use crate::media::{Codec, MediaCommand, PortSpec, PortStats, Source, Start};
use crate::sdp::{Agreed, Direction, Local, Name as CodecName, Negotiator};
use crate::sip::{self, Endpoint, Method, Name, NameAddr, OfferBy, SessionId, Status, Text, Uri};
use crate::time::Time;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use tracing::debug;

/// What the contact wants of this leg, in the words of ports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Want {
    pub source: Source,
    pub heard: bool,
    pub held: bool,
    pub shows: Option<Identity>,
}

/// ```text
/// offered -> answering -> up -> gone      (they called us; answering: our 200 waits for its ACK)
/// calling --------------> up -> gone      (we called them)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Offered,
    Answering,
    Calling,
    Up,
    Gone,
}

/// At most one offer of ours is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exchange {
    Idle,
    Asked {
        held: bool,
        shows: Option<Identity>,
        body: bool,
        /// The port that the offer names.
        port: u16,
    },
    /// Glare: again at this time (RFC 3261 section 14.1).
    Retry(Time),
}

#[derive(Clone, Debug)]
pub struct Leg {
    pub id: LegId,
    pub connection: ConnectionId,
    pub session: SessionId,
    pub port: PortId,
    pub shard: ShardId,
    pub address: SocketAddr,
    /// What the peer is told as our media address, when it is another than ours (behind NAT).
    pub shown_address: SocketAddr,
    /// Where the phone's signalling comes from.
    peer: IpAddr,
    pub stage: Stage,
    /// Our own address in Contact.
    pub contact: Uri,
    /// How the phone is told that it is held; `None`: not at all.
    pub signalling: Option<OfferBy>,
    /// Whether it is told who the others are.
    tells: bool,
    /// The SIP domain for addresses of agents and numbers.
    pub domain: String,
    codecs: Vec<Codec>,
    negotiator: Negotiator,
    /// Early dialogs of our call that have answered its offer: each of them is an exchange of its own.
    forks: BTreeMap<u32, Negotiator>,
    /// The one of them that is heard: the first.
    heard_early: Option<u32>,
    /// What we said of our media before the call was answered.
    described: Option<Bytes>,
    /// The INVITE's offer, until it is answered.
    offer: Option<Bytes>,
    want: Want,
    told_held: bool,
    shown: Option<Identity>,
    /// A hold the phone refused: not asked again until something else is wanted.
    refused: Option<bool>,
    exchange: Exchange,
    /// The last offer was answered 500, and is made once more.
    overtaken: bool,
    /// The session is to be refreshed, in this way if nothing else is to be told.
    stale: Option<OfferBy>,
    phone_holds: bool,
    start: Start,
    spec: PortSpec,
    /// What its port told last.
    pub stats: Option<PortStats>,
    infos: digits::Infos,
    /// The phone sends to a port that is no longer ours, or knows of none.
    moved: bool,
}

/// What a leg acts through.
pub struct Doors<'a> {
    pub now: Time,
    pub endpoint: &'a mut Endpoint,
    pub sip: &'a mut Vec<sip::Out>,
    pub media: &'a mut Vec<(ShardId, MediaCommand)>,
    /// Which ports are ours.
    pub ports: &'a Ports,
}

/// What is needed to make one.
pub struct Plot {
    pub id: LegId,
    pub connection: ConnectionId,
    pub session: SessionId,
    pub port: PortId,
    pub shard: ShardId,
    pub address: SocketAddr,
    pub shown_address: SocketAddr,
    pub peer: IpAddr,
    pub contact: Uri,
    /// How the phone is told that it is held; `None`: not at all.
    pub signalling: Option<OfferBy>,
    /// Whether it is told who the others are.
    pub tells: bool,
    pub domain: String,
    pub codecs: Vec<Codec>,
    /// For o= of our SDP.
    pub sdp_session: u64,
}

/// What the phone did that the contact must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    Nothing,
    /// Its Hold key was pressed or released.
    PhoneHold(bool),
    /// It sends to a port that is not ours any more, and refuses to be told of another.
    Deaf,
}

impl Leg {
    /// They called us. `offer` is the INVITE's body, if it has one.
    pub fn incoming(plot: Plot, offer: Option<Bytes>, doors: &mut Doors) -> Leg {
        let leg = Leg::new(plot, Stage::Offered, offer);
        leg.open(doors);
        leg
    }

    /// We call them; the first offer is for the INVITE. `shown` is who its From says is calling.
    pub fn outgoing(plot: Plot, shown: Identity, doors: &mut Doors) -> (Leg, Bytes) {
        let mut leg = Leg::new(plot, Stage::Calling, None);
        leg.shown = Some(shown);
        leg.open(doors);
        let offer = leg.negotiator.offer(&leg.local());
        (leg, offer)
    }

    fn new(plot: Plot, stage: Stage, offer: Option<Bytes>) -> Leg {
        Leg {
            id: plot.id,
            connection: plot.connection,
            session: plot.session,
            port: plot.port,
            shard: plot.shard,
            address: plot.address,
            shown_address: plot.shown_address,
            peer: plot.peer,
            stage,
            contact: plot.contact,
            signalling: plot.signalling,
            tells: plot.tells,
            domain: plot.domain,
            codecs: plot.codecs,
            negotiator: Negotiator::new(plot.sdp_session),
            forks: BTreeMap::new(),
            heard_early: None,
            described: None,
            offer,
            want: Want::default(),
            told_held: false,
            shown: None,
            refused: None,
            exchange: Exchange::Idle,
            overtaken: false,
            stale: None,
            phone_holds: false,
            start: Start::Wait,
            spec: PortSpec::default(),
            stats: None,
            infos: digits::Infos::default(),
            moved: false,
        }
    }

    fn open(&self, doors: &mut Doors) {
        doors.media.push((self.shard, MediaCommand::Open { port: self.port, local: self.address }));
    }

    fn local(&self) -> Local {
        Local {
            address: self.shown_address,
            codecs: self.codecs.iter().map(|c| sdp_name(*c)).map(|name| (name.payload_type(), name)).collect(),
            telephone_event: true,
            direction: if self.want.held && self.signalling.is_some() {
                Direction::SendOnly
            } else {
                Direction::SendRecv
            },
        }
    }

    /// Their offer in a re-INVITE, an UPDATE or a PRACK; `fork`: in this early dialog of our call.
    pub fn offered(&mut self, by: &Method, fork: Option<u32>, body: Option<&Bytes>, doors: &mut Doors) -> Heard {
        let local = self.local();
        if let (Some(early), Some(body)) = (fork.and_then(|fork| self.forks.get_mut(&fork)), body) {
            let answer = early.answer(body, &local).map(|(answer, _)| answer);
            let answer = answer.map_err(|fault| Status::new(fault.status()).unwrap_or(Status::NOT_ACCEPTABLE_HERE));
            doors.endpoint.answer(doors.now, self.session, answer, Vec::new(), doors.sip);
            self.push_spec(doors);
            return Heard::Nothing;
        }
        let (answer, heard) = match body {
            None => (Ok(self.negotiator.offer(&local)), Heard::Nothing),
            Some(body) => match self.negotiator.answer(body, &local) {
                Ok((answer, agreed)) => {
                    self.told_held = local.direction == Direction::SendOnly;
                    (Ok(answer), self.phone_hold(&agreed))
                }
                Err(fault) => {
                    debug!(leg = %self.id, %fault, "a new offer cannot be answered");
                    // RFC 3262 section 3: a PRACK is never refused. The next offer is ours.
                    let owed = *by == Method::Prack;
                    let declined = if owed { self.negotiator.decline(body).ok() } else { None };
                    self.moved |= declined.is_some();
                    let status = Status::new(fault.status()).unwrap_or(Status::NOT_ACCEPTABLE_HERE);
                    (declined.ok_or(status), Heard::Nothing)
                }
            },
        };
        doors.endpoint.answer(doors.now, self.session, answer, Vec::new(), doors.sip);
        self.push_spec(doors);
        heard
    }

    /// Whether the phone holds by what it has offered or answered, where that is news.
    fn phone_hold(&mut self, agreed: &Agreed) -> Heard {
        let holds = !agreed.remote_direction.receives();
        let changed = std::mem::replace(&mut self.phone_holds, holds) != holds;
        if changed { Heard::PhoneHold(holds) } else { Heard::Nothing }
    }

    /// The final response to an offer of ours.
    pub fn offer_answered(
        &mut self,
        status: Status,
        body: Option<&Bytes>,
        retry: Option<Time>,
        doors: &mut Doors,
    ) -> Heard {
        let Exchange::Asked { held, shows, body: with_body, port } =
            std::mem::replace(&mut self.exchange, Exchange::Idle)
        else {
            return Heard::Nothing;
        };
        let overtaken = std::mem::take(&mut self.overtaken);
        if status.is_success() {
            if with_body {
                match body.map(|b| self.negotiator.accept(b)) {
                    Some(Ok(_)) => {}
                    Some(Err(fault)) => {
                        debug!(leg = %self.id, %fault, "an answer does not fit the offer");
                        self.negotiator.rollback();
                    }
                    None => self.negotiator.rollback(),
                }
                self.told_held = held;
                // The port may have moved once more while this was under way.
                self.moved &= port != self.shown_address.port();
            }
            self.shown = shows.or(self.shown.take());
            self.stale = None;
        } else {
            self.negotiator.rollback();
            // Whether and when it is tried again, the session says.
            // RFC 3261 section 12.2.2: a 500 may only say that a later request of ours was faster.
            let again = (status == Status::SERVER_INTERNAL_ERROR && !overtaken).then_some(doors.now + OVERTAKEN);
            self.overtaken = retry.is_none() && again.is_some();
            let retry = retry.or(again);
            self.stale = self.stale.filter(|_| retry.is_some());
            match retry {
                Some(at) => self.exchange = Exchange::Retry(at),
                None if with_body && self.moved => return Heard::Deaf,
                // Refused (488 and the like): the call goes on, held on our side only.
                None if with_body && held != self.told_held => self.refused = Some(held),
                None => self.shown = shows.or(self.shown.take()),
            }
        }
        self.push_spec(doors);
        self.reconcile(doors);
        Heard::Nothing
    }

    /// The session is to be refreshed.
    pub fn refresh(&mut self, by: OfferBy, doors: &mut Doors) {
        self.stale = Some(by);
        self.reconcile(doors);
    }

    /// What the contact wants from now on.
    pub fn set(&mut self, want: Want, doors: &mut Doors) {
        if want.held != self.want.held {
            self.refused = None;
        }
        self.want = want;
        self.push_spec(doors);
        self.reconcile(doors);
    }

    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        match self.exchange {
            Exchange::Retry(at) => Some(at),
            _ => None,
        }
    }

    pub fn wake(&mut self, doors: &mut Doors) {
        if matches!(self.exchange, Exchange::Retry(at) if at <= doors.now) {
            self.exchange = Exchange::Idle;
            self.reconcile(doors);
        }
    }

    /// The port could not be bound: another number, which the phone is told as soon as it can be.
    pub fn move_to(&mut self, port: PortId, number: u16, doors: &mut Doors) {
        doors.media.push((self.shard, MediaCommand::Close { port: self.port }));
        self.port = port;
        self.address.set_port(number);
        self.shown_address.set_port(number);
        self.moved = self.stage != Stage::Offered || self.described.is_some();
        self.spec = PortSpec::default();
        self.open(doors);
        self.push_spec(doors);
        self.reconcile(doors);
    }

    /// The port goes on as it is on another media thread, and its stream with it.
    pub fn move_to_shard(&mut self, to: ShardId, doors: &mut Doors) {
        if self.shard != to && self.stage != Stage::Gone {
            doors.media.push((to, MediaCommand::Expect { port: self.port }));
            doors.media.push((self.shard, MediaCommand::HandOver { port: self.port, to }));
            self.shard = to;
        }
    }

    /// The session is over; the port closes.
    pub fn close(&mut self, doors: &mut Doors) {
        if self.stage != Stage::Gone {
            self.stage = Stage::Gone;
            doors.media.push((self.shard, MediaCommand::Close { port: self.port }));
        }
    }

    /// Whether the phone is told of its hold as the contact wants it, or has refused to be.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let held = self.want.held;
        let told = held == self.told_held || self.signalling.is_none() || self.refused == Some(held);
        told && self.exchange == Exchange::Idle && !self.negotiator.pending()
    }

    /// On hold from either side, or a phone that only listens: it may well send nothing.
    #[must_use]
    pub fn may_be_silent(&self) -> bool {
        let listens = self.negotiator.agreed().is_some_and(|agreed| !agreed.remote_direction.sends());
        self.want.held || self.phone_holds || listens
    }

    /// What its port was last told.
    #[must_use]
    pub fn spec(&self) -> &PortSpec {
        &self.spec
    }

    /// The codec in use.
    #[must_use]
    pub fn codec(&self) -> Option<Codec> {
        self.negotiator.agreed().and_then(|a| a.codecs.first()).map(|(_, name)| media_codec(*name))
    }

    /// Tells the phone what it does not know yet.
    fn reconcile(&mut self, doors: &mut Doors) {
        if self.stage != Stage::Up || self.exchange != Exchange::Idle || self.negotiator.pending() {
            return;
        }
        let held = self.want.held;
        let direction = held != self.told_held && self.signalling.is_some() && self.refused != Some(held);
        let shows = self.want.shows.clone().filter(|_| self.tells);
        let identity = shows.is_some() && shows != self.shown;
        let stale = self.stale.is_some();
        let only_stale = stale && !direction && !self.moved;
        if !direction && !identity && !self.moved && !stale {
            return;
        }
        let update = doors.endpoint.peer(self.session).is_some_and(|p| p.allow.contains(&Method::Update));
        if !direction && !self.moved && !stale && self.shown.is_none() && !update {
            // The first party of a plain connect is not worth a re-INVITE.
            self.shown = shows;
            return;
        }
        let before = self.negotiator.clone();
        let by_update =
            update && self.stale != Some(OfferBy::ReInvite) && (!direction || self.signalling == Some(OfferBy::Update));
        let body = if only_stale && !by_update { self.negotiator.repeat() } else { None };
        let body = body.or_else(|| {
            let local = self.local();
            (direction || self.moved || !by_update).then(|| self.negotiator.offer(&local))
        });
        let by = if by_update { OfferBy::Update } else { OfferBy::ReInvite };
        let headers = shows.as_ref().or(self.shown.as_ref()).filter(|_| self.tells).map(|who| self.asserted(who));
        let headers = headers.into_iter().flatten().collect();
        // What is repeated says what it said.
        let held = if only_stale { self.told_held } else { held };
        let (with_body, port) = (body.is_some(), self.shown_address.port());
        match doors.endpoint.offer(doors.now, self.session, by, headers, body, doors.sip) {
            Ok(()) => self.exchange = Exchange::Asked { held, shows, body: with_body, port },
            // Another exchange is under way: its end brings us back here. What was not said has no version of its own
            // (RFC 3264 section 8).
            Err(_) => self.negotiator = before,
        }
    }

    /// Whom the phone should show: P-Asserted-Identity (RFC 3325), and From for phones that take it (RFC 4916).
    fn asserted(&self, who: &Identity) -> [(Name, Text); 2] {
        let who = Text::from(name_addr(who, &self.domain).to_string());
        [(Name::PAssertedIdentity, who.clone()), (Name::From, who)]
    }

    fn push_spec(&mut self, doors: &mut Doors) {
        if self.stage == Stage::Gone {
            return;
        }
        let mut spec = PortSpec { generation: self.spec.generation, start: self.start, ..PortSpec::default() };
        let early = self.heard_early.and_then(|fork| self.forks.get(&fork));
        if let Some(agreed) = early.unwrap_or(&self.negotiator).agreed() {
            // A phone that names a port of ours would have us talk to ourselves for ever.
            let own = |to: &SocketAddr| {
                [self.address.ip(), self.shown_address.ip()].contains(&to.ip()) && doors.ports.is_ours(to.port())
            };
            spec.remote = Some(agreed.remote).filter(|to| !own(to));
            spec.rtcp = Some(agreed.remote_rtcp).filter(|to| !own(to));
            spec.signalled = Some(self.peer);
            spec.rtcp_mux = agreed.rtcp_mux;
            spec.latch = true;
            spec.ptime = agreed.ptime;
            spec.codec = agreed.codecs.first().map(|(pt, name)| (media_codec(*name), *pt));
            spec.accepts = agreed.accepts.iter().map(|(pt, name)| (*pt, media_codec(*name))).collect();
            spec.telephone_event = agreed.telephone_event;
            spec.accepts_event = agreed.accepts_event;
            spec.send = agreed.remote_direction.receives();
        }
        spec.receive = self.want.heard;
        spec.source = self.want.source.clone();
        if spec != self.spec {
            spec.generation += 1;
            self.spec = spec.clone();
            doors.media.push((self.shard, MediaCommand::Set { port: self.port, spec }));
        }
    }
}

/// An identity as a SIP address: a URI stands for itself, anything else is a user of our domain.
#[must_use]
pub fn name_addr(who: &Identity, domain: &str) -> NameAddr {
    let display = (!who.name.is_empty()).then_some(who.name.as_str());
    let uri = if who.address.contains(':') { Uri::parse(&who.address).ok() } else { None };
    NameAddr::new(display, uri.unwrap_or_else(|| Uri::sip(&who.address, domain, None)))
}

fn media_codec(name: CodecName) -> Codec {
    match name {
        CodecName::Pcmu => Codec::Pcmu,
        CodecName::Pcma => Codec::Pcma,
    }
}

fn sdp_name(codec: Codec) -> CodecName {
    match codec {
        Codec::Pcmu => CodecName::Pcmu,
        Codec::Pcma => CodecName::Pcma,
    }
}
