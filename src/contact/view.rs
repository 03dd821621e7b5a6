//! What an agent's screen says of a call: banner, contact state, lit buttons. All of it derived.

use super::{Call, Connection, Contact, Kind, Monitor, Phase, Reason, State};
use crate::ids::ConnectionId;
use crate::limits::PARTIES;

/// The state and the words of a contact, from its agent's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Banner {
    /// Connect's ContactState.
    pub state: &'static str,
    pub text: &'static str,
}

/// What a screen says of a call that was not taken.
#[must_use]
pub const fn why_not(why: Reason) -> &'static str {
    match why {
        Reason::Busy => "Line engaged",
        Reason::Rejected => "Rejected call",
        Reason::NoAnswer => "Missed call",
        Reason::Unreachable => "Unreachable",
        _ => "Failed to connect",
    }
}

impl Call {
    /// A contact as the agent at `me` sees it.
    #[must_use]
    pub fn banner(&self, contact: &Contact, me: ConnectionId) -> Banner {
        let of = |state, text| Banner { state, text };
        let Some(c) = self.connections.get(&me) else { return of("ended", "Ended") };
        if c.is_gone() {
            return of("ended", "Ended");
        }
        if contact.agent == Some(me) {
            match contact.phase {
                Phase::Offered(_) => return of("connecting", "Incoming"),
                Phase::AgentWhisper { .. } | Phase::CustomerWhisper { .. } => return of("connecting", "Connecting"),
                Phase::Lifting(..) => return of("connecting", "Calling"),
                Phase::Calling(_) if self.calls_out(c) => return of("connecting", "Calling"),
                Phase::InVain { why, .. } => return of("error", why_not(why)),
                _ => {}
            }
        }
        if c.transfers() {
            return of("connected", "Transferring");
        }
        if let State::Monitor(monitor) = c.state {
            let text = match monitor {
                Monitor::Silent => "Monitoring",
                Monitor::Coach => "Coaching",
                Monitor::Barge => "Barged in",
            };
            return of("connected", text);
        }
        if self.calls_somebody(c) {
            return of("connected", "Connecting");
        }
        let others: Vec<&Connection> = self.present(me).collect();
        let held = others.iter().filter(|o| o.state == State::Hold).count();
        match (c.state, others.len(), held) {
            (State::Connecting | State::Init, ..) => of("connecting", "Connecting"),
            (State::Hold, ..) => of("connected", "On hold"),
            (_, n, h) if n > 0 && n == h => of("connected", "On hold"),
            (_, n, 0) if n > 1 => of("connected", "Joined"),
            _ => of("connected", "Connected"),
        }
    }

    /// A quick connect of his is on its way: it is connected once it waits in its queue, whoever answers it later.
    fn calls_somebody(&self, me: &Connection) -> bool {
        let connecting = |row: &Connection| row.state == State::Connecting;
        self.contacts.values().filter(|k| !k.is_monitor()).any(|k| {
            k.agent.and_then(|row| self.connections.get(&row)).is_some_and(connecting)
                && self.connections.get(&k.party).is_some_and(|party| super::plan::same_person(party, me))
        })
    }

    /// The other parties that are there, a person with two lines counted once, and supervisors not at all.
    fn present(&self, me: ConnectionId) -> impl Iterator<Item = &Connection> {
        let mine = self.connections.get(&me);
        self.connections.values().filter(move |c| {
            let counts = !c.is_gone() && c.second_line_of.is_none() && c.kind != Kind::Monitoring;
            counts && mine.is_none_or(|m| !super::plan::same_person(m, c))
        })
    }

    /// The buttons of the contact that are lit for the agent at `me`, by the names of Connect's methods.
    #[must_use]
    pub fn actions(&self, me: ConnectionId) -> Vec<&'static str> {
        let Some(c) = self.connections.get(&me).filter(|c| !c.is_gone()) else { return vec!["clearContact"] };
        if !c.is_up() {
            return match &c.agent {
                Some(_) if c.is_ringing() => vec!["rejectContact"],
                // From his phone, which still hears it ring.
                Some(_) => vec!["leave"],
                None => Vec::new(),
            };
        }
        if self.is_target_of_pending(me) || !self.has_buttons() {
            return vec!["leave"];
        }
        if c.transfers() {
            return vec!["leave", "resumeAll"];
        }
        if !c.is_party() {
            return vec!["leave", "updateMonitorParticipantState"];
        }
        let barged = c.kind == Kind::Monitoring;
        if !barged && self.is_supervised() {
            return vec!["leave"];
        }
        let others: Vec<&Connection> = self.present(me).collect();
        let held = c.state == State::Hold || others.iter().any(|o| o.state == State::Hold);
        let talked_to = others.iter().any(|o| o.state == State::Connected && self.can_hold(o.id));
        let mut lit = vec!["leave"];
        if barged && self.may_go_back().is_ok() {
            lit.push("updateMonitorParticipantState");
        }
        if !barged && !self.calls_another() && self.persons() < PARTIES {
            lit.push("createAdditionalConnection");
        }
        if others.len() > 1 && held {
            lit.push("conferenceConnections");
        }
        if others.len() == 2 {
            lit.push("toggleActiveConnections");
        }
        if talked_to {
            lit.push("holdAll");
        }
        if held {
            lit.push("resumeAll");
        }
        if let Some(k) = self.recorded_by(me) {
            lit.push(if k.recording.suspended { "resumeContactRecording" } else { "suspendContactRecording" });
        }
        lit
    }

    /// What the agent at `me` can do to one party.
    #[must_use]
    pub fn connection_actions(&self, me: ConnectionId, of: ConnectionId) -> Vec<&'static str> {
        let (Some(mine), Some(c)) = (self.connections.get(&me), self.connections.get(&of)) else { return Vec::new() };
        if c.is_gone() || !mine.is_up() || self.is_target_of_pending(me) || !self.has_buttons() {
            return Vec::new();
        }
        if let Some(contact) = mine.transfers_to() {
            // Who waits to be replaced can only call it off.
            let called = self.contacts.get(&contact).and_then(|k| k.agent);
            return if called == Some(of) { vec!["destroyConnection"] } else { Vec::new() };
        }
        let barged = mine.kind == Kind::Monitoring && mine.is_party();
        let restricted = !barged && (mine.kind == Kind::Monitoring || self.is_supervised());
        if !self.sees(mine, c) || restricted && of != me {
            return Vec::new();
        }
        let mut lit = vec!["destroyConnection"];
        match c.state {
            State::Hold => lit.push("resumeConnection"),
            State::Connected if of != me && self.can_hold(of) => lit.push("holdConnection"),
            _ => {}
        }
        match c.muted_by {
            Some(_) if restricted && self.is_muted_by_supervisor(c) => {}
            Some(_) if c.agent.is_none() || of == me || barged => lit.push("unmuteParticipant"),
            None if c.is_up() && c.state != State::Monitor(Monitor::Silent) => lit.push("muteParticipant"),
            _ => {}
        }
        if c.is_up() && of != me && !self.is_target_of_pending(of) {
            lit.push("sendDigits");
        }
        lit
    }
}
