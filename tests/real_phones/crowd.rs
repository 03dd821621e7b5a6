//! SIPp as a contact centre: 200 agents who answer, and the customers of a trunk who keep all of them at work.

use super::lab::{Lab, replaced};
use super::process::free_port;
use super::sipp::Sipp;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

const AGENTS: usize = 200;
/// As many as the API lists on one page.
const CALLS: u32 = 500;

#[test]
fn two_hundred_agents_take_five_hundred_customers_of_a_trunk() {
    let (agents, customers) = (free_port(), free_port());
    let lab = Lab::with("crowd", IpAddr::V4(Ipv4Addr::LOCALHOST), |text| {
        let mut text = replaced(&text, "guests = \"loopback\"", "guests = \"none\"\nunlimited_nets = [\"127.0.0.1\"]");
        let _ =
            writeln!(text, "\n[[trunks]]\nid = \"customers\"\nhost = \"127.0.0.1:{customers}\"\noptions_seconds = 0");
        for number in 0..AGENTS {
            let _ = writeln!(
                text,
                "[[agents]]\nid = \"crowd{number}\"\nname = \"Crowd {number}\"\npassword = \"crowd{number}\"\n\
                 routing_profile = \"password-reset\""
            );
        }
        text
    });
    let accounts: Vec<String> = (0..AGENTS).map(|number| format!("crowd{number}")).collect();
    Sipp::register_all(&lab, &accounts, agents);
    lab.is_registered("crowd199");

    let working = Sipp::crowd(&lab, "working-agent", agents, CALLS, &["-rtp_echo", "-d", "3000"]);
    let calling = Sipp::crowd(&lab, "customer", customers, CALLS, &["-s", "2000", "-r", "40"]);
    calling.has_succeeded_within(Duration::from_secs(90));
    working.has_succeeded_within(Duration::from_secs(10));

    // Each contact was with one agent, none of them idle all the time, and everybody is free again.
    let mut served: BTreeMap<String, u32> = BTreeMap::new();
    for contact in lab.contacts(500) {
        assert_eq!(contact["DisconnectReason"], "AGENT_DISCONNECT", "{contact:#}");
        *served.entry(contact["Agent"]["Username"].to_string()).or_default() += 1;
    }
    assert_eq!(served.len(), AGENTS, "{served:?}");
    assert!(served.values().all(|calls| *calls <= 10), "{served:?}");
    for account in &accounts {
        lab.has_state(account, "Available");
    }
}
