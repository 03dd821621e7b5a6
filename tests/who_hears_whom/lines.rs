//! Calls that are no contact centre's: prompts, an echo, rooms, and one party called by another.

use super::stage::{Stage, catalog};
use cordboard::contact::{Call, Dial, Hears, Identity, Kind, Out, Press, Reason, Tone};
use cordboard::ids::{ContactId, PlayId};

fn carol() -> Identity {
    Identity { name: "Carol".into(), address: "carol".into() }
}

#[test]
fn a_prompt_is_played_once_or_for_ever() {
    for (repeat, over) in [(false, true), (true, false)] {
        let mut s = Stage::begin(catalog(), "caller", |cx| Call::play(cx, carol(), &"Beep.wav".into(), repeat));
        s.hears("caller:Beep.wav");
        s.act(|call, cx| call.played(cx, PlayId(999)));
        s.hears("caller:Beep.wav");
        s.played("caller");
        assert_eq!(s.call.is_over(), over);
        assert_eq!(s.hung_up("caller"), over.then_some(Reason::Dropped));
    }
    // A beep for what has been dialled.
    let mut s = Stage::begin(catalog(), "caller", |cx| Call::confirm(cx, carol()));
    s.hears(&format!("caller:{:?}", Tone::Beep));
    s.played("caller");
    assert!(s.call.is_over());
}

#[test]
fn an_echo_and_a_room() {
    let mut s = Stage::begin(catalog(), "caller", |cx| Call::echo(cx, carol()));
    s.hears("caller:caller");
    let want = s.call.plan().remove(&s.id("caller")).unwrap();
    assert_eq!((want.shows, s.screen("caller").as_str()), (None, "connected, Connected: leave"));
    s.wait(1_000);
    s.bye("caller");
    assert!(s.call.is_over());

    let mut s = Stage::begin(catalog(), "first", |cx| Call::room(cx, carol()));
    s.hears("first:silence");
    let second = s.act(|call, cx| call.join_room(cx, carol())).unwrap();
    s.who.insert("second", second);
    s.hears("first:second second:first");
    // An agent who is brought in is there as everybody is.
    let john = {
        let s = Stage::talking();
        let mut john = s.call.connections()[&s.id("john")].clone();
        john.contact = ContactId::parse(&"0".repeat(32)).unwrap();
        john.id = cordboard::ids::ConnectionId(77);
        john
    };
    s.call.enter_room(john.clone());
    s.who.insert("third", john.id);
    s.hears("first:second+third second:first+third third:first+second");
    let c = &s.call.connections()[&john.id];
    assert_eq!((c.agent.clone(), c.kind, s.call.contacts().contains_key(&c.contact)), (None, Kind::Inbound, true));
    assert!(!s.call.has_buttons());
    s.bye("second");
    s.bye("third");
    // Whoever is left waits for the next, without a tone.
    s.hears("first:silence");
    assert!(!s.call.is_over());
    s.bye("first");
    assert!(s.call.is_over() && s.call.contacts().values().all(|k| k.is_over()));
    // The room may be empty.
    let s = Stage::begin(catalog(), "first", |cx| Call::room_of(cx, john));
    s.hears("first:silence");
}

#[test]
fn one_party_calls_another() {
    for agent in [None, Some("john")] {
        let address = || Dial::Address("zoe@example.com".into());
        // It rings as long as the network outside lets it; while it does, the call stands.
        let mut s = Stage::bridge(agent, address());
        s.ring("callee");
        let rings = |s: &Stage, early| s.out.contains(&Out::Ring { connection: s.id("caller"), early });
        assert!(rings(&s, false) && !rings(&s, true) && !s.call.has_buttons());
        assert_eq!(s.call.deadline(), None);
        s.wait(600);
        s.hears("");
        assert!(!s.call.is_over());
        // Neither hears anything before the answer, except what the far end says early.
        let callee = s.id("callee");
        s.act(|call, cx| call.early(cx, callee, true));
        assert!(rings(&s, true));
        let plan = s.call.plan();
        assert_eq!(plan[&s.id("caller")].hears, Hears::Parties(vec![callee]));
        s.act(|call, cx| call.early(cx, callee, false));
        assert!(s.call.plan().is_empty());
        s.answer("callee");
        s.hears("callee:caller caller:callee");
        // A Hold key is only shown: nobody is moved to a hold flow.
        for who in ["caller", "callee"] {
            let id = s.id(who);
            s.act(|call, cx| call.phone_hold(cx, id, true));
            s.hears("callee:caller caller:callee");
            s.act(|call, cx| call.phone_hold(cx, id, false));
        }
        s.bye("callee");
        assert_eq!(s.hung_up("caller"), Some(Reason::Dropped));
        assert!(s.call.is_over());
        // He gives up.
        let mut s = Stage::bridge(agent, address());
        s.bye("caller");
        assert_eq!(s.hung_up("callee"), Some(Reason::Dropped));
        assert!(s.call.is_over());
        // It is refused.
        let mut s = Stage::bridge(agent, address());
        let callee = s.id("callee");
        s.act(|call, cx| call.failed(cx, callee, Reason::Busy));
        assert_eq!(s.hung_up("caller"), Some(Reason::Busy));
        assert!(s.call.is_over());
    }
    // An agent who is called sees a call that comes in.
    let mut s = Stage::bridge(None, Dial::Agent("maria".into()));
    assert_eq!(s.screen("callee"), "connecting, Connecting: rejectContact");
    s.answer("callee");
    // All that she can do is lit, and all that is lit she can do.
    assert_eq!(s.screen("callee"), "connected, Connected: leave");
    let caller = s.id("caller");
    for press in [Press::HoldAll, Press::QuickConnect("peter".into()), Press::Drop(caller), Press::Mute(caller)] {
        assert!(s.refuses("maria", &press), "{press:?}");
    }
    s.press("maria", Press::Leave);
    assert_eq!((s.hung_up("callee"), s.hung_up("caller")), (Some(Reason::Left), Some(Reason::Dropped)));
    assert!(s.call.is_over());
    // So can who has called.
    let mut s = Stage::bridge(Some("john"), Dial::Address("ann@example.com".into()));
    s.answer("callee");
    assert_eq!(s.screen("caller"), "connected, Connected: leave");
    s.press("john", Press::Leave);
    assert!(s.call.is_over());
}
