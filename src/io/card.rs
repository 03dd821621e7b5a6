//! The start-up card: all that is needed to point a phone at the switch and dial.

use super::switch::Switch;
use crate::contact::{FeatureCode, QuickConnectTo};
use crate::ids::AgentId;
use crate::sip::Transport;
use crate::site::{Guests, NumberTo, Role, Site};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What the card says. `fresh` are passwords made for this run.
pub(super) fn card(site: &Site, switch: &Switch, source: &str, fresh: &BTreeMap<AgentId, String>) -> String {
    let mut card = String::new();
    let _ = writeln!(card, "Cordboard {} is running ({source}).\n", env!("CARGO_PKG_VERSION"));
    let sip: Vec<_> = switch.sip().iter().map(|(transport, at)| format!("{}:{at}", transport.param())).collect();
    let _ = writeln!(card, "SIP      {}   domain {}", sip.join("  "), site.sip.domain);
    let _ =
        writeln!(card, "RTP      {}, ports {}-{}", site.media.listen, site.media.ports.start(), site.media.ports.end());
    let _ = writeln!(card, "API      http://{}/   token in {}", switch.http(), switch.token_file().display());
    let _ = writeln!(card, "Shell    {}", ctl(switch));

    card.push_str("\nAgents   id          password      name\n");
    for (id, agent) in &site.agents {
        let _ = writeln!(card, "         {:<11} {:<13} {}", id.as_str(), shown(id, &agent.password, fresh), agent.name);
    }
    dial(site, &mut card);
    features(site, &mut card);
    if let Some(supervisor) = site.agents.iter().find(|(_, agent)| agent.role == Role::Supervisor) {
        let _ = writeln!(
            card,
            "\nSupervisor {0}   cordboard ctl {0} monitor CONTACT, then coach, barge or listen",
            supervisor.0
        );
    }
    linphone(site, switch, fresh, &mut card);
    card
}

fn dial(site: &Site, card: &mut String) {
    let without = match site.sip.guests {
        Guests::Any => "anybody, with an account or without",
        Guests::Loopback => "with an account, or from this machine",
        Guests::None => "with an account",
    };
    let _ = writeln!(card, "\nDial     ({without})");
    for number in &site.numbers {
        let dialled = format!("{}{}", number.dialled, if number.prefix { "*" } else { "" });
        let _ = writeln!(card, "         {dialled:<11} {}", leads_to(&number.to));
    }
    card.push_str("         as an agent, also\n");
    for trunk in &site.trunks {
        for prefix in &trunk.prefixes {
            let _ = writeln!(card, "         {:<11} outside, by the trunk {}", format!("{prefix}..."), trunk.id);
        }
    }
    let _ = writeln!(card, "         {:<11} a colleague, by the id above", "ID");
    let _ = writeln!(card, "         {:<11} I am Available, I am Offline", "*90, *91");
}

/// A password is printed only where it is no secret, or where it was made for this run.
fn shown(id: &AgentId, password: &str, fresh: &BTreeMap<AgentId, String>) -> String {
    match fresh.get(id) {
        Some(made) => made.clone(),
        None if password.eq_ignore_ascii_case(id.as_str()) => password.to_owned(),
        None => "(configured)".to_owned(),
    }
}

fn ctl(switch: &Switch) -> String {
    let mut words = "cordboard ctl".to_owned();
    let http = from_here(switch.http());
    if http != SocketAddr::from(([127, 0, 0, 1], 8080)) {
        let _ = write!(words, " --url http://{http}");
    }
    let here = std::env::current_dir().map(|here| here.join("cordboard.token"));
    if here.ok().as_deref() != Some(switch.token_file()) {
        let _ = write!(words, " --token-file {}", switch.token_file().display());
    }
    words + " agents"
}

fn leads_to(to: &NumberTo) -> String {
    match to {
        NumberTo::Flow(flow) => format!("the flow \"{flow}\""),
        NumberTo::Dial(target) => format!("a call to {target}"),
        NumberTo::Play { prompt, repeat } => format!("{prompt}{}", if *repeat { ", again and again" } else { "" }),
        NumberTo::Room => "a conference room by that name".to_owned(),
        NumberTo::Echo => "an echo of yourself".to_owned(),
    }
}

fn features(site: &Site, card: &mut String) {
    let codes: Vec<_> =
        site.catalog.feature_codes.0.iter().map(|(code, feature)| format!("{code} {}", meaning(*feature))).collect();
    if !codes.is_empty() {
        let _ = writeln!(card, "\nInside a call, on an agent's keypad\n         {}", codes.join(", "));
    }
    let prefix = site.catalog.feature_codes.0.iter().find(|(_, feature)| *feature == FeatureCode::QuickConnect);
    let Some((prefix, _)) = prefix else { return };
    for (id, quick_connect) in &site.catalog.quick_connects {
        let Some(code) = &quick_connect.code else { continue };
        let kind = match quick_connect.to {
            QuickConnectTo::Agent { .. } => "agent",
            QuickConnectTo::Queue { .. } => "queue",
            QuickConnectTo::External { .. } => "external",
        };
        let keys = format!("{prefix}{code}#");
        let _ = writeln!(card, "         {keys:<11} quick connect {id} ({}, {kind})", quick_connect.name);
    }
    if let Some(id) = site.catalog.quick_connects.keys().next() {
        let _ = writeln!(
            card,
            "         {:<11} called on a second line: quick connect {id}, and so on",
            format!("qc-{id}")
        );
    }
}

