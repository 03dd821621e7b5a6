//! Somebody outside: as whom he is called, who hears what until he answers, and what follows when he does not.

use super::stage::{Stage, catalog};
use cordboard::contact::{
    Admission, Call, Callee, CallerId, CallerIdChoice, Catalog, Cause, Dial, Event, Goal, Hears, Method, Monitor, Out,
    Outbound, Outside, Place, Press, QuickConnect, QuickConnectTo, Reason, Refused, State,
};
use cordboard::ids::AgentId;

fn caller(number: &str) -> CallerId {
    CallerId { name: String::new(), number: number.into() }
}

/// The catalog with a bank, shown this caller; `+1` is the caller ID of the customer's queue, `+2` that of John's default
/// outbound queue, if they have one.
fn with_bank(choice: CallerIdChoice, of_queue: bool, of_default: bool) -> Catalog {
    let mut catalog = catalog();
    let to = QuickConnectTo::External { to: Outside::Number("+15550199".into()), caller_id: choice };
    catalog.quick_connects.insert("bank".into(), QuickConnect { name: "Bank".into(), code: None, to });
    catalog.queues.get_mut("Support").unwrap().outbound_caller_id = of_queue.then(|| caller("+1"));
    let sales = cordboard::contact::Queue {
        outbound_caller_id: of_default.then(|| caller("+2")),
        outbound_whisper_flow: Some("Default customer whisper".into()),
        ..Default::default()
    };
    catalog.queues.insert("Sales".into(), sales);
    let john = catalog.agents.get_mut("john").unwrap();
    john.quick_connects.push("bank".into());
    john.default_outbound_queue = Some("Sales".into());
    catalog
}

fn press_bank(s: &mut Stage) -> Result<(), Refused> {
    s.act(|call, cx| call.press(cx, &"john".into(), &Press::QuickConnect("bank".into())))
}

/// As whom the last number was called.
fn called_as(s: &Stage) -> Option<String> {
    s.out.iter().rev().find_map(|out| match out {
        Out::Dial { to: Dial::Number { caller, .. }, .. } => Some(caller.number.clone()),
        _ => None,
    })
}

#[test]
fn as_whom_somebody_outside_is_called() {
    let fixed = || CallerIdChoice::Fixed(caller("+9"));
    for (choice, of_queue, of_default, wanted) in [
        (CallerIdChoice::Queue, true, true, Some("+1")),
        (CallerIdChoice::Queue, false, true, Some("+2")),
        (CallerIdChoice::Queue, false, false, None),
        (CallerIdChoice::Customer, true, true, Some("carol")),
        (fixed(), false, false, Some("+9")),
    ] {
        let mut s = Stage::talking_with(with_bank(choice.clone(), of_queue, of_default));
        let before = (s.heard(), s.call.connections().len());
        let pressed = press_bank(&mut s);
        assert_eq!(called_as(&s).as_deref(), wanted, "{choice:?}");
        assert_eq!(pressed.is_ok(), wanted.is_some());
        if pressed.is_err() {
            assert_eq!((s.heard(), s.call.connections().len()), before, "nothing half done");
        }
    }
    // The customer is gone: the queue stands for him.
    let mut s = Stage::talking_with(with_bank(CallerIdChoice::Customer, true, true));
    s.press("john", Press::QuickConnect("maria".into()));
    s.played("john");
    s.offer("maria");
    s.answer("maria");
    s.played("maria");
    s.played("john");
    s.bye("customer");
    press_bank(&mut s).unwrap();
    assert_eq!(called_as(&s).as_deref(), Some("+1"));
}

fn calling() -> Stage {
    let mut s = Stage::talking_with(with_bank(CallerIdChoice::Queue, true, true));
    press_bank(&mut s).unwrap();
    s.newest("bank");
    s.hears("customer:CustomerHold.wav(held) john:Ringback");
    s
}

