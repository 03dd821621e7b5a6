//! The heart of the contract as a table: who hears what in each phase of a quick connect, driven on `contact::Call` alone.

#[path = "who_hears_whom/flows.rs"]
mod flows;
#[path = "who_hears_whom/hold_keys.rs"]
mod hold_keys;
#[path = "who_hears_whom/lines.rs"]
mod lines;
#[path = "who_hears_whom/monitors.rs"]
mod monitors;
#[path = "who_hears_whom/outside.rs"]
mod outside;
#[path = "who_hears_whom/queues.rs"]
mod queues;
#[path = "who_hears_whom/recording.rs"]
mod recording;
#[path = "who_hears_whom/screens.rs"]
mod screens;
#[path = "who_hears_whom/stage.rs"]
mod stage;
#[path = "who_hears_whom/transfers.rs"]
mod transfers;

use cordboard::contact::{Call, Dial, Event, Identity, Out, Place, Press, Reason, Refused, State};
use cordboard::ids::{ConnectionId, QuickConnectId};
use stage::Stage;

#[test]
fn the_table_of_the_contract() {
    let mut s = Stage::consult();
    s.press("john", Press::Join);
    s.hears("customer:john+maria john:customer+maria maria:customer+john");
    s.press("john", Press::HoldAll);
    s.hears("customer:CustomerHold.wav(held) john:silence maria:YouAreOnHold.wav(held)");
    s.press("john", Press::Resume(s.id("customer")));
    s.hears("customer:john john:customer maria:YouAreOnHold.wav(held)");
    s.press("john", Press::Swap);
    s.hears("customer:CustomerHold.wav(held) john:maria maria:john");
    s.press("john", Press::Swap);
    s.hears("customer:john john:customer maria:YouAreOnHold.wav(held)");
    s.press("john", Press::ResumeAll);
    s.hears("customer:john+maria john:customer+maria maria:customer+john");
    s.press("john", Press::Mute(s.id("customer")));
    s.hears("customer:john+maria john:maria maria:john");
    s.press("john", Press::HoldAll);
    s.press("john", Press::ResumeAll);
    s.hears("customer:john+maria john:maria maria:john");
    s.press("john", Press::Unmute(s.id("customer")));
    s.bye("john");
    s.hears("customer:maria maria:customer");
    s.bye("maria");
    assert!(s.call.is_over());
    assert_eq!(s.hung_up("customer"), Some(Reason::Dropped));
}

#[test]
fn two_who_hold_each_other_leave_the_customer_neither_alone_nor_waiting() {
    // Whoever holds or resumes somebody is himself back.
    let mut s = Stage::consult();
    s.press("john", Press::Join);
    s.press("john", Press::Hold(s.id("maria")));
    s.press("maria", Press::Hold(s.id("john")));
    s.hears("customer:maria john:YouAreOnHold.wav(held) maria:customer");
    for (press, expected) in [
        (Press::Swap, "customer:john john:customer maria:YouAreOnHold.wav(held)"),
        (Press::Join, "customer:john+maria john:customer+maria maria:customer+john"),
        (Press::ResumeAll, "customer:john+maria john:customer+maria maria:customer+john"),
        (Press::HoldAll, "customer:CustomerHold.wav(held) john:silence maria:YouAreOnHold.wav(held)"),
    ] {
        let mut s = Stage::consult();
        s.press("john", Press::Join);
        s.press("maria", Press::HoldAll);
        s.hears("customer:CustomerHold.wav(held) john:YouAreOnHold.wav(held) maria:silence");
        s.press("john", press);
        s.hears(expected);
    }
    // Himself he cannot hold.
    let mut s = Stage::talking();
    let john = s.id("john");
    assert!(s.act(|call, cx| call.press(cx, &"john".into(), &Press::Hold(john))).is_err());
    s.hears("customer:john john:customer");
}

#[test]
fn whom_a_dropped_agent_was_calling_and_holding_is_left_to_the_others() {
    let mut s = Stage::consult();
    s.press("john", Press::Join);
    s.press("maria", Press::QuickConnect("peter".into()));
    s.hears("customer:CustomerHold.wav(held) john:YouAreOnHold.wav(held) maria:TransferringToAgent.wav");
    s.press("john", Press::Drop(s.id("maria")));
    s.hears("customer:john john:customer");
    s.offer("peter");
    s.answer("peter");
    s.played("peter");
    s.hears("customer:john+peter john:customer+peter peter:customer+john");
}

