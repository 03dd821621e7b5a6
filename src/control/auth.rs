//! Who is calling: the administrator by token, an agent by password, a browser by cookie.

use super::Api;
use super::problem::Problem;
use crate::ids::AgentId;
use crate::limits::ACCOUNT_LOGGED;
use crate::registrar::Guesses;
use crate::site::Role;
use crate::time::{Duration, Time};
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError, RwLock};
use subtle::{Choice, ConstantTimeEq};
use tracing::warn;

/// The session cookie's name.
pub(crate) const COOKIE: &str = "cordboard_session";
/// A shift and a half.
pub(crate) const SESSION: Duration = Duration::from_secs(12 * 3600);
/// Sessions kept at once; the one that ends first goes when there are more.
const SESSIONS: usize = 10_000;
/// The account whose password the admin token is; with a blank, so that no agent has this id.
const ADMIN: &str = "the administrator";

/// An agent who may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub password: String,
    pub role: Role,
}

/// Everything that opens the API.
pub struct Keys {
    token: [u8; 32],
    accounts: RwLock<BTreeMap<AgentId, Account>>,
    sessions: Mutex<Sessions>,
    guesses: Mutex<Guesses>,
    entropy: Box<dyn Fn() -> [u8; 32] + Send + Sync>,
}

#[derive(Default)]
struct Sessions {
    /// By the hash of the cookie, so that looking one up tells nothing by its timing.
    open: BTreeMap<[u8; 32], (Caller, Time)>,
}

/// What somebody says to prove who he is.
pub(crate) enum Claim {
    Token(String),
    Password { id: String, password: String },
}

impl Claim {
    /// From an Authorization header.
    fn read(value: &str) -> Result<Claim, Problem> {
        let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
        let rest = rest.trim();
        // RFC 9110 section 11.1: the scheme's name is case-insensitive.
        if scheme.eq_ignore_ascii_case("bearer") {
            return Ok(Claim::Token(rest.to_owned()));
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(Problem::unauthorized("The scheme is neither Bearer nor Basic."));
        }
        let pair = BASE64_STANDARD.decode(rest).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        // RFC 7617 section 2: the first colon ends the id.
        let claim = pair.as_deref().and_then(|pair| pair.split_once(':'));
        claim
            .map(|(id, password)| Claim::Password { id: id.to_owned(), password: password.to_owned() })
            .ok_or_else(|| Problem::unauthorized("Basic is followed by an id, a colon and a password in base64."))
    }

    fn account(&self) -> &str {
        match self {
            Claim::Token(_) => ADMIN,
            Claim::Password { id, .. } => id,
        }
    }
}

/// The address that a request comes from, as whoever serves the API says; without a word all come from one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source(pub IpAddr);

impl Source {
    fn of(extensions: &Extensions) -> Source {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        Source(peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip()))
    }
}

/// Who a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    Admin,
    Agent(AgentId, Role),
}

impl Caller {
    /// An agent may do everything with what is his own and nothing with what is another's, a supervisor neither.
    pub fn may(&self, agent: &AgentId) -> Result<(), Problem> {
        match self {
            Caller::Agent(own, _) if own != agent => {
                Err(Problem::denied(format!("{own} may not see or do what belongs to {agent}.")))
            }
            _ => Ok(()),
        }
    }

    /// Whether he sees what another agent is doing: a supervisor does, who has to know whom he could listen to.
    pub fn may_see(&self, agent: &AgentId) -> Result<(), Problem> {
        self.sees_all().or_else(|_| self.may(agent))
    }

    /// What belongs to no agent is for those who look after all of them.
    pub fn sees_all(&self) -> Result<(), Problem> {
        match self {
            Caller::Admin | Caller::Agent(_, Role::Supervisor) => Ok(()),
            Caller::Agent(own, Role::Agent) => Err(Problem::denied(format!("{own} may see only what is his own."))),
        }
    }
}

impl Keys {
    /// `entropy` gives 32 unguessable bytes at each call: this room has no source of its own.
    #[must_use]
    pub fn new(
        admin_token: &str,
        accounts: BTreeMap<AgentId, Account>,
        entropy: Box<dyn Fn() -> [u8; 32] + Send + Sync>,
    ) -> Self {
        Keys {
            token: hash(admin_token),
            accounts: RwLock::new(accounts),
            sessions: Mutex::default(),
            guesses: Mutex::default(),
            entropy,
        }
    }