#[test]
fn who_hears_what_until_the_bank_answers() {
    let mut s = calling();
    s.ring("bank");
    s.hears("customer:CustomerHold.wav(held) john:Ringback");
    let bank = s.id("bank");
    s.act(|call, cx| call.early(cx, bank, true));
    s.hears("bank:silence customer:CustomerHold.wav(held) john:bank");
    // The phone that spoke is gone, another still rings.
    s.act(|call, cx| call.early(cx, bank, false));
    s.hears("customer:CustomerHold.wav(held) john:Ringback");
    assert_eq!(s.row("bank"), (State::Connecting, false, None));
    s.answer("bank");
    s.hears("bank:john customer:CustomerHold.wav(held) john:bank");
    s.press("john", Press::HoldAll);
    s.hears("bank:CustomerHold.wav(held) customer:CustomerHold.wav(held) john:silence");
    s.press("john", Press::ResumeAll);
    s.hears("bank:customer+john customer:bank+john john:bank+customer");
    let john = s.id("john");
    assert_eq!(s.call.plan()[&bank].shows, None, "who the agents are is not told outside");
    assert!(s.call.plan()[&john].shows.is_some());
    s.bye("john");
    s.hears("bank:customer customer:bank");
    s.bye("customer");
    assert!(s.call.is_over(), "nobody of the house is left");
    assert_eq!(s.hung_up("bank"), Some(Reason::Dropped));
}

#[test]
fn joined_before_it_answers_it_comes_in_when_it_does() {
    let mut s = calling();
    s.press("john", Press::Join);
    s.hears("customer:john john:customer");
    s.answer("bank");
    s.hears("bank:customer+john customer:bank+john john:bank+customer");
}

#[test]
fn what_an_agent_hears_of_a_failure() {
    for (why, tone) in [
        (Reason::Busy, "Busy"),
        (Reason::Rejected, "Busy"),
        (Reason::NoAnswer, "Congestion"),
        (Reason::Unreachable, "Congestion"),
        (Reason::Failed, "Congestion"),
    ] {
        let mut s = calling();
        let bank = s.id("bank");
        s.act(|call, cx| call.failed(cx, bank, why));
        s.hears(&format!("customer:CustomerHold.wav(held) john:{tone}"));
        assert_eq!(s.row("bank").0, State::Disconnected(why));
        s.wait(3);
        s.hears("customer:CustomerHold.wav(held) john:reminder");
        press_bank(&mut s).unwrap();
        s.hears("customer:CustomerHold.wav(held) john:Ringback");
        s.press("john", Press::DropLast);
        s.hears("customer:CustomerHold.wav(held) john:silence");
    }
}

/// Somebody outside who was never there stays in the records; the customer's way back is a contact of its own.
#[test]
fn whoever_is_left_with_somebody_who_does_not_answer_waits_again_in_another_contact() {
    for by_key in [false, true] {
        let mut s = if by_key {
            let mut s = Stage::talking_with(with_bank(CallerIdChoice::Queue, true, true));
            s.transfer("john", Goal::QuickConnect("bank".into())).unwrap();
            s.newest("bank");
            s
        } else {
            calling()
        };
        let (outside, first) = (s.pending(), s.call.connections()[&s.id("customer")].contact);
        s.bye("john");
        s.act(|call, cx| call.note(cx));
        let bank = s.id("bank");
        s.act(|call, cx| call.failed(cx, bank, Reason::Busy));
        s.act(|call, cx| call.note(cx));
        s.hears("customer:ThankYouForCalling.wav");
        let k = &s.call.contacts()[&outside];
        assert!(k.is_over() && k.method == Method::External);
        assert_eq!(k.quick_connect.as_ref().map(|id| id.as_str()), Some("bank"));
        assert!(s.out.contains(&Out::Event { contact: outside, event: Event::Disconnected }));
        let facts = s.call.facts(outside).unwrap();
        assert_eq!((facts.ended, facts.next.len()), (Some((s.now, Cause::Other)), 1));
        let new = &s.call.contacts()[&s.pending()];
        assert_eq!((new.method, new.previous, new.initial), (Method::Transfer, Some(outside), Some(first)));
        assert_eq!((&new.quick_connect, new.agent, new.party), (&None, None, s.id("customer")));
        assert_eq!(new.queued, Some((Place::Queue("Support".into()), s.now)));
        assert!(s.out.contains(&Out::Event { contact: new.id, event: Event::Initiated }));
        s.offer("maria");
        s.answer("maria");
        s.played("maria");
        s.played("customer");
        s.hears("customer:maria maria:customer");
    }
}

/// His own queue is full, or gone: no flow has a branch for that, and he is not left with music.
#[test]
fn whoever_cannot_wait_again_is_let_go() {
    for admission in [Admission::AtCapacity(Reason::Busy), Admission::Refused(Reason::Failed)] {
        let mut s = calling();
        s.bye("john");
        s.admission = admission;
        let bank = s.id("bank");
        s.act(|call, cx| call.failed(cx, bank, Reason::Busy));
        assert!(s.hung_up("customer").is_some() && s.call.is_over(), "{admission:?}: {}", s.heard());
    }
}