fn meaning(feature: FeatureCode) -> &'static str {
    match feature {
        FeatureCode::Join => "join",
        FeatureCode::Swap => "swap",
        FeatureCode::HoldAll => "hold all",
        FeatureCode::QuickConnect => "quick connect",
        FeatureCode::Drop => "drop",
        FeatureCode::ResumeAll => "resume all",
    }
}

fn linphone(site: &Site, switch: &Switch, fresh: &BTreeMap<AgentId, String>, card: &mut String) {
    let Some((transport, at)) = switch.sip().first() else { return };
    // Somebody who is rung when a customer calls, where there is one.
    let serves = |id: &AgentId| {
        let profile = site.routing.agents.get(id).and_then(|agent| site.routing.profiles.get(&agent.profile));
        profile.is_some_and(|profile| !profile.queues.is_empty())
    };
    let Some((id, agent)) = site.agents.iter().find(|(id, _)| serves(id)).or_else(|| site.agents.iter().next()) else {
        return;
    };
    let password = match shown(id, &agent.password, fresh) {
        text if text.starts_with('(') => "PASSWORD".to_owned(),
        text => text,
    };
    card.push_str(&linphone_lines(id.as_str(), &password, *transport, *at, site.sip.advertise));
}

/// What an agent types into a Linphone. `advertised` is what phones are told instead of all addresses of this machine.
fn linphone_lines(
    id: &str,
    password: &str,
    transport: Transport,
    at: SocketAddr,
    advertised: Option<IpAddr>,
) -> String {
    let mut lines = String::new();
    let everywhere = at.ip().is_unspecified();
    let host = match advertised {
        Some(ip) if everywhere => SocketAddr::new(ip, at.port()).to_string(),
        // Nobody can dial 0.0.0.0, and which of this machine's addresses a phone reaches is not known here.
        None if everywhere => format!("ADDRESS:{}", at.port()),
        _ => at.to_string(),
    };
    let _ =
        writeln!(lines, "\nLinphone user {id}, SIP domain {host}, password {password}, transport {}", transport.via());
    if everywhere && advertised.is_none() {
        lines.push_str("         where ADDRESS is this machine's, as the phone's network knows it\n");
    }
    // Linphone wants port 5060 of every address for itself unless it is told another.
    if at.port() == USUAL_PORT {
        if !at.ip().is_loopback() {
            lines.push_str("         on this machine, whose port 5060 is taken, with a port of its own:\n");
        }
        let _ = writeln!(lines, "         linphonec> ports sip 5072");
    }
    let register = format!("register sip:{id}@{host} sip:{host};transport={} {password}", transport.param());
    let _ = writeln!(lines, "         linphonec> {register}");
    lines
}

/// The port that SIP phones listen on.
const USUAL_PORT: u16 = 5060;

/// Where this machine itself finds what is bound to `at`: nobody can call 0.0.0.0.
fn from_here(at: SocketAddr) -> SocketAddr {
    match at.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), at.port()),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), at.port()),
        _ => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linphone_is_told_what_works_where_it_is() {
        let own = "linphonec> ports sip 5072";
        for (rule, at, advertised, with, without) in [
            (
                "5060 of this machine is the switch's",
                "127.0.0.1:5060",
                None,
                &[own, "sip:john@127.0.0.1:5060"][..],
                "taken",
            ),
            ("any other port leaves it free", "127.0.0.1:5080", None, &["sip:john@127.0.0.1:5080"], "ports sip"),
            ("another machine may have it free", "192.0.2.1:5060", None, &["on this machine", own], "127.0.0.1"),
            ("which address is not known", "0.0.0.0:5060", None, &["sip:john@ADDRESS:5060", "ADDRESS is"], "127.0.0.1"),
            ("it is said", "[::]:5060", Some("2001:db8::1"), &["sip:john@[2001:db8::1]:5060"], "ADDRESS"),
        ] {
            let advertised = advertised.map(|ip| ip.parse().unwrap());
            let lines = linphone_lines("john", "secret", Transport::Udp, at.parse().unwrap(), advertised);
            for part in with {
                assert!(lines.contains(part), "{rule}: {part} in {lines}");
            }
            assert!(!lines.contains(without), "{rule}: {without} in {lines}");
            assert!(lines.contains(" secret"), "{lines}");
        }
    }
}
