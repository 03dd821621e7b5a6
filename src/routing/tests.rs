//! Whole scenarios of the router: what each event leads to, a line per event.

use super::*;
use crate::ids::{AgentId, ContactId, QueueId, RoutingProfileId};
use crate::time::{Duration, Time};

fn at(seconds: u64) -> Time {
    Time::from_micros(seconds * 1_000_000)
}

fn contact(n: u64) -> ContactId {
    ContactId::parse(&format!("{n:032x}")).unwrap()
}

/// ann and bob serve sales, then help; cat serves help first and sales after 10 s; dan serves no queue but works
/// 5 s after each call, eve until she clears it.
fn router() -> Router {
    let agent = |profile: &str, after_call_work| AgentSetup {
        profile: profile.into(),
        initial_status: AVAILABLE.into(),
        after_call_work,
    };
    let served =
        |queue: &str, priority, delay| Served { queue: queue.into(), priority, delay: Duration::from_secs(delay) };
    let none = AfterCallWork::None;
    let setup = Setup {
        agents: [
            ("ann", agent("sellers", none)),
            ("bob", agent("sellers", none)),
            ("cat", agent("helpers", none)),
            ("dan", agent("nobody", AfterCallWork::For(Duration::from_secs(5)))),
            ("eve", agent("nobody", AfterCallWork::Manual)),
        ]
        .map(|(id, agent)| (AgentId::from(id), agent))
        .into(),
        profiles: [
            ("sellers", vec![served("sales", 1, 0), served("help", 2, 0)]),
            ("helpers", vec![served("help", 1, 0), served("sales", 1, 10)]),
        ]
        .map(|(id, queues)| (RoutingProfileId::from(id), Profile { queues }))
        .into(),
        queues: [("sales", 5, false), ("help", 0, false), ("closed", 0, true)]
            .map(|(id, max_contacts, disabled)| (QueueId::from(id), QueueSetup { max_contacts, disabled }))
            .into(),
    };
    Router::new(at(0), setup)
}

/// One line of a scenario: `SECONDS DEED ARGUMENTS`, and what came of it: offers as `agent<contact`, withdrawals as
/// `agent>contact`, changes as `agent:State`, and contacts whose queue is no more as `!contact`.
fn play(router: &mut Router, line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let now = at(words[0].parse().unwrap());
    let mut out = Vec::new();
    router.wake(now, &mut out);
    let number = |place: usize| contact(words[place].parse().unwrap());
    let agent = |place: usize| AgentId::from(words[place]);
    let target = |place: usize| match words[place] {
        queue @ ("sales" | "help" | "closed" | "nothing") => Target::Queue(queue.into()),
        agent => Target::Agent(agent.into()),
    };
    let mut refused = None;
    match words[1] {
        "wait" => {}
        "phone" => router.reachable(now, &agent(2), true, &mut out),
        "gone" => router.reachable(now, &agent(2), false, &mut out),
        "status" => router.set_status(now, &agent(2), words[3], &mut out),
        "queue" => refused = router.enqueue(now, number(2), target(3), Arrival::at(now), &mut out).err(),
        "urgent" => {
            let arrival = Arrival { precedence: Precedence { priority: 1, adjustment: 0 }, ..Arrival::at(now) };
            refused = router.enqueue(now, number(2), target(3), arrival, &mut out).err();
        }
        "priority" => {
            let precedence = Precedence { priority: words[3].parse().unwrap(), adjustment: 0 };
            router.prioritise(now, number(2), precedence, &mut out);
        }
        "older" => {
            let precedence = Precedence { priority: 5, adjustment: words[3].parse().unwrap() };
            router.prioritise(now, number(2), precedence, &mut out);
        }
        "return" => {
            let arrival = Arrival { way: Way::Returned, ..Arrival::at(at(words[4].parse().unwrap())) };
            refused = router.enqueue(now, number(2), target(3), arrival, &mut out).err();
        }
        "transfer" => {
            let arrival = Arrival { way: Way::Transferred, ..Arrival::at(now) };
            refused = router.enqueue(now, number(2), target(3), arrival, &mut out).err();
        }
        "direct" => refused = router.direct(now, number(2), &agent(3), Arrival::at(now), &mut out).err(),
        "leave" => router.leave(now, number(2), &mut out),
        "accept" => router.accepted(now, &agent(2), number(3), &mut out),
        "dequeue" => router.dequeue(now, number(2)),
        "missed" => router.failed(now, &agent(2), number(3), Trouble::Missed, &mut out),
        "rejected" => router.failed(now, &agent(2), number(3), Trouble::Rejected, &mut out),
        "hungup" => router.failed(now, &agent(2), number(3), Trouble::HungUp, &mut out),
        "occupy" => router.occupy(now, &agent(2), number(3), &mut out),
        "release" => router.release(now, &agent(2), number(3), &mut out),
        "vacate" => router.vacate(now, &agent(2), number(3), &mut out),
        "clear" => router.clear(now, &agent(2), &mut out),
        deed => panic!("no deed {deed}"),
    }
    told(router, &out, refused)
}

