//! Supervisors: who hears whom while one listens, coaches, or has barged in; and what it leaves of everybody's rights.

use super::stage::Stage;
use cordboard::contact::{Call, Cause, Goal, Kind, Monitor, Out, Press, Reason, Refused, State};
use cordboard::ids::{AgentId, ContactId};

fn contact_of(s: &Stage, agent: &str) -> ContactId {
    s.call.connections()[&s.id(agent)].contact
}

fn call_supervisor(s: &mut Stage, who: &'static str, of: &str) -> Result<(), Refused> {
    let contact = contact_of(s, of);
    s.act(|call, cx| call.monitor(cx, &AgentId::from(who), contact))?;
    s.newest(who);
    Ok(())
}

/// Anna listens to this agent.
fn listens(mut s: Stage, of: &str) -> Stage {
    call_supervisor(&mut s, "anna", of).unwrap();
    s.answer("anna");
    s
}

fn barged(mut s: Stage, of: &str) -> Stage {
    s = listens(s, of);
    s.press("anna", Press::Monitor(Monitor::Barge));
    s
}

#[test]
fn a_silent_monitor_hears_what_is_said_and_nothing_that_is_played() {
    let mut s = listens(Stage::talking(), "john");
    s.hears("anna:customer+john customer:john john:customer");
    s.press("john", Press::Hold(s.id("customer")));
    s.hears("anna:john customer:CustomerHold.wav(held) john:silence");
    s.press("john", Press::Resume(s.id("customer")));
    s.press("john", Press::QuickConnect("maria".into()));
    s.hears("anna:john customer:CustomerHold.wav(held) john:TransferringToAgent.wav");
    s.played("john");
    s.offer("maria");
    s.answer("maria");
    s.hears("anna:john customer:CustomerHold.wav(held) john:ThankYouForCalling.wav maria:InternalCall.wav");
    s.played("maria");
    s.hears("anna:john customer:CustomerHold.wav(held) john:ConnectingToAgent.wav maria:silence");
    s.played("john");
    s.hears("anna:john+maria customer:CustomerHold.wav(held) john:maria maria:john");
    s.press("john", Press::Join);
    s.hears("anna:customer+john+maria customer:john+maria john:customer+maria maria:customer+john");
    s.press("john", Press::HoldAll);
    s.hears("anna:john customer:CustomerHold.wav(held) john:silence maria:YouAreOnHold.wav(held)");
    s.press("john", Press::Resume(s.id("customer")));
    s.hears("anna:customer+john customer:john john:customer maria:YouAreOnHold.wav(held)");
    s.press("john", Press::Swap);
    s.hears("anna:john+maria customer:CustomerHold.wav(held) john:maria maria:john");
    s.press("john", Press::ResumeAll);
    s.press("john", Press::Mute(s.id("customer")));
    s.hears("anna:john+maria customer:john+maria john:maria maria:john");
    s.press("john", Press::Unmute(s.id("customer")));
    // Another agent holds the one she listens to.
    s.press("maria", Press::Hold(s.id("john")));
    s.hears("anna:customer+maria customer:maria john:YouAreOnHold.wav(held) maria:customer");
    s.bye("john");
    s.hears("anna:customer+maria customer:maria maria:customer");
    s.bye("customer");
    assert!(s.call.is_over());
}

