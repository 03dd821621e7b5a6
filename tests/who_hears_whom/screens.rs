//! What an agent's screen says in each phase, what his keypad means, and the words of Connect.

use super::stage::{Stage, catalog};
use cordboard::contact::{Event, Keys, Kind, Method, Press, Reason, State, Typed};
use cordboard::time::{Duration, Time};

#[test]
fn banner_and_buttons_of_each_phase() {
    let mut s = Stage::talking();
    let shows = |s: &Stage, agent, said: &str| assert_eq!(s.screen(agent), said);
    shows(
        &s,
        "john",
        "connected, Connected: leave createAdditionalConnection holdAll; \
        customer: destroyConnection holdConnection muteParticipant sendDigits; john: destroyConnection muteParticipant",
    );
    s.press("john", Press::HoldAll);
    shows(
        &s,
        "john",
        "connected, On hold: leave createAdditionalConnection resumeAll; \
        customer: destroyConnection resumeConnection muteParticipant sendDigits; john: destroyConnection muteParticipant",
    );
    let mut s = Stage::ringing();
    shows(
        &s,
        "john",
        "connected, Connected: leave conferenceConnections toggleActiveConnections resumeAll; \
        customer: destroyConnection resumeConnection muteParticipant sendDigits; john: destroyConnection muteParticipant; \
        maria: destroyConnection",
    );
    shows(&s, "maria", "connecting, Incoming: rejectContact");
    s.answer("maria");
    shows(&s, "maria", "connecting, Connecting: leave");
    // Nobody talks to John yet, so there is nobody whom he could hold or press keys for.
    shows(
        &s,
        "john",
        "connected, Connected: leave conferenceConnections toggleActiveConnections resumeAll; \
        customer: destroyConnection resumeConnection muteParticipant sendDigits; john: destroyConnection muteParticipant; \
        maria: destroyConnection muteParticipant",
    );
    assert!(s.refuses("john", &Press::Digits(s.id("maria"), "1".into())));
    let mut s = Stage::consult();
    shows(
        &s,
        "john",
        "connected, Connected: leave createAdditionalConnection conferenceConnections toggleActiveConnections holdAll resumeAll; \
        customer: destroyConnection resumeConnection muteParticipant sendDigits; john: destroyConnection muteParticipant; \
        maria: destroyConnection holdConnection muteParticipant sendDigits",
    );
    s.press("john", Press::Join);
    shows(
        &s,
        "john",
        "connected, Joined: leave createAdditionalConnection toggleActiveConnections holdAll; \
        customer: destroyConnection holdConnection muteParticipant sendDigits; john: destroyConnection muteParticipant; \
        maria: destroyConnection holdConnection muteParticipant sendDigits",
    );
    s.press("john", Press::Hold(s.id("maria")));
    shows(
        &s,
        "maria",
        "connected, On hold: leave createAdditionalConnection conferenceConnections toggleActiveConnections holdAll resumeAll; \
        customer: destroyConnection holdConnection muteParticipant sendDigits; john: destroyConnection holdConnection muteParticipant sendDigits; \
        maria: destroyConnection resumeConnection muteParticipant",
    );
    // Muted: himself he may unmute, and whoever is no agent.
    s.press("john", Press::ResumeAll);
    for who in ["customer", "john", "maria"] {
        s.press("john", Press::Mute(s.id(who)));
    }
    shows(
        &s,
        "john",
        "connected, Joined: leave createAdditionalConnection toggleActiveConnections holdAll; \
        customer: destroyConnection holdConnection unmuteParticipant sendDigits; john: destroyConnection unmuteParticipant; \
        maria: destroyConnection holdConnection sendDigits",
    );
    assert!(s.refuses("john", &Press::Unmute(s.id("maria"))));
    // A second line of his is not another party.
    let mut s = Stage::talking();
    s.act(|call, cx| call.second_line(cx, &"john".into(), &"maria".into())).unwrap();
    shows(
        &s,
        "john",
        "connected, Connected: leave conferenceConnections toggleActiveConnections resumeAll; \
        customer: destroyConnection resumeConnection muteParticipant sendDigits; john: destroyConnection muteParticipant",
    );
    // And to the customer's phone the two lines are one man.
    let line = s.newest("maria");
    assert!(s.call.connections()[&line].agent.is_some());
    let carol = s.id("customer");
    s.press("john", Press::ResumeAll);
    let shown = s.call.plan().remove(&carol).unwrap().shows;
    assert_eq!(shown.map(|who| who.name).as_deref(), Some("John"));
}

