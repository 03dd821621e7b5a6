//! Who somebody is, proven without sending the password: challenges and answers of RFC 7616 (and RFC 2617, RFC 8760).

mod account;
mod keeper;

pub use account::Account;
pub use keeper::Keeper;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::IpAddr;

use md5::Md5;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use self::keeper::Secret;
use super::header::{Headers, Name};
use super::message::Request;
use super::method::Method;
use super::scan::{cut, elements, is_token, quote_into, quoted, trim, unescape};
use super::text::Text;
use super::uri::Uri;
use crate::limits::{NONCE_LIFE, NONCES};
use crate::time::Time;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Md5,
    Sha256,
}

impl Algorithm {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha256 => "SHA-256",
        }
    }

    /// RFC 7616 section 3.3: absent means MD5. The session variants are never offered here.
    fn read(name: Option<&Text>) -> Option<Algorithm> {
        match name {
            None => Some(Algorithm::Md5),
            Some(name) if name.eq_ignore_case("MD5") => Some(Algorithm::Md5),
            Some(name) if name.eq_ignore_case("SHA-256") => Some(Algorithm::Sha256),
            Some(_) => None,
        }
    }

    /// Hexadecimal digits of a hash.
    const fn digits(self) -> usize {
        match self {
            Algorithm::Md5 => 32,
            Algorithm::Sha256 => 64,
        }
    }

    fn hash(self, text: &[u8]) -> String {
        match self {
            Algorithm::Md5 => hex(&Md5::digest(text)),
            Algorithm::Sha256 => hex(&Sha256::digest(text)),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// What the hash is taken over, besides name and password.
struct Proof<'a> {
    algorithm: Algorithm,
    realm: &'a [u8],
    nonce: &'a [u8],
    method: &'a [u8],
    uri: &'a [u8],
    /// nc and cnonce, when qop is auth.
    counted: Option<(&'a [u8], &'a [u8])>,
}

impl Proof<'_> {
    /// RFC 7616 section 3.4.1; without qop, RFC 2617 section 3.2.2.1.
    fn response(&self, user: &[u8], password: &[u8]) -> String {
        let hash = |parts: &[&[u8]]| self.algorithm.hash(&parts.join(&b':'));
        let who = hash(&[user, self.realm, password]);
        let what = hash(&[self.method, self.uri]);
        match self.counted {
            Some((nc, cnonce)) => hash(&[who.as_bytes(), self.nonce, nc, cnonce, b"auth", what.as_bytes()]),
            None => hash(&[who.as_bytes(), self.nonce, what.as_bytes()]),
        }
    }
}

/// The parameters after `Digest`, or `None` for another scheme.
struct Fields<'a>(&'a Text, &'a [u8]);

