//! The phone's Transfer key: REFER, what becomes of it, and INVITE with Replaces (RFC 3515, 3891, 5589).

use super::line::{Line, LineState};
use super::session::Direction;
use super::transaction::Purpose;
use super::wire::{self, Received};
use super::{LineId, Phone, PhoneEvent};
use crate::time::Time;
use rsip::Method;

/// When the phone hangs up the line that it transfers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AfterTransfer {
    /// Never: the other side ends the call.
    #[default]
    Waits,
    /// As soon as its REFER is accepted.
    LeavesAtOnce,
    /// When it is told that the new party is there.
    LeavesWhenDone,
}

/// One REFER of ours and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transfer {
    pub(super) cseq: u32,
    /// The final response to the REFER.
    pub answered: Option<u16>,
    /// The statuses that NOTIFYs told, in order.
    pub told: Vec<u16>,
    /// Nothing more is to be told: the subscription ended, or there never was one.
    pub over: bool,
}

/// What names a dialog to somebody outside of it, and where its other side is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialogName {
    pub call_id: String,
    pub local_tag: String,
    pub remote_tag: String,
    pub target: String,
}

impl DialogName {
    /// As the other side of the dialog must read it: its own tag is the to-tag (RFC 3891 section 3).
    fn replaces(&self) -> String {
        format!("{};to-tag={};from-tag={}", self.call_id, self.remote_tag, self.local_tag)
    }
}

impl Line {
    /// `None` while the other side has no tag.
    #[must_use]
    pub fn dialog(&self) -> Option<DialogName> {
        Some(DialogName {
            call_id: self.call_id.clone(),
            local_tag: self.local_tag.clone(),
            remote_tag: self.remote_tag.clone()?,
            target: self.target.to_string(),
        })
    }

    /// Every REFER that was sent on this line.
    #[must_use]
    pub fn transfers(&self) -> &[Transfer] {
        &self.transfers
    }
}

impl Phone {
    /// Transfers the other side of a line to a number, a user of the domain, or a whole `sip:` address.
    pub fn transfer(&mut self, now: Time, line: LineId, target: &str) -> bool {
        let mut uri = self.target(target);
        if self.config.habits.transfers_like_linphone {
            uri.host_with_port.port = None;
        }
        self.refer(now, line, format!("<{uri}>"))
    }

    /// Transfers the other side of a line to that of another line, which ends by it (RFC 5589 section 7).
    pub fn transfer_to_line(&mut self, now: Time, line: LineId, other: LineId) -> bool {
        let Some(consult) = self.lines.get(&other).filter(|other| other.is_live() && other.id != line) else {
            return false;
        };
        let Some(dialog) = consult.dialog() else { return false };
        let mut uri = consult.target.clone();
        if self.config.habits.transfers_like_linphone
            && let Ok(party) = wire::Party::read(&consult.remote)
        {
            uri = party.uri;
            uri.host_with_port.port = None;
        }
        self.refer(now, line, format!("<{uri}?Replaces={}>", escaped(&dialog.replaces())))
    }

    /// Calls the other side of somebody's dialog and takes that dialog's place (RFC 3891).
    pub fn pick_up(&mut self, now: Time, dialog: &DialogName) -> LineId {
        let headers = vec![("Replaces", dialog.replaces()), ("Require", "replaces".into())];
        self.call_with(now, &dialog.target, headers)
    }

    fn refer(&mut self, now: Time, id: LineId, refer_to: String) -> bool {
        let Some(line) = self.lines.get_mut(&id).filter(|line| line.state == LineState::Up) else { return false };
        if line.refer_to.is_some() {
            return false;
        }
        line.refer_to = Some(refer_to);
        let holds = self.config.habits.transfers_like_linphone && line.session.want.receives();
        if !(holds && self.want(now, id, Direction::SendOnly)) {
            self.send_refer(now, id);
        }
        true
    }

    /// Sends the REFER that waits for nothing any more.
    pub(super) fn send_refer(&mut self, now: Time, id: LineId) {
        let (contact, asker) = (self.contact(), format!("<sip:{}@{}>", self.config.user, self.config.domain));
        let quiet = self.config.habits.transfers_untold;
        let Some(line) = self.lines.get_mut(&id).filter(|line| line.state == LineState::Up) else { return };
        let Some(refer_to) = line.refer_to.take() else { return };
        let mut draft = line.draft(Method::Refer);
        draft.headers = vec![("Contact", contact), ("Refer-To", refer_to), ("Referred-By", asker)];
        if quiet {
            // RFC 4488: no subscription is wanted.
            draft.headers.extend([("Refer-Sub", "false".into()), ("Supported", "norefersub".into())]);
        }
        line.transfers.push(Transfer { cseq: draft.cseq, ..Transfer::default() });
        let to = line.next_hop();
        self.request(now, to, draft, Purpose::Refer(id));
    }

