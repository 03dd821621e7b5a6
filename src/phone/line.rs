//! One line of the phone: its dialog, its session, its sound.

use super::reliable::Provisionals;
use super::session::{Direction, Session};
use super::sound::{HeardFrame, Sound};
use super::timer::Timer;
use super::transfer::Transfer;
use super::wire::{self, Draft, Head, Party, Received};
use super::{LineId, PhoneConfig};
use crate::ids::Mint;
use crate::time::Time;
use rsip::{Method, Uri};
use std::collections::VecDeque;
use std::net::SocketAddr;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineState {
    /// We call and nobody has answered yet.
    Calling,
    /// We are called and have not answered yet.
    Ringing,
    Up,
    Ended,
}

/// Who a line shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub name: Option<String>,
    pub address: String,
}

impl Identity {
    pub(super) fn of(party: &Party) -> Identity {
        Identity { name: party.name.clone(), address: party.address() }
    }
}

#[derive(Clone, Debug)]
pub struct Line {
    pub(super) id: LineId,
    pub(super) state: LineState,
    /// Who called.
    pub(super) incoming: bool,
    pub(super) call_id: String,
    /// Our own From or To, with our tag, and theirs, with theirs once there is one.
    pub(super) local: String,
    pub(super) local_tag: String,
    pub(super) remote: String,
    pub(super) remote_tag: Option<String>,
    pub(super) target: Uri,
    pub(super) routes: Vec<String>,
    /// Where their requests come from, for what has no numeric address.
    pub(super) source: SocketAddr,
    pub(super) cseq: u32,
    pub(super) remote_cseq: Option<u32>,
    /// The branch of the INVITE that is open in either direction.
    pub(super) invite: Option<String>,
    pub(super) session: Session,
    pub(super) sound: Sound,
    pub(super) identity: Option<Identity>,
    /// Our answer to their offer, until our 200 carries it; or our offer, when their INVITE had none.
    pub(super) offer: Option<Vec<u8>>,
    /// Their INVITE had no offer: ours is in our 200, the answer in their ACK.
    pub(super) ack_answers: bool,
    pub(super) early_sound: bool,
    /// The ACK of our 200 is here.
    pub(super) confirmed: bool,
    /// Hang up as soon as the protocol lets us.
    pub(super) leaving: bool,
    pub(super) answer_at: Option<Time>,
    /// When a re-INVITE that met a 491 is tried again.
    pub(super) retry_at: Option<Time>,
    pub(super) changing: bool,
    /// The CSeq of their INVITE.
    pub(super) remote_invite: u32,
    pub(super) provisionals: Provisionals,
    pub(super) timer: Option<Timer>,
    /// The highest Min-SE of a 422.
    pub(super) least: u32,
    /// Their Allow lists UPDATE.
    pub(super) allows_update: bool,
    /// The Refer-To of a REFER that waits for our hold.
    pub(super) refer_to: Option<String>,
    pub(super) transfers: Vec<Transfer>,
    /// Digits that go by INFO, the one under way first.
    pub(super) infos: VecDeque<char>,
    pub(super) attempts: u8,
    pub(super) started: Time,
    pub(super) answered_at: Option<Time>,
    pub(super) ended_at: Option<Time>,
    /// The status or reason the line ended with.
    pub(super) ending: Option<(Option<u16>, Option<String>)>,
}

impl Line {
    pub(super) fn new(now: Time, id: LineId, incoming: bool, config: &PhoneConfig, mint: &mut Mint) -> Line {
        let mut line = Line::bare(now, id, incoming, config, mint);
        line.session.video = config.habits.video;
        line.session.ptime = config.habits.ptime;
        line.session.no_events = config.habits.no_events;
        line.sound.ptime = config.habits.ptime;
        line
    }

    fn bare(now: Time, id: LineId, incoming: bool, config: &PhoneConfig, mint: &mut Mint) -> Line {
        Line {
            id,
            state: if incoming { LineState::Ringing } else { LineState::Calling },
            incoming,
            call_id: format!("{}@{}", mint.token(), config.sip.ip()),
            local: String::new(),
            local_tag: mint.token(),
            remote: String::new(),
            remote_tag: None,
            target: Uri::default(),
            routes: Vec::new(),
            source: config.registrar,
            cseq: 0,
            remote_cseq: None,
            invite: None,
            session: Session::new(mint.u64(), &config.user, config.rtp, &config.codecs),
            sound: Sound::new(mint, config.note_hz),
            identity: None,
            offer: None,
            ack_answers: false,
            early_sound: false,
            confirmed: false,
            leaving: false,
            answer_at: None,
            retry_at: None,
            changing: false,
            remote_invite: 0,
            provisionals: Provisionals::default(),
            timer: None,
            least: 0,
            allows_update: false,
            refer_to: None,
            transfers: Vec::new(),
            infos: VecDeque::new(),
            attempts: 0,
            started: now,
            answered_at: None,
            ended_at: None,
            ending: None,
        }
    }

