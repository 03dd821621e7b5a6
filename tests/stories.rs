//! Every story of `tests/stories`, read and played in virtual time, a test for each.

#[path = "stories/records.rs"]
mod records;

use cordboard::config::{self, Source};
use cordboard::contact::Monitor;
use cordboard::engine::Button;
use cordboard::site::Site;
use cordboard::story::virtual_stage::VirtualStage;
use cordboard::story::{self, Evidence, Stage as _, Story, Told};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories")
}

/// The lab that is built into the program.
fn lab() -> Arc<Site> {
    static LAB: OnceLock<Arc<Site>> = OnceLock::new();
    let load = || config::load(&Source::Lab).unwrap_or_else(|faults| panic!("the lab is wrong: {faults:?}"));
    Arc::clone(LAB.get_or_init(|| Arc::new(load())))
}

fn read(name: &str) -> Story {
    let file = format!("tests/stories/{name}.story");
    let text = fs::read_to_string(folder().join(format!("{name}.story"))).unwrap_or_else(|e| panic!("{file}: {e}"));
    story::parse(&file, &text)
        .unwrap_or_else(|faults| panic!("{}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))
}

/// What the story plays on.
fn site(story: &Story) -> Arc<Site> {
    let Some(file) = &story.installation else { return lab() };
    let file = folder().join(file);
    Arc::new(config::load(&Source::File(file)).unwrap_or_else(|faults| panic!("{faults:?}")))
}

/// Plays one story. `STORY_LADDER=1` prints its ladder also when it goes well.
fn play(name: &str) -> VirtualStage {
    play_with(name, 1)
}

fn play_with(name: &str, seed: u64) -> VirtualStage {
    let story = read(name);
    let mut stage = VirtualStage::new(&story, site(&story), seed);
    let mut evidence = Evidence::default();
    let mut told = String::new();
    let begin = stage.begin();
    let outcome = story::play(&story, &mut stage, &mut evidence, &mut |what| {
        let _ = match what {
            Told::Phase(title) => writeln!(told, "{title}:"),
            Told::Did { at, text, .. } => writeln!(told, "  {:8.3}  {text}", at.since(begin).as_secs_f64()),
            Told::Met { at, text, took, .. } => {
                writeln!(told, "  {:8.3}    {text}  (+{} ms)", at.since(begin).as_secs_f64(), took.as_millis())
            }
        };
    });
    if outcome.is_err() || std::env::var_os("STORY_LADDER").is_some() {
        println!("{told}\n{}", stage.ladder.render(begin));
    }
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    records::judge(name, &stage.records, &stage.events);
    stage
}

macro_rules! stories {
    ($($name:ident),* $(,)?) => {
        const STORIES: &[&str] = &[$(stringify!($name)),*];
        $(#[test] fn $name() { play(stringify!($name)); })*
    };
}

stories! {
    agent_cancels,
    agent_declines_for_all_phones,
    agent_dials_a_number,
    agent_does_not_answer,
    agent_is_not_registered,
    agent_leaves_in_flow,
    agent_leaves_in_queue,
    agent_leaves_while_ringing,
    agent_misses_customer,
    agent_quick_connect,
    agent_quick_connect_by_feature_code,
    agent_quick_connect_by_second_line,
    agent_rejects,
    agent_with_two_phones,
    agents_hold_key,
    agents_told_apart,
    attended_transfer,
    attended_transfer_of_consult,
    attended_transfer_of_direct_calls,
    attended_transfer_refused,
    attended_transfer_while_ringing,
    auto_accept,
    bridge_number,
    buttons_not_lit,
    call_picked_up,
    conference_of_six,
    conference_rights,
    customer_abandons,
    customer_hangs_up_in_consult,
    customer_hangs_up_in_flow,
    customer_hangs_up_in_whisper,
    customer_hangs_up_while_ringing,
    customer_transfers,
    customers_hold_key,
    digits_pass_on,
    direct_call,
    early_sound,
    external_by_phone,
    external_caller_ids,
    external_cold,
    external_early_sound,
    external_failures,
    external_quick_connect,
    external_transfer,
    external_two_parties,
    feature_code_on_either_line,
    hold_glare_491,
    hold_meets_refresh,
    hold_key_of_the_second_line,
    hold_keys_of_all_phones,
    join_while_ringing,
    lab_numbers,
    lossy_network,
    monitor_barges_in,
    monitor_coaches,
    monitor_ends,
    monitor_follows,
    monitor_forces_mute,
    monitor_in_a_consult,
    monitor_listens,
    monitor_sixth,
    mute_outlives_hold,
    outbound,
    outbound_failures,
    outside_twice,
    phones_that_negotiate,
    queue_by_phone,
    queue_closed,
    queue_cold,
    queue_cold_in_flow,
    queue_delay,
    queue_disabled,
    queue_full,
    queue_in_order,
    queue_next_idle_agent,
    queue_place_is_kept,
    queue_priority,
    queue_quick_connect,
    queue_unstaffed,
    queue_urgent,
    recording,
    recording_by_default,
    recording_of_transfer,
    recording_outside,
    recording_with_supervisor,
    reinvite_refused_488,
    resume_while_ringing,
    rtp_timeout,
    rtp_timeout_never,
    rtp_timeout_on_hold,
    second_line_refused,
    session_timers,
    status_by_phone,
    status_names,
    target_drops_in_conference,
    target_drops_in_consult,
    target_drops_in_whisper,
    transfer_and_leave,
    transfer_by_consulted_agent,
    transfer_in_conference,
    transfer_left,
    transfer_meets_glare,
    transfer_not_wanted,
    transfer_of_direct_call,
    transfer_taken_back,
    transfer_to_address,
    transfer_to_agent,
    transfer_to_number,
    transfer_to_quick_connect,
    transfer_with_a_consult_open,
    two_customers,
    whisper_limit,
}

#[test]
fn every_story_of_the_folder_is_played() {
    let found: BTreeSet<String> = fs::read_dir(folder())
        .expect("tests/stories is there")
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".story").map(str::to_owned))
        .collect();
    assert!(!found.is_empty());
    assert_eq!(found, STORIES.iter().map(|name| (*name).to_owned()).collect(), "name every story in this file");
}

/// Every message of the product's first story, in order and in time.
#[test]
fn the_ladder_of_the_agent_quick_connect() {
    let stage = play("agent_quick_connect");
    insta::assert_snapshot!(stage.ladder.render(stage.begin()));
}

/// Every field of the records of the product's first story.
#[test]
fn the_records_of_the_agent_quick_connect() {
    let stage = play("agent_quick_connect");
    insta::assert_snapshot!(serde_json::to_string_pretty(&stage.records).expect("records are JSON"));
}

/// The same seed gives the same run, to the microsecond: without that, no failure could be looked into.
#[test]
fn one_seed_one_run() {
    let ladder = || {
        let stage = play("agent_quick_connect_by_feature_code");
        stage.ladder.render(stage.begin())
    };
    assert_eq!(ladder(), ladder());
}

/// What is lost, comes twice or too late is another part of the call with every seed.
#[test]
fn a_lossy_network_is_lived_with_whatever_it_loses() {
    for seed in 2..10 {
        println!("seed {seed}");
        play_with("lossy_network", seed);
    }
}

/// What a supervisor sees of a queue: who waits in which position, and what its agents do.
#[test]
fn the_queues_tell_who_waits_and_who_is_there() {
    let text = "Story: A full hour\nGuests: one, two, three\nAgents: maria, peter\n\nThree call, and Maria is there:\n  \
        peter presses status Lunch\n  one dials 2000\n  wait 1 s\n  two dials 2000\n  wait 1 s\n  three dials 2000\n  \
        expect maria's phone rings\n    maria's phone shows One\n  wait 5 s\n  expect peter's phone rings within 100 ms\n";
    let story = story::parse("queue.story", text).unwrap_or_else(|faults| panic!("{faults:?}"));
    let mut stage = VirtualStage::new(&story, lab(), 1);
    // The last line breaks the story off, so that nobody hangs up.
    let broken_off = story::play(&story, &mut stage, &mut Evidence::default(), &mut |_| {}).unwrap_err();
    assert_eq!(broken_off.text, "peter's phone rings within 100 ms");
    let queues = stage.engine().queues(stage.now());
    let names: Vec<_> = queues.iter().map(|queue| (queue.id.as_str(), queue.contacts_in_queue)).collect();
    assert_eq!(names, [("PasswordReset", 3), ("Support", 0)]);
    let queue = &queues[0];
    assert!(queue.enabled && queue.open);
    // Maria is being offered the first, so she is neither available nor on a contact; Peter is at lunch.
    assert_eq!((queue.agents_online, queue.agents_staffed, queue.agents_non_productive), (2, 1, 1));
    assert_eq!((queue.agents_available, queue.agents_on_contact, queue.agents_error), (0, 0, 0));
    assert!((7..9).contains(&queue.oldest_contact_age), "{queue:?}");
    let positions: Vec<_> = queue.contacts.iter().map(|waits| waits.position).collect();
    assert_eq!(positions, [1, 2], "{queue:?}");
    assert!(queue.contacts[0].enqueued_at < queue.contacts[1].enqueued_at, "{queue:?}");
    assert!(queue.oldest_contact.as_ref().is_some_and(|oldest| *oldest < queue.contacts[0].enqueued_at));
}

/// Who looks at a conversation sees how it sounds: that of each party, and no more often than every ten seconds.
#[test]
fn an_agents_screen_says_how_his_calls_sound() {
    let text = "Story: Sound\nGuests: customer\nAgents: john\nNetwork: delay 5 ms, loses 3 %\n\nThey talk:\n  \
        customer dials 1000\n  expect john's phone rings within 20 s\n  john answers\n  \
        expect customer and john hear each other within 20 s\n  wait 30 s\n  \
        expect john has no contact\n";
    let story = story::parse("sound.story", text).unwrap_or_else(|faults| panic!("{faults:?}"));
    let mut stage = VirtualStage::new(&story, lab(), 1);
    let mut evidence = Evidence::default();
    // The last line breaks the story off, so that nobody hangs up.
    let broken_off = story::play(&story, &mut stage, &mut evidence, &mut |_| {}).unwrap_err();
    assert_eq!(broken_off.text, "john has no contact");
    let screen = stage.engine().snapshot(&"john".into()).expect("john is an agent");
    let rows = &screen.contacts[0].connections;
    assert_eq!(rows.len(), 2);
    for row in rows {
        let quality = row.quality.as_ref().unwrap_or_else(|| panic!("{} sounds like nothing", row.name));
        assert!(quality.packets_received > 900 && quality.packets_sent > 900, "{quality:?}");
        assert_eq!(quality.bytes_received, quality.packets_received * 160);
        assert!((5..100).contains(&quality.packets_lost), "{quality:?}");
        assert!(quality.jitter_ms < 5.0, "{quality:?}");
        assert!((3.0..4.4).contains(&quality.mos.unwrap()), "{quality:?}");
    }
}

/// Who may listen, and to what, in the words of the refusal.
#[test]
fn whoever_may_not_listen_is_told_why() {
    let text = "Story: Nothing to listen to\nGuests: customer\nAgents: john, maria, anna\n\nThey talk:\n  \
        anna unregisters\n  customer dials 1000\n  expect john's phone rings within 20 s\n  wait 1 s\n  \
        expect john has no contact\n";
    let story = story::parse("refused.story", text).unwrap_or_else(|faults| panic!("{faults:?}"));
    let mut stage = VirtualStage::new(&story, lab(), 1);
    let mut evidence = Evidence::default();
    // The last line breaks the story off, so that nobody hangs up.
    let broken_off = story::play(&story, &mut stage, &mut evidence, &mut |_| {}).unwrap_err();
    assert_eq!(broken_off.text, "john has no contact");
    let rings = stage.engine().snapshot(&"john".into()).expect("john is an agent").contacts[0].contact_id.clone();
    let nowhere = "00000000-0000-0000-0000-000000000000";
    let anna = story::script::Party::from("anna");
    let maria = story::script::Party::from("maria");
    for (agent, contact, why) in [
        (&maria, rings.as_str(), "maria is no supervisor"),
        (&maria, nowhere, "maria is no supervisor"),
        (&anna, nowhere, "there is no contact"),
        (&anna, "john", "there is no contact john"),
        (&anna, rings.as_str(), "no phone registered"),
    ] {
        let button = Button::MonitorContact { contact: contact.to_owned() };
        let refused = stage.press(agent, button, &mut evidence).unwrap_err();
        assert!(refused.contains(why), "{agent} {contact}: {refused}");
    }
    for (agent, why) in [(&maria, "maria is no supervisor"), (&anna, "on no contact")] {
        let button = Button::UpdateMonitorParticipantState { contact: None, state: Monitor::Barge };
        let refused = stage.press(agent, button, &mut evidence).unwrap_err();
        assert!(refused.contains(why), "{agent}: {refused}");
    }
}
