//! The Transfer key: who is refused, what is heard meanwhile, and what becomes of everybody when it fails.

use super::flows::{flow, with};
use super::stage::{Stage, catalog};
use cordboard::contact::{
    Call, Dial, Goal, Identity, Out, Place, Press, Progress, QuickConnect, QuickConnectTo, Reason, Refused, State,
};
use cordboard::flow::FlowType;
use cordboard::ids::ConnectionId;
use cordboard::limits::PARTIES;

fn zoe() -> Goal {
    Goal::Address("zoe@example.com".into())
}

fn failed(s: &mut Stage, who: &str) {
    let id = s.id(who);
    s.act(|call, cx| call.failed(cx, id, Reason::Busy));
}

/// How the transfers went that this party asked for.
fn told(s: &Stage, who: &str) -> Vec<Progress> {
    let of_his = |out: &Out| match out {
        Out::Transfer { connection, progress } if *connection == s.id(who) => Some(*progress),
        _ => None,
    };
    s.out.iter().filter_map(of_his).collect()
}

#[test]
fn who_may_not_transfer() {
    let play = || Goal::Play { prompt: "Beep.wav".into(), repeat: false };
    // The customer, when there are several; anybody whose part has not begun, and while another is being called.
    let mut s = Stage::consult();
    s.press("john", Press::Join);
    assert!(s.transfer("customer", zoe()).is_err());
    // Several cannot all hear one flow, nor go into a room.
    for goal in [play(), Goal::Echo, Goal::Flow("Support line".into())] {
        assert!(s.transfer("john", goal).is_err());
    }
    let john = s.id("john");
    assert!(s.act(|call, cx| call.transfer_to_room(cx, john)).is_err());
    let mut s = Stage::ringing();
    assert!(s.transfer("john", zoe()).is_err());
    s.answer("maria");
    assert!(s.transfer("maria", zoe()).is_err());
    assert!(s.transfer("customer", zoe()).is_err());
    // Nor is one transfer begun within another.
    let mut s = Stage::talking();
    assert_eq!(s.transfer("john", zoe()), Ok(()));
    assert!(s.transfer("john", zoe()).is_err());
    // Nor to somebody who is there already, unless she is gone; she whom he once called is in nobody's way.
    let mut s = Stage::consult();
    s.press("john", Press::Join);
    assert!(s.transfer("john", Goal::Agent("maria".into())).is_err());
    s.bye("maria");
    assert_eq!(s.transfer("john", Goal::Agent("maria".into())), Ok(()));
    let row = s.newest("again");
    let contact = s.call.connections()[&row].contact;
    assert!(s.out.contains(&Out::Occupy { contact, agent: "maria".into() }));
    failed(&mut s, "again");
    assert!(s.out.contains(&Out::Vacate { contact, agent: "maria".into() }));
    s.hears("customer:john john:customer");
    // With somebody on each line it is open who is meant.
    let mut s = Stage::talking();
    let line = s.act(|call, cx| call.second_line(cx, &"john".into(), &"maria".into())).unwrap();
    s.who.insert("john2", line);
    s.played("john2");
    s.offer("maria");
    s.answer("maria");
    s.played("maria");
    s.played("john2");
    assert!(s.transfer("john", zoe()).is_err());
    s.press("john", Press::Join);
    assert_eq!(s.transfer("john", zoe()), Ok(()));
    // Whoever hears a whisper does not yet know whom he gets.
    let mut s = Stage::of(catalog(), "Support line");
    s.played("customer");
    s.offer("john");
    s.answer("john");
    assert!(s.transfer("john", zoe()).is_err());
    assert!(s.transfer("customer", zoe()).is_err());
    // One alone is handed over.
    for goal in [play(), Goal::Echo, Goal::Flow("Support line".into()), zoe()] {
        assert_eq!(Stage::talking().transfer("john", goal), Ok(()));
    }
    let mut s = Stage::talking();
    let john = s.id("john");
    assert!(s.act(|call, cx| call.transfer_to_room(cx, john)).is_ok());
}

