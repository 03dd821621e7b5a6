//! The same phones over IPv6 and over TCP.

use super::HOLD;
use super::baresip::Baresip;
use super::hearing::Listener;
use super::lab::{Lab, Over, has_ipv6};
use super::linphone::Linphone;
use super::phone::{Phone, they_talk};
use std::net::{IpAddr, Ipv6Addr};

/// Two calls, in which every key is pressed: digits as telephone-events and by INFO, hold, and both transfers, to baresip.
/// By what each phone talks is its own business.
fn two_calls(lab: &Lab, customers: Over, johns: Over, marias: Over) {
    let ear = Listener::new(&lab.library);
    let mut customer = Linphone::with_info_keys(customers, lab, "customer");
    let mut john = Linphone::over(johns, lab, "john");
    let mut maria = Baresip::over(marias, lab, "maria", "PCMA");
    lab.are_registered(&["john", "maria"]);

    they_talk(lab, &mut customer, &mut john);
    ear.talk("they talk", &[&customer, &john], &[]);
    john.dial_keys("5");
    customer.gets_key('5', 1);
    customer.dial_keys("7");
    john.gets_key('7', 1);
    john.hold();
    lab.hears_flow("john", "customer", "Default customer hold");
    john.dial(lab, "maria");
    maria.rings();
    maria.answer();
    ear.talk("consult", &[&john, &maria], &[(&customer, HOLD)]);
    john.bring_together(1, 2);
    lab.hears_parties("maria", "customer", 1);
    ear.talk("together", &[&customer, &maria], &[]);
    john.has_ended();
    john.has_ended();
    maria.dial_keys("9");
    customer.gets_key('9', 1);
    customer.dial_keys("3");
    maria.gets_key('3', 1);
    customer.hang_up();
    customer.has_ended();
    maria.has_ended();
    lab.has_state("maria", "Available");

    lab.has_state("john", "Available");
    they_talk(lab, &mut customer, &mut john);
    john.hold();
    lab.hears_flow("john", "customer", "Default customer hold");
    john.resume();
    lab.hears_parties("john", "customer", 1);
    john.transfer(lab, "maria");
    maria.rings();
    maria.answer();
    john.has_ended();
    lab.hears_parties("maria", "customer", 1);
    ear.talk("handed on", &[&customer, &maria], &[]);
    maria.hang_up();
    customer.has_ended();
    lab.has_state("maria", "Available");
}

#[test]
fn linphone_and_baresip_over_tcp() {
    two_calls(&Lab::start("phones-tcp"), Over::Tcp, Over::Tcp, Over::Tcp);
}

#[test]
fn linphone_and_baresip_over_ipv6() {
    if has_ipv6() {
        let lab = Lab::on("phones-ipv6", IpAddr::V6(Ipv6Addr::LOCALHOST));
        two_calls(&lab, Over::Udp, Over::Udp, Over::Udp);
    }
}
