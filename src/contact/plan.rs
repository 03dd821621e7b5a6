//! Who hears whom: a function of the connections' states, computed anew after every event and never stored.

use super::{
    Call, Connection, Contact, Hears, Identity, Kind, Line, Method, Monitor, Notice, Phase, Sounding, State, Want,
};
use crate::ids::ConnectionId;
use std::collections::BTreeMap;

impl Call {
    /// What every line should be that is up, or is heard or hears before it is.
    #[must_use]
    pub fn plan(&self) -> BTreeMap<ConnectionId, Want> {
        self.connections.values().filter(|c| self.has_sound(c)).map(|c| (c.id, self.want(c))).collect()
    }

    fn has_sound(&self, c: &Connection) -> bool {
        c.is_up() || c.is_heard_early() || (!c.is_gone() && self.hears_early(c).is_some())
    }

    fn want(&self, c: &Connection) -> Want {
        let held = c.state == State::Hold;
        let hears = self.hears(c);
        let shows = match &hears {
            _ if !c.is_party() => self.watched(c),
            Hears::Parties(parties) if !self.was_called_outside(c) => self.shown(c, parties),
            _ => None,
        };
        Want { hears, heard: self.is_heard(c), held, shows }
    }

    pub(super) fn is_heard(&self, c: &Connection) -> bool {
        let deaf = matches!(c.state, State::Hold | State::Monitor(Monitor::Silent));
        let on_his_way = self.is_target_of_pending(c.id) && !c.is_heard_early();
        !deaf && !c.transfers() && c.muted_by.is_none() && !on_his_way
    }

    fn hears(&self, c: &Connection) -> Hears {
        if c.state == State::Hold {
            return c.hold_flow.as_ref().map_or(Hears::Silence, |run| run.hears());
        }
        if c.transfers() {
            return Hears::Silence;
        }
        if !c.is_party() {
            // All that is said, and nothing that is played: whoever hears only music is left alone with it.
            let speaks = |o: &&Connection| o.agent.is_some() || !self.talkers(o).is_empty();
            let said: Vec<ConnectionId> = self.others_talking(c).into_iter().filter(speaks).map(|o| o.id).collect();
            return if said.is_empty() { Hears::Silence } else { Hears::Parties(said) };
        }
        let serves = self.contacts.values().find(|k| k.agent == Some(c.id));
        match serves.map(|k| (&k.phase, k.method)) {
            Some((Phase::AgentWhisper { whisper, .. }, _)) => return whisper.hears(),
            Some((Phase::Calling(ringback), Method::Outbound)) => return self.hears_ringing(c, ringback),
            Some((Phase::InVain { tone, .. }, _)) => return Hears::Sound(tone.clone()),
            _ => {}
        }
        let mut talkers = self.talkers(c);
        talkers.extend(self.coaches(c));
        if !talkers.is_empty() {
            return Hears::Parties(talkers);
        }
        // Nobody to talk to: the flow of the contact whose customer this party is.
        for k in self.contacts.values().filter(|k| k.party == c.id) {
            match &k.phase {
                Phase::InFlow(run) | Phase::Queued(run) | Phase::Offered(run) | Phase::Dialling(run) => {
                    return run.hears();
                }
                Phase::Calling(ringback) if k.method != Method::Outbound => return self.hears_ringing(c, ringback),
                Phase::AgentWhisper { queue, .. } => return queue.hears(),
                Phase::CustomerWhisper { whisper, .. } => return whisper.hears(),
                Phase::Line(Line::Play(sounding)) => return Hears::Sound(sounding.clone()),
                Phase::Line(Line::Echo) => return Hears::Parties(vec![c.id]),
                Phase::Line(Line::Bridge) => {
                    if let Some(other) = self.early_end(c) {
                        return Hears::Parties(vec![other]);
                    }
                }
                Phase::Calling(_) | Phase::Lifting(..) | Phase::InVain { .. } => {}
                Phase::Line(Line::Room) | Phase::Connected | Phase::Monitoring | Phase::Ended => {}
            }
        }
        match &c.notice {
            Some(Notice::Tone { sounding, .. } | Notice::Reminder(sounding)) => Hears::Sound(sounding.clone()),
            None => Hears::Silence,
        }
    }

    /// Whom he hears before anybody has answered, on either side.
    fn hears_early(&self, c: &Connection) -> Option<ConnectionId> {
        self.early_end(c).or_else(|| self.early_customer(c))
    }

    /// How it goes outside: what is heard from there, else that it rings.
    fn hears_ringing(&self, c: &Connection, ringback: &Sounding) -> Hears {
        let called = |k: &&Contact| matches!(k.phase, Phase::Calling(_)) && (k.party == c.id || k.agent == Some(c.id));
        let called = self.contacts.values().find(called).and_then(Contact::called);
        match called.and_then(|id| self.connections.get(&id)).filter(|row| row.is_heard_early()) {
            Some(row) => Hears::Parties(vec![row.id]),
            None => Hears::Sound(ringback.clone()),
        }
    }