#[test]
fn a_contact_holds_so_many_parties() {
    let mut s = Stage::talking();
    for number in s.call.connections().len()..PARTIES {
        assert!(number < PARTIES);
        let agent = format!("agent{number}");
        let entry = cordboard::contact::Agent { name: agent.clone(), ..Default::default() };
        s.catalog.agents.insert(agent.as_str().into(), entry);
        let to = QuickConnectTo::Agent { agent: agent.as_str().into(), flow: "Agent transfer".into() };
        s.catalog.quick_connects.insert(agent.as_str().into(), QuickConnect { name: agent.clone(), code: None, to });
        s.catalog.agents.get_mut("john").unwrap().quick_connects.push(agent.as_str().into());
        s.press("john", Press::QuickConnect(agent.as_str().into()));
        s.played("john");
        let contact = s.pending();
        s.act(|call, cx| call.offer(cx, contact, &agent.as_str().into()));
        let row = s.newest("last");
        s.act(|call, cx| call.answered(cx, row));
        s.played("last");
        s.played("john");
    }
    let more = s.act(|call, cx| call.press(cx, &"john".into(), &Press::QuickConnect("maria".into())));
    assert!(matches!(more, Err(Refused::Quota(_))), "{more:?}");
    let more = s.transfer("john", zoe());
    assert!(matches!(more, Err(Refused::Quota(_))), "{more:?}");
    // Two lines of one are one.
    s.bye("last");
    s.act(|call, cx| call.second_line(cx, &"john".into(), &"maria".into())).unwrap();
}

#[test]
fn whom_he_leaves_behind_waits_and_is_given_back() {
    // On hold for him or not, they hear the hold flow as people who wait; of several the customer stands for all.
    for hold in [false, true] {
        let mut s = Stage::consult();
        s.press("john", Press::Join);
        if hold {
            s.press("john", Press::HoldAll);
        }
        assert_eq!(s.transfer("john", zoe()), Ok(()));
        s.newest("zoe");
        s.hears("customer:maria john:silence maria:customer");
        let party = s.call.contacts()[&s.pending()].party;
        assert_eq!(party, s.id("customer"));
        // Somebody else hangs up: she is called for those who are left.
        s.bye("maria");
        s.hears("customer:CustomerHold.wav john:silence");
        // He for whom she is called does: nobody is left to talk to.
        s.bye("customer");
        assert!(matches!(told(&s, "john")[..], [Progress::Failed { why: Reason::HungUp, .. }]));
        assert!(s.call.is_over());
    }
    let mut s = Stage::talking();
    s.press("john", Press::HoldAll);
    assert_eq!(s.transfer("john", zoe()), Ok(()));
    s.newest("zoe");
    s.hears("customer:CustomerHold.wav john:silence");
    assert_eq!(s.screen("john"), "connected, Transferring: leave resumeAll; zoe: destroyConnection");
    let party = s.call.contacts().values().find(|k| k.previous.is_some()).map(|k| k.party);
    assert_eq!(party, Some(s.id("customer")));
    // Only whom he called can he drop, and he has the others back.
    assert!(s.refuses("john", &Press::Drop(s.id("customer"))));
    s.press("john", Press::Drop(s.id("zoe")));
    s.hears("customer:john john:customer");
    let (why, like) = (Reason::Cancelled, Some(s.id("zoe")));
    assert_eq!(told(&s, "john"), [Progress::Failed { why, like }]);
    for press in [Press::ResumeAll, Press::DropLast] {
        assert_eq!(s.transfer("john", zoe()), Ok(()));
        s.press("john", press);
        s.hears("customer:john john:customer");
    }
    // He may go before she answers. If she does not, the customer waits where he last waited.
    for goal in [zoe(), Goal::Agent("maria".into())] {
        let mut s = Stage::talking();
        assert_eq!(s.transfer("john", goal.clone()), Ok(()));
        let row = s.newest("called");
        let contact = s.call.connections()[&row].contact;
        s.press("john", Press::Leave);
        s.hears("customer:CustomerHold.wav");
        failed(&mut s, "called");
        assert_eq!(s.row("called").0, State::Disconnected(Reason::Busy));
        s.hears("customer:ThankYouForCalling.wav");
        assert_eq!(s.call.place(s.pending()), Some(&Place::Queue("Support".into())));
        // Hers goes on; that of somebody outside is over.
        assert_eq!(s.pending() == contact, goal != zoe());
        let vacated = s.out.contains(&Out::Vacate { contact, agent: "maria".into() });
        assert_eq!(vacated, goal != zoe());
    }
    // Whom somebody else holds stays held: that one's affair.
    let mut s = Stage::consult();
    s.press("john", Press::Join);
    s.press("maria", Press::Hold(s.id("customer")));
    assert_eq!(s.transfer("john", zoe()), Ok(()));
    s.newest("zoe");
    s.hears("customer:CustomerHold.wav(held) john:silence maria:YouAreOnHold.wav");
}

