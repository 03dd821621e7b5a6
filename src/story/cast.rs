//! The phones of a story: they carry out what hands do to them, and tell what they hear and see.

use super::evidence::{Call, Evidence, Frame, Heard, Seen};
use super::keys::{Key, Line};
use super::script::{Party, Role, Story};
use crate::audio::{FRAME_SAMPLES, Library};
use crate::limits::FRAME;
use crate::phone::ear::{self, Ear};
use crate::phone::{HeardFrame, LineId, LineState, Phone, PhoneConfig, PhoneEvent, PhoneOut};
use crate::site::Site;
use crate::time::{Time, earliest};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

/// The longest that one key takes on the wire, its pause included.
const KEY: u32 = 12;

/// How many frames are listened to at once.
const BATCH: usize = 5;

/// Where a phone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub sip: SocketAddr,
    pub rtp: SocketAddr,
}

/// What phones must know of the switch they call.
#[derive(Clone, Debug)]
pub struct Switchboard {
    pub domain: String,
    pub sip: SocketAddr,
    /// Passwords by agent.
    pub passwords: BTreeMap<String, String>,
}

impl Switchboard {
    /// What the phones of this installation's agents are set up with.
    #[must_use]
    pub fn of(site: &Site, sip: SocketAddr) -> Switchboard {
        let passwords = site.agents.iter().map(|(id, agent)| (id.to_string(), agent.password.clone()));
        Switchboard { domain: site.sip.domain.clone(), sip, passwords: passwords.collect() }
    }
}

/// A datagram that a phone sends.
#[derive(Clone, Debug)]
pub struct Sent {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
    pub is_sip: bool,
}

struct Actor {
    phone: Phone,
    /// SIP messages that came more than once are seen once.
    seen: BTreeSet<Vec<u8>>,
    ringing: BTreeSet<LineId>,
    keying_until: Time,
    unplugged: bool,
    /// The right one.
    password: Option<String>,
}

pub struct Cast {
    actors: BTreeMap<Party, Actor>,
    places: BTreeMap<SocketAddr, Party>,
    ear: Ear,
    library: Arc<Library>,
    /// Whose note it is.
    notes: BTreeMap<u16, Party>,
}

impl Cast {
    /// A phone for each party of the story.
    pub fn new(
        story: &Story,
        board: &Switchboard,
        library: &Arc<Library>,
        seed: u64,
        place: impl Fn(usize) -> Place,
    ) -> Cast {
        let ear = Ear::new(Arc::clone(library), ear::NOTES.get(..story.members.len()).unwrap_or(&ear::NOTES));
        let mut cast = Cast {
            actors: BTreeMap::new(),
            places: BTreeMap::new(),
            ear,
            notes: BTreeMap::new(),
            library: Arc::clone(library),
        };
        for (number, member) in story.members.iter().enumerate() {
            let place = place(number);
            let name = member.party.as_str();
            let account = member.of.as_ref().map_or(name, Party::as_str);
            let mut config = PhoneConfig::new(account, board.sip, place.sip, place.rtp);
            config.display = Some(capitalised(if member.role == Role::Outside { name } else { account }));
            config.domain.clone_from(&board.domain);
            let note = ear::NOTES.get(number % ear::NOTES.len()).copied().unwrap_or_default();
            config.note_hz = f32::from(note);
            config.seed = seed.wrapping_mul(31).wrapping_add(number as u64 + 1);
            let password = match member.role {
                Role::Guest | Role::Outside => None,
                Role::Agent { .. } => board.passwords.get(account).cloned(),
            };
            config.password.clone_from(&password);
            cast.notes.insert(note, member.party.clone());
            for address in [place.sip, place.rtp] {
                cast.places.insert(address, member.party.clone());
            }
            let actor = Actor {
                phone: Phone::new(config),
                seen: BTreeSet::new(),
                ringing: BTreeSet::new(),
                keying_until: Time::default(),
                unplugged: false,
                password,
            };
            cast.actors.insert(member.party.clone(), actor);
        }
        cast
    }

    /// Whose address this is.
    #[must_use]
    pub fn at(&self, address: SocketAddr) -> Option<&Party> {
        self.places.get(&address)
    }

    pub fn parties(&self) -> impl Iterator<Item = &Party> {
        self.actors.keys()
    }

    #[must_use]
    pub fn phone(&self, party: &Party) -> Option<&Phone> {
        self.actors.get(party).map(|actor| &actor.phone)
    }

