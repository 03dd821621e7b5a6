//! Transfer keys of real phones: blind and attended, and back again where nobody takes the call.

use super::HOLD;
use super::baresip::Baresip;
use super::hearing::{CUSTOMER, JOHN, Listener, MARIA, PETER, Sound};
use super::lab::Lab;
use super::linphone::Linphone;

/// A customer talks to John.
fn they_talk(lab: &Lab, customer: &mut Linphone, john: &mut Linphone) {
    customer.call(lab, "1000");
    john.rings();
    john.answer();
    lab.hears_parties("john", "customer", 1);
}

#[test]
fn linphones_blind_transfer() {
    let lab = Lab::start("blind-transfer");
    let ear = Listener::new(&lab.library);
    let mut customer = Linphone::start(&lab, "customer", CUSTOMER);
    let mut john = Linphone::start(&lab, "john", JOHN);
    let mut maria = Linphone::start(&lab, "maria", MARIA);
    let mut peter = Baresip::start(&lab, "peter", "PCMU", PETER);
    for agent in ["john", "maria", "peter"] {
        lab.is_registered(agent);
    }
    they_talk(&lab, &mut customer, &mut john);
    let talk = |customer: &Linphone, john: &Linphone| {
        lab.hears_parties("john", "customer", 1);
        ear.phase("he is back", &[(customer, Sound::Only(&[JOHN])), (john, Sound::Only(&[CUSTOMER]))]);
    };

    // There is no such number.
    john.transfer(&lab, "4711");
    lab.logs(&["a REFER is refused", "status=404"]);
    talk(&customer, &john);

    // Nobody is at Anna's phone.
    john.transfer(&lab, "anna");
    lab.logs(&["a REFER has come to its end", "status=480"]);
    talk(&customer, &john);

    // Maria talks to Peter.
    peter.dial(&lab, "maria");
    maria.rings();
    maria.answer();
    lab.has_state("maria", "Busy");
    john.transfer(&lab, "maria");
    lab.logs(&["a REFER has come to its end", "status=486"]);
    talk(&customer, &john);
    peter.hang_up();
    maria.has_ended();
    lab.has_state("maria", "Available");

    // She has no time.
    john.transfer(&lab, "maria");
    maria.rings();
    ear.phase("Maria rings", &[(&customer, HOLD)]);
    maria.hang_up();
    lab.logs(&["a REFER has come to its end", "status=603"]);
    talk(&customer, &john);

    // She has.
    lab.has_state("maria", "Available");
    john.transfer(&lab, "maria");
    maria.rings();
    ear.phase("Maria rings", &[(&customer, HOLD)]);
    maria.answer();
    john.has_ended();
    lab.hears_parties("maria", "customer", 1);
    ear.phase("handed on", &[(&customer, Sound::Only(&[MARIA])), (&maria, Sound::Only(&[CUSTOMER]))]);
    lab.has_state("john", "Available");
    customer.hang_up();
    customer.has_ended();
    maria.has_ended();
    lab.has_state("maria", "Available");

    // The next one goes by her quick connect.
    they_talk(&lab, &mut customer, &mut john);
    john.transfer(&lab, "qc-maria");
    maria.rings();
    maria.answer();
    john.has_ended();
    lab.hears_parties("maria", "customer", 1);
    ear.phase("by quick connect", &[(&customer, Sound::Only(&[MARIA])), (&maria, Sound::Only(&[CUSTOMER]))]);
    customer.hang_up();
    customer.has_ended();
    maria.has_ended();
    lab.has_state("maria", "Available");

    // And one to the echo.
    they_talk(&lab, &mut customer, &mut john);
    john.transfer(&lab, "9002");
    john.has_ended();
    ear.phase("echo", &[(&customer, Sound::Only(&[CUSTOMER]))]);
    lab.has_state("john", "Available");
    customer.hang_up();
    customer.has_ended();
}

#[test]
fn linphones_attended_transfer() {
    let lab = Lab::start("attended-transfer");
    let ear = Listener::new(&lab.library);
    let mut customer = Linphone::start(&lab, "customer", CUSTOMER);
    let mut john = Linphone::start(&lab, "john", JOHN);
    let mut maria = Linphone::start(&lab, "maria", MARIA);
    lab.is_registered("john");
    lab.is_registered("maria");

    // The first time she is called directly, the second time as a quick connect.
    for (first, number) in [(1, "maria"), (3, "qc-maria")] {
        they_talk(&lab, &mut customer, &mut john);
        john.hold();
        lab.hears_flow("john", "customer", "Default customer hold");
        john.dial(&lab, number);
        maria.rings();
        maria.answer();
        ear.phase("consult", &[(&customer, HOLD), (&john, Sound::Only(&[MARIA])), (&maria, Sound::Only(&[JOHN]))]);

        john.bring_together(first, first + 1);
        lab.hears_parties("maria", "customer", 1);
        ear.phase("together", &[(&customer, Sound::Only(&[MARIA])), (&maria, Sound::Only(&[CUSTOMER]))]);
        john.has_ended();
        john.has_ended();
        lab.has_state("john", "Available");
        lab.has_state("maria", "Busy");

        customer.hang_up();
        customer.has_ended();
        maria.has_ended();
        lab.has_state("maria", "Available");
    }
}

#[test]
fn baresips_keys_as_an_agent() {
    let lab = Lab::start("baresip-agent");
    let ear = Listener::new(&lab.library);
    let mut customer = Linphone::start(&lab, "customer", CUSTOMER);
    let mut john = Baresip::start(&lab, "john", "PCMU", JOHN);
    let mut maria = Linphone::start(&lab, "maria", MARIA);
    lab.is_registered("john");
    lab.is_registered("maria");
    customer.call(&lab, "1000");
    john.rings();
    john.answer();
    lab.hears_parties("john", "customer", 1);
    ear.phase("they talk", &[(&customer, Sound::Only(&[JOHN])), (&john, Sound::Only(&[CUSTOMER]))]);

    // Keys pass on, either way, and a feature code is one.
    john.dial_keys("5");
    customer.gets_key('5', 1);
    customer.dial_keys("7");
    john.gets_key('7', 1);
    john.dial_keys("*3");
    lab.hears_flow("john", "customer", "Default customer hold");
    ear.phase("held by a code", &[(&customer, HOLD)]);
    john.dial_keys("*6");
    lab.hears_parties("john", "customer", 1);
    ear.phase("taken back by a code", &[(&customer, Sound::Only(&[JOHN]))]);

    // Its own keys. It records nothing more once it has held.
    john.hold();
    lab.hears_flow("john", "customer", "Default customer hold");
    ear.phase("held", &[(&customer, HOLD)]);
    john.resume();
    lab.hears_parties("john", "customer", 1);
    ear.phase("resumed", &[(&customer, Sound::Only(&[JOHN]))]);

    // Where a transfer fails it hangs up of itself, whatever the switch would have done.
    john.transfer(&lab, "maria");
    maria.rings();
    ear.phase("Maria rings", &[(&customer, HOLD)]);
    maria.answer();
    john.has_ended();
    lab.hears_parties("maria", "customer", 1);
    ear.phase("handed on", &[(&customer, Sound::Only(&[MARIA])), (&maria, Sound::Only(&[CUSTOMER]))]);
    lab.has_state("john", "Available");
    customer.hang_up();
    customer.has_ended();
    maria.has_ended();
}
