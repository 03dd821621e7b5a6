//! The trunks: hosts, numbers that lead there, accounts.

use super::sections::choice;
use super::table::{At, Table};
use crate::limits::{E164_DIGITS, PROBE, TRUNK_HOSTS, TRUNKS};
use crate::sip::{Host, OfferBy, Transport};
use crate::time::Duration;
use crate::trunk::{Login, Place, Rewrite, TrunkSetup};

pub(super) fn build(tables: Vec<Table<'_>>) -> Vec<TrunkSetup> {
    let mut trunks: Vec<TrunkSetup> = Vec::new();
    for table in tables {
        if trunks.len() == TRUNKS {
            table.fault(table.span.clone(), format!("there are more than {TRUNKS} trunks"), "Take some out.");
            break;
        }
        trunk(table, &mut trunks);
    }
    trunks
}

fn trunk(mut table: Table<'_>, trunks: &mut Vec<TrunkSetup>) {
    let id = table.required("id");
    let hosts = hosts(&mut table);
    let transport = choice(&mut table, "transport", &[("udp", Transport::Udp), ("tcp", Transport::Tcp)]);
    let prefixes = prefixes(&mut table);
    let to_e164 = rewrites(&mut table, "to_e164");
    let from_e164 = rewrites(&mut table, "from_e164");
    let max_calls = table.whole("max_calls");
    if let Some(At { value: 0, span }) = &max_calls {
        table.fault(span.clone(), "max_calls is 0", "Write how many, or take it out for no limit.");
    }
    let login = login(&mut table);
    if let Some((login, user)) = &login
        && let Some(other) = trunks.iter().find(|other| other.is_login(&login.user))
    {
        let problem = format!("{} is the username of the trunk {} already", login.user, other.id);
        table.fault(user.span.clone(), problem, "Give one trunk the hosts of both.");
    }
    let register = table.flag("register");
    if let Some(At { value: true, span }) = &register
        && login.is_none()
    {
        table.fault(span.clone(), "register without username", "Add username and password.");
    }
    let trusted = table.flag("trusted").is_some_and(|at| at.value);
    let probe = table.whole("options_seconds").map_or(PROBE, |at| Duration::from_secs(at.value));
    let hold_signalling = choice(
        &mut table,
        "hold_signalling",
        &[("reinvite", Some(OfferBy::ReInvite)), ("update", Some(OfferBy::Update)), ("none", None)],
    );
    if let Some(id) = id {
        if trunks.iter().any(|other| other.id.as_str() == id.value) {
            let problem = format!("{} is there already", id.value);
            table.fault(id.span.clone(), problem, "Take another id, or remove one of the two.");
        }
        trunks.push(TrunkSetup {
            id: id.value.into(),
            hosts,
            transport,
            prefixes,
            to_e164,
            from_e164,
            max_calls: max_calls.and_then(|at| usize::try_from(at.value).ok()),
            register: register.is_some_and(|at| at.value) && login.is_some(),
            login: login.map(|(login, _)| login),
            trusted,
            probe: (!probe.is_zero()).then_some(probe),
            hold_signalling: hold_signalling.unwrap_or(Some(OfferBy::ReInvite)),
        });
    }
    table.finish();
}

fn hosts(table: &mut Table<'_>) -> Vec<Place> {
    let cure = "Write it as \"192.0.2.9:5060\" or \"sip.example.com\"; several as a list, in the order to try.";
    if !table.has("host") {
        table.fault(table.span.clone(), "[[trunks]] has no host", cure);
    }
    let Some(list) = table.text_or_texts("host") else { return Vec::new() };
    if list.value.is_empty() || list.value.len() > TRUNK_HOSTS {
        table.fault(list.span.clone(), format!("host is not a list of 1 to {TRUNK_HOSTS}"), cure);
    }
    let mut hosts = Vec::new();
    for one in &list.value {
        match place(&one.value) {
            Some(place) => hosts.push(place),
            None => table.fault(one.span.clone(), format!("\"{}\" is no host", one.value), cure),
        }
    }
    hosts
}

/// `192.0.2.9`, `[2001:db8::9]:5060`, `sip.example.com:5070`.
fn place(text: &str) -> Option<Place> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !text.ends_with(']') => (host, Some(port.parse().ok().filter(|port| *port > 0)?)),
        _ => (text, None),
    };
    let host = Host::from(host);
    if let Host::Name(name) = &host {
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        };
        // All digits and dots would be an address with a slip in it.
        let numeric = name.as_str().chars().all(|c| c.is_ascii_digit() || c == '.');
        if numeric || name.len() > 253 || !name.as_str().split('.').all(label) {
            return None;
        }
    }
    Some(Place { host, port })
}

fn prefixes(table: &mut Table<'_>) -> Vec<String> {
    let list = table.texts("prefixes").map(|at| at.value).unwrap_or_default();
    for one in &list {
        let digits = one.value.strip_prefix('+').unwrap_or(&one.value);
        let fits = digits.bytes().all(|digit| digit.is_ascii_digit()) && digits.len() <= E164_DIGITS;
        if !fits || one.value.is_empty() {
            let cure = "Write how the numbers begin in E.164, as \"+1555\"; \"+\" allows every international number.";
            table.fault(one.span.clone(), format!("\"{}\" is no prefix of a number", one.value), cure);
        }
    }
    list.into_iter().map(|one| one.value).collect()
}

/// `[{ strip = "0", add = "+49" }]`
fn rewrites(table: &mut Table<'_>, key: &'static str) -> Vec<Rewrite> {
    let mut rules: Vec<Rewrite> = Vec::new();
    for mut rule in table.tables(key) {
        let strip = rule.text("strip").unwrap_or(At { value: String::new(), span: rule.span.clone() });
        let add = rule.text("add").unwrap_or(At { value: String::new(), span: rule.span.clone() });
        for part in [&strip, &add] {
            let digits = part.value.strip_prefix('+').unwrap_or(&part.value);
            if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
                let cure = "Write digits, with a plus before them or not: { strip = \"0\", add = \"+49\" }.";
                rule.fault(part.span.clone(), format!("\"{}\" is no beginning of a number", part.value), cure);
            }
        }
        if rules.iter().any(|other| other.strip == strip.value) {
            let problem = format!("what begins with \"{}\" is changed already", strip.value);
            rule.fault(strip.span.clone(), problem, "Write one rule for each beginning.");
        }
        rules.push(Rewrite { strip: strip.value, add: add.value });
        rule.finish();
    }
    rules
}

/// Both or neither; an empty one is none.
fn login(table: &mut Table<'_>) -> Option<(Login, At<String>)> {
    let some = |text: Option<At<String>>| text.filter(|text| !text.value.is_empty());
    let (user, password) = (some(table.text("username")), some(table.text("password")));
    match (user, password) {
        (Some(user), Some(password)) => Some((Login { user: user.value.clone(), password: password.value }, user)),
        (Some(user), None) => {
            table.fault(user.span, "username without password", "Add password.");
            None
        }
        (None, Some(password)) => {
            table.fault(password.span, "password without username", "Add username.");
            None
        }
        (None, None) => None,
    }
}
