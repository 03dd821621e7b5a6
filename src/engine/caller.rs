//! Who is calling, and what he has dialled.

use super::outside::{NotOutside, refused_with_warning};
use super::register::Account;
use super::{CallId, Engine, Work, privacy};
use crate::contact::{Call, CallerId, Dial, Identity};
use crate::ids::{AgentId, ConnectionId, QuickConnectId};
use crate::leg::Leg;
use crate::limits::UNACKNOWLEDGED;
use crate::routing::{AVAILABLE, OFFLINE};
use crate::sip::{End, Headers, Link, Name, NameAddr, Replaces, Request, SessionId, Status, Text, Uri};
use crate::site::{Guests, NumberTo};
use crate::trunk::TrunkSetup;
use std::sync::Arc;
use tracing::{info, warn};

/// Who somebody has proven to be.
enum Caller {
    Agent(AgentId),
    /// Somebody outside, by this trunk.
    Trunk(Arc<TrunkSetup>),
    Guest,
}

/// What a user part means to who may dial it.
pub(super) enum Dialled {
    QuickConnect(String),
    Agent(AgentId),
    /// `*90`, `*91`: the agent's own status.
    Status(&'static str),
    Number,
}

impl Engine {
    pub(super) fn dialled(&self, user: &str) -> Dialled {
        if let Some(id) = user.strip_prefix("qc-") {
            return Dialled::QuickConnect(id.to_owned());
        }
        match user {
            "*90" => Dialled::Status(AVAILABLE),
            "*91" => Dialled::Status(OFFLINE),
            _ if self.site.agents.contains_key(user) => Dialled::Agent(AgentId::from(user)),
            _ => Dialled::Number,
        }
    }

    pub(super) fn on_invite(&mut self, session: SessionId, from: Link, request: &Request) {
        if self.draining {
            let mut end = End::with(Status::SERVICE_UNAVAILABLE);
            end.headers.push((Name::RetryAfter, Text::from("30")));
            self.endpoint.end(self.now, session, end, &mut self.sip_out);
            return;
        }
        if let Err(end) = self.take_invite(session, from, request) {
            info!(source = %from, to = %request.uri, status = end.status.code(), "call refused");
            self.endpoint.end(self.now, session, end, &mut self.sip_out);
        }
    }