#[test]
fn an_answer_that_comes_too_late_is_hung_up_on() {
    let mut s = calling();
    s.press("john", Press::DropLast);
    s.answer("bank");
    assert_eq!(s.hung_up("bank"), Some(Reason::Cancelled));
    s.hears("customer:CustomerHold.wav(held) john:silence");
}

fn outbound(by_phone: bool) -> Stage {
    let catalog = with_bank(CallerIdChoice::Customer, true, true);
    let bank = catalog.quick_connects["bank"].clone();
    let callee = Callee::of(&"bank".into(), &bank).unwrap();
    let outbound = Outbound::new(&catalog, &AgentId::from("john"), callee).unwrap();
    let mut s = Stage::begin(catalog, "john", |cx| Call::outbound(cx, outbound, by_phone));
    let customer = s.call.customer().unwrap().id;
    s.who.insert("bank", customer);
    s
}

#[test]
fn an_outbound_contact_by_phone() {
    let mut s = outbound(true);
    assert_eq!(called_as(&s).as_deref(), Some("+2"), "the default outbound queue's");
    assert_eq!(s.screen("john"), "connecting, Calling: leave");
    s.ring("bank");
    assert!(matches!(s.out.last(), Some(Out::Ring { early: false, .. })));
    let bank = s.id("bank");
    s.act(|call, cx| call.early(cx, bank, true));
    assert!(matches!(s.out.last(), Some(Out::Ring { early: true, .. })));
    s.hears("bank:silence john:bank");
    s.answer("bank");
    s.hears("bank:Beep.wav john:silence");
    s.played("bank");
    s.hears("bank:john john:bank");
    s.press("john", Press::HoldAll);
    s.hears("bank:CustomerHold.wav(held) john:silence");
    s.bye("bank");
    assert!(s.call.is_over());
}

#[test]
fn an_outbound_contact_by_the_screen() {
    let mut s = outbound(false);
    assert_eq!(called_as(&s), None, "his own phone first");
    assert_eq!(s.screen("john"), "connecting, Calling: rejectContact");
    s.answer("john");
    assert_eq!(called_as(&s).as_deref(), Some("+2"));
    s.hears("john:Ringback");
    let bank = s.id("bank");
    s.act(|call, cx| call.failed(cx, bank, Reason::Busy));
    s.hears("john:Busy");
    assert_eq!(s.screen("john"), "error, Line engaged: leave");
    s.wait(3);
    assert!(s.call.is_over());
    let told = s.out.iter().any(|out| matches!(out, Out::InVain { why: Reason::Busy, himself: false, .. }));
    assert!(told, "{:?}", s.out);
}

#[test]
fn whom_an_agent_calls_in_vain_is_why_it_ended() {
    let outside = Some(Cause::Telecom { agent: false });
    for (why, cause) in [
        (Reason::Unreachable, outside),
        (Reason::Failed, outside),
        (Reason::Busy, Some(Cause::Other)),
        (Reason::Rejected, Some(Cause::Other)),
        (Reason::NoAnswer, Some(Cause::Other)),
    ] {
        for by_phone in [true, false] {
            let mut s = outbound(by_phone);
            let contact = s.pending();
            if !by_phone {
                s.answer("john");
            }
            let bank = s.id("bank");
            s.act(|call, cx| call.failed(cx, bank, why));
            s.act(|call, cx| call.note(cx));
            s.wait(3);
            s.act(|call, cx| call.note(cx));
            assert!(s.call.is_over(), "{why:?} {by_phone}");
            let ended = s.call.facts(contact).and_then(|facts| facts.ended);
            assert_eq!(ended.map(|(_, cause)| cause), cause, "{why:?} {by_phone}");
            // And his own row says nothing of it: he was reached.
            let rows = (State::Disconnected(why), State::Disconnected(Reason::Dropped));
            assert_eq!((s.row("bank").0, s.row("john").0), rows, "{why:?} {by_phone}");
        }
    }
    // His own phone, or his own hand.
    let mut s = outbound(false);
    let (contact, john) = (s.pending(), s.id("john"));
    s.act(|call, cx| call.failed(cx, john, Reason::Unreachable));
    s.act(|call, cx| call.note(cx));
    let ended = s.call.facts(contact).and_then(|facts| facts.ended);
    assert_eq!(ended.map(|(_, cause)| cause), Some(Cause::Telecom { agent: true }));
    let mut s = outbound(false);
    let contact = s.pending();
    s.answer("john");
    s.act(|call, cx| call.note(cx));
    s.press("john", Press::Leave);
    s.act(|call, cx| call.note(cx));
    let ended = s.call.facts(contact).and_then(|facts| facts.ended);
    assert_eq!(ended.map(|(_, cause)| cause), Some(Cause::Agent));
}

