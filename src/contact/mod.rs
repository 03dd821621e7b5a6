//! The story of one call: connections, hold, whisper, conference, quick connect. Knows no SIP and no RTP.
//!
//! A [`Call`] is everything around one customer: his contact, the contacts that quick connects add, and the parties.
//! It stores each connection's state; who hears whom ([`Call::plan`]), the banner and the lit buttons follow from it.

mod catalog;
mod keys;
mod leave;
mod line;
mod merge;
mod model;
mod monitor;
mod offer;
mod outside;
mod plan;
mod press;
mod record;
mod recording;
mod running;
mod transfer;
mod view;
mod vocabulary;

pub use catalog::*;
pub use keys::{FeatureCode, FeatureCodes, Keys, Typed};
pub use model::*;
pub use outside::{Callee, Outbound};
pub use press::Press;
pub use record::{Cause, Facts, Next};
pub use recording::{Recording, Tracks};
pub use running::Running;
pub use transfer::Goal;
pub use view::{Banner, why_not};
pub use vocabulary::*;

use crate::flow::Outcome;
use crate::ids::{AgentId, ConnectionId, ContactId, FlowId, PlayId};
use crate::routing::Precedence;
use crate::time::{Time, earliest};
use running::Role;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, Default)]
pub struct Call {
    contacts: BTreeMap<ContactId, Contact>,
    connections: BTreeMap<ConnectionId, Connection>,
    /// What has happened in each contact.
    facts: BTreeMap<ContactId, Facts>,
    /// Who was gone when things were noted last.
    gone: BTreeSet<ConnectionId>,
    /// Nobody hung up: the switch did.
    ended_by_us: bool,
}

impl Call {
    /// A customer dialled a number with a flow: he is answered, and its inbound flow runs.
    pub fn inbound(cx: &mut Cx, customer: Identity, flow: &FlowId) -> (Call, ConnectionId) {
        let mut call = Call::default();
        let (contact, connection) = call.open(cx, customer, None, Kind::Inbound, State::Connected);
        call.answer(cx, connection);
        cx.out.push(Out::Event { contact, event: Event::Initiated });
        match Call::start_flow(cx, flow) {
            Some(run) => {
                if let Some(k) = call.contacts.get_mut(&contact) {
                    k.phase = Phase::InFlow(run);
                }
                call.drive(cx, Role::Party(contact), Outcome::Begin);
            }
            None => call.contact_failed(cx, contact, Reason::Failed),
        }
        call.settle(cx);
        (call, connection)
    }

    /// A contact with its first party, not yet in any phase.
    fn open(
        &mut self,
        cx: &mut Cx,
        identity: Identity,
        agent: Option<AgentId>,
        kind: Kind,
        state: State,
    ) -> (ContactId, ConnectionId) {
        let contact = cx.names.contact();
        let party = self.add(cx, contact, identity, agent, kind, state);
        self.contacts.insert(
            contact,
            Contact {
                id: contact,
                initial: None,
                previous: None,
                method: Method::Inbound,
                party,
                agent: None,
                quick_connect: None,
                phase: Phase::Ended,
                hooks: BTreeMap::new(),
                attributes: BTreeMap::new(),
                target: None,
                precedence: Precedence::default(),
                recording: Recording::new(cx),
                direct: false,
                queued: None,
                initiated: cx.now,
                connected: None,
            },
        );
        (contact, party)
    }

    fn add(
        &mut self,
        cx: &mut Cx,
        contact: ContactId,
        identity: Identity,
        agent: Option<AgentId>,
        kind: Kind,
        state: State,
    ) -> ConnectionId {
        let id = cx.names.connection();
        self.connections.insert(
            id,
            Connection {
                id,
                kind,
                contact,
                agent,
                identity,
                state,
                answered: None,
                last_offer: None,
                held_by: None,
                muted_by: None,
                phone_holds: None,
                second_line_of: None,
                transfers: None,
                hold_flow: None,
                notice: None,
                dialled: None,
            },
        );
        id
    }

    /// Answers the caller on this connection.
    fn answer(&mut self, cx: &mut Cx, connection: ConnectionId) {
        if let Some(c) = self.connections.get_mut(&connection) {
            c.answered = Some(cx.now);
            c.state = State::Connected;
            cx.out.push(Out::Answer { connection });
        }
    }

    /// A play list came to its end.
    pub fn played(&mut self, cx: &mut Cx, play: PlayId) {
        if let Some(role) = self.role_of(play) {
            self.drive(cx, role, Outcome::Done);
        } else {
            self.line_played(cx, play);
        }
        self.settle(cx);
    }

    /// Does what has become due.
    pub fn wake(&mut self, cx: &mut Cx) {
        self.interrupt_due(cx);
        self.offers_due(cx);
        self.whispers_due(cx);
        self.notices_due(cx);
        self.tones_due(cx);
        self.settle(cx);
    }

    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        let next = [self.next_offer_end(), self.next_whisper_end(), self.next_notice(), self.next_tone_end()];
        next.into_iter().fold(self.next_interrupt(), earliest)
    }

    /// After every event: flows that nobody hears go on, notices end when somebody is there, and a call of one ends.
    fn settle(&mut self, cx: &mut Cx) {
        self.pass_unheard(cx);
        self.hold_nobody_on_a_plain_call(cx);
        self.end_if_deserted(cx);
        self.drop_stale_notices();
    }

    /// Nobody is left.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.connections.values().all(Connection::is_gone)
    }

    #[must_use]
    pub fn contacts(&self) -> &BTreeMap<ContactId, Contact> {
        &self.contacts
    }

    #[must_use]
    pub fn connections(&self) -> &BTreeMap<ConnectionId, Connection> {
        &self.connections
    }

    /// Somebody who is no agent is another from now on.
    pub fn renamed(&mut self, connection: ConnectionId, identity: Identity) {
        if let Some(c) = self.connections.get_mut(&connection).filter(|c| c.agent.is_none()) {
            c.identity = identity;
        }
    }

    /// The customer, while he is there.
    #[must_use]
    pub fn customer(&self) -> Option<&Connection> {
        self.connections.values().find(|c| !c.is_gone() && self.is_for(c))
    }

    /// For his sake the call is there: he has called in, or an agent has called him.
    fn is_for(&self, c: &Connection) -> bool {
        let called = || self.contacts.values().any(|k| k.method == Method::Outbound && k.party == c.id);
        c.second_line_of.is_none() && (c.kind == Kind::Inbound || called())
    }

    /// Where this agent is in the call: his first line, answered or still ringing, or that he calls from. A row that waits
    /// for an agent is not yet her place.
    #[must_use]
    pub fn place_of(&self, agent: &AgentId) -> Option<&Connection> {
        let there = |c: &Connection| c.is_up() || c.is_ringing() || self.calls_out(c);
        let theirs = |c: &&Connection| c.agent.as_ref() == Some(agent) && there(c);
        self.connections
            .values()
            .find(|c| theirs(c) && c.second_line_of.is_none())
            .or_else(|| self.connections.values().find(theirs))
    }

    /// The contact in which this connection is the agent's place.
    fn contact_served_by(&self, connection: ConnectionId) -> Option<ContactId> {
        self.contacts.values().find(|k| k.agent == Some(connection) && !k.is_over()).map(|k| k.id)
    }
}