    /// After a reload. Sessions of agents who are gone, or whose password or role is another now, end.
    pub fn set_accounts(&self, accounts: BTreeMap<AgentId, Account>) {
        // Guesses before accounts, as when somebody signs in: neither waits for the other.
        let mut guesses = self.guesses();
        let mut known = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
        self.sessions().open.retain(|_, (caller, _)| match caller {
            Caller::Admin => true,
            Caller::Agent(id, _) => known.contains_key(id) && known.get(id) == accounts.get(id),
        });
        for gone in known.keys().filter(|id| !accounts.contains_key(*id)) {
            guesses.forget(gone.as_str());
        }
        *known = accounts;
    }

    /// Whether `token` is the administrator's.
    fn admin(&self, token: &str) -> Option<Caller> {
        same(&hash(token), &self.token).then_some(Caller::Admin)
    }

    /// Whether this is an agent's id and password. Takes as long for an id that does not exist.
    fn agent(&self, id: &str, password: &str) -> Option<Caller> {
        let accounts = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        let known = accounts.get(id);
        let expected = hash(known.map_or("", |account| &account.password));
        let right = Choice::from(u8::from(known.is_some())) & hash(password).ct_eq(&expected);
        let role = known.map_or(Role::Agent, |account| account.role);
        bool::from(right).then(|| Caller::Agent(AgentId::from(id), role))
    }

    /// Who this is, if it is true. Passwords are tried no faster from one source, and for one account, than over SIP. A
    /// right token is never kept waiting: it is too long to be guessed, and whoever has it mends what is wrong.
    pub(crate) fn sign_in(&self, claim: &Claim, Source(source): Source, now: Time) -> Result<Caller, Problem> {
        if let Claim::Token(token) = claim
            && let Some(admin) = self.admin(token)
        {
            return Ok(admin);
        }
        let account = claim.account();
        let shown: String = account.chars().take(ACCOUNT_LOGGED).collect();
        let mut guesses = self.guesses();
        if let Err(wait) = guesses.may_try(now, account, source) {
            warn!(%source, user = shown, "too many wrong passwords over HTTP");
            return Err(Problem::guessing(wait));
        }
        let caller = match claim {
            Claim::Password { id, password } => self.agent(id, password),
            Claim::Token(_) => None,
        };
        match caller {
            Some(_) => guesses.right(now, account, source),
            None => {
                warn!(%source, user = shown, "wrong credentials over HTTP");
                guesses.wrong(now, account, source);
            }
        }
        caller.ok_or_else(|| Problem::unauthorized("The token, or the id and password, is wrong."))
    }

    /// A new session's cookie value.
    pub(crate) fn open(&self, caller: Caller, now: Time) -> String {
        let value: String = (self.entropy)().iter().map(|byte| format!("{byte:02x}")).collect();
        let mut sessions = self.sessions();
        sessions.open.retain(|_, (_, end)| *end > now);
        if sessions.open.len() >= SESSIONS
            && let Some(first) = sessions.open.iter().min_by_key(|(_, (_, end))| *end).map(|(key, _)| *key)
        {
            sessions.open.remove(&first);
        }
        sessions.open.insert(hash(&value), (caller, now + SESSION));
        value
    }

    pub(crate) fn close(&self, headers: &HeaderMap) {
        if let Some(value) = cookie(headers) {
            self.sessions().open.remove(&hash(value));
        }
    }

    /// Whether a request would be let in by its cookie alone.
    pub(crate) fn by_cookie(&self, headers: &HeaderMap) -> bool {
        !headers.contains_key(header::AUTHORIZATION) && cookie(headers).is_some()
    }

    /// Who sends these headers.
    pub(crate) fn caller(&self, headers: &HeaderMap, source: Source, now: Time) -> Result<Caller, Problem> {
        let Some(value) = headers.get(header::AUTHORIZATION) else {
            let Some(value) = cookie(headers) else {
                return Err(Problem::unauthorized(
                    "Sign in: Bearer with the admin token, or Basic with an agent's id and password.",
                ));
            };
            return match self.sessions().open.get(&hash(value)) {
                Some((caller, end)) if *end > now => Ok(caller.clone()),
                _ => Err(Problem::unauthorized("The session has ended; sign in again.")),
            };
        };
        let value = value.to_str().map_err(|_| Problem::unauthorized("The Authorization header is not text."))?;
        self.sign_in(&Claim::read(value)?, source, now)
    }