    fn take_invite(&mut self, session: SessionId, from: Link, request: &Request) -> Result<(), End> {
        let refuse = |status| Err(End::with(status));
        if request.uri.is_sip() && !self.is_ours(&request.uri) {
            // We relay for nobody.
            return refuse(Status::NOT_FOUND);
        }
        if let Some(replaces) = Replaces::of(request).map_err(End::with)? {
            return self.take_over(session, from, request, &replaces);
        }
        let (Some(dialled), Ok(sender)) = (request.uri.dialled(), request.headers.from()) else {
            return refuse(Status::ADDRESS_INCOMPLETE);
        };
        let caller = self.identify(from, request, &privacy::claimed(&request.headers, &sender.uri), &dialled)?;
        let dialled = match &caller {
            Caller::Trunk(trunk) => self.called_by(trunk, request, &dialled),
            _ => dialled,
        };
        if let Caller::Agent(agent) = &caller {
            self.endpoint.entrust(session, Text::from(agent.as_str().to_owned()));
        }
        let identity = match &caller {
            Caller::Agent(agent) => {
                self.site.agents.get(agent).map(|a| Identity { name: a.name.clone(), address: agent.to_string() })
            }
            Caller::Trunk(trunk) => Some(self.caller_of(trunk, request, &sender)),
            Caller::Guest => None,
        };
        let private = privacy::is_asked_for(&request.headers).then(privacy::anonymous);
        let identity = private.or(identity).unwrap_or_else(|| as_he_says(&sender));
        if let Caller::Trunk(trunk) = &caller
            && !self.trunks.seize(&trunk.id)
        {
            warn!(trunk = %trunk.id, "a trunk calls more often at once than it may");
            return refuse(Status::SERVICE_UNAVAILABLE);
        }
        let placed = self.place(&caller, identity, &dialled);
        if let (Caller::Trunk(trunk), Err(_)) = (&caller, &placed) {
            self.trunks.release(&trunk.id);
        }
        let (call, connection) = placed?;
        if let Some(call) = self.calls.get_mut(&call) {
            call.dialled(connection, &dialled);
        }
        self.open_line(call, connection);
        if let (Caller::Trunk(trunk), Some(line)) = (&caller, self.lines.get_mut(&connection)) {
            line.trunk = Some(trunk.clone());
        }
        self.keep_user_to_user(connection, request);
        if let Some(hops) = request.headers.max_forwards() {
            let fewest = self.hops.entry(call).or_insert(hops);
            *fewest = hops.min(*fewest);
        }
        let Some(mut plot) = self.plot(call, connection, from, &dialled) else {
            warn!("no RTP port is free");
            if let Caller::Trunk(trunk) = &caller {
                self.trunks.release(&trunk.id);
            }
            self.with_call(call, |call, cx| call.hung_up(cx, connection));
            let mut end = End::with(Status::SERVICE_UNAVAILABLE);
            end.headers.push((Name::RetryAfter, Text::from("30")));
            return Err(end);
        };
        plot.session = session;
        self.endpoint.trying(session, &mut self.sip_out);
        let offer = (!request.body.is_empty()).then(|| request.body.clone());
        let mut doors = self.doors();
        let leg = Leg::incoming(plot, offer, &mut doors);
        if let Caller::Trunk(trunk) = &caller {
            self.trunk_legs.insert(leg.id, trunk.id.clone());
        }
        self.adopt(leg);
        Ok(())
    }

    /// Who claims to be one of us is always challenged, and so is who dials anything but a number: whether there is such
    /// an agent is not for strangers to find out. Who speaks from where a trunk is, is that trunk, and whoever says to be one
    /// has to prove it. Anybody else is a guest, where guests are let in, and else challenged too.
    fn identify(&mut self, from: Link, request: &Request, sender: &Uri, dialled: &str) -> Result<Caller, End> {
        let welcome = match self.site.sip.guests {
            Guests::None => false,
            Guests::Loopback => from.remote.ip().is_loopback(),
            Guests::Any => true,
        };
        if let Some(trunk) = self.trunk_at(from, request, sender, dialled) {
            return Ok(Caller::Trunk(trunk));
        }
        let a_trunk = |user: String| self.trunks.by_login(&user).is_some();
        let nobody = !sender.user().is_some_and(a_trunk);
        let claims = self.claims_to_be_ours(from, sender);
        let guest = nobody && !claims && !self.may_be_an_agent(dialled);
        if welcome && guest {
            // Nobody forges the address of our own machine from outside of it.
            if !from.remote.ip().is_loopback() && self.endpoint.unacknowledged(from) >= UNACKNOWLEDGED {
                warn!(source = %from, "calls that are answered and never acknowledged");
                let mut end = End::with(Status::SERVICE_UNAVAILABLE);
                end.headers.push((Name::RetryAfter, Text::from("32")));
                return Err(end);
            }
            return Ok(Caller::Guest);
        }
        if guest && request.headers.first(&Name::Authorization).is_none() {
            let guests = self.site.sip.guests.word();
            info!(source = %from, to = dialled, guests, "no account, and callers without one are not let in from there");
        }
        let agent = match self.authenticate(from, request)? {
            Account::Agent(agent) => agent,
            Account::Trunk(trunk) => return Ok(Caller::Trunk(trunk)),
        };
        if claims && sender.user().as_deref() != Some(agent.as_str()) {
            warn!(source = %from, %agent, from = %sender, "an INVITE in somebody else's name");
            return Err(End::with(Status::FORBIDDEN));
        }
        Ok(Caller::Agent(agent))
    }