impl<'a> Fields<'a> {
    fn read(value: &'a Text) -> Option<Fields<'a>> {
        let bytes = trim(value.as_bytes());
        let (scheme, rest) = bytes.split_at_checked(7)?;
        scheme.eq_ignore_ascii_case(b"Digest ").then_some(Fields(value, rest))
    }

    fn get(&self, name: &str) -> Option<Text> {
        let value = self
            .pairs()
            .flatten()
            .find_map(|(found, value)| found.eq_ignore_ascii_case(name.as_bytes()).then_some(value))?;
        Some(match quoted(value) {
            Some((inside, _)) => unescape(self.0, inside),
            None => self.0.part(value),
        })
    }

    /// Names and values, in order; `None` where there is no such thing.
    fn pairs(&self) -> impl Iterator<Item = Option<(&'a [u8], &'a [u8])>> {
        // A comma too many is no fault.
        let fields = elements(self.1, b',').filter(|field| !field.is_empty());
        fields.map(|field| cut(field, b'=').map(|(name, value)| (trim(name), trim(value))))
    }

    /// Whether every parameter is one, and none stands there twice.
    fn check(&self) -> Result<(), Fault> {
        let mut seen = [false; SINGLE.len()];
        for pair in self.pairs() {
            let Some((name, value)) = pair.filter(|(name, _)| is_token(name)) else { return Err("no parameter") };
            let whole = if value.starts_with(b"\"") {
                quoted(value).is_some_and(|(_, rest)| rest.is_empty())
            } else {
                !value.is_empty()
            };
            if !whole {
                return Err("a parameter without an end");
            }
            for (known, seen) in SINGLE.iter().zip(&mut seen) {
                if name.eq_ignore_ascii_case(known) && std::mem::replace(seen, true) {
                    return Err("a parameter twice");
                }
            }
        }
        Ok(())
    }
}

/// The parameters that decide something: two of one kind would leave open which.
const SINGLE: [&[u8]; 9] =
    [b"username", b"realm", b"nonce", b"uri", b"response", b"algorithm", b"qop", b"nc", b"cnonce"];

/// Why credentials cannot be weighed at all; RFC 7616 section 3.4 has them answered by a 400.
pub type Fault = &'static str;

/// Credentials for our realm, read and whole.
struct Credentials {
    user: String,
    nonce: Text,
    uri: Text,
    response: Vec<u8>,
    algorithm: Algorithm,
    counted: Option<Counted>,
}

struct Counted {
    /// As written, for the hash.
    nc: Text,
    count: u32,
    cnonce: Text,
}

impl Credentials {
    /// `Ok(None)`: in an algorithm that was never offered, which is as good as none.
    fn read(fields: &Fields<'_>) -> Result<Option<Credentials>, Fault> {
        fields.check()?;
        let Some(algorithm) = Algorithm::read(fields.get("algorithm").as_ref()) else { return Ok(None) };
        let user = fields.get("username").ok_or("no username")?;
        let user = std::str::from_utf8(user.as_bytes()).map_err(|_| "username is no UTF-8")?.to_owned();
        let nonce = fields.get("nonce").ok_or("no nonce")?;
        let uri = fields.get("uri").ok_or("no uri")?;
        let response = fields.get("response").ok_or("no response")?.as_bytes().to_ascii_lowercase();
        if response.len() != algorithm.digits() || !response.iter().all(u8::is_ascii_hexdigit) {
            return Err("response is no hash");
        }
        let counted = match fields.get("qop") {
            // RFC 2617 section 3.2.2: a client of RFC 2069 knows no qop.
            None => None,
            Some(qop) if qop.eq_ignore_case("auth") => {
                let nc = fields.get("nc").ok_or("qop without nc")?;
                let cnonce = fields.get("cnonce").filter(|cnonce| !cnonce.is_empty()).ok_or("qop without cnonce")?;
                // from_str_radix would take a sign, too.
                let digits = Some(nc.as_str()).filter(|nc| nc.bytes().all(|digit| digit.is_ascii_hexdigit()));
                let count = digits.and_then(|nc| u32::from_str_radix(nc, 16).ok()).filter(|count| *count > 0);
                Some(Counted { count: count.ok_or("nc is no count")?, nc, cnonce })
            }
            Some(_) => return Err("qop is not auth"),
        };
        Ok(Some(Credentials { user, nonce, uri, response, algorithm, counted }))
    }
}

/// What a request's credentials come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Proven, and never used before.
    Ok(String),
    /// The password is right; the nonce is too old, used up, or not ours: challenge again with `stale`.
    Stale,
    /// No credentials for this realm: challenge.
    Missing,
    /// Wrong name or password, without telling which.
    Wrong,
    /// They are none, or were made for another target (RFC 7616 section 3.4.6): 400, and nothing is weighed.
    Malformed(Fault),
}

/// Which nonce counts of a nonce were seen: the highest, and of the 64 below it which ones, for UDP may reorder.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    highest: u32,
    below: u64,
}

impl Seen {
    /// Notes a count; false when it was there before, or lies too far back to know.
    fn note(&mut self, nc: u32) -> bool {
        if nc > self.highest {
            let ahead = nc - self.highest;
            let shifted = self.below.checked_shl(ahead).unwrap_or(0);
            // The old highest is now `ahead` places below; zero was never a count.
            let old = if self.highest == 0 { 0 } else { 1u64.checked_shl(ahead - 1).unwrap_or(0) };
            self.below = shifted | old;
            self.highest = nc;
            return true;
        }
        let behind = self.highest - nc;
        let Some(bit) = behind.checked_sub(1).and_then(|place| 1u64.checked_shl(place)) else { return false };
        let fresh = self.below & bit == 0;
        self.below |= bit;
        fresh
    }
}

/// The server's side. A nonce carries its time and a keyed hash, so that challenges cost no memory; only nonces that were
/// answered rightly are remembered, so that strangers cannot fill the table.
#[derive(Clone, Debug)]
pub struct Guard {
    secret: Secret,
    serial: u32,
    seen: BTreeMap<(Time, u32), Seen>,
    /// Nonces up to here have been forgotten, and count as stale.
    forgotten: Option<(Time, u32)>,
}