fn told(router: &Router, out: &[Out], refused: Option<Refused>) -> String {
    let number = |contact: ContactId| u128::from_str_radix(&contact.to_string().replace('-', ""), 16).unwrap();
    let mut told: Vec<String> = out
        .iter()
        .map(|out| match out {
            Out::Offer { agent, contact } => format!("{agent}<{}", number(*contact)),
            Out::Withdraw { agent, contact } => format!("{agent}>{}", number(*contact)),
            Out::QueueGone { contact } => format!("!{}", number(*contact)),
            Out::State(agent) => match (router.state(agent), router.next_status(agent)) {
                (Some(state), Some(next)) => format!("{agent}:{state}/{next}"),
                (Some(state), None) => format!("{agent}:{state}"),
                (None, _) => format!("{agent}:gone"),
            },
        })
        .collect();
    // Two changes in one event read alike, as the state is asked for afterwards.
    told.dedup();
    told.extend(refused.map(|why| format!("{why:?}")));
    told.join(" ")
}

fn scenario(lines: &[(&str, &str)]) -> Router {
    let mut router = router();
    for (line, told) in lines {
        assert_eq!(play(&mut router, line), *told, "{line}");
    }
    router
}

#[test]
fn the_longest_idle_is_offered_first() {
    scenario(&[
        ("1 phone bob", "bob:Available"),
        ("2 phone ann", "ann:Available"),
        ("3 queue 1 sales", "bob:PendingBusy bob<1"),
        ("4 queue 2 sales", "ann:PendingBusy ann<2"),
        ("5 accept bob 1", "bob:Busy"),
        ("5 accept ann 2", "ann:Busy"),
        ("6 dequeue 1", ""),
        ("7 release bob 1", "bob:Available"),
        ("8 release ann 2", "ann:Available"),
        ("9 queue 3 sales", "bob:PendingBusy bob<3"),
    ]);
}

#[test]
fn who_was_only_rung_keeps_her_place() {
    scenario(&[
        ("1 phone bob", "bob:Available"),
        ("2 phone ann", "ann:Available"),
        ("3 queue 1 sales", "bob:PendingBusy bob<1"),
        ("4 leave 1", "bob>1 bob:Available"),
        ("5 queue 2 sales", "bob:PendingBusy bob<2"),
    ]);
}

#[test]
fn contacts_go_by_queue_priority_then_their_own_then_age() {
    scenario(&[
        ("1 queue 1 help", ""),
        ("2 queue 2 sales", ""),
        ("3 queue 3 sales", ""),
        ("4 urgent 4 sales", ""),
        ("5 queue 5 ann", ""),
        ("6 phone ann", "ann:PendingBusy ann<5"),
        ("7 accept ann 5", "ann:Busy"),
        ("7 dequeue 5", ""),
        ("8 release ann 5", "ann:PendingBusy ann<4"),
        ("9 leave 4", "ann>4 ann:PendingBusy ann<2"),
        ("10 leave 2", "ann>2 ann:PendingBusy ann<3"),
        ("11 leave 3", "ann>3 ann:PendingBusy ann<1"),
    ]);
}

#[test]
fn a_profile_waits_for_its_delay() {
    let mut router = scenario(&[
        ("1 phone cat", "cat:Available"),
        ("2 queue 1 sales", ""),
        ("11 wait", ""),
        ("12 wait", "cat:PendingBusy cat<1"),
        ("12 queue 2 sales", ""),
        ("13 leave 1", "cat>1 cat:Available"),
        ("14 queue 3 help", "cat:PendingBusy cat<3"),
        ("30 leave 3", "cat>3 cat:PendingBusy cat<2"),
    ]);
    assert_eq!(router.deadline(), None);
    play(&mut router, "31 leave 2");
    play(&mut router, "31 queue 4 sales");
    assert_eq!(router.deadline(), Some(at(41)));
    play(&mut router, "32 leave 4");
    assert_eq!(router.deadline(), None);
}