#[test]
fn a_hold_key_that_still_holds_takes_them_back_on_hold() {
    let mut s = Stage::talking();
    let john = s.id("john");
    s.act(|call, cx| call.phone_hold(cx, john, true));
    assert_eq!(s.transfer("john", zoe()), Ok(()));
    s.newest("zoe");
    s.hears("customer:CustomerHold.wav john:silence");
    failed(&mut s, "zoe");
    s.hears("customer:CustomerHold.wav(held) john:silence");
    // A customer's key, and that of an end of a plain call, holds nobody.
    let mut s = Stage::talking();
    let customer = s.id("customer");
    s.act(|call, cx| call.phone_hold(cx, customer, true));
    assert_eq!(s.transfer("customer", zoe()), Ok(()));
    s.newest("zoe");
    failed(&mut s, "zoe");
    s.hears("customer:john john:customer");
    let mut s = Stage::bridge(Some("john"), Dial::Address("ann@example.com".into()));
    s.answer("callee");
    let caller = s.id("caller");
    s.act(|call, cx| call.phone_hold(cx, caller, true));
    assert_eq!(s.transfer("caller", zoe()), Ok(()));
    s.newest("zoe");
    s.hears("callee:CustomerHold.wav caller:silence");
    failed(&mut s, "zoe");
    s.hears("callee:caller caller:callee");
    // They are a plain call again: an agent's key holds nobody, and one hangs up on the other.
    s.bye("callee");
    assert_eq!(s.hung_up("caller"), Some(Reason::Dropped));
    assert!(s.call.is_over());
}

#[test]
fn an_agent_who_was_called_and_handed_on_is_no_end_of_a_plain_call_any_more() {
    for (answers, heard) in
        [(true, "callee:silence zoe:CustomerHold.wav(held)"), (false, "callee:caller caller:callee")]
    {
        let mut s = Stage::bridge(None, Dial::Agent("maria".into()));
        s.answer("callee");
        assert_eq!(s.transfer("caller", zoe()), Ok(()));
        s.newest("zoe");
        if answers {
            s.answer("zoe");
        } else {
            failed(&mut s, "zoe");
        }
        let maria = s.id("callee");
        s.act(|call, cx| call.phone_hold(cx, maria, true));
        s.hears(heard);
    }
}

#[test]
fn he_is_told_that_they_wait_in_a_queue() {
    // A queue may take its time, so he may go; an agent is there or is not.
    let queued = flow("To a queue", FlowType::QueueTransfer, &[("TransferContactToQueue", serde_json::json!({}))]);
    let mut catalog = with([queued]);
    let to = QuickConnectTo::Queue { queue: "Support".into(), flow: "To a queue".into() };
    catalog.quick_connects.insert("support".into(), QuickConnect { name: "Support".into(), code: None, to });
    catalog.agents.get_mut("john").unwrap().quick_connects.push("support".into());
    let mut s = Stage::talking_with(catalog);
    assert_eq!(s.transfer("john", Goal::QuickConnect("support".into())), Ok(()));
    assert_eq!(told(&s, "john"), [Progress::Queued]);
    assert_eq!(s.call.place(s.pending()), Some(&Place::Queue("Support".into())));
    let mut s = Stage::talking();
    assert_eq!(s.transfer("john", Goal::QuickConnect("maria".into())), Ok(()));
    s.played("customer");
    assert_eq!(told(&s, "john"), []);
    s.offer("maria");
    s.ring("maria");
    assert_eq!(told(&s, "john"), [Progress::Rings]);
}

