//! Somebody outside: a Linphone or a baresip behind the lab's trunk, and SIPp as a trunk that is engaged, is
//! heard early, or sends calls on.

use super::HOLD;
use super::baresip::Baresip;
use super::hearing::{Listener, Sound};
use super::lab::{Lab, Over, replaced};
use super::linphone::Linphone;
use super::phone::{Phone, they_talk};
use super::process::free_port;
use super::sipp::Sipp;
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr};

/// The lab, whose trunk leads to these ports of this machine. SIPp's scripts take calls alone, and are not asked whether they
/// are there.
fn lab(name: &str, ports: &[u16], asks: bool) -> Lab {
    let hosts: Vec<String> = ports.iter().map(|port| format!("\"127.0.0.1:{port}\"")).collect();
    let asks = if asks { "" } else { "\noptions_seconds = 0" };
    let host = format!("host = [{}]{asks}", hosts.join(", "));
    Lab::with(name, IpAddr::V4(Ipv4Addr::LOCALHOST), |text| replaced(&text, "host = \"127.0.0.1:5090\"", &host))
}

fn row<'a>(snapshot: &'a Value, name: &str) -> Option<&'a Value> {
    let contacts = snapshot["contacts"].as_array()?;
    let mut rows = contacts.iter().filter_map(|contact| contact["connections"].as_array()).flatten().rev();
    rows.find(|row| row["name"] == name)
}

#[test]
fn the_external_quick_connect_on_three_linphones() {
    let port = free_port();
    let lab = lab("external", &[port], true);
    let ear = Listener::new(&lab.library);
    let mut bank = Linphone::at(&lab, "bank", port);
    let mut customer = Linphone::start(&lab, "customer");
    let mut john = Linphone::start(&lab, "john");
    lab.is_registered("john");
    lab.shows("john", "that the bank is there", |snapshot| {
        let quick = snapshot["quickConnects"].as_array().unwrap();
        quick.iter().any(|one| one["id"] == "bank" && one["presence"] == "Available")
    });

    they_talk(&lab, &mut customer, &mut john);
    lab.press("john", &["quick-connect", "bank"]);
    bank.rings();
    lab.hears_flow("john", "customer", "Default customer hold");
    ear.phase("the bank rings", &[(&customer, HOLD)]);
    bank.answer();
    lab.hears_parties("john", "john", 1);
    ear.talk("consult", &[&john, &bank], &[(&customer, HOLD)]);

    lab.press("john", &["join"]);
    lab.hears_parties("john", "customer", 2);
    ear.talk("joined", &[&customer, &john, &bank], &[]);

    lab.press("john", &["hold-all"]);
    ear.phase("all held", &[(&customer, HOLD), (&bank, HOLD)]);
    lab.press("john", &["resume-all"]);
    ear.talk("resumed", &[&customer, &john, &bank], &[]);

    john.hang_up();
    john.has_ended();
    lab.has_state("john", "Available");
    ear.talk("John left", &[&customer, &bank], &[]);
    bank.hang_up();
    customer.has_ended();
}

#[test]
fn john_calls_a_baresip_outside_from_his_phone_and_by_his_screen() {
    let port = free_port();
    let lab = lab("outbound", &[port], true);
    let ear = Listener::new(&lab.library);
    let mut bank = Baresip::at(Over::Udp, &lab, "bank", "PCMA", port);
    let mut john = Linphone::start(&lab, "john");
    lab.is_registered("john");

    john.dial(&lab, "+15550199");
    bank.rings();
    lab.has_state("john", "CallingCustomer");
    bank.answer();
    lab.has_state("john", "Busy");
    ear.talk("outbound", &[&john, &bank], &[]);
    bank.hang_up();
    john.has_ended();
    lab.has_state("john", "Available");

    lab.press("john", &["call", "+15550199"]);
    john.rings();
    john.answer();
    bank.rings();
    bank.answer();
    lab.has_state("john", "Busy");
    lab.hears_parties("john", "john", 1);
    john.hang_up();
    bank.has_ended();
    lab.has_state("john", "Available");
}

#[test]
fn john_hears_what_sipp_makes_of_his_calls_outside() {
    let (first, second) = (free_port(), free_port());
    let lab = lab("external-sipp", &[first, second], false);
    let ear = Listener::new(&lab.library);
    let mut customer = Linphone::start(&lab, "customer");
    let mut john = Linphone::start(&lab, "john");
    lab.is_registered("john");
    they_talk(&lab, &mut customer, &mut john);

    let engaged = Sipp::trunk(&lab, "trunk-engaged", first);
    lab.press("john", &["quick-connect", "bank"]);
    engaged.has_succeeded();
    lab.shows("john", "that the bank is engaged", |snapshot| {
        row(snapshot, "Bank").is_some_and(|row| row["reason"] == "busy")
    });
    ear.phase("the customer still holds", &[(&customer, HOLD)]);

    // SIPp sends back what it hears: himself, before the answer and after it.
    let early = Sipp::trunk(&lab, "trunk-early", first);
    lab.press("john", &["quick-connect", "bank"]);
    lab.shows("john", "early sound", |snapshot| {
        let unanswered =
            row(snapshot, "Bank").is_some_and(|row| row["state"] == "connecting" && row["answered"] == false);
        unanswered
            && row(snapshot, "John").is_some_and(|row| row["hears"]["parties"].as_array().is_some_and(|p| p.len() == 1))
    });
    lab.shows("john", "the answer", |snapshot| row(snapshot, "Bank").is_some_and(|row| row["answered"] == true));
    ear.phase("he hears himself come back", &[(&john, Sound::Only(&["john"])), (&customer, HOLD)]);
    lab.press("john", &["drop", "+15550199"]);
    early.has_succeeded();

    let sent_on = Sipp::trunk_that(&lab, "trunk-redirect", first, &["-key", "there", &format!("127.0.0.1:{second}")]);
    let answers = Sipp::trunk(&lab, "answering-agent", second);
    lab.press("john", &["quick-connect", "bank"]);
    sent_on.has_succeeded();
    lab.logs(&["a call outside is redirected"]);
    lab.shows("john", "the answer", |snapshot| row(snapshot, "Bank").is_some_and(|row| row["answered"] == true));
    ear.phase("there, too", &[(&john, Sound::Only(&["john"])), (&customer, HOLD)]);
    john.hang_up();
    lab.has_state("john", "Available");
    customer.hang_up();
    answers.has_succeeded();
}