    /// A party outside goes on seeing the number that it was called with: who the agents are is not for it.
    fn was_called_outside(&self, c: &Connection) -> bool {
        let calls = |k: &Contact| matches!(k.method, Method::External | Method::Outbound) && k.called() == Some(c.id);
        c.agent.is_none() && self.contacts.values().any(calls)
    }

    /// Those this party talks with: everybody who is up, not held, and not still on the way in.
    pub(super) fn talkers(&self, c: &Connection) -> Vec<ConnectionId> {
        if !self.talks(c) {
            return Vec::new();
        }
        self.others_talking(c)
            .into_iter()
            .filter(|o| self.on_right_line(c, o) && self.on_right_line(o, c))
            .map(|o| o.id)
            .collect()
    }

    fn others_talking(&self, c: &Connection) -> Vec<&Connection> {
        let talks = |o: &&Connection| self.talks(o) && !same_person(o, c) && !self.is_other_line(o);
        self.connections.values().filter(talks).collect()
    }

    /// A person with two lines has the consult on the second, the customer on the first, a conference on both.
    fn on_right_line(&self, c: &Connection, other: &Connection) -> bool {
        // On one line, or on the one that his phone does not hold, he has everybody.
        if !self.connections.values().any(|o| o.is_up() && o.id != c.id && same_person(o, c) && !self.is_other_line(o))
        {
            return true;
        }
        let others = self.others_talking(c);
        let joined =
            others.iter().any(|o| self.is_on_second_line(c, o)) && others.iter().any(|o| !self.is_on_second_line(c, o));
        joined || self.is_on_second_line(c, other) == c.second_line_of.is_some()
    }

    /// A line that the phone has put on hold, while the person is on another: it neither speaks nor doubles him.
    fn is_other_line(&self, o: &Connection) -> bool {
        let speaks = |p: &Connection| p.id != o.id && p.is_up() && same_person(p, o) && !p.is_held_by_phone();
        o.is_held_by_phone() && self.connections.values().any(speaks)
    }

    /// Somebody is on each of his lines, and they do not hear each other.
    pub(super) fn talks_apart(&self, c: &Connection) -> bool {
        let (second, first): (Vec<&Connection>, Vec<&Connection>) =
            self.others(c.id).filter(|o| o.is_up()).partition(|o| self.is_on_second_line(c, o));
        let joined = [&first, &second].iter().all(|line| line.iter().any(|o| self.talks(o)));
        !first.is_empty() && !second.is_empty() && !joined
    }

    /// Whether `other` was called over the second line of the person at `c`.
    fn is_on_second_line(&self, c: &Connection, other: &Connection) -> bool {
        self.contacts.values().any(|k| {
            k.agent == Some(other.id)
                && self.connections.get(&k.party).is_some_and(|p| p.second_line_of.is_some() && same_person(p, c))
        })
    }

    /// Those who coach this agent. In his ear they come before music; his whispers and his own hold come before them.
    fn coaches(&self, c: &Connection) -> Vec<ConnectionId> {
        let party = |o: &Connection| self.contacts.get(&o.contact).and_then(|k| self.connections.get(&k.party));
        let coach = |o: &&Connection| o.state == State::Monitor(Monitor::Coach) && o.is_up() && o.muted_by.is_none();
        if c.agent.is_none() || c.kind == Kind::Monitoring || !self.talks(c) || self.is_other_line(c) {
            return Vec::new();
        }
        let his = self.connections.values().filter(coach).filter(|o| party(o).is_some_and(|p| same_person(p, c)));
        his.map(|o| o.id).collect()
    }

    /// Up, connected, and past the whispers.
    pub(super) fn talks(&self, c: &Connection) -> bool {
        let talks = matches!(c.state, State::Connected | State::Monitor(Monitor::Barge));
        c.is_up() && talks && !c.transfers() && !self.is_target_of_pending(c.id)
    }

    pub(super) fn is_target_of_pending(&self, connection: ConnectionId) -> bool {
        self.contacts.values().any(|k| k.agent == Some(connection) && k.is_pending())
    }

    fn shown(&self, c: &Connection, parties: &[ConnectionId]) -> Option<Identity> {
        let mut names: Vec<&Connection> = Vec::new();
        for other in parties.iter().filter_map(|id| self.connections.get(id)) {
            // Whoever coaches is heard and not shown.
            if other.id != c.id && other.is_party() && !names.iter().any(|n| same_person(n, other)) {
                names.push(other);
            }
        }
        match names.as_slice() {
            [] => None,
            [one] => Some(one.identity.clone()),
            _ => Some(Identity { name: "Conference".into(), address: "conference".into() }),
        }
    }
}

/// Two lines of one agent.
pub(super) fn same_person(a: &Connection, b: &Connection) -> bool {
    a.id == b.id || a.second_line_of == Some(b.id) || b.second_line_of == Some(a.id)
}
