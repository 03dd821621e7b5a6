//! Phones that people use, against the built binary on loopback, with the set-ups that are shipped for them: what each
//! of them heard is measured in its own recording.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "real_phones/baresip.rs"]
mod baresip;
#[path = "real_phones/crowd.rs"]
mod crowd;
#[path = "real_phones/external.rs"]
mod external;
#[path = "real_phones/hearing.rs"]
mod hearing;
#[path = "real_phones/lab.rs"]
mod lab;
#[path = "real_phones/linphone.rs"]
mod linphone;
#[path = "real_phones/monitors.rs"]
mod monitors;
#[path = "real_phones/networks.rs"]
mod networks;
#[path = "real_phones/phone.rs"]
mod phone;
#[path = "real_phones/process.rs"]
mod process;
#[path = "real_phones/scripts.rs"]
mod scripts;
#[path = "real_phones/sipp.rs"]
mod sipp;
#[path = "real_phones/transfers.rs"]
mod transfers;
#[path = "real_phones/trunks.rs"]
mod trunks;

use baresip::Baresip;
use hearing::{Listener, Sound};
use lab::{Lab, Over, has_ipv6};
use linphone::Linphone;
use phone::{Phone, they_talk};
use process::free_port;
use sipp::Sipp;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

const HOLD: Sound<'static> = Sound::Prompt("CustomerHold.wav");

#[test]
fn a_terminated_switch_ends_well_and_its_card_comes_fast() {
    let mut lab = Lab::start("start-up");
    println!("from exec to card: {:?}", lab.start_up);
    // The aim is 0.2 s with the release build; a busy machine and a debug build get more.
    assert!(lab.start_up < Duration::from_secs(2), "{:?}", lab.start_up);
    assert!(lab.stop(), "SIGTERM is no failure");
}

/// John answers customers one after the other, and leaves each. Who leaves first hangs up for both.
fn customers_call_john(lab: &Lab, over: Over, calls: u32) {
    let port = free_port();
    Sipp::registers(lab, "john", over, port);
    let john = Sipp::answers(lab, over, port, calls);
    let customer = Sipp::calls(lab, over, "1000", calls);
    for _ in 0..calls {
        lab.hears_parties("john", "john", 1);
        lab.press("john", &["leave"]);
        lab.shows("john", "no contact", |snapshot| snapshot["contacts"].as_array().is_some_and(Vec::is_empty));
    }
    customer.has_succeeded();
    john.has_succeeded();
}

#[test]
fn sipp_calls_sipp_over_udp() {
    customers_call_john(&Lab::start("sipp-udp"), Over::Udp, 2);
}

#[test]
fn sipp_calls_sipp_over_tcp() {
    customers_call_john(&Lab::start("sipp-tcp"), Over::Tcp, 2);
}

#[test]
fn sipp_calls_sipp_over_ipv6() {
    if !has_ipv6() {
        return;
    }
    let lab = Lab::on("sipp-ipv6", IpAddr::V6(Ipv6Addr::LOCALHOST));
    customers_call_john(&lab, Over::Udp, 1);
    customers_call_john(&lab, Over::Tcp, 1);
}

#[test]
fn the_agent_quick_connect_on_three_linphones() {
    consult_join_and_leave("story", "maria");
}

#[test]
fn the_queue_quick_connect_on_three_linphones() {
    consult_join_and_leave("queue", "password-reset");
}

/// John consults Maria by this quick connect, joins her to the customer, and leaves them to each other.
fn consult_join_and_leave(name: &str, quick_connect: &str) {
    let lab = Lab::start(name);
    let ear = Listener::new(&lab.library);
    let mut customer = Linphone::start(&lab, "customer");
    let mut john = Linphone::start(&lab, "john");
    let mut maria = Linphone::start(&lab, "maria");
    lab.are_registered(&["john", "maria"]);

    they_talk(&lab, &mut customer, &mut john);
    ear.talk("they talk", &[&customer, &john], &[]);

    lab.press("john", &["quick-connect", quick_connect]);
    lab.hears_flow("john", "customer", "Default customer hold");
    maria.rings();
    ear.phase("Maria rings", &[(&customer, HOLD), (&john, Sound::Flow)]);

    maria.answer();
    lab.hears_parties("john", "john", 1);
    ear.talk("consult", &[&john, &maria], &[(&customer, HOLD)]);

    lab.press("john", &["join"]);
    lab.hears_parties("john", "customer", 2);
    ear.talk("joined", &[&customer, &john, &maria], &[]);

    john.hang_up();
    john.has_ended();
    lab.hears_parties("maria", "customer", 1);
    ear.talk("John left", &[&customer, &maria], &[]);

    maria.hang_up();
    maria.has_ended();
    customer.has_ended();
    lab.has_state("john", "Available");
    lab.has_state("maria", "Available");
}

