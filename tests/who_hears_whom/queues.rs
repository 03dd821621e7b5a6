//! A queue quick connect: the row that nobody has yet, whoever is asked to take it, and her phone that goes away.

use super::flows::{flow, with};
use super::stage::Stage;
use cordboard::contact::{Press, QuickConnect, QuickConnectTo, Reason, State};
use cordboard::flow::FlowType;
use serde_json::json;

fn asked() -> Stage {
    let says = ("MessageParticipant", json!({"PromptId": "Going.wav"}));
    let queued = flow("To a queue", FlowType::QueueTransfer, &[says, ("TransferContactToQueue", json!({}))]);
    let mut catalog = with([queued]);
    let to = QuickConnectTo::Queue { queue: "Support".into(), flow: "To a queue".into() };
    catalog.quick_connects.insert("help".into(), QuickConnect { name: "Help".into(), code: None, to });
    catalog.agents.get_mut("john").unwrap().quick_connects.push("help".into());
    let mut s = Stage::talking_with(catalog);
    s.press("john", Press::QuickConnect("help".into()));
    s.newest("row");
    s
}

#[test]
fn the_row_is_nobodys_until_somebody_answers() {
    let shows = |s: &Stage, agent: Option<&str>, name: &str, state, last_offer| {
        let c = &s.call.connections()[&s.id("row")];
        assert_eq!((c.agent.as_ref().map(|a| a.as_str()), c.identity.name.as_str()), (agent, name));
        assert_eq!((c.state, c.last_offer), (state, last_offer));
    };
    let mut s = asked();
    shows(&s, None, "Help", State::Connecting, None);
    // On its way to the queue; then it is there, whoever takes it.
    assert!(s.screen("john").starts_with("connected, Connecting:"));
    s.played("john");
    shows(&s, None, "Help", State::Connected, None);
    assert!(s.screen("john").starts_with("connected, Connected:"));
    s.offer("maria");
    shows(&s, Some("maria"), "Maria", State::Connected, None);
    assert!(s.act(|call, cx| call.reject(cx, &"maria".into())).is_ok());
    shows(&s, None, "Help", State::Connected, Some(Reason::Rejected));
    // Her last phone is gone while it rings, and later.
    s.offer("peter");
    let contact = s.pending();
    s.act(|call, cx| call.lost(cx, contact));
    assert_eq!(s.hung_up("peter"), Some(Reason::Unreachable));
    shows(&s, None, "Help", State::Connected, Some(Reason::Unreachable));
    s.offer("maria");
    s.answer("maria");
    s.act(|call, cx| call.lost(cx, contact));
    shows(&s, Some("maria"), "Maria", State::Connected, None);
    s.played("maria");
    s.played("john");
    s.who.retain(|who, _| !["maria", "peter"].contains(who));
    s.hears("customer:CustomerHold.wav(held) john:row row:john");
}

#[test]
fn the_next_to_be_offered_it_is_neither_muted_nor_held() {
    let mut s = asked();
    s.played("john");
    s.offer("maria");
    s.answer("maria");
    let row = s.id("row");
    s.press("john", Press::Mute(row));
    // Her own Hold key, in her whisper.
    s.act(|call, cx| call.phone_hold(cx, row, true));
    s.bye("maria");
    s.offer("peter");
    s.answer("peter");
    let c = &s.call.connections()[&row];
    assert_eq!((c.muted_by, c.is_held_by_phone()), (None, false));
    s.played("peter");
    s.played("john");
    s.who.retain(|who, _| !["maria", "peter"].contains(who));
    s.hears("customer:CustomerHold.wav(held) john:row row:john");
    // His own key is his own; and nobody is muted before he is there.
    let mut waits = asked();
    waits.played("john");
    assert!(waits.refuses("john", &Press::Mute(waits.id("row"))));
    s.act(|call, cx| call.phone_hold(cx, row, true));
    s.hears("customer:CustomerHold.wav(held) john:YouAreOnHold.wav(held) row:silence");
}

#[test]
fn whoever_takes_it_in_the_end_has_served_it() {
    let mut s = asked();
    s.played("john");
    let contact = s.pending();
    let served = |s: &mut Stage| {
        s.act(|call, cx| call.note(cx));
        s.call.facts(contact).and_then(|facts| facts.served.clone()).map(|by| (by.agent.to_string(), by.accepted))
    };
    for agent in ["maria", "peter", "maria"] {
        s.wait(5);
        s.offer(agent);
        s.answer(agent);
        assert_eq!(served(&mut s), Some((agent.into(), s.now)));
        // In her own whisper, and in John's.
        if agent == "peter" {
            s.played(agent);
        }
        s.bye(agent);
    }
    s.offer("peter");
    s.answer("peter");
    s.played("peter");
    s.played("john");
    let since = s.now;
    s.wait(5);
    assert_eq!(served(&mut s), Some(("peter".into(), since)));
}

#[test]
fn only_he_who_asked_sees_it_connecting() {
    let mut s = Stage::consult();
    s.press("john", Press::Join);
    let help = asked().catalog;
    s.catalog = help;
    s.press("john", Press::QuickConnect("help".into()));
    assert!(s.screen("john").starts_with("connected, Connecting:"));
    assert!(s.screen("maria").starts_with("connected, On hold:"));
    s.press("john", Press::DropLast);
    assert!(s.screen("john").starts_with("connected, On hold:"));
}

#[test]
fn a_queue_that_is_taken_away_lets_go_whom_it_had() {
    let mut s = asked();
    s.played("john");
    let contact = s.pending();
    s.act(|call, cx| call.give_up(cx, contact));
    s.hears("customer:CustomerHold.wav(held) john:Congestion");
    assert_eq!(s.call.connections()[&s.id("row")].state, State::Disconnected(Reason::Failed));
}
