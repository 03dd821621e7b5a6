//! How often passwords may be tried, so that guessing takes years and its victim does not notice.
//!
//! Only wrong passwords are counted. A phone that speaks from where it is registered is never kept waiting, and a source
//! that has once known an agent's password has a ration of its own for him. All others draw from two: that of their
//! source, and one that they share for the account, so that a guesser with many addresses gains nothing by them. Names
//! that nobody has are counted like the others.

use crate::limits::{
    ACCOUNTS_GUESSED, GUESSES_AT_ACCOUNT, GUESSES_FROM_SOURCE, GUESSING_SOURCES, PROVEN_LIFE, PROVEN_SOURCES,
};
use crate::sip::ration::{Rations, source};
use crate::time::{Duration, Time};
use std::collections::BTreeMap;
use std::net::IpAddr;

#[derive(Clone, Debug)]
pub struct Guesses {
    sources: Rations<IpAddr>,
    accounts: Rations<String>,
    /// Where each agent has proven himself, and when he did it last. Names in here are real, so they are few.
    proven: BTreeMap<String, Vec<(IpAddr, Time)>>,
    /// Wrong passwords from where an agent has proven himself before.
    at_home: Rations<(String, IpAddr)>,
}

/// Bytes of a made-up name that tell it from others.
const NAME: usize = 64;

impl Default for Guesses {
    fn default() -> Self {
        Guesses {
            sources: Rations::new(GUESSING_SOURCES),
            accounts: Rations::new(ACCOUNTS_GUESSED),
            proven: BTreeMap::new(),
            at_home: Rations::new(GUESSING_SOURCES),
        }
    }
}

impl Guesses {
    /// Whether a password for this account may be tried from there now.
    /// # Errors
    /// How long to wait.
    pub fn may_try(&self, now: Time, account: &str, from: IpAddr) -> Result<(), Duration> {
        let from = source(from);
        if self.is_proven(now, account, from) {
            return self.at_home.ask(now, &(account.to_owned(), from), GUESSES_FROM_SOURCE);
        }
        self.sources.ask(now, &from, GUESSES_FROM_SOURCE)?;
        self.accounts.ask(now, &name(account), GUESSES_AT_ACCOUNT)
    }

    /// It was wrong, or there is no such account.
    pub fn wrong(&mut self, now: Time, account: &str, from: IpAddr) {
        let from = source(from);
        // What was not there to be taken is not taken: `may_try` has not been asked.
        if self.is_proven(now, account, from) {
            let _spent = self.at_home.take(now, (account.to_owned(), from), GUESSES_FROM_SOURCE);
        } else {
            let _spent = self.sources.take(now, from, GUESSES_FROM_SOURCE);
            let _spent = self.accounts.take(now, name(account), GUESSES_AT_ACCOUNT);
        }
    }

    /// It was right.
    pub fn right(&mut self, now: Time, account: &str, from: IpAddr) {
        let from = source(from);
        self.at_home.refill(&(account.to_owned(), from));
        if !self.proven.contains_key(account) {
            self.proven.insert(account.to_owned(), Vec::new());
        }
        let Some(places) = self.proven.get_mut(account) else { return };
        match places.iter_mut().find(|(place, _)| *place == from) {
            Some((_, last)) => *last = now,
            None => {
                places.retain(|(_, last)| now.since(*last) <= PROVEN_LIFE);
                if places.len() >= PROVEN_SOURCES
                    && let Some(oldest) = (0..places.len()).min_by_key(|at| places.get(*at).map(|(_, last)| *last))
                {
                    places.swap_remove(oldest);
                }
                places.push((from, now));
            }
        }
    }

    /// The agent is no longer configured.
    pub fn forget(&mut self, account: &str) {
        self.proven.remove(account);
    }

    fn is_proven(&self, now: Time, account: &str, from: IpAddr) -> bool {
        let proven = |(place, last): &(IpAddr, Time)| *place == from && now.since(*last) <= PROVEN_LIFE;
        self.proven.get(account).is_some_and(|places| places.iter().any(proven))
    }
}

