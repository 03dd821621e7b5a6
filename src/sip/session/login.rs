//! A session that a peer asks to prove who we are: challenged requests go again, signed, and so does all that follows
//! (RFC 3261 section 22).

use super::core::Core;
use super::{Phase, Session};
use crate::sip::dialog::Dialog;
use crate::sip::digest::Account;
use crate::sip::endpoint::{Out, SessionId};
use crate::sip::transaction::{ClientKey, Purpose};
use crate::sip::{Link, Name, Request, Response, Status, Text};
use crate::time::Time;

/// Requests of one session that may still be challenged or acknowledged.
const KEPT: usize = 8;

/// What one session proves itself with.
#[derive(Clone, Debug)]
pub struct Login {
    account: Account,
    sent: Vec<(ClientKey, Link, Request)>,
}

impl Login {
    pub fn new(account: Account) -> Login {
        Login { account, sent: Vec::new() }
    }
}

fn is_challenge(status: Status) -> bool {
    matches!(status, Status::UNAUTHORIZED | Status::PROXY_AUTHENTICATION_REQUIRED)
}

fn is_credentials(name: &Name) -> bool {
    matches!(name, Name::Authorization | Name::ProxyAuthorization)
}

impl Core {
    /// Section 22.2: what has been asked for once is said at once from then on.
    pub fn sign(&mut self, purpose: Purpose, request: &mut Request) {
        let Some(login) = purpose.session().and_then(|session| self.logins.get_mut(&session)) else { return };
        let uri = request.uri.to_string();
        for (name, value) in login.account.answers(&request.method, &uri, &mut self.mint) {
            request.headers.push(name, value);
        }
    }

    /// Keeps a request that may be challenged.
    pub fn keep(&mut self, purpose: Purpose, client: ClientKey, link: Link, request: &Request) {
        let Some(login) = purpose.session().and_then(|session| self.logins.get_mut(&session)) else { return };
        if login.sent.len() >= KEPT {
            login.sent.remove(0);
        }
        login.sent.push((client, link, request.clone()));
    }

    /// Section 22.1: the ACK says what its INVITE said.
    pub fn credentials_of(&self, invite: ClientKey) -> Vec<(Name, Text)> {
        let session = self.transactions.purpose_of(invite).and_then(Purpose::session);
        let Some(login) = session.and_then(|session| self.logins.get(&session)) else { return Vec::new() };
        let sent = login.sent.iter().find(|(client, ..)| *client == invite);
        let lines = sent.into_iter().flat_map(|(_, _, request)| request.headers.iter());
        lines.filter(|(name, _)| is_credentials(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Whether a response is a challenge that the session can answer.
    pub fn is_challenged(&mut self, session: SessionId, response: &Response) -> bool {
        let Some(login) = self.logins.get_mut(&session) else { return false };
        if is_challenge(response.status) {
            return login.account.challenged(response);
        }
        if response.status.is_final() {
            login.account.accepted();
        }
        false
    }

    /// The request of a dialog that was challenged, once more and signed.
    fn send_again(
        &mut self,
        now: Time,
        dialog: &mut Dialog,
        client: ClientKey,
        purpose: Purpose,
        out: &mut Vec<Out>,
    ) -> Option<(ClientKey, u32)> {
        let login = self.logins.get(&purpose.session()?)?;
        let (_, link, sent) = login.sent.iter().find(|(kept, ..)| *kept == client)?.clone();
        let (mut request, branch) = self.begin(link, sent.method.clone(), sent.uri.clone());
        let seq = dialog.next_seq();
        for (name, value) in sent.headers.iter() {
            let ours = matches!(name, Name::Via | Name::MaxForwards | Name::CSeq | Name::UserAgent);
            if !ours && !is_credentials(name) {
                request.headers.push(name.clone(), value.clone());
            }
        }
        request.headers.push(Name::CSeq, format!("{seq} {}", sent.method));
        request.body = sent.body.clone();
        Some((self.send(now, (request, branch, link), Vec::new(), None, purpose, out), seq))
    }
}

impl Session {
    /// A request of ours in the dialog was challenged and has gone again: its response means nothing.
    pub(super) fn has_asked_again(
        &mut self,
        now: Time,
        client: ClientKey,
        purpose: Purpose,
        response: &Response,
        core: &mut Core,
        out: &mut Vec<Out>,
    ) -> bool {
        // An INVITE that is not answered yet has no dialog, and goes its own way.
        if matches!(purpose, Purpose::Invite(_)) || !core.is_challenged(self.id, response) {
            return false;
        }
        let goodbye = matches!(purpose, Purpose::Bye(_));
        if !matches!(self.phase, Phase::Up) && !goodbye {
            return false;
        }
        let Some(dialog) = &mut self.dialog else { return false };
        let Some((again, seq)) = core.send_again(now, dialog, client, purpose, out) else { return false };
        if let Some(ours) = self.talk.ours.as_mut().filter(|ours| ours.client == client) {
            ours.client = again;
            ours.seq = seq;
        }
        true
    }
}
