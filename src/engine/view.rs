//! What an agent's screen shows, put together from routing, registration and the call.

use super::snapshot::{
    AgentSnapshot, ConnectionSnapshot, ContactSnapshot, Hears, QualitySnapshot, QuickConnectSnapshot, RecordingSnapshot,
};
use super::{CallId, Engine};
use crate::contact::{self, Call, Connection, Contact, Method, Place, QuickConnectTo, State, Want};
use crate::ids::{AgentId, ConnectionId, ContactId};
use crate::media::PortStats;
use crate::routing;
use crate::time::Duration;
use std::collections::BTreeMap;

impl Engine {
    /// Every agent, in order.
    #[must_use]
    pub fn snapshots(&self) -> Vec<AgentSnapshot> {
        self.site.agents.keys().filter_map(|id| self.snapshot(id)).collect()
    }

    #[must_use]
    pub fn snapshot(&self, id: &AgentId) -> Option<AgentSnapshot> {
        let agent = self.site.agents.get(id)?;
        let desk = self.desks.get(id)?;
        let mut contacts: Vec<ContactSnapshot> = desk
            .calls
            .iter()
            .filter_map(|call| self.calls.get(call))
            .filter_map(|call| self.contact_snapshot(call, call.place_of(id)?))
            .collect();
        contacts.extend(desk.last.clone());
        Some(AgentSnapshot {
            id: id.to_string(),
            name: agent.name.clone(),
            status: self.router.status(id).unwrap_or_default().to_owned(),
            next_status: self.router.next_status(id).map(str::to_owned),
            state: self.router.state(id).map(|s| s.to_string()).unwrap_or_default(),
            phones: self.registrar.bindings(id).iter().map(|b| b.uri.to_string()).collect(),
            contacts,
            quick_connects: self.quick_connects(id),
        })
    }

    fn quick_connects(&self, id: &AgentId) -> Vec<QuickConnectSnapshot> {
        let catalog = &self.site.catalog;
        let listed = catalog.agents.get(id).map(|a| a.quick_connects.as_slice()).unwrap_or_default();
        listed
            .iter()
            .filter_map(|qc| catalog.quick_connects.get(qc).map(|quick| (qc, quick)))
            .map(|(qc, quick)| {
                let (kind, presence) = match &quick.to {
                    QuickConnectTo::Agent { agent, .. } => ("agent", self.router.state(agent).map(|s| s.to_string())),
                    QuickConnectTo::Queue { queue, .. } => ("queue", Some(self.router.available(queue).to_string())),
                    QuickConnectTo::External { to, .. } => ("external", self.presence_outside(to)),
                };
                QuickConnectSnapshot {
                    id: qc.to_string(),
                    name: quick.name.clone(),
                    kind: kind.into(),
                    code: quick.code.clone(),
                    presence,
                }
            })
            .collect()
    }

    fn contact_snapshot(&self, call: &Call, me: &Connection) -> Option<ContactSnapshot> {
        let contact = call.contacts().get(&me.contact)?;
        let plan = call.plan();
        let banner = call.banner(contact, me.id);
        Some(ContactSnapshot {
            state: banner.state.into(),
            banner: banner.text.into(),
            recording: call.recording_state(contact.id).map(|state| RecordingSnapshot { state: state.into() }),
            connections: call
                .connections()
                .values()
                .filter(|c| c.second_line_of.is_none() && call.sees(me, c))
                .map(|c| ConnectionSnapshot { quality: self.quality(c.id), ..connection(call, c, me.id, &plan) })
                .collect(),
            actions: call.actions(me.id).into_iter().map(str::to_owned).collect(),
            ..basics(contact)
        })
    }

    fn quality(&self, connection: ConnectionId) -> Option<QualitySnapshot> {
        let leg = self.lines.get(&connection)?.legs.first()?;
        Some(quality(self.legs.get(leg)?.stats.as_ref()?))
    }

    /// Remembers a contact that is over for its agent, until it is cleared.
    pub(super) fn keep_last(&mut self, id: CallId, contact: ContactId, agent: &AgentId, state: &str, banner: &str) {
        if let Some(call) = self.calls.get(&id).cloned() {
            self.keep_last_of(&call, contact, agent, state, banner);
        }
    }

