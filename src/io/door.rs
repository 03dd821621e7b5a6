//! Who may send how much. A flood is turned away before anything is read of it, at the cost of one look-up; what is turned
//! away costs its sender more than us.
//!
//! Agents' phones and the parties of calls are known, and draw from rations of their own. All others are strangers, and
//! share what there is for them, so that a flood from many addresses leaves the known ones their part.

use crate::limits::{
    AGENT_BEGINS, AGENT_CONNECTIONS, AGENT_MESSAGES, CONNECTIONS_OF_STRANGERS, KNOWN_FOR, KNOWN_SOURCES,
    LIMITED_SOURCES, LIMITED_TOLD, Pace, REACHABLE_BEGIN, SOURCE_BEGINS, SOURCE_CONNECTIONS, SOURCE_MESSAGES, SOURCES,
    STRANGERS_BEGIN, STRANGERS_MESSAGES, TCP_CONNECTIONS,
};
use crate::sip::digest::Keeper;
use crate::sip::ration::{Rations, source};
use crate::site::Net;
use crate::time::{Duration, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One for all doors.
#[derive(Clone, Default)]
pub(super) struct Door(Arc<Mutex<Book>>);

/// What an address is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    Stranger,
    /// A call with it is up.
    Party,
    /// An agent's phone is or was registered there.
    Agent,
    /// The configuration says that nothing is limited: a generator of load, another switch.
    Unlimited,
}

struct Book {
    unlimited: Vec<Net>,
    /// Sources of agents' phones, and when one was last there.
    agents: BTreeMap<IpAddr, Time>,
    parties: BTreeSet<IpAddr>,
    messages: Rations<IpAddr>,
    begun: Rations<IpAddr>,
    /// What all strangers share.
    strangers_messages: Rations<()>,
    strangers_begun: Rations<()>,
    /// What those share who have proven to be where they say.
    reachable_begun: Rations<()>,
    /// Who has been named in the log.
    told: Rations<IpAddr>,
    /// Who challenges whom there is no room for.
    keeper: Option<Arc<Keeper>>,
    connections: BTreeMap<IpAddr, usize>,
    open: usize,
    open_to_strangers: usize,
}

impl Default for Book {
    fn default() -> Self {
        Book {
            unlimited: Vec::new(),
            agents: BTreeMap::new(),
            parties: BTreeSet::new(),
            messages: Rations::new(SOURCES),
            begun: Rations::new(SOURCES),
            strangers_messages: Rations::new(1),
            strangers_begun: Rations::new(1),
            reachable_begun: Rations::new(1),
            told: Rations::new(LIMITED_SOURCES),
            keeper: None,
            connections: BTreeMap::new(),
            open: 0,
            open_to_strangers: 0,
        }
    }
}

impl Book {
    fn standing(&self, ip: IpAddr, from: IpAddr) -> Standing {
        if self.unlimited.iter().any(|net| net.contains(ip.to_canonical())) {
            Standing::Unlimited
        } else if self.agents.contains_key(&from) {
            Standing::Agent
        } else if self.parties.contains(&from) {
            Standing::Party
        } else {
            Standing::Stranger
        }
    }

    /// Names a source that gets no more in the log, so that whoever runs a generator of load finds out why.
    fn tell(&mut self, now: Time, from: IpAddr, drawn: Result<(), Duration>) -> Result<(), Duration> {
        if drawn.is_err() && self.is_news(now, from) {
            tracing::warn!(
                source = %from,
                "more SIP than an address may send, refused or slowed down; [sip] unlimited_nets names generators of load \
                 and other switches"
            );
        }
        drawn
    }

    fn is_news(&mut self, now: Time, from: IpAddr) -> bool {
        self.told.take(now, from, LIMITED_TOLD).is_ok()
    }
}