impl Guard {
    #[must_use]
    pub fn new(secret: [u8; 32]) -> Guard {
        Guard { secret: Secret::new(secret), serial: 0, seen: BTreeMap::new(), forgotten: None }
    }

    /// The values of WWW-Authenticate (or Proxy-Authenticate), a line each. MD5 comes first: RFC 8760 section 2.4 lets a
    /// client take the first it knows, and the phones that know only one know MD5 and often look no further.
    pub fn challenge(&mut self, now: Time, realm: &str, stale: bool, ip: IpAddr) -> Vec<Text> {
        self.serial = self.serial.wrapping_add(1);
        let nonce = self.secret.nonce(now, self.serial, ip);
        [Algorithm::Md5, Algorithm::Sha256].map(|algorithm| challenge(realm, &nonce, algorithm, stale)).to_vec()
    }

    /// Who challenges in our name without keeping anything.
    #[must_use]
    pub fn keeper(&self, realm: &str) -> Keeper {
        Keeper::new(self.secret.clone(), realm)
    }

    /// Weighs the credentials in `header` (Authorization or Proxy-Authorization) for this realm. An unknown name takes the
    /// same way and time as a wrong password.
    pub fn check<P: AsRef<str>>(
        &mut self,
        now: Time,
        request: &Request,
        header: &Name,
        realm: &str,
        lookup: impl Fn(&str) -> Option<P>,
    ) -> Verdict {
        let mut verdict = Verdict::Missing;
        // There may be several, for other realms or in other schemes (RFC 3261 section 22.3).
        for value in request.headers.lines(header) {
            let Some(fields) = Fields::read(value) else { continue };
            if fields.get("realm").is_none_or(|found| found != realm) {
                continue;
            }
            verdict = match Credentials::read(&fields) {
                Ok(None) => continue,
                Ok(Some(credentials)) if !names_target(&credentials.uri, &request.uri) => {
                    Verdict::Malformed("uri is not the Request-URI")
                }
                Ok(Some(credentials)) => self.weigh(now, request, realm, credentials, &lookup),
                Err(fault) => Verdict::Malformed(fault),
            };
            if matches!(verdict, Verdict::Ok(_) | Verdict::Stale) {
                break;
            }
        }
        verdict
    }

    /// Whose credentials for this realm a request carries, as it says itself.
    #[must_use]
    pub fn claimed(request: &Request, header: &Name, realm: &str) -> Option<String> {
        request.headers.lines(header).find_map(|value| {
            let fields = Fields::read(value)?;
            let user = fields.get("username").filter(|_| fields.get("realm").is_some_and(|found| found == realm))?;
            Some(String::from_utf8_lossy(user.as_bytes()).into_owned())
        })
    }

    fn weigh<P: AsRef<str>>(
        &mut self,
        now: Time,
        request: &Request,
        realm: &str,
        credentials: Credentials,
        lookup: &impl Fn(&str) -> Option<P>,
    ) -> Verdict {
        let Credentials { user, nonce, uri, response, algorithm, counted } = credentials;
        let proof = Proof {
            algorithm,
            realm: realm.as_bytes(),
            nonce: nonce.as_bytes(),
            method: request.method.as_bytes(),
            uri: uri.as_bytes(),
            counted: counted.as_ref().map(|counted| (counted.nc.as_bytes(), counted.cnonce.as_bytes())),
        };
        let password = lookup(&user);
        let wanted = proof.response(user.as_bytes(), password.as_ref().map_or(b"", |p| p.as_ref().as_bytes()));
        let right = bool::from(wanted.as_bytes().ct_eq(&response));
        if !(right & password.is_some()) {
            return Verdict::Wrong;
        }
        // Nonces are weighed last: `stale` is for those who know the password (RFC 7616 section 3.3).
        // Without a count, an answer is good once.
        let count = counted.map_or(u32::MAX, |counted| counted.count);
        let fresh = self.secret.ours(now, &nonce).is_some_and(|id| self.first_use(now, id, count));
        if fresh { Verdict::Ok(user) } else { Verdict::Stale }
    }

    fn first_use(&mut self, now: Time, id: (Time, u32), count: u32) -> bool {
        if count == 0 || self.forgotten.is_some_and(|last| id <= last) {
            return false;
        }
        let fresh = self.seen.entry(id).or_default().note(count);
        // Too old to be answered again, or too many: the oldest goes.
        while let Some(((issued, serial), _)) = self.seen.first_key_value() {
            if self.seen.len() <= NONCES && now.since(*issued) <= NONCE_LIFE {
                break;
            }
            let oldest = (*issued, *serial);
            self.seen.remove(&oldest);
            self.forgotten = Some(oldest);
        }
        fresh
    }
}

