//! Random people at random moments: thousands of seeded runs through the whole switch, each held to the laws of a call.
//!
//! `SIM_SEED=n` plays one run and prints what was done in it (`SIM_LADDER=1`: every message too), `SIM_RUNS=n` plays so many.

#[path = "sim/crowd.rs"]
mod crowd;
#[path = "sim/laws.rs"]
mod laws;
#[path = "sim/people.rs"]
mod people;
#[path = "sim/sound.rs"]
mod sound;
#[path = "sim/world.rs"]
mod world;

use cordboard::config::{self, Source};
use cordboard::ids::Mint;
use cordboard::sip::{Host, OfferBy};
use cordboard::site::{Number, NumberTo, Role, Site};
use cordboard::story::script::Network;
use cordboard::time::Duration;
use cordboard::trunk::{Place, TrunkSetup};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use world::World;

const RUNS: u64 = 20_000;
/// Every so many runs have real sound.
const REAL: u64 = 100;
/// Failures that are looked at before the rest is left alone.
const ENOUGH: usize = 5;
/// As long as a phone rings, and what a flow says before and after.
const REST: Duration = Duration::from_secs(45);

thread_local! {
    static PANICS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn lab() -> Arc<Site> {
    static LAB: OnceLock<Arc<Site>> = OnceLock::new();
    let load = || {
        let mut site = config::load(&Source::Lab).unwrap_or_else(|faults| panic!("the lab is wrong: {faults:?}"));
        // Every contact is recorded, so that what records them moves and ends with them.
        Arc::get_mut(&mut site.catalog).expect("nobody else has it").record = true;
        Arc::new(site)
    };
    Arc::clone(LAB.get_or_init(load))
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// One of the three ways in which a phone is told of its hold.
fn told_of_hold(mint: &mut Mint) -> Option<OfferBy> {
    match mint.below(5) {
        0 => None,
        1 => Some(OfferBy::Update),
        _ => Some(OfferBy::ReInvite),
    }
}

/// The lab, more supervisors than one now and then, and a trunk with so many hosts.
fn site(mint: &mut Mint, hosts: usize) -> Arc<Site> {
    let mut site = Site::clone(&lab());
    // Nobody is at its end, and asking whether somebody is never comes to rest.
    site.trunks.clear();
    for agent in site.agents.values_mut() {
        agent.hold_signalling = told_of_hold(mint);
        if mint.below(3) == 0 {
            agent.role = Role::Supervisor;
        }
    }
    // Its own is never there, and is not asked.
    site.trunks.iter_mut().for_each(|trunk| trunk.probe = None);
    if hosts > 0 {
        site.trunks.clear();
        let place = |number| Place { host: Host::V4(people::far_end(number)), port: Some(5060) };
        site.trunks.push(TrunkSetup {
            id: "pstn".into(),
            hosts: (0..hosts).map(place).collect(),
            transport: None,
            prefixes: vec!["+1555".into()],
            to_e164: Vec::new(),
            from_e164: Vec::new(),
            max_calls: (mint.below(3) == 0).then_some(2),
            login: None,
            register: false,
            trusted: mint.below(2) == 0,
            probe: (mint.below(4) == 0).then_some(Duration::from_secs(30)),
            hold_signalling: told_of_hold(mint),
        });
        let to = NumberTo::Dial("+15550199".into());
        site.numbers.push(Number { dialled: people::OUTSIDE.into(), prefix: false, to });
    }
    Arc::new(site)
}

fn network(mint: &mut Mint) -> Network {
    let delay = Duration::from_millis(5 + mint.below(100));
    let mut share = || u8::try_from(mint.below(11)).unwrap_or(0);
    let (loses, repeats, reorders) = (share(), share(), share());
    match mint.below(3) {
        0 => Network { delay, ..Network::default() },
        _ => Network { delay, loses, repeats, reorders },
    }
}

/// Plays one run to its end or to the first broken law.
fn play(seed: u64, ladder: bool) -> World {
    let mut mint = Mint::new(seed);
    let hosts = [0, 1, 1, 2][usize::try_from(mint.below(4)).unwrap_or(0)];
    let (site, network) = (site(&mut mint, hosts), network(&mut mint));
    let people = people::phones(&mut mint, hosts);
    let mut world = World::new(seed, site, network, seed % REAL == REAL - 1, people);
    if ladder {
        world.draw_ladder();
    }
    let told = format!("run {seed}: {:?}, sound: {}", world.network, world.media.is_real());
    world.tell(told);
    for at in 0..world.hands.len() {
        let habits = world.hands[at].phone.habits().clone();
        let told = format!("{} with {habits:?}", world.hands[at].name);
        world.tell(told);
        if world.hands[at].agent && world.mint.below(10) > 0 {
            world.with_phone(at, |now, phone| phone.register(now));
        }
    }
    world.run(world.now + Duration::from_millis(300));
    let actions = 10 + world.mint.below(31);
    let rests_at = world.mint.below(actions * 2);
    for number in 0..actions {
        if !world.broken.is_empty() {
            return world;
        }
        if world.mint.below(200) == 0 {
            reload(&mut world);
        }
        people::act(&mut world);
        world.hold_the_laws();
        let pause = people::pause(&mut world.mint);
        live(&mut world, pause);
        if number == rests_at || number + 1 == actions {
            world.tell("nobody does anything");
            // A phone that is unplugged may take its agent through an offer and back into the queue.
            for _ in 0..4 {
                live(&mut world, REST);
                if !world.broken.is_empty() || world.engine.unrest().is_empty() {
                    break;
                }
            }
            if world.broken.is_empty() {
                laws::hold_at_rest(&mut world);
            }
        }
    }
    if world.broken.is_empty() && seed.is_multiple_of(8) {
        laws::hold_after_hang_up_all(&mut world);
    }
    if world.broken.is_empty() {
        laws::hold_at_the_end(&mut world);
    }
    world
}

/// An agent's account or a queue goes, or all are there again.
fn reload(world: &mut World) {
    let mut site = Site::clone(&world.site);
    let whole = lab();
    if site.routing != whole.routing {
        world.tell("everybody is an agent, and every queue is there");
        site.agents.clone_from(&whole.agents);
        site.routing.clone_from(&whole.routing);
        site.catalog.clone_from(&whole.catalog);
    } else if let Some(gone) = people::AGENTS.get(usize::try_from(world.mint.below(6)).unwrap_or(0)) {
        world.tell(format!("{gone} is no longer an agent"));
        site.agents.remove(*gone);
        site.routing.agents.remove(*gone);
    } else {
        let gone = if world.mint.below(2) == 0 { "Support" } else { "PasswordReset" };
        world.tell(format!("{gone} is no longer a queue"));
        site.routing.queues.remove(gone);
        Arc::make_mut(&mut site.catalog).queues.remove(gone);
    }
    world.reload(Arc::new(site));
    world.hold_the_laws();
}

/// Time passes; where there is sound, it is listened to.
fn live(world: &mut World, time: Duration) {
    let until = world.now + time;
    if world.media.is_real() {
        while world.now < until && world.broken.is_empty() {
            world.run(until.min(world.now + Duration::from_millis(250)));
            laws::hold_no_dead_air(world);
        }
    }
    if world.broken.is_empty() {
        world.run(until);
        world.hold_the_laws();
        // Who hangs up just now falls silent before anybody is told.
        if time >= laws::SETTLED {
            laws::hold_what_is_heard(world);
        }
    }
}

/// What was broken in a run, and a bug that the switch caught.
fn judge(seed: u64, ladder: bool, banners: &Mutex<BTreeMap<&'static str, u64>>) -> Option<String> {
    PANICS.with_borrow_mut(Vec::clear);
    let played = panic::catch_unwind(AssertUnwindSafe(|| play(seed, ladder)));
    let mut text = String::new();
    let panics = PANICS.with_borrow_mut(std::mem::take);
    for banner in played.iter().flat_map(|world| &world.banners) {
        *banners.lock().unwrap_or_else(std::sync::PoisonError::into_inner).entry(*banner).or_default() += 1;
    }
    let broken: Vec<String> = panics.into_iter().chain(played.iter().flat_map(|world| world.broken.clone())).collect();
    if let Ok(world) = &played
        && (ladder || !broken.is_empty())
    {
        for (at, what) in &world.trace {
            let _ = writeln!(text, "{:9.3}  {what}", at.since(world::BEGIN).as_secs_f64());
        }
        if let Some(ladder) = &world.ladder {
            let _ = writeln!(text, "{}", ladder.render(world::BEGIN));
        }
    }
    for what in &broken {
        let _ = writeln!(text, "BROKEN in run {seed}: {what}");
    }
    (ladder || !broken.is_empty()).then_some(text).filter(|text| {
        if broken.is_empty() {
            println!("{text}");
        }
        !broken.is_empty()
    })
}

#[test]
fn whatever_people_do_the_laws_of_a_call_hold() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        PANICS.with_borrow_mut(|panics| panics.push(info.to_string()));
        if std::thread::current().name().is_some() {
            usual(info);
        }
    }));
    if let Some(seed) = number("SIM_SEED") {
        let ladder = std::env::var_os("SIM_LADDER").is_some();
        if let Some(text) = judge(seed, ladder, &Mutex::default()) {
            panic!("\n{text}");
        }
        return;
    }
    let runs = number("SIM_RUNS").unwrap_or(RUNS);
    let first = number("SIM_FIRST").unwrap_or(0);
    let (next, stop) = (AtomicU64::new(first), AtomicBool::new(false));
    let banners = Mutex::new(BTreeMap::new());
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + runs {
                        return;
                    }
                    if let Some(text) = judge(seed, false, &banners) {
                        let mut failures = failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                        failures.push((seed, text));
                        if failures.len() >= ENOUGH {
                            stop.store(true, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    failures.sort_unstable();
    let report: String = failures.iter().map(|(_, text)| format!("\n{text}")).collect();
    let seeds: Vec<u64> = failures.iter().map(|(seed, _)| *seed).collect();
    assert!(failures.is_empty(), "{report}\nSIM_SEED=n cargo test --test sim plays one again: {seeds:?}");
    let banners = banners.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    println!("runs in which a supervisor's screen said so: {banners:?}");
    // What never happens breaks no law.
    assert!(runs < 300 || banners.len() == people::WATCHING.len(), "{banners:?}");
}

/// `CROWD_SEED=n`, `CROWD_RUNS=n`: other days, and more of them.
#[test]
fn hundreds_of_agents_take_thousands_of_contacts_and_nobody_has_two() {
    let first = number("CROWD_SEED").unwrap_or(0);
    for seed in first..first + number("CROWD_RUNS").unwrap_or(2) {
        let day = crowd::play(seed).unwrap_or_else(|text| panic!("day {seed}\n{text}"));
        println!("day {seed}: {day:?}");
        assert!(day.contacts > 2_000 && day.connected > 1_000 && day.transfers > 100 && day.waited > 100, "{day:?}");
    }
}
