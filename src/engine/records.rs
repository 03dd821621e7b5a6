//! From a contact's end to its record: a contact is completed when its agent's after-call work is over and its phones'
//! ports have said how it sounded.

use super::record::{ContactRecord, DeviceInfo, PartyQuality};
use super::{AgentDetails, CallId, ContactEvent, Engine, Output, QueueDetails};
use crate::contact::{Call, Event, Method, Place};
use crate::ids::{AgentId, ConnectionId, ContactId};
use crate::media::PortStats;
use crate::routing::State;
use crate::time::{Duration, Time};

/// A contact that is over, until nothing more can be learnt of it.
#[derive(Clone, Debug)]
pub(super) struct Ending {
    record: Box<ContactRecord>,
    event: ContactEvent,
    ended: Time,
    recorded: Option<Time>,
    /// Whose after-call work it is.
    works: Option<AgentId>,
    agent_line: Option<ConnectionId>,
    customer_line: Option<ConnectionId>,
}

impl Engine {
    pub(super) fn contact_event(&mut self, id: CallId, contact: ContactId, event: Event) {
        self.contacts.insert(contact, id);
        let Some(call) = self.calls.get(&id) else { return };
        let Some(told) = self.event_of(call, contact, event) else { return };
        if event == Event::ConnectedToAgent {
            self.note_device(id, contact);
        }
        self.outputs.push_back(Output::Contact(told.clone()));
        if event == Event::Disconnected {
            self.ended(id, contact, told);
        }
    }

    /// With which phone the agent is there.
    fn note_device(&mut self, id: CallId, contact: ContactId) {
        let row = self.calls.get(&id).and_then(|call| call.contacts().get(&contact)?.agent);
        let leg = row.and_then(|row| self.lines.get(&row)?.legs.first()).and_then(|leg| self.legs.get(leg));
        if let Some(peer) = leg.and_then(|leg| self.endpoint.peer(leg.session)) {
            let user_agent = peer.user_agent.as_ref().map(ToString::to_string);
            self.devices.insert(contact, DeviceInfo::of(user_agent.as_deref(), peer.link.remote));
        }
    }

    fn event_of(&self, call: &Call, contact: ContactId, event: Event) -> Option<ContactEvent> {
        let k = call.contacts().get(&contact)?;
        // Somebody outside is no agent.
        if event == Event::ConnectedToAgent && k.method == Method::External {
            return None;
        }
        let facts = call.facts(contact);
        let agent = k.agent.and_then(|c| call.connections().get(&c)).and_then(|c| c.agent.as_ref());
        let queue = k.queued.as_ref().map(|(place, since)| {
            let info = self.queue_info(place, *since, None);
            QueueDetails { queue_arn: info.arn, queue_type: info.queue_type, enqueue_timestamp: info.enqueue_timestamp }
        });
        Some(ContactEvent {
            event_type: event.as_str(),
            contact_id: contact.to_string(),
            initial_contact_id: k.initial.map(|id| id.to_string()),
            previous_contact_id: k.previous.map(|id| id.to_string()),
            channel: "VOICE",
            initiation_method: k.method.as_str(),
            queue: k.place().map(|place| match place {
                Place::Queue(queue) => queue.to_string(),
                Place::Agent(agent) => agent.to_string(),
            }),
            queue_info: queue,
            agent: agent.map(ToString::to_string),
            agent_info: agent.zip(k.connected).map(|(agent, connected)| AgentDetails {
                agent_arn: agent.to_string(),
                connected_to_agent_timestamp: connected.iso8601(),
            }),
            initiation_timestamp: k.initiated.iso8601(),
            connected_to_system_timestamp: facts.and_then(|facts| facts.to_system).map(Time::iso8601),
            disconnect_timestamp: facts.and_then(|facts| facts.ended).map(|(at, _)| at.iso8601()),
            timestamp: self.now.iso8601(),
        })
    }

