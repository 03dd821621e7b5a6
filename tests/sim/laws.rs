//! What must be true of a run, seen from the phones and the wires; the engine says its own laws itself.

use crate::people::AGENTS;
use crate::world::{Handset, World};
use cordboard::ids::PortId;
use cordboard::media::Source;
use cordboard::phone::ear::{self, Ear, Heard};
use cordboard::phone::{Direction, LineId, LineState};
use cordboard::site::Site;
use cordboard::time::Duration;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

/// What was told so long ago has reached every ear, and every phone knows of it.
pub const SETTLED: Duration = Duration::from_secs(2);

/// A complaint that a network which loses, repeats and reorders explains.
pub fn explained(complaint: &str, whose: &Handset, world: &World) -> bool {
    let network = &world.network;
    let rough = network.loses + network.reorders + network.repeats > 0;
    // What comes again after it was lost has been overtaken; a late copy finds a transaction that is over.
    let order = complaint.starts_with("the CSeq of ") || complaint.ends_with("for no transaction of ours");
    // Sound is faster than the 200 that allows it.
    let early = complaint == "RTP came in although our direction does not receive";
    // Whoever is unplugged hears no ACK and no PRACK.
    // An INVITE that was refused while its PRACK was under way.
    let late = complaint == "our PRACK came to 481";
    let unheard = complaint.starts_with("no ACK for our 200") || complaint.starts_with("no PRACK for");
    // And his own PRACK gets no answer.
    let deaf = (unheard || complaint == "our PRACK came to 408") && whose.was_unplugged;
    deaf || (order || early || late) && (rough || world.hands.iter().any(|hand| hand.was_unplugged))
}

/// Nobody has done anything for a while: what is under way has come to its end, and both ends agree on what is. What a
/// timer has just begun has a moment more.
pub fn hold_at_rest(world: &mut World) {
    let before = unrest(world);
    if before.is_empty() {
        return;
    }
    world.run(world.now + SETTLED * 5);
    let broken = unrest(world);
    world.broken.extend(broken.into_iter().filter(|what| before.contains(what)));
}

fn unrest(world: &World) -> Vec<String> {
    let mut broken = world.engine.unrest();
    for hand in world.hands.iter().filter(|hand| !hand.was_unplugged) {
        for line in hand.live().filter(|line| line.state() == LineState::Up) {
            let who = format!("{}'s {}", hand.name, line.id());
            let port = line.remote_rtp().and_then(|local| world.media.ports().find(|(_, known)| known.local == local));
            let Some((_, known)) = port else {
                broken.push(format!("{who} is up and the switch has no port for it"));
                continue;
            };
            // Whoever holds by an address of zeros has none to send to (RFC 3264 section 8.4).
            let nowhere = known.spec.remote.is_some_and(|remote| remote.ip().is_unspecified()) && !known.spec.send;
            if known.spec.remote != Some(hand.phone.config().rtp) && !nowhere {
                broken.push(format!("{who} is sent to at {:?}", known.spec.remote));
            }
            let receives = line.direction().is_some_and(|direction| direction.receives());
            if known.spec.send != receives {
                broken.push(format!("{who} receives: {receives}, the switch sends: {}", known.spec.send));
            }
            let sends = line.direction().is_some_and(|direction| direction.sends());
            let by_itself = hand.held.contains(&line.id()) || hand.phone.habits().refuses_reinvite;
            if known.spec.receive && !sends && !by_itself {
                broken.push(format!("{who} is to be heard and sends nothing"));
            }
        }
    }
    let up = world.media.ports().filter(|(_, known)| known.spec.remote.is_some());
    for (port, known) in up {
        let mut hands = world.hands.iter();
        let hand = hands.find(|hand| Some(hand.phone.config().rtp) == known.spec.remote);
        if let Some(hand) = hand.filter(|hand| !hand.was_unplugged)
            && !hand.live().any(|line| line.remote_rtp() == Some(known.local) || line.state() != LineState::Up)
        {
            broken.push(format!("{port} sends to {}, who has no call with it", hand.name));
        }
    }
    broken
}

