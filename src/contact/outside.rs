//! Somebody outside: added to a contact without a flow and whispers, or called by an agent who is on none.

use super::leave::failure_tone;
use super::running::Role;
use super::{
    Call, CallerId, CallerIdChoice, Catalog, Connection, Contact, Cx, Dial, Event, Identity, Kind, Method, Out,
    Outside, Phase, Place, QuickConnect, QuickConnectTo, Reason, Refused, Running, Sound, Sounding, State, Tone,
};
use crate::flow::{FlowType, Outcome};
use crate::ids::{AgentId, ConnectionId, ContactId, QueueId, QuickConnectId};
use crate::limits::{FAILURE_TONE, WHISPER};
use crate::time::Time;
use tracing::info;

/// Whom to call outside, and as whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callee {
    pub to: Outside,
    pub name: String,
    pub caller_id: CallerIdChoice,
    pub quick_connect: Option<QuickConnectId>,
}

impl Callee {
    /// By the number pad.
    #[must_use]
    pub fn dialled(to: Outside) -> Callee {
        Callee { to, name: String::new(), caller_id: CallerIdChoice::Queue, quick_connect: None }
    }

    /// An external quick connect's.
    #[must_use]
    pub fn of(id: &QuickConnectId, quick: &QuickConnect) -> Option<Callee> {
        let QuickConnectTo::External { to, caller_id } = &quick.to else { return None };
        let (to, caller_id) = (to.clone(), caller_id.clone());
        Some(Callee { to, name: quick.name.clone(), caller_id, quick_connect: Some(id.clone()) })
    }

    /// What its row shows.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity { name: self.name.clone(), address: self.to.as_str().to_owned() }
    }

    /// How he is called who is shown this caller.
    pub(super) fn dial(&self, caller: CallerId) -> Dial {
        match &self.to {
            Outside::Number(number) => Dial::Number { number: number.clone(), caller },
            Outside::Address(address) => Dial::Address(address.clone()),
        }
    }
}

/// A contact that an idle agent makes by calling somebody outside: everything that it needs.
#[derive(Clone, Debug)]
pub struct Outbound {
    agent: AgentId,
    callee: Callee,
    queue: QueueId,
    caller: CallerId,
}

impl Outbound {
    /// It is made in the name of the agent's default outbound queue.
    pub fn new(catalog: &Catalog, agent: &AgentId, callee: Callee) -> Result<Outbound, Refused> {
        let queue = catalog.agents.get(agent).and_then(|agent| agent.default_outbound_queue.clone());
        let queue = queue.ok_or_else(|| state("there is no default outbound queue to call for"))?;
        let caller = match &callee.caller_id {
            CallerIdChoice::Fixed(caller) => caller.clone(),
            CallerIdChoice::Queue | CallerIdChoice::Customer => queue_caller(catalog, &queue).ok_or_else(|| {
                state(format!("there is no caller ID to call with: the queue {queue} has no outbound_caller_id"))
            })?,
        };
        Ok(Outbound { agent: agent.clone(), callee, queue, caller })
    }
}

fn state(text: impl Into<String>) -> Refused {
    Refused::State(text.into())
}

fn queue_caller(catalog: &Catalog, queue: &QueueId) -> Option<CallerId> {
    catalog.queues.get(queue).and_then(|queue| queue.outbound_caller_id.clone())
}

fn shown(caller: &CallerId) -> Identity {
    Identity { name: caller.name.clone(), address: caller.number.clone() }
}

pub(super) fn ringback(cx: &mut Cx) -> Sounding {
    Sounding { play: cx.names.play(), sounds: vec![Sound::Tone(Tone::Ringback)], repeat: true, flow: None }
}

impl Call {
    /// An agent on no contact calls somebody outside, and his connection. `by_phone`: from his phone, which rings as the
    /// other one does; else his phone rings first, and the other one once it is lifted.
    pub fn outbound(cx: &mut Cx, from: Outbound, by_phone: bool) -> (Call, ConnectionId) {
        let Outbound { agent, callee, queue, caller } = from;
        let mut call = Call::default();
        let (contact, customer) = call.open(cx, callee.identity(), None, Kind::Outbound, State::Init);
        let name = cx.catalog.agents.get(&agent).map_or_else(|| agent.to_string(), |a| a.name.clone());
        let me = Identity { name, address: agent.to_string() };
        let mine = call.add(cx, contact, me, Some(agent.clone()), Kind::Agent, State::Connecting);
        let to = callee.dial(caller.clone());
        if let Some(k) = call.contacts.get_mut(&contact) {
            k.method = Method::Outbound;
            k.agent = Some(mine);
            k.target = Some(Place::Queue(queue));
            k.quick_connect.clone_from(&callee.quick_connect);
            k.phase = Phase::Lifting(to.clone(), shown(&caller));
        }
        call.dialled(mine, &caller.number);
        cx.out.push(Out::Event { contact, event: Event::Initiated });
        info!(%contact, %agent, to = callee.to.as_str(), "calls outside");
        cx.out.push(Out::Calls { contact, agent: agent.clone() });
        if by_phone {
            call.call_customer(cx, contact, customer, to, shown(&caller));
        } else {
            call.dial(cx, mine, contact, None, Dial::Agent(agent), callee.identity());
        }
        (call, mine)
    }

