//! What people do: any hand at any phone, any button, at any moment; more often what makes sense just then.

use crate::world::World;
use cordboard::contact::Monitor;
use cordboard::engine::{Addressee, Button};
use cordboard::ids::{Mint, QuickConnectId};
use cordboard::media::MediaEvent;
use cordboard::phone::{
    AfterTransfer, Codec, Habits, HoldForm, LineId, LineState, PhoneConfig, Refresher, Reliable, SessionTimer, Video,
};
use cordboard::site::Role;
use cordboard::time::Duration;
use std::net::{Ipv4Addr, SocketAddr};

pub const AGENTS: [&str; 4] = ["john", "maria", "peter", "anna"];
const GUESTS: [&str; 3] = ["carol", "dave", "erin"];
const KEYS: [&str; 14] =
    ["*1", "*2", "*3", "*411#", "*412#", "*413#", "*421#", "*431#", "*5", "*6", "5", "*", "*4", "12#"];
/// Where the Transfer key leads: colleagues, quick connects, numbers, nobody, and away from here.
const TARGETS: [&str; 17] = [
    "john",
    "maria",
    "peter",
    "anna",
    "sip:qc-maria@cordboard.lab",
    "sip:qc-john@cordboard.lab",
    "sip:qc-nobody@cordboard.lab",
    "sip:qc-password-reset@cordboard.lab",
    "1000",
    "9001",
    "conf1",
    "7777",
    OUTSIDE,
    "+15550199",
    "+4420123",
    "sip:qc-bank@cordboard.lab",
    "sip:somebody@203.0.113.9",
];
const FORMS: [HoldForm; 3] = [HoldForm::SendOnly, HoldForm::Inactive, HoldForm::ZeroAddress];
const REFUSALS: [u16; 8] = [486, 603, 480, 404, 500, 488, 503, 302];
/// What leads to a number outside, where there is a trunk.
pub const OUTSIDE: &str = "3000";

/// The address of a phone that stands for all that is behind a host of a trunk.
pub fn far_end(number: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 2, u8::try_from(number + 1).unwrap_or(u8::MAX))
}

/// Everybody's phones, some with bad habits; John has two now and then. And so many hosts of a trunk.
pub fn phones(mint: &mut Mint, hosts: usize) -> Vec<PhoneConfig> {
    let mut phones = phones_here(mint);
    for number in 0..hosts {
        let address = |port| SocketAddr::from((far_end(number), port));
        let mut config = PhoneConfig::new("+15550199", address(5060), address(5060), address(40_000));
        if mint.below(2) == 0 {
            config.habits.answers_after = Some(Duration::from_millis(200 + mint.below(8000)));
        }
        match mint.below(12) {
            0 => config.habits.declines_with = one(mint, &REFUSALS),
            1..5 => config.habits.early_media = true,
            5 => config.habits.rings = false,
            6 => config.habits.refuses_reinvite = true,
            7 => config.habits.silent = true,
            _ => {}
        }
        refine(mint, &mut config.habits);
        phones.push(config);
    }
    phones
}

fn phones_here(mint: &mut Mint) -> Vec<PhoneConfig> {
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
                    5 => habits.hums_on_hold = true,
                    6 => habits.rings = false,
                    7 => habits.declines_with = Some(486),
                    _ => habits.silent = agent,
                }
            }
            refine(mint, &mut config.habits);
            config
        })
        .collect()
}

