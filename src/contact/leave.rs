//! Who remains when somebody goes: nobody is stranded, and a call of one ends.

use super::{
    Call, ConnectionId, Cx, Event, Kind, Line, Method, Notice, Out, Phase, Place, Reason, Sound, Sounding, State, Tone,
    plan::same_person, running::Role,
};
use crate::flow::{Hook, Outcome};
use crate::ids::ContactId;
use crate::limits::{FAILURE_TONE, REMINDER};
use crate::time::Time;
use tracing::info;

impl Call {
    /// A party put down the phone, or gave up before the answer.
    pub fn hung_up(&mut self, cx: &mut Cx, connection: ConnectionId) {
        self.went(cx, connection, Reason::HungUp);
    }

    /// A party's leg is dead: its phone or its network failed.
    pub fn broke(&mut self, cx: &mut Cx, connection: ConnectionId) {
        self.went(cx, connection, Reason::Failed);
    }

    fn went(&mut self, cx: &mut Cx, connection: ConnectionId, why: Reason) {
        let before = cx.out.len();
        self.gone(cx, connection, why);
        self.settle(cx);
        // Whoever has to go with it goes for the same cause.
        for out in cx.out.iter_mut().skip(before) {
            if let Out::HangUp { like, .. } = out {
                like.get_or_insert(connection);
            }
        }
    }

    /// Takes a party out of the call. Its leg is ended by itself or by the caller of this.
    pub(super) fn gone(&mut self, cx: &mut Cx, connection: ConnectionId, why: Reason) {
        let Some(c) = self.connections.get(&connection).filter(|c| !c.is_gone()).cloned() else { return };
        let person: Vec<ConnectionId> = self
            .connections
            .values()
            .filter(|o| o.id != c.id && o.is_up() && same_person(o, &c))
            .map(|o| o.id)
            .collect();
        if let Some(other) = person.first().copied() {
            self.line_put_down(cx, connection, other, why);
            return;
        }
        if let Some(contact) = self.contact_served_by(connection) {
            let phase = self.contacts.get(&contact).map(|k| &k.phase);
            match phase {
                Some(Phase::Offered(_)) | Some(Phase::AgentWhisper { .. }) => {
                    self.offer_failed(cx, contact, why);
                    return;
                }
                Some(Phase::CustomerWhisper { .. }) => {
                    self.requeue(cx, contact, why);
                    return;
                }
                _ => {}
            }
        }
        self.transfer_loses(cx, &c, why);
        self.mark_gone(connection, why);
        info!(contact = %c.contact, party = %c.identity.name, reason = why.as_str(), "party gone");
        // The contacts he served are over.
        let served: Vec<ContactId> =
            self.contacts.values().filter(|k| k.agent == Some(connection)).map(|k| k.id).collect();
        for contact in served {
            self.close(cx, contact, why);
        }
        if let Some(agent) = c.agent.clone() {
            cx.out.push(Out::Left { agent });
        }
        self.pass_on(cx, connection);
        if c.kind != Kind::Monitoring {
            self.notify_left_alone(cx, why);
        }
    }

    /// What somebody leaves behind who is gone: contacts on their way for him, and those he held.
    fn pass_on(&mut self, cx: &mut Cx, connection: ConnectionId) {
        // The contacts in which he played the customer's role go on for the customer, or end.
        let heir = self.customer().filter(|h| h.is_up()).map(|h| h.id);
        let stands_for = |k: &&super::Contact| k.party == connection && !k.is_over() && !k.is_monitor();
        let stood_for: Vec<ContactId> = self.contacts.values().filter(stands_for).map(|k| k.id).collect();
        let was_agent = self.connections.get(&connection).is_some_and(|c| c.agent.is_some());
        for contact in stood_for {
            match heir {
                Some(heir) => {
                    if let Some(k) = self.contacts.get_mut(&contact) {
                        k.party = heir;
                    }
                }
                None if self.contacts.get(&contact).is_some_and(super::Contact::is_pending) => {
                    self.call_off(cx, contact);
                }
                None => {}
            }
        }
        if was_agent {
            // Leaving never strands anybody: whom he held is off hold and joined.
            let held: Vec<ConnectionId> = self
                .connections
                .values()
                .filter(|o| o.state == State::Hold)
                .filter(|o| o.held_by.and_then(|by| self.connections.get(&by)).is_none_or(super::Connection::is_gone))
                .map(|o| o.id)
                .collect();
            for other in held {
                self.set_hold(cx, other, None);
            }
        }
    }

