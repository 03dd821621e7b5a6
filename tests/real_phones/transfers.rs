//! Transfer keys of real phones: blind and attended, and back again where nobody takes the call.

use super::HOLD;
use super::baresip::Baresip;
use super::hearing::{Listener, Sound};
use super::lab::Lab;
use super::linphone::Linphone;
use super::phone::{Phone, they_talk};

#[test]
fn linphones_blind_transfer() {
    let lab = Lab::start("blind-transfer");
    let ear = Listener::new(&lab.library);
    let mut customer = Linphone::start(&lab, "customer");
    let mut john = Linphone::start(&lab, "john");
    let mut maria = Linphone::start(&lab, "maria");
    let mut peter = Baresip::start(&lab, "peter", "PCMU");
    lab.are_registered(&["john", "maria", "peter"]);
    they_talk(&lab, &mut customer, &mut john);
    let talk = |customer: &Linphone, john: &Linphone| {
        lab.hears_parties("john", "customer", 1);
        ear.talk("he is back", &[customer, john], &[]);
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
    ear.talk("handed on", &[&customer, &maria], &[]);
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
    ear.talk("by quick connect", &[&customer, &maria], &[]);
    customer.hang_up();
    customer.has_ended();
    maria.has_ended();
    lab.has_state("maria", "Available");

    // And one to the echo.
    they_talk(&lab, &mut customer, &mut john);
    john.transfer(&lab, "9002");
    john.has_ended();
    ear.phase("echo", &[(&customer, Sound::Only(&["customer"]))]);
    lab.has_state("john", "Available");
    customer.hang_up();
    customer.has_ended();
}

#[test]
fn linphones_attended_transfer() {
    let lab = Lab::start("attended-transfer");
    let ear = Listener::new(&lab.library);
    let mut customer = Linphone::start(&lab, "customer");
    let mut john = Linphone::start(&lab, "john");
    let mut maria = Linphone::start(&lab, "maria");
    lab.are_registered(&["john", "maria"]);

    // The first time she is called directly, the second time as a quick connect.
    for (first, number) in [(1, "maria"), (3, "qc-maria")] {
        they_talk(&lab, &mut customer, &mut john);
        john.hold();
        lab.hears_flow("john", "customer", "Default customer hold");
        john.dial(&lab, number);
        maria.rings();
        maria.answer();
        ear.talk("consult", &[&john, &maria], &[(&customer, HOLD)]);

        john.bring_together(first, first + 1);
        lab.hears_parties("maria", "customer", 1);
        ear.talk("together", &[&customer, &maria], &[]);
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
    let mut customer = Linphone::start(&lab, "customer");
    let mut john = Baresip::start(&lab, "john", "PCMU");
    let mut maria = Linphone::start(&lab, "maria");
    lab.are_registered(&["john", "maria"]);
    they_talk(&lab, &mut customer, &mut john);
    ear.talk("they talk", &[&customer, &john], &[]);

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
    ear.phase("taken back by a code", &[(&customer, Sound::Only(&["john"]))]);

    // Its own keys. It records nothing more once it has held.
    john.hold();
    lab.hears_flow("john", "customer", "Default customer hold");
    ear.phase("held", &[(&customer, HOLD)]);
    john.resume();
    lab.hears_parties("john", "customer", 1);
    ear.phase("resumed", &[(&customer, Sound::Only(&["john"]))]);

    // Where a transfer fails it hangs up of itself, whatever the switch would have done.
    john.transfer(&lab, "maria");
    maria.rings();
    ear.phase("Maria rings", &[(&customer, HOLD)]);
    maria.answer();
    john.has_ended();
    lab.hears_parties("maria", "customer", 1);
    ear.talk("handed on", &[&customer, &maria], &[]);
    lab.has_state("john", "Available");
    customer.hang_up();
    customer.has_ended();
    maria.has_ended();
}