/// Draws one from a source's ration and, for a stranger, from that of all strangers.
fn draw(
    now: Time,
    (own, own_pace): (&mut Rations<IpAddr>, Pace),
    (all, all_pace): (&mut Rations<()>, Pace),
    from: IpAddr,
    standing: Standing,
) -> Result<(), Duration> {
    if standing == Standing::Stranger {
        all.ask(now, &(), all_pace)?;
        own.take(now, from, own_pace)?;
        return all.take(now, (), all_pace);
    }
    own.take(now, from, own_pace)
}

impl Door {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A message has come, and nothing of it has been read.
    /// # Errors
    /// It is one too many; so long until there is room for one.
    pub fn message(&self, now: Time, ip: IpAddr) -> Result<(), Duration> {
        let book = &mut *self.book();
        let from = source(ip);
        let standing = book.standing(ip, from);
        let pace = match standing {
            Standing::Unlimited => return Ok(()),
            Standing::Agent => AGENT_MESSAGES,
            Standing::Party | Standing::Stranger => SOURCE_MESSAGES,
        };
        let all = (&mut book.strangers_messages, STRANGERS_MESSAGES);
        let drawn = draw(now, (&mut book.messages, pace), all, from, standing);
        book.tell(now, from, drawn)
    }

    /// A message that was let in is a request that begins something, or one that says to belong to something: a stranger
    /// has nothing that it could belong to, and its answer is kept as long.
    /// # Errors
    /// It is one too many; so long until there is room for one.
    pub fn begin(&self, now: Time, ip: IpAddr, begins: bool) -> Result<(), Duration> {
        let book = &mut *self.book();
        let from = source(ip);
        let standing = book.standing(ip, from);
        if !begins && standing != Standing::Stranger {
            return Ok(());
        }
        let pace = match standing {
            Standing::Unlimited => return Ok(()),
            Standing::Agent => AGENT_BEGINS,
            Standing::Party | Standing::Stranger => SOURCE_BEGINS,
        };
        let all = (&mut book.strangers_begun, STRANGERS_BEGIN);
        let drawn = draw(now, (&mut book.begun, pace), all, from, standing);
        book.tell(now, from, drawn)
    }

    /// A stranger begins something for whom there was no room among all others, and has proven to be there.
    /// # Errors
    /// There is none among those either; so long until there is.
    pub fn begin_there(&self, now: Time, ip: IpAddr) -> Result<(), Duration> {
        let book = &mut *self.book();
        let all = (&mut book.reachable_begun, REACHABLE_BEGIN);
        draw(now, (&mut book.begun, SOURCE_BEGINS), all, source(ip), Standing::Stranger)
    }

    pub fn keeper(&self) -> Option<Arc<Keeper>> {
        self.book().keeper.clone()
    }

    pub fn set_keeper(&self, keeper: Keeper) {
        self.book().keeper = Some(Arc::new(keeper));
    }

    /// A connection's place among those that are open, given back when it is dropped. `None`: there are too many.
    pub fn connect(&self, ip: IpAddr) -> Option<Place> {
        let book = &mut *self.book();
        let from = source(ip);
        let standing = book.standing(ip, from);
        let stranger = standing == Standing::Stranger;
        let of_source = book.connections.get(&from).copied().unwrap_or(0);
        let most = match standing {
            Standing::Unlimited => TCP_CONNECTIONS,
            Standing::Agent => AGENT_CONNECTIONS,
            Standing::Party | Standing::Stranger => SOURCE_CONNECTIONS,
        };
        if book.open >= TCP_CONNECTIONS
            || of_source >= most
            || (stranger && book.open_to_strangers >= CONNECTIONS_OF_STRANGERS)
        {
            return None;
        }
        book.connections.insert(from, of_source + 1);
        book.open += 1;
        book.open_to_strangers += usize::from(stranger);
        Some(Place { door: self.clone(), ip, from })
    }

    pub fn standing(&self, ip: IpAddr) -> Standing {
        self.book().standing(ip, source(ip))
    }

    pub fn set_unlimited(&self, nets: &[Net]) {
        self.book().unlimited = nets.to_vec();
    }