#[test]
fn a_coach_is_heard_by_the_agent_alone() {
    let mut s = listens(Stage::consult(), "john");
    s.press("anna", Press::Monitor(Monitor::Coach));
    s.hears("anna:john+maria customer:CustomerHold.wav(held) john:anna+maria maria:john");
    s.press("john", Press::Join);
    s.hears("anna:customer+john+maria customer:john+maria john:anna+customer+maria maria:customer+john");
    s.press("john", Press::HoldAll);
    s.hears("anna:john customer:CustomerHold.wav(held) john:anna maria:YouAreOnHold.wav(held)");
    s.press("maria", Press::HoldAll);
    s.hears("anna:maria customer:CustomerHold.wav(held) john:YouAreOnHold.wav(held) maria:silence");
    s.press("john", Press::ResumeAll);
    s.press("anna", Press::Mute(s.id("anna")));
    s.hears("anna:customer+john+maria customer:john+maria john:customer+maria maria:customer+john");
    s.press("anna", Press::Unmute(s.id("anna")));
    // She is heard instead of music; what a flow only says once is over.
    let mut s = listens(Stage::talking(), "john");
    s.press("john", Press::QuickConnect("maria".into()));
    s.press("anna", Press::Monitor(Monitor::Coach));
    s.hears("anna:john customer:CustomerHold.wav(held) john:anna");
    s.offer("maria");
    s.answer("maria");
    s.hears("anna:john customer:CustomerHold.wav(held) john:anna maria:InternalCall.wav");
    s.press("anna", Press::Monitor(Monitor::Silent));
    s.hears("anna:john customer:CustomerHold.wav(held) john:ThankYouForCalling.wav maria:InternalCall.wav");
    // Her own colleague's agent does not hear her.
    let mut s = listens(Stage::consult(), "maria");
    s.press("anna", Press::Monitor(Monitor::Coach));
    s.hears("anna:john+maria customer:CustomerHold.wav(held) john:maria maria:anna+john");
    // Who is transferring hears nobody.
    let mut s = listens(Stage::talking(), "john");
    s.press("anna", Press::Monitor(Monitor::Coach));
    s.transfer("john", Goal::Agent("maria".into())).unwrap();
    s.newest("maria");
    s.hears("anna:silence customer:CustomerHold.wav john:silence");
    s.answer("maria");
    s.hears("anna:customer+maria customer:maria maria:anna+customer");
}

#[test]
fn who_barges_in_is_one_of_them() {
    let mut s = barged(Stage::consult(), "john");
    s.hears("anna:john+maria customer:CustomerHold.wav(held) john:anna+maria maria:anna+john");
    s.press("anna", Press::Join);
    s.hears("anna:customer+john+maria customer:anna+john+maria john:anna+customer+maria maria:anna+customer+john");
    s.press("anna", Press::HoldAll);
    s.hears("anna:silence customer:CustomerHold.wav(held) john:YouAreOnHold.wav(held) maria:YouAreOnHold.wav(held)");
    s.press("anna", Press::Resume(s.id("customer")));
    s.hears("anna:customer customer:anna john:YouAreOnHold.wav(held) maria:YouAreOnHold.wav(held)");
    // Nobody stays on hold for one who only listens.
    s.press("anna", Press::Monitor(Monitor::Silent));
    s.hears("anna:customer+john+maria customer:john+maria john:customer+maria maria:customer+john");
    // Nor for one who has gone.
    s.press("anna", Press::Monitor(Monitor::Barge));
    s.press("anna", Press::HoldAll);
    s.bye("anna");
    s.hears("customer:john+maria john:customer+maria maria:customer+john");
}

#[test]
fn whoever_listens_counts_nowhere() {
    for (state, over) in [(Monitor::Silent, true), (Monitor::Coach, true), (Monitor::Barge, false)] {
        for gone in ["customer", "john"] {
            let mut s = listens(Stage::talking(), "john");
            s.press("anna", Press::Monitor(state));
            s.bye(gone);
            assert_eq!(s.call.is_over(), over, "{state:?} {gone}");
            s.bye("anna");
            assert!(s.call.is_over());
        }
        // Parties of a contact, and the tone of one who is left alone.
        let mut s = Stage::consult();
        s.press("john", Press::HoldAll);
        s = listens(s, "john");
        s.press("anna", Press::Monitor(state));
        s.bye("anna");
        s.hears("customer:CustomerHold.wav(held) john:silence maria:YouAreOnHold.wav(held)");
        assert!(s.out.iter().any(|out| matches!(out, Out::Vacate { agent, .. } if agent.as_str() == "anna")));
        assert!(!s.out.iter().any(|out| matches!(out, Out::Released { agent, .. } if agent.as_str() == "anna")));
    }
    // A customer on the phone's own Transfer key, who has one party: his agent.
    let mut s = listens(Stage::talking(), "john");
    assert_eq!(s.transfer("customer", Goal::Echo), Ok(()));
    s.hears("anna:john john:john");
    // Nor is a quick connect to her anything else than one to somebody who is busy.
    let mut s = Stage::talking();
    call_supervisor(&mut s, "peter", "john").unwrap();
    s.answer("peter");
    assert!(!s.refuses("john", &Press::QuickConnect("peter".into())));
}