    fn call_customer(&mut self, cx: &mut Cx, contact: ContactId, customer: ConnectionId, to: Dial, from: Identity) {
        let ringback = ringback(cx);
        if let Some(k) = self.contacts.get_mut(&contact) {
            k.phase = Phase::Calling(ringback);
        }
        if let Some(c) = self.connections.get_mut(&customer) {
            c.state = State::Connecting;
        }
        self.dial(cx, customer, contact, None, to, from);
    }

    /// Whom a party outside is shown when the agent at `actor` has it called: the caller ID of the queue that his customer
    /// came by, else of his default outbound queue; the customer; or always the same.
    pub(super) fn caller_id(
        &self,
        cx: &Cx,
        actor: ConnectionId,
        from: ContactId,
        choice: &CallerIdChoice,
    ) -> Result<CallerId, Refused> {
        let customer = || self.customer().map(|c| c.identity.clone());
        match choice {
            CallerIdChoice::Fixed(caller) => return Ok(caller.clone()),
            CallerIdChoice::Customer => {
                if let Some(Identity { name, address }) = customer() {
                    return Ok(CallerId { name, number: address });
                }
            }
            CallerIdChoice::Queue => {}
        }
        let queue = match self.home(from) {
            Some(Place::Queue(queue)) => Some(queue),
            _ => None,
        };
        let agent = self.connections.get(&actor).and_then(|c| c.agent.as_ref()).and_then(|a| cx.catalog.agents.get(a));
        let default = agent.and_then(|agent| agent.default_outbound_queue.clone());
        let queues = [queue, default].into_iter().flatten();
        queues.into_iter().find_map(|queue| queue_caller(cx.catalog, &queue)).ok_or_else(|| {
            state("there is no caller ID to call with: neither the contact's queue nor the default outbound queue has one")
        })
    }

    /// Adds somebody outside to a contact: he who asked for it hears how it goes.
    pub(super) fn add_outside(
        &mut self,
        cx: &mut Cx,
        line: ConnectionId,
        from: &Contact,
        callee: &Callee,
        caller: CallerId,
    ) {
        let contact = cx.names.contact();
        let row = self.add(cx, contact, callee.identity(), None, Kind::Outbound, State::Connecting);
        let k = Contact {
            method: Method::External,
            party: line,
            agent: Some(row),
            quick_connect: callee.quick_connect.clone(),
            phase: Phase::Calling(ringback(cx)),
            // Whoever is held hears what the customer would.
            hooks: from.hooks.clone(),
            // Where the customer waits if he is left with somebody who does not answer.
            target: self.home(from.id),
            ..Contact::after(contact, from, cx)
        };
        self.contacts.insert(contact, k);
        cx.out.push(Out::Event { contact, event: Event::Initiated });
        let who = shown(&caller);
        self.dial(cx, row, contact, Some(from.id), callee.dial(caller), who);
    }

    /// The contact for which somebody is called by no queue.
    pub(super) fn dialled_for(&self, connection: ConnectionId) -> Option<ContactId> {
        let for_it = |k: &&Contact| match &k.phase {
            Phase::Dialling(_) | Phase::Lifting(..) => k.agent == Some(connection),
            Phase::Calling(_) => k.called() == Some(connection),
            _ => false,
        };
        self.contacts.values().find(for_it).map(|k| k.id)
    }

    /// He is calling somebody outside, from no other contact.
    pub(super) fn calls_out(&self, c: &Connection) -> bool {
        !c.is_gone() && self.contacts.values().any(|k| k.method == Method::Outbound && k.agent == Some(c.id))
    }

    /// Who is called outside can be heard before he has answered: by whom.
    pub(super) fn early_customer(&self, c: &Connection) -> Option<ConnectionId> {
        let k = self.contacts.values().find(|k| k.agent == Some(c.id) && matches!(k.phase, Phase::Calling(_)))?;
        self.connections.get(&k.party).filter(|party| party.is_heard_early()).map(|party| party.id)
    }

    /// It rings outside: a phone that waits for it is told.
    pub(super) fn outside_rings(&self, cx: &mut Cx, connection: ConnectionId) {
        let Some(k) = self.dialled_for(connection).and_then(|id| self.contacts.get(&id)) else { return };
        let (Method::Outbound, Phase::Calling(_), Some(mine)) = (k.method, &k.phase, k.agent) else { return };
        if self.connections.get(&mine).is_some_and(|c| !c.is_up()) {
            let early = self.connections.get(&connection).is_some_and(Connection::is_heard_early);
            cx.out.push(Out::Ring { connection: mine, early });
        }
    }

