//! Calls that are no contact centre's story: test lines, rooms, and the plain bridge.

use super::{
    Call, Connection, Cx, Dial, Event, Identity, Kind, Line, Out, Phase, Reason, Sound, Sounding, State, Tone,
};
use crate::ids::{AgentId, ConnectionId, PlayId, PromptId};

impl Call {
    /// A number that plays a prompt, once and then hangs up, or for ever.
    pub fn play(cx: &mut Cx, caller: Identity, prompt: &PromptId, repeat: bool) -> (Call, ConnectionId) {
        let sounding =
            Sounding { play: cx.names.play(), sounds: vec![Sound::Prompt(prompt.clone())], repeat, flow: None };
        Call::line(cx, caller, Line::Play(sounding))
    }

    /// A beep that confirms what was dialled, then the end.
    pub fn confirm(cx: &mut Cx, caller: Identity) -> (Call, ConnectionId) {
        let sounds = vec![Sound::Tone(Tone::Beep)];
        let sounding = Sounding { play: cx.names.play(), sounds, repeat: false, flow: None };
        Call::line(cx, caller, Line::Play(sounding))
    }

    /// A number that sends back what it hears.
    pub fn echo(cx: &mut Cx, caller: Identity) -> (Call, ConnectionId) {
        Call::line(cx, caller, Line::Echo)
    }

    /// The first into a conference room.
    pub fn room(cx: &mut Cx, caller: Identity) -> (Call, ConnectionId) {
        Call::line(cx, caller, Line::Room)
    }

    fn line(cx: &mut Cx, caller: Identity, line: Line) -> (Call, ConnectionId) {
        let mut call = Call::default();
        let (contact, connection) = call.open(cx, caller, None, Kind::Inbound, State::Connected);
        if let Some(k) = call.contacts.get_mut(&contact) {
            k.phase = Phase::Line(line);
        }
        call.answer(cx, connection);
        cx.out.push(Out::Event { contact, event: Event::Initiated });
        (call, connection)
    }

    /// The next into a room.
    pub fn join_room(&mut self, cx: &mut Cx, caller: Identity) -> Option<ConnectionId> {
        let contact = self.contacts.values().find(|k| matches!(k.phase, Phase::Line(Line::Room)))?.id;
        let connection = self.add(cx, contact, caller, None, Kind::Inbound, State::Connected);
        self.answer(cx, connection);
        Some(connection)
    }

    /// Somebody who was transferred into a room that is empty so far.
    pub fn room_of(cx: &mut Cx, first: Connection) -> (Call, ConnectionId) {
        let mut call = Call::default();
        let (contact, placeholder) = call.open(cx, first.identity.clone(), None, Kind::Inbound, State::Connected);
        call.connections.remove(&placeholder);
        if let Some(k) = call.contacts.get_mut(&contact) {
            k.party = first.id;
            k.phase = Phase::Line(Line::Room);
        }
        cx.out.push(Out::Event { contact, event: Event::Initiated });
        let id = first.id;
        call.enter_room(first);
        (call, id)
    }

    /// Somebody who was transferred into this room.
    pub fn enter_room(&mut self, who: Connection) {
        let Some(room) = self.contacts.values().find(|k| matches!(k.phase, Phase::Line(Line::Room))) else { return };
        // In a room everybody is the same, agents too.
        let who = Connection { contact: room.id, agent: None, kind: Kind::Inbound, ..who };
        self.connections.insert(who.id, who);
    }

    /// A caller and one party, connected as soon as that one answers: a bridge to an address, or a direct call to an agent.
    pub fn bridge(cx: &mut Cx, caller: Identity, agent: Option<AgentId>, to: Dial) -> (Call, ConnectionId) {
        let mut call = Call::default();
        let (contact, connection) = call.open(cx, caller.clone(), agent, Kind::Inbound, State::Connecting);
        if let Some(k) = call.contacts.get_mut(&contact) {
            k.phase = Phase::Line(Line::Bridge);
        }
        let (callee, identity) = match &to {
            Dial::Agent(agent) => {
                let name = cx.catalog.agents.get(agent).map_or_else(|| agent.to_string(), |a| a.name.clone());
                (Some(agent.clone()), Identity { name, address: agent.to_string() })
            }
            Dial::Address(address) | Dial::Number { number: address, .. } => {
                (None, Identity { name: String::new(), address: address.clone() })
            }
        };
        let called = call.add(cx, contact, identity, callee, Kind::Outbound, State::Connecting);
        cx.out.push(Out::Event { contact, event: Event::Initiated });
        call.dial(cx, called, contact, None, to, caller);
        (call, connection)
    }

    /// The other end of a bridge.
    pub(super) fn other_end(&self, c: &Connection) -> Option<ConnectionId> {
        let k = self.contacts.get(&c.contact).filter(|k| matches!(k.phase, Phase::Line(Line::Bridge)))?;
        self.connections.values().find(|o| o.contact == k.id && o.id != c.id && !o.is_gone()).map(|o| o.id)
    }

    pub(super) fn line_ringing(&mut self, cx: &mut Cx, connection: ConnectionId) {
        let Some(c) = self.connections.get(&connection) else { return };
        if let Some(caller) = self.other_end(c) {
            cx.out.push(Out::Ring { connection: caller, early: c.is_heard_early() });
        }
    }

    /// Whom a party of a bridge hears before anybody has answered.
    pub(super) fn early_end(&self, c: &Connection) -> Option<ConnectionId> {
        let other = self.other_end(c)?;
        self.connections.get(&other).filter(|o| o.is_heard_early()).map(|o| o.id)
    }

    pub(super) fn line_answered(&mut self, cx: &mut Cx, connection: ConnectionId) {
        let Some(c) = self.connections.get_mut(&connection) else { return };
        c.state = State::Connected;
        let c = c.clone();
        if let Some(caller) = self.other_end(&c) {
            self.answer(cx, caller);
        }
    }

    pub(super) fn line_failed(&mut self, cx: &mut Cx, connection: ConnectionId, why: Reason) {
        let Some(c) = self.connections.get(&connection).cloned() else { return };
        let caller = self.other_end(&c);
        if let Some(c) = self.connections.get_mut(&connection) {
            c.state = State::Disconnected(why);
        }
        if let Some(caller) = caller {
            cx.out.push(Out::HangUp { connection: caller, why, like: Some(connection) });
            if let Some(c) = self.connections.get_mut(&caller) {
                c.state = State::Disconnected(why);
            }
        }
    }

    /// A test line's prompt is over.
    pub(super) fn line_played(&mut self, cx: &mut Cx, play: PlayId) {
        let over = self.contacts.values().find_map(|k| match &k.phase {
            Phase::Line(Line::Play(sounding)) if sounding.play == play && !sounding.repeat => Some((k.id, k.party)),
            _ => None,
        });
        if let Some((contact, party)) = over {
            if let Some(k) = self.contacts.get_mut(&contact) {
                k.phase = Phase::Ended;
            }
            cx.out.push(Out::Event { contact, event: Event::Disconnected });
            cx.out.push(Out::HangUp { connection: party, why: Reason::Dropped, like: None });
            if let Some(c) = self.connections.get_mut(&party) {
                c.state = State::Disconnected(Reason::Dropped);
            }
        }
    }
}
