//! A flow at work in a call: what it plays now, and what it asks of its contact.

use super::{Admission, Call, Contact, Cx, Hears, Out, Phase, Place, Progress, Reason, Sound, Sounding};
use crate::flow::{Data, Effect, Ending, ErrorType, Flow, Hook, Outcome, Run, Spoken, Step, Target};
use crate::ids::{AgentId, ConnectionId, ContactId, FlowId, HoursId, PlayId, QueueId};
use crate::limits::FLOW_STEPS;
use crate::time::Time;
use std::sync::Arc;
use tracing::{debug, info, warn};

/// A flow with its place in it and the sound it makes.
#[derive(Clone, Debug)]
pub struct Running {
    run: Run,
    pub(super) sounding: Option<Sounding>,
    /// When a message list is interrupted for the flow to go on.
    interrupt: Option<Time>,
    /// The queue was asked and has not answered yet.
    asking: Option<Asked>,
}

/// Who asks for a place in a queue, or for its figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// The flow: it has a branch for every answer.
    ByFlow,
    /// Whoever goes back to where he has waited, with the flow that passes his time.
    ByPlace,
}

impl Running {
    fn new(flow: Arc<Flow>) -> Self {
        Running { run: Run::start(flow), sounding: None, interrupt: None, asking: None }
    }

    /// The queue is being asked for a place.
    pub(super) fn ask(&mut self) {
        self.asking = Some(Asked::ByPlace);
    }

    pub(super) fn hears(&self) -> Hears {
        self.sounding.clone().map_or(Hears::Silence, Hears::Sound)
    }
}

/// Which of a call's flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A contact's inbound, transfer or queue flow.
    Party(ContactId),
    AgentWhisper(ContactId),
    CustomerWhisper(ContactId),
    Hold(ConnectionId),
}

impl Call {
    /// The flow for a role: the hook set on the contact, else what the queue names, else the default of its type.
    pub(super) fn flow_for(&self, cx: &Cx, contact: ContactId, hook: Hook) -> Option<Arc<Flow>> {
        let k = self.contacts.get(&contact)?;
        let queue_flow = || match (hook, &k.target) {
            (Hook::CustomerQueue, Some(Place::Queue(queue))) => {
                cx.catalog.queues.get(queue).and_then(|q| q.customer_queue_flow.clone())
            }
            _ => None,
        };
        let id = k
            .hooks
            .get(&hook)
            .cloned()
            .or_else(queue_flow)
            .or_else(|| cx.catalog.defaults.get(&hook.flow_type()).cloned())?;
        cx.catalog.flows.get(&id).cloned()
    }

    pub(super) fn start_running(&self, cx: &Cx, contact: ContactId, hook: Hook) -> Option<Running> {
        self.flow_for(cx, contact, hook).map(Running::new)
    }

    pub(super) fn start_flow(cx: &Cx, flow: &FlowId) -> Option<Running> {
        cx.catalog.flows.get(flow).cloned().map(Running::new)
    }

    fn running(&mut self, role: Role) -> Option<&mut Running> {
        match role {
            Role::Party(id) => match &mut self.contacts.get_mut(&id)?.phase {
                Phase::InFlow(run) | Phase::Queued(run) | Phase::Offered(run) | Phase::Dialling(run) => Some(run),
                Phase::AgentWhisper { queue, .. } => Some(queue),
                _ => None,
            },
            Role::AgentWhisper(id) => match &mut self.contacts.get_mut(&id)?.phase {
                Phase::AgentWhisper { whisper, .. } => Some(whisper),
                _ => None,
            },
            Role::CustomerWhisper(id) => match &mut self.contacts.get_mut(&id)?.phase {
                Phase::CustomerWhisper { whisper, .. } => Some(whisper),
                _ => None,
            },
            Role::Hold(id) => self.connections.get_mut(&id)?.hold_flow.as_mut(),
        }
    }

    /// The hook whose flow passes somebody's time, if this role's does.
    pub(super) fn waits_with(&self, role: Role) -> Option<Hook> {
        match role {
            Role::Hold(id) => self.hold_hook(id),
            Role::Party(id) => self.contacts.get(&id).and_then(|k| match k.phase {
                Phase::Queued(_) | Phase::Offered(_) | Phase::AgentWhisper { .. } => Some(Hook::CustomerQueue),
                Phase::Dialling(_) => self.hold_hook(k.party),
                _ => None,
            }),
            Role::AgentWhisper(_) | Role::CustomerWhisper(_) => None,
        }
    }

