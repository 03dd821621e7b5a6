//! The wing of the trunks: numbers outside and the hosts that are tried for them, who calls from there, what is asked of
//! them all the time.

use super::{Alarm, CallId, Engine, Output, Question, Work};
use crate::contact::{CallerId, Dial, Identity, Reason};
use crate::ids::{ConnectionId, ContactId, LegId};
use crate::leg::{Leg, Stage};
use crate::limits::NEXT_HOST;
use crate::sip::{End, Host, Link, Method, Name, NameAddr, Outside, Request, RequestId, Response, Status, Text, Uri};
use crate::trunk::{Errand, Failure, NoWay, Out, Server, Standing, TrunkSetup, Way};
use std::collections::VecDeque;
use std::sync::Arc;
use tracing::{info, warn};

/// A call to a number outside, until somebody has answered it.
#[derive(Clone, Debug)]
pub(super) struct Hunt {
    pub contact: ContactId,
    previous: Option<ContactId>,
    number: String,
    caller: CallerId,
    pub now_at: Option<Way>,
    pub left: VecDeque<Way>,
    /// The places to which it has been redirected.
    pub asked: Vec<String>,
}

impl Engine {
    /// Calls a number outside by the first trunk and host that takes the call.
    pub(super) fn dial_outside(
        &mut self,
        call: CallId,
        connection: ConnectionId,
        contact: ContactId,
        previous: Option<ContactId>,
        number: &str,
        caller: &CallerId,
    ) {
        let ways = match self.trunks.ways(self.now, number) {
            Ok(ways) => ways,
            Err(why) => return self.no_way(call, connection, contact, &why),
        };
        if let Some(line) = self.lines.get_mut(&connection) {
            line.hunt = Some(Hunt {
                contact,
                previous,
                number: number.to_owned(),
                caller: caller.clone(),
                now_at: None,
                left: ways.into(),
                asked: Vec::new(),
            });
        }
        if !self.try_next(call, connection) {
            self.not_called(call, connection, Reason::Failed, Status::SERVICE_UNAVAILABLE);
        }
    }

    fn no_way(&mut self, call: CallId, connection: ConnectionId, contact: ContactId, why: &NoWay) {
        let (reason, status) = match why {
            NoWay::NotAllowed(number) => {
                warn!(%contact, number, "refused: dialling outside of the allowed prefixes may be toll fraud");
                (Reason::Failed, Status::FORBIDDEN)
            }
            NoWay::NoNumber(_) => (Reason::Unreachable, Status::NOT_FOUND),
            NoWay::Full(_) | NoWay::Down(_) => (Reason::Failed, Status::SERVICE_UNAVAILABLE),
        };
        if !matches!(why, NoWay::NotAllowed(_)) {
            warn!(%contact, %why, "not called");
        }
        self.not_called(call, connection, reason, status);
    }

    fn not_called(&mut self, call: CallId, connection: ConnectionId, reason: Reason, status: Status) {
        if let Some(line) = self.lines.get_mut(&connection) {
            line.failed = Some((reason, status));
        }
        self.with_call(call, |call, cx| call.failed(cx, connection, reason));
    }

    /// Calls at the next host of the hunt that can be called at all; `false`: there is none.
    pub(super) fn try_next(&mut self, call: CallId, connection: ConnectionId) -> bool {
        while let Some(hunt) = self.lines.get_mut(&connection).and_then(|line| line.hunt.as_mut())
            && let Some(way) = hunt.left.pop_front()
        {
            hunt.now_at = Some(way.clone());
            let hunt = hunt.clone();
            let Some(link) = self.link_at(way.server.transport, way.server.address) else { continue };
            let Some(trunk) = self.trunks.setup(&way.trunk).cloned() else { continue };
            if !self.trunks.seize(&trunk.id) {
                continue;
            }
            if let Some(line) = self.lines.get_mut(&connection) {
                line.trunk = Some(trunk.clone());
            }
            info!(contact = %hunt.contact, trunk = %trunk.id, host = %way.server, number = %hunt.number, "calls out");
            let from = self.shown_outside(&trunk, &hunt.caller);
            let to = Dial::Number { number: hunt.number.clone(), caller: hunt.caller.clone() };
            let target = (way.uri.clone(), link, Vec::new());
            if !self.invite(call, connection, hunt.contact, hunt.previous, &to, &from, target) {
                self.trunks.release(&trunk.id);
                return false;
            }
            if let Some(leg) = self.legs_of(connection).last().copied() {
                self.trunk_legs.insert(leg, trunk.id.clone());
                if !hunt.left.is_empty() {
                    self.arm(Alarm::Hunt(leg), Some(self.now + NEXT_HOST));
                }
            }
            return true;
        }
        false
    }

