//! Who somebody is, proven without sending the password: challenges and answers of RFC 7616 (and RFC 2617, RFC 8760).

use std::collections::BTreeMap;
use std::fmt::Write;

use md5::Md5;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use super::header::{Headers, Name};
use super::message::Request;
use super::method::Method;
use super::scan::{cut, elements, quote_into, quoted, trim, unescape};
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
        let value = elements(self.1, b',').find_map(|field| {
            let (found, value) = cut(field, b'=')?;
            trim(found).eq_ignore_ascii_case(name.as_bytes()).then_some(trim(value))
        })?;
        Some(match quoted(value) {
            Some((inside, _)) => unescape(self.0, inside),
            None => self.0.part(value),
        })
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
    secret: [u8; 32],
    serial: u32,
    seen: BTreeMap<(Time, u32), Seen>,
    /// Nonces up to here have been forgotten, and count as stale.
    forgotten: Option<(Time, u32)>,
}

impl Guard {
    #[must_use]
    pub fn new(secret: [u8; 32]) -> Guard {
        Guard { secret, serial: 0, seen: BTreeMap::new(), forgotten: None }
    }

    /// The values of WWW-Authenticate (or Proxy-Authenticate), a line each. MD5 comes first: RFC 8760 section 2.4 lets a
    /// client take the first it knows, and the phones that know only one know MD5 and often look no further.
    pub fn challenge(&mut self, now: Time, realm: &str, stale: bool) -> Vec<Text> {
        self.serial = self.serial.wrapping_add(1);
        let nonce = self.nonce(now, self.serial);
        let mut quoted_realm = Vec::new();
        quote_into(&mut quoted_realm, realm.as_bytes());
        let realm = String::from_utf8_lossy(&quoted_realm);
        let stale = if stale { ", stale=true" } else { "" };
        [Algorithm::Md5, Algorithm::Sha256]
            .map(|algorithm| {
                let algorithm = algorithm.as_str();
                format!("Digest realm={realm}, nonce=\"{nonce}\", algorithm={algorithm}, qop=\"auth\"{stale}").into()
            })
            .to_vec()
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
            verdict = self.weigh(now, request, &fields, &lookup).unwrap_or(Verdict::Wrong);
            if verdict != Verdict::Wrong {
                break;
            }
        }
        verdict
    }

    fn weigh<P: AsRef<str>>(
        &mut self,
        now: Time,
        request: &Request,
        fields: &Fields<'_>,
        lookup: &impl Fn(&str) -> Option<P>,
    ) -> Option<Verdict> {
        let (user, realm) = (fields.get("username")?, fields.get("realm")?);
        let (nonce, uri, response) = (fields.get("nonce")?, fields.get("uri")?, fields.get("response")?);
        let (nc, cnonce) = (fields.get("nc"), fields.get("cnonce"));
        let counted = match fields.get("qop") {
            None => None,
            Some(qop) if qop.eq_ignore_case("auth") => Some((nc.as_ref()?.as_bytes(), cnonce.as_ref()?.as_bytes())),
            Some(_) => return None,
        };
        let proof = Proof {
            algorithm: Algorithm::read(fields.get("algorithm").as_ref())?,
            realm: realm.as_bytes(),
            nonce: nonce.as_bytes(),
            method: request.method.as_bytes(),
            uri: uri.as_bytes(),
            counted,
        };
        let name = std::str::from_utf8(user.as_bytes()).ok()?;
        let password = lookup(name);
        let wanted = proof.response(user.as_bytes(), password.as_ref().map_or(b"", |p| p.as_ref().as_bytes()));
        let right = bool::from(wanted.as_bytes().ct_eq(&response.as_bytes().to_ascii_lowercase()));
        if !(right & password.is_some() & names_target(&uri, &request.uri)) {
            return None;
        }
        // Nonces are weighed last: `stale` is for those who know the password (RFC 7616 section 3.3).
        let count = match counted {
            Some((nc, _)) => u32::from_str_radix(std::str::from_utf8(nc).ok()?, 16).ok()?,
            // Without a count, an answer is good once.
            None => u32::MAX,
        };
        let fresh = self.ours(now, &nonce).is_some_and(|id| self.first_use(now, id, count));
        Some(if fresh { Verdict::Ok(name.to_owned()) } else { Verdict::Stale })
    }

    fn nonce(&self, issued: Time, serial: u32) -> String {
        let id = format!("{:016x}{serial:08x}", issued.micros());
        // The secret on both sides: what is hashed cannot be lengthened by one who does not know it.
        let mut keyed = Sha256::new();
        keyed.update(self.secret);
        keyed.update(id.as_bytes());
        keyed.update(self.secret);
        let tag = keyed.finalize();
        format!("{id}{}", hex(tag.get(..16).unwrap_or_default()))
    }

    /// When and as which a nonce was made, if it was made here and is not too old.
    fn ours(&self, now: Time, nonce: &Text) -> Option<(Time, u32)> {
        let text = std::str::from_utf8(nonce.as_bytes()).ok()?;
        let issued = Time::from_micros(u64::from_str_radix(text.get(..16)?, 16).ok()?);
        let serial = u32::from_str_radix(text.get(16..24)?, 16).ok()?;
        let ours = bool::from(self.nonce(issued, serial).as_bytes().ct_eq(text.as_bytes()));
        (ours && issued <= now && now.since(issued) <= NONCE_LIFE).then_some((issued, serial))
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