    /// Nobody is left for whom somebody was being called: who asked for it has the others back.
    fn call_off(&mut self, cx: &mut Cx, contact: ContactId) {
        if !self.give_back(cx, contact, Reason::Cancelled) {
            self.close(cx, contact, Reason::Cancelled);
        }
    }

    /// One of a person's two lines: the second's end drops whom it called; the first's end leaves him on the second.
    fn line_put_down(&mut self, cx: &mut Cx, connection: ConnectionId, other: ConnectionId, why: Reason) {
        let second = self.connections.get(&connection).is_some_and(|c| c.second_line_of.is_some());
        self.mark_gone(connection, why);
        if second {
            let by_it = |k: &&super::Contact| k.party == connection && !k.is_over() && !k.is_monitor();
            let called: Vec<ContactId> = self.contacts.values().filter(by_it).map(|k| k.id).collect();
            for contact in called {
                self.withdraw(cx, contact);
            }
            return;
        }
        let mut moved = None;
        for k in self.contacts.values_mut().filter(|k| !k.is_over()) {
            if k.agent == Some(connection) {
                k.agent = Some(other);
                moved = Some(k.id);
            }
            if k.party == connection {
                k.party = other;
            }
        }
        if let Some(c) = self.connections.get_mut(&other) {
            c.second_line_of = None;
            c.contact = moved.unwrap_or(c.contact);
        }
        for c in self.connections.values_mut() {
            if c.held_by == Some(connection) {
                c.held_by = Some(other);
            }
        }
    }

    /// When the switch ends somebody's part, his second line ends too: else the first one's end would only move him there.
    pub(super) fn end_second_lines(&mut self, cx: &mut Cx, first: ConnectionId, why: Reason) {
        let of_his = |c: &&super::Connection| c.second_line_of == Some(first) && !c.is_gone();
        let lines: Vec<ConnectionId> = self.connections.values().filter(of_his).map(|c| c.id).collect();
        for id in lines {
            cx.out.push(Out::HangUp { connection: id, why, like: None });
            for k in self.contacts.values_mut().filter(|k| k.party == id) {
                k.party = first;
            }
            self.mark_gone(id, why);
        }
    }

    /// Ends a consult from the side of who asked for it: cancelled while unanswered, dropped later.
    pub(super) fn withdraw(&mut self, cx: &mut Cx, contact: ContactId) {
        let Some(row) = self.contacts.get(&contact).and_then(|k| k.agent) else { return };
        let answered = self.connections.get(&row).is_some_and(|c| c.answered.is_some());
        if self.give_back(cx, contact, Reason::Cancelled) {
            return;
        }
        self.close(cx, contact, if answered { Reason::Dropped } else { Reason::Cancelled });
    }

    /// Marks a connection as gone and takes its flows with it.
    pub(super) fn mark_gone(&mut self, connection: ConnectionId, why: Reason) {
        if let Some(c) = self.connections.get_mut(&connection) {
            c.state = State::Disconnected(why);
            c.hold_flow = None;
            c.notice = None;
            c.held_by = None;
            c.dialled = None;
        }
    }

