//! A supervisor on a contact: he listens unseen, coaches its agent, or barges in.
//!
//! He has a contact of his own (Connect's MONITOR), whose party is the agent he listens to. Until he barges in he is no
//! party of the call: nothing that is asked of the parties - who talks, who is held, who is left - knows of him.

use super::{
    Call, Connection, Contact, Cx, Dial, Event, Identity, Kind, Method, Monitor, Out, Phase, Press, Reason, Refused,
    State,
};
use crate::ids::{AgentId, ConnectionId, ContactId};
use crate::limits::MONITORS;
use tracing::info;

fn state(text: impl Into<String>) -> Refused {
    Refused::State(text.into())
}

impl Call {
    /// A supervisor wants to listen to this contact: his phones are called.
    pub fn monitor(&mut self, cx: &mut Cx, supervisor: &AgentId, contact: ContactId) -> Result<(), Refused> {
        let Some(k) = self.contacts.get(&contact) else {
            return Err(Refused::NotFound(format!("there is no contact {contact}")));
        };
        let served = k.agent.filter(|_| matches!(k.phase, Phase::Connected)).and_then(|id| self.connections.get(&id));
        let Some(served) = served.filter(|c| c.is_up() && c.agent.is_some()) else {
            return Err(state("the contact is not connected to an agent"));
        };
        if self.place_of(supervisor).is_some() {
            return Err(state(format!("{supervisor} is on this contact already")));
        }
        if self.connections.values().filter(|c| c.kind == Kind::Monitoring && !c.is_gone()).count() >= MONITORS {
            return Err(Refused::Quota(format!("a contact has {MONITORS} supervisors at most")));
        }
        let (party, from, watched) = (served.id, k.clone(), watching(served));
        let name = cx.catalog.agents.get(supervisor).map_or_else(|| supervisor.to_string(), |a| a.name.clone());
        let identity = Identity { name, address: supervisor.to_string() };
        let monitor = cx.names.contact();
        let line = self.add(cx, monitor, identity, Some(supervisor.clone()), Kind::Monitoring, State::Connecting);
        self.contacts.insert(
            monitor,
            Contact {
                method: Method::Monitor,
                party,
                agent: Some(line),
                phase: Phase::Monitoring,
                ..Contact::after(monitor, &from, cx)
            },
        );
        info!(contact = %from.id, %supervisor, "is to be listened to");
        cx.out.push(Out::Event { contact: monitor, event: Event::Initiated });
        cx.out.push(Out::Monitor { contact: monitor, agent: supervisor.clone() });
        self.dial(cx, line, monitor, Some(from.id), Dial::Agent(supervisor.clone()), watched);
        Ok(())
    }

    /// This contact is a supervisor's.
    pub(super) fn is_monitored_by(&self, contact: ContactId) -> bool {
        self.contacts.get(&contact).is_some_and(Contact::is_monitor)
    }

    pub(super) fn monitor_answered(&mut self, cx: &mut Cx, contact: ContactId) {
        let Some(k) = self.contacts.get_mut(&contact) else { return };
        k.connected = Some(cx.now);
        if let Some(c) = k.agent.and_then(|id| self.connections.get_mut(&id)) {
            c.state = State::Monitor(Monitor::Silent);
        }
        cx.out.push(Out::Event { contact, event: Event::ConnectedToAgent });
    }

    /// He did not answer: nobody else notices.
    pub(super) fn monitor_failed(&mut self, cx: &mut Cx, contact: ContactId, why: Reason) {
        if let Some(line) = self.contacts.get(&contact).and_then(|k| k.agent) {
            self.mark_gone(line, why);
        }
        self.close(cx, contact, why);
    }

    /// updateMonitorParticipantState: more of a part in it, or less.
    pub(super) fn take_part_as(&mut self, cx: &mut Cx, actor: ConnectionId, to: Monitor) -> Result<(), Refused> {
        let Some(State::Monitor(from)) = self.connections.get(&actor).map(|c| c.state) else {
            return Err(state("this agent listens to no contact"));
        };
        if from == to {
            return Ok(());
        }
        if from == Monitor::Barge {
            self.may_go_back()?;
        }
        if let Some(c) = self.connections.get_mut(&actor) {
            c.state = State::Monitor(to);
        }
        if from == Monitor::Barge {
            // Who is no party holds nobody.
            let held = |c: &&Connection| c.held_by == Some(actor);
            for id in self.connections.values().filter(held).map(|c| c.id).collect::<Vec<_>>() {
                self.set_hold(cx, id, None);
            }
        }
        Ok(())
    }

    /// Whether who has barged in can be missed again.
    pub(super) fn may_go_back(&self) -> Result<(), Refused> {
        let active = |c: &&Connection| c.is_up() && c.is_party() && c.second_line_of.is_none();
        if self.connections.values().filter(active).count() <= 2 {
            return Err(state("only two are left: who has barged in cannot go back to listening"));
        }
        if !self.connections.values().any(|c| self.can_be_followed(c)) {
            return Err(state("no agent is left to listen to"));
        }
        Ok(())
    }

