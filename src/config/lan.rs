//! The lab put on a network: other addresses, and passwords that cannot be guessed.

use crate::ids::{AgentId, Mint};
use crate::site::{Guests, Site};
use std::net::IpAddr;

/// A password fit for a machine of one's own only.
pub(super) fn is_lab_password(id: &str, password: &str) -> bool {
    password.eq_ignore_ascii_case(id)
}

/// Binds SIP, RTP and the page to `address`, lets guests in from there, and gives every account with a lab password a fresh
/// one, which is told once here, for the start-up card.
pub fn on_lan(site: &mut Site, address: IpAddr, mint: &mut Mint) -> Vec<(AgentId, String)> {
    for (_, listen) in &mut site.sip.listen {
        listen.set_ip(address);
    }
    site.media.listen = address;
    site.http.listen.set_ip(address);
    // Whoever puts the lab on a network wants customers to call from it. They reach the numbers, and nobody outside.
    if site.sip.guests == Guests::Loopback {
        site.sip.guests = Guests::Any;
    }
    let mut fresh = Vec::new();
    for (id, agent) in &mut site.agents {
        if is_lab_password(id.as_str(), &agent.password) {
            agent.password = mint.token().chars().take(10).collect();
            fresh.push((id.clone(), agent.password.clone()));
        }
    }
    fresh
}