/// What good phones have, each in its own way.
fn refine(mint: &mut Mint, habits: &mut Habits) {
    habits.after_transfer = match mint.below(3) {
        0 => AfterTransfer::Waits,
        1 => AfterTransfer::LeavesAtOnce,
        _ => AfterTransfer::LeavesWhenDone,
    };
    habits.transfers_like_linphone = mint.below(4) == 0;
    habits.transfers_untold = mint.below(8) == 0;
    if mint.below(3) > 0 {
        return;
    }
    match mint.below(9) {
        0 => habits.reliable = Reliable::Supported,
        1 => habits.reliable = Reliable::Required,
        2 => habits.offers_late = true,
        3 => habits.changes_by_update = true,
        4 => habits.locks_codec = true,
        5 => habits.video = if mint.below(2) == 0 { Video::Before } else { Video::After },
        6 => habits.ptime = [10, 30, 40, 60][usize::try_from(mint.below(4)).unwrap_or(0)],
        7 => (habits.reliable, habits.early_media) = (Reliable::Supported, true),
        _ => {
            let refresher = match mint.below(3) {
                0 => Refresher::Unsaid,
                1 => Refresher::Us,
                _ => Refresher::Them,
            };
            habits.timer = Some(SessionTimer { refresher, ..SessionTimer::of(90) });
        }
    }
}