#[test]
fn an_offer_that_failed_goes_to_the_next_and_not_back() {
    let router = scenario(&[
        ("1 phone ann", "ann:Available"),
        ("2 phone bob", "bob:Available"),
        ("3 queue 1 sales", "ann:PendingBusy ann<1"),
        ("4 queue 2 ann", ""),
        ("23 missed ann 1", "ann:MissedCallAgent bob:PendingBusy bob<1"),
        ("24 rejected bob 1", "bob:RejectedCallAgent"),
        ("24 rejected bob 1", ""),
        ("25 phone bob", ""),
        ("26 clear ann", "ann:PendingBusy ann<2"),
        ("27 status bob Available", "bob:PendingBusy bob<1"),
        ("28 accept bob 1", "bob:Busy"),
        ("29 hungup bob 1", "bob:AgentHungUp"),
    ]);
    assert_eq!(router.size(&Target::Queue("sales".into())), 1);
}

#[test]
fn status_and_next_status() {
    scenario(&[
        ("1 status ann Lunch", "ann:Offline"),
        ("2 phone ann", "ann:Lunch"),
        ("3 queue 1 sales", ""),
        ("4 status ann Available", "ann:PendingBusy ann<1"),
        ("5 status ann Offline", "ann:PendingBusy/Offline"),
        ("6 accept ann 1", "ann:Busy/Offline"),
        ("7 status ann Available", "ann:Busy"),
        ("8 status ann Lunch", "ann:Busy/Lunch"),
        ("9 release ann 1", "ann:Lunch"),
        ("10 gone ann", "ann:Offline"),
        ("11 phone ann", "ann:Lunch"),
    ]);
}

#[test]
fn after_call_work() {
    scenario(&[
        ("1 phone dan", "dan:Available"),
        ("1 phone eve", "eve:Available"),
        ("2 queue 1 dan", "dan:PendingBusy dan<1"),
        ("2 queue 2 eve", "eve:PendingBusy eve<2"),
        ("3 accept dan 1", "dan:Busy"),
        ("3 accept eve 2", "eve:Busy"),
        ("3 dequeue 1", ""),
        ("3 dequeue 2", ""),
        ("4 queue 3 dan", ""),
        ("5 release dan 1", "dan:AfterCallWork"),
        ("5 release eve 2", "eve:AfterCallWork"),
        ("9 wait", ""),
        ("10 wait", "dan:PendingBusy dan<3"),
        ("11 clear eve", "eve:Available"),
    ]);
}

#[test]
fn who_was_called_in_vain_has_no_after_call_work() {
    scenario(&[
        ("1 phone dan", "dan:Available"),
        ("1 phone eve", "eve:Available"),
        ("2 occupy dan 7", "dan:Busy"),
        ("2 occupy eve 8", "eve:Busy"),
        ("3 queue 1 dan", ""),
        ("4 vacate dan 9", ""),
        ("5 vacate dan 7", "dan:PendingBusy dan<1"),
        ("5 vacate eve 8", "eve:Available"),
    ]);
}

#[test]
fn direct_is_now_or_never() {
    scenario(&[
        ("1 direct 1 dan", "AgentBusy"),
        ("1 phone dan", "dan:Available"),
        ("2 direct 1 dan", "dan:PendingBusy dan<1"),
        ("3 direct 2 dan", "AgentBusy"),
        ("4 accept dan 1", "dan:Busy"),
        ("4 dequeue 1", ""),
        ("5 release dan 1", "dan:AfterCallWork"),
        ("6 queue 3 dan", ""),
        ("7 direct 2 dan", "dan:PendingBusy dan<2"),
        ("8 direct 4 nobody", "Unknown"),
    ]);
}

#[test]
fn calls_by_no_queue_occupy() {
    scenario(&[
        ("1 phone ann", "ann:Available"),
        ("2 occupy ann 9", "ann:Busy"),
        ("2 occupy ann 9", ""),
        ("2 occupy ann 8", ""),
        ("3 queue 1 sales", ""),
        ("4 release ann 8", ""),
        ("5 release ann 9", "ann:PendingBusy ann<1"),
        // She calls while she is rung: a missed contact does not make her idle.
        ("6 occupy ann 9", ""),
        ("7 missed ann 1", "ann:Busy"),
        ("8 release ann 9", "ann:MissedCallAgent"),
        ("9 clear ann", "ann:PendingBusy ann<1"),
        ("9 accept ann 1", "ann:Busy"),
        ("9 dequeue 1", ""),
        ("9 queue 2 sales", ""),
        // Nor does the end of the contact she has in hand.
        ("9 occupy ann 7", ""),
        ("10 release ann 1", ""),
        ("11 release ann 7", "ann:PendingBusy ann<2"),
    ]);
}

