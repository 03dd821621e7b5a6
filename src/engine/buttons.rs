//! The buttons of an agent's screen, by the names of Connect's CTI methods.

use super::{Addressee, Button, CallId, Engine, Refusal, Work};
use crate::contact::{Call, Press, Refused};
use crate::ids::{AgentId, ConnectionId, ContactId};
use crate::routing;
use crate::site::Role;

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::State(text) => Refusal::InvalidState(text),
            Refused::NotFound(text) => Refusal::NotFound(text),
            Refused::Quota(text) => Refusal::QuotaExceeded(text),
        }
    }
}

impl Engine {
    pub(super) fn on_button(&mut self, agent: &AgentId, button: Button) -> Result<(), Refusal> {
        if !self.site.agents.contains_key(agent) {
            return Err(Refusal::NotFound(format!("there is no agent {agent}")));
        }
        match button {
            Button::Snapshot => Ok(()),
            Button::PutAgentState { status } => {
                let status = routing::status(&status).map_err(|why| Refusal::InvalidParameter(why.to_string()))?;
                self.set_status(agent, status);
                Ok(())
            }
            Button::AcceptContact { .. } => Err(Refusal::InvalidState(
                "a phone is answered at the phone: the switch cannot lift its receiver".into(),
            )),
            Button::RejectContact { contact } => {
                let id = self.find_call(agent, contact.as_deref())?;
                let mut refused = None;
                self.with_call(id, |call, cx| refused = call.reject(cx, agent).err());
                refused.map_or(Ok(()), |r| Err(r.into()))
            }
            Button::ClearContact { .. } => {
                if self.desks.get(agent).is_none_or(|desk| desk.last.is_none()) {
                    return Err(Refusal::InvalidState("there is no contact to clear".into()));
                }
                let mut routed = Vec::new();
                self.router.clear(self.now, agent, &mut routed);
                self.work.extend(routed.into_iter().map(Work::Routing));
                self.dirty.insert(agent.clone());
                Ok(())
            }
            Button::CreateAdditionalConnection { contact, target } => match target {
                Addressee::QuickConnect(id) => self.press(agent, contact.as_deref(), &Press::QuickConnect(id)),
                Addressee::Destination(destination) => {
                    let callee = self.callee(&destination).map_err(|why| Refusal::BadEndpoint(why.to_string()))?;
                    self.press(agent, contact.as_deref(), &Press::Call(callee))
                }
            },
            Button::CreateOutboundContact { target } => self.create_outbound(agent, &target),
            Button::ConferenceConnections { contact } => self.press(agent, contact.as_deref(), &Press::Join),
            Button::ToggleActiveConnections { contact } => self.press(agent, contact.as_deref(), &Press::Swap),
            Button::HoldAll { contact } => self.press(agent, contact.as_deref(), &Press::HoldAll),
            Button::ResumeAll { contact } => self.press(agent, contact.as_deref(), &Press::ResumeAll),
            Button::Leave { contact } => self.press(agent, contact.as_deref(), &Press::Leave),
            Button::MonitorContact { contact } => self.monitor(agent, &contact),
            Button::UpdateMonitorParticipantState { contact, state } => {
                self.is_supervisor(agent)?;
                self.press(agent, contact.as_deref(), &Press::Monitor(state))
            }
            Button::SuspendContactRecording { contact } => {
                self.press(agent, contact.as_deref(), &Press::SuspendRecording)
            }
            Button::ResumeContactRecording { contact } => {
                self.press(agent, contact.as_deref(), &Press::ResumeRecording)
            }
            Button::HoldConnection { contact, connection } => {
                self.press_on(agent, contact.as_deref(), &connection, Press::Hold)
            }
            Button::ResumeConnection { contact, connection } => {
                self.press_on(agent, contact.as_deref(), &connection, Press::Resume)
            }
            Button::DestroyConnection { contact, connection } => {
                self.press_on(agent, contact.as_deref(), &connection, Press::Drop)
            }
            Button::MuteParticipant { contact, connection } => {
                self.press_on(agent, contact.as_deref(), &connection, Press::Mute)
            }
            Button::UnmuteParticipant { contact, connection } => {
                self.press_on(agent, contact.as_deref(), &connection, Press::Unmute)
            }
            Button::SendDigits { contact, connection, digits } => {
                let dtmf = |c: char| c.is_ascii_digit() || matches!(c, '*' | '#' | 'A'..='D' | ',');
                if digits.is_empty() || digits.len() > 50 || !digits.chars().all(dtmf) {
                    return Err(Refusal::InvalidParameter("digits are 1 to 50 of 0-9, *, #, A-D and the comma".into()));
                }
                self.press_on(agent, contact.as_deref(), &connection, |id| Press::Digits(id, digits))
            }
        }
    }

