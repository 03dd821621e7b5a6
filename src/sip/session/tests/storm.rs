//! Random calls over a link that loses, repeats and reorders: every one ends, at both ends, and leaves nothing behind.

use super::world::World;
use crate::ids::Mint;
use crate::sip::{Busy, End, Event, Method, OfferBy, Response, SessionId, Status, Transport};
use crate::time::{Duration, Time};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};

/// What a party decides to do later.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Call,
    Ring(SessionId),
    Accept(SessionId),
    End(SessionId),
    Offer(SessionId, OfferBy),
    Info(SessionId),
    Answer(SessionId),
}

/// What a party knows of its sessions, as the engine would.
#[derive(Default)]
struct Party {
    /// Alive, and whether the call is up.
    alive: BTreeMap<SessionId, bool>,
    /// Told or decided to be over.
    gone: BTreeSet<SessionId>,
    up: usize,
    changes: usize,
}

struct Storm {
    world: World,
    parties: Vec<Party>,
    plan: BTreeMap<(Time, u64), (usize, Deed)>,
    chance: Mint,
    planned: u64,
}

impl Storm {
    fn later(&mut self, node: usize, within_ms: u64, deed: Deed) {
        self.planned += 1;
        let at = self.world.now + Duration::from_millis(self.chance.below(within_ms));
        self.plan.insert((at, self.planned), (node, deed));
    }

    fn run(&mut self) {
        loop {
            self.hear();
            let planned = self.plan.first_key_value().map(|((at, _), _)| *at);
            match (planned, self.world.next()) {
                (None, None) => break,
                (Some(at), next) if next.is_none_or(|next| at <= next) => {
                    self.world.until(at);
                    self.hear();
                    if let Some((_, (node, deed))) = self.plan.pop_first() {
                        self.act(node, deed);
                    }
                }
                (_, next) => self.world.until(next.unwrap_or_default()),
            }
        }
    }

    fn act(&mut self, node: usize, deed: Deed) {
        let alive = |storm: &Storm, session| storm.parties[node].alive.contains_key(&session);
        match deed {
            Deed::Call => {
                let session = self.world.call(node, 1 - node);
                self.parties[node].alive.insert(session, false);
                // Most callers wait; some give up at any moment, before the 100, before the 200, just after it.
                let within = if self.chance.below(3) == 0 { 3_000 } else { 90_000 };
                self.later(node, within, Deed::End(session));
            }
            Deed::Ring(session) if alive(self, session) => {
                let contact = self.world.contact(node);
                let body = (self.chance.below(2) == 0).then(|| Bytes::from_static(b"answer"));
                self.world.at(node, |endpoint, now, out| {
                    endpoint.progress(now, session, contact, Status::RINGING, Vec::new(), body, out);
                });
            }
            Deed::Accept(session) if alive(self, session) => {
                self.parties[node].alive.insert(session, true);
                self.parties[node].up += 1;
                self.world.accept(node, session);
            }
            Deed::End(session) if alive(self, session) => {
                self.parties[node].alive.remove(&session);
                self.parties[node].gone.insert(session);
                let end = End::with(Status::BUSY_HERE);
                self.world.at(node, |endpoint, now, out| endpoint.end(now, session, end, out));
            }
            Deed::Offer(session, by) if alive(self, session) => {
                let body = (self.chance.below(4) > 0 || by == OfferBy::Update).then(|| Bytes::from_static(b"offer"));
                let busy =
                    self.world.at(node, |endpoint, now, out| endpoint.offer(now, session, by, Vec::new(), body, out));
                if busy == Err(Busy) && self.parties[node].alive.get(&session) == Some(&true) {
                    self.later(node, 2_000, Deed::Offer(session, by));
                }
            }
            Deed::Info(session) if alive(self, session) => {
                let _ = self
                    .world
                    .at(node, |endpoint, now, out| endpoint.request(now, session, Method::Info, Vec::new(), None, out));
            }
            Deed::Answer(session) if alive(self, session) => {
                let answer = if self.chance.below(5) == 0 {
                    Err(Status::NOT_ACCEPTABLE_HERE)
                } else {
                    Ok(Bytes::from_static(b"answer"))
                };
                self.world.at(node, |endpoint, now, out| endpoint.answer(now, session, answer, Vec::new(), out));
            }
            _ => {}
        }
    }

    fn hear(&mut self) {
        for node in 0..self.world.nodes.len() {
            for event in std::mem::take(&mut self.world.nodes[node].events) {
                self.react(node, event);
            }
        }
    }

    /// A session is told of only between its start and its end.
    fn known(&self, node: usize, session: SessionId, event: &str) {
        assert!(
            self.parties[node].alive.contains_key(&session),
            "{event} of a session that is over\n{}",
            self.world.ladder.join("\n")
        );
    }