    /// The same of a call that is about to be forgotten.
    pub(super) fn keep_last_of(&mut self, call: &Call, contact: ContactId, agent: &AgentId, state: &str, banner: &str) {
        let Some(k) = call.contacts().get(&contact) else { return };
        let mine = call.connections().values().rfind(|c| c.agent.as_ref() == Some(agent) && c.contact == contact);
        let connections = mine
            // The row of a queue quick connect is nobody's again once she has not taken it.
            .or_else(|| k.agent.and_then(|row| call.connections().get(&row)))
            .map(|c| {
                let plan = BTreeMap::new();
                let mut row = connection(call, c, c.id, &plan);
                row.name = self.site.agents.get(agent).map_or_else(|| agent.to_string(), |a| a.name.clone());
                row.address = agent.to_string();
                row.kind = "agent".into();
                row.state = "disconnected".into();
                row.reason = row.reason.or_else(|| c.last_offer.map(|r| r.as_str().into()));
                row.actions.clear();
                row
            })
            .into_iter()
            .collect();
        let mut connections: Vec<ConnectionSnapshot> = connections;
        // Whom he called in vain, and why.
        let called = k.called().filter(|_| k.method == Method::Outbound).and_then(|id| call.connections().get(&id));
        if let (Some(called), Some(mine)) = (called, mine) {
            connections.push(ConnectionSnapshot {
                actions: Vec::new(),
                ..connection(call, called, mine.id, &BTreeMap::new())
            });
        }
        let last = ContactSnapshot {
            state: state.into(),
            banner: banner.into(),
            connections,
            actions: vec!["clearContact".into()],
            ..basics(k)
        };
        if let Some(desk) = self.desks.get_mut(agent) {
            desk.last = Some(last);
        }
        self.dirty.insert(agent.clone());
    }

    /// A contact that is over is shown as long as its agent's state says so: after-call work, or a call he did not take.
    pub(super) fn drop_cleared(&mut self, agent: &AgentId) {
        let shows =
            matches!(self.router.state(agent), Some(routing::State::AfterCallWork | routing::State::Trouble(_)));
        let Some(desk) = self.desks.get_mut(agent) else { return };
        if shows || desk.last.is_none() {
            return;
        }
        desk.last = None;
    }
}

fn basics(k: &Contact) -> ContactSnapshot {
    ContactSnapshot {
        contact_id: k.id.to_string(),
        initial_contact_id: k.initial.map(|id| id.to_string()),
        previous_contact_id: k.previous.map(|id| id.to_string()),
        queue: k.place().map(|place| match place {
            Place::Queue(queue) => queue.to_string(),
            Place::Agent(agent) => agent.to_string(),
        }),
        initiation_method: k.method.as_str().into(),
        attributes: k.attributes.clone(),
        ..ContactSnapshot::default()
    }
}

fn connection(
    call: &Call,
    c: &Connection,
    me: ConnectionId,
    plan: &BTreeMap<ConnectionId, Want>,
) -> ConnectionSnapshot {
    let reason = match c.state {
        State::Disconnected(reason) => Some(reason),
        _ => c.last_offer,
    };
    let name_of = |id: &ConnectionId| {
        call.connections()
            .get(id)
            .map(|c| if c.identity.name.is_empty() { c.identity.address.clone() } else { c.identity.name.clone() })
    };
    ConnectionSnapshot {
        connection_id: c.id.to_string(),
        kind: c.kind.as_str().into(),
        state: c.state.as_str().into(),
        reason: reason.map(|r| r.as_str().into()),
        name: c.identity.name.clone(),
        address: c.identity.address.clone(),
        answered: c.answered.is_some(),
        answered_at: c.answered.map(|at| at.iso8601()),
        held_by: c
            .held_by
            .as_ref()
            .and_then(name_of)
            .or_else(|| (c.is_held_by_phone() && c.agent.is_none()).then(|| name_of(&c.id)).flatten()),
        muted_by: c.muted_by.as_ref().and_then(name_of),
        hears: hears(plan.get(&c.id), &name_of),
        quality: None,
        actions: call.connection_actions(me, c.id).into_iter().map(str::to_owned).collect(),
    }
}

fn quality(stats: &PortStats) -> QualitySnapshot {
    let ms = |span: Duration| (span.as_secs_f64() * 10_000.0).round() / 10.0;
    QualitySnapshot {
        packets_received: stats.packets_received,
        bytes_received: stats.octets_received,
        packets_sent: stats.packets_sent,
        bytes_sent: stats.octets_sent,
        packets_lost: stats.packets_lost,
        packets_late: stats.packets_late,
        packets_duplicate: stats.packets_duplicate,
        packets_refused: stats.packets_refused,
        jitter_ms: ms(stats.jitter),
        round_trip_ms: stats.round_trip.map(ms),
        remote_packets_lost: stats.remote.map(|(lost, _)| lost),
        remote_jitter_ms: stats.remote.map(|(_, jitter)| ms(jitter)),
        mos: stats.mos_of_late.or(stats.mos).map(|mos| (mos * 100.0).round() / 100.0),
    }
}

fn hears(want: Option<&Want>, name_of: &dyn Fn(&ConnectionId) -> Option<String>) -> Hears {
    match want.map(|w| &w.hears) {
        Some(contact::Hears::Parties(parties)) => {
            Hears { parties: Some(parties.iter().filter_map(name_of).collect()), ..Hears::default() }
        }
        Some(contact::Hears::Sound(contact::Sounding { flow: Some(flow), .. })) => {
            Hears { flow: Some(flow.to_string()), ..Hears::default() }
        }
        Some(contact::Hears::Sound(_)) => Hears { flow: Some("tone".into()), ..Hears::default() },
        Some(contact::Hears::Silence) => Hears { silence: Some(true), ..Hears::default() },
        None => Hears::default(),
    }
}