    /// Who calls, as a trunk is told: a number as it is written there, at the host where our account is.
    fn shown_outside(&self, trunk: &TrunkSetup, caller: &CallerId) -> Identity {
        if caller.number.is_empty() {
            return super::privacy::anonymous();
        }
        // An address that somebody brought along stands for itself.
        if caller.number.contains(':') {
            return Identity { name: caller.name.clone(), address: caller.number.clone() };
        }
        let own = Host::from(self.site.sip.domain.as_str());
        let theirs = trunk.hosts.first().filter(|_| trunk.login.is_some()).map(|place| place.host.clone());
        let uri = Uri::sip(&trunk.written(&caller.number), theirs.unwrap_or(own), None);
        Identity { name: caller.name.clone(), address: uri.to_string() }
    }

    /// A call to a number outside has failed at one host: whether it goes on at the next (RFC 3263 section 4.3). Once it has
    /// rung somewhere, that was the place.
    pub(super) fn goes_on(
        &mut self,
        leg: LegId,
        (call, connection): (CallId, ConnectionId),
        status: Status,
        response: Option<&Response>,
        rang: bool,
    ) -> bool {
        let hunt = self.lines.get(&connection).and_then(|line| line.hunt.as_ref());
        let Some(Way { trunk, server, .. }) = hunt.and_then(|hunt| hunt.now_at.clone()) else { return false };
        let failure = match (status, response) {
            (Status::SERVICE_UNAVAILABLE, Some(response)) => Some(Failure::Busy(response.retry_after())),
            (_, None) => Some(Failure::Silent).filter(|_| !rang),
            _ => None,
        };
        match failure {
            Some(failure) => self.trunks.failed(self.now, &trunk, server, failure),
            None => self.trunks.heard(&trunk, server),
        }
        if let Some(response) = response.filter(|_| (300..400).contains(&status.code())) {
            return self.redirected(leg, (call, connection), response);
        }
        let passed_over = matches!(status, Status::REQUEST_TIMEOUT | Status::SERVICE_UNAVAILABLE) && !rang;
        if !passed_over || hunt_is_over(self.lines.get(&connection)) {
            return false;
        }
        info!(%trunk, host = %server, status = status.code(), "a call goes on to the next host");
        self.drop_leg(leg, connection);
        self.try_next(call, connection)
    }

    /// Nothing at all has come from a host: if there is another, it is its turn.
    pub(super) fn host_is_late(&mut self, leg: LegId) {
        let calls = |leg: &&Leg| leg.stage == Stage::Calling;
        let calling = self.legs.get(&leg).filter(calls).map(|leg| (leg.session, leg.connection));
        let Some((session, connection)) = calling else { return };
        if self.endpoint.is_proceeding(session) {
            return;
        }
        let Some(line) = self.lines.get(&connection) else { return };
        let (call, hunt) = (line.call, line.hunt.as_ref());
        let Some(Way { trunk, server, .. }) = hunt.and_then(|hunt| hunt.now_at.clone()) else { return };
        if hunt_is_over(Some(line)) {
            return;
        }
        info!(%trunk, host = %server, "nothing comes from a host: a call goes on to the next");
        self.trunks.failed(self.now, &trunk, server, Failure::Silent);
        self.end_leg(leg, End::with(Status::REQUEST_TERMINATED));
        if !self.try_next(call, connection) {
            self.not_called(call, connection, Reason::Failed, Status::SERVICE_UNAVAILABLE);
        }
    }

    /// A call outside is heard of: its host is there.
    pub(super) fn heard_outside(&mut self, connection: ConnectionId) {
        let hunt = self.lines.get(&connection).and_then(|line| line.hunt.as_ref());
        if let Some(Way { trunk, server, .. }) = hunt.and_then(|hunt| hunt.now_at.clone()) {
            self.trunks.heard(&trunk, server);
        }
    }