    fn over(&mut self, node: usize, session: SessionId) {
        self.parties[node].alive.remove(&session);
        assert!(self.parties[node].gone.insert(session), "over twice: {session:?}");
    }

    fn react(&mut self, node: usize, event: Event) {
        let text = super::world::brief(&event);
        match event {
            Event::Invite { session, .. } => {
                self.parties[node].alive.insert(session, false);
                self.later(node, 1_000, Deed::Ring(session));
                match self.chance.below(4) {
                    0 => self.later(node, 6_000, Deed::End(session)),
                    _ => {
                        self.later(node, 6_000, Deed::Accept(session));
                        self.later(node, 90_000, Deed::End(session));
                        self.changes(node, session);
                    }
                }
            }
            Event::Answered { session, .. } => {
                self.known(node, session, &text);
                self.parties[node].alive.insert(session, true);
                self.parties[node].up += 1;
                self.changes(node, session);
            }
            Event::Offered { session, .. } => {
                self.known(node, session, &text);
                let slow = self.chance.below(3) == 0;
                self.later(node, if slow { 3_000 } else { 1 }, Deed::Answer(session));
            }
            Event::OfferAnswered { session, status, retry_after, body, .. } => {
                self.known(node, session, &text);
                self.parties[node].changes += 1;
                if status.is_success() && body.as_deref() == Some(b"offer") {
                    let body = Bytes::from_static(b"answer");
                    self.world.at(node, |endpoint, now, out| endpoint.ack(now, session, body, out));
                }
                if status == Status::REQUEST_PENDING {
                    assert!(retry_after.is_some());
                    self.later(node, 4_000, Deed::Offer(session, OfferBy::ReInvite));
                }
            }
            Event::InDialog { session, key, request } => {
                self.known(node, session, &text);
                let response = Response::for_request(&request, Status::OK);
                self.world.at(node, |endpoint, now, out| endpoint.respond(now, key, response, out));
            }
            Event::Failed { session, .. } | Event::Ended { session, .. } => {
                self.known(node, session, &text);
                self.over(node, session);
            }
            Event::Progress { session, .. }
            | Event::Acked { session, .. }
            | Event::Pracked { session, .. }
            | Event::Renamed { session, .. }
            | Event::Refresh { session, .. }
            | Event::OfferWithdrawn { session }
            | Event::Replied { session, .. } => self.known(node, session, &text),
            Event::Request { .. } | Event::Stranger { .. } | Event::Reply { .. } => panic!("nobody sent one"),
        }
    }

    fn changes(&mut self, node: usize, session: SessionId) {
        for _ in 0..self.chance.below(4) {
            let by = if self.chance.below(3) == 0 { OfferBy::Update } else { OfferBy::ReInvite };
            self.later(node, 20_000, Deed::Offer(session, by));
        }
        self.later(node, 20_000, Deed::Info(session));
    }
}

fn storm(seed: u64, transport: Transport, loss: u64) -> (usize, usize) {
    let mut storm = Storm {
        world: World::new(seed, 2),
        parties: vec![Party::default(), Party::default()],
        plan: BTreeMap::new(),
        chance: Mint::new(seed ^ 0x5eed),
        planned: 0,
    };
    storm.world.transport = transport;
    if transport == Transport::Udp {
        storm.world.loss = loss;
        storm.world.repeat = loss;
        // Two round trips of reordering.
        storm.world.jitter = Duration::from_millis(40);
    }
    for call in 0..20 {
        storm.later(call % 2, 60_000, Deed::Call);
    }
    storm.run();
    storm.world.finish();
    for (node, party) in storm.parties.iter().enumerate() {
        assert!(party.alive.is_empty(), "seed {seed}: never ended at {node}: {:?}", party.alive);
    }
    (storm.parties.iter().map(|party| party.up).sum(), storm.parties.iter().map(|party| party.changes).sum())
}

#[test]
fn calls_over_a_bad_link_all_end_and_leave_nothing() {
    let (mut up, mut changes) = (0, 0);
    for seed in 0..60 {
        let (more_up, more_changes) = storm(seed, Transport::Udp, 100);
        up += more_up;
        changes += more_changes;
    }
    // Most of the 1,200 calls were answered, at both ends, and renegotiated.
    assert!(up > 1_000 && changes > 900, "{up} up, {changes} changes");
}

#[test]
fn calls_over_streams_and_good_links_do_the_same() {
    for seed in 0..20 {
        storm(seed, Transport::Tcp, 0);
        storm(seed, Transport::Udp, 0);
    }
}