    fn press_on(
        &mut self,
        agent: &AgentId,
        contact: Option<&str>,
        connection: &str,
        press: impl FnOnce(ConnectionId) -> Press,
    ) -> Result<(), Refusal> {
        let number = connection.strip_prefix('c').and_then(|n| n.parse().ok());
        let id = number
            .map(ConnectionId)
            .ok_or_else(|| Refusal::NotFound(format!("there is no connection {connection} on this contact")))?;
        self.press(agent, contact, &press(id))
    }

    pub(super) fn press(&mut self, agent: &AgentId, contact: Option<&str>, press: &Press) -> Result<(), Refusal> {
        let id = self.find_call(agent, contact)?;
        let mut result = Err(Refusal::InvalidState("the contact has ended".into()));
        self.with_call(id, |call, cx| result = call.press(cx, agent, press).map_err(Refusal::from));
        result
    }

    /// A supervisor asks to listen to a contact: his phone is called.
    fn monitor(&mut self, supervisor: &AgentId, contact: &str) -> Result<(), Refusal> {
        self.is_supervisor(supervisor)?;
        let missing = || Refusal::NotFound(format!("there is no contact {contact}"));
        let contact = ContactId::parse(contact).ok_or_else(missing)?;
        let id = self.contacts.get(&contact).copied().ok_or_else(missing)?;
        if self.draining {
            return Err(Refusal::InvalidState("the switch takes no new calls".into()));
        }
        if self.router.contact_of(supervisor).is_some() {
            return Err(Refusal::InvalidState("this supervisor is on a contact already".into()));
        }
        if self.registrar.bindings(supervisor).is_empty() {
            return Err(Refusal::InvalidState("this supervisor has no phone registered".into()));
        }
        let mut result = Err(missing());
        self.with_call(id, |call, cx| result = call.monitor(cx, supervisor, contact).map_err(Refusal::from));
        result
    }

    fn is_supervisor(&self, agent: &AgentId) -> Result<(), Refusal> {
        match self.site.agents.get(agent).map(|agent| agent.role) {
            Some(Role::Supervisor) => Ok(()),
            _ => Err(Refusal::AccessDenied(format!("{agent} is no supervisor"))),
        }
    }

    fn find_call(&self, agent: &AgentId, contact: Option<&str>) -> Result<CallId, Refusal> {
        let wanted = contact
            .map(|text| ContactId::parse(text).ok_or_else(|| Refusal::NotFound(format!("there is no contact {text}"))))
            .transpose()?;
        let plain = || self.calls_of(agent, wanted).next().map(|(id, _)| id);
        match (self.call_of(agent, wanted).or_else(plain), wanted) {
            (Some(id), _) => Ok(id),
            (None, Some(contact)) => Err(Refusal::NotFound(format!("there is no contact {contact} with this agent"))),
            (None, None) => Err(Refusal::InvalidState("this agent is on no contact".into())),
        }
    }

    /// The call of the contact centre that an agent is on; with a contact, the one that is his part of.
    pub(super) fn call_of(&self, agent: &AgentId, contact: Option<ContactId>) -> Option<CallId> {
        self.calls_of(agent, contact).find(|(_, call)| call.has_buttons()).map(|(id, _)| id)
    }

    /// The same and his plain calls.
    fn calls_of(&self, agent: &AgentId, contact: Option<ContactId>) -> impl Iterator<Item = (CallId, &Call)> {
        let calls = self.desks.get(agent).into_iter().flat_map(|desk| &desk.calls);
        let calls = calls.filter_map(|id| Some((*id, self.calls.get(id)?)));
        calls.filter(move |(_, call)| {
            call.place_of(agent).is_some() && contact.is_none_or(|k| call.contacts().contains_key(&k))
        })
    }

    pub(super) fn set_status(&mut self, agent: &AgentId, status: &str) {
        let mut routed = Vec::new();
        self.router.set_status(self.now, agent, status, &mut routed);
        self.work.extend(routed.into_iter().map(Work::Routing));
        self.dirty.insert(agent.clone());
    }
}