    /// The response to a REFER, or 408 when there was none.
    pub(super) fn referred(&mut self, now: Time, id: LineId, cseq: u32, status: u16, response: Option<&Received>) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        let Some(transfer) = line.transfers.iter_mut().find(|transfer| transfer.cseq == cseq) else { return };
        line.attempts = 0;
        transfer.answered = Some(status);
        // RFC 4488 section 4: only the one who accepts can agree not to tell.
        let untold = response.and_then(|response| response.value("Refer-Sub")).is_some_and(|value| value == "false");
        transfer.over |= status >= 300 || untold;
        self.tell(PhoneEvent::Referred { line: id, status });
        if status < 300 && self.config.habits.after_transfer == AfterTransfer::LeavesAtOnce {
            self.hang_up(now, id);
        }
    }

    /// Whether a REFER of this line still expects to be told something.
    pub(super) fn expects_notify(&self, id: LineId) -> bool {
        self.lines.get(&id).is_some_and(|line| line.transfers.iter().any(|transfer| !transfer.over))
    }

    /// A NOTIFY of our transfer (RFC 3515 section 2.4.4): its status, or what is wrong with it.
    pub(super) fn notified(&mut self, now: Time, id: LineId, request: &Received) -> u16 {
        let mut faults = Vec::new();
        let event = request.value("Event").unwrap_or_default();
        let (package, named) = event.split_once(';').unwrap_or((&event, ""));
        if package.trim() != "refer" {
            faults.push(format!("NOTIFY for the event `{event}`, to which nobody subscribed"));
        }
        let named: Option<u32> = named.split(';').find_map(|param| param.trim().strip_prefix("id=")?.parse().ok());
        let state = request.value("Subscription-State").unwrap_or_default();
        let terminated = match state.split(';').next().unwrap_or_default().trim() {
            "active" | "pending" => false,
            "terminated" => true,
            _ => {
                faults.push(format!("NOTIFY with the Subscription-State `{state}`"));
                false
            }
        };
        let kind = request.value("Content-Type").unwrap_or_default();
        if kind.split(';').next().unwrap_or_default().trim() != "message/sipfrag" {
            faults.push(format!("NOTIFY of a transfer with a body of type `{kind}`"));
        }
        let status = fragment(request.body());
        if status.is_none() {
            faults.push("NOTIFY without a status line in its body".into());
        }
        if status.is_some_and(|status| status >= 200) && !terminated {
            faults.push("NOTIFY tells a final status and leaves the subscription open".into());
        }
        let found = self.lines.get_mut(&id).and_then(|line| {
            let open = |each: &Transfer| !each.over && named.is_none_or(|id| id == each.cseq);
            let accepted = |each: &Transfer| open(each) && each.answered.is_some();
            let found = line.transfers.iter().position(accepted).or(line.transfers.iter().position(open))?;
            // RFC 3515 section 2.4.6: all but the first REFER that the other side *receives* are told apart by id. One that
            // was overtaken (500, RFC 3261 section 12.2.2) or never answered is none of those before.
            let before = line.transfers.iter().take(found);
            if named.is_none() && before.filter_map(|each| each.answered).any(|status| !matches!(status, 408 | 500)) {
                faults.push("NOTIFY without id= after several REFERs".into());
            }
            line.transfers.get_mut(found)
        });
        let Some(transfer) = found else {
            self.judge.complain(now, Some(id), "NOTIFY of a transfer that is over or never was");
            return 481;
        };
        transfer.told.extend(status);
        transfer.over = terminated;
        for fault in faults {
            self.judge.complain(now, Some(id), fault);
        }
        if let Some(status) = status {
            self.tell(PhoneEvent::TransferTold { line: id, status, over: terminated });
        }
        200
    }

    /// Hangs up a line whose transfer is done, where that is the phone's habit.
    pub(super) fn leave_transferred(&mut self, now: Time, id: LineId) {
        let last = self.lines.get(&id).and_then(|line| line.transfers.iter().rev().find_map(|each| each.told.last()));
        if last.is_some_and(|status| (200..300).contains(status))
            && self.config.habits.after_transfer == AfterTransfer::LeavesWhenDone
        {
            self.hang_up(now, id);
        }
    }
}

/// The status of a `message/sipfrag` (RFC 3420).
fn fragment(body: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(body).ok()?;
    text.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
}

/// As a value in a URI's headers (RFC 3261 section 25.1, `hvalue`).
fn escaped(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    value.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
