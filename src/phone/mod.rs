//! A small softphone, sans-IO: it registers, calls, is called, hums its own note, remembers what it hears, and
//! complains about whoever it talks to.
//!
//! It is built on `rsip` and on the `rtp` and `audio` rooms, never on our own `sip` and `sdp`, so that the switch is
//! read by an independent eye. SIP over UDP and IPv4. The driver carries datagrams and time:
//! ```text
//!   Phone::sip, rtp, wake ->  [ lines | transactions | judge ]  -> poll_output: Sip, Rtp, Event
//!        keys: call, answer, hold, ...                             deadline: when to wake it
//! ```
//! All lines share the phone's one RTP address; a packet belongs to the line whose session names its source.

mod called;
mod calling;
pub mod ear;
mod judge;
mod keys;
mod line;
mod registration;
mod reliable;
mod session;
mod sound;
mod timer;
mod transaction;
mod transfer;
mod wire;

pub use crate::audio::Codec;
pub use judge::Complaint;
pub use line::{Identity, Line, LineState};
pub use reliable::Reliable;
pub use session::{Direction, HoldForm, Video};
pub use sound::HeardFrame;
pub use timer::{Refresher, SessionTimer};
pub use transfer::{AfterTransfer, DialogName, Transfer};

use crate::ids::Mint;
use crate::time::{Duration, Time, earliest};
use judge::Judge;
use registration::Registration;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::net::SocketAddr;
use transaction::{Client, Due, Purpose, Server};
use wire::Draft;

/// A line, counted from 1 in the order they came.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LineId(pub u32);

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line{}", self.0)
    }
}

impl fmt::Debug for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[derive(Clone, Debug)]
pub struct PhoneConfig {
    /// The user part of its address; the name of its account when there is a password.
    pub user: String,
    pub display: Option<String>,
    pub password: Option<String>,
    pub domain: String,
    /// Where everything is sent first.
    pub registrar: SocketAddr,
    pub sip: SocketAddr,
    pub rtp: SocketAddr,
    /// Best taken from [`ear::NOTES`], which an ear can tell apart in one frame.
    pub note_hz: f32,
    pub codecs: Vec<Codec>,
    /// Seconds a registration is asked for.
    pub expires: u32,
    /// A call beyond these lines is answered 486.
    pub lines: usize,
    pub habits: Habits,
    pub seed: u64,
}

impl PhoneConfig {
    /// A well-behaved phone with both codecs.
    #[must_use]
    pub fn new(user: &str, registrar: SocketAddr, sip: SocketAddr, rtp: SocketAddr) -> PhoneConfig {
        PhoneConfig {
            user: user.to_owned(),
            display: None,
            password: None,
            domain: "cordboard.lab".into(),
            registrar,
            sip,
            rtp,
            note_hz: 350.0,
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            expires: 3600,
            lines: 4,
            habits: Habits::default(),
            seed: 1,
        }
    }
}

/// How the phone behaves, well or badly. May be changed at any time through [`Phone::habits_mut`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Habits {
    /// Sends 180 at once.
    pub rings: bool,
    /// Answers by itself, so long after the INVITE.
    pub answers_after: Option<Duration>,
    /// Answers by itself when Call-Info or Alert-Info asks for it, each in the words of the phones that know it.
    pub auto_answer: bool,
    /// Refuses every call with this status.
    pub declines_with: Option<u16>,
    /// Takes no request at all: not even a 100 goes out.
    pub silent: bool,
    /// Refuses every re-INVITE and UPDATE with an offer: 488.
    pub refuses_reinvite: bool,
    /// Answers so many re-INVITEs 491 before it gives in.
    pub glares: u32,
    /// Never sends RTP.
    pub no_rtp: bool,
    /// Does not list UPDATE in Allow, and refuses it.
    pub no_update: bool,
    /// Sends digits by SIP INFO even where RFC 4733 was agreed.
    pub digits_by_info: bool,
    /// Neither offers nor takes telephone-events (RFC 4733).
    pub no_events: bool,
    /// Rings with 183 and hums before it answers.
    pub early_media: bool,
    /// What its Hold key asks for.
    pub holds: HoldForm,
    /// Goes on sending while it holds, against its own SDP, as some phones do.
    pub hums_on_hold: bool,
    /// Whether its provisional responses, and those it gets, are acknowledged.
    pub reliable: Reliable,
    /// The session timer that it asks for and grants.
    pub timer: Option<SessionTimer>,
    /// Its INVITEs have no offer: the 200 has it, and its ACK the answer.
    pub offers_late: bool,
    /// The video stream that it offers, too.
    pub video: Video,
    /// Milliseconds of sound in a packet.
    pub ptime: u8,
    /// Holds and resumes by UPDATE where the other side allows it.
    pub changes_by_update: bool,
    /// When the answer leaves several codecs, an UPDATE leaves one, as pjsip does.
    pub locks_codec: bool,
    /// When it hangs up what it transfers.
    pub after_transfer: AfterTransfer,
    /// Holds first, and leaves the port out of Refer-To.
    pub transfers_like_linphone: bool,
    /// Asks not to be told how its transfers go (RFC 4488).
    pub transfers_untold: bool,
}