    /// Somebody outside is another from now on: a switch there has moved the call, or somebody else has picked it up (RFC
    /// 4916). Agents are who they have proven to be, and nobody becomes one of us, nor known who wants not to be.
    pub(super) fn on_renamed(&mut self, session: SessionId, name: &NameAddr, headers: &Headers) {
        let Some((_, connection, call)) = self.whose(session) else { return };
        let Some(from) = self.endpoint.peer(session).map(|peer| peer.link) else { return };
        let known = self.calls.get(&call).and_then(|call| call.connections().get(&connection));
        let fixed = known.is_none_or(|c| c.agent.is_some() || privacy::is_anonymous(&c.identity));
        if fixed || self.claims_to_be_ours(from, &name.uri) {
            return;
        }
        let who = if privacy::is_asked_for(headers) { privacy::anonymous() } else { as_he_says(name) };
        info!(%connection, name = who.name, address = who.address, "another name");
        self.with_call(call, |call, _| call.renamed(connection, who));
    }

    /// Whether there is such an agent or not: any name may be one's, and any telephone number, where agents have such ids.
    fn may_be_an_agent(&self, dialled: &str) -> bool {
        let telephone = |text: &str| text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '*' | '#'));
        let agents = &self.site.agents;
        let possible = !telephone(dialled) || agents.keys().any(|id| telephone(id.as_str()));
        agents.contains_key(dialled) || possible && self.site.number(dialled).is_none()
    }

    /// On our own machine everybody shares our address, phones of guests as well; there only an agent's name is a claim.
    fn claims_to_be_ours(&self, from: Link, sender: &Uri) -> bool {
        let neighbour = from.remote.ip().is_loopback() || from.remote.ip() == from.local.ip();
        let agent = || sender.user().is_some_and(|user| self.site.agents.contains_key(user.as_str()));
        self.is_ours(sender) && (!neighbour || agent())
    }

    /// Our domain, or an address we listen on, whatever the port: phones lose ports in From and Refer-To.
    pub(super) fn is_ours(&self, uri: &Uri) -> bool {
        if !uri.is_sip() {
            return false;
        }
        if uri.host.to_string().eq_ignore_ascii_case(&self.site.sip.domain) {
            return true;
        }
        match uri.host.ip() {
            Some(ip) => {
                self.locals.iter().any(|(_, local)| local.ip() == ip || local.ip().is_unspecified())
                    || self.site.sip.advertise == Some(ip)
            }
            None => uri.host.to_string().eq_ignore_ascii_case("localhost"),
        }
    }

    /// Starts the story of what was dialled.
    fn place(&mut self, caller: &Caller, who: Identity, dialled: &str) -> Result<(CallId, ConnectionId), End> {
        if let Caller::Agent(agent) = caller {
            match self.dialled(dialled) {
                Dialled::QuickConnect(id) => {
                    let id = QuickConnectId::from(id);
                    return match self.dials_quick_connect(agent, &id) {
                        Some(callee) => self.dials_outside(agent, callee),
                        None => self.second_line(agent, &id),
                    };
                }
                Dialled::Status(status) => {
                    self.set_status(agent, status);
                    return Ok(self.new_call(|cx| Call::confirm(cx, who)));
                }
                Dialled::Agent(callee) if callee == *agent => return Err(End::with(Status::LOOP_DETECTED)),
                Dialled::Agent(callee) => return self.direct(agent, who, callee),
                Dialled::Number if self.site.number(dialled).is_none() => match self.callee(dialled) {
                    Ok(callee) => return self.dials_outside(agent, callee),
                    Err(why @ NotOutside::Forbidden(_)) => {
                        return Err(refused_with_warning(Status::FORBIDDEN, &why.to_string()));
                    }
                    Err(NotOutside::Unknown(_)) => {}
                },
                Dialled::Number => {}
            }
        }
        let agent = match caller {
            Caller::Agent(agent) => Some(agent.clone()),
            Caller::Trunk(_) | Caller::Guest => None,
        };
        let site = self.site.clone();
        let Some(number) = site.number(dialled) else {
            // RFC 3261 section 21.4.22: more digits could make it a number.
            let begun = !dialled.is_empty() && site.numbers.iter().any(|n| !n.prefix && n.dialled.starts_with(dialled));
            return Err(End::with(if begun { Status::ADDRESS_INCOMPLETE } else { Status::NOT_FOUND }));
        };
        Ok(match &number.to {
            NumberTo::Flow(flow) => self.new_call(|cx| Call::inbound(cx, who, flow)),
            NumberTo::Play { prompt, repeat } => self.new_call(|cx| Call::play(cx, who, prompt, *repeat)),
            NumberTo::Echo => self.new_call(|cx| Call::echo(cx, who)),
            NumberTo::Dial(address) => {
                let to = if address.starts_with('+') {
                    let caller = CallerId { name: who.name.clone(), number: who.address.clone() };
                    Dial::Number { number: address.clone(), caller }
                } else {
                    Dial::Address(address.clone())
                };
                let (call, connection) = self.new_call(|cx| Call::bridge(cx, who, agent.clone(), to));
                self.occupy(call, agent.as_slice());
                (call, connection)
            }
            NumberTo::Room => match self.rooms.get(dialled).copied() {
                Some(room) => {
                    let mut joined = None;
                    self.with_call(room, |call, cx| joined = call.join_room(cx, who));
                    match joined {
                        Some(connection) => (room, connection),
                        None => return Err(End::with(Status::SERVER_INTERNAL_ERROR)),
                    }
                }
                None => {
                    let (call, connection) = self.new_call(|cx| Call::room(cx, who));
                    self.rooms.insert(dialled.to_owned(), call);
                    (call, connection)
                }
            },
        })
    }

    /// A direct call: both agents are on it from the first ring.
    fn direct(&mut self, agent: &AgentId, who: Identity, callee: AgentId) -> Result<(CallId, ConnectionId), End> {
        if self.router.contact_of(&callee).is_some() {
            return Err(End::with(Status::BUSY_HERE));
        }
        let (call, connection) =
            self.new_call(|cx| Call::bridge(cx, who, Some(agent.clone()), Dial::Agent(callee.clone())));
        self.occupy(call, &[agent.clone(), callee]);
        Ok((call, connection))
    }

    /// Agents are on a call that came by no queue.
    fn occupy(&mut self, call: CallId, agents: &[AgentId]) {
        let contact = self.calls.get(&call).and_then(|c| c.contacts().keys().next().copied());
        let Some(contact) = contact else { return };
        let mut routed = Vec::new();
        for agent in agents {
            self.router.occupy(self.now, agent, contact, &mut routed);
        }
        self.work.extend(routed.into_iter().map(Work::Routing));
    }

    /// A quick connect dialled on an agent's second line.
    fn second_line(&mut self, agent: &AgentId, id: &QuickConnectId) -> Result<(CallId, ConnectionId), End> {
        let Some(call) = self.call_of(agent, None) else {
            info!(%agent, quick_connect = %id, "a quick connect needs a contact to be on");
            return Err(End::with(Status::FORBIDDEN));
        };
        let mut line = None;
        self.with_call(call, |call, cx| line = Some(call.second_line(cx, agent, id)));
        match line {
            Some(Ok(connection)) => Ok((call, connection)),
            Some(Err(refused)) => {
                info!(%agent, quick_connect = %id, %refused, "quick connect refused");
                Err(End::with(match refused {
                    crate::contact::Refused::NotFound(_) => Status::NOT_FOUND,
                    _ => Status::FORBIDDEN,
                }))
            }
            None => Err(End::with(Status::SERVER_INTERNAL_ERROR)),
        }
    }
}

fn as_he_says(sender: &NameAddr) -> Identity {
    Identity {
        name: sender.display.as_ref().map(|d| d.as_str().to_owned()).unwrap_or_default(),
        address: sender.uri.user().unwrap_or_else(|| sender.uri.to_string()),
    }
}