    /// The trunk that speaks from there, if it does not say to be an agent, nor asks for one.
    pub(super) fn trunk_at(
        &self,
        from: Link,
        request: &Request,
        sender: &Uri,
        dialled: &str,
    ) -> Option<Arc<TrunkSetup>> {
        let agents = &self.site.agents;
        let claims = self.is_ours(sender) && sender.user().is_some_and(|user| agents.contains_key(user.as_str()));
        if claims || agents.contains_key(dialled) {
            return None;
        }
        let listens = request.headers.via().ok().and_then(|via| via.port).unwrap_or(5060);
        self.trunks.at(from, listens, dialled).cloned()
    }

    /// The number that a trunk calls: as one of ours is written, if it is.
    pub(super) fn called_by(&self, trunk: &TrunkSetup, request: &Request, dialled: &str) -> String {
        // Who is registered is called by his account's name; To has the number.
        let account = trunk.login.as_ref().is_some_and(|login| trunk.register && login.user == dialled);
        let to = || request.headers.to().ok().and_then(|to| to.uri.user());
        let called = if account { to().unwrap_or_else(|| dialled.to_owned()) } else { dialled.to_owned() };
        let number = trunk.e164(&called);
        if self.site.number(&number).is_some() { number } else { called }
    }

    /// Who calls by a trunk: what it asserts, where it is trusted (RFC 3325 section 5), else what the caller says himself.
    pub(super) fn caller_of(&self, trunk: &TrunkSetup, request: &Request, sender: &NameAddr) -> Identity {
        let asserted =
            || request.headers.addresses(&Name::PAssertedIdentity, "P-Asserted-Identity").ok()?.into_iter().next();
        let who = if trunk.trusted { asserted() } else { None };
        let who = who.as_ref().unwrap_or(sender);
        Identity {
            name: who.display.as_ref().map(|display| display.as_str().to_owned()).unwrap_or_default(),
            address: who.uri.user().map_or_else(|| who.uri.to_string(), |user| trunk.e164(&user)),
        }
    }

    /// What the trunks want done.
    pub(super) fn on_trunk(&mut self, out: Out) {
        match out {
            Out::Ask(question) => self.outputs.push_back(Output::Ask(Question::Resolve(question))),
            Out::Options { trunk, server, uri } => {
                let errand = Errand::Options { trunk, server };
                let Some(link) = self.link_of(server) else { return self.trunks.unsent(self.now, &errand) };
                let us = NameAddr::from(self.our_uri("cordboard", link));
                let headers =
                    vec![(Name::Contact, Text::from(format!("<{}>", us.uri))), (Name::Accept, crate::sip::ACCEPT)];
                self.ask_outside(errand, link, Method::Options, (uri.clone(), us, uri.into()), (None, 1), headers);
            }
            Out::Register { trunk, server, uri, own, call_id, seq, mut headers } => {
                let link = self.link_of(server);
                let contact = link.map_or(own.clone(), |link| self.our_uri(&own.user().unwrap_or_default(), link));
                let errand = Errand::Register { trunk, contact: contact.clone() };
                let Some(link) = link else { return self.trunks.unsent(self.now, &errand) };
                headers.push((Name::Contact, Text::from(format!("<{contact}>"))));
                let addresses = (uri, own.clone().into(), own.into());
                self.ask_outside(errand, link, Method::Register, addresses, (Some(call_id), seq), headers);
            }
        }
    }

    fn ask_outside(
        &mut self,
        errand: Errand,
        to: Link,
        method: Method,
        (uri, from, to_header): (Uri, NameAddr, NameAddr),
        (call_id, seq): (Option<Text>, u32),
        headers: Vec<(Name, Text)>,
    ) {
        let asked = Outside { to, method, uri, from, to_header, call_id, seq, headers };
        let request = self.endpoint.ask(self.now, asked, &mut self.sip_out);
        self.errands.insert(request, errand);
    }

    pub(super) fn on_reply(&mut self, request: RequestId, status: Status, response: Option<&Response>) {
        let Some(errand) = self.errands.remove(&request) else { return };
        let mut out = Vec::new();
        self.trunks.replied(self.now, &errand, status, response, &mut out);
        self.work.extend(out.into_iter().map(Work::Trunk));
    }

    fn link_of(&self, server: Server) -> Option<Link> {
        self.link_at(server.transport, server.address)
    }

    /// How the trunks stand, for whoever watches.
    pub fn trunks(&self) -> impl Iterator<Item = Standing> {
        self.trunks.standings(self.now)
    }
}

fn hunt_is_over(line: Option<&super::Line>) -> bool {
    line.and_then(|line| line.hunt.as_ref()).is_none_or(|hunt| hunt.left.is_empty())
}