    pub fn phone_mut(&mut self, party: &Party) -> Option<&mut Phone> {
        self.actors.get_mut(party).map(|actor| &mut actor.phone)
    }

    /// A datagram for one of the phones.
    pub fn receive(
        &mut self,
        now: Time,
        from: SocketAddr,
        to: SocketAddr,
        bytes: &[u8],
        is_sip: bool,
        evidence: &mut Evidence,
    ) {
        let Some(party) = self.places.get(&to).cloned() else { return };
        let Some(actor) = self.actors.get_mut(&party).filter(|actor| !actor.unplugged) else { return };
        if is_sip {
            if actor.seen.insert(bytes.to_vec()) {
                for seen in sights(bytes) {
                    evidence.saw(&party, now, seen);
                }
            }
            actor.phone.sip(now, from, bytes);
        } else {
            actor.phone.rtp(now, from, bytes);
        }
    }

    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        let plugged = self.actors.values().filter(|actor| !actor.unplugged);
        plugged.fold(None, |soonest, actor| earliest(soonest, actor.phone.deadline()))
    }

    pub fn wake(&mut self, now: Time) {
        for actor in self.actors.values_mut().filter(|actor| !actor.unplugged) {
            if actor.phone.deadline().is_some_and(|at| at <= now) {
                actor.phone.wake(now);
            }
        }
    }

    /// What the phones have to say: datagrams for the network, the rest for the evidence.
    pub fn flush(&mut self, now: Time, evidence: &mut Evidence, send: &mut Vec<Sent>) {
        for (party, actor) in &mut self.actors {
            let (sip, rtp) = (actor.phone.config().sip, actor.phone.config().rtp);
            while let Some(out) = actor.phone.poll_output() {
                match out {
                    PhoneOut::Sip { .. } | PhoneOut::Rtp { .. } if actor.unplugged => {}
                    PhoneOut::Sip { to, bytes } => send.push(Sent { from: sip, to, bytes, is_sip: true }),
                    PhoneOut::Rtp { to, bytes } => send.push(Sent { from: rtp, to, bytes, is_sip: false }),
                    PhoneOut::Event(event) => note_event(party, &mut actor.ringing, now, event, evidence),
                }
            }
        }
    }

    /// What was heard since the last time, as frames of the calls; `all` also of the last moments.
    pub fn listen(&mut self, now: Time, all: bool, evidence: &mut Evidence) {
        for (party, actor) in &self.actors {
            let watch = evidence.phones.entry(party.clone()).or_default();
            for (number, line) in actor.phone.lines().enumerate() {
                if watch.calls.len() <= number {
                    watch.calls.push(Call { began: line.started(), ..Call::default() });
                }
                let Some(call) = watch.calls.get_mut(number) else { continue };
                call.answered = line.answered_at();
                call.ended = line.ended_at();
                let (done, frames) = (call.frames.len(), line.heard());
                let new = frames.len() - done;
                if new == 0 || (new < BATCH && !all) {
                    call.heard_until = frames.get(done).map_or(now, |frame| frame.at);
                    continue;
                }
                call.heard_until = now;
                let from = context(frames, done);
                let heard = self.ear.listen(frames.get(from..).unwrap_or_default());
                // What comes after a sound can say what the sound was.
                let again = done.saturating_sub(BATCH * 3).max(from);
                call.frames.truncate(again);
                let heard = heard.frames.into_iter().skip(again - from);
                call.frames.extend(heard.map(|(at, heard)| Frame { at, heard: self.named(heard) }));
            }
        }
    }

    /// What one side of a recording holds from a moment on.
    #[must_use]
    pub fn listen_to_side(&self, from: Time, pcm: &[i16]) -> Vec<Frame> {
        let frames = pcm.chunks(FRAME_SAMPLES).zip(0_u16..).map(|(pcm, number)| HeardFrame {
            at: from + FRAME * u32::from(number),
            sequence: number,
            timestamp: u32::from(number) * FRAME_SAMPLES as u32,
            pcm: pcm.to_vec(),
        });
        let heard = self.ear.listen(&frames.collect::<Vec<_>>()).frames;
        heard.into_iter().map(|(at, heard)| Frame { at, heard: self.named(heard) }).collect()
    }

    /// The notes by whose they are.
    fn named(&self, heard: ear::Heard) -> Heard {
        match heard {
            ear::Heard::Silence => Heard::Silence,
            ear::Heard::Prompt(prompt, frame) => {
                let frames = self.library.clip(&prompt).map_or(0, |clip| clip.frames());
                Heard::Prompt { prompt, frame: frame as usize, frames }
            }
            ear::Heard::Tone(tone) => Heard::Tone(tone),
            ear::Heard::Notes(found) => match found.iter().map(|hz| self.notes.get(hz).cloned()).collect() {
                Some(parties) => Heard::Notes(parties),
                None => Heard::Noise,
            },
            ear::Heard::Unknown => Heard::Noise,
        }
    }

    /// Digits are still going out.
    #[must_use]
    pub fn is_keying(&self, now: Time, party: &Party) -> bool {
        self.actors.get(party).is_some_and(|actor| actor.keying_until > now)
    }

    /// A hand at a phone.
    pub fn key(&mut self, now: Time, party: &Party, key: &Key) -> Result<(), String> {
        let picked = match key {
            Key::PickUp(of) => self.phone(of).and_then(|phone| phone.line(phone.live_line()?)?.dialog()),
            _ => None,
        };
        let Some(actor) = self.actors.get_mut(party) else { return Err(format!("{party} has no phone")) };
        let phone = &mut actor.phone;
        let done = match key {
            Key::Register { password } => {
                // A phone without calls is set up anew.
                let password = password.clone().or_else(|| actor.password.clone());
                if phone.config().password != password {
                    *phone = Phone::new(PhoneConfig { password, ..phone.config().clone() });
                }
                phone.register(now);
                true
            }
            Key::Unregister => {
                phone.unregister(now);
                true
            }
            Key::Dial { target } => {
                phone.call(now, target);
                true
            }
            Key::Answer => ringing(phone).is_some_and(|line| phone.answer(now, line)),
            Key::Decline { status } => ringing(phone).is_some_and(|line| phone.decline(now, line, *status)),
            Key::HangUp(line) => pick(phone, *line).is_some_and(|line| phone.hang_up(now, line)),
            Key::Hold(line, form) => {
                phone.habits_mut().holds = *form;
                pick(phone, *line).is_some_and(|line| phone.hold(now, line))
            }
            Key::Resume(line) => pick(phone, *line).is_some_and(|line| phone.resume(now, line)),
            Key::Digits(digits) => {
                let count = u32::try_from(digits.chars().count()).unwrap_or(u32::MAX);
                actor.keying_until = now + FRAME * KEY * count;
                pick(phone, Line::InUse).is_some_and(|line| phone.dtmf(now, line, digits))
            }
            Key::Infos(digits) => {
                let count = u32::try_from(digits.chars().count()).unwrap_or(u32::MAX);
                actor.keying_until = now + FRAME * KEY * count;
                pick(phone, Line::InUse).is_some_and(|line| phone.info(now, line, digits))
            }
            Key::Transfer { target, line } => pick(phone, *line).is_some_and(|line| phone.transfer(now, line, target)),
            Key::TransferToLine(other) => {
                let line = if *other == Line::First { Line::Second } else { Line::First };
                match (pick(phone, line), pick(phone, *other)) {
                    (Some(line), Some(other)) => phone.transfer_to_line(now, line, other),
                    _ => false,
                }
            }
            Key::PickUp(_) => picked.is_some_and(|dialog| {
                phone.pick_up(now, &dialog);
                true
            }),
            Key::Habit(habit) => {
                habit.form(phone.habits_mut());
                true
            }
            Key::Offer(codec) => phone.live_line().is_some_and(|line| phone.offer_codecs(now, line, &[*codec])),
            Key::Refresh(line) => pick(phone, *line).is_some_and(|line| phone.refresh(now, line)),
            Key::Update(line) => pick(phone, *line).is_some_and(|line| phone.update(now, line)),
            Key::LetRing => ringing(phone).is_some(),
            Key::RefuseReInvites(refuse) => {
                phone.habits_mut().refuses_reinvite = *refuse;
                true
            }
            Key::Mute(silent) => {
                phone.fall_silent(now, *silent);
                true
            }
            Key::Unplug(unplugged) => {
                actor.unplugged = *unplugged;
                true
            }
        };
        if done { Ok(()) } else { Err(format!("{party}'s phone has no call with which that can be done")) }
    }
}