#[test]
fn capacity() {
    let mut router = scenario(&[("1 queue 1 nothing", "Unknown"), ("1 queue 1 zoe", "Unknown")]);
    for n in 1..=5 {
        assert_eq!(play(&mut router, &format!("1 queue {n} sales")), "");
    }
    assert_eq!(play(&mut router, "1 queue 5 help"), "AlreadyQueued");
    assert_eq!(play(&mut router, "1 queue 6 sales"), "AtCapacity");
    assert_eq!(play(&mut router, "1 transfer 6 sales"), "");
    assert_eq!(play(&mut router, "1 transfer 7 sales"), "AtCapacity");
    for n in 10..20 {
        assert_eq!(play(&mut router, &format!("1 transfer {n} eve")), "");
    }
    assert_eq!(play(&mut router, "1 transfer 20 eve"), "AtCapacity");
    assert_eq!(play(&mut router, "2 leave 10"), "");
    assert_eq!(play(&mut router, "2 transfer 20 eve"), "");
    assert_eq!(play(&mut router, "2 queue 30 closed"), "Disabled");
    assert_eq!(play(&mut router, "2 transfer 30 closed"), "Disabled");
    // Who was in there has his place.
    assert_eq!(play(&mut router, "2 return 30 closed 1"), "");
    assert_eq!(play(&mut router, "2 return 31 sales 1"), "");
    assert_eq!(router.size(&Target::Queue("sales".into())), 7);
}

#[test]
fn a_contact_that_waits_gets_another_turn() {
    let router = scenario(&[
        ("1 queue 1 sales", ""),
        ("2 queue 2 sales", ""),
        ("3 queue 3 sales", ""),
        ("4 queue 4 sales", ""),
        // 3 counts as if it had come at 0, 1 as if at 11, and 4 comes before all.
        ("5 older 3 3", ""),
        ("5 older 1 -10", ""),
        ("5 priority 4 1", ""),
        ("5 priority 9 1", ""),
        ("6 phone ann", "ann:PendingBusy ann<4"),
        // Offered already: what is said now counts when it comes back.
        ("7 priority 4 9", ""),
        ("8 rejected ann 4", "ann:RejectedCallAgent"),
        ("9 clear ann", "ann:PendingBusy ann<3"),
        ("10 leave 3", "ann>3 ann:PendingBusy ann<2"),
        ("11 leave 2", "ann>2 ann:PendingBusy ann<1"),
        ("12 leave 1", "ann>1 ann:PendingBusy ann<4"),
    ]);
    assert_eq!(router.size(&Target::Queue("sales".into())), 1);
}

#[test]
fn who_counts_as_waiting_longer_or_less_long_changes_the_order_and_not_the_delay() {
    scenario(&[
        ("1 phone ann", "ann:Available"),
        ("2 queue 1 sales", "ann:PendingBusy ann<1"),
        ("3 accept ann 1", "ann:Busy"),
        ("3 dequeue 1", ""),
        ("4 queue 2 sales", ""),
        ("4 older 2 -60", ""),
        ("6 queue 3 sales", ""),
        ("6 older 3 5", ""),
        ("8 phone cat", "cat:Available"),
        // By cat's profile the first of them has waited long enough; it is the other one's turn.
        ("13 wait", ""),
        ("14 wait", "cat:PendingBusy cat<3"),
        ("15 rejected cat 3", "cat:RejectedCallAgent"),
        ("16 leave 3", ""),
        // Nobody else is there: idle, she has him at once.
        ("17 release ann 1", "ann:PendingBusy ann<2"),
        ("18 leave 2", "ann>2 ann:Available"),
        ("19 queue 4 sales", "ann:PendingBusy ann<4"),
        ("20 clear cat", "cat:Available"),
        ("21 queue 5 sales", ""),
        ("21 older 5 9", ""),
        ("30 wait", ""),
        ("31 wait", "cat:PendingBusy cat<5"),
    ]);
    // To her alone, now or never, whatever its flow has said of its turn.
    let mut router = scenario(&[("1 phone dan", "dan:Available")]);
    let precedence = Precedence { priority: 5, adjustment: -60 };
    let (arrival, mut out) = (Arrival { precedence, ..Arrival::at(at(2)) }, Vec::new());
    router.direct(at(2), contact(1), &"dan".into(), arrival, &mut out).unwrap();
    assert_eq!(told(&router, &out, None), "dan:PendingBusy dan<1");
}