#[test]
fn what_a_keypad_means() {
    let mut catalog = catalog();
    catalog.quick_connects.get_mut("maria").unwrap().code = Some("71".into());
    catalog.quick_connects.get_mut("peter").unwrap().code = Some("72".into());
    let at = |seconds: u64| Time::from_micros(1_000_000 * seconds);
    let digits = |text: &str| Typed::Digits(text.into());
    for (typed, means) in [
        ("*", Typed::Waiting),
        ("*1", Typed::Press(Press::Join)),
        ("*2", Typed::Press(Press::Swap)),
        ("*3", Typed::Press(Press::HoldAll)),
        ("*4", Typed::Waiting),
        ("*47", Typed::Waiting),
        ("*471", Typed::Waiting),
        ("*471#", Typed::Press(Press::QuickConnect("maria".into()))),
        ("*472#", Typed::Press(Press::QuickConnect("peter".into()))),
        ("*473#", Typed::Unknown("73".into())),
        ("*5", Typed::Press(Press::DropLast)),
        ("*6", Typed::Press(Press::ResumeAll)),
        ("*7", digits("*7")),
        ("7", digits("7")),
        ("#", digits("#")),
    ] {
        let mut keys = Keys::default();
        let last = typed.chars().map(|digit| keys.digit(at(10), digit, &catalog, &"john".into())).last();
        assert_eq!(last, Some(means.clone()), "{typed}");
        // What may yet become a code is waited for, and then belongs to the other party.
        let waits = means == Typed::Waiting;
        let Some(end) = keys.deadline() else {
            assert!(!waits, "{typed}");
            continue;
        };
        assert!(waits && end == at(10) + cordboard::limits::FEATURE_DIGITS, "{typed}");
        assert_eq!(keys.expired(Time::from_micros(end.micros() - 1)), None);
        assert_eq!(keys.expired(end), Some(typed.to_owned()));
        assert_eq!(keys.expired(end + Duration::from_secs(9)), None);
    }
}

#[test]
fn the_words_of_connect() {
    for (kind, word) in [(Kind::Agent, "agent"), (Kind::Inbound, "inbound"), (Kind::Outbound, "outbound")] {
        assert_eq!(kind.as_str(), word);
    }
    for (state, word) in [
        (State::Init, "init"),
        (State::Connecting, "connecting"),
        (State::Connected, "connected"),
        (State::Hold, "hold"),
        (State::Disconnected(Reason::Left), "disconnected"),
    ] {
        assert_eq!(state.as_str(), word);
    }
    for (reason, word) in [
        (Reason::Rejected, "rejected"),
        (Reason::NoAnswer, "no_answer"),
        (Reason::Unreachable, "unreachable"),
        (Reason::Busy, "busy"),
        (Reason::Failed, "failed"),
        (Reason::Cancelled, "cancelled"),
        (Reason::HungUp, "hung_up"),
        (Reason::Dropped, "dropped"),
        (Reason::Left, "left"),
    ] {
        assert_eq!(reason.as_str(), word);
    }
    for method in [Method::Inbound, Method::Outbound, Method::Transfer, Method::External] {
        assert_eq!(Method::parse(method.as_str()), method);
    }
    assert_eq!(Method::parse("CALLBACK"), Method::Inbound);
    for (event, word) in [
        (Event::Initiated, "INITIATED"),
        (Event::Queued, "QUEUED"),
        (Event::ConnectedToAgent, "CONNECTED_TO_AGENT"),
        (Event::Disconnected, "DISCONNECTED"),
        (Event::Completed, "COMPLETED"),
    ] {
        assert_eq!(event.as_str(), word);
    }
}