    /// Somebody has barged in.
    pub(super) fn is_supervised(&self) -> bool {
        self.connections.values().any(|c| c.state == State::Monitor(Monitor::Barge))
    }

    pub(super) fn is_monitor(&self, connection: ConnectionId) -> bool {
        self.connections.get(&connection).is_some_and(|c| c.kind == Kind::Monitoring)
    }

    /// By one who has barged in and still is.
    pub(super) fn is_muted_by_supervisor(&self, c: &Connection) -> bool {
        let by = c.muted_by.and_then(|by| self.connections.get(&by));
        by.is_some_and(|by| by.id != c.id && by.state == State::Monitor(Monitor::Barge))
    }

    /// Whether somebody at `me` is to know of this connection: a supervisor is seen by others only once he has barged in.
    #[must_use]
    pub fn sees(&self, me: &Connection, c: &Connection) -> bool {
        c.id == me.id || c.is_party()
    }

    /// Supervisors who have not barged in only listen; where one has, the agents mute themselves and leave, and that is all.
    pub(super) fn may_press(&self, actor: ConnectionId, press: &Press) -> Result<(), Refused> {
        let Some(me) = self.connections.get(&actor) else { return Ok(()) };
        let own = match press {
            Press::Leave => true,
            Press::Drop(id) | Press::Mute(id) => *id == actor,
            Press::Unmute(id) if *id == actor && self.is_muted_by_supervisor(me) && me.kind != Kind::Monitoring => {
                return Err(state("a supervisor has muted this agent"));
            }
            Press::Unmute(id) => *id == actor,
            _ => false,
        };
        match (press, me.kind) {
            (Press::Monitor(_), Kind::Monitoring) => Ok(()),
            _ if own => Ok(()),
            (Press::QuickConnect(_) | Press::Call(_), Kind::Monitoring) => Err(state("a supervisor adds nobody")),
            (_, Kind::Monitoring) if !me.is_party() => Err(state("a supervisor only listens until he barges in")),
            (_, Kind::Monitoring) => Ok(()),
            _ if self.is_supervised() => Err(state("a supervisor has barged in: agents mute themselves or leave")),
            _ => Ok(()),
        }
    }

    /// The same for what a phone does without a button: nobody is transferred by a supervisor, or under his eyes.
    pub(super) fn may_transfer(&self, me: &Connection) -> Result<(), Refused> {
        if me.kind == Kind::Monitoring {
            return Err(state("a supervisor transfers nobody"));
        }
        if me.agent.is_some() && self.is_supervised() {
            return Err(state("a supervisor has barged in: agents mute themselves or leave"));
        }
        Ok(())
    }

    /// Whether this agent's own Hold key holds anybody.
    pub(super) fn may_hold(&self, me: &Connection) -> bool {
        me.kind == Kind::Monitoring || !self.is_supervised()
    }

    /// What the phone of a supervisor shows who only listens.
    pub(super) fn watched(&self, c: &Connection) -> Option<Identity> {
        let party = self.contacts.get(&c.contact).map(|k| k.party)?;
        self.connections.get(&party).map(watching)
    }

    /// A supervisor goes on with the agent who has the contact now. Where none is left he has nothing to listen to; who has
    /// barged in stays, for somebody may have nobody else.
    pub(super) fn follow_agents(&mut self, cx: &mut Cx) {
        let lost = |k: &&Contact| {
            let served = self.connections.get(&k.party).is_some_and(|c| self.can_be_followed(c));
            k.is_monitor() && !k.is_over() && !served
        };
        let lost: Vec<(ContactId, ConnectionId)> =
            self.contacts.values().filter(lost).filter_map(|k| Some((k.id, k.agent?))).collect();
        let next = self.connections.values().rfind(|c| self.can_be_followed(c)).map(|c| c.id);
        for (contact, line) in lost {
            match next {
                Some(next) => {
                    if let Some(k) = self.contacts.get_mut(&contact) {
                        k.party = next;
                    }
                }
                None if self.connections.get(&line).is_some_and(Connection::is_party) => {}
                None => {
                    let answered = self.connections.get(&line).is_some_and(|c| c.answered.is_some());
                    self.close(cx, contact, if answered { Reason::Left } else { Reason::Cancelled });
                }
            }
        }
    }

    /// An agent who has answered, on his first line.
    fn can_be_followed(&self, c: &Connection) -> bool {
        c.is_up() && c.agent.is_some() && c.kind != Kind::Monitoring && c.second_line_of.is_none()
    }
}

fn watching(c: &Connection) -> Identity {
    Identity { name: format!("Monitoring {}", c.identity.name), address: c.identity.address.clone() }
}