    pub(super) fn hold_hook(&self, id: ConnectionId) -> Option<Hook> {
        let agent = self.connections.get(&id)?.agent.is_some();
        Some(if agent { Hook::AgentHold } else { Hook::CustomerHold })
    }

    /// The flow with which somebody waits is over, and he still waits: the default of its type goes on, for nobody is left
    /// in silence.
    pub(super) fn play_default(&mut self, cx: &mut Cx, role: Role) {
        let kind = self.waits_with(role).map(Hook::flow_type);
        let default = kind.and_then(|kind| cx.catalog.defaults.get(&kind)).and_then(|id| cx.catalog.flows.get(id));
        let (Some(default), Some(running)) = (default, self.running(role)) else { return };
        let over = running.run.flow().id.clone();
        if over != default.id {
            info!(flow = %over, default = %default.id, "a flow to wait with is over: the default goes on");
            *running = Running::new(default.clone());
            self.drive(cx, role, Outcome::Begin);
        }
    }

    /// Every flow of the call that is at work now.
    fn roles(&self) -> Vec<Role> {
        let mut roles = Vec::new();
        for k in self.contacts.values() {
            match k.phase {
                Phase::InFlow(_) | Phase::Queued(_) | Phase::Offered(_) | Phase::Dialling(_) => {
                    roles.push(Role::Party(k.id));
                }
                Phase::AgentWhisper { .. } => roles.extend([Role::Party(k.id), Role::AgentWhisper(k.id)]),
                Phase::CustomerWhisper { .. } => roles.push(Role::CustomerWhisper(k.id)),
                Phase::Calling(_) | Phase::Lifting(..) | Phase::InVain { .. } => {}
                Phase::Connected | Phase::Monitoring | Phase::Line(_) | Phase::Ended => {}
            }
        }
        roles.extend(self.connections.values().filter(|c| c.hold_flow.is_some()).map(|c| Role::Hold(c.id)));
        roles
    }

    pub(super) fn role_of(&mut self, play: PlayId) -> Option<Role> {
        self.roles()
            .into_iter()
            .find(|role| self.running(*role).and_then(|r| r.sounding.as_ref()).is_some_and(|s| s.play == play))
    }

    /// The earliest interruption of a message list.
    pub(super) fn next_interrupt(&self) -> Option<Time> {
        let of = |run: &Running| run.interrupt;
        let parties = self.contacts.values().filter_map(|k| match &k.phase {
            Phase::InFlow(run)
            | Phase::Queued(run)
            | Phase::Offered(run)
            | Phase::Dialling(run)
            | Phase::AgentWhisper { queue: run, .. } => of(run),
            _ => None,
        });
        parties.chain(self.connections.values().filter_map(|c| c.hold_flow.as_ref().and_then(of))).min()
    }

    pub(super) fn interrupt_due(&mut self, cx: &mut Cx) {
        for role in self.roles() {
            if self.running(role).is_some_and(|run| run.interrupt.is_some_and(|at| at <= cx.now)) {
                self.drive(cx, role, Outcome::Result("MessagesInterrupted".into()));
            }
        }
    }

    /// The contact whose hooks, attributes and queue a role's flow sees and sets.
    fn contact_of(&self, role: Role) -> Option<ContactId> {
        match role {
            Role::Party(id) | Role::AgentWhisper(id) | Role::CustomerWhisper(id) => Some(id),
            Role::Hold(id) => self.connections.get(&id).map(|c| c.contact),
        }
    }