/// The newest line that rings.
fn ringing(phone: &Phone) -> Option<LineId> {
    phone.lines().rev().find(|line| line.state() == LineState::Ringing).map(crate::phone::Line::id)
}

fn pick(phone: &Phone, line: Line) -> Option<LineId> {
    let mut live = phone.lines().filter(|line| line.state() != LineState::Ended).map(crate::phone::Line::id);
    match line {
        Line::InUse => phone.live_line(),
        Line::First => live.next(),
        Line::Second => live.nth(1),
    }
}

fn note_event(party: &Party, ringing: &mut BTreeSet<LineId>, now: Time, event: PhoneEvent, evidence: &mut Evidence) {
    let seen = match event {
        PhoneEvent::Registered { .. } => Seen::Registered,
        PhoneEvent::RegistrationFailed { status } => Seen::NotRegistered(status),
        PhoneEvent::Ringing { line, from_display, from_uri } => {
            ringing.insert(line);
            evidence.saw(party, now, Seen::Shows(from_display.unwrap_or(from_uri)));
            Seen::Rings
        }
        PhoneEvent::Identity { name, address, .. } => Seen::Shows(name.unwrap_or(address)),
        PhoneEvent::Answered { line } => {
            ringing.remove(&line);
            Seen::Answered
        }
        PhoneEvent::Ended { line, local, status, .. } => {
            let rang = ringing.remove(&line);
            match (local, rang) {
                (true, _) => return,
                (false, true) => {
                    evidence.saw(party, now, Seen::StopsRinging);
                    Seen::Ended(status)
                }
                (false, false) => Seen::Ended(status),
            }
        }
        PhoneEvent::Referred { status, .. } => Seen::Referred(status),
        PhoneEvent::TransferTold { status, .. } => Seen::TransferTold(status),
        PhoneEvent::Digit { digit, .. } => Seen::Digit(digit),
        PhoneEvent::Complaint(complaint) => Seen::Complaint(complaint.text),
        PhoneEvent::Unregistered
        | PhoneEvent::Progress { .. }
        | PhoneEvent::ReInvited { .. }
        | PhoneEvent::Changed { .. } => return,
    };
    evidence.saw(party, now, seen);
}