    /// A contact is over. What follows it is its agent's after-call work, if he has any.
    fn ended(&mut self, id: CallId, contact: ContactId, event: ContactEvent) {
        let Some(call) = self.calls.get(&id) else { return };
        let record = self.record_of(call, contact);
        self.devices.remove(&contact);
        let Some(record) = record else { return };
        let facts = call.facts(contact);
        let served = facts.and_then(|facts| facts.served.clone()).filter(|_| record.agent.is_some());
        let row = call.contacts().get(&contact).and_then(|k| k.agent);
        let ending = Ending {
            record: Box::new(record),
            event,
            ended: facts.and_then(|facts| facts.ended).map_or(self.now, |(at, _)| at),
            recorded: facts.and_then(|facts| facts.recorded).map(|(since, _)| since),
            works: served.as_ref().map(|served| served.agent.clone()).filter(|agent| self.is_working(agent)),
            agent_line: served.map(|served| served.line).or(row),
            customer_line: facts.and_then(|facts| facts.customer.as_ref()).map(|(line, _)| *line),
        };
        if let Some(desk) = ending.works.as_ref().and_then(|agent| self.desks.get_mut(agent)) {
            desk.wraps_up.insert(contact);
        }
        self.endings.insert(contact, ending);
        self.closing_in.insert(contact);
    }

    /// The switch itself gives a call up: whatever of it is not over is over now.
    pub(super) fn cut_short(&mut self, id: CallId) {
        let Some(call) = self.calls.get(&id) else { return };
        let open: Vec<ContactId> = call.contacts().values().filter(|k| !k.is_over()).map(|k| k.id).collect();
        for contact in open {
            self.contact_event(id, contact, Event::Disconnected);
        }
    }

    fn is_working(&self, agent: &AgentId) -> bool {
        self.router.state(agent) == Some(State::AfterCallWork)
    }

    /// An agent's state has changed: perhaps it was after-call work.
    pub(super) fn look_at_work(&mut self, agent: &AgentId) {
        if self.is_working(agent) {
            return;
        }
        if let Some(desk) = self.desks.get_mut(agent) {
            self.closing_in.append(&mut desk.wraps_up);
        }
    }

    /// No after-call work outlives the switch.
    pub(super) fn end_all_work(&mut self) {
        self.work_is_cut = true;
        self.closing_in.extend(self.endings.keys().copied());
    }

    /// How a line sounded that has just closed.
    pub(super) fn heard_last(&mut self, line: ConnectionId, stats: &PortStats) {
        for (contact, ending) in &mut self.endings {
            if ending.agent_line == Some(line) || ending.customer_line == Some(line) {
                ending.sounded(line, stats);
                self.closing_in.insert(*contact);
            }
        }
    }

    /// The recording of a contact that is over has less in it than was thought.
    pub(super) fn cut_recording(&mut self, contact: ContactId, kept: Duration) {
        if let Some(ending) = self.endings.get_mut(&contact)
            && let Some(since) = ending.recorded
        {
            ending.record.recorded_for(since, kept);
        }
    }

    /// Completes the contacts of which nothing more is to come.
    pub(super) fn complete(&mut self) {
        for contact in std::mem::take(&mut self.closing_in) {
            let Some(mut ending) = self.endings.remove(&contact) else { continue };
            if let Some(agent) = ending.works.clone() {
                if self.is_working(&agent) && !self.work_is_cut {
                    // A line that goes on without this contact is asked now how it has sounded.
                    self.ask_lines(&mut ending);
                    self.endings.insert(contact, ending);
                    continue;
                }
                ending.works = None;
                let (now, ended) = (self.now, ending.ended);
                ending.record.worked_until(now, ended);
            }
            if self.ask_lines(&mut ending) {
                self.endings.insert(contact, ending);
                continue;
            }
            let Ending { mut record, mut event, .. } = ending;
            record.last_update_timestamp = self.now.iso8601();
            event.event_type = Event::Completed.as_str();
            event.timestamp = self.now.iso8601();
            self.outputs.push_back(Output::Record(record, Box::new(event)));
        }
    }

    /// Says whether a line still has its last word to say.
    fn ask_lines(&self, ending: &mut Ending) -> bool {
        let lines = [ending.agent_line, ending.customer_line];
        let mut waits = false;
        for line in lines.into_iter().flatten() {
            let leg = self.lines.get(&line).and_then(|line| line.legs.first());
            if let Some(stats) = leg.and_then(|leg| self.legs.get(leg)).and_then(|leg| leg.stats.as_ref()) {
                ending.sounded(line, stats);
            }
            waits |= self.closing.values().any(|(_, closing)| *closing == line);
        }
        waits
    }

    /// Every contact that is over has its record, but those whose agents still work on them.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.endings.values().all(|ending| ending.works.is_some())
    }
}

impl Ending {
    fn sounded(&mut self, line: ConnectionId, stats: &PortStats) {
        let Some(quality) = PartyQuality::of(stats) else { return };
        let metrics = &mut self.record.quality_metrics;
        if self.agent_line == Some(line) {
            metrics.agent = Some(quality);
        } else {
            metrics.customer = Some(quality);
        }
    }
}