impl Default for Habits {
    fn default() -> Self {
        Habits {
            rings: true,
            answers_after: None,
            auto_answer: false,
            declines_with: None,
            silent: false,
            refuses_reinvite: false,
            glares: 0,
            no_rtp: false,
            no_update: false,
            digits_by_info: false,
            no_events: false,
            early_media: false,
            holds: HoldForm::default(),
            hums_on_hold: false,
            reliable: Reliable::default(),
            timer: None,
            offers_late: false,
            video: Video::default(),
            ptime: 20,
            changes_by_update: false,
            locks_codec: false,
            after_transfer: AfterTransfer::default(),
            transfers_like_linphone: false,
            transfers_untold: false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhoneOut {
    Sip { to: SocketAddr, bytes: Vec<u8> },
    Rtp { to: SocketAddr, bytes: Vec<u8> },
    Event(PhoneEvent),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhoneEvent {
    Registered {
        expires: u32,
    },
    Unregistered,
    RegistrationFailed {
        status: u16,
    },
    /// Somebody calls.
    Ringing {
        line: LineId,
        from_display: Option<String>,
        from_uri: String,
    },
    /// Our call rings there (180), or is under way with sound (183).
    Progress {
        line: LineId,
        status: u16,
    },
    /// The dialog is confirmed, whoever called.
    Answered {
        line: LineId,
    },
    Ended {
        line: LineId,
        /// By our own key.
        local: bool,
        /// The status that refused or ended the call, if it was not a BYE.
        status: Option<u16>,
        /// The Reason header of a BYE or CANCEL.
        reason: Option<String>,
    },
    /// A re-INVITE or UPDATE of the other side was answered; the direction is ours now.
    ReInvited {
        line: LineId,
        direction: Direction,
    },
    /// Our own re-INVITE came to an end: 200, or the status that refused it.
    Changed {
        line: LineId,
        status: u16,
        direction: Direction,
    },
    /// The response to our REFER.
    Referred {
        line: LineId,
        status: u16,
    },
    /// How our transfer goes, told by a NOTIFY; the last one when `over`.
    TransferTold {
        line: LineId,
        status: u16,
        over: bool,
    },
    /// The line shows somebody else.
    Identity {
        line: LineId,
        name: Option<String>,
        address: String,
    },
    /// A digit came in, by RFC 4733 or INFO.
    Digit {
        line: LineId,
        digit: char,
    },
    Complaint(Complaint),
}

#[derive(Clone, Debug)]
pub struct Phone {
    config: PhoneConfig,
    mint: Mint,
    outputs: VecDeque<PhoneOut>,
    lines: BTreeMap<LineId, Line>,
    last_line: u32,
    /// By branch and method: a CANCEL shares its INVITE's branch.
    clients: BTreeMap<(String, String), Client>,
    servers: BTreeMap<(String, String), Server>,
    registration: Registration,
    judge: Judge,
    told: usize,
}

impl Phone {
    #[must_use]
    pub fn new(config: PhoneConfig) -> Phone {
        let mut mint = Mint::new(config.seed);
        let registration = Registration::new(&mut mint);
        Phone {
            config,
            mint,
            outputs: VecDeque::new(),
            lines: BTreeMap::new(),
            last_line: 0,
            clients: BTreeMap::new(),
            servers: BTreeMap::new(),
            registration,
            judge: Judge::default(),
            told: 0,
        }
    }

    #[must_use]
    pub fn config(&self) -> &PhoneConfig {
        &self.config
    }

    #[must_use]
    pub fn habits(&self) -> &Habits {
        &self.config.habits
    }

    pub fn habits_mut(&mut self) -> &mut Habits {
        &mut self.config.habits
    }

    #[must_use]
    pub fn line(&self, line: LineId) -> Option<&Line> {
        self.lines.get(&line)
    }

    /// Every line there ever was, the ended ones too, in the order they came.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &Line> {
        self.lines.values()
    }

    /// The newest line that has not ended.
    #[must_use]
    pub fn live_line(&self) -> Option<LineId> {
        self.lines.values().rev().find(|line| line.is_live()).map(|line| line.id)
    }

    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.registration.is_registered()
    }

    /// Every rule the other side broke, in order.
    #[must_use]
    pub fn complaints(&self) -> &[Complaint] {
        &self.judge.complaints
    }

    pub fn poll_output(&mut self) -> Option<PhoneOut> {
        while let Some(complaint) = self.judge.complaints.get(self.told) {
            self.told += 1;
            self.outputs.push_back(PhoneOut::Event(PhoneEvent::Complaint(complaint.clone())));
        }
        self.outputs.pop_front()
    }

    /// When to wake it next.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        let lines = self.lines.values().filter(|line| line.is_live()).filter_map(Line::deadline).min();
        let clients = self.clients.values().map(Client::deadline).min();
        let servers = self.servers.values().map(Server::deadline).min();
        let timers = earliest(clients, servers).filter(|at| *at != Time::NEVER);
        earliest(earliest(lines, timers), self.registration.deadline())
    }

    /// Everything that is due: retransmissions, the hum, answers that were promised.
    pub fn wake(&mut self, now: Time) {
        let due: Vec<_> =
            self.clients.iter().filter(|(_, c)| c.deadline() <= now).map(|(key, _)| key.clone()).collect();
        for key in due {
            let Some(client) = self.clients.get_mut(&key) else { continue };
            match client.wake(now) {
                Due::Nothing => {}
                Due::Resend => self.outputs.push_back(PhoneOut::Sip { to: client.to, bytes: client.bytes.clone() }),
                Due::Forget => drop(self.clients.remove(&key)),
                Due::TimedOut => {
                    if let Some(client) = self.clients.remove(&key) {
                        // RFC 3261 section 8.1.3.1: a timeout counts as 408.
                        self.failed(now, &client, 408, None);
                    }
                }
            }
        }
        let due: Vec<_> =
            self.servers.iter().filter(|(_, s)| s.deadline() <= now).map(|(key, _)| key.clone()).collect();
        for key in due {
            let Some(server) = self.servers.get_mut(&key) else { continue };
            match server.wake(now) {
                Due::Nothing => {}
                Due::Resend => {
                    let bytes = server.last.clone().unwrap_or_default();
                    self.outputs.push_back(PhoneOut::Sip { to: server.to, bytes });
                }
                Due::Forget => drop(self.servers.remove(&key)),
                Due::TimedOut => {
                    if let Some(line) = self.servers.remove(&key).and_then(|server| server.line) {
                        self.never_acked(now, line);
                    }
                }
            }
        }
        let due: Vec<_> =
            self.lines.values().filter(|l| l.is_live() && l.deadline() <= Some(now)).map(|l| l.id).collect();
        for line in due {
            self.wake_line(now, line);
        }
        if self.registration.deadline().is_some_and(|at| at <= now) {
            self.register(now);
        }
    }

    fn wake_line(&mut self, now: Time, id: LineId) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        let mut packets = Vec::new();
        while let (Some(next), Some(stream)) = (line.sound.next, line.session.stream.as_ref()) {
            if next > now {
                break;
            }
            packets.push(line.sound.frame(stream));
            line.sound.advance(now);
        }
        if let Some(stream) = line.session.stream.as_ref() {
            let to = stream.remote;
            self.outputs.extend(packets.into_iter().map(|bytes| PhoneOut::Rtp { to, bytes }));
        }
        if line.answer_at.is_some_and(|at| at <= now) {
            line.answer_at = None;
            self.answer(now, id);
        }
        let Some(line) = self.lines.get_mut(&id) else { return };
        if line.retry_at.is_some_and(|at| at <= now) {
            line.retry_at = None;
            self.change(now, id);
        }
        self.wake_provisional(now, id);
        self.wake_timer(now, id);
    }