    /// The contact is over: out of its queue, its agent's leg ended. Its party stays.
    pub(super) fn close(&mut self, cx: &mut Cx, contact: ContactId, why: Reason) {
        let Some(k) = self.contacts.get_mut(&contact).filter(|k| !k.is_over()) else { return };
        let (phase, method) = (std::mem::replace(&mut k.phase, Phase::Ended), k.method);
        let row = k.agent.and_then(|id| self.connections.get(&id)).cloned();
        if matches!(phase, Phase::Queued(_) | Phase::Offered(_) | Phase::AgentWhisper { .. }) {
            cx.out.push(Out::Dequeue { contact });
        }
        if let Some(row) = row {
            if !row.is_gone() {
                if row.is_up() || row.dialled.is_some() || method == Method::Outbound {
                    cx.out.push(Out::HangUp { connection: row.id, why, like: None });
                }
                self.end_second_lines(cx, row.id, why);
                self.mark_gone(row.id, why);
                self.pass_on(cx, row.id);
            }
            if let Some(agent) = row.agent {
                match phase {
                    Phase::Offered(_) => {
                        cx.out.push(Out::OfferEnded { contact, agent, failure: Some(Reason::Cancelled) });
                    }
                    Phase::Lifting(..)
                        if matches!(why, Reason::Cancelled | Reason::Dropped | Reason::Left | Reason::HungUp) =>
                    {
                        cx.out.push(Out::Vacate { contact, agent });
                    }
                    Phase::Lifting(..) => cx.out.push(Out::InVain { contact, agent, why, himself: true }),
                    Phase::InVain { why, .. } => cx.out.push(Out::InVain { contact, agent, why, himself: false }),
                    Phase::Dialling(_) | Phase::Calling(_) | Phase::Monitoring => {
                        cx.out.push(Out::Vacate { contact, agent })
                    }
                    Phase::AgentWhisper { .. } | Phase::CustomerWhisper { .. } | Phase::Connected => {
                        cx.out.push(Out::Released { contact, agent });
                    }
                    _ => {}
                }
            }
        }
        cx.out.push(Out::Event { contact, event: Event::Disconnected });
    }

    /// The contact cannot go on: a consult is over and its agent told by a tone; a customer is let go.
    pub(super) fn contact_failed(&mut self, cx: &mut Cx, contact: ContactId, why: Reason) {
        let Some(k) = self.contacts.get(&contact).filter(|k| !k.is_over()) else { return };
        let party = k.party;
        if self.give_back(cx, contact, why) {
            return;
        }
        let consulting = self.connections.get(&party).is_some_and(|c| c.agent.is_some() && c.is_up());
        self.close(cx, contact, why);
        if consulting {
            self.notify_left_alone(cx, why);
            return;
        }
        if self.connections.get(&party).is_some_and(|c| !c.is_gone()) {
            cx.out.push(Out::HangUp { connection: party, why, like: None });
            self.gone(cx, party, Reason::Dropped);
        }
    }

    /// The agent dropped during the customer whisper: the contact waits again, where it waited.
    fn requeue(&mut self, cx: &mut Cx, contact: ContactId, why: Reason) {
        let run = self.start_running(cx, contact, Hook::CustomerQueue);
        let Some(k) = self.contacts.get_mut(&contact) else { return };
        let (Some(run), Some((place, since))) = (run, k.queued.clone()) else {
            self.contact_failed(cx, contact, why);
            return;
        };
        k.phase = Phase::Offered(run);
        self.offer_failed(cx, contact, why);
        // Who was promised her alone waits for nobody else: whoever transferred him has him back.
        if !self.contacts.get(&contact).is_some_and(|k| matches!(k.phase, Phase::Queued(_))) {
            return;
        }
        cx.out.push(Out::Requeue { contact, place, since });
        self.drive(cx, Role::Party(contact), Outcome::Begin);
    }

    /// What an agent hears who is alone with somebody on hold: the tone of what failed, then a reminder now and then.
    pub(super) fn notify_left_alone(&mut self, cx: &mut Cx, why: Reason) {
        // He did it himself: no tone, and the silence he asked for.
        if matches!(why, Reason::Cancelled | Reason::Dropped | Reason::Left) && !self.flow_failed(why) {
            return;
        }
        let tone = failure_tone(why);
        let alone: Vec<ConnectionId> =
            self.connections.values().filter(|c| self.is_left_alone(c)).map(|c| c.id).collect();
        for id in alone {
            let sounding =
                Sounding { play: cx.names.play(), sounds: vec![Sound::Tone(tone)], repeat: false, flow: None };
            if let Some(c) = self.connections.get_mut(&id) {
                c.notice = Some(Notice::Tone { sounding, until: cx.now + FAILURE_TONE });
            }
        }
    }

    /// Talks to nobody, waits for nobody, and somebody is on hold.
    fn is_left_alone(&self, c: &super::Connection) -> bool {
        self.talks(c)
            && self.talkers(c).is_empty()
            && self.connections.values().any(|o| o.state == State::Hold)
            && !self.contacts.values().any(|k| k.party == c.id && k.is_pending())
    }

    fn flow_failed(&self, why: Reason) -> bool {
        // A flow's own DisconnectParticipant ends a consult with `Dropped` before anybody answered.
        why == Reason::Dropped
            && self.connections.values().any(|c| c.state == State::Disconnected(why) && c.answered.is_none())
    }