/// Another call, in which John is the caller, as its line and the other end's.
fn another(s: &mut Stage, to: Dial) -> (Call, ConnectionId, ConnectionId) {
    let john = Identity { name: "John".into(), address: "john".into() };
    let (call, line) = s.act(|_, cx| Call::bridge(cx, john, Some("john".into()), to));
    let end = *call.connections().keys().next_back().unwrap();
    (call, line, end)
}

#[test]
fn two_calls_of_one_person_become_one() {
    let ann = || Dial::Address("ann@example.com".into());
    // She has answered: they talk at once, and he is gone.
    let mut s = Stage::talking();
    let (mut other, line, end) = another(&mut s, ann());
    s.act(|_, cx| other.answered(cx, end));
    let john = s.id("john");
    s.who.extend([("ann", end), ("john2", line)]);
    assert_eq!(s.act(|call, cx| call.merge(cx, john, other, line)), Ok(()));
    s.hears("ann:customer customer:ann");
    assert_eq!((s.hung_up("john"), s.hung_up("john2")), (Some(Reason::Left), Some(Reason::Left)));
    assert_eq!(told(&s, "john"), [Progress::Connected]);
    // She rings: the customer waits for her, and his line that nobody has answered is over.
    let mut s = Stage::talking();
    let (other, line, end) = another(&mut s, ann());
    let john = s.id("john");
    s.who.extend([("ann", end), ("john2", line)]);
    assert_eq!(s.act(|call, cx| call.merge(cx, john, other, line)), Ok(()));
    s.hears("customer:CustomerHold.wav john:silence");
    assert_eq!((s.hung_up("john"), s.hung_up("john2")), (None, Some(Reason::Cancelled)));
    s.answer("ann");
    s.hears("ann:customer customer:ann");
    assert_eq!(s.hung_up("john"), Some(Reason::Left));
    // From a flow or a test line he hands on what he hears.
    let carol = || Identity { name: "John".into(), address: "john".into() };
    let mut s = Stage::talking();
    let (other, line) = s.act(|_, cx| Call::echo(cx, carol()));
    let john = s.id("john");
    assert_eq!(s.act(|call, cx| call.merge(cx, john, other, line)), Ok(()));
    s.hears("customer:customer");
    // A flow goes on where it is.
    let mut s = Stage::talking();
    let (other, line) = s.act(|_, cx| Call::inbound(cx, carol(), &"Support line".into()));
    assert_eq!(s.act(|call, cx| call.merge(cx, john, other, line)), Ok(()));
    s.hears("customer:Welcome.wav");
    // A customer of an agent hands on that agent.
    let mut s = Stage::talking();
    let mut hers = Stage::of(catalog(), "Support line");
    hers.played("customer");
    hers.offer("maria");
    hers.answer("maria");
    let (other, line, john) = (hers.call.clone(), hers.id("customer"), s.id("john"));
    assert_eq!(s.act(|call, cx| call.can_merge(cx, john, &other, line)), Ok(()));
    assert!(!other.serves(line) && s.call.serves(john));
    // What cannot be: two contacts of an agent, a room, a conference, a call that has not come to him yet, himself gone.
    let conference = {
        let mut s = Stage::consult();
        s.press("john", Press::Join);
        s.call
    };
    let serving = Stage::talking();
    let gone = {
        let mut s = Stage::consult();
        s.bye("customer");
        s
    };
    let room = s.act(|_, cx| Call::room(cx, carol()));
    let (comes, _, called) = another(&mut s, Dial::Agent("john".into()));
    for (what, other, line) in [
        ("two contacts", serving.call.clone(), serving.id("john")),
        ("a room", room.0, room.1),
        ("a conference", conference, line),
        ("nobody is there", comes, called),
        ("himself gone", gone.call.clone(), gone.id("customer")),
        ("his own agent self", serving.call.clone(), serving.id("customer")),
    ] {
        assert!(s.act(|call, cx| call.can_merge(cx, john, &other, line)).is_err(), "{what}");
        assert!(s.act(|call, cx| call.merge(cx, john, other, line)).is_err(), "{what}");
        s.hears("customer:john john:customer");
    }
}