    /// An RTP packet. The line is the one whose session names the source; else the one that heard this stream before;
    /// else the only one, or the newest, that is live: symmetric RTP and sound that overtakes its 200 end there.
    pub fn rtp(&mut self, now: Time, from: SocketAddr, bytes: &[u8]) {
        let ssrc = bytes.get(8..12).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
        let live = || self.lines.values().filter(|line| line.is_live());
        let named = || live().filter(|line| line.remote_rtp() == Some(from));
        let same = |line: &&Line| ssrc.is_some() && line.sound.ssrc_heard() == ssrc;
        // The last packets of a call that is over belong to no other.
        if named().next().is_none() && self.lines.values().any(|line| line.remote_rtp() == Some(from)) {
            return;
        }
        let waits = |line: &&Line| line.state == LineState::Calling && line.session.stream.is_none();
        let found = named()
            .find(same)
            .or_else(|| named().next())
            .or_else(|| live().find(same))
            // Sound that is faster than the answer which names its source belongs to the line that waits for one.
            .or_else(|| live().rfind(waits))
            .or_else(|| live().next_back())
            .map(|line| line.id);
        let Some(line) = found.and_then(|id| self.lines.get_mut(&id)) else { return };
        let offered = line.session.offered();
        let session = &line.session;
        let noticed = line.sound.receive(now, session.stream.as_ref(), &offered, &session.agreed, bytes);
        let id = line.id;
        for fault in noticed.faults {
            self.complain_once(now, Some(id), fault);
        }
        if let Some(digit) = noticed.digit {
            self.tell(PhoneEvent::Digit { line: id, digit });
        }
    }