#[test]
fn a_contact_that_comes_back_has_its_old_turn() {
    scenario(&[
        ("1 phone ann", "ann:Available"),
        ("2 queue 1 sales", "ann:PendingBusy ann<1"),
        ("3 queue 2 sales", ""),
        ("3 queue 3 sales", ""),
        ("4 accept ann 1", "ann:Busy"),
        ("5 dequeue 1", ""),
        // She hangs up in the customer's whisper.
        ("6 hungup ann 1", "ann:AgentHungUp"),
        ("6 return 1 sales 2", ""),
        ("7 clear ann", "ann:PendingBusy ann<1"),
    ]);
}

#[test]
fn a_reload_changes_who_serves_what() {
    let mut router = scenario(&[
        ("1 phone ann", "ann:Available"),
        ("1 phone bob", "bob:Available"),
        ("2 queue 1 sales", "ann:PendingBusy ann<1"),
        ("3 accept ann 1", "ann:Busy"),
    ]);
    let mut setup = router.setup.clone();
    setup.agents.remove(&AgentId::from("ann"));
    setup.profiles.get_mut(&RoutingProfileId::from("sellers")).unwrap().queues.remove(0);
    let mut out = Vec::new();
    router.reload(at(4), setup, &mut out);
    for (line, told) in [
        ("5 queue 2 sales", ""),
        ("6 queue 3 help", "bob:PendingBusy bob<3"),
        ("7 queue 4 ann", "Unknown"),
        ("8 dequeue 1", ""),
    ] {
        assert_eq!(play(&mut router, line), told, "{line}");
    }
    assert!(router.state(&"ann".into()).is_some());
    router.release(at(9), &"ann".into(), contact(1), &mut out);
    assert!(router.state(&"ann".into()).is_none());
}

#[test]
fn whose_account_a_reload_takes_away_works_after_no_call() {
    let mut router = scenario(&[
        ("1 phone dan", "dan:Available"),
        ("1 phone eve", "eve:Available"),
        ("1 phone ann", "ann:Available"),
        ("2 occupy dan 1", "dan:Busy"),
        ("2 occupy eve 2", "eve:Busy"),
        ("3 release dan 1", "dan:AfterCallWork"),
    ]);
    let mut setup = router.setup.clone();
    setup.agents.retain(|id, _| id.as_str() == "ann");
    let mut out = Vec::new();
    router.reload(at(4), setup, &mut out);
    assert_eq!(told(&router, &out, None), "bob:gone cat:gone dan:gone eve:Busy");
    assert_eq!(play(&mut router, "5 release eve 2"), "eve:gone");
    assert_eq!(router.deadline(), None);
}

#[test]
fn nobody_waits_on_in_a_queue_that_a_reload_has_taken_away() {
    let mut router = scenario(&[
        ("1 phone ann", "ann:Available"),
        ("1 phone bob", "bob:Available"),
        ("2 queue 1 sales", "ann:PendingBusy ann<1"),
        ("2 queue 2 sales", "bob:PendingBusy bob<2"),
        ("3 queue 3 sales", ""),
        ("3 queue 4 help", ""),
        ("3 queue 5 ann", ""),
        ("4 accept bob 2", "bob:Busy"),
    ]);
    let mut setup = router.setup.clone();
    setup.agents.remove(&AgentId::from("ann"));
    setup.queues.remove(&QueueId::from("sales"));
    let mut out = Vec::new();
    router.reload(at(5), setup, &mut out);
    assert_eq!(told(&router, &out, None), "!3 !5 ann:PendingBusy");
    assert_eq!([3, 4, 5].map(|n| router.is_queued(contact(n))), [false, true, false]);
    for (line, told) in [
        ("6 queue 6 sales", "Unknown"),
        ("6 return 6 sales 1", "Unknown"),
        ("6 return 7 ann 1", "Unknown"),
        // Who is being asked may still take them, and nobody is asked after them.
        ("7 missed ann 1", "ann:gone !1"),
        ("8 hungup bob 2", "bob:AgentHungUp !2"),
        ("9 clear bob", "bob:PendingBusy bob<4"),
    ] {
        assert_eq!(play(&mut router, line), told, "{line}");
    }
    assert_eq!([1, 2].map(|n| router.is_queued(contact(n))), [false, false]);
    assert_eq!(router.metrics(&Target::Queue("sales".into())), None);
}

#[test]
fn what_is_said_twice_or_too_late_changes_nothing() {
    scenario(&[
        ("1 phone ann", "ann:Available"),
        ("1 leave 7", ""),
        ("1 accept ann 7", ""),
        ("1 release ann 7", ""),
        ("2 queue 1 sales", "ann:PendingBusy ann<1"),
        ("3 leave 1", "ann>1 ann:Available"),
        ("3 accept ann 1", ""),
        ("3 missed ann 1", ""),
        ("4 status zoe Available", ""),
    ]);
}