    #[must_use]
    pub fn id(&self) -> LineId {
        self.id
    }

    #[must_use]
    pub fn state(&self) -> LineState {
        self.state
    }

    #[must_use]
    pub fn is_incoming(&self) -> bool {
        self.incoming
    }

    /// Every frame that came in, with its time.
    #[must_use]
    pub fn heard(&self) -> &[HeardFrame] {
        &self.sound.heard
    }

    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// What was last agreed, from our view.
    #[must_use]
    pub fn direction(&self) -> Option<Direction> {
        self.session.stream.as_ref().map(|stream| stream.direction)
    }

    /// The other side holds us: it does not listen.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.state == LineState::Up && self.session.want.sends() && self.direction().is_some_and(|d| !d.sends())
    }

    #[must_use]
    pub fn remote_rtp(&self) -> Option<SocketAddr> {
        self.session.stream.as_ref().map(|stream| stream.remote)
    }

    #[must_use]
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    #[must_use]
    pub fn started(&self) -> Time {
        self.started
    }

    #[must_use]
    pub fn answered_at(&self) -> Option<Time> {
        self.answered_at
    }

    #[must_use]
    pub fn ended_at(&self) -> Option<Time> {
        self.ended_at
    }

    /// The status that refused the call or was given to it; `None` for a line that is not ended or ended by BYE.
    #[must_use]
    pub fn ended_with(&self) -> Option<u16> {
        self.ending.as_ref().and_then(|(status, _)| *status)
    }

    /// The Reason header the line ended with.
    #[must_use]
    pub fn ended_why(&self) -> Option<&str> {
        self.ending.as_ref().and_then(|(_, reason)| reason.as_deref())
    }

    pub(super) fn is_live(&self) -> bool {
        self.state != LineState::Ended
    }

    /// Whether a message belongs to this dialog (RFC 3261 section 12): ours is the tag in `ours`.
    pub(super) fn owns(&self, head: &Head) -> bool {
        head.call_id == self.call_id && head.to.tag.as_deref() == Some(&self.local_tag)
    }

    /// A request in the dialog (RFC 3261 section 12.2.1.1).
    pub(super) fn draft(&mut self, method: Method) -> Draft {
        if !matches!(method, Method::Ack | Method::Cancel) {
            self.cseq += 1;
        }
        Draft {
            method,
            uri: self.target.clone(),
            from: self.local.clone(),
            to: self.remote.clone(),
            call_id: self.call_id.clone(),
            cseq: self.cseq,
            routes: self.routes.clone(),
            headers: Vec::new(),
            body: None,
        }
    }

    /// Where the dialog's requests go: the first route, else the target; where neither says an address, the source.
    pub(super) fn next_hop(&self) -> SocketAddr {
        let first = match self.routes.first() {
            Some(route) => Party::read(route).ok().and_then(|party| wire::destination(&party.uri)),
            None => wire::destination(&self.target),
        };
        first.unwrap_or(self.source)
    }

    /// Takes what a message of the other side says of its end of the dialog.
    pub(super) fn refresh_target(&mut self, message: &Received) {
        if let Some(contact) = message.contact() {
            self.target = contact.uri;
        }
        let allowed = message.list("Allow");
        if !allowed.is_empty() {
            self.allows_update = allowed.iter().any(|method| method == "UPDATE");
        }
    }

    /// True when it differs from what is shown.
    pub(super) fn show(&mut self, party: &Party) -> bool {
        let identity = Some(Identity::of(party));
        let differs = identity != self.identity;
        self.identity = identity;
        differs
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        let timer = self.timer.map(Timer::deadline);
        let due = [self.sound.next, self.answer_at, self.retry_at, self.provisionals.deadline(), timer];
        due.into_iter().flatten().min()
    }

    /// Starts or stops the hum as the state and the direction say.
    pub(super) fn tune(&mut self, now: Time, silent: bool, on_hold: bool) {
        let open = self.state == LineState::Up || (self.early_sound && self.is_live());
        let sends = self.session.stream.as_ref().is_some_and(|stream| {
            stream.remote.port() != 0 && (stream.direction.sends() || (on_hold && !self.session.want.receives()))
        });
        if open && sends && !silent {
            self.sound.start(now);
        } else {
            self.sound.stop();
        }
    }
}