    /// Takes a flow onward until it waits for something or ends.
    pub(super) fn drive(&mut self, cx: &mut Cx, role: Role, mut outcome: Outcome) {
        let Some(contact) = self.contact_of(role) else { return };
        for _ in 0..FLOW_STEPS {
            let Some(running) = self.running(role) else { return };
            running.sounding = None;
            running.interrupt = None;
            let mut run = running.run.clone();
            let step = run.step(outcome, &Facts { call: self, contact, cx });
            let flow = run.flow().id.clone();
            if let Some(running) = self.running(role) {
                running.run = run;
            }
            outcome = match step {
                Step::Play { messages, repeat, interrupt_after } => {
                    let mut sounds = Vec::new();
                    let mut failed = false;
                    for message in &messages {
                        match cx.catalog.speech.render(message) {
                            Ok(spoken) => sounds.extend(spoken.into_iter().map(|s| match s {
                                Spoken::Prompt(prompt) => Sound::Prompt(prompt),
                                Spoken::Pause(time) => Sound::Pause(time),
                            })),
                            Err(unspoken) => {
                                warn!(contact = %contact, %flow, %unspoken, "a message cannot be played");
                                failed = true;
                            }
                        }
                    }
                    if sounds.is_empty() {
                        if failed { Outcome::Failed(ErrorType::NoMatchingError) } else { Outcome::Done }
                    } else {
                        let play = cx.names.play();
                        if let Some(running) = self.running(role) {
                            running.sounding = Some(Sounding { play, sounds, repeat, flow: Some(flow) });
                            running.interrupt = interrupt_after.map(|after| cx.now + after);
                        }
                        return;
                    }
                }
                Step::Do(effect) => match self.apply(cx, role, contact, effect) {
                    Some(outcome) => outcome,
                    None => return,
                },
                Step::End(ending) => {
                    debug!(contact = %contact, %flow, ?ending, "flow ended");
                    self.flow_ended(cx, role, contact, ending);
                    return;
                }
            };
        }
        warn!(contact = %contact, "a flow took {FLOW_STEPS} actions without waiting; it is ended");
        self.flow_ended(cx, role, contact, Ending::Failed("too many actions".into()));
    }

    /// Does what a flow asks. `None`: the answer comes later, by [`Call::enqueued`].
    fn apply(&mut self, cx: &mut Cx, role: Role, contact: ContactId, effect: Effect) -> Option<Outcome> {
        let failed = Some(Outcome::Failed(ErrorType::NoMatchingError));
        let Some(k) = self.contacts.get_mut(&contact) else { return failed };
        match effect {
            Effect::SetHook { hook, flow } => {
                let Some(id) = resolve(cx, &flow) else {
                    warn!(contact = %contact, flow, "an event hook names a flow that is not there");
                    return failed;
                };
                k.hooks.insert(hook, id);
                Some(Outcome::Done)
            }
            Effect::SetTarget(target) => {
                let Some(place) = find_place(cx, &target) else {
                    warn!(contact = %contact, ?target, "a flow targets a queue or agent that is not there");
                    return failed;
                };
                k.target = Some(place);
                Some(Outcome::Done)
            }
            Effect::SetPriority(priority) => {
                k.precedence.priority = priority;
                self.prioritised(cx, contact);
                Some(Outcome::Done)
            }
            Effect::AdjustQueueTime(seconds) => {
                k.precedence.adjustment = seconds;
                self.prioritised(cx, contact);
                Some(Outcome::Done)
            }
            Effect::SetRecording { recorded, passed_over } => {
                if !passed_over.is_empty() {
                    warn!(contact = %contact, ?passed_over, "a flow asks to record what is not recorded here");
                }
                k.recording.who = recorded.unwrap_or(k.recording.who);
                Some(Outcome::Done)
            }
            Effect::CheckHours(hours) => {
                let target = k.target.clone();
                let Some(open) = is_open(cx, hours.as_deref(), target.as_ref()) else {
                    warn!(contact = %contact, ?hours, ?target, "a flow asks for hours that are not there");
                    return failed;
                };
                Some(Outcome::Result(if open { "True" } else { "False" }.into()))
            }
            Effect::Measure(metric, of) => {
                let place = match of {
                    Some(of) => find_place(cx, &of),
                    None => k.target.clone(),
                };
                let Some(place) = place else {
                    warn!(contact = %contact, ?metric, "a flow asks for the figures of no queue");
                    return failed;
                };
                cx.out.push(Out::Measure { contact, metric, place });
                if let Some(running) = self.running(role) {
                    running.asking = Some(Asked::ByFlow);
                }
                None
            }
            Effect::TransferToQueue | Effect::TransferToAgent => {
                // Who waits to be replaced by one agent takes his customer back rather than leave him in her queue.
                let cold = self.transferor(contact).is_some();
                let Some(k) = self.contacts.get(&contact) else { return failed };
                let direct = effect == Effect::TransferToAgent || (cold && matches!(k.target, Some(Place::Agent(_))));
                let (Some(place), true, None) = (k.target.clone(), matches!(role, Role::Party(_)), &k.queued) else {
                    return failed;
                };
                cx.out.push(Out::Enqueue { contact, place, direct });
                if let Some(running) = self.running(role) {
                    running.asking = Some(Asked::ByFlow);
                }
                None
            }
        }
    }

