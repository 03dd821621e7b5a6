//! The registrar wing: REGISTER, and what it changes for routing.

use super::{Engine, Work};
use crate::ids::AgentId;
use crate::registrar::{Change, Contacts, Register};
use crate::routing::State;
use crate::sip::digest::{Guard, Keeper, Verdict};
use crate::sip::{End, Link, Name, Request, Response, ServerKey, SessionId, Status, Text, Uri, is_nowhere, is_own};
use crate::trunk::TrunkSetup;
use std::net::SocketAddr;
use std::sync::Arc;
use tracing::{info, warn};

/// Whose password it was.
pub(super) enum Account {
    Agent(AgentId),
    Trunk(Arc<TrunkSetup>),
}

impl Engine {
    pub(super) fn on_register(&mut self, key: ServerKey, from: Link, request: &Request) {
        let Ok(to) = request.headers.to() else {
            self.respond(key, Response::for_request(request, Status::BAD_REQUEST));
            return;
        };
        // RFC 3261 section 10.3 steps 1 and 5.
        if !self.is_ours(&request.uri) || !self.is_ours(&to.uri) {
            self.respond(key, Response::for_request(request, Status::NOT_FOUND));
            return;
        }
        let user = match self.authenticate_agent(from, request) {
            Ok(user) => user,
            Err(end) => return self.respond(key, refused_with(request, end)),
        };
        // An agent registers his own phones only.
        if to.uri.user().as_deref() != Some(user.as_str()) {
            warn!(source = %from, user = %user, "a REGISTER for somebody else's address");
            self.respond(key, Response::for_request(request, Status::FORBIDDEN));
            return;
        }
        let Ok(register) = Register::read(request) else {
            self.respond(key, Response::for_request(request, Status::BAD_REQUEST));
            return;
        };
        if let Contacts::Each(contacts) = &register.contacts
            && contacts.iter().any(|contact| self.is_no_phone(&user, &contact.uri))
        {
            let why = Text::from_static("399 cordboard \"The Contact is no address of a phone\"");
            let response = Response::for_request(request, Status::FORBIDDEN).with_header(Name::Warning, why);
            return self.respond(key, response);
        }
        let mut changes = Vec::new();
        let now = self.now;
        let response = match self.registrar.register(now, &user, from, &register, &mut changes) {
            Ok(bindings) => {
                let mut response = Response::for_request(request, Status::OK);
                for binding in bindings {
                    let value = format!("<{}>;expires={}", binding.uri, binding.seconds_left(now));
                    response = response.with_header(Name::Contact, Text::from(value));
                }
                // RFC 3327 section 5.3.
                response.headers.copy(&Name::Path, &request.headers);
                response.with_header(Name::Date, Text::from(http_date(now)))
            }
            Err(refused) => {
                info!(agent = %user, %refused, "REGISTER refused");
                let status = Status::new(refused.status()).unwrap_or(Status::BAD_REQUEST);
                let response = Response::for_request(request, status);
                match refused {
                    crate::registrar::Refused::TooBrief { min_expires } => {
                        response.with_header(Name::MinExpires, Text::from(min_expires.to_string()))
                    }
                    _ => response,
                }
            }
        };
        self.work.extend(changes.into_iter().map(Work::Registrar));
        self.dirty.insert(user);
        self.respond(key, response);
    }

    /// Who challenges at the doors, with nonces that count here as well.
    #[must_use]
    pub fn keeper(&self) -> Keeper {
        self.guard.keeper(&self.site.sip.domain)
    }

    /// Whether a Contact names us, a group, everybody, or a trunk, where it would be a number to dial. Without a port it
    /// may be a phone on our own machine that has left it out; its REGISTER tells where it is.
    fn is_no_phone(&self, agent: &AgentId, uri: &Uri) -> bool {
        let Some(ip) = uri.ip() else { return false };
        if self.trunks.is_at(SocketAddr::new(ip, uri.port.unwrap_or(5060))) {
            warn!(%agent, contact = %uri, "refused: a Contact at a trunk's host may be toll fraud");
            return true;
        }
        let locals = &self.endpoint.settings().locals;
        let none = is_nowhere(ip) || uri.port.is_some_and(|port| is_own(locals, SocketAddr::new(ip, port)));
        if none {
            info!(%agent, contact = %uri, "a Contact that is no phone's");
        }
        none
    }

    /// As [`Engine::authenticate`], where only an agent will do.
    pub(super) fn authenticate_agent(&mut self, from: Link, request: &Request) -> Result<AgentId, End> {
        match self.authenticate(from, request)? {
            Account::Agent(agent) => Ok(agent),
            Account::Trunk(trunk) => {
                warn!(source = %from, trunk = %trunk.id, method = request.method.as_str(), "a trunk does what is for agents");
                Err(End::with(Status::FORBIDDEN))
            }
        }
    }

