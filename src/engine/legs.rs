//! Legs and their numbers: dialling, answering and ending what fills a connection.

use super::uui::USER_TO_USER;
use super::{Alarm, CallId, Engine, Line, privacy};
use crate::contact::{Dial, Identity, Phase, Reason};
use crate::ids::{AgentId, ConnectionId, ContactId, LegId, PortId, ShardId};
use crate::leg::{Doors, Leg, Plot, Stage, name_addr};
use crate::registrar::Binding;
use crate::sip::digest::Account;
use crate::sip::{
    Call as SipCall, End, Link, Name, NameAddr, OfferBy, Scheme, SessionId, Status, Text, Transport, Uri, is_nowhere,
    is_own,
};
use std::net::SocketAddr;
use tracing::{debug, warn};

const ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

impl Engine {
    pub(super) fn with_leg<R>(&mut self, id: LegId, run: impl FnOnce(&mut Leg, &mut Doors) -> R) -> Option<R> {
        let leg = self.legs.get_mut(&id)?;
        let mut doors = Doors {
            now: self.now,
            endpoint: &mut self.endpoint,
            sip: &mut self.sip_out,
            media: &mut self.media_out,
            ports: &self.ports,
        };
        let result = run(leg, &mut doors);
        let (gone, deadline) = (leg.stage == Stage::Gone, leg.deadline());
        if gone && let Some(leg) = self.legs.remove(&id) {
            self.sessions.remove(&leg.session);
            self.arm(Alarm::Leg(id), None);
            self.arm(Alarm::Hunt(id), None);
            if let Some(trunk) = self.trunk_legs.remove(&id) {
                self.trunks.release(&trunk);
            }
        } else {
            self.arm(Alarm::Leg(id), deadline);
        }
        Some(result)
    }

    /// Everything a leg is made of, or `None` when no port is free.
    pub(super) fn plot(&mut self, call: CallId, connection: ConnectionId, link: Link, user: &str) -> Option<Plot> {
        let number = self.ports.take(self.now)?;
        let id = LegId(self.count());
        let port = self.new_port(id, number);
        let settings = &self.site.media;
        let agent = self.calls.get(&call).and_then(|c| c.connections().get(&connection)).and_then(|c| c.agent.clone());
        let trunk = self.lines.get(&connection).and_then(|line| line.trunk.as_deref());
        let signalling = match trunk {
            Some(trunk) => trunk.hold_signalling,
            None => agent.and_then(|a| self.site.agents.get(&a)).map_or(Some(OfferBy::ReInvite), |a| a.hold_signalling),
        };
        let tells = trunk.is_none_or(|trunk| trunk.trusted);
        // A phone of the other family gets an address it can reach, where there is one.
        let listen = if settings.listen.is_ipv4() == link.remote.is_ipv4() || settings.listen.is_unspecified() {
            settings.listen
        } else {
            link.local.ip()
        };
        let listen =
            if listen.is_unspecified() && !link.local.ip().is_unspecified() { link.local.ip() } else { listen };
        Some(Plot {
            id,
            connection,
            session: SessionId(0),
            port,
            shard: self.shard_of(call),
            address: SocketAddr::new(listen, number),
            shown_address: SocketAddr::new(self.site.sip.shown_ip(listen, link.remote.ip()), number),
            peer: link.remote.ip(),
            contact: self.our_uri(user, link),
            signalling,
            tells,
            domain: self.site.sip.domain.clone(),
            codecs: settings.codecs.clone(),
            sdp_session: self.mint.u64() >> 2,
        })
    }

    /// Which media thread a call's ports live on: all on one, so that they can hear each other.
    pub(super) fn shard_of(&self, call: CallId) -> ShardId {
        ShardId(u16::try_from(call.0 % u64::from(self.shards)).unwrap_or(0))
    }

    /// Legs that came from another call bring their ports to this one's media thread.
    pub(super) fn gather(&mut self, id: CallId) {
        let shard = self.shard_of(id);
        let Some(call) = self.calls.get(&id) else { return };
        let lines = call.connections().keys().filter_map(|connection| self.lines.get(connection));
        let strange = |leg: &LegId| self.legs.get(leg).is_some_and(|leg| leg.shard != shard);
        let elsewhere: Vec<LegId> = lines.flat_map(|line| line.legs.iter().copied()).filter(strange).collect();
        for leg in elsewhere {
            self.with_leg(leg, |leg, doors| leg.move_to_shard(shard, doors));
        }
    }