#[test]
fn five_listen_at_most_and_only_where_an_agent_is() {
    let mut s = Stage::ringing();
    // On its way to Maria.
    let pending = s.pending();
    let refused = |s: &mut Stage, contact| s.act(|call, cx| call.monitor(cx, &"anna".into(), contact)).unwrap_err();
    assert!(matches!(refused(&mut s, pending), Refused::State(_)));
    let nowhere = ContactId::parse(&"0".repeat(32)).unwrap();
    assert!(matches!(refused(&mut s, nowhere), Refused::NotFound(_)));
    assert!(matches!(call_supervisor(&mut s, "john", "john"), Err(Refused::State(_))));
    for who in ["a", "b", "c", "d", "e"] {
        call_supervisor(&mut s, who, "john").unwrap();
    }
    assert!(matches!(call_supervisor(&mut s, "f", "john"), Err(Refused::Quota(_))));
    // One who does not come leaves his place to another.
    let id = s.id("e");
    s.act(|call, cx| call.failed(cx, id, Reason::NoAnswer));
    assert_eq!(s.call.connections()[&id].state, State::Disconnected(Reason::NoAnswer));
    call_supervisor(&mut s, "f", "john").unwrap();
    // Nobody listens to a listener.
    let theirs = contact_of(&s, "f");
    assert!(matches!(refused(&mut s, theirs), Refused::State(_)));
    // An answer that comes too late.
    s.act(|call, cx| call.answered(cx, id));
    assert_eq!(s.hung_up("e"), Some(Reason::Cancelled));
}

#[test]
fn agents_keep_two_rights_and_supervisors_have_all() {
    let mut s = listens(Stage::consult(), "john");
    assert_eq!(s.screen("anna"), "connected, Monitoring: leave updateMonitorParticipantState; anna: destroyConnection");
    let john = s.screen("john");
    assert!(john.contains("conferenceConnections") && !john.contains("anna"), "{john}");
    let (customer, maria, me) = (s.id("customer"), s.id("maria"), s.id("anna"));
    let rights = || {
        [
            Press::Join,
            Press::Swap,
            Press::HoldAll,
            Press::ResumeAll,
            Press::Hold(customer),
            Press::Resume(customer),
            Press::Drop(customer),
            Press::DropLast,
            Press::Mute(customer),
            Press::Unmute(customer),
            Press::Digits(customer, "1".into()),
        ]
    };
    for press in rights() {
        assert!(s.refuses("anna", &press), "{press:?}");
    }
    assert!(s.refuses("john", &Press::Mute(me)) && s.refuses("john", &Press::Drop(me)));
    assert!(s.refuses("john", &Press::Monitor(Monitor::Barge)));
    s.press("anna", Press::Monitor(Monitor::Coach));
    assert_eq!(
        s.screen("anna"),
        "connected, Coaching: leave updateMonitorParticipantState; anna: destroyConnection muteParticipant"
    );
    s.press("anna", Press::Monitor(Monitor::Barge));
    for press in rights() {
        assert!(s.refuses("john", &press), "{press:?}");
    }
    assert!(s.refuses("john", &Press::QuickConnect("peter".into())));
    assert!(s.refuses("anna", &Press::QuickConnect("peter".into())));
    assert!(matches!(s.transfer("john", Goal::Echo), Err(Refused::State(_))));
    assert!(matches!(s.transfer("anna", Goal::Echo), Err(Refused::State(_))));
    assert!(s.act(|call, cx| call.second_line(cx, &"john".into(), &"peter".into())).is_err());
    assert_eq!(s.screen("john"), "connected, Connected: leave; john: destroyConnection muteParticipant");
    assert_eq!(
        s.screen("anna"),
        "connected, Barged in: leave updateMonitorParticipantState conferenceConnections holdAll resumeAll; \
         anna: destroyConnection muteParticipant; \
         customer: destroyConnection resumeConnection muteParticipant sendDigits; \
         john: destroyConnection holdConnection muteParticipant sendDigits; \
         maria: destroyConnection holdConnection muteParticipant sendDigits"
    );
    // What she mutes is hers.
    s.press("anna", Press::Join);
    s.press("maria", Press::Mute(maria));
    s.press("anna", Press::Mute(maria));
    assert!(s.refuses("maria", &Press::Unmute(maria)));
    s.press("maria", Press::Mute(maria));
    assert!(s.refuses("maria", &Press::Unmute(maria)));
    assert_eq!(s.screen("maria"), "connected, Joined: leave; maria: destroyConnection");
    s.press("anna", Press::Unmute(maria));
    s.press("maria", Press::Mute(maria));
    s.press("maria", Press::Unmute(maria));
    // The phones' own Hold keys: hers holds, theirs do not.
    for (who, expected) in [
        ("john", "anna:customer+john+maria customer:anna+john+maria john:anna+customer+maria maria:anna+customer+john"),
        (
            "anna",
            "anna:silence customer:CustomerHold.wav(held) john:YouAreOnHold.wav(held) maria:YouAreOnHold.wav(held)",
        ),
    ] {
        let id = s.id(who);
        s.act(|call, cx| call.phone_hold(cx, id, true));
        s.hears(expected);
        s.act(|call, cx| call.phone_hold(cx, id, false));
    }
    s.press("john", Press::Leave);
    s.hears("anna:customer+maria customer:anna+maria maria:anna+customer");
    assert!(!s.refuses("anna", &Press::Monitor(Monitor::Coach)));
    s.hears("anna:customer+maria customer:maria maria:anna+customer");
}

