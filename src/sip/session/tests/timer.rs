//! Session timers, a row per rule of RFC 4028.

use super::world::World;
use crate::sip::{Event, Method, OfferBy, Out, SessionId, Status};

fn end(mut world: World, node: usize, session: SessionId) {
    world.end(node, session);
    world.finish();
}

/// Does what is asked for: repeats the description.
fn reinvite(world: &mut World, node: usize, session: SessionId) {
    assert_eq!(world.offer(node, session, OfferBy::ReInvite, "as it is"), Ok(()));
}

#[test]
fn the_caller_refreshes_half_way_by_update() {
    let mut world = World::new(1, 2);
    let (caller, _) = world.up();
    world.run(899_000);
    assert_eq!(world.sent(), "", "section 7.2");
    world.run(10_000);
    assert_eq!(world.sent(), "a>b UPDATE, b>a 200", "section 7.4");
    world.run(900_000);
    assert_eq!(world.sent(), "a>b UPDATE, b>a 200", "and so on");
    assert_eq!(
        world.told(0),
        "Refresh Update, OfferAnswered 200, Refresh Update, OfferAnswered 200",
        "who knows what was said last repeats it"
    );
    assert_eq!(world.told(1), "", "the other is not concerned");
    end(world, 0, caller);
}

#[test]
fn who_has_no_update_is_refreshed_by_reinvite() {
    for (rule, said) in [("section 7.4: Allow has none", false), ("it says so, and refuses it", true)] {
        let mut world = World::new(1, 2);
        let allow = &mut world.nodes[1].endpoint.settings_mut().allow;
        if !said {
            allow.retain(|method| *method != Method::Update);
        }
        let (caller, callee) = world.up();
        world.nodes[1].endpoint.settings_mut().allow.retain(|method| *method != Method::Update);
        world.run(905_000);
        assert_eq!(world.sent(), if said { "a>b UPDATE, b>a 405" } else { "" }, "{rule}");
        let refused = if said { "Refresh Update, OfferAnswered 405, " } else { "" };
        assert_eq!(world.told(0), format!("{refused}Refresh ReInvite"), "{rule}");
        reinvite(&mut world, 0, caller);
        world.run(5);
        world.told(1);
        world.answer(1, callee, Ok("the same"));
        world.run(905_000);
        assert_eq!(
            world.told(0),
            "OfferAnswered 200 the same, Refresh ReInvite",
            "{rule}: it counts, and the next comes"
        );
        end(world, 0, caller);
    }
}

#[test]
fn without_a_refresh_both_ends_hang_up_before_the_end() {
    // Who refreshes is silent; the other waits 1800 - 32 s.
    let mut world = World::new(1, 2);
    world.up();
    world.lose = vec![(0, "", 999)];
    world.run(1_767_000);
    assert_eq!(world.told(1), "", "section 10");
    assert_eq!(world.told(0), "Refresh Update, Ended Timeout 408", "nobody answers its UPDATE");
    world.run(2_000);
    assert_eq!(world.told(1), "Ended Timeout 408", "section 10");
    world.finish();
}

#[test]
fn a_refresh_that_is_refused_is_no_end_until_the_end() {
    let mut world = World::new(1, 2);
    let (caller, callee) = world.up();
    world.nodes[1].endpoint.settings_mut().allow.retain(|method| *method != Method::Update);
    world.run(905_000);
    assert_eq!(world.told(0), "Refresh Update, OfferAnswered 405, Refresh ReInvite");
    for _ in 0..4 {
        reinvite(&mut world, 0, caller);
        world.run(5);
        world.told(1);
        world.answer(1, callee, Err(Status::NOT_ACCEPTABLE_HERE));
        world.run(181_000);
        assert_eq!(world.told(0), "OfferAnswered 488, Refresh ReInvite", "a tenth of the interval later");
    }
    world.run(300_000);
    assert_eq!(world.told(1), "Ended Timeout 408", "a few milliseconds before the other");
    world.finish();
}

