//! REGISTER, its refresh, and the digest credentials of every request (RFC 3261 sections 10 and 22).

use super::transaction::Purpose;
use super::wire::{self, Draft, Party, Received};
use super::{Phone, PhoneEvent};
use crate::ids::Mint;
use crate::time::{Duration, Time};
use rsip::headers::auth::{Algorithm, AuthQop, Qop};
use rsip::headers::{ToTypedHeader, UntypedHeader, untyped};
use rsip::services::DigestGenerator;
use rsip::{Method, Uri, typed};

#[derive(Clone, Debug)]
pub(super) struct Registration {
    call_id: String,
    tag: String,
    cseq: u32,
    registered: bool,
    refresh_at: Option<Time>,
    attempts: u8,
}

impl Registration {
    pub fn new(mint: &mut Mint) -> Registration {
        let (call_id, tag) = (mint.token(), mint.token());
        Registration { call_id, tag, cseq: 0, registered: false, refresh_at: None, attempts: 0 }
    }

    pub fn is_registered(&self) -> bool {
        self.registered
    }

    pub fn deadline(&self) -> Option<Time> {
        self.refresh_at
    }
}

impl Phone {
    /// Registers, and from then on refreshes by itself.
    pub fn register(&mut self, now: Time) {
        self.registration.attempts = 0;
        self.send_register(now, self.config.expires);
    }

    pub fn unregister(&mut self, now: Time) {
        self.registration.attempts = 0;
        self.send_register(now, 0);
    }

    fn send_register(&mut self, now: Time, expires: u32) {
        self.registration.refresh_at = None;
        let draft = self.register_draft(expires);
        self.request(now, self.config.registrar, draft, Purpose::Register { expires });
    }

    fn register_draft(&mut self, expires: u32) -> Draft {
        self.registration.cseq += 1;
        let record = self.address_of_record();
        let host = rsip::HostWithPort::from(rsip::Host::from(self.config.domain.as_str()));
        Draft {
            method: Method::Register,
            uri: Uri { scheme: Some(rsip::Scheme::Sip), host_with_port: host, ..Uri::default() },
            from: format!("{record};tag={}", self.registration.tag),
            to: record,
            call_id: self.registration.call_id.clone(),
            cseq: self.registration.cseq,
            routes: Vec::new(),
            headers: vec![
                ("Contact", self.contact()),
                ("Expires", expires.to_string()),
                ("Allow", self.allow()),
                ("User-Agent", "Cordboard phone".into()),
            ],
            body: None,
        }
    }

    pub(super) fn register_response(&mut self, now: Time, response: &Received, expires: u32) {
        let status = response.status();
        match status {
            100..=199 => {}
            200..=299 if expires == 0 => {
                self.registration.registered = false;
                self.tell(PhoneEvent::Unregistered);
            }
            200..=299 => {
                let granted = self.granted(response).unwrap_or_else(|| {
                    self.judge.complain(now, None, "200 to REGISTER does not list our Contact with its expiry");
                    expires
                });
                self.registration.registered = true;
                // RFC 3261 section 10.2.4: refreshed well before it is over.
                self.registration.refresh_at = Some(now + Duration::from_secs(u64::from(granted)) * 3 / 4);
                self.tell(PhoneEvent::Registered { expires: granted });
            }
            401 | 407 if self.registration.attempts < 2 => {
                self.registration.attempts += 1;
                let mut draft = self.register_draft(expires);
                if self.authorize(&mut draft, response) {
                    self.request(now, self.config.registrar, draft, Purpose::Register { expires });
                } else {
                    self.registration_failed(status);
                }
            }
            423 => match response.value("Min-Expires").and_then(|text| text.trim().parse().ok()) {
                Some(least) if least > expires => self.send_register(now, least),
                _ => self.registration_failed(status),
            },
            _ => self.registration_failed(status),
        }
    }

    pub(super) fn registration_failed(&mut self, status: u16) {
        self.registration.registered = false;
        self.tell(PhoneEvent::RegistrationFailed { status });
    }

    /// The seconds that a 200 grants our own Contact (RFC 3261 section 10.3 step 8).
    fn granted(&self, response: &Received) -> Option<u32> {
        response.list("Contact").iter().find_map(|value| {
            let party = Party::read(value).ok()?;
            if wire::destination(&party.uri) != Some(self.config.sip) {
                return None;
            }
            let contact = untyped::Contact::new(value.clone()).typed().ok()?;
            let own = contact.expires().and_then(|expires| expires.to_string().parse().ok());
            own.or_else(|| response.value("Expires").and_then(|text| text.trim().parse().ok()))
        })
    }

    /// Adds the answer to a challenge. False without a password, or where no challenge can be answered.
    pub(super) fn authorize(&mut self, draft: &mut Draft, response: &Received) -> bool {
        let Some(password) = self.config.password.clone() else { return false };
        let (asks, says) = match response.status() {
            407 => ("Proxy-Authenticate", "Proxy-Authorization"),
            _ => ("WWW-Authenticate", "Authorization"),
        };
        // The first challenge that rsip can read and MD5 can answer; SHA-256 it cannot even spell.
        let challenge = response.values(asks).into_iter().find_map(|value| {
            let challenge = untyped::WwwAuthenticate::new(value).typed().ok()?;
            matches!(challenge.algorithm, None | Some(Algorithm::Md5)).then_some(challenge)
        });
        let Some(challenge) = challenge else { return false };
        let qop = match challenge.qop {
            Some(Qop::Auth) => Some(AuthQop::Auth { cnonce: self.mint.token(), nc: 1 }),
            Some(Qop::AuthInt) => return false,
            None => None,
        };
        let mut answer = typed::Authorization {
            scheme: challenge.scheme,
            username: self.config.user.clone(),
            realm: challenge.realm,
            nonce: challenge.nonce,
            uri: draft.uri.clone(),
            response: String::new(),
            algorithm: challenge.algorithm,
            opaque: challenge.opaque,
            qop,
        };
        answer.response = DigestGenerator::from(&answer, &password, &draft.method).compute();
        draft.headers.retain(|(name, _)| *name != says);
        draft.headers.push((says, answer.to_string()));
        true
    }
}