/// No phone hears nothing at all for long: silence is packets too.
pub fn hold_no_dead_air(world: &mut World) {
    let bound = if world.network.loses == 0 { Duration::from_millis(300) } else { Duration::from_secs(9) };
    let now = world.now;
    let mut broken = Vec::new();
    for hand in world.hands.iter().filter(|hand| !hand.was_unplugged) {
        for (line, at) in &hand.heard_at {
            let up = hand.phone.line(*line).is_some_and(|line| line.state() == LineState::Up);
            if up && !hand.held.contains(line) && now.since(*at) > bound {
                broken.push(format!("{}'s {line} has heard nothing for {} ms", hand.name, now.since(*at).as_millis()));
            }
        }
    }
    world.broken.extend(broken);
}

fn ear(world: &World) -> &'static Ear {
    static EAR: OnceLock<Ear> = OnceLock::new();
    EAR.get_or_init(|| Ear::new(Arc::clone(&world.site.library), &ear::NOTES))
}

/// The notes of those that a port is told to hear, and that may be heard and hum.
fn notes(world: &World, ports: &[PortId]) -> Vec<u16> {
    let hum = |port: &PortId| {
        let (_, known) = world.media.ports().find(|(id, known)| *id == port && known.spec.receive)?;
        let on = |hand: &&Handset| hand.plugged && hand.live().any(|line| line.remote_rtp() == Some(known.local));
        let hand = world.hands.iter().find(on)?;
        let mut lines = hand.live().filter(|line| line.remote_rtp() == Some(known.local));
        // Some phones go on humming while they hold, and are heard then: what the phone sends is its own affair.
        let hums = hand.phone.habits().hums_on_hold;
        let sends = |direction: Direction| direction.sends() || hums;
        let early = hand.phone.habits().early_media;
        let speaks = |state| state == LineState::Up || early && state == LineState::Ringing;
        let sends = lines.any(|line| speaks(line.state()) && line.direction().is_some_and(sends));
        sends.then_some(hand.phone.config().note_hz as u16)
    };
    let notes: BTreeSet<u16> = ports.iter().filter_map(hum).collect();
    notes.into_iter().collect()
}

/// Each phone hears what its port is told, to the last voice; nobody hears a voice that is held.
pub fn hold_what_is_heard(world: &mut World) {
    let kind = world.network.loses + world.network.reorders == 0;
    if !world.media.is_real() || !kind || world.now.since(world.media.told_at) < SETTLED {
        return;
    }
    let mut broken = Vec::new();
    for hand in world.hands.iter().filter(|hand| !hand.was_unplugged) {
        for line in hand.live().filter(|line| line.state() == LineState::Up) {
            let port = line.remote_rtp().and_then(|local| world.media.ports().find(|(_, known)| known.local == local));
            let Some((_, known)) = port.filter(|(_, known)| known.spec.send) else { continue };
            let frames = line.heard();
            let last = ear(world).listen(frames.get(frames.len().saturating_sub(30)..).unwrap_or_default());
            for (_, heard) in last.frames.iter().rev().take(5) {
                let right = match &known.spec.source {
                    Source::Silence => *heard == Heard::Silence,
                    Source::Play { .. } => !matches!(heard, Heard::Notes(_) | Heard::Unknown),
                    Source::Hear(ports) => match notes(world, ports) {
                        notes if notes.is_empty() => *heard == Heard::Silence,
                        notes => *heard == Heard::Notes(notes),
                    },
                };
                if !right {
                    let told = &known.spec.source;
                    broken.push(format!(
                        "{}'s {} hears {heard:?}, and its port has {told:?}: {:?}",
                        hand.name,
                        line.id(),
                        last.frames
                    ));
                    break;
                }
            }
        }
    }
    world.broken.extend(broken);
}

