//! Who is calling: the administrator by token, an agent by password, a browser by cookie.

use super::Api;
use super::problem::Problem;
use crate::ids::AgentId;
use crate::site::Role;
use crate::time::{Duration, Time};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError, RwLock};
use subtle::{Choice, ConstantTimeEq};

/// The session cookie's name.
pub(crate) const COOKIE: &str = "cordboard_session";
/// A shift and a half.
pub(crate) const SESSION: Duration = Duration::from_secs(12 * 3600);
/// Sessions kept at once; the one that ends first goes when there are more.
const SESSIONS: usize = 10_000;
/// Wrong passwords and tokens in a row, from everybody, until one must wait for the next second.
const FAILURES: u32 = 50;

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
    entropy: Box<dyn Fn() -> [u8; 32] + Send + Sync>,
}

#[derive(Default)]
struct Sessions {
    /// By the hash of the cookie, so that looking one up tells nothing by its timing.
    open: BTreeMap<[u8; 32], (Caller, Time)>,
    failures: u32,
    failed_in: u64,
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
        Keys { token: hash(admin_token), accounts: RwLock::new(accounts), sessions: Mutex::default(), entropy }
    }

    /// After a reload. Sessions of agents who are gone, or whose password or role is another now, end.
    pub fn set_accounts(&self, accounts: BTreeMap<AgentId, Account>) {
        let mut known = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
        self.sessions().open.retain(|_, (caller, _)| match caller {
            Caller::Admin => true,
            Caller::Agent(id, _) => known.contains_key(id) && known.get(id) == accounts.get(id),
        });
        *known = accounts;
    }

    /// Whether `token` is the administrator's.
    fn admin(&self, token: &str) -> Option<Caller> {
        same(&hash(token), &self.token).then_some(Caller::Admin)
    }

    /// Whether this is an agent's id and password. Takes as long for an id that does not exist.
    pub(crate) fn agent(&self, id: &str, password: &str) -> Option<Caller> {
        let accounts = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        let known = accounts.get(id);
        let expected = hash(known.map_or("", |account| &account.password));
        let right = Choice::from(u8::from(known.is_some())) & hash(password).ct_eq(&expected);
        let role = known.map_or(Role::Agent, |account| account.role);
        bool::from(right).then(|| Caller::Agent(AgentId::from(id), role))
    }

    pub(crate) fn by_token(&self, token: &str) -> Option<Caller> {
        self.admin(token)
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
    pub(crate) fn caller(&self, headers: &HeaderMap, now: Time) -> Result<Caller, Problem> {
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
        self.may_try(now)?;
        let value = value.to_str().map_err(|_| Problem::unauthorized("The Authorization header is not text."))?;
        let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
        let rest = rest.trim();
        // RFC 9110 section 11.1: the scheme's name is case-insensitive.
        let caller = if scheme.eq_ignore_ascii_case("bearer") {
            self.admin(rest)
        } else if scheme.eq_ignore_ascii_case("basic") {
            // RFC 7617 section 2: the first colon ends the id.
            BASE64_STANDARD
                .decode(rest)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .and_then(|pair| pair.split_once(':').and_then(|(id, password)| self.agent(id, password)))
        } else {
            return Err(Problem::unauthorized("The scheme is neither Bearer nor Basic."));
        };
        caller.ok_or_else(|| self.failed(now))
    }

    /// Guessing is slowed for everybody alike: nobody can lock one agent out by guessing under his name for long.
    pub(crate) fn may_try(&self, now: Time) -> Result<(), Problem> {
        let sessions = self.sessions();
        if sessions.failed_in == now.micros() / 1_000_000 && sessions.failures >= FAILURES {
            return Err(Problem::named(
                StatusCode::TOO_MANY_REQUESTS,
                "ThrottlingException",
                "Too many wrong passwords; try again in a second.",
            ));
        }
        Ok(())
    }

    pub(crate) fn failed(&self, now: Time) -> Problem {
        let mut sessions = self.sessions();
        let second = now.micros() / 1_000_000;
        if sessions.failed_in != second {
            (sessions.failed_in, sessions.failures) = (second, 0);
        }
        sessions.failures += 1;
        Problem::unauthorized("The token, or the id and password, is wrong.")
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        api.keys.caller(&parts.headers, api.gate.now())
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

    fn at(seconds: u64) -> Time {
        Time::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn callers_are_told_apart() {
        let john = Some(Caller::Agent(AgentId::from("john"), Role::Agent));
        let maria = Some(Caller::Agent(AgentId::from("maria"), Role::Agent));
        let basic = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
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
            assert_eq!(keys().caller(&headers(&[("authorization", &value)]), at(1)).ok(), caller, "{value}");
        }
        assert_eq!(keys().caller(&HeaderMap::new(), at(1)).unwrap_err().status, 401);
    }

    #[test]
    fn sessions_open_and_close_and_end() {
        let keys = keys();
        let john = Caller::Agent(AgentId::from("john"), Role::Agent);
        let one = format!("a=b; {COOKIE}={}; c=d", keys.open(john.clone(), at(0)));
        let two = format!("{COOKIE}={}", keys.open(Caller::Admin, at(0)));
        assert_ne!(one, two);
        let (mut one, two) = (headers(&[("cookie", &one)]), headers(&[("cookie", &two)]));
        assert_eq!(keys.caller(&one, at(1)), Ok(john.clone()));
        assert_eq!(keys.caller(&two, at(1)), Ok(Caller::Admin));
        assert_eq!(keys.caller(&one, at(12 * 3600)).unwrap_err().status, 401);
        keys.close(&two);
        assert_eq!(keys.caller(&two, at(1)).unwrap_err().status, 401);
        // A new password, and another role, end the sessions opened with the old one.
        for (password, role) in [("new", Role::Agent), ("new", Role::Supervisor)] {
            keys.set_accounts([(AgentId::from("john"), Account { password: password.into(), role })].into());
            assert_eq!(keys.caller(&one, at(1)).unwrap_err().status, 401);
            let again = keys.open(Caller::Agent(AgentId::from("john"), role), at(1));
            one = headers(&[("cookie", &format!("{COOKIE}={again}"))]);
            assert!(keys.caller(&one, at(1)).is_ok());
        }
    }

    #[test]
    fn guessing_is_slowed() {
        let keys = keys();
        let wrong = headers(&[("authorization", "Bearer x")]);
        let right = headers(&[("authorization", "Bearer t0ken")]);
        for _ in 0..FAILURES {
            assert_eq!(keys.caller(&wrong, at(1)).unwrap_err().status, 401);
        }
        assert_eq!(keys.caller(&right, at(1)).unwrap_err().status, 429);
        assert_eq!(keys.caller(&right, at(2)), Ok(Caller::Admin));
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
