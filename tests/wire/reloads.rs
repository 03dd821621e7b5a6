//! Another installation while people wait and talk: what becomes of those whose queue or agent it takes away.

use super::trunks::{CALLER, answer, calls, line, told};
use super::world::{World, request, site};
use cordboard::engine::{Addressee, Button, Input};
use cordboard::ids::Ticket;
use cordboard::routing::AfterCallWork;
use cordboard::site::Site;
use cordboard::time::Duration;
use std::sync::Arc;

const JOHN: &str = "192.0.2.50:5060";
const MARIA: &str = "192.0.2.60:5060";

fn lab() -> Site {
    let mut site = site();
    site.sip.domain = "biloxi.example.com".into();
    site
}

/// What went to somebody that begins like this, among all that was sent since the last look.
fn sent(world: &mut World, who: &str, start: &str) -> String {
    let all = world.take();
    let found = all.iter().find(|(to, text)| to == who && text.starts_with(start)).map(|(_, text)| text.clone());
    world.sent.extend(all.clone());
    found.unwrap_or_else(|| panic!("no {start} to {who}: {all:#?}"))
}

/// A customer dials a number, and has been answered.
fn customer(world: &mut World, number: &str) {
    calls(world, number, "a");
    let ok = sent(world, CALLER, "SIP/2.0 200");
    let lines = format!(
        "From: {}\nTo: {}\nCall-ID: a\nCSeq: 1 ACK\nVia: SIP/2.0/UDP {CALLER};branch=z9hG4bKack",
        line(&ok, "From"),
        line(&ok, "To")
    );
    world.hear(CALLER, request("ACK", &target(&ok), CALLER, &lines, "").as_bytes());
    world.pass(Duration::from_secs(1));
}

fn target(text: &str) -> String {
    line(text, "Contact").trim_start_matches('<').split('>').next().unwrap_or_default().to_owned()
}

/// The customer is with john; the INVITE that john has answered.
fn talking(site: Site) -> (World, String) {
    let mut world = World::with(site);
    world.register("john", "john", JOHN);
    customer(&mut world, "1000");
    let offer = sent(&mut world, JOHN, "INVITE");
    answer(&mut world, JOHN, &offer, "200 OK", "");
    world.pass(Duration::from_secs(2));
    world.take();
    (world, offer)
}

fn hangs_up(world: &mut World, offer: &str) {
    let lines = format!(
        "From: {};tag=theirs\nTo: {}\nCall-ID: {}\nVia: SIP/2.0/UDP {JOHN};branch=z9hG4bKbye",
        line(offer, "To"),
        line(offer, "From"),
        line(offer, "Call-ID")
    );
    world.hear(JOHN, request("BYE", &target(offer), JOHN, &lines, "").as_bytes());
}

fn asks(world: &mut World, quick_connect: &str) {
    let target = Addressee::QuickConnect(quick_connect.into());
    let button = Button::CreateAdditionalConnection { contact: None, target };
    world.input(Input::Button { agent: "john".into(), button, ticket: Ticket(1) });
    world.pass(Duration::from_secs(1));
}

fn without_queue(queue: &str) -> Input {
    let mut site = lab();
    site.routing.queues.remove(queue);
    Arc::make_mut(&mut site.catalog).queues.remove(queue);
    Input::Reload(Arc::new(site))
}

fn without_agent(agent: &str) -> Input {
    let mut site = lab();
    site.agents.remove(agent);
    site.routing.agents.remove(agent);
    Arc::make_mut(&mut site.catalog).agents.remove(agent);
    Input::Reload(Arc::new(site))
}

#[test]
fn a_customer_whose_queue_is_taken_away_is_not_left_waiting_for_ever() {
    let mut world = World::with(lab());
    customer(&mut world, "2000");
    world.take();
    world.input(without_queue("PasswordReset"));
    let (short, bye) = told(&mut world, CALLER);
    assert_eq!(short, "BYE");
    answer(&mut world, CALLER, &bye, "200 OK", "");
    world.pass(Duration::from_secs(40));
    assert!(world.engine.is_empty());
}

#[test]
fn a_consult_in_a_queue_that_is_taken_away_has_failed_and_the_customer_is_still_there() {
    let (mut world, _) = talking(lab());
    world.register("maria", "maria", MARIA);
    asks(&mut world, "password-reset");
    let rows = |world: &World| -> Vec<(String, String)> {
        let screen = world.engine.snapshot(&"john".into()).unwrap_or_else(|| panic!("john's screen"));
        let rows = screen.contacts.iter().flat_map(|contact| &contact.connections);
        rows.map(|row| (row.kind.to_string(), row.state.to_string())).collect()
    };
    let row = |kind: &str, state: &str| (kind.to_owned(), state.to_owned());
    let waits = [row("inbound", "hold"), row("agent", "connected"), row("outbound", "connected")];
    assert_eq!(rows(&world), waits);
    let offer = sent(&mut world, MARIA, "INVITE");
    world.input(without_queue("PasswordReset"));
    assert_eq!(rows(&world), waits, "whoever is being asked may still take it");
    answer(&mut world, MARIA, &offer, "486 Busy", "");
    assert_eq!(rows(&world), [row("inbound", "hold"), row("agent", "connected"), row("outbound", "disconnected")]);
    assert_eq!(world.engine.broken_laws(), Vec::<String>::new());
}

#[test]
fn a_customer_who_waits_for_an_agent_who_is_taken_away_goes_back_to_the_queue_he_came_from() {
    let (mut world, offer) = talking(lab());
    asks(&mut world, "maria");
    world.take();
    hangs_up(&mut world, &offer);
    assert_eq!(told(&mut world, JOHN).0, "200", "the customer waits for maria");
    world.input(without_agent("maria"));
    let sent: Vec<(String, String)> = world.take();
    let to = |who: &str, word: &str| sent.iter().any(|(to, text)| to == who && text.starts_with(word));
    assert!(to(JOHN, "INVITE") && !to(CALLER, "BYE"), "{sent:#?}");
    assert_eq!(world.engine.broken_laws(), Vec::<String>::new());
}

#[test]
fn the_contact_of_an_agent_who_is_taken_away_is_completed() {
    let some = AfterCallWork::For(Duration::from_secs(3));
    for (rule, work, removed_at_work, worked) in [
        ("who has none", AfterCallWork::None, false, 0),
        ("while he talks", some, false, 0),
        ("while he talks, who clears it", AfterCallWork::Manual, false, 0),
        ("in his work", some, true, 1),
        ("in his work, who clears it", AfterCallWork::Manual, true, 1),
    ] {
        let mut site = lab();
        for agent in site.routing.agents.values_mut() {
            agent.after_call_work = work;
        }
        let (mut world, offer) = talking(site);
        if !removed_at_work {
            world.input(without_agent("john"));
        }
        hangs_up(&mut world, &offer);
        world.pass(Duration::from_secs(1));
        assert_eq!(world.records.len(), usize::from(!removed_at_work), "{rule}");
        if removed_at_work {
            world.input(without_agent("john"));
        }
        let [record] = world.records.as_slice() else { panic!("{rule}: {:#?}", world.records) };
        let agent = record.agent.as_ref().unwrap_or_else(|| panic!("{rule}: his record"));
        assert_eq!((agent.username.as_str(), agent.after_contact_work_duration), ("john", worked), "{rule}");
        world.pass(Duration::from_secs(60));
        assert!(world.engine.is_empty() && world.records.len() == 1, "{rule}");
    }
}