    pub(super) fn new_port(&mut self, leg: LegId, number: u16) -> PortId {
        let port = PortId(self.count());
        self.port_numbers.insert(port, number);
        self.port_legs.insert(port, leg);
        port
    }

    /// How a peer on this link reaches us.
    pub(super) fn our_uri(&self, user: &str, link: Link) -> Uri {
        let ip = self.site.sip.shown_ip(link.local.ip(), link.remote.ip());
        let mut uri = Uri::sip(user, ip, Some(link.local.port()));
        if link.transport == Transport::Tcp {
            uri.params.set("transport", "tcp");
        }
        uri
    }

    /// The line of a connection, made when it is new.
    pub(super) fn open_line(&mut self, call: CallId, connection: ConnectionId) {
        self.lines.insert(
            connection,
            Line {
                call,
                legs: Vec::new(),
                failed: None,
                reason: None,
                trunk: None,
                hunt: None,
                user_to_user: Vec::new(),
                farewell: None,
            },
        );
    }

    pub(super) fn adopt(&mut self, leg: Leg) {
        self.sessions.insert(leg.session, leg.id);
        if let Some(line) = self.lines.get_mut(&leg.connection) {
            line.legs.push(leg.id);
        }
        self.legs.insert(leg.id, leg);
    }

    pub(super) fn doors(&mut self) -> Doors<'_> {
        Doors {
            now: self.now,
            endpoint: &mut self.endpoint,
            sip: &mut self.sip_out,
            media: &mut self.media_out,
            ports: &self.ports,
        }
    }

    /// Calls every phone of an agent, or an address.
    pub(super) fn dial(
        &mut self,
        call: CallId,
        connection: ConnectionId,
        contact: ContactId,
        previous: Option<ContactId>,
        to: &Dial,
        from: Identity,
    ) {
        self.open_line(call, connection);
        if let Dial::Number { number, caller } = to {
            return self.dial_outside(call, connection, contact, previous, number, caller);
        }
        let targets = match to {
            Dial::Agent(agent) => self.phones(agent),
            Dial::Address(address) => Uri::parse(address)
                .ok()
                .and_then(|uri| self.link_to(&uri).map(|link| (uri, link, Vec::new())))
                .into_iter()
                .collect(),
            // Called by their trunk, above.
            Dial::Number { .. } => Vec::new(),
        };
        if targets.is_empty() {
            debug!(contact = %contact, ?to, "nothing to call");
            self.with_call(call, |call, cx| call.failed(cx, connection, Reason::Unreachable));
            return;
        }
        for target in targets {
            self.invite(call, connection, contact, previous, to, &from, target);
        }
        if self.lines.get(&connection).is_none_or(|line| line.legs.is_empty()) {
            self.with_call(call, |call, cx| call.failed(cx, connection, Reason::Failed));
        }
    }

    /// A contact that is offered to an agent who takes everything, that she makes, or wants to listen to: her phone is
    /// to answer by itself. Some phones look for the one header, some for the other.
    fn auto_answer(&self, call: CallId, contact: ContactId, to: &Dial) -> Vec<(Name, Text)> {
        let Dial::Agent(agent) = to else { return Vec::new() };
        let offered = self.calls.get(&call).and_then(|call| call.contacts().get(&contact));
        let offered =
            offered.is_some_and(|k| matches!(k.phase, Phase::Offered(_) | Phase::Lifting(..) | Phase::Monitoring));
        if !offered || !self.site.agents.get(agent).is_some_and(|agent| agent.auto_accept) {
            return Vec::new();
        }
        let domain = &self.site.sip.domain;
        vec![
            (Name::from("Call-Info"), Text::from(format!("<sip:{domain}>;answer-after=0"))),
            (Name::from("Alert-Info"), Text::from(format!("<http://{domain}>;info=alert-autoanswer;delay=0"))),
        ]
    }

    /// Calls one phone; says whether there was a port for it.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn invite(
        &mut self,
        call: CallId,
        connection: ConnectionId,
        contact: ContactId,
        previous: Option<ContactId>,
        to: &Dial,
        from: &Identity,
        (uri, link, routes): (Uri, Link, Vec<NameAddr>),
    ) -> bool {
        let trunk = self.lines.get(&connection).and_then(|line| line.trunk.clone());
        let login = trunk.as_ref().and_then(|trunk| trunk.login.as_ref());
        let user = login.map_or("cordboard", |login| login.user.as_str());
        let Some(plot) = self.plot(call, connection, link, user) else {
            warn!(contact = %contact, "no RTP port is free");
            return false;
        };
        let to_header = match to {
            Dial::Agent(agent) => NameAddr::new(None, Uri::sip(agent.as_str(), self.site.sip.domain.as_str(), None)),
            Dial::Address(_) | Dial::Number { .. } => NameAddr::new(None, uri.clone().without_headers()),
        };
        let caller = name_addr(from, &self.site.sip.domain);
        let mut headers = Vec::new();
        // RFC 3325 section 5: what we know of a caller is for those whom we trust.
        if trunk.as_ref().is_none_or(|trunk| trunk.trusted) {
            if !privacy::is_anonymous(from) {
                headers.push((Name::PAssertedIdentity, Text::from(caller.to_string())));
            }
            headers.push((Name::from("X-Contact-Id"), Text::from(contact.to_string())));
            headers.extend(
                previous.map(|previous| (Name::from("X-Previous-Contact-Id"), Text::from(previous.to_string()))),
            );
            headers.extend(self.along(call, contact));
            headers.extend(self.auto_answer(call, contact, to));
        }
        // RFC 7332 section 4: a call that goes in circles ends, whatever B2BUAs it passes.
        if let Some(hops) = self.hops.get(&call) {
            headers.push((Name::MaxForwards, Text::from(hops.saturating_sub(1).to_string())));
        }
        let account = login.map(|login| Account::new(&login.user, &login.password));
        let contact_uri = plot.contact.clone();
        let mut doors = self.doors();
        let (mut leg, offer) = Leg::outgoing(plot, from.clone(), &mut doors);
        leg.session = doors.endpoint.invite(
            doors.now,
            SipCall {
                to: link,
                uri,
                from: caller,
                to_header,
                contact: contact_uri,
                headers,
                body: Some((Text::from("application/sdp"), offer)),
                routes,
                account,
            },
            doors.sip,
        );
        if let Dial::Agent(agent) = to {
            self.endpoint.entrust(leg.session, Text::from(agent.as_str().to_owned()));
        }
        self.adopt(leg);
        true
    }

    /// Where an agent's phones are: the Contact to ask for, the way to it, and whom the request visits first.
    fn phones(&self, agent: &AgentId) -> Vec<(Uri, Link, Vec<NameAddr>)> {
        self.registrar
            .bindings(agent)
            .iter()
            .filter_map(|binding| {
                let link = binding.source.or_else(|| self.way_back(agent, binding))?;
                Some((binding.uri.clone(), link, binding.path.clone()))
            })
            .collect()
    }

    /// Where a phone listens whose stream is gone. A trunk would take it for a number to dial, whatever its prefixes and
    /// its limit say; it may have come there after the phone has registered.
    fn way_back(&self, agent: &AgentId, binding: &Binding) -> Option<Link> {
        let link = self.link_to(binding.next_hop())?;
        if self.trunks.is_at(link.remote) {
            warn!(%agent, contact = %binding.uri, "refused: a phone at a trunk's host may be toll fraud");
            return None;
        }
        Some(link)
    }

    /// The way to a URI with a numeric host.
    pub(super) fn link_to(&self, uri: &Uri) -> Option<Link> {
        // RFC 3261 section 26.2.2: sips is for TLS alone, and that is not spoken here.
        if uri.scheme != Scheme::Sip {
            return None;
        }
        let ip = uri.ip()?;
        // One peer is called, never a network full of them.
        if is_nowhere(ip) || uri.port == Some(0) {
            return None;
        }
        let transport = match uri.transport() {
            Some(text) if text.eq_ignore_case("tcp") => Transport::Tcp,
            Some(text) if !text.eq_ignore_case("udp") => return None,
            _ => Transport::Udp,
        };
        self.link_at(transport, SocketAddr::new(ip, uri.port.unwrap_or(5060)))
    }

    /// The way to an address, by the socket that fits best.
    pub(super) fn link_at(&self, transport: Transport, remote: SocketAddr) -> Option<Link> {
        let same = |(t, local): &&(Transport, SocketAddr)| *t == transport && local.is_ipv4() == remote.is_ipv4();
        let local = self
            .locals
            .iter()
            .filter(same)
            .find(|(_, local)| local.ip().is_loopback() == remote.ip().is_loopback())
            .or_else(|| self.locals.iter().find(same))?
            .1;
        // To ourselves is never anybody's phone.
        (!is_own(&self.endpoint.settings().locals, remote)).then_some(Link { transport, local, remote })
    }

    pub(super) fn ring(&mut self, connection: ConnectionId, early: bool) {
        for leg in self.legs_of(connection) {
            self.with_leg(leg, |leg, doors| leg.ring(early, doors));
        }
    }

    pub(super) fn answer(&mut self, connection: ConnectionId) {
        for id in self.legs_of(connection) {
            if let Some(Err(status)) = self.with_leg(id, |leg, doors| leg.answer(doors)) {
                self.end_leg(id, End::with(status));
                if let Some(call) = self.lines.get(&connection).map(|line| line.call) {
                    self.with_call(call, |call, cx| call.hung_up(cx, connection));
                }
            }
        }
    }

    /// The leg of a connection that sound is for: while several phones ring, the one that is heard early.
    pub(super) fn voice(&self, connection: ConnectionId) -> Option<LegId> {
        let legs = &self.lines.get(&connection)?.legs;
        let early = legs.iter().find(|leg| self.legs.get(leg).is_some_and(Leg::is_heard_early));
        early.or(legs.first()).copied()
    }

    pub(super) fn legs_of(&self, connection: ConnectionId) -> Vec<LegId> {
        self.lines.get(&connection).map(|line| line.legs.clone()).unwrap_or_default()
    }

    /// Ends whatever fills a connection, in the way its state asks for.
    pub(super) fn hang_up(&mut self, connection: ConnectionId, why: Reason, like: Option<ConnectionId>) {
        let status = self.status_of(why, like);
        let farewell = self.lines.get(&connection).and_then(|line| line.farewell.clone());
        // RFC 3326 section 2: the call ends here for the reason for which it ended there.
        let reason = like.and_then(|other| self.lines.get(&other)).and_then(|line| line.reason.clone());
        for leg in self.legs_of(connection) {
            let mut end = End::with(status);
            end.headers.extend(reason.clone().map(|reason| (Name::Reason, reason)));
            end.headers.extend(farewell.clone().map(|data| (Name::from(USER_TO_USER), data)));
            self.end_leg(leg, end);
        }
    }

    pub(super) fn end_leg(&mut self, id: LegId, end: End) {
        let Some(leg) = self.legs.get(&id) else { return };
        let (session, connection) = (leg.session, leg.connection);
        self.end_referral(session);
        self.endpoint.end(self.now, session, end, &mut self.sip_out);
        self.drop_leg(id, connection);
    }

    /// The session is over: the port closes, and the connection has one leg less.
    pub(super) fn drop_leg(&mut self, id: LegId, connection: ConnectionId) {
        if let Some(leg) = self.legs.get(&id) {
            self.forget_referral(leg.session);
        }
        let call = self.lines.get(&connection).and_then(|line| self.calls.get(&line.call));
        let contact = call.and_then(|call| call.connections().get(&connection)).map(|c| c.contact);
        if let (Some(contact), Some(leg)) = (contact, self.legs.get(&id)) {
            self.closing.insert(leg.port, (contact, connection));
        }
        self.with_leg(id, |leg, doors| leg.close(doors));
        if let Some(line) = self.lines.get_mut(&connection) {
            line.legs.retain(|leg| *leg != id);
        }
    }

    /// One of an agent's phones has answered: the others stop ringing, and are told why.
    pub(super) fn only(&mut self, connection: ConnectionId, answered: LegId) {
        for leg in self.legs_of(connection).into_iter().filter(|leg| *leg != answered) {
            self.end_leg(leg, End::with(Status::REQUEST_TERMINATED).reason(ELSEWHERE));
        }
    }
}
