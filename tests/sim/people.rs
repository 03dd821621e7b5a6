//! What people do: any hand at any phone, any button, at any moment; more often what makes sense just then.

use crate::world::World;
use cordboard::engine::{Addressee, Button};
use cordboard::ids::{Mint, QuickConnectId};
use cordboard::media::MediaEvent;
use cordboard::phone::{Codec, HoldForm, LineId, LineState, PhoneConfig};
use cordboard::time::Duration;
use std::net::{Ipv4Addr, SocketAddr};

pub const AGENTS: [&str; 4] = ["john", "maria", "peter", "anna"];
const GUESTS: [&str; 3] = ["carol", "dave", "erin"];
const KEYS: [&str; 12] = ["*1", "*2", "*3", "*411#", "*412#", "*413#", "*5", "*6", "5", "*", "*4", "12#"];
const REFUSALS: [u16; 6] = [486, 603, 480, 404, 500, 488];

/// Everybody's phones, some with bad habits; John has two now and then.
pub fn phones(mint: &mut Mint) -> Vec<PhoneConfig> {
    let twice = mint.below(4) == 0;
    let users = AGENTS.into_iter().chain(twice.then_some("john")).map(|user| (user, true));
    let users: Vec<_> = users.chain(GUESTS.into_iter().map(|user| (user, false))).collect();
    let odd = mint.below(2) == 0;
    users
        .into_iter()
        .enumerate()
        .map(|(number, (user, agent))| {
            let ip = Ipv4Addr::new(127, 0, 1, u8::try_from(number + 1).unwrap_or(u8::MAX));
            let address = |port| SocketAddr::from((ip, port));
            let mut config = PhoneConfig::new(user, address(5060), address(5060), address(40_000));
            config.password = agent.then(|| user.to_owned());
            if agent && mint.below(3) == 0 {
                config.habits.answers_after = Some(Duration::from_millis(200 + mint.below(4000)));
            }
            if mint.below(4) == 0 {
                config.codecs = vec![Codec::Pcma];
            }
            if odd && mint.below(3) == 0 {
                let habits = &mut config.habits;
                match mint.below(9) {
                    0 => habits.refuses_reinvite = true,
                    1 => habits.no_update = true,
                    2 => habits.digits_by_info = true,
                    3 => habits.glares = 1 + u32::try_from(mint.below(3)).unwrap_or(0),
                    4 => habits.early_media = true,
                    5 => habits.holds = HoldForm::Inactive,
                    6 => habits.rings = false,
                    7 => habits.declines_with = Some(486),
                    _ => habits.silent = agent,
                }
            }
            config
        })
        .collect()
}