#[test]
fn an_agent_whom_a_supervisor_drops_was_barged() {
    let cause = |s: &Stage, contact| s.call.facts(contact).and_then(|f| f.ended).map(|(_, cause)| cause);
    fn note(call: &mut Call, s: &mut cordboard::contact::Cx) {
        call.note(s);
    }
    let mut s = barged(Stage::talking(), "john");
    s.act(note);
    let (first, own) = (contact_of(&s, "john"), contact_of(&s, "anna"));
    s.press("anna", Press::Drop(s.id("john")));
    s.act(note);
    assert_eq!(cause(&s, first), Some(Cause::Barged));
    s.bye("customer");
    s.act(note);
    assert_eq!(cause(&s, own), Some(Cause::Customer));
    let facts = s.call.facts(own).unwrap();
    assert_eq!(facts.transitions.iter().map(|(_, state)| *state).collect::<Vec<_>>(), [Monitor::Barge]);
    // Nobody was transferred to her.
    assert_eq!(s.call.facts(first).unwrap().transferred, None);
    // Nobody else is.
    let mut s = barged(Stage::consult(), "john");
    s.act(note);
    let first = contact_of(&s, "john");
    s.press("anna", Press::Drop(s.id("customer")));
    s.press("anna", Press::Leave);
    s.act(note);
    s.bye("maria");
    s.act(note);
    assert_eq!(cause(&s, first), Some(Cause::Agent));
    let mut s = barged(Stage::talking(), "john");
    s.act(note);
    let first = contact_of(&s, "john");
    s.press("anna", Press::Drop(s.id("customer")));
    s.press("john", Press::Leave);
    s.act(note);
    assert_eq!(cause(&s, first), Some(Cause::Agent));
    // An agent who leaves by himself.
    let mut s = barged(Stage::talking(), "john");
    s.act(note);
    let first = contact_of(&s, "john");
    s.press("john", Press::Leave);
    s.act(note);
    assert_eq!(cause(&s, first), Some(Cause::Agent));
    assert!(s.call.connections().values().any(|c| c.kind == Kind::Monitoring && c.is_up()));
}

#[test]
fn who_is_muted_is_so_on_both_his_lines() {
    let mut s = Stage::talking();
    let second = s.act(|call, cx| call.second_line(cx, &"john".into(), &"maria".into())).unwrap();
    s.who.insert("john2", second);
    s.press("john", Press::Mute(s.id("john")));
    assert!([s.id("john"), second].iter().all(|line| !s.call.plan()[line].heard));
    s.press("john", Press::Unmute(s.id("john")));
    assert!([s.id("john"), second].iter().all(|line| s.call.plan()[line].heard));
    // A line begun later is his mouth, too.
    let mut s = Stage::talking();
    s.press("john", Press::Mute(s.id("john")));
    let second = s.act(|call, cx| call.second_line(cx, &"john".into(), &"maria".into())).unwrap();
    assert!(!s.call.plan()[&second].heard);
}
