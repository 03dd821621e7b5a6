//! Who may be called outside, and by which words: the number pad, an agent's phone, an external quick connect.

use super::{Addressee, CallId, Engine, Refusal, Work};
use crate::contact::{self, Call, Callee, Outbound, Outside, QuickConnectTo, Reason, why_not};
use crate::ids::{AgentId, ConnectionId, ContactId, QuickConnectId};
use crate::routing::Trouble;
use crate::sip::{End, Name, Scheme, Status, Text, Uri};
use crate::site::NumberTo;
use crate::trunk::NoWay;
use tracing::warn;

/// Why what somebody dials is not called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotOutside {
    /// Toll fraud looks like this.
    #[error("{0} may not be called: no trunk's prefixes allow it")]
    Forbidden(String),
    #[error("{0} is no number outside")]
    Unknown(String),
}

impl Engine {
    /// Whom a dialled text means outside: a number that a trunk's prefixes allow, one of ours that leads out, or an address
    /// that an external quick connect has. Anybody else's address would make us call whomever somebody likes.
    pub(super) fn callee(&self, text: &str) -> Result<Callee, NotOutside> {
        let text = text.trim();
        let unknown = || NotOutside::Unknown(text.to_owned());
        let number = match Uri::parse(text).ok().filter(|_| text.contains(':')) {
            None => text.to_owned(),
            Some(uri) if uri.scheme == Scheme::Tel || self.is_ours(&uri) => uri.user().ok_or_else(unknown)?,
            Some(uri) => {
                let is_it =
                    |to: &Outside| matches!(to, Outside::Address(known) if Uri::parse(known).as_ref() == Ok(&uri));
                let mut known = self.site.catalog.quick_connects.iter();
                let known = known.find_map(|(id, quick)| Callee::of(id, quick).filter(|callee| is_it(&callee.to)));
                return known.ok_or_else(|| {
                    warn!(address = text, "refused: an address outside that no quick connect has may be toll fraud");
                    NotOutside::Forbidden(text.to_owned())
                });
            }
        };
        if let Some(ours) = self.site.number(&number) {
            return match &ours.to {
                NumberTo::Dial(to) if to.starts_with('+') => Ok(Callee::dialled(Outside::Number(to.clone()))),
                NumberTo::Dial(to) => Ok(Callee::dialled(Outside::Address(to.clone()))),
                _ => Err(unknown()),
            };
        }
        match self.trunks.allowed(&number) {
            Ok(e164) => Ok(Callee::dialled(Outside::Number(e164))),
            // Few digits are a slip of a finger.
            Err(NoWay::NotAllowed(number)) if number.starts_with('+') || number.len() > 6 => {
                warn!(number, "refused: dialling outside of the allowed prefixes may be toll fraud");
                Err(NotOutside::Forbidden(number))
            }
            Err(_) => Err(unknown()),
        }
    }

    /// An external quick connect of an agent's list.
    fn external(&self, agent: &AgentId, id: &QuickConnectId) -> Option<Callee> {
        let catalog = &self.site.catalog;
        let listed = catalog.agents.get(agent).is_some_and(|agent| agent.quick_connects.contains(id));
        catalog.quick_connects.get(id).filter(|_| listed).and_then(|quick| Callee::of(id, quick))
    }

    /// createOutboundContact: his own phone rings first.
    pub(super) fn create_outbound(&mut self, agent: &AgentId, target: &Addressee) -> Result<(), Refusal> {
        let callee = match target {
            Addressee::QuickConnect(id) => self
                .external(agent, id)
                .ok_or_else(|| Refusal::NotFound(format!("{id} is no external quick connect on this agent's list")))?,
            Addressee::Destination(text) => self.callee(text).map_err(|why| Refusal::BadEndpoint(why.to_string()))?,
        };
        if self.draining {
            return Err(Refusal::InvalidState("the switch takes no new calls: it is about to end".into()));
        }
        if !self.router.is_reachable(agent) {
            return Err(Refusal::InvalidState("no phone of this agent is registered".into()));
        }
        self.may_call(agent)?;
        let outbound = Outbound::new(&self.site.catalog, agent, callee)?;
        self.begin_outbound(agent, outbound, false);
        Ok(())
    }

