//! A supervisor at a real phone: who hears her while she listens, coaches, and has barged in.

use super::HOLD;
use super::baresip::Baresip;
use super::hearing::{Listener, Sound};
use super::lab::Lab;
use super::linphone::Linphone;
use super::phone::{Phone, they_talk};

#[test]
fn a_supervisor_at_a_baresip_listens_coaches_and_barges_in() {
    let lab = Lab::start("monitor");
    let ear = Listener::new(&lab.library);
    let mut customer = Linphone::start(&lab, "customer");
    let mut john = Linphone::start(&lab, "john");
    // Her only codec is another than theirs.
    let mut anna = Baresip::start(&lab, "anna", "PCMA");
    lab.are_registered(&["john", "anna"]);
    they_talk(&lab, &mut customer, &mut john);

    let contact = lab.snapshot("john")["contacts"][0]["contactId"].as_str().unwrap().to_owned();
    lab.press("anna", &["monitor", &contact]);
    anna.rings();
    lab.has_state("anna", "Monitoring");
    anna.answer();
    lab.hears_parties("anna", "anna", 2);
    let both = Sound::Only(&["customer", "john"]);
    ear.talk("she listens", &[&customer, &john], &[(&anna, both)]);

    lab.press("anna", &["coach"]);
    lab.hears_parties("john", "john", 2);
    let coached = (&john as _, Sound::Only(&["anna", "customer"]));
    ear.phase("she coaches", &[(&customer, Sound::Only(&["john"])), coached, (&anna, both)]);

    lab.press("john", &["hold", "customer"]);
    lab.hears_flow("john", "customer", "Default customer hold");
    ear.talk("the customer is on hold", &[&john, &anna], &[(&customer, HOLD)]);
    lab.press("john", &["resume", "customer"]);

    lab.press("anna", &["barge"]);
    lab.hears_parties("john", "customer", 2);
    ear.talk("she has barged in", &[&customer, &john, &anna], &[]);

    lab.press("anna", &["listen"]);
    lab.hears_parties("john", "customer", 1);
    ear.talk("she listens again", &[&customer, &john], &[(&anna, both)]);

    lab.press("anna", &["barge"]);
    lab.press("anna", &["drop", "john"]);
    john.has_ended();
    lab.hears_parties("anna", "customer", 1);
    ear.talk("she has taken over", &[&customer, &anna], &[]);
    lab.has_state("john", "Available");

    anna.hang_up();
    customer.has_ended();
    lab.has_state("anna", "Available");
}