/// The switch goes down: whoever was connected is told.
pub fn hold_after_hang_up_all(world: &mut World) {
    world.tell("the switch hangs up");
    world.hang_up_all();
    world.run(world.now + Duration::from_secs(40));
    let mut broken = Vec::new();
    for hand in world.hands.iter().filter(|hand| !hand.was_unplugged) {
        for line in hand.live() {
            broken.push(format!("the switch has hung up and {}'s {} is {:?}", hand.name, line.id(), line.state()));
        }
    }
    world.broken.extend(broken);
}

/// Whoever did not hang up himself has been told to the end how his transfer went; a rough network excuses it, for what
/// is told last and the BYE behind it may change places.
fn untold(world: &World) -> Vec<String> {
    let network = &world.network;
    if network.loses + network.reorders + network.repeats > 0 {
        return Vec::new();
    }
    let hands = world.hands.iter().filter(|hand| !hand.was_unplugged);
    let lines = hands.flat_map(|hand| hand.phone.lines().map(move |line| (hand, line)));
    let left = lines.filter(|(hand, line)| !hand.left.contains(&line.id()));
    left.flat_map(|(hand, line)| {
        let open = line.transfers().iter().filter(|transfer| !transfer.over);
        open.map(move |transfer| format!("{}'s {} was never told the end of {transfer:?}", hand.name, line.id()))
    })
    .collect()
}

/// Everybody hangs up, and every timer passes: nothing is left.
pub fn hold_at_the_end(world: &mut World) {
    world.tell("everybody hangs up");
    if world.site.trunks.iter().any(|trunk| trunk.probe.is_some()) {
        // Nor does the switch ask its trunks any more.
        let mut site = Site::clone(&world.site);
        site.trunks.iter_mut().for_each(|trunk| trunk.probe = None);
        world.reload(Arc::new(site));
    }
    for hand in &mut world.hands {
        hand.plugged = true;
        hand.phone.habits_mut().answers_after = None;
    }
    for _ in 0..5 {
        for at in 0..world.hands.len() {
            let lines: Vec<LineId> = world.hands[at].live().map(cordboard::phone::Line::id).collect();
            for line in lines {
                world.with_phone(at, |now, phone| phone.hang_up(now, line));
            }
        }
        world.run(world.now + Duration::from_secs(3));
    }
    world.hold_the_laws();
    // A phone that is plugged in again may take an INVITE as late as the switch sends one, and its 180 get lost: nobody can
    // tell it any more that the call is over.
    world.run(world.now + Duration::from_secs(40));
    for at in 0..world.hands.len() {
        let hand = &world.hands[at];
        let rings = |line: &&cordboard::phone::Line| hand.was_unplugged && line.state() == LineState::Ringing;
        let lines: Vec<LineId> = hand.live().filter(rings).map(cordboard::phone::Line::id).collect();
        for line in lines {
            world.with_phone(at, |now, phone| phone.hang_up(now, line));
        }
    }
    world.run(world.now + Duration::from_secs(130));
    world.hold_the_laws();
    if !world.broken.is_empty() {
        return;
    }
    let mut broken = Vec::new();
    let counts = world.engine.counts();
    if !world.engine.is_empty() {
        broken.push(format!("everybody has hung up and there is {counts:?}"));
    }
    if world.media.open() > 0 {
        broken.push(format!("everybody has hung up and {} ports are open", world.media.open()));
    }
    for agent in AGENTS {
        let state = world.screen(agent).map(|screen| screen.state).unwrap_or_default();
        if matches!(state.as_str(), "Busy" | "PendingBusy" | "Monitoring") {
            broken.push(format!("everybody has hung up and {agent} is {state}"));
        }
    }
    for hand in &world.hands {
        for line in hand.live() {
            broken.push(format!("{}'s {} is {:?} for ever", hand.name, line.id(), line.state()));
        }
    }
    broken.extend(world.unanswered());
    broken.extend(untold(world));
    world.broken.extend(broken);
}
