//! The start-up card: all that is needed to point a phone at the switch and dial.

use super::switch::Switch;
use crate::contact::{FeatureCode, QuickConnectTo};
use crate::ids::AgentId;
use crate::site::{NumberTo, Site};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

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
    if !site.numbers.is_empty() {
        card.push_str("\nDial\n");
    }
    for number in &site.numbers {
        let dialled = format!("{}{}", number.dialled, if number.prefix { "*" } else { "" });
        let _ = writeln!(card, "         {dialled:<11} {}", leads_to(&number.to));
    }
    features(site, &mut card);
    linphone(site, switch, fresh, &mut card);
    card
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
    if switch.http() != SocketAddr::from(([127, 0, 0, 1], 8080)) {
        let _ = write!(words, " --url http://{}", switch.http());
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
    let at = reachable(*at);
    let _ = writeln!(card, "\nLinphone user {id}, SIP domain {at}, password {password}, transport {}", transport.via());
    let _ = writeln!(
        card,
        "         linphonec> register sip:{id}@{at} sip:{at};transport={} {password}",
        transport.param()
    );
}

/// An address that somebody else can dial: nobody can dial 0.0.0.0.
fn reachable(at: SocketAddr) -> SocketAddr {
    match at.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::from(([127, 0, 0, 1], at.port())),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], at.port())),
        _ => at,
    }
}