#[test]
fn leaving_strands_nobody() {
    for leave in [true, false] {
        for before in [None, Some(Press::Join), Some(Press::HoldAll), Some(Press::Swap)] {
            let mut s = Stage::consult();
            if let Some(press) = before {
                s.press("john", press);
            }
            if leave {
                s.press("john", Press::Leave);
                assert_eq!(s.hung_up("john"), Some(Reason::Left));
            } else {
                s.bye("john");
            }
            s.hears("customer:maria maria:customer");
        }
    }
}

#[test]
fn whoever_leaves_is_free_and_takes_only_his_own_along() {
    let mut s = Stage::consult();
    s.press("john", Press::Join);
    s.press("maria", Press::QuickConnect("peter".into()));
    let first = *s.call.contacts().iter().find(|(_, k)| k.previous.is_none()).unwrap().0;
    s.bye("john");
    s.hears("customer:CustomerHold.wav(held) maria:TransferringToAgent.wav");
    assert!(s.out.contains(&Out::Released { contact: first, agent: "john".into() }));
    assert!(s.out.contains(&Out::Event { contact: first, event: Event::Disconnected }));
    // An offer is withdrawn from her.
    let mut s = Stage::ringing();
    let contact = s.pending();
    s.press("john", Press::DropLast);
    let failure = Some(Reason::Cancelled);
    assert!(s.out.contains(&Out::OfferEnded { contact, agent: "maria".into(), failure }));
    // The switch goes down.
    let mut s = Stage::consult();
    s.act(|call, cx| call.end_all(cx));
    assert!(s.call.is_over() && s.call.contacts().values().all(|k| k.is_over()));
    for who in ["customer", "john", "maria"] {
        assert_eq!(s.hung_up(who), Some(Reason::Dropped));
    }
}

#[test]
fn leaving_before_she_answers_gives_the_customer_her_place() {
    // In the transfer flow: it goes on for the customer.
    let mut s = Stage::talking();
    s.press("john", Press::QuickConnect(QuickConnectId::from("maria")));
    s.bye("john");
    s.hears("customer:TransferringToAgent.wav");
    s.played("customer");
    s.hears("customer:ThankYouForCalling.wav");
    s.offer("maria");
    s.answer("maria");
    s.played("maria");
    s.hears("customer:ConnectingToAgent.wav maria:silence");
    s.played("customer");
    s.hears("customer:maria maria:customer");
    // While her phone rings.
    let mut s = Stage::ringing();
    s.bye("john");
    s.hears("customer:ThankYouForCalling.wav");
    s.bye("customer");
    assert!(s.call.is_over());
    assert_eq!(s.hung_up("maria"), Some(Reason::Cancelled));
}

#[test]
fn an_offer_not_taken_leaves_the_contact_where_it_was() {
    for why in [Reason::Rejected, Reason::NoAnswer, Reason::Unreachable, Reason::Busy, Reason::Failed] {
        let mut s = Stage::ringing();
        let id = s.id("maria");
        s.act(|call, cx| call.failed(cx, id, why));
        s.hears("customer:CustomerHold.wav(held) john:ThankYouForCalling.wav");
        assert_eq!(s.row("maria"), (State::Connected, false, Some(why)));
        s.offer("maria");
        assert_eq!(s.row("maria"), (State::Connected, false, None));
        s.answer("maria");
        s.hears("customer:CustomerHold.wav(held) john:ThankYouForCalling.wav maria:InternalCall.wav");
    }
}

#[test]
fn a_phone_rings_for_twenty_seconds_and_shows_life_within_five() {
    let mut s = Stage::ringing();
    let id = s.id("maria");
    assert_eq!(s.call.deadline(), Some(s.waits(5)));
    s.act(|call, cx| call.ringing(cx, id));
    assert_eq!(s.call.deadline(), Some(s.waits(20)));
    s.wait(19);
    assert_eq!(s.hung_up("maria"), None);
    s.wait(1);
    assert_eq!(s.hung_up("maria"), Some(Reason::NoAnswer));
    assert_eq!(s.row("maria"), (State::Connected, false, Some(Reason::NoAnswer)));
    let mut s = Stage::ringing();
    let waited =
        |s: &Stage| s.call.connections()[&s.id("maria")].rang(s.now).map(|(rang, time)| (rang, time.as_secs()));
    s.wait(4);
    assert_eq!(waited(&s), Some((false, 4)));
    s.wait(1);
    assert_eq!(s.row("maria"), (State::Connected, false, Some(Reason::Unreachable)));
    assert_eq!(waited(&s), None);
    // She declines, once.
    let mut s = Stage::ringing();
    assert!(s.act(|call, cx| call.reject(cx, &"maria".into())).is_ok());
    assert_eq!(s.row("maria"), (State::Connected, false, Some(Reason::Rejected)));
    assert!(s.act(|call, cx| call.reject(cx, &"maria".into())).is_err());
}