/// What a request on its way to a phone shows: its method, and for an offer inside a dialog its direction.
fn sights(bytes: &[u8]) -> Vec<Seen> {
    let text = String::from_utf8_lossy(bytes);
    let method = text.split(' ').next().unwrap_or_default();
    if method.is_empty() || method.starts_with("SIP/") || !method.bytes().all(|b| b.is_ascii_uppercase()) {
        return Vec::new();
    }
    let mut seen = vec![Seen::Request(method.to_owned())];
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let in_dialog = head.lines().any(|line| {
        let (name, value) = line.split_once(':').unwrap_or_default();
        (name.eq_ignore_ascii_case("to") || name.eq_ignore_ascii_case("t")) && value.contains(";tag=")
    });
    if in_dialog && matches!(method, "INVITE" | "UPDATE") && body.contains("m=audio") {
        let direction = ["sendonly", "recvonly", "inactive"].into_iter().find(|d| body.contains(&format!("a={d}")));
        seen.push(Seen::ReInvite(direction.unwrap_or("sendrecv").to_owned()));
    }
    seen
}

/// From where on to listen again, so that what is new is heard in its context: some frames back, at one with sound.
fn context(frames: &[HeardFrame], done: usize) -> usize {
    let near = done.saturating_sub(BATCH * 4);
    let far = done.saturating_sub(BATCH * 120);
    let loud = |frame: &HeardFrame| frame.pcm.iter().any(|sample| sample.unsigned_abs() > 64);
    frames.get(far..near).and_then(|before| before.iter().rposition(loud)).map_or(far, |at| far + at)
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_shows_its_method_and_direction() {
        let invite = |to: &str, sdp: &str| format!("INVITE sip:x SIP/2.0\r\nTo: <sip:x>{to}\r\n\r\n{sdp}");
        for (message, seen) in [
            (invite("", "m=audio 1 RTP/AVP 0\r\n"), vec![Seen::Request("INVITE".into())]),
            (
                invite(";tag=1", "m=audio 1 RTP/AVP 0\r\na=sendonly\r\n"),
                vec![Seen::Request("INVITE".into()), Seen::ReInvite("sendonly".into())],
            ),
            (
                invite(";tag=1", "m=audio 1 RTP/AVP 0\r\n"),
                vec![Seen::Request("INVITE".into()), Seen::ReInvite("sendrecv".into())],
            ),
            ("SIP/2.0 200 OK\r\n\r\n".into(), vec![]),
        ] {
            assert_eq!(sights(message.as_bytes()), seen);
        }
    }
}