    fn tell(&mut self, event: PhoneEvent) {
        self.outputs.push_back(PhoneOut::Event(event));
    }

    /// A fault of a stream would come fifty times a second: each text once a line.
    fn complain_once(&mut self, now: Time, line: Option<LineId>, text: String) {
        if !self.judge.complaints.iter().any(|known| known.line == line && known.text == text) {
            self.judge.complain(now, line, text);
        }
    }

    fn send(&mut self, to: SocketAddr, bytes: Vec<u8>) {
        self.outputs.push_back(PhoneOut::Sip { to, bytes });
    }

    /// Starts a client transaction.
    fn request(&mut self, now: Time, to: SocketAddr, draft: Draft, purpose: Purpose) -> String {
        let branch = format!("z9hG4bK{}", self.mint.token());
        self.request_in(now, to, draft, purpose, branch.clone());
        branch
    }

    fn request_in(&mut self, now: Time, to: SocketAddr, draft: Draft, purpose: Purpose, branch: String) {
        let bytes = draft.print(self.config.sip, &branch);
        self.send(to, bytes.clone());
        let key = (branch.clone(), draft.method.to_string());
        self.clients.insert(key, Client::new(now, draft, branch, to, purpose, bytes));
    }

    fn contact(&self) -> String {
        format!("<sip:{}@{}>", self.config.user, self.config.sip)
    }

    fn address_of_record(&self) -> String {
        let Some(display) = &self.config.display else {
            return format!("<sip:{}@{}>", self.config.user, self.config.domain);
        };
        format!("\"{}\" <sip:{}@{}>", display.replace('"', "'"), self.config.user, self.config.domain)
    }

    fn allow(&self) -> String {
        let habits = &self.config.habits;
        let update = if habits.no_update { "" } else { ", UPDATE" };
        let prack = if habits.reliable == Reliable::No { "" } else { ", PRACK" };
        format!("INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, NOTIFY, MESSAGE{update}{prack}")
    }
}

#[cfg(test)]
mod tests;