#[derive(Clone, Debug)]
enum Action {
    Register(usize),
    Unregister(usize),
    Dial(usize, String),
    Answer(usize, LineId),
    Decline(usize, LineId, u16),
    HangUp(usize, LineId),
    Hold(usize, LineId, HoldForm),
    Resume(usize, LineId),
    Keys(usize, LineId, &'static str),
    Infos(usize, LineId, &'static str),
    Transfer(usize, LineId, String),
    TransferToLine(usize, LineId, LineId),
    PickUp(usize, usize, LineId),
    Refresh(usize, LineId),
    Offer(usize, LineId, Codec),
    Update(usize, LineId),
    Plug(usize, bool),
    Press(&'static str, Button),
    /// All in the same moment: they cross on the wire.
    Together(Vec<Action>),
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
        as_supervisor(world, agent, &mut found);
    }
    at_once(world, &mut found);
    found
}

/// Both ends of a call do something in the same moment.
fn at_once(world: &mut World, found: &mut Vec<(u64, Action)>) {
    let up = world.hands.iter().enumerate().filter(|(_, hand)| hand.plugged).flat_map(|(at, hand)| {
        let up = hand.live().filter(|line| line.state() == LineState::Up);
        up.map(move |line| (at, line.id(), hand.agent))
    });
    let up: Vec<_> = up.collect();
    let mint = &mut world.mint;
    let (Some((a, x, _)), Some((b, y, _))) = (one(mint, &up), one(mint, &up)) else { return };
    let form = one(mint, &FORMS).unwrap_or_default();
    found.push((3, Action::Together(vec![Action::HangUp(a, x), Action::HangUp(b, y)])));
    found.push((3, Action::Together(vec![Action::Hold(a, x, form), Action::Hold(b, y, form)])));
    found.push((3, Action::Together(vec![Action::Resume(a, x), Action::Hold(b, y, form)])));
    found.push((2, Action::Together(vec![Action::Hold(a, x, form), Action::HangUp(b, y)])));
    if let Some((agent, line, _)) = up.iter().copied().find(|(.., agent)| *agent) {
        let target = one(mint, &AGENTS).unwrap_or_default().to_owned();
        let transfer = Action::Transfer(agent, line, target);
        let other = if a == agent { (b, y) } else { (a, x) };
        found.push((2, Action::Together(vec![transfer.clone(), Action::HangUp(other.0, other.1)])));
        found.push((2, Action::Together(vec![transfer, Action::Hold(other.0, other.1, form)])));
    }
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
        let number =
            one(mint, &["1000", "9001", "9002", "conf1", "*90", "*91", "7777", OUTSIDE, "+15550199", "qc-bank"])
                .unwrap_or_default();
        found.push((4, Action::Dial(at, number.to_owned())));
        found.push((if live == 1 { 20 } else { 1 }, Action::Dial(at, format!("sip:qc-{colleague}@cordboard.lab"))));
    } else {
        found.push((if live == 0 { 50 } else { 3 }, Action::Dial(at, "1000".to_owned())));
        found.push((if live == 0 { 15 } else { 1 }, Action::Dial(at, "2000".to_owned())));
        let number =
            one(mint, &["9001", "9002", "conf1", "conf1", "7777", "john", "qc-maria", OUTSIDE]).unwrap_or_default();
        found.push((3, Action::Dial(at, number.to_owned())));
    }
    let others: Vec<_> = world.hands.iter().enumerate().filter(|(other, _)| *other != at).collect();
    if let Some((other, whose)) = one(mint, &others)
        && let Some(line) = whose.live().next()
    {
        found.push((1, Action::PickUp(at, other, line.id())));
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
                found.push((10, Action::Hold(at, id, one(mint, &FORMS).unwrap_or_default())));
                found.push((10, Action::Resume(at, id)));
                found.push((if hand.agent { 12 } else { 2 }, Action::Keys(at, id, one(mint, &KEYS).unwrap_or("5"))));
                found.push((if hand.agent { 3 } else { 1 }, Action::Infos(at, id, one(mint, &KEYS).unwrap_or("5"))));
                let target = one(mint, &TARGETS).unwrap_or_default().to_owned();
                found.push((if hand.agent { 14 } else { 2 }, Action::Transfer(at, id, target)));
                let up = hand.live().filter(|other| other.state() != LineState::Ringing && other.id() != id);
                for other in up.map(cordboard::phone::Line::id) {
                    found.push((if hand.agent { 12 } else { 3 }, Action::TransferToLine(at, id, other)));
                }
                found.push((1, Action::Refresh(at, id)));
                found.push((1, Action::Offer(at, id, one(mint, &[Codec::Pcmu, Codec::Pcma]).unwrap_or(Codec::Pcmu))));
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
    let idle = matches!(screen.state.as_str(), "Available" | "Busy" | "PendingBusy" | "Monitoring");
    found.push((if idle { 2 } else { 20 }, Action::Press(agent, Button::PutAgentState { status })));
    let mut press = |weight, button| found.push((weight, Action::Press(agent, button)));
    let contact = None;
    press(if idle { 1 } else { 10 }, Button::ClearContact { contact: None });
    let on = screen.contacts.iter().any(|k| matches!(k.state.as_str(), "connected" | "connecting"));
    let weight = if on { 8 } else { 1 };
    let mut others: Vec<&str> = AGENTS.into_iter().filter(|other| *other != agent).collect();
    others.push(agent);
    others.extend(["password-reset", "password-reset", "bank", "bank"]);
    let colleague = one(mint, &others).unwrap_or("maria");
    let target = Addressee::QuickConnect(QuickConnectId::from(colleague));
    press(3 * weight, Button::CreateAdditionalConnection { contact: contact.clone(), target: target.clone() });
    let number = Addressee::Destination("+15550199".into());
    press(weight, Button::CreateAdditionalConnection { contact: contact.clone(), target: number.clone() });
    let outbound = if mint.below(2) == 0 { target } else { number };
    press(if idle && !on { 3 } else { 1 }, Button::CreateOutboundContact { target: outbound });
    press(1, Button::SuspendContactRecording { contact: contact.clone() });
    press(1, Button::ResumeContactRecording { contact: contact.clone() });
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

/// What a supervisor's screen says of how he takes part.
pub const WATCHING: [&str; 3] = ["Monitoring", "Coaching", "Barged in"];

/// Whoever is a supervisor listens to any contact there is, and takes more or less of a part in it; others try.
fn as_supervisor(world: &mut World, agent: &'static str, found: &mut Vec<(u64, Action)>) {
    let Some(screen) = world.screen(agent) else { return };
    let said = |banner: &&&str| screen.contacts.iter().any(|k| k.banner == ***banner);
    world.banners.extend(WATCHING.iter().filter(said).copied());
    let supervises = world.site.agents.get(agent).is_some_and(|agent| agent.role == Role::Supervisor);
    let others = AGENTS.into_iter().filter(|other| *other != agent).filter_map(|other| world.screen(other));
    let (talks, other): (Vec<_>, Vec<_>) =
        others.flat_map(|screen| screen.contacts).partition(|k| k.state == "connected" && k.banner != "Monitoring");
    let mint = &mut world.mint;
    let (known, weight) = match (supervises, screen.state.as_str()) {
        (true, "Available" | "Lunch") if !talks.is_empty() => (talks, 60),
        (true, _) if !talks.is_empty() => (talks, 2),
        _ => (other, 1),
    };
    let at = usize::try_from(mint.below(known.len().max(1) as u64)).unwrap_or(0);
    if let Some(contact) = known.into_iter().nth(at).map(|k| k.contact_id) {
        found.push((weight, Action::Press(agent, Button::MonitorContact { contact })));
    }
    let state = one(mint, &Monitor::ALL).unwrap_or(Monitor::Silent);
    let weight = if screen.state == "Monitoring" { 60 } else { 1 };
    found.push((weight, Action::Press(agent, Button::UpdateMonitorParticipantState { contact: None, state })));
}

fn carry_out(world: &mut World, action: Action) {
    if let Action::Together(actions) = action {
        return actions.into_iter().for_each(|action| carry_out(world, action));
    }
    let name = |at: &usize| world.hands[*at].name.clone();
    let told = match &action {
        Action::Register(at) => format!("{} registers", name(at)),
        Action::Unregister(at) => format!("{} unregisters", name(at)),
        Action::Dial(at, target) => format!("{} dials {target}", name(at)),
        Action::Answer(at, line) => format!("{} answers {line}", name(at)),
        Action::Decline(at, line, status) => format!("{} declines {line} with {status}", name(at)),
        Action::HangUp(at, line) => format!("{} hangs up {line}", name(at)),
        Action::Hold(at, line, form) => format!("{} holds {line} by {form:?}", name(at)),
        Action::Resume(at, line) => format!("{} resumes {line}", name(at)),
        Action::Keys(at, line, keys) => format!("{} keys {keys} on {line}", name(at)),
        Action::Infos(at, line, keys) => format!("{} keys {keys} on {line} by INFO", name(at)),
        Action::Transfer(at, line, target) => format!("{} transfers {line} to {target}", name(at)),
        Action::TransferToLine(at, line, other) => format!("{} transfers {line} to {other}", name(at)),
        Action::PickUp(at, whose, line) => format!("{} picks up {}'s {line}", name(at), name(whose)),
        Action::Refresh(at, line) => format!("{} re-INVITEs on {line}", name(at)),
        Action::Offer(at, line, codec) => format!("{} offers {codec:?} on {line}", name(at)),
        Action::Together(_) => String::new(),
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
        Action::Hold(at, line, form) => {
            world.hands[at].held.insert(line);
            world.hands[at].phone.habits_mut().holds = form;
            world.with_phone(at, |now, phone| phone.hold(now, line));
        }
        Action::Infos(at, line, keys) => {
            world.with_phone(at, |now, phone| phone.info(now, line, keys));
        }
        Action::Transfer(at, line, target) => {
            // Linphone holds first.
            world.hands[at].held.insert(line);
            world.with_phone(at, |now, phone| phone.transfer(now, line, &target));
        }
        Action::TransferToLine(at, line, other) => {
            world.hands[at].held.insert(line);
            world.with_phone(at, |now, phone| phone.transfer_to_line(now, line, other));
        }
        Action::PickUp(at, whose, line) => {
            let dialog = world.hands[whose].phone.line(line).and_then(cordboard::phone::Line::dialog);
            if let Some(dialog) = dialog {
                world.with_phone(at, |now, phone| phone.pick_up(now, &dialog));
            }
        }
        Action::Refresh(at, line) => {
            world.with_phone(at, |now, phone| phone.refresh(now, line));
        }
        Action::Offer(at, line, codec) => {
            world.with_phone(at, |now, phone| phone.offer_codecs(now, line, &[codec]));
        }
        Action::Together(_) => {}
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
    if world.media.is_real() || hand.phone.habits().digits_by_info {
        world.with_phone(at, |now, phone| phone.dtmf(now, line, keys));
        return;
    }
    let local = hand.phone.line(line).and_then(cordboard::phone::Line::remote_rtp);
    let Some(port) = local.and_then(|local| world.media.port_at(local)) else { return };
    for digit in keys.chars() {
        world.event(MediaEvent::Digit { port, digit });
    }
}