    fn may_call(&self, agent: &AgentId) -> Result<(), Refusal> {
        if self.router.may_call(agent) && self.call_of(agent, None).is_none() {
            return Ok(());
        }
        Err(Refusal::InvalidState("whoever is on a contact, or is being offered one, adds a connection to it".into()))
    }

    fn begin_outbound(&mut self, agent: &AgentId, outbound: Outbound, by_phone: bool) -> (CallId, ConnectionId) {
        if let Some(desk) = self.desks.get_mut(agent) {
            desk.last = None;
        }
        self.new_call(|cx| Call::outbound(cx, outbound, by_phone))
    }

    /// An agent's phone dials somebody outside: from no contact an outbound one, else another party on his second line.
    pub(super) fn dials_outside(&mut self, agent: &AgentId, callee: Callee) -> Result<(CallId, ConnectionId), End> {
        if let Some(call) = self.call_of(agent, None) {
            let mut line = Err(contact::Refused::State("the contact has ended".into()));
            self.with_call(call, |call, cx| line = call.second_line_outside(cx, agent, &callee));
            return line
                .map(|line| (call, line))
                .map_err(|refused| refused_with_warning(Status::FORBIDDEN, &refused.to_string()));
        }
        let forbidden = |why: String| refused_with_warning(Status::FORBIDDEN, &why);
        self.may_call(agent).map_err(|why| forbidden(why.to_string()))?;
        let outbound = Outbound::new(&self.site.catalog, agent, callee).map_err(|why| forbidden(why.to_string()))?;
        Ok(self.begin_outbound(agent, outbound, true))
    }

    /// `sip:qc-bank` dialled by an agent who is on no contact.
    pub(super) fn dials_quick_connect(&mut self, agent: &AgentId, id: &QuickConnectId) -> Option<Callee> {
        self.external(agent, id).filter(|_| self.call_of(agent, None).is_none())
    }

    /// An agent calls a customer.
    pub(super) fn agent_calls(&mut self, contact: ContactId, agent: AgentId) {
        let mut routed = Vec::new();
        self.router.calls(self.now, &agent, contact, &mut routed);
        self.work.extend(routed.into_iter().map(Work::Routing));
        self.dirty.insert(agent);
    }

    /// He has called in vain.
    pub(super) fn called_in_vain(
        &mut self,
        id: CallId,
        contact: ContactId,
        agent: AgentId,
        why: Reason,
        himself: bool,
    ) {
        let trouble = match why {
            _ if himself => self.trouble_of(&agent, why).0,
            Reason::NoAnswer => Trouble::CustomerMissed,
            Reason::Busy | Reason::Rejected => Trouble::CustomerLineEngaged,
            Reason::Unreachable => Trouble::CustomerBadAddress,
            _ => Trouble::CustomerFailedConnect,
        };
        self.keep_last(id, contact, &agent, "error", why_not(why));
        let mut routed = Vec::new();
        self.router.called_in_vain(self.now, &agent, contact, trouble, &mut routed);
        self.work.extend(routed.into_iter().map(Work::Routing));
        self.dirty.insert(agent);
    }

    /// Whether an external quick connect could be called now, in the words of an agent's state.
    pub(super) fn presence_outside(&self, to: &Outside) -> Option<String> {
        let Outside::Number(number) = to else { return None };
        Some(
            match self.trunks.open(self.now, number) {
                Ok(()) => "Available",
                Err(NoWay::Full(_)) => "Busy",
                Err(_) => "Offline",
            }
            .into(),
        )
    }

    /// A trunk is there again, or no more, or full: whoever sees its numbers sees that.
    pub(super) fn look_at_trunks(&mut self) {
        if !self.trunks.have_changed() {
            return;
        }
        let catalog = &self.site.catalog;
        let outside = |id: &QuickConnectId| {
            let quick = catalog.quick_connects.get(id);
            quick.is_some_and(|quick| matches!(quick.to, QuickConnectTo::External { .. }))
        };
        let seeing = catalog.agents.iter().filter(|(_, agent)| agent.quick_connects.iter().any(outside));
        self.dirty.extend(seeing.map(|(id, _)| id.clone()));
    }
}

/// What a phone is told, and why (RFC 3261 section 20.43).
pub(super) fn refused_with_warning(status: Status, why: &str) -> End {
    let mut end = End::with(status);
    let why: String = why.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '\\')).collect();
    end.headers.push((Name::Warning, Text::from(format!("399 cordboard \"{why}\""))));
    end
}