#[test]
fn a_whisper_is_cut_at_two_minutes() {
    let mut s = Stage::ringing();
    s.answer("maria");
    let call = format!("{:?}", s.call);
    assert_eq!(s.call.deadline(), Some(s.waits(120)));
    s.wait(119);
    assert_eq!(format!("{:?}", s.call), call);
    s.wait(1);
    assert_eq!(s.hung_up("maria"), Some(Reason::Dropped));
    s.hears("customer:CustomerHold.wav(held) john:ThankYouForCalling.wav");
    let mut s = Stage::of(stage::catalog(), "Support line");
    s.played("customer");
    s.offer("john");
    s.answer("john");
    s.played("john");
    s.wait(119);
    s.hears("customer:Beep.wav john:silence");
    s.wait(1);
    assert!(s.call.is_over());
}

#[test]
fn the_customer_may_hang_up_at_any_moment() {
    let mut s = Stage::consult();
    s.bye("customer");
    s.hears("john:maria maria:john");
    s.bye("john");
    assert!(s.call.is_over());
    assert_eq!(s.hung_up("maria"), Some(Reason::Dropped));
    let mut s = Stage::ringing();
    s.bye("customer");
    s.hears("john:ThankYouForCalling.wav");
    s.answer("maria");
    s.played("maria");
    s.played("john");
    s.hears("john:maria maria:john");
    let mut s = Stage::talking();
    s.bye("customer");
    assert!(s.call.is_over());
    assert_eq!(s.hung_up("john"), Some(Reason::Dropped));
}

#[test]
fn she_drops() {
    // In her whisper: the contact waits again.
    let mut s = Stage::ringing();
    s.answer("maria");
    s.bye("maria");
    s.hears("customer:CustomerHold.wav(held) john:ThankYouForCalling.wav");
    assert_eq!(s.row("maria"), (State::Connected, false, Some(Reason::HungUp)));
    // In the customer's whisper, too: he hears the queue again.
    let mut s = Stage::of(stage::catalog(), "Support line");
    s.played("customer");
    s.offer("john");
    s.answer("john");
    s.played("john");
    s.hears("customer:Beep.wav john:silence");
    s.bye("john");
    s.hears("customer:ThankYouForCalling.wav");
    // In consult: John alone, with a tone for 3 s, then a reminder; the customer stays held.
    let mut s = Stage::consult();
    s.bye("maria");
    s.hears("customer:CustomerHold.wav(held) john:Busy");
    assert_eq!(s.row("maria"), (State::Disconnected(Reason::HungUp), true, None));
    assert_eq!(s.call.deadline(), Some(s.waits(3)));
    s.wait(3);
    s.hears("customer:CustomerHold.wav(held) john:reminder");
    assert_eq!(s.call.deadline(), None);
    s.press("john", Press::Resume(s.id("customer")));
    s.hears("customer:john john:customer");
    // Whom he then holds he holds without a reminder.
    s.press("john", Press::HoldAll);
    s.hears("customer:CustomerHold.wav(held) john:silence");
    // So he does when somebody dropped while he had somebody to talk to, or was calling somebody.
    let mut s = Stage::consult();
    s.press("john", Press::QuickConnect("peter".into()));
    s.played("john");
    s.offer("peter");
    s.answer("peter");
    s.played("peter");
    s.played("john");
    s.press("john", Press::Resume(s.id("maria")));
    s.bye("peter");
    s.hears("customer:CustomerHold.wav(held) john:maria maria:john");
    s.press("john", Press::HoldAll);
    s.hears("customer:CustomerHold.wav(held) john:silence maria:YouAreOnHold.wav(held)");
    let mut s = Stage::consult();
    s.press("john", Press::QuickConnect("peter".into()));
    s.bye("maria");
    s.press("john", Press::DropLast);
    s.hears("customer:CustomerHold.wav(held) john:silence");
    // Whoever drops somebody himself hears no tone.
    let mut s = Stage::consult();
    s.press("john", Press::Join);
    s.press("maria", Press::Hold(s.id("customer")));
    s.press("maria", Press::Drop(s.id("john")));
    s.hears("customer:CustomerHold.wav(held) maria:silence");
    // In conference: the others go on.
    let mut s = Stage::consult();
    s.press("john", Press::Join);
    s.bye("maria");
    s.hears("customer:john john:customer");
}