    /// Who sent this, or what to answer. A wrong password and an unknown name look the same, also to the clock.
    /// Proxy-Authorization is for proxies, and we are none.
    pub(super) fn authenticate(&mut self, from: Link, request: &Request) -> Result<Account, End> {
        let header = Name::Authorization;
        let site = self.site.clone();
        let realm = site.sip.domain.as_str();
        let (now, source) = (self.now, from.remote.ip());
        let claimed = Guard::claimed(request, &header, realm);
        // A phone at the very place where it is registered is the agent's, whoever guesses from next to it.
        let at_home = claimed.as_deref().is_some_and(|user| self.registrar.is_at(&AgentId::from(user), from));
        if let Some(user) = claimed.as_deref().filter(|_| !at_home)
            && let Err(wait) = self.guesses.may_try(now, user, source)
        {
            warn!(%source, user, method = request.method.as_str(), "too many wrong passwords");
            let mut end = End::with(Status::SERVICE_UNAVAILABLE);
            end.headers.push((Name::RetryAfter, Text::from(wait.as_secs().saturating_add(1).to_string())));
            return Err(end);
        }
        let trunks = &self.trunks;
        let trunk_password = |user: &str| Some(trunks.by_login(user)?.login.as_ref()?.password.clone());
        let password = |user: &str| site.agents.get(user).map(|a| a.password.clone()).or_else(|| trunk_password(user));
        let stale = match self.guard.check(now, request, &header, realm, password) {
            Verdict::Ok(user) => {
                self.guesses.right(now, &user, source);
                return Ok(match self.trunks.by_login(&user) {
                    Some(trunk) if !site.agents.contains_key(user.as_str()) => Account::Trunk(trunk.clone()),
                    _ => Account::Agent(AgentId::from(user)),
                });
            }
            Verdict::Malformed(fault) => {
                info!(%source, fault, "malformed credentials");
                return Err(End::with(Status::BAD_REQUEST));
            }
            Verdict::Missing => false,
            Verdict::Stale => true,
            Verdict::Wrong => {
                let user = claimed.as_deref().unwrap_or_default();
                warn!(%source, user, method = request.method.as_str(), "wrong credentials");
                if !at_home {
                    self.guesses.wrong(now, user, source);
                }
                false
            }
        };
        let mut challenges = self.guard.challenge(now, realm, stale, source);
        if gives_up_on_a_second_algorithm(request) {
            challenges.truncate(1);
        }
        let mut end = End::with(Status::UNAUTHORIZED);
        end.headers.extend(challenges.into_iter().map(|challenge| (Name::WwwAuthenticate, challenge)));
        Err(end)
    }

    /// A request in an agent's dialog, and not from where his phone has been: a NAT has given it another address, or
    /// somebody else has overheard the dialog. The agent can prove that it is he.
    pub(super) fn on_stranger(&mut self, session: SessionId, key: ServerKey, from: Link, request: Request) {
        let owner = self.endpoint.owner(session).cloned();
        match self.authenticate_agent(from, &request) {
            Ok(agent) if owner.as_ref().is_some_and(|owner| *owner == agent.as_str()) => {
                info!(%agent, source = %from, "a phone goes on from another address");
                self.endpoint.admit(self.now, session, key, from, request, &mut self.sip_out);
            }
            Ok(agent) => {
                warn!(source = %from, %agent, ?owner, "a request in somebody else's dialog");
                self.respond(key, Response::for_request(&request, Status::FORBIDDEN));
            }
            Err(end) => self.respond(key, refused_with(&request, end)),
        }
    }

    pub(super) fn on_registrar(&mut self, change: &Change) {
        info!(agent = %change.agent, reachable = change.reachable, "phones");
        let mut routed = Vec::new();
        self.router.reachable(self.now, &change.agent, change.reachable, &mut routed);
        self.work.extend(routed.into_iter().map(Work::Routing));
        self.dirty.insert(change.agent.clone());
        let rung = matches!(self.router.state(&change.agent), Some(State::PendingBusy | State::CallingCustomer));
        if !change.reachable && rung {
            let offered = self.router.contact_of(&change.agent);
            if let Some((contact, id)) = offered.and_then(|contact| Some((contact, *self.contacts.get(&contact)?))) {
                self.with_call(id, |call, cx| call.lost(cx, contact));
            }
        }
    }
}

pub(super) fn refused_with(request: &Request, end: End) -> Response {
    let response = Response::for_request(request, end.status);
    end.headers.into_iter().fold(response, |response, (name, value)| response.with_header(name, value))
}

/// RFC 8760 section 2.4 has a phone pass over an algorithm that it does not know. baresip 1 takes a second challenge in
/// anything but MD5 for an error, and never answers the first.
fn gives_up_on_a_second_algorithm(request: &Request) -> bool {
    request.headers.first(&Name::UserAgent).is_some_and(|agent| agent.as_bytes().starts_with(b"baresip"))
}

/// `Sun, 22 Nov 2026 16:04:41 GMT` (RFC 3261 section 20.17): phones without a clock take theirs from here.
fn http_date(now: crate::time::Time) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let iso = now.iso8601();
    let weekday = usize::try_from(now.micros() / 86_400_000_000 % 7).unwrap_or(0);
    let month = iso.get(5..7).and_then(|m| m.parse::<usize>().ok()).unwrap_or(1);
    let part = |range: std::ops::Range<usize>| iso.get(range).unwrap_or_default().to_owned();
    format!(
        "{}, {} {} {} {} GMT",
        DAYS.get(weekday).unwrap_or(&"Thu"),
        part(8..10),
        MONTHS.get(month - 1).unwrap_or(&"Jan"),
        part(0..4),
        part(11..19)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::{Message, parse};
    use bytes::Bytes;

    #[test]
    fn only_baresip_is_spared_a_second_algorithm() {
        for (agent, spared) in [
            ("User-Agent: baresip v1.0.0 (x86_64/linux)\r\n", true),
            ("User-Agent: Linphonec/5.1.65\r\n", false),
            ("User-Agent: like baresip\r\n", false),
            ("", false),
        ] {
            let text = format!(
                "REGISTER sip:cordboard.lab SIP/2.0\r\n{agent}Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:maria@cordboard.lab>;tag=1\r\nTo: <sip:maria@cordboard.lab>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n"
            );
            let Ok(Message::Request(request)) = parse(Bytes::from(text)) else { panic!("{agent}") };
            assert_eq!(gives_up_on_a_second_algorithm(&request), spared, "{agent}");
        }
    }
}