#[test]
fn nobody_is_brought_together_with_himself() {
    let mut s = Stage::talking();
    let mut other = Stage::bridge(Some("john"), Dial::Address("sip:ann@example.com".into()));
    other.answer("callee");
    let (customer, line) = (s.id("customer"), other.id("callee"));
    assert!(s.act(|call, cx| call.can_merge(cx, customer, &other.call, line)).is_err(), "John is at both ends");
    let mut other = Stage::bridge(Some("maria"), Dial::Address("sip:ann@example.com".into()));
    other.answer("callee");
    let line = other.id("callee");
    assert_eq!(s.act(|call, cx| call.can_merge(cx, customer, &other.call, line)), Ok(()));
}

#[test]
fn who_completes_what_he_began_on_his_second_line() {
    let completes = |s: &mut Stage, who: &str, other: &str| {
        let (id, other) = (s.id(who), s.id(other));
        s.act(|call, cx| call.complete(cx, id, other))
    };
    let second = |s: &mut Stage, to: &str| {
        let line = s.act(|call, cx| call.second_line(cx, &"john".into(), &to.into())).unwrap();
        s.who.insert("john2", line);
    };
    // Nobody is there whom he called, or nobody to whom.
    let mut s = Stage::consult();
    s.press("john", Press::Join);
    assert!(completes(&mut s, "customer", "customer").is_err());
    assert!(completes(&mut s, "maria", "john").is_err());
    assert!(completes(&mut s, "john", "maria").is_err());
    s.bye("maria");
    assert!(completes(&mut s, "john", "john").is_err());
    s.hears("customer:john john:customer");
    let mut s = Stage::talking();
    second(&mut s, "maria");
    s.bye("customer");
    assert!(completes(&mut s, "john", "john2").is_err());
    // Nor what somebody else does with him.
    let mut s = Stage::consult();
    s.press("john", Press::Join);
    s.transfer("john", Goal::Agent("peter".into())).unwrap();
    let before = s.heard();
    assert!(completes(&mut s, "customer", "maria").is_err());
    s.hears(&before);
    // He waits for her whom he called last, and does not begin again with whom he called before.
    let mut s = Stage::consult();
    second(&mut s, "peter");
    s.played("john2");
    s.offer("peter");
    assert_eq!(completes(&mut s, "john", "john2"), Ok(()));
    assert!(completes(&mut s, "john", "john2").is_err());
    s.hears("customer:maria john:silence john2:silence maria:customer");
    s.answer("peter");
    s.played("peter");
    assert_eq!(s.hung_up("john"), Some(Reason::Left));
    assert_eq!(s.row("peter").0, State::Connected);
    s.hears("customer:maria+peter maria:customer+peter peter:customer+maria");
    // Who has left, or was never there, completes nothing.
    assert!(completes(&mut s, "john", "john2").is_err());
    assert!(s.act(|call, cx| call.complete(cx, ConnectionId(999), ConnectionId(998))).is_err());
}

#[test]
fn who_is_dropped_for_whom_a_transfer_was_made_gives_the_others_back() {
    let mut s = Stage::consult();
    let entry = cordboard::contact::Agent { name: "peter".into(), ..Default::default() };
    s.catalog.agents.insert("peter".into(), entry);
    let to = QuickConnectTo::Agent { agent: "peter".into(), flow: "Agent transfer".into() };
    s.catalog.quick_connects.insert("peter".into(), QuickConnect { name: "peter".into(), code: None, to });
    s.catalog.agents.get_mut("john").unwrap().quick_connects.push("peter".into());
    s.press("john", Press::QuickConnect("peter".into()));
    s.played("john");
    let contact = s.pending();
    s.act(|call, cx| call.offer(cx, contact, &"peter".into()));
    let row = s.newest("peter");
    s.act(|call, cx| call.answered(cx, row));
    s.played("peter");
    s.played("john");
    s.press("john", Press::Join);
    s.bye("customer");
    s.hears("john:maria+peter maria:john+peter peter:john+maria");
    assert_eq!(s.transfer("john", zoe()), Ok(()));
    s.newest("zoe");
    s.hears("john:silence maria:peter peter:maria");
    // Maria was the one it was made for.
    let maria = s.id("maria");
    s.press("peter", Press::Drop(maria));
    s.hears("john:peter peter:john");
    assert_eq!(s.hung_up("zoe"), Some(Reason::Cancelled));
    assert!(matches!(told(&s, "john").last(), Some(Progress::Failed { why: Reason::Cancelled, .. })));
}