#[test]
fn too_short_an_interval_is_refused_and_asked_for_again() {
    // What the callee takes at least, and what is agreed in the end.
    let mut world = World::new(1, 2);
    world.nodes[1].endpoint.settings_mut().min_se = 3_000;
    let caller = world.call(0, 1);
    world.run(5);
    assert_eq!(world.sent(), "a>b INVITE, b>a 422, a>b ACK, a>b INVITE, b>a 100", "section 7.3");
    let callee = world.incoming(1);
    world.accept(1, callee);
    world.run(5);
    assert_eq!(world.header(0, "Session-Expires"), "3000;refresher=uac");
    assert_eq!(world.told(0), "Answered answer", "section 7.3: the caller's own business");
    world.sent();
    // The least rises in the middle of the call: an offer and a refresh are asked for again.
    world.nodes[1].endpoint.settings_mut().min_se = 4_000;
    reinvite(&mut world, 0, caller);
    world.run(5);
    let Some(Event::OfferAnswered { status, retry_after, .. }) = world.nodes[0].events.pop() else { panic!() };
    assert_eq!((status, retry_after), (Status::SESSION_INTERVAL_TOO_SMALL, Some(crate::time::Duration::ZERO)));
    world.nodes[1].endpoint.settings_mut().min_se = 5_000;
    world.sent();
    world.run(2_002_000);
    assert_eq!(world.sent(), "a>b UPDATE, b>a 422, a>b UPDATE, b>a 200");
    assert_eq!(world.header(0, "Session-Expires"), "5000;refresher=uac");
    world.told(1);
    end(world, 0, caller);
}

/// A call of somebody who says this of timers, and no more.
fn call_saying(world: &mut World, lines: &str) -> SessionId {
    let call = world.call_to(0, world.nodes[1].address, Some("offer"));
    let lines = lines.replace('|', "\r\n");
    world.at(0, |endpoint, now, out| {
        let mut sent = Vec::new();
        let session = endpoint.invite(now, call, &mut sent);
        out.extend(sent.into_iter().map(|each| match each {
            Out::Send { to, bytes } => {
                let text = String::from_utf8(bytes.to_vec()).unwrap();
                Out::Send { to, bytes: text.replace("Session-Expires: 1800", &lines).into() }
            }
            other => other,
        }));
        session
    })
}

/// What a caller asks for, and what he gets.
#[test]
fn what_is_granted() {
    for (rule, lines, granted, required) in [
        (
            "table 2: whoever asks refreshes, if he says nothing",
            "Supported: timer|Session-Expires: 600",
            "600;refresher=uac",
            true,
        ),
        ("table 2: as he says", "Supported: timer|Session-Expires: 600;refresher=uac", "600;refresher=uac", true),
        ("table 2: as he says", "Supported: timer|x: 600;refresher=uas", "600;refresher=uas", false),
        ("no more than we want", "Supported: timer|Session-Expires: 7200", "1800;refresher=uac", true),
        ("no less than Min-SE", "Supported: timer|Session-Expires: 100|Min-SE: 2000", "2000;refresher=uac", true),
        ("he knows of it, and leaves it to us", "k: timer", "1800;refresher=uas", false),
        (
            "table 2: asked for by a proxy, so we do it",
            "Session-Expires: 600;refresher=uac",
            "600;refresher=uas",
            false,
        ),
        ("section 9: nobody to refuse", "Session-Expires: 60", "90;refresher=uas", false),
        ("nobody asks", "Subject: x", "", false),
        ("not to be read", "Supported: timer|Session-Expires: soon", "1800;refresher=uas", false),
        ("section 9: too short", "Supported: timer|Session-Expires: 89", "422", false),
        ("section 9: too short", "Require: timer|Session-Expires: 1", "422", false),
    ] {
        let mut world = World::new(1, 2);
        world.nodes[0].endpoint.settings_mut().supported.clear();
        let session = call_saying(&mut world, lines);
        world.run(5);
        if granted == "422" {
            assert_eq!(world.header(0, "Min-SE"), "90", "{rule}");
            assert_eq!(world.told(1), "", "{rule}");
            continue;
        }
        let callee = world.incoming(1);
        world.accept(1, callee);
        world.run(5);
        assert_eq!(world.header(0, "Session-Expires"), granted, "{rule}");
        assert_eq!(world.header(0, "Require") == "timer", required, "{rule}");
        end(world, 0, session);
    }
}

#[test]
fn the_callee_refreshes_where_it_is_left_to_it() {
    let mut world = World::new(1, 2);
    let caller = call_saying(&mut world, "Session-Expires: 90;refresher=uas");
    world.run(5);
    let callee = world.incoming(1);
    world.accept(1, callee);
    world.run(5);
    world.sent();
    world.run(46_000);
    assert_eq!(world.sent(), "b>a UPDATE, a>b 200");
    assert_eq!(world.header(0, "Session-Expires"), "90;refresher=uac", "the roles are those of this request");
    // An offer in flight does not hold it up for long.
    world.run(43_000);
    world.offer(0, caller, OfferBy::ReInvite, "x").unwrap();
    world.run(3_000);
    assert_eq!(world.sent(), "a>b INVITE, b>a 100");
    world.answer(1, callee, Ok("y"));
    world.run(46_000);
    assert_eq!(world.sent(), "b>a 200, a>b ACK, b>a UPDATE, a>b 200", "a re-INVITE counts as well");
    end(world, 0, caller);
}
