//! The tables that stand once: [sip], [media], [http], [store], [feature_codes].

use super::table::{At, Table, nearest};
use crate::contact::{FeatureCode, FeatureCodes};
use crate::media::Codec;
use crate::sip::Transport;
use crate::site::{Guests, Http, Media, Net, Sip, Store};
use crate::time::Duration;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// One word of a few.
pub(super) fn choice<T: Copy>(table: &mut Table<'_>, key: &'static str, choices: &[(&'static str, T)]) -> Option<T> {
    let word = table.text(key)?;
    let found = choices.iter().find(|(name, _)| *name == word.value).map(|(_, value)| *value);
    if found.is_none() {
        let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
        let quoted: Vec<_> = names.iter().map(|name| format!("\"{name}\"")).collect();
        let cure = match nearest(&word.value, &names) {
            Some(meant) => format!("Did you mean \"{meant}\"?"),
            None => format!("Write {}.", quoted.join(" or ")),
        };
        table.fault(word.span, format!("{key} cannot be \"{}\"", word.value), cure);
    }
    found
}

/// Something that is written as a text.
fn parsed<T: std::str::FromStr>(table: &mut Table<'_>, key: &'static str, what: &str, example: &str) -> Option<At<T>> {
    let text = table.text(key)?;
    match text.value.parse() {
        Ok(value) => Some(At { value, span: text.span }),
        Err(_) => {
            table.fault(
                text.span,
                format!("{key} is not {what}: \"{}\"", text.value),
                format!("Write it as \"{example}\"."),
            );
            None
        }
    }
}

fn seconds(table: &mut Table<'_>, key: &'static str, default: u64) -> Duration {
    Duration::from_secs(table.whole(key).map_or(default, |at| at.value))
}

pub(super) fn sip(mut table: Table<'_>) -> Sip {
    let domain = match table.text("domain") {
        None => "cordboard.lab".to_owned(),
        Some(domain) => {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
            if domain.value.is_empty() || !domain.value.chars().all(fits) {
                table.fault(domain.span, "domain is no host name", "Write it as \"cordboard.lab\".");
            }
            domain.value
        }
    };
    let listen = match table.texts("listen") {
        None => vec![(Transport::Udp, SocketAddr::new(LOCAL, 5060)), (Transport::Tcp, SocketAddr::new(LOCAL, 5060))],
        Some(list) => {
            if list.value.is_empty() {
                table.fault(list.span, "listen is empty", "Name at least one, as \"udp:127.0.0.1:5060\".");
            }
            listeners(&table, &list.value)
        }
    };
    let advertise = parsed::<IpAddr>(&mut table, "advertise", "an IP address", "203.0.113.7").map(|at| at.value);
    let local_nets = table.texts("local_nets").map(|at| at.value).unwrap_or_default();
    let local_nets = local_nets.into_iter().filter_map(|one| network(&table, &one)).collect();
    let unlimited_nets = table.texts("unlimited_nets").map(|at| at.value).unwrap_or_default();
    let unlimited_nets = unlimited_nets.into_iter().filter_map(|one| network(&table, &one)).collect();
    let guests =
        choice(&mut table, "guests", &[("none", Guests::None), ("loopback", Guests::Loopback), ("any", Guests::Any)]);
    let drain = seconds(&mut table, "drain_seconds", 30);
    table.finish();
    Sip { domain, listen, advertise, local_nets, unlimited_nets, guests: guests.unwrap_or_default(), drain }
}

/// All of them, each once: what is bound twice fails the start. Port 0 is another one each time.
fn listeners(table: &Table<'_>, list: &[At<String>]) -> Vec<(Transport, SocketAddr)> {
    let mut found = Vec::new();
    for one in list {
        let Some(read) = listener(table, one) else { continue };
        if read.1.port() != 0 && found.contains(&read) {
            table.fault(one.span.clone(), format!("\"{}\" stands there twice", one.value), "Name it once.");
        }
        found.push(read);
    }
    found
}

/// `udp:127.0.0.1:5060`
fn listener(table: &Table<'_>, one: &At<String>) -> Option<(Transport, SocketAddr)> {
    let read = one.value.split_once(':').and_then(|(transport, address)| {
        let transport = match transport {
            "udp" => Transport::Udp,
            "tcp" => Transport::Tcp,
            _ => return None,
        };
        Some((transport, address.parse().ok()?))
    });
    if read.is_none() {
        let cure = "Write it as \"udp:127.0.0.1:5060\" or \"tcp:[::1]:5060\".";
        table.fault(one.span.clone(), format!("\"{}\" is nothing to listen on", one.value), cure);
    }
    read
}

/// `192.168.0.0/16`, or a single address.
fn network(table: &Table<'_>, one: &At<String>) -> Option<Net> {
    let (address, prefix) = one.value.split_once('/').map_or((one.value.as_str(), None), |(a, p)| (a, Some(p)));
    let read = address.parse::<IpAddr>().ok().and_then(|address| {
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Some(longest), |prefix| prefix.parse().ok())?;
        (prefix <= longest).then_some(Net { address, prefix })
    });
    if read.is_none() {
        let problem = format!("\"{}\" is no network", one.value);
        table.fault(one.span.clone(), problem, "Write it as \"192.168.0.0/16\".");
    }
    read
}

/// What stands in [media], and whether contacts are recorded whose flow does not say.
pub(super) fn media(mut table: Table<'_>) -> (Media, bool) {
    let listen = parsed(&mut table, "listen", "an IP address", "127.0.0.1").map_or(LOCAL, |at| at.value);
    let ports = match table.text("ports") {
        None => 16384..=32767,
        Some(text) => ports(&text.value).unwrap_or_else(|| {
            let problem = format!("ports is no range of ports: \"{}\"", text.value);
            table.fault(text.span, problem, "Write it as \"16384-32767\": at least four ports from 1024 on.");
            16384..=32767
        }),
    };
    let rtp_timeout = table.whole("rtp_timeout").map_or(60, |at| at.value);
    let mut codecs = Vec::new();
    if let Some(list) = table.texts("codecs") {
        for one in &list.value {
            match Codec::by_name(&one.value) {
                Some(codec) if codecs.contains(&codec) => {
                    table.fault(one.span.clone(), format!("{} stands there twice", one.value), "Name it once.");
                }
                Some(codec) => codecs.push(codec),
                None => {
                    let problem = format!("there is no codec \"{}\" here", one.value);
                    table.fault(one.span.clone(), problem, "Use \"PCMU\" and \"PCMA\".");
                }
            }
        }
        if list.value.is_empty() {
            table.fault(list.span, "codecs is empty", "Name at least one of \"PCMU\" and \"PCMA\".");
        }
    } else {
        codecs = vec![Codec::Pcmu, Codec::Pcma];
    }
    let record = table.flag("record").is_some_and(|at| at.value);
    let recordings = PathBuf::from(table.text("recordings").map_or_else(|| "recordings".to_owned(), |at| at.value));
    table.finish();
    let rtp_timeout = (rtp_timeout > 0).then(|| Duration::from_secs(rtp_timeout));
    (Media { listen, ports, rtp_timeout, codecs, recordings }, record)
}

fn ports(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-')?;
    let (first, last): (u16, u16) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    // RTP and RTCP for two parties.
    (first >= 1024 && last >= first.saturating_add(3)).then_some(first..=last)
}

pub(super) fn http(mut table: Table<'_>) -> Http {
    let listen = parsed(&mut table, "listen", "an address and port", "127.0.0.1:8080");
    let listen = listen.map_or(SocketAddr::new(LOCAL, 8080), |at| at.value);
    let file = table.text("admin_token_file").map_or_else(|| "cordboard.token".to_owned(), |at| at.value);
    table.finish();
    Http { listen, admin_token_file: PathBuf::from(file) }
}

/// The URL of a switch that keeps no records.
const NOWHERE: &str = "none";
/// A day in seconds.
const DAY: u64 = 86_400;
/// More days than anybody keeps records, and few enough to count back from today.
const LONGEST_RETENTION: u64 = 18_250;

/// Where records are kept; `None`: nowhere.
pub(super) fn store(mut table: Table<'_>) -> Option<Store> {
    let url = match table.text("url") {
        None => "sqlite:cordboard.db".to_owned(),
        Some(url) => {
            let kinds = ["sqlite:", "postgres://", "postgresql://"];
            if url.value != NOWHERE
                && !kinds.iter().any(|kind| url.value.strip_prefix(kind).is_some_and(|rest| !rest.is_empty()))
            {
                let problem = format!("url is no database: \"{}\"", url.value);
                table.fault(url.span, problem, "Write it as \"sqlite:cordboard.db\" or \"postgres://user@host/name\".");
            }
            url.value
        }
    };
    let journal = table.text("journal").map_or_else(|| "cordboard.journal".to_owned(), |at| at.value);
    let days = table.whole("retention_days");
    if let Some(days) = days.as_ref().filter(|days| days.value > LONGEST_RETENTION) {
        let cure = format!("Write 0 to keep all, or at most {LONGEST_RETENTION}.");
        table.fault(days.span.clone(), "retention_days is too much", cure);
    }
    table.finish();
    let days = days.map_or(0, |days| days.value);
    (url != NOWHERE).then(|| Store {
        url,
        journal: PathBuf::from(journal),
        retention: (days > 0).then(|| Duration::from_secs(days.min(LONGEST_RETENTION) * DAY)),
    })
}

/// Whether anybody but this machine can reach the switch.
pub(super) fn open_to_others(sip: &Sip, http: &Http) -> bool {
    sip.listen.iter().map(|(_, address)| address).chain([&http.listen]).any(|address| !address.ip().is_loopback())
}

pub(super) fn feature_codes(mut table: Table<'_>) -> FeatureCodes {
    let FeatureCodes(defaults) = FeatureCodes::default();
    let mut codes: Vec<(At<String>, FeatureCode)> = Vec::new();
    for (default, feature) in defaults {
        let key = match feature {
            FeatureCode::Join => "join",
            FeatureCode::Swap => "swap",
            FeatureCode::HoldAll => "hold_all",
            FeatureCode::QuickConnect => "quick_connect",
            FeatureCode::Drop => "drop",
            FeatureCode::ResumeAll => "resume_all",
        };
        let code = table.text(key).unwrap_or(At { value: default, span: table.span.clone() });
        let keys = |digits: &str| !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
        if !code.value.strip_prefix('*').is_some_and(keys) {
            let problem = format!("{key} is no feature code: \"{}\"", code.value);
            table.fault(code.span.clone(), problem, "Write a star and digits, as \"*1\".");
        }
        // One that another begins with would be taken before the other could be dialled to its end.
        if let Some((other, _)) =
            codes.iter().find(|(other, _)| other.value.starts_with(&code.value) || code.value.starts_with(&other.value))
        {
            let problem = format!("{key} cannot be told from the code {}", other.value);
            table.fault(code.span.clone(), problem, "Take a code that no other begins with.");
        }
        codes.push((code, feature));
    }
    table.finish();
    FeatureCodes(codes.into_iter().map(|(code, feature)| (code.value, feature)).collect())
}