    /// Somebody who was called by no queue has answered.
    pub(super) fn dialled_answered(&mut self, cx: &mut Cx, contact: ContactId) {
        let Some(k) = self.contacts.get(&contact) else { return };
        match (k.phase.clone(), k.method, k.agent) {
            (Phase::Lifting(to, from), ..) => {
                let customer = k.party;
                self.call_customer(cx, contact, customer, to, from);
            }
            (Phase::Calling(_), Method::Outbound, Some(mine)) => {
                let (customer, agent) = (k.party, self.connections.get(&mine).and_then(|c| c.agent.clone()));
                if let Some(c) = self.connections.get_mut(&customer) {
                    c.state = State::Connected;
                }
                if let Some(agent) = agent {
                    cx.out.push(Out::Occupy { contact, agent });
                }
                if self.connections.get(&mine).is_some_and(|c| !c.is_up()) {
                    self.answer(cx, mine);
                    if let Some(c) = self.connections.get_mut(&mine) {
                        c.state = State::Connecting;
                    }
                }
                self.begin_outbound_whisper(cx, contact);
            }
            _ => self.connect(cx, contact),
        }
    }

    /// The customer alone hears it, the agent nothing.
    fn begin_outbound_whisper(&mut self, cx: &mut Cx, contact: ContactId) {
        let Some(k) = self.contacts.get_mut(&contact) else { return };
        let of_queue = match &k.target {
            Some(Place::Queue(queue)) => cx.catalog.queues.get(queue).and_then(|q| q.outbound_whisper_flow.clone()),
            _ => None,
        };
        let flow = of_queue.or_else(|| cx.catalog.defaults.get(&FlowType::OutboundWhisper).cloned());
        match flow.and_then(|flow| Call::start_flow(cx, &flow)) {
            Some(whisper) => {
                k.phase = Phase::CustomerWhisper { whisper, until: cx.now + WHISPER };
                self.drive(cx, Role::CustomerWhisper(contact), Outcome::Begin);
            }
            None => self.connect(cx, contact),
        }
    }

    /// Nobody answered who was called by no queue.
    pub(super) fn dialled_failed(&mut self, cx: &mut Cx, contact: ContactId, why: Reason) {
        let Some(k) = self.contacts.get(&contact) else { return };
        match (&k.phase, k.method) {
            // His own phone.
            (Phase::Lifting(..), _) => self.close(cx, contact, why),
            (_, Method::Outbound) => self.called_in_vain(cx, contact, why),
            _ => self.dialling_failed(cx, contact, why),
        }
    }

    /// The customer was not reached: an agent at the phone hears why, one whose phone still rings is told by it.
    fn called_in_vain(&mut self, cx: &mut Cx, contact: ContactId, why: Reason) {
        let (sounds, play) = (vec![Sound::Tone(failure_tone(why))], cx.names.play());
        let Some(k) = self.contacts.get_mut(&contact) else { return };
        let tone = Sounding { play, sounds, repeat: false, flow: None };
        k.phase = Phase::InVain { tone, why, until: cx.now + FAILURE_TONE };
        let (customer, mine) = (k.party, k.agent);
        info!(%contact, reason = why.as_str(), "not reached");
        self.mark_gone(customer, why);
        if let Some(mine) = mine.filter(|id| self.connections.get(id).is_some_and(|c| !c.is_up())) {
            cx.out.push(Out::HangUp { connection: mine, why, like: Some(customer) });
            self.mark_gone(mine, Reason::Dropped);
            self.close(cx, contact, why);
        }
    }

    pub(super) fn next_tone_end(&self) -> Option<Time> {
        let until = |k: &Contact| match k.phase {
            Phase::InVain { until, .. } => Some(until),
            _ => None,
        };
        self.contacts.values().filter_map(until).min()
    }

    /// He has heard why nobody was reached, which is no fault of his own line.
    pub(super) fn tones_due(&mut self, cx: &mut Cx) {
        let due = |k: &&Contact| matches!(k.phase, Phase::InVain { until, .. } if until <= cx.now);
        for contact in self.contacts.values().filter(due).map(|k| k.id).collect::<Vec<_>>() {
            self.close(cx, contact, Reason::Dropped);
        }
    }

    /// Where those wait who were promised somebody outside, and whoever promised him is gone.
    pub(super) fn waits_again(&self, cx: &Cx, contact: ContactId) -> Option<(Running, Place)> {
        let k = self.contacts.get(&contact)?;
        let run = match &k.phase {
            Phase::Dialling(run) => run.clone(),
            Phase::Calling(_) => self.waiting_flow(cx, k.party).ok()?,
            _ => return None,
        };
        Some((run, k.target.clone()?))
    }
}