#[test]
fn she_ends_the_call_before_they_talk() {
    // In her whisper.
    for own_row in [false, true] {
        let mut s = Stage::ringing();
        s.answer("maria");
        s.press("maria", if own_row { Press::Drop(s.id("maria")) } else { Press::Leave });
        assert_eq!(s.hung_up("maria"), Some(Reason::Left));
        assert_eq!(s.row("maria"), (State::Connected, false, Some(Reason::Left)));
        s.hears("customer:CustomerHold.wav(held) john:ThankYouForCalling.wav");
        let ended = Out::OfferEnded { contact: s.pending(), agent: "maria".into(), failure: Some(Reason::Left) };
        assert!(s.out.contains(&ended), "{:?}", s.out);
    }
    // In John's: he waits again.
    let mut s = Stage::ringing();
    s.answer("maria");
    s.played("maria");
    s.press("maria", Press::Leave);
    assert_eq!(s.hung_up("maria"), Some(Reason::Left));
    s.hears("customer:CustomerHold.wav(held) john:ThankYouForCalling.wav");
    // A customer keeps his place in the queue.
    let mut s = Stage::of(stage::catalog(), "Support line");
    s.played("customer");
    s.offer("john");
    s.answer("john");
    s.press("john", Press::Leave);
    assert_eq!(s.hung_up("john"), Some(Reason::Left));
    s.hears("customer:ThankYouForCalling.wav");
    // Nothing else is lit, and nothing else is done.
    s.offer("maria");
    assert!(s.refuses("maria", &Press::Leave), "she declines what only rings");
    s.answer("maria");
    assert!(s.refuses("maria", &Press::Drop(s.id("customer"))));
    s.hears("customer:ThankYouForCalling.wav maria:Support.wav");
}

#[test]
fn he_cancels() {
    let mut s = Stage::ringing();
    s.press("john", Press::Drop(s.id("maria")));
    assert_eq!(s.hung_up("maria"), Some(Reason::Cancelled));
    assert_eq!(s.row("maria").0, State::Disconnected(Reason::Cancelled));
    s.hears("customer:CustomerHold.wav(held) john:silence");
    s.press("john", Press::QuickConnect(QuickConnectId::from("peter")));
    s.hears("customer:CustomerHold.wav(held) john:TransferringToAgent.wav");
    let mut s = Stage::consult();
    s.press("john", Press::DropLast);
    assert_eq!(s.row("maria").0, State::Disconnected(Reason::Dropped));
}

#[test]
fn joining_or_resuming_while_she_rings_brings_her_in_when_she_answers() {
    for press in [Press::Join, Press::ResumeAll, Press::Swap] {
        let mut s = Stage::ringing();
        s.press("john", press);
        s.hears("customer:john john:customer");
        s.answer("maria");
        s.hears("customer:john john:customer maria:InternalCall.wav");
        s.played("maria");
        s.hears("customer:john+maria john:customer+maria maria:customer+john");
    }
}

#[test]
fn a_flow_does_not_wait_for_an_ear_that_is_elsewhere() {
    let mut s = Stage::talking();
    s.press("john", Press::QuickConnect(QuickConnectId::from("maria")));
    s.press("john", Press::Resume(s.id("customer")));
    s.hears("customer:john john:customer");
    let place = s.call.place(s.pending());
    assert_eq!(place, Some(&Place::Agent("maria".into())));
}

