//! The shipped SIPp scripts: each plays a phone that does one thing of the RFCs, and fails where the switch does not.

use super::lab::{Lab, Over, has_ipv6};
use super::linphone::Linphone;
use super::phone::Phone;
use super::process::free_port;
use super::sipp::Sipp;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

fn of_a_customer(lab: &Lab, over: Over) {
    let all = [("hold-forms", "9001"), ("late-offer", "9002"), ("session-timer", "9001")];
    let running = all.map(|(script, number)| Sipp::guest(lab, over, script, number));
    running.into_iter().for_each(Sipp::has_succeeded);
    keys_by_info(lab, over);
}

fn keys_by_info(lab: &Lab, over: Over) {
    let mut john = Linphone::over(over, lab, "john");
    lab.is_registered("john");
    let customer = Sipp::guest(lab, over, "info-keys", "1000");
    john.rings();
    john.answer();
    // One in each form.
    john.gets_key('5', 2);
    john.hang_up();
    john.has_ended();
    customer.has_succeeded();
}

fn of_agents(lab: &Lab, over: Over) {
    let (johns, marias) = (free_port(), free_port());
    Sipp::registers(lab, "john", over, johns);
    Sipp::registers(lab, "maria", over, marias);
    let maria = Sipp::answers(lab, over, marias, if over == Over::Tcp { 1 } else { 3 });

    Sipp::agent(lab, over, "reliable-caller", "john", johns, "maria").has_succeeded();
    lab.has_state("maria", "Available");

    // Who has the caller in the end, and hangs up.
    let scripts = [
        ("reliable-agent", "john", "john"),
        ("pickup", "john", "john"),
        ("blind-transfer", "maria", "maria"),
        ("attended-transfer", "maria", "maria"),
    ];
    // What comes in one segment with a message that SIPp has still to answer is too early for it: a BYE behind the last NOTIFY.
    let playable = if over == Over::Tcp { &scripts[..1] } else { &scripts };
    for &(script, number, last) in playable {
        lab.has_state("john", "Available");
        let john = Sipp::agent(lab, over, script, "john", johns, number);
        let customer = Sipp::calls(lab, over, "1000", 1);
        if script == "pickup" {
            lab.logs(&["taken over by another phone"]);
        }
        if last == "john" {
            lab.hears_parties(last, last, 1);
            lab.press(last, &["leave"]);
            john.has_succeeded();
        } else {
            john.has_succeeded();
            lab.hears_parties(last, last, 1);
            lab.has_state("john", "Available");
            lab.press(last, &["leave"]);
        }
        customer.has_succeeded();
        lab.has_state("maria", "Available");
    }
    maria.has_succeeded();
}

fn all(lab: &Lab, over: Over) {
    // Most of its time it waits for half an interval to pass.
    let refreshed = Sipp::guest(lab, over, "refreshed-timer", "9001");
    of_agents(lab, over);
    of_a_customer(lab, over);
    refreshed.has_succeeded_within(Duration::from_secs(60));
}

#[test]
fn sipp_scripts_over_udp() {
    all(&Lab::start("scripts-udp"), Over::Udp);
}

#[test]
fn sipp_scripts_over_tcp() {
    all(&Lab::start("scripts-tcp"), Over::Tcp);
}

#[test]
fn sipp_scripts_over_ipv6() {
    if has_ipv6() {
        all(&Lab::on("scripts-ipv6", IpAddr::V6(Ipv6Addr::LOCALHOST)), Over::Udp);
    }
}