    /// A contact that waits already has another turn at once.
    fn prioritised(&self, cx: &mut Cx, contact: ContactId) {
        let Some(k) = self.contacts.get(&contact).filter(|k| k.queued.is_some()) else { return };
        cx.out.push(Out::Prioritise { contact, precedence: k.precedence });
    }

    /// A figure that a flow has asked for; `None`: there is no such queue.
    pub fn measured(&mut self, cx: &mut Cx, contact: ContactId, figure: Option<u64>) {
        let Some(running) = self.running(Role::Party(contact)) else { return };
        if running.asking.take().is_some() {
            let outcome =
                figure.map_or(Outcome::Failed(ErrorType::NoMatchingError), |n| Outcome::Result(n.to_string()));
            self.drive(cx, Role::Party(contact), outcome);
            self.settle(cx);
        }
    }

    /// Whether this contact waits to be told if a queue takes it.
    #[must_use]
    pub fn asks_for_a_queue(&self, contact: ContactId) -> bool {
        self.contacts.get(&contact).is_some_and(|k| match &k.phase {
            Phase::InFlow(run) | Phase::Queued(run) | Phase::Offered(run) | Phase::Dialling(run) => {
                run.asking.is_some()
            }
            Phase::AgentWhisper { queue, .. } => queue.asking.is_some(),
            _ => false,
        })
    }

    /// What the queue said to a contact that asked for a place.
    pub fn enqueued(&mut self, cx: &mut Cx, contact: ContactId, place: Place, direct: bool, admission: Admission) {
        let Some(running) = self.running(Role::Party(contact)) else { return };
        let Some(asked) = running.asking.take() else { return };
        if let Admission::Refused(why) | Admission::AtCapacity(why) = admission {
            let full = matches!(admission, Admission::AtCapacity(_));
            let error = if full { ErrorType::QueueAtCapacity } else { ErrorType::NoMatchingError };
            if direct || asked == Asked::ByPlace {
                // TransferContactToAgent has no error branch: a busy agent ends the contact. Nor has a flow that only passes the time.
                self.contact_failed(cx, contact, why);
            } else {
                self.drive(cx, Role::Party(contact), Outcome::Failed(error));
            }
            self.settle(cx);
            return;
        }
        let queue_flow = self.start_running(cx, contact, Hook::CustomerQueue);
        let Some(k) = self.contacts.get_mut(&contact) else { return };
        k.queued = Some((place, cx.now));
        k.direct = direct;
        let row = (k.method == super::Method::Transfer).then_some(k.agent).flatten();
        let Some(run) = queue_flow else {
            warn!(contact = %contact, "there is no customer queue flow");
            self.contact_failed(cx, contact, Reason::Failed);
            return;
        };
        k.phase = Phase::Queued(run);
        if let Some(row) = row.and_then(|id| self.connections.get_mut(&id)) {
            row.state = super::State::Connected;
            row.last_offer = (admission == Admission::Unreachable).then_some(Reason::Unreachable);
        }
        cx.out.push(Out::Event { contact, event: super::Event::Queued });
        if let Some(connection) = self.transferor(contact).filter(|_| !direct) {
            cx.out.push(Out::Transfer { connection, progress: Progress::Queued });
        }
        self.drive(cx, Role::Party(contact), Outcome::Begin);
        self.settle(cx);
    }

    /// The queue in which a contact waited is no more. A customer goes back to the one that he came from; whoever has asked
    /// somebody there is told that it has failed.
    pub fn give_up(&mut self, cx: &mut Cx, contact: ContactId) {
        match self.came_from(cx, contact) {
            Some((run, place)) => self.wait_again(cx, contact, run, place, Reason::Failed),
            None => self.contact_failed(cx, contact, Reason::Failed),
        }
        self.settle(cx);
    }

    fn came_from(&self, cx: &Cx, contact: ContactId) -> Option<(Running, Place)> {
        let k = self.contacts.get(&contact).filter(|_| self.transferor(contact).is_none())?;
        let Phase::Queued(run) = &k.phase else { return None };
        self.connections.get(&k.party).filter(|party| party.agent.is_none())?;
        let place = k.previous.and_then(|before| self.home(before))?;
        let is_there = matches!(&place, Place::Queue(queue) if cx.catalog.queues.contains_key(queue));
        is_there.then(|| (run.clone(), place))
    }