#[test]
fn a_second_line_carries_the_consult() {
    let mut s = Stage::talking();
    let line = s.act(|call, cx| call.second_line(cx, &"john".into(), &"maria".into())).unwrap();
    s.who.insert("john2", line);
    s.hears("customer:CustomerHold.wav(held) john:silence john2:TransferringToAgent.wav");
    s.played("john2");
    s.offer("maria");
    s.answer("maria");
    s.played("maria");
    s.hears("customer:CustomerHold.wav(held) john:silence john2:ConnectingToAgent.wav maria:silence");
    s.played("john2");
    s.hears("customer:CustomerHold.wav(held) john:silence john2:maria maria:john2");
    s.press("john", Press::Join);
    s.hears("customer:john+john2+maria john:customer+maria john2:customer+maria maria:customer+john+john2");
    s.bye("john2");
    assert_eq!(s.hung_up("maria"), Some(Reason::Dropped));
    s.hears("customer:john john:customer");
    // A colleague holds him on both.
    let mut s = Stage::talking();
    let line = s.act(|call, cx| call.second_line(cx, &"john".into(), &"maria".into())).unwrap();
    s.who.insert("john2", line);
    s.played("john2");
    s.offer("maria");
    s.answer("maria");
    s.played("maria");
    s.played("john2");
    s.press("maria", Press::Swap);
    s.hears("customer:maria john:YouAreOnHold.wav(held) john2:YouAreOnHold.wav(held) maria:customer");
    // A line that his phone holds does not speak: who is taken back to him is on the other.
    let mut s = Stage::talking();
    let john = s.id("john");
    s.act(|call, cx| call.phone_hold(cx, john, true));
    let line = s.act(|call, cx| call.second_line(cx, &"john".into(), &"maria".into())).unwrap();
    s.who.insert("john2", line);
    s.press("john", Press::Join);
    s.hears("customer:john2 john:customer john2:customer");
    // Whoever is dropped is dropped on both.
    let mut s = Stage::consult();
    let line = s.act(|call, cx| call.second_line(cx, &"maria".into(), &"peter".into())).unwrap();
    s.who.insert("maria2", line);
    s.press("john", Press::Drop(s.id("maria")));
    assert_eq!(s.hung_up("maria2"), Some(Reason::Dropped));
    s.hears("customer:CustomerHold.wav(held) john:silence");
    // Who leaves with a consult on it leaves her to the customer.
    let mut s = Stage::talking();
    let line = s.act(|call, cx| call.second_line(cx, &"john".into(), &"maria".into())).unwrap();
    s.who.insert("john2", line);
    s.played("john2");
    s.press("john", Press::Leave);
    assert_eq!((s.hung_up("john"), s.hung_up("john2")), (Some(Reason::Left), Some(Reason::Left)));
    s.hears("customer:ThankYouForCalling.wav");
    // A colleague's consult is not among what he leaves.
    let mut s = Stage::talking();
    let line = s.act(|call, cx| call.second_line(cx, &"john".into(), &"maria".into())).unwrap();
    s.who.insert("john2", line);
    s.played("john2");
    s.offer("maria");
    s.answer("maria");
    s.played("maria");
    s.played("john2");
    s.press("john", Press::Join);
    s.press("maria", Press::QuickConnect("peter".into()));
    s.press("john", Press::Leave);
    s.hears("customer:CustomerHold.wav(held) maria:TransferringToAgent.wav");
    // There is one second line at a time.
    let mut s = Stage::talking();
    for _ in 0..2 {
        let line = s.act(|call, cx| call.second_line(cx, &"john".into(), &"maria".into())).unwrap();
        s.who.insert("john2", line);
        assert!(s.act(|call, cx| call.second_line(cx, &"john".into(), &"peter".into())).is_err());
        s.bye("john2");
        s.press("john", Press::Resume(s.id("customer")));
    }
    // A consult of the first line is heard there, also beside one of the second.
    let mut s = Stage::consult();
    let line = s.act(|call, cx| call.second_line(cx, &"john".into(), &"peter".into())).unwrap();
    s.who.insert("john2", line);
    s.played("john2");
    s.offer("peter");
    s.answer("peter");
    s.played("peter");
    s.played("john2");
    s.press("john", Press::Resume(s.id("maria")));
    s.press("john", Press::Hold(s.id("peter")));
    s.hears("customer:CustomerHold.wav(held) john:maria john2:silence maria:john peter:YouAreOnHold.wav(held)");
    // What he had on his first line he has on the second when he puts down the first.
    let mut s = Stage::talking();
    let line = s.act(|call, cx| call.second_line(cx, &"john".into(), &"maria".into())).unwrap();
    s.who.insert("john2", line);
    s.played("john2");
    s.offer("maria");
    s.answer("maria");
    s.played("maria");
    s.played("john2");
    s.press("john", Press::QuickConnect("peter".into()));
    s.hears("customer:CustomerHold.wav(held) john:TransferringToAgent.wav john2:silence maria:YouAreOnHold.wav(held)");
    s.bye("john");
    s.hears("customer:CustomerHold.wav(held) john2:TransferringToAgent.wav maria:YouAreOnHold.wav(held)");
    s.press("john", Press::DropLast);
    s.bye("maria");
    s.hears("customer:CustomerHold.wav(held) john2:Busy");
    s.press("john", Press::QuickConnect("peter".into()));
    s.hears("customer:CustomerHold.wav(held) john2:TransferringToAgent.wav");
    // He leaves with the BYE of his last line.
    let mut s = Stage::talking();
    let line = s.act(|call, cx| call.second_line(cx, &"john".into(), &"maria".into())).unwrap();
    s.who.insert("john2", line);
    s.bye("john");
    s.hears("customer:CustomerHold.wav(held) john2:TransferringToAgent.wav");
    s.bye("john2");
    s.hears("customer:TransferringToAgent.wav");
}