    /// Where agents' phones and the parties of calls are now. Agents are remembered for a while: a phone whose
    /// registration has ended comes back to where it was.
    pub fn set_known(&self, now: Time, agents: &BTreeSet<IpAddr>, parties: &BTreeSet<IpAddr>) {
        let book = &mut *self.book();
        book.parties = parties.iter().map(|ip| source(*ip)).collect();
        book.agents.extend(agents.iter().map(|ip| (source(*ip), now)));
        book.agents.retain(|_, last| now.since(*last) <= KNOWN_FOR);
        while book.agents.len() > KNOWN_SOURCES
            && let Some(oldest) = book.agents.iter().min_by_key(|(_, last)| **last).map(|(ip, _)| *ip)
        {
            book.agents.remove(&oldest);
        }
        // Whoever has registered is no stranger any more, nor are his connections.
        let strange = |(from, _): &(&IpAddr, &usize)| book.standing(**from, **from) == Standing::Stranger;
        book.open_to_strangers = book.connections.iter().filter(strange).map(|(_, open)| open).sum();
    }
}

/// A connection among those that are open.
pub(super) struct Place {
    door: Door,
    ip: IpAddr,
    from: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let book = &mut *self.door.book();
        book.open = book.open.saturating_sub(1);
        let stranger = book.standing(self.ip, self.from) == Standing::Stranger;
        book.open_to_strangers = book.open_to_strangers.saturating_sub(usize::from(stranger));
        if let Some(open) = book.connections.get_mut(&self.from) {
            *open = open.saturating_sub(1);
            if *open == 0 {
                book.connections.remove(&self.from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: Time = Time::from_micros(1_795_363_200_000_000);

    fn ip(n: u32) -> IpAddr {
        IpAddr::from((0x0a00_0000 + n).to_be_bytes())
    }

    /// How many of so many messages a second, for ten seconds, are let in.
    fn flood(door: &Door, per_second: u32, sources: &[IpAddr], what: impl Fn(&Door, Time, IpAddr) -> bool) -> u32 {
        let mut passed = 0;
        for n in 0..10 * per_second {
            let now = BEGIN + Duration::from_secs(1) * n / per_second;
            passed += sources.iter().filter(|from| what(door, now, **from)).count() as u32;
        }
        passed
    }

    fn message(door: &Door, now: Time, from: IpAddr) -> bool {
        door.message(now, from).is_ok()
    }

    fn begin(door: &Door, now: Time, from: IpAddr) -> bool {
        door.begin(now, from, true).is_ok()
    }

    /// What a pace lets through in ten seconds.
    fn most(pace: Pace) -> u32 {
        pace.burst + (Duration::from_secs(10).as_micros() / pace.every.as_micros()) as u32
    }

    #[test]
    fn each_standing_has_its_paces() {
        let net = Net { address: ip(9), prefix: 32 };
        for (standing, messages, begins) in [
            (Standing::Stranger, SOURCE_MESSAGES, SOURCE_BEGINS),
            (Standing::Party, SOURCE_MESSAGES, SOURCE_BEGINS),
            (Standing::Agent, AGENT_MESSAGES, AGENT_BEGINS),
        ] {
            let door = Door::default();
            let here = BTreeSet::from([ip(1)]);
            match standing {
                Standing::Agent => door.set_known(BEGIN, &here, &BTreeSet::new()),
                Standing::Party => door.set_known(BEGIN, &BTreeSet::new(), &here),
                Standing::Stranger | Standing::Unlimited => {}
            }
            assert_eq!(door.standing(ip(1)), standing);
            let passed = flood(&door, 4_000, &[ip(1)], message);
            assert!(passed.abs_diff(most(messages)) <= 1, "{standing:?}: {passed}");
            let passed = flood(&door, 4_000, &[ip(1)], begin);
            assert!(passed.abs_diff(most(begins)) <= 1, "{standing:?}: {passed}");
        }
        let door = Door::default();
        door.set_unlimited(&[net]);
        assert_eq!(flood(&door, 20_000, &[ip(9)], message), 200_000);
        assert_eq!(flood(&door, 20_000, &[ip(9)], begin), 200_000);
    }

    #[test]
    fn a_flood_of_strangers_leaves_the_known_their_part() {
        let door = Door::default();
        door.set_known(BEGIN, &BTreeSet::from([ip(1)]), &BTreeSet::from([ip(2)]));
        let strangers: Vec<IpAddr> = (1_000..3_000).map(ip).collect();
        let passed = flood(&door, 20, &strangers, message);
        assert!(passed <= most(STRANGERS_MESSAGES), "{passed}");
        let passed = flood(&door, 20, &strangers, begin);
        assert!(passed <= most(STRANGERS_BEGIN), "{passed}");
        let now = BEGIN + Duration::from_secs(9);
        assert!(strangers.iter().any(|from| !begin(&door, now, *from)), "the flood is at its limit");
        for known in [ip(1), ip(2)] {
            assert!(message(&door, now, known) && begin(&door, now, known));
        }
        // A BYE of a stranger leaves a transaction behind like an INVITE; that of a party ends its call.
        let late = |door: &Door, now, from| door.begin(now, from, false).is_ok();
        assert!(strangers.iter().any(|from| !late(&door, now, *from)));
        assert_eq!(flood(&door, 1_000, &[ip(1), ip(2)], late), 20_000);
    }

    #[test]
    fn the_log_names_a_source_once_a_minute_and_a_flood_of_them_seldom() {
        let door = Door::default();
        let news = |seconds: u64, from| door.book().is_news(BEGIN + Duration::from_secs(seconds), from);
        assert!(news(0, ip(1)) && !news(0, ip(1)) && !news(59, ip(1)) && news(60, ip(1)));
        assert!(news(60, ip(2)), "another one");
        let flood =
            (0..600).map(|second| (0..50).filter(|n| news(100 + second, ip(1_000 + second as u32 * 50 + n))).count());
        let lines: usize = flood.sum();
        assert!(lines <= 10 * (LIMITED_SOURCES + 2), "{lines} lines in ten minutes");
    }

    #[test]
    fn connections_are_counted_by_source_and_in_all() {
        let door = Door::default();
        door.set_known(BEGIN, &BTreeSet::from([ip(1)]), &BTreeSet::new());
        let mut mine: Vec<Place> = std::iter::from_fn(|| door.connect(ip(5))).collect();
        assert_eq!(mine.len(), SOURCE_CONNECTIONS);
        mine.pop();
        assert!(door.connect(ip(5)).is_some(), "a place that was given back");
        let all: Vec<Place> = (10..100_000).map_while(|n| door.connect(ip(n))).collect();
        assert_eq!(all.len() + mine.len(), CONNECTIONS_OF_STRANGERS);
        assert!(door.connect(ip(1)).is_some(), "an agent's phone finds a place among any number of strangers");
        assert!(door.connect(ip(200_000)).is_none());
        door.set_known(BEGIN, &BTreeSet::from([ip(5)]), &BTreeSet::new());
        assert!(door.connect(ip(200_000)).is_some(), "those that have registered make room");
        drop((all, mine));
        let book = door.book();
        assert_eq!((book.open, book.open_to_strangers, book.connections.len()), (0, 0, 0));
    }

    #[test]
    fn agents_are_remembered_for_a_while_and_in_bounds() {
        let door = Door::default();
        let nobody = BTreeSet::new();
        door.set_known(BEGIN, &BTreeSet::from([ip(1)]), &BTreeSet::from([ip(2)]));
        door.set_known(BEGIN + KNOWN_FOR, &nobody, &nobody);
        assert_eq!((door.standing(ip(1)), door.standing(ip(2))), (Standing::Agent, Standing::Stranger));
        door.set_known(BEGIN + KNOWN_FOR + Duration::from_secs(1), &nobody, &nobody);
        assert_eq!(door.standing(ip(1)), Standing::Stranger);
        let many: BTreeSet<IpAddr> = (0..KNOWN_SOURCES as u32 + 10).map(ip).collect();
        door.set_known(BEGIN, &many, &nobody);
        assert_eq!(door.book().agents.len(), KNOWN_SOURCES);
    }
}