    /// A message that nobody hears is over: an agent who takes his customer back does not keep a flow waiting. Nor does a
    /// supervisor whom somebody hears instead, and he follows whoever is left.
    pub(super) fn pass_unheard(&mut self, cx: &mut Cx) {
        for _ in 0..FLOW_STEPS {
            self.follow_agents(cx);
            let plan = self.plan();
            let heard = |play: PlayId| {
                plan.values().any(|want| matches!(&want.hears, Hears::Sound(sounding) if sounding.play == play))
            };
            let unheard = self.roles().into_iter().find(|role| {
                self.running(*role).and_then(|r| r.sounding.as_ref()).is_some_and(|s| !s.repeat && !heard(s.play))
            });
            match unheard {
                Some(role) => self.drive(cx, role, Outcome::Done),
                None => return,
            }
        }
    }
}

fn resolve(cx: &Cx, name: &str) -> Option<FlowId> {
    cx.catalog
        .flows
        .values()
        .find(|f| {
            f.id.as_str() == name
                || f.arn.as_deref().is_some_and(|arn| arn == name || arn.ends_with(&format!("/{name}")))
        })
        .map(|f| f.id.clone())
}

/// An ARN ends in the resource's id; a name stands for itself.
fn last(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

fn find_place(cx: &Cx, target: &Target) -> Option<Place> {
    match target {
        Target::Queue(name) => {
            let name = last(name);
            let by_id = cx.catalog.queues.contains_key(name).then(|| QueueId::from(name));
            let by_name = || cx.catalog.queues.iter().find(|(_, q)| q.name == name).map(|(id, _)| id.clone());
            by_id.or_else(by_name).map(Place::Queue)
        }
        Target::Agent(name) => {
            let name = last(name);
            cx.catalog.agents.contains_key(name).then(|| Place::Agent(AgentId::from(name)))
        }
    }
}

/// Whether these hours are open now, or those of the queue that is the target. An agent's own queue has none.
fn is_open(cx: &Cx, hours: Option<&str>, target: Option<&Place>) -> Option<bool> {
    let hours = match (hours, target) {
        (Some(hours), _) => HoursId::from(last(hours)),
        (None, Some(Place::Queue(queue))) => match &cx.catalog.queues.get(queue)?.hours {
            Some(hours) => hours.clone(),
            None => return Some(true),
        },
        (None, Some(Place::Agent(_)) | None) => return None,
    };
    Some(cx.catalog.hours.get(&hours)?.is_open(cx.now))
}

/// The `$.` references a flow may read (Connect's contact attributes).
struct Facts<'a, 'b> {
    call: &'a Call,
    contact: ContactId,
    cx: &'a Cx<'b>,
}

impl Data for Facts<'_, '_> {
    fn lookup(&self, path: &[&str]) -> Option<String> {
        let k: &Contact = self.call.contacts.get(&self.contact)?;
        let party = self.call.connections.get(&k.party);
        // In whispers $.Agent is who accepted; in a transfer-to-agent flow it is the target.
        let agent = || {
            let at_phone = k.agent.and_then(|id| self.call.connections.get(&id)).and_then(|c| c.agent.clone());
            at_phone.or_else(|| match &k.target {
                Some(Place::Agent(agent)) => Some(agent.clone()),
                _ => None,
            })
        };
        match path {
            ["ContactId"] => Some(k.id.to_string()),
            ["InitialContactId"] => Some(k.initial.unwrap_or(k.id).to_string()),
            ["PreviousContactId"] => k.previous.map(|id| id.to_string()),
            ["Channel"] => Some("VOICE".into()),
            ["InitiationMethod"] => Some(k.method.as_str().into()),
            ["CustomerEndpoint", "Address"] => self.call.customer().or(party).map(|c| c.identity.address.clone()),
            ["Queue", "Name"] => match &k.target {
                Some(Place::Queue(id)) => self.cx.catalog.queues.get(id).map(|q| q.name.clone()),
                Some(Place::Agent(id)) => self.cx.catalog.agents.get(id).map(|a| a.name.clone()),
                None => None,
            },
            ["Queue", "ARN"] => match &k.target {
                Some(Place::Queue(id)) => Some(id.to_string()),
                _ => None,
            },
            ["Agent", "UserName" | "ARN"] => agent().map(|a| a.to_string()),
            ["Agent", "FirstName"] => agent().and_then(|a| self.cx.catalog.agents.get(&a).map(|a| a.name.clone())),
            _ => None,
        }
    }
}