    fn guesses(&self) -> std::sync::MutexGuard<'_, Guesses> {
        self.guesses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        api.keys.caller(&parts.headers, Source::of(&parts.extensions), api.gate.now())
    }
}

impl FromRequestParts<Api> for Source {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Infallible> {
        Ok(Source::of(&parts.extensions))
    }
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.ct_eq(b).into()
}

/// The session cookie's value, wherever it stands among others.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// Whether the page that sent this lives where we do. Browsers send Origin with every POST, PUT and DELETE.
pub(crate) fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(origin), Some(host)) = (text(header::ORIGIN), text(header::HOST)) else { return false };
    origin.split_once("://").is_some_and(|(_, there)| there.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::GUESSES_FROM_SOURCE;
    use axum::http::HeaderValue;

    fn keys() -> Keys {
        let accounts = [("john", "secret"), ("maria", "pass:word")]
            .map(|(id, password)| (AgentId::from(id), Account { password: password.into(), role: Role::Agent }));
        let count = std::sync::atomic::AtomicU8::new(0);
        let entropy = move || [count.fetch_add(1, std::sync::atomic::Ordering::Relaxed); 32];
        Keys::new("t0ken", accounts.into(), Box::new(entropy))
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    /// What an Authorization header from there comes to.
    fn answer(keys: &Keys, from: &str, authorization: &str, now: u64) -> Result<Caller, u16> {
        let source = Source(from.parse().unwrap());
        keys.caller(&headers(&[("authorization", authorization)]), source, at(now)).map_err(|problem| problem.status)
    }

    const HERE: Source = Source(IpAddr::V4(Ipv4Addr::LOCALHOST));

    fn basic(pair: &str) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(pair))
    }

    fn at(seconds: u64) -> Time {
        Time::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn callers_are_told_apart() {
        let john = Some(Caller::Agent(AgentId::from("john"), Role::Agent));
        let maria = Some(Caller::Agent(AgentId::from("maria"), Role::Agent));
        for (value, caller) in [
            ("Bearer t0ken".to_owned(), Some(Caller::Admin)),
            ("bearer  t0ken".to_owned(), Some(Caller::Admin)),
            ("Bearer t0ke".to_owned(), None),
            ("Bearer ".to_owned(), None),
            ("t0ken".to_owned(), None),
            (basic("john:secret"), john.clone()),
            (basic("maria:pass:word"), maria),
            (basic("john:Secret"), None),
            (basic("john:"), None),
            (basic("nobody:"), None),
            (basic("nobody"), None),
            ("Basic %%%".to_owned(), None),
            ("Digest john".to_owned(), None),
        ] {
            assert_eq!(answer(&keys(), "127.0.0.1", &value, 1).ok(), caller, "{value}");
        }
        assert_eq!(keys().caller(&HeaderMap::new(), HERE, at(1)).unwrap_err().status, 401);
    }

    #[test]
    fn sessions_open_and_close_and_end() {
        let keys = keys();
        let john = Caller::Agent(AgentId::from("john"), Role::Agent);
        let one = format!("a=b; {COOKIE}={}; c=d", keys.open(john.clone(), at(0)));
        let two = format!("{COOKIE}={}", keys.open(Caller::Admin, at(0)));
        assert_ne!(one, two);
        let (mut one, two) = (headers(&[("cookie", &one)]), headers(&[("cookie", &two)]));
        assert_eq!(keys.caller(&one, HERE, at(1)), Ok(john.clone()));
        assert_eq!(keys.caller(&two, HERE, at(1)), Ok(Caller::Admin));
        assert_eq!(keys.caller(&one, HERE, at(12 * 3600)).unwrap_err().status, 401);
        keys.close(&two);
        assert_eq!(keys.caller(&two, HERE, at(1)).unwrap_err().status, 401);
        // A new password, and another role, end the sessions opened with the old one.
        for (password, role) in [("new", Role::Agent), ("new", Role::Supervisor)] {
            keys.set_accounts([(AgentId::from("john"), Account { password: password.into(), role })].into());
            assert_eq!(keys.caller(&one, HERE, at(1)).unwrap_err().status, 401);
            let again = keys.open(Caller::Agent(AgentId::from("john"), role), at(1));
            one = headers(&[("cookie", &format!("{COOKIE}={again}"))]);
            assert!(keys.caller(&one, HERE, at(1)).is_ok());
        }
    }

    /// Whoever guesses is slowed, and nobody else: neither who has the token, nor who signs in from elsewhere, nor an agent
    /// where he has signed in before.
    #[test]
    fn guessing_costs_the_guesser_alone() {
        let (mallory, home, new) = ("198.51.100.66", "192.0.2.1", "192.0.2.2");
        let john = Ok(Caller::Agent(AgentId::from("john"), Role::Agent));
        let (token, right) = ("Bearer t0ken", basic("john:secret"));
        for wrong in [basic("john:guess"), basic("nobody:guess"), "Bearer guess".to_owned()] {
            let keys = keys();
            assert_eq!(answer(&keys, home, &right, 1), john);
            for _ in 0..GUESSES_FROM_SOURCE.burst {
                assert_eq!(answer(&keys, mallory, &wrong, 2), Err(401));
            }
            assert_eq!(answer(&keys, mallory, &wrong, 2), Err(429));
            assert_eq!(answer(&keys, mallory, &basic("maria:pass:word"), 2), Err(429), "whatever account he tries");
            for (from, said) in [(home, &right), (new, &right)] {
                assert_eq!(answer(&keys, from, said, 2), john, "from {from}");
            }
            for from in [mallory, home, new] {
                assert_eq!(answer(&keys, from, token, 2), Ok(Caller::Admin), "from {from}");
            }
            let later = 2 + GUESSES_FROM_SOURCE.every.as_secs();
            assert_eq!(answer(&keys, mallory, &wrong, later), Err(401));
            assert_eq!(answer(&keys, mallory, &wrong, later), Err(429));
        }
    }

    #[test]
    fn who_must_wait_is_told_how_long() {
        let keys = keys();
        let wrong = Claim::Password { id: "john".into(), password: "guess".into() };
        let told = (0..=GUESSES_FROM_SOURCE.burst).filter_map(|_| keys.sign_in(&wrong, HERE, at(1)).err()).last();
        let told = told.unwrap();
        assert_eq!((told.status, told.detail.as_str()), (429, "Too many wrong passwords; try again in 11 s."));
        assert_eq!(axum::response::IntoResponse::into_response(told).headers()["retry-after"], "11");
    }

    /// An agent who is configured anew is a stranger wherever his namesake has been.
    #[test]
    fn who_is_gone_is_proven_nowhere() {
        let keys = keys();
        let right = basic("john:secret");
        assert!(answer(&keys, "192.0.2.1", &right, 1).is_ok());
        keys.set_accounts(BTreeMap::new());
        keys.set_accounts([(AgentId::from("john"), Account { password: "secret".into(), role: Role::Agent })].into());
        for _ in 0..GUESSES_FROM_SOURCE.burst {
            assert_eq!(answer(&keys, "192.0.2.1", &basic("maria:guess"), 1), Err(401));
        }
        assert_eq!(answer(&keys, "192.0.2.1", &right, 1), Err(429));
    }

    /// What is no claim at all tells nobody anything, and costs nobody anything.
    #[test]
    fn what_cannot_be_read_is_no_guess() {
        let keys = keys();
        for _ in 0..100 {
            for nonsense in ["Basic %%%", "Digest john", "Basic", ""] {
                assert_eq!(answer(&keys, "192.0.2.1", nonsense, 1), Err(401));
            }
        }
        assert!(answer(&keys, "192.0.2.1", &basic("john:secret"), 1).is_ok());
    }

    #[test]
    fn a_page_elsewhere_is_not_the_same_origin() {
        for (pairs, same) in [
            (&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")][..], true),
            (&[("origin", "http://[::1]:8080"), ("host", "[::1]:8080")], true),
            (&[("origin", "http://evil.example"), ("host", "127.0.0.1:8080")], false),
            (&[("origin", "http://127.0.0.1:8081"), ("host", "127.0.0.1:8080")], false),
            (&[("origin", "null"), ("host", "127.0.0.1:8080")], false),
            (&[("host", "127.0.0.1:8080")], false),
        ] {
            assert_eq!(is_same_origin(&headers(pairs)), same, "{pairs:?}");
        }
    }
}