    pub(super) fn next_notice(&self) -> Option<Time> {
        self.connections
            .values()
            .filter_map(|c| match &c.notice {
                Some(Notice::Tone { until, .. }) => Some(*until),
                _ => None,
            })
            .min()
    }

    pub(super) fn notices_due(&mut self, cx: &mut Cx) {
        for c in self.connections.values_mut() {
            if matches!(&c.notice, Some(Notice::Tone { until, .. }) if *until <= cx.now) {
                let sounds = vec![Sound::Pause(REMINDER), Sound::Tone(Tone::Beep)];
                c.notice = Some(Notice::Reminder(Sounding { play: cx.names.play(), sounds, repeat: true, flow: None }));
            }
        }
    }

    pub(super) fn drop_stale_notices(&mut self) {
        let stale: Vec<ConnectionId> =
            self.connections.values().filter(|c| c.notice.is_some() && !self.is_left_alone(c)).map(|c| c.id).collect();
        for id in stale {
            if let Some(c) = self.connections.get_mut(&id) {
                c.notice = None;
            }
        }
    }

    /// A call lives while two are on it, or one and a contact on its way, or one and a test line.
    pub(super) fn end_if_deserted(&mut self, cx: &mut Cx) {
        self.end_empty_bridges(cx);
        let up: Vec<_> = self.connections.values().filter(|c| c.is_up() && c.is_party()).collect();
        let persons = up.iter().filter(|c| c.second_line_of.is_none()).count();
        let human = up.iter().any(|c| c.agent.is_some() || self.is_for(c));
        let is_there = |k: &super::Contact| {
            // Whoever makes a contact is there before its customer.
            let whose = k.agent.filter(|_| k.method == Method::Outbound).unwrap_or(k.party);
            self.connections.get(&whose).is_some_and(|p| !p.is_gone())
        };
        let under_way = self.contacts.values().any(|k| match &k.phase {
            Phase::Line(Line::Bridge) => self.persons() > 1,
            Phase::Line(Line::Room) => true,
            // Nobody but who was led there hears it.
            Phase::Line(Line::Echo | Line::Play(_)) => is_there(k),
            _ => k.is_pending() && is_there(k),
        });
        if (persons >= 2 && human) || (persons == 1 && under_way) || (persons == 0 && under_way && self.persons() > 0) {
            return;
        }
        self.end(cx);
    }

    /// A bridge whose ends have gone on to other contacts, or are gone.
    fn end_empty_bridges(&mut self, cx: &mut Cx) {
        let empty = |id: ContactId| !self.connections.values().any(|c| c.contact == id && !c.is_gone());
        let bridges = self.contacts.values().filter(|k| matches!(k.phase, Phase::Line(Line::Bridge)) && empty(k.id));
        for contact in bridges.map(|k| k.id).collect::<Vec<_>>() {
            self.close(cx, contact, Reason::Left);
        }
    }

    /// The place a contact waits in or waited in.
    #[must_use]
    pub fn place(&self, contact: ContactId) -> Option<&Place> {
        self.contacts.get(&contact)?.queued.as_ref().map(|(place, _)| place)
    }

    /// Ends the whole call: the switch goes down, or a bug was found in it.
    pub fn end_all(&mut self, cx: &mut Cx) {
        self.ended_by_us = true;
        self.end(cx);
    }

    fn end(&mut self, cx: &mut Cx) {
        let contacts: Vec<ContactId> = self.contacts.keys().copied().collect();
        for contact in contacts {
            self.close(cx, contact, Reason::Dropped);
        }
        let left: Vec<ConnectionId> = self.connections.values().filter(|c| !c.is_gone()).map(|c| c.id).collect();
        for connection in left {
            cx.out.push(Out::HangUp { connection, why: Reason::Dropped, like: None });
            self.mark_gone(connection, Reason::Dropped);
        }
    }
}

/// The tone that says why somebody is not there: his line is engaged or put down, else there is no way to him.
pub(super) fn failure_tone(why: Reason) -> Tone {
    match why {
        Reason::Busy | Reason::Rejected | Reason::HungUp => Tone::Busy,
        _ => Tone::Congestion,
    }
}
