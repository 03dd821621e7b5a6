//! What one routing decision costs with 1,000 agents and ever more contacts waiting: it must not grow with those who wait.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use cordboard::ids::{AgentId, ContactId, Mint, QueueId, RoutingProfileId};
use cordboard::routing::{
    AVAILABLE, AfterCallWork, AgentSetup, Arrival, Out, Precedence, Profile, QueueSetup, Router, Served, Setup, Target,
};
use cordboard::time::{Duration, Time};
use criterion::{BenchmarkId, Criterion};
use std::hint::black_box;

const AGENTS: usize = 1_000;
const QUEUES: usize = 20;

fn at(millis: u64) -> Time {
    Time::from_micros(1_000_000_000 + millis * 1_000)
}

/// Ten profiles that serve five of twenty queues each, some of them with a delay.
fn setup() -> Setup {
    let queue = |n: usize| QueueId::from(format!("queue{}", n % QUEUES));
    let profile = |p: usize| Profile {
        queues: (0..5)
            .map(|n| Served {
                queue: queue(2 * p + n),
                priority: u8::try_from(1 + n / 2).unwrap(),
                delay: Duration::from_secs(if n == 4 { 30 } else { 0 }),
            })
            .collect(),
    };
    let agent = |n: usize| AgentSetup {
        profile: format!("profile{}", n % 10).into(),
        initial_status: AVAILABLE.into(),
        after_call_work: AfterCallWork::None,
    };
    Setup {
        agents: (0..AGENTS).map(|n| (AgentId::from(format!("agent{n}")), agent(n))).collect(),
        profiles: (0..10).map(|p| (RoutingProfileId::from(format!("profile{p}")), profile(p))).collect(),
        queues: (0..QUEUES).map(|n| (queue(n), QueueSetup::default())).collect(),
    }
}

/// Everybody is at work, and so many wait, some of them before the others.
fn busy(waiting: usize, mint: &mut Mint) -> (Router, Vec<ContactId>) {
    let mut router = Router::new(at(0), setup());
    let (mut out, mut served) = (Vec::new(), Vec::new());
    for n in 0..AGENTS {
        let (agent, contact) = (AgentId::from(format!("agent{n}")), mint.contact_id());
        router.occupy(at(0), &agent, contact, &mut out);
        router.reachable(at(0), &agent, true, &mut out);
        served.push(contact);
    }
    for n in 0..waiting {
        let precedence = Precedence { priority: if n % 10 == 0 { 1 } else { 5 }, adjustment: 0 };
        let arrival = Arrival { precedence, ..Arrival::at(at(n as u64)) };
        let target = Target::Queue(format!("queue{}", n % QUEUES).into());
        router.enqueue(arrival.since, mint.contact_id(), target, arrival, &mut out).unwrap();
    }
    (router, served)
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("routing");
    for waiting in [100_usize, 1_000, 10_000] {
        let mut mint = Mint::new(1);
        let (router, served) = busy(waiting, &mut mint);
        let now = at(100_000);
        let agent = AgentId::from("agent500");
        // An agent is free: who of those who wait is offered to her.
        group.bench_with_input(BenchmarkId::new("an agent becomes free", waiting), &waiting, |b, _| {
            let (mut router, mut out) = (router.clone(), Vec::new());
            let mut contact = served[500];
            b.iter(|| {
                out.clear();
                router.release(now, &agent, contact, &mut out);
                let offered = out.iter().find_map(|out| match out {
                    Out::Offer { contact, .. } => Some(*contact),
                    _ => None,
                });
                let offered = offered.unwrap();
                // Back to how it was: she takes it, and somebody else comes in its place.
                router.accepted(now, &agent, offered, &mut out);
                router.dequeue(now, offered);
                let target = Target::Queue("queue0".into());
                router.enqueue(now, mint.contact_id(), target, Arrival::at(now), &mut out).unwrap();
                contact = offered;
                black_box(out.len())
            });
        });
        // A contact comes and goes while nobody is free.
        group.bench_with_input(BenchmarkId::new("a contact comes and gives up", waiting), &waiting, |b, _| {
            let (mut router, mut out) = (router.clone(), Vec::new());
            let mut mint = Mint::new(2);
            b.iter(|| {
                out.clear();
                let contact = mint.contact_id();
                router.enqueue(now, contact, Target::Queue("queue7".into()), Arrival::at(now), &mut out).unwrap();
                router.leave(now, contact, &mut out);
                black_box(out.len())
            });
        });
        // What the API and the gauges read every second.
        group.bench_with_input(BenchmarkId::new("every queue's metrics", waiting), &waiting, |b, _| {
            b.iter(|| black_box(router.every_queue()).len());
        });
    }
    group.finish();
    criterion.final_summary();
}
