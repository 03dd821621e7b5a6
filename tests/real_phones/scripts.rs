//! The shipped SIPp scripts: each plays a phone that does one thing of the RFCs, and fails where the switch does not.

use super::lab::{Lab, Over};
use super::linphone::Linphone;
use super::phone::Phone;
use super::process::free_port;
use super::sipp::Sipp;

#[test]
fn sipp_scripts_of_a_customer() {
    let lab = Lab::start("customer-scripts");
    let all = [("hold-forms", "9001"), ("late-offer", "9002"), ("session-timer", "9001")];
    let running = all.map(|(script, number)| Sipp::guest(&lab, script, number));
    running.into_iter().for_each(Sipp::has_succeeded);
}

#[test]
fn sipp_presses_keys_by_info_for_a_linphone() {
    let lab = Lab::start("info-keys");
    let mut john = Linphone::start(&lab, "john");
    lab.is_registered("john");
    let customer = Sipp::guest(&lab, "info-keys", "1000");
    john.rings();
    john.answer();
    // One in each form.
    john.gets_key('5', 2);
    john.hang_up();
    john.has_ended();
    customer.has_succeeded();
}

#[test]
fn sipp_scripts_of_agents() {
    let lab = Lab::start("agent-scripts");
    let (johns, marias) = (free_port(), free_port());
    Sipp::registers(&lab, "john", Over::Udp, johns);
    Sipp::registers(&lab, "maria", Over::Udp, marias);
    let maria = Sipp::answers(&lab, Over::Udp, marias, 3);

    Sipp::agent(&lab, "reliable-caller", "john", johns, "maria").has_succeeded();
    lab.has_state("maria", "Available");

    // Who has the caller in the end, and hangs up.
    for (script, number, last) in [
        ("reliable-agent", "john", "john"),
        ("pickup", "john", "john"),
        ("blind-transfer", "maria", "maria"),
        ("attended-transfer", "maria", "maria"),
    ] {
        lab.has_state("john", "Available");
        let john = Sipp::agent(&lab, script, "john", johns, number);
        let customer = Sipp::calls(&lab, Over::Udp, "1000", 1);
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