#[derive(Clone, Debug)]
enum Action {
    Register(usize),
    Unregister(usize),
    Dial(usize, String),
    Answer(usize, LineId),
    Decline(usize, LineId, u16),
    HangUp(usize, LineId),
    Hold(usize, LineId),
    Resume(usize, LineId),
    Keys(usize, LineId, &'static str),
    Update(usize, LineId),
    Plug(usize, bool),
    Press(&'static str, Button),
}

fn one<T: Copy>(mint: &mut Mint, of: &[T]) -> Option<T> {
    of.get(usize::try_from(mint.below(of.len() as u64)).ok()?).copied()
}

/// Somebody does something.
pub fn act(world: &mut World) {
    let choices = choices(world);
    let total: u64 = choices.iter().map(|(weight, _)| weight).sum();
    let mut at = world.mint.below(total);
    for (weight, action) in choices {
        if at < weight {
            return carry_out(world, action);
        }
        at -= weight;
    }
}

/// How long until the next one: crossings within one round trip, or a conversation.
pub fn pause(mint: &mut Mint) -> Duration {
    Duration::from_millis(match mint.below(20) {
        0..3 => 0,
        3..8 => mint.below(80),
        8..13 => mint.below(1_000),
        13..18 => mint.below(5_000),
        _ => mint.below(24_000),
    })
}

fn choices(world: &mut World) -> Vec<(u64, Action)> {
    let mut found = Vec::new();
    for at in 0..world.hands.len() {
        at_the_phone(world, at, &mut found);
    }
    for agent in AGENTS {
        on_the_screen(world, agent, &mut found);
    }
    found
}

fn at_the_phone(world: &mut World, at: usize, found: &mut Vec<(u64, Action)>) {
    let (hand, mint) = (&world.hands[at], &mut world.mint);
    if !hand.plugged {
        return found.push((10, Action::Plug(at, true)));
    }
    found.push((1, Action::Plug(at, false)));
    let live = hand.live().count();
    if hand.agent {
        if hand.phone.is_registered() {
            found.push((3, Action::Unregister(at)));
            found.push((1, Action::Register(at)));
        } else {
            found.push((60, Action::Register(at)));
        }
        let colleague = one(mint, &AGENTS).unwrap_or_default();
        found.push((if live == 0 { 12 } else { 4 }, Action::Dial(at, colleague.to_owned())));
        let number = one(mint, &["1000", "9001", "9002", "conf1", "*90", "*91", "7777"]).unwrap_or_default();
        found.push((4, Action::Dial(at, number.to_owned())));
        found.push((if live == 1 { 20 } else { 1 }, Action::Dial(at, format!("sip:qc-{colleague}@cordboard.lab"))));
    } else {
        found.push((if live == 0 { 50 } else { 3 }, Action::Dial(at, "1000".to_owned())));
        let number = one(mint, &["9001", "9002", "conf1", "conf1", "7777", "john", "qc-maria"]).unwrap_or_default();
        found.push((3, Action::Dial(at, number.to_owned())));
    }
    for line in hand.live() {
        let id = line.id();
        match line.state() {
            LineState::Ringing => {
                found.push((80, Action::Answer(at, id)));
                found.push((15, Action::Decline(at, id, one(mint, &REFUSALS).unwrap_or(486))));
            }
            LineState::Calling => found.push((8, Action::HangUp(at, id))),
            LineState::Up => {
                found.push((10, Action::HangUp(at, id)));
                found.push((10, Action::Hold(at, id)));
                found.push((10, Action::Resume(at, id)));
                found.push((if hand.agent { 14 } else { 2 }, Action::Keys(at, id, one(mint, &KEYS).unwrap_or("5"))));
                found.push((1, Action::Update(at, id)));
            }
            LineState::Ended => {}
        }
    }
}

fn on_the_screen(world: &mut World, agent: &'static str, found: &mut Vec<(u64, Action)>) {
    let Some(screen) = world.screen(agent) else { return };
    let mint = &mut world.mint;
    let status = one(mint, &["Available", "Available", "Offline", "Lunch"]).unwrap_or("Available").to_owned();
    let idle = matches!(screen.state.as_str(), "Available" | "Busy" | "PendingBusy");
    found.push((if idle { 2 } else { 20 }, Action::Press(agent, Button::PutAgentState { status })));
    let mut press = |weight, button| found.push((weight, Action::Press(agent, button)));
    let contact = None;
    press(if idle { 1 } else { 10 }, Button::ClearContact { contact: None });
    let on = screen.contacts.iter().any(|k| matches!(k.state.as_str(), "connected" | "connecting"));
    let weight = if on { 8 } else { 1 };
    let mut others: Vec<&str> = AGENTS.into_iter().filter(|other| *other != agent).collect();
    others.push(agent);
    let colleague = one(mint, &others).unwrap_or("maria");
    let target = Addressee::QuickConnect(QuickConnectId::from(colleague));
    press(3 * weight, Button::CreateAdditionalConnection { contact: contact.clone(), target });
    if !on {
        return press(1, Button::HoldAll { contact });
    }
    press(weight, Button::ConferenceConnections { contact: contact.clone() });
    press(weight, Button::ToggleActiveConnections { contact: contact.clone() });
    press(weight, Button::HoldAll { contact: contact.clone() });
    press(weight, Button::ResumeAll { contact: contact.clone() });
    press(3, Button::Leave { contact: contact.clone() });
    press(3, Button::RejectContact { contact: contact.clone() });
    for connection in screen.contacts.iter().flat_map(|k| &k.connections).map(|c| c.connection_id.clone()) {
        let (contact, id) = (contact.clone(), connection);
        press(4, Button::HoldConnection { contact: contact.clone(), connection: id.clone() });
        press(4, Button::ResumeConnection { contact: contact.clone(), connection: id.clone() });
        press(2, Button::DestroyConnection { contact: contact.clone(), connection: id.clone() });
        press(2, Button::MuteParticipant { contact: contact.clone(), connection: id.clone() });
        press(2, Button::UnmuteParticipant { contact: contact.clone(), connection: id.clone() });
        press(1, Button::SendDigits { contact, connection: id, digits: "1,2#".to_owned() });
    }
}

fn carry_out(world: &mut World, action: Action) {
    let name = |at: &usize| world.hands[*at].name.clone();
    let told = match &action {
        Action::Register(at) => format!("{} registers", name(at)),
        Action::Unregister(at) => format!("{} unregisters", name(at)),
        Action::Dial(at, target) => format!("{} dials {target}", name(at)),
        Action::Answer(at, line) => format!("{} answers {line}", name(at)),
        Action::Decline(at, line, status) => format!("{} declines {line} with {status}", name(at)),
        Action::HangUp(at, line) => format!("{} hangs up {line}", name(at)),
        Action::Hold(at, line) => format!("{} holds {line}", name(at)),
        Action::Resume(at, line) => format!("{} resumes {line}", name(at)),
        Action::Keys(at, line, keys) => format!("{} keys {keys} on {line}", name(at)),
        Action::Update(at, line) => format!("{} sends UPDATE on {line}", name(at)),
        Action::Plug(at, true) => format!("{} is plugged in", name(at)),
        Action::Plug(at, false) => format!("{} is unplugged", name(at)),
        Action::Press(agent, button) => format!("{agent} presses {button:?}"),
    };
    world.tell(told);
    match action {
        Action::Register(at) => world.with_phone(at, |now, phone| phone.register(now)),
        Action::Unregister(at) => world.with_phone(at, |now, phone| phone.unregister(now)),
        Action::Dial(at, target) => {
            world.with_phone(at, |now, phone| phone.call(now, &target));
        }
        Action::Answer(at, line) => {
            world.with_phone(at, |now, phone| phone.answer(now, line));
        }
        Action::Decline(at, line, status) => {
            world.with_phone(at, |now, phone| phone.decline(now, line, status));
        }
        Action::HangUp(at, line) => {
            world.with_phone(at, |now, phone| phone.hang_up(now, line));
        }
        Action::Hold(at, line) => {
            world.hands[at].held.insert(line);
            world.with_phone(at, |now, phone| phone.hold(now, line));
        }
        Action::Resume(at, line) => {
            world.with_phone(at, |now, phone| phone.resume(now, line));
        }
        Action::Keys(at, line, keys) => key(world, at, line, keys),
        Action::Update(at, line) => {
            world.with_phone(at, |now, phone| phone.update(now, line));
        }
        Action::Plug(at, plugged) => {
            world.hands[at].plugged = plugged;
            world.hands[at].was_unplugged |= !plugged;
        }
        Action::Press(agent, button) => {
            let reply = world.press(agent, button);
            world.tell(format!("  {reply}"));
        }
    }
}

/// Digits: by the phone where there are packets or INFO, else the stand-in's port hears them at once.
fn key(world: &mut World, at: usize, line: LineId, keys: &str) {
    let hand = &world.hands[at];
    if world.media.real.is_some() || hand.phone.habits().digits_by_info {
        world.with_phone(at, |now, phone| phone.dtmf(now, line, keys));
        return;
    }
    let local = hand.phone.line(line).and_then(cordboard::phone::Line::remote_rtp);
    let Some(port) = local.and_then(|local| world.media.port_at(local)) else { return };
    for digit in keys.chars() {
        world.event(MediaEvent::Digit { port, digit });
    }
}