#[test]
fn a_third_line_is_not_brought_together_with_two() {
    let mut s = Stage::talking();
    let john = s.id("john");
    let (mut direct, caller) =
        s.act(|_, cx| Call::bridge(cx, Identity::default(), Some("john".into()), Dial::Agent("peter".into())));
    let peter = *direct.connections().keys().find(|id| **id != caller).unwrap();
    s.act(|_, cx| direct.answered(cx, peter));
    assert_eq!(s.act(|call, cx| call.can_merge(cx, john, &direct, caller)), Ok(()));
    let line = s.act(|call, cx| call.second_line(cx, &"john".into(), &"maria".into())).unwrap();
    s.who.insert("john2", line);
    s.played("john2");
    s.offer("maria");
    s.answer("maria");
    s.played("maria");
    s.played("john2");
    s.bye("customer");
    s.hears("john:silence john2:maria maria:john2");
    for (his, of_two) in [(john, false), (line, false), (line, true)] {
        let refused = s.act(|call, cx| match of_two {
            false => call.can_merge(cx, his, &direct, caller),
            true => direct.can_merge(cx, caller, call, his),
        });
        assert_eq!(refused, Err(Refused::State("two lines are brought together, not three".into())), "{his} {of_two}");
    }
    // A line that he has put down is none.
    let mut s = Stage::talking();
    let line = s.act(|call, cx| call.second_line(cx, &"john".into(), &"maria".into())).unwrap();
    s.who.insert("john2", line);
    s.bye("john2");
    assert_eq!(s.act(|call, cx| call.can_merge(cx, john, &direct, caller)), Ok(()));
}

#[test]
fn what_is_not_lit_is_refused_and_changes_nothing() {
    let mut s = Stage::ringing();
    let before = format!("{:?}", s.call);
    for press in [
        Press::QuickConnect("peter".into()),
        Press::QuickConnect("nobody".into()),
        Press::Hold(s.id("maria")),
        Press::Hold(ConnectionId(999)),
        Press::Digits(s.id("maria"), "1".into()),
        Press::Mute(s.id("maria")),
    ] {
        assert!(s.act(|call, cx| call.press(cx, &"john".into(), &press)).is_err(), "{press:?}");
    }
    assert!(s.act(|call, cx| call.press(cx, &"peter".into(), &Press::Join)).is_err());
    assert_eq!(format!("{:?}", s.call), before);
    // Before her part has begun she can neither press nor be held.
    let mut s = Stage::ringing();
    assert!(s.refuses("maria", &Press::HoldAll));
    s.answer("maria");
    assert!(s.refuses("maria", &Press::HoldAll));
    assert!(s.refuses("john", &Press::Hold(s.id("maria"))));
    // His keys are for whom he talks to.
    let mut s = Stage::consult();
    let john = s.id("john");
    s.act(|call, cx| call.digits(cx, john, "7"));
    assert!(s.out.contains(&Out::Digits { connection: s.id("maria"), digits: "7".into() }));
    assert!(!s.out.contains(&Out::Digits { connection: s.id("customer"), digits: "7".into() }));
    assert!(s.call.has_buttons());
    // A Hold key holds and lets go.
    let mut s = Stage::talking();
    let john = s.id("john");
    s.act(|call, cx| call.phone_hold(cx, john, true));
    s.hears("customer:CustomerHold.wav(held) john:silence");
    s.act(|call, cx| call.phone_hold(cx, john, false));
    s.hears("customer:john john:customer");
    // A Hold key that lets go takes back whom the phone held, not whom the screen holds.
    let mut s = Stage::talking();
    s.press("john", Press::HoldAll);
    let john = s.id("john");
    s.act(|call, cx| call.phone_hold(cx, john, false));
    s.hears("customer:CustomerHold.wav(held) john:silence");
    let mut s = Stage::talking();
    for press in [Press::Join, Press::Swap, Press::DropLast] {
        assert!(s.act(|call, cx| call.press(cx, &"john".into(), &press)).is_err(), "{press:?}");
    }
}