/// The value of WWW-Authenticate.
fn challenge(realm: &str, nonce: &str, algorithm: Algorithm, stale: bool) -> Text {
    let mut out = b"Digest realm=".to_vec();
    quote_into(&mut out, realm.as_bytes());
    let (algorithm, stale) = (algorithm.as_str(), if stale { ", stale=true" } else { "" });
    out.extend_from_slice(format!(", nonce=\"{nonce}\", algorithm={algorithm}, qop=\"auth\"{stale}").as_bytes());
    out.into()
}

/// Whether the credentials were made for this request's target. Phones leave out ports and parameters, so user and host
/// decide (RFC 7616 section 3.4.6 asks for the same resource, not the same spelling).
fn names_target(uri: &Text, target: &Uri) -> bool {
    match Uri::read(uri) {
        Ok(uri) if uri.is_sip() => uri.host == target.host && uri.user() == target.user(),
        Ok(uri) => uri == *target,
        Err(_) => false,
    }
}

/// The client's side: a challenge as read from a 401 or 407.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    pub algorithm: Algorithm,
    pub realm: Text,
    pub nonce: Text,
    pub opaque: Option<Text>,
    /// Whether qop=auth is offered.
    pub auth: bool,
    pub stale: bool,
}

impl Challenge {
    /// `None` when it is no Digest, or of a kind not spoken here.
    #[must_use]
    pub fn read(value: &Text) -> Option<Challenge> {
        let fields = Fields::read(value)?;
        let qop = fields.get("qop");
        let auth =
            qop.as_ref().is_some_and(|qop| elements(qop.as_bytes(), b',').any(|q| q.eq_ignore_ascii_case(b"auth")));
        if qop.is_some() && !auth {
            return None;
        }
        Some(Challenge {
            algorithm: Algorithm::read(fields.get("algorithm").as_ref())?,
            realm: fields.get("realm")?,
            nonce: fields.get("nonce")?,
            opaque: fields.get("opaque"),
            auth,
            stale: fields.get("stale").is_some_and(|stale| stale.eq_ignore_case("true")),
        })
    }

    /// The first challenge understood (RFC 8760 section 2.4), and the header its answer goes into.
    #[must_use]
    pub fn first(headers: &Headers) -> Option<(Challenge, Name)> {
        headers.iter().find_map(|(name, value)| {
            let answer = match name {
                Name::WwwAuthenticate => Name::Authorization,
                Name::ProxyAuthenticate => Name::ProxyAuthorization,
                _ => return None,
            };
            Some((Challenge::read(value)?, answer))
        })
    }
}

/// The value of Authorization (or Proxy-Authorization) that answers a challenge. `nc` counts the answers given with this
/// nonce, from 1; `uri` is the Request-URI as printed.
#[must_use]
pub fn answer(
    challenge: &Challenge,
    user: &str,
    password: &str,
    method: &Method,
    uri: &str,
    cnonce: &str,
    nc: u32,
) -> Text {
    let nc = format!("{nc:08x}");
    let proof = Proof {
        algorithm: challenge.algorithm,
        realm: challenge.realm.as_bytes(),
        nonce: challenge.nonce.as_bytes(),
        method: method.as_bytes(),
        uri: uri.as_bytes(),
        counted: challenge.auth.then_some((nc.as_bytes(), cnonce.as_bytes())),
    };
    let response = proof.response(user.as_bytes(), password.as_bytes());
    let mut out = b"Digest ".to_vec();
    let mut field = |name: &str, value: &[u8]| {
        out.extend_from_slice(name.as_bytes());
        quote_into(&mut out, value);
        out.extend_from_slice(b", ");
    };
    field("username=", user.as_bytes());
    field("realm=", challenge.realm.as_bytes());
    field("nonce=", challenge.nonce.as_bytes());
    field("uri=", uri.as_bytes());
    field("response=", response.as_bytes());
    if let Some(opaque) = &challenge.opaque {
        field("opaque=", opaque.as_bytes());
    }
    if challenge.auth {
        field("cnonce=", cnonce.as_bytes());
        // Neither of these is quoted (RFC 7616 section 3.4).
        out.extend_from_slice(format!("qop=auth, nc={nc}, ").as_bytes());
    }
    out.extend_from_slice(b"algorithm=");
    out.extend_from_slice(challenge.algorithm.as_str().as_bytes());
    out.into()
}

#[cfg(test)]
mod tests;