/// Whoever hangs up first, everybody is let go.
#[test]
fn an_outbound_contact_ends_whenever_one_of_them_goes() {
    for (by_phone, answered, whispered, who) in [
        (true, false, false, "john"),
        (false, false, false, "john"),
        (true, true, false, "john"),
        (true, true, false, "bank"),
        (false, true, true, "john"),
        (false, true, true, "bank"),
    ] {
        let mut s = outbound(by_phone);
        if !by_phone {
            s.answer("john");
        }
        if answered {
            s.answer("bank");
        }
        if whispered {
            s.played("bank");
        }
        s.bye(who);
        let case = (by_phone, answered, whispered, who);
        assert!(s.call.is_over(), "{case:?}: {:?}", s.call);
        let other = if who == "john" { "bank" } else { "john" };
        assert!(s.hung_up(other).is_some(), "{case:?}");
    }
}

#[test]
fn nobody_calls_who_does_not_know_as_whom() {
    let john = AgentId::from("john");
    let callee = || Callee::dialled(Outside::Number("+15550199".into()));
    assert!(Outbound::new(&with_bank(CallerIdChoice::Queue, true, false), &john, callee()).is_err());
    assert!(Outbound::new(&catalog(), &john, callee()).is_err(), "no default outbound queue");
    assert!(Outbound::new(&with_bank(CallerIdChoice::Queue, false, true), &john, callee()).is_ok());
}

#[test]
fn the_early_sound_of_somebody_outside_is_for_him_alone_who_called() {
    let mut s = calling();
    s.press("john", Press::ResumeAll);
    let bank = s.id("bank");
    s.act(|call, cx| call.early(cx, bank, true));
    s.hears("bank:silence customer:john john:customer");
    let heard = |who: &str| s.call.plan()[&s.id(who)].hears.clone();
    assert_eq!(heard("john"), Hears::Parties(vec![s.id("customer")]));
}

#[test]
fn a_supervisor_hears_who_is_outside_once_he_has_answered() {
    let mut s = calling();
    let contact = s.call.connections()[&s.id("john")].contact;
    s.act(|call, cx| call.monitor(cx, &AgentId::from("anna"), contact)).unwrap();
    s.newest("anna");
    s.answer("anna");
    s.hears("anna:john customer:CustomerHold.wav(held) john:Ringback");
    // A coach is heard before the ringback.
    s.press("anna", Press::Monitor(Monitor::Coach));
    s.hears("anna:john customer:CustomerHold.wav(held) john:anna");
    s.press("anna", Press::Monitor(Monitor::Silent));
    s.answer("bank");
    s.hears("anna:bank+john bank:john customer:CustomerHold.wav(held) john:bank");
    s.press("john", Press::Join);
    s.hears("anna:bank+customer+john bank:customer+john customer:bank+john john:bank+customer");
    s.press("anna", Press::Monitor(Monitor::Barge));
    s.hears("anna:bank+customer+john bank:anna+customer+john customer:anna+bank+john john:anna+bank+customer");
    assert!(s.refuses("anna", &Press::Call(Callee::dialled(Outside::Number("+15550198".into())))));
    assert!(s.refuses("john", &Press::Call(Callee::dialled(Outside::Number("+15550198".into())))));
    // The agent goes; she has the two of them until she goes.
    s.bye("john");
    s.hears("anna:bank+customer bank:anna+customer customer:anna+bank");
    assert!(s.refuses("anna", &Press::Monitor(Monitor::Silent)), "there is no agent");
    s.bye("anna");
    s.hears("bank:customer customer:bank");
    s.bye("customer");
    assert!(s.call.is_over());
}

#[test]
fn nobody_listens_to_a_contact_without_an_agent() {
    let mut s = Stage::talking_with(with_bank(CallerIdChoice::Customer, true, true));
    press_bank(&mut s).unwrap();
    s.newest("bank");
    s.answer("bank");
    let contact = s.call.connections()[&s.id("bank")].contact;
    assert!(s.call.contacts()[&contact].agent.is_some(), "its row stands where an agent's does");
    let refused = s.act(|call, cx| call.monitor(cx, &"anna".into(), contact));
    assert_eq!(refused, Err(Refused::State("the contact is not connected to an agent".into())));
}
