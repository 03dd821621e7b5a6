//! SIPp as the world outside: a trunk that wants a password, two hosts of which one has no time, and calls that come in.

use super::lab::{Lab, Over, replaced};
use super::process::free_port;
use super::sipp::Sipp;
use std::net::{IpAddr, Ipv4Addr};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The lab whose trunk has hosts at these ports, with 77 that leads there, and another trunk by which customers call. Nobody
/// else may.
fn lab(name: &str, ports: &[u16], customers: u16, register: bool) -> Lab {
    let hosts: Vec<String> = ports.iter().map(|port| format!("\"127.0.0.1:{port}\"")).collect();
    let pstn = format!(
        "options_seconds = 0\nusername = \"lab-at-pstn\"\npassword = \"secret\"\nregister = {register}\nhost = [{}]",
        hosts.join(", ")
    );
    let more = format!(
        "\n[[trunks]]\nid = \"customers\"\nhost = \"127.0.0.1:{customers}\"\noptions_seconds = 0\n\
         \n[[numbers]]\nnumber = \"77\"\ndial = \"+15550199\"\n"
    );
    Lab::with(name, HERE, |text| {
        let text = replaced(&text, "guests = \"loopback\"", "guests = \"none\"");
        replaced(&text, "host = \"127.0.0.1:5090\"", &pstn) + &more
    })
}

#[test]
fn we_register_at_sipp_and_call_by_it_with_a_password() {
    let (trunk, customers) = (free_port(), free_port());
    let lab = lab("trunk", &[trunk], customers, true);
    Sipp::trunk(&lab, "trunk-registrar", trunk).has_succeeded();
    lab.logs(&["registered", "pstn"]);
    let outside = Sipp::trunk(&lab, "trunk-answering", trunk);
    Sipp::calls_from(&lab, customers, "77").has_succeeded();
    outside.has_succeeded();
}

#[test]
fn a_call_goes_on_to_the_other_sipp_when_the_first_has_no_time() {
    let (first, second, customers) = (free_port(), free_port(), free_port());
    let lab = lab("failover", &[first, second], customers, false);
    let busy = Sipp::trunk(&lab, "trunk-busy", first);
    let outside = Sipp::trunk(&lab, "trunk-answering", second);
    Sipp::calls_from(&lab, customers, "77").has_succeeded();
    busy.has_succeeded();
    outside.has_succeeded();
    lab.logs(&["a call goes on to the next host", "503"]);
}

#[test]
fn a_customer_calls_in_by_a_trunk_and_nobody_else_does() {
    let (trunk, customers) = (free_port(), free_port());
    let lab = lab("inbound", &[trunk], customers, false);
    let johns = free_port();
    Sipp::registers(&lab, "john", Over::Udp, johns);
    let john = Sipp::answers(&lab, Over::Udp, johns, 1);
    let customer = Sipp::calls_from(&lab, customers, "1000");
    lab.hears_parties("john", "john", 1);
    lab.press("john", &["leave"]);
    customer.has_succeeded();
    john.has_succeeded();
    // From another port he is nobody.
    Sipp::calls(&lab, Over::Udp, "1000", 1).has_failed();
    lab.logs(&["no account", "guests=\"none\""]);
}
