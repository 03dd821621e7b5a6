//! The same phones over IPv6 and over TCP.

use super::HOLD;
use super::baresip::Baresip;
use super::hearing::Listener;
use super::lab::{Lab, Over, has_ipv6};
use super::linphone::Linphone;
use super::phone::{Phone, they_talk};
use std::net::{IpAddr, Ipv6Addr};

/// A call with a hold, handed on from Linphone to baresip. By what each phone talks is its own business.
fn a_call(lab: &Lab, customers: Over, johns: Over, marias: Over) {
    let ear = Listener::new(&lab.library);
    let mut customer = Linphone::over(customers, lab, "customer");
    let mut john = Linphone::over(johns, lab, "john");
    let mut maria = Baresip::over(marias, lab, "maria", "PCMA");
    lab.are_registered(&["john", "maria"]);

    they_talk(lab, &mut customer, &mut john);
    ear.talk("they talk", &[&customer, &john], &[]);
    john.hold();
    lab.hears_flow("john", "customer", "Default customer hold");
    ear.phase("held", &[(&customer, HOLD)]);
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
    a_call(&Lab::start("phones-tcp"), Over::Tcp, Over::Tcp, Over::Tcp);
}

#[test]
fn linphone_and_baresip_over_ipv6() {
    if has_ipv6() {
        let lab = Lab::on("phones-ipv6", IpAddr::V6(Ipv6Addr::LOCALHOST));
        a_call(&lab, Over::Udp, Over::Udp, Over::Udp);
    }
}
