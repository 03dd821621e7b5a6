//! Nonces that are known again without being remembered, and challenges that prove where somebody is.

use super::{Algorithm, Fields, Guard, challenge, hex};
use crate::limits::NONCE_LIFE;
use crate::sip::{Name, Request, Text};
use crate::time::Time;
use sha2::{Digest as _, Sha256};
use std::net::IpAddr;
use subtle::ConstantTimeEq;

/// What makes nonces ours.
#[derive(Clone, Debug)]
pub(super) struct Secret([u8; 32]);

impl Secret {
    pub(super) fn new(key: [u8; 32]) -> Secret {
        Secret(key)
    }

    fn hash(&self, text: &[u8]) -> impl AsRef<[u8]> + use<> {
        // The secret on both sides: what is hashed cannot be lengthened by one who does not know it.
        let mut keyed = Sha256::new();
        keyed.update(self.0);
        keyed.update(text);
        keyed.update(self.0);
        keyed.finalize()
    }

    /// When it was made and which it is, our seal on that, and another for the address that it is sent to.
    pub(super) fn nonce(&self, issued: Time, serial: u32, ip: IpAddr) -> String {
        let id = format!("{:016x}{serial:08x}", issued.micros());
        let (seal, place) = (self.seal(&id), self.place(&id, ip));
        format!("{id}{seal}{place}")
    }

    fn seal(&self, id: &str) -> String {
        hex(self.hash(id.as_bytes()).as_ref().get(..SEAL / 2).unwrap_or_default())
    }

    fn place(&self, id: &str, ip: IpAddr) -> String {
        let text = format!("{id} {}", ip.to_canonical());
        hex(self.hash(text.as_bytes()).as_ref().get(..PLACE / 2).unwrap_or_default())
    }

    /// When and as which a nonce was made, if it was made here and is not too old.
    pub(super) fn ours(&self, now: Time, nonce: &Text) -> Option<(Time, u32)> {
        let text = std::str::from_utf8(nonce.as_bytes()).ok().filter(|text| text.len() == ID + SEAL + PLACE)?;
        let issued = Time::from_micros(u64::from_str_radix(text.get(..16)?, 16).ok()?);
        let serial = u32::from_str_radix(text.get(16..ID)?, 16).ok()?;
        // from_str_radix would take a sign, too.
        let id = format!("{:016x}{serial:08x}", issued.micros());
        let sealed = format!("{id}{}", self.seal(&id));
        let ours = bool::from(sealed.as_bytes().ct_eq(text.get(..ID + SEAL)?.as_bytes()));
        (ours && issued <= now && now.since(issued) <= NONCE_LIFE).then_some((issued, serial))
    }

    /// Whether a nonce of ours was sent to this address.
    fn was_sent_to(&self, now: Time, nonce: &Text, ip: IpAddr) -> bool {
        let text = String::from_utf8_lossy(nonce.as_bytes());
        let (id, place) = (text.get(..ID).unwrap_or_default(), text.get(ID + SEAL..).unwrap_or_default());
        self.ours(now, nonce).is_some() && bool::from(self.place(id, ip).as_bytes().ct_eq(place.as_bytes()))
    }
}

/// The parts of a nonce, in hexadecimal digits.
const ID: usize = 24;
const SEAL: usize = 32;
const PLACE: usize = 8;

/// Challenges whom nobody knows, and remembers nothing of it: whoever answers has heard the nonce where it was sent
/// (RFC 3261 section 8.2.7).
#[derive(Clone, Debug)]
pub struct Keeper {
    secret: Secret,
    realm: String,
}

impl Keeper {
    pub(super) fn new(secret: Secret, realm: &str) -> Keeper {
        Keeper { secret, realm: realm.to_owned() }
    }

    /// The value of WWW-Authenticate: one algorithm that every phone has, so that the answer is hardly longer than the
    /// request.
    #[must_use]
    pub fn challenge(&self, now: Time, request: &Request, ip: IpAddr) -> Text {
        // Whoever has answered another challenge need not ask for the password again.
        let stale = Guard::claimed(request, &Name::Authorization, &self.realm).is_some();
        // Nobody counts here; two for one address in the same microsecond are one.
        let serial =
            ip.to_canonical().to_string().bytes().fold(0, |sum: u32, byte| sum.rotate_left(5) ^ u32::from(byte));
        challenge(&self.realm, &self.secret.nonce(now, serial, ip), Algorithm::Md5, stale)
    }

    /// Whether this request answers a challenge of ours, from here or from the engine, that was sent to this address. Who it
    /// is from is not asked.
    #[must_use]
    pub fn is_answered(&self, now: Time, request: &Request, ip: IpAddr) -> bool {
        request.headers.lines(&Name::Authorization).any(|value| {
            let nonce = Fields::read(value).and_then(|fields| fields.get("nonce"));
            nonce.is_some_and(|nonce| self.secret.was_sent_to(now, &nonce, ip))
        })
    }
}