#[test]
fn linphones_own_hold_keys_hold_and_resume() {
    let lab = Lab::start("hold-key");
    let ear = Listener::new(&lab.library);
    let mut customer = Linphone::start(&lab, "customer");
    let mut john = Linphone::start(&lab, "john");
    lab.is_registered("john");

    they_talk(&lab, &mut customer, &mut john);
    ear.talk("they talk", &[&customer, &john], &[]);

    // It goes on sending: the customer must not hear that.
    john.hold();
    lab.hears_flow("john", "customer", "Default customer hold");
    ear.phase("held", &[(&customer, HOLD)]);

    john.resume();
    lab.hears_parties("john", "customer", 1);
    ear.talk("resumed", &[&customer, &john], &[]);

    customer.hold();
    lab.shows("john", "that the customer holds", |snapshot| {
        snapshot["contacts"][0]["connections"][0]["heldBy"] == "customer"
    });
    customer.resume();
    lab.shows("john", "that nobody holds", |snapshot| snapshot["contacts"][0]["connections"][0]["heldBy"].is_null());
    ear.talk("taken back", &[&customer, &john], &[]);

    customer.hang_up();
    customer.has_ended();
    john.has_ended();
    lab.has_state("john", "Available");
}

#[test]
fn a_quick_connect_is_a_call_on_linphones_second_line() {
    let lab = Lab::start("second-line");
    let ear = Listener::new(&lab.library);
    let mut customer = Linphone::start(&lab, "customer");
    let mut john = Linphone::start(&lab, "john");
    let mut maria = Linphone::start(&lab, "maria");
    lab.are_registered(&["john", "maria"]);

    they_talk(&lab, &mut customer, &mut john);

    john.hold();
    lab.hears_flow("john", "customer", "Default customer hold");
    john.dial(&lab, "qc-maria");
    maria.rings();
    maria.answer();
    lab.hears_parties("john", "maria", 1);
    ear.talk("consult", &[&john, &maria], &[(&customer, HOLD)]);

    // Hanging up that line drops Maria; the first line has the customer.
    john.hang_up();
    john.has_ended();
    maria.has_ended();
    john.resume();
    lab.hears_parties("john", "customer", 1);
    ear.talk("back", &[&customer, &john], &[]);
}

#[test]
fn baresip_with_another_codec_takes_a_quick_connect_pressed_on_a_keypad() {
    keypad_consult_with_baresip("baresip", "*411#");
}

#[test]
fn baresip_takes_a_contact_of_a_queue_that_was_asked_on_a_keypad() {
    keypad_consult_with_baresip("baresip-queue", "*421#");
}

/// John, on a Linphone, keys a quick connect that reaches Maria's baresip, which has another codec.
fn keypad_consult_with_baresip(name: &str, keys: &str) {
    let lab = Lab::start(name);
    let ear = Listener::new(&lab.library);
    let mut customer = Linphone::start(&lab, "customer");
    let mut john = Linphone::start(&lab, "john");
    let mut maria = Baresip::start(&lab, "maria", "PCMA");
    lab.are_registered(&["john", "maria"]);

    they_talk(&lab, &mut customer, &mut john);
    john.dial_keys(keys);
    maria.rings();
    maria.answer();
    lab.hears_parties("john", "john", 1);
    ear.talk("consult", &[&john, &maria], &[(&customer, HOLD)]);

    john.dial_keys("*1");
    lab.hears_parties("john", "customer", 2);
    ear.talk("joined", &[&customer, &john, &maria], &[]);

    lab.press("john", &["leave"]);
    john.has_ended();
    lab.hears_parties("maria", "customer", 1);
    ear.talk("John left", &[&customer, &maria], &[]);

    maria.hang_up();
    customer.has_ended();
    lab.has_state("maria", "Available");
}