fn name(account: &str) -> String {
    account.chars().take(NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::from_micros(1_795_000_000_000_000) + Duration::from_secs(seconds)
    }

    fn ip(last: u32) -> IpAddr {
        IpAddr::from((0xc633_6400 + last).to_be_bytes())
    }

    /// Tries as often as it is let within these seconds, wrongly each time; how often that was.
    fn guess(guesses: &mut Guesses, seconds: std::ops::Range<u64>, account: &str, from: &[IpAddr]) -> usize {
        let mut tried = 0;
        for second in seconds {
            for from in from {
                while guesses.may_try(at(second), account, *from).is_ok() {
                    guesses.wrong(at(second), account, *from);
                    tried += 1;
                }
            }
        }
        tried
    }

    #[test]
    fn one_source_guesses_slowly_whatever_account_it_tries() {
        let mut guesses = Guesses::default();
        let first = guess(&mut guesses, 0..1, "john", &[ip(1)]);
        assert_eq!(first, GUESSES_FROM_SOURCE.burst as usize);
        assert_eq!(guess(&mut guesses, 0..1, "maria", &[ip(1)]), 0, "its ration is for all accounts");
        let wait = guesses.may_try(at(0), "maria", ip(1)).unwrap_err();
        assert!(wait <= GUESSES_FROM_SOURCE.every);
        let hour = guess(&mut guesses, 1..3601, "john", &[ip(1)]);
        assert_eq!(hour as u64, 3600 / GUESSES_FROM_SOURCE.every.as_secs());
    }

    #[test]
    fn many_sources_share_what_there_is_for_an_account() {
        let mut guesses = Guesses::default();
        let sources: Vec<IpAddr> = (0..1_000).map(ip).collect();
        let burst = guess(&mut guesses, 0..1, "john", &sources);
        assert_eq!(burst, GUESSES_AT_ACCOUNT.burst as usize);
        let hour = guess(&mut guesses, 1..3601, "john", &sources);
        assert_eq!(hour as u64, 3600 / GUESSES_AT_ACCOUNT.every.as_secs());
        assert!(guesses.may_try(at(3600), "maria", ip(2_000)).is_ok(), "another account is not concerned");
    }

    #[test]
    fn the_owner_is_not_locked_out() {
        let mut guesses = Guesses::default();
        let (home, attacker) = (ip(7), ip(8));
        guesses.right(at(0), "john", home);
        guess(&mut guesses, 1..100, "john", &[attacker]);
        assert!(guesses.may_try(at(100), "john", attacker).is_err());
        assert!(guesses.may_try(at(100), "john", ip(9)).is_ok(), "from a new place, while one source guesses");
        let many: Vec<IpAddr> = (100..1_100).map(ip).collect();
        guess(&mut guesses, 100..200, "john", &many);
        assert!(guesses.may_try(at(199), "john", ip(9)).is_err(), "a new place waits with the strangers");
        assert!(guesses.may_try(at(199), "john", home).is_ok(), "where he has been before he does not");
        // Somebody at his place mistypes, or guesses: he has a ration there, and his next right one refills it.
        assert_eq!(guess(&mut guesses, 199..200, "john", &[home]), GUESSES_FROM_SOURCE.burst as usize);
        assert!(guesses.may_try(at(199), "maria", home).is_ok(), "and that is not the source's");
        guesses.right(at(199), "john", home);
        assert!(guesses.may_try(at(199), "john", home).is_ok());
        // A place that he has left long ago is a stranger's again.
        let later = 200 + PROVEN_LIFE.as_secs();
        guess(&mut guesses, later..later + 1, "john", &many);
        assert!(guesses.may_try(at(later), "john", home).is_err());
    }

    #[test]
    fn a_name_that_nobody_has_is_like_any_other() {
        let (mut real, mut made_up) = (Guesses::default(), Guesses::default());
        real.right(at(0), "john", ip(50));
        for second in 0..300 {
            for from in (0..40).map(ip) {
                let answers = (real.may_try(at(second), "john", from), made_up.may_try(at(second), "nobody", from));
                assert_eq!(answers.0, answers.1);
                if answers.0.is_ok() {
                    real.wrong(at(second), "john", from);
                    made_up.wrong(at(second), "nobody", from);
                }
            }
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut guesses = Guesses::default();
        for n in 0..50_000 {
            guesses.wrong(at(0), &format!("made up {n}"), ip(n));
        }
        assert!(guesses.accounts.len() <= ACCOUNTS_GUESSED && guesses.sources.len() <= GUESSING_SOURCES);
        for n in 0..1_000 {
            guesses.right(at(u64::from(n)), "john", ip(n));
        }
        assert_eq!(guesses.proven["john"].len(), PROVEN_SOURCES);
        assert!(guesses.is_proven(at(1_000), "john", ip(999)) && !guesses.is_proven(at(1_000), "john", ip(0)));
    }
}
