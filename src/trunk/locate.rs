//! Where a host is: RFC 3263 as a function of what the name service has answered so far.

use super::setup::Place;
use crate::limits::{HOST_ADDRESSES, HOST_RECORDS};
use crate::sip::Transport;
use crate::time::Duration;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

/// One question to the name service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    Naptr(String),
    Srv(String),
    /// A and AAAA.
    Address(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// What there is, maybe nothing, and for how long that holds.
    Records(Vec<Record>, Duration),
    /// Nobody answered.
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    Naptr { order: u16, preference: u16, flags: String, service: String, replacement: String },
    Srv { priority: u16, weight: u16, port: u16, target: String },
    Address(IpAddr),
}

/// One address of a trunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Server {
    pub transport: Transport,
    pub address: SocketAddr,
}

impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.transport.param(), self.address)
    }
}

/// Servers of which any will do, each with the share of calls that it wants (RFC 2782).
pub(super) type Tier = Vec<Share>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Share {
    pub weight: u16,
    pub servers: Vec<Server>,
}

/// Section 4.2.
const PORT: u16 = 5060;

/// The servers of a host, in the order in which they are tried. Every question that was needed is noted; where one has no
/// answer yet, there is less.
pub(super) fn locate<'a>(
    place: &Place,
    transport: Option<Transport>,
    known: &impl Fn(&Question) -> Option<&'a [Record]>,
    needed: &mut BTreeSet<Question>,
) -> Vec<Tier> {
    let mut look = |question: Question| {
        let records = known(&question);
        needed.insert(question);
        records
    };
    // Section 4.1: without a word on it, a number or a port means UDP.
    let plain = transport.unwrap_or(Transport::Udp);
    if let Some(ip) = place.host.ip() {
        return vec![alone(plain, &[ip], place.port.unwrap_or(PORT))];
    }
    let name = place.host.to_string();
    if let Some(port) = place.port {
        let Some(records) = look(Question::Address(name)) else { return Vec::new() };
        return tiers_of(plain, &addresses(records), port);
    }
    let mut services: Vec<(Transport, String)> = Vec::new();
    match transport {
        Some(transport) => services.push((transport, format!("_sip._{}.{name}", transport.param()))),
        None => {
            let Some(records) = look(Question::Naptr(name.clone())) else { return Vec::new() };
            services = replacements(records);
            if services.is_empty() {
                // No NAPTR: every transport that is spoken here.
                let of = |transport: Transport| (transport, format!("_sip._{}.{name}", transport.param()));
                services = vec![of(Transport::Udp), of(Transport::Tcp)];
            }
        }
    }
    let (mut tiers, mut any, mut waits) = (Vec::new(), false, false);
    for (transport, service) in services {
        let Some(records) = look(Question::Srv(service)) else {
            waits = true;
            continue;
        };
        any |= !records.is_empty();
        tiers.extend(servers(transport, records, &mut look));
    }
    if any || waits {
        return tiers;
    }
    // Section 4.2: no SRV records at all: the host itself.
    let Some(records) = look(Question::Address(name)) else { return Vec::new() };
    tiers_of(plain, &addresses(records), PORT)
}

/// The services behind NAPTR records, by order and preference (section 4.1). Those of higher orders are for whoever
/// speaks none of the first (RFC 3403 section 4.1).
fn replacements(records: &[Record]) -> Vec<(Transport, String)> {
    let mut usable: Vec<(u16, u16, Transport, &String)> = records
        .iter()
        .filter_map(|record| match record {
            Record::Naptr { order, preference, flags, service, replacement } if flags.eq_ignore_ascii_case("s") => {
                let transport = match service.to_ascii_uppercase().as_str() {
                    "SIP+D2U" => Transport::Udp,
                    "SIP+D2T" => Transport::Tcp,
                    _ => return None,
                };
                Some((*order, *preference, transport, replacement))
            }
            _ => None,
        })
        .collect();
    usable.sort();
    let first = usable.first().map(|(order, ..)| *order);
    usable.retain(|(order, ..)| Some(*order) == first);
    usable.into_iter().take(HOST_RECORDS).map(|(_, _, transport, service)| (transport, service.clone())).collect()
}

/// The servers of one service, a tier for each priority (RFC 2782).
fn servers<'a>(
    transport: Transport,
    records: &[Record],
    look: &mut impl FnMut(Question) -> Option<&'a [Record]>,
) -> Vec<Tier> {
    let mut found: Vec<(u16, u16, u16, &String)> = records
        .iter()
        .filter_map(|record| match record {
            Record::Srv { priority, weight, port, target } => Some((*priority, *weight, *port, target)),
            _ => None,
        })
        // A target of `.` says that the service is not there.
        .filter(|(_, _, port, target)| *port > 0 && !target.trim_end_matches('.').is_empty())
        .collect();
    found.sort();
    found.truncate(HOST_RECORDS);
    let mut tiers: Vec<(u16, Tier)> = Vec::new();
    for (priority, weight, port, target) in found {
        let Some(records) = look(Question::Address(target.clone())) else { continue };
        let servers: Vec<Server> =
            addresses(records).into_iter().map(|ip| Server { transport, address: SocketAddr::new(ip, port) }).collect();
        if servers.is_empty() {
            continue;
        }
        match tiers.last_mut() {
            Some((last, tier)) if *last == priority => tier.push(Share { weight, servers }),
            _ => tiers.push((priority, vec![Share { weight, servers }])),
        }
    }
    tiers.into_iter().map(|(_, tier)| tier).collect()
}

fn addresses(records: &[Record]) -> Vec<IpAddr> {
    let ip = |record: &Record| match record {
        Record::Address(ip) => Some(*ip),
        _ => None,
    };
    records.iter().filter_map(ip).take(HOST_ADDRESSES).collect()
}

fn alone(transport: Transport, ips: &[IpAddr], port: u16) -> Tier {
    let servers = ips.iter().map(|ip| Server { transport, address: SocketAddr::new(*ip, port) }).collect();
    vec![Share { weight: 0, servers }]
}

fn tiers_of(transport: Transport, ips: &[IpAddr], port: u16) -> Vec<Tier> {
    if ips.is_empty() { Vec::new() } else { vec![alone(transport, ips, port)] }
}

/// One order in which a tier's servers may be tried: by chance, as their weights say (RFC 2782). `below` throws the dice.
pub(super) fn shuffled(tier: &Tier, mut below: impl FnMut(u64) -> u64) -> Vec<Server> {
    let mut left: Vec<&Share> = tier.iter().collect();
    // Those of weight 0 first, so that they have their small chance.
    left.sort_by_key(|share| share.weight != 0);
    let mut order = Vec::new();
    while !left.is_empty() {
        let sum: u64 = left.iter().map(|share| u64::from(share.weight)).sum();
        let dice = below(sum + 1);
        let mut running = 0;
        let chosen = left.iter().position(|share| {
            running += u64::from(share.weight);
            running >= dice
        });
        let share = left.remove(chosen.unwrap_or(0));
        order.extend(share.servers.iter().copied());
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Mint;
    use crate::sip::Host;

    /// A zone: `srv _sip._udp.x 10 5 5070 a.x`, `naptr x 10 20 s SIP+D2U _sip._udp.x`, `a a.x 192.0.2.1`; `none x`
    /// says that there is no record of that kind.
    fn zone(text: &str) -> Vec<(Question, Vec<Record>)> {
        let mut zone: Vec<(Question, Vec<Record>)> = Vec::new();
        for line in text.split(';').map(str::trim).filter(|line| !line.is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let number = |at: usize| words[at].parse().unwrap();
            let (question, record) = match words[0] {
                "a" => (Question::Address(words[1].into()), Some(Record::Address(words[2].parse().unwrap()))),
                "srv" => {
                    let (priority, weight, port) = (number(2), number(3), number(4));
                    let target = words[5].into();
                    (Question::Srv(words[1].into()), Some(Record::Srv { priority, weight, port, target }))
                }
                "naptr" => {
                    let (order, preference) = (number(2), number(3));
                    let (flags, service, replacement) = (words[4].into(), words[5].into(), words[6].into());
                    let record = Record::Naptr { order, preference, flags, service, replacement };
                    (Question::Naptr(words[1].into()), Some(record))
                }
                "no-a" => (Question::Address(words[1].into()), None),
                "no-srv" => (Question::Srv(words[1].into()), None),
                "no-naptr" => (Question::Naptr(words[1].into()), None),
                other => panic!("{other}"),
            };
            match zone.iter_mut().find(|(known, _)| *known == question) {
                Some((_, records)) => records.extend(record),
                None => zone.push((question, record.into_iter().collect())),
            }
        }
        zone
    }

    /// Servers in order, tiers apart by `|`; then what was asked and not answered.
    fn located(host: &str, port: Option<u16>, transport: Option<Transport>, text: &str) -> String {
        let zone = zone(text);
        let known = |question: &Question| {
            zone.iter().find(|(known, _)| known == question).map(|(_, records)| records.as_slice())
        };
        let mut needed = BTreeSet::new();
        let place = Place { host: Host::from(host), port };
        let tiers = locate(&place, transport, &known, &mut needed);
        let tier = |tier: &Tier| {
            let servers = tier.iter().flat_map(|share| share.servers.iter());
            servers.map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        let mut text = tiers.iter().map(tier).collect::<Vec<_>>().join(" | ");
        for question in needed.iter().filter(|question| known(question).is_none()) {
            text.push_str(&format!(" ?{question:?}"));
        }
        text.trim().to_owned()
    }

    #[test]
    fn a_host_becomes_servers_as_rfc_3263_says() {
        const UDP: Option<Transport> = Some(Transport::Udp);
        const TCP: Option<Transport> = Some(Transport::Tcp);
        let naptr = "naptr x 10 20 s SIP+D2T _sip._tcp.x; naptr x 10 10 S sip+d2u _sip._udp.x";
        let both = "srv _sip._udp.x 1 0 5070 a.x; srv _sip._tcp.x 1 0 5071 a.x; a a.x 192.0.2.1";
        for (rule, host, port, transport, zone, wanted) in [
            ("an address asks nothing", "192.0.2.9", None, None, "", "udp:192.0.2.9:5060"),
            ("nor with a port", "192.0.2.9", Some(5070), TCP, "", "tcp:192.0.2.9:5070"),
            ("IPv6", "[2001:db8::1]", None, UDP, "", "udp:[2001:db8::1]:5060"),
            ("4.1: no transport: NAPTR first", "x", None, None, "", "?Naptr(\"x\")"),
            ("4.1: a transport: SRV first", "x", None, TCP, "", "?Srv(\"_sip._tcp.x\")"),
            ("4.2: a port: only addresses", "x", Some(5070), None, "", "?Address(\"x\")"),
            ("4.2: of both families", "x", Some(7), None, "a x 192.0.2.1; a x ::2", "udp:192.0.2.1:7 udp:[::2]:7"),
            (
                "NAPTR names the services, in order of preference",
                "x",
                None,
                None,
                &format!("{naptr}; {both}"),
                "udp:192.0.2.1:5070 | tcp:192.0.2.1:5071",
            ),
            (
                "what is not spoken here is passed over",
                "x",
                None,
                None,
                &format!("naptr x 1 1 s SIPS+D2T _sips._tcp.x; naptr x 1 2 u E2U+sip !x!; {naptr}; {both}"),
                "udp:192.0.2.1:5070 | tcp:192.0.2.1:5071",
            ),
            (
                "RFC 3403: a later order is for others",
                "x",
                None,
                None,
                &format!("naptr x 1 1 s SIP+D2T _sip._tcp.x; naptr x 2 1 s SIP+D2U _sip._udp.x; {both}"),
                "tcp:192.0.2.1:5071",
            ),
            (
                "4.1: without NAPTR, SRV for each transport",
                "x",
                None,
                None,
                &format!("no-naptr x; {both}"),
                "udp:192.0.2.1:5070 | tcp:192.0.2.1:5071",
            ),
            (
                "what is known already can be used",
                "x",
                None,
                None,
                "no-naptr x; srv _sip._udp.x 1 0 5070 a.x; a a.x 192.0.2.1",
                "udp:192.0.2.1:5070 ?Srv(\"_sip._tcp.x\")",
            ),
            (
                "RFC 2782: by priority; equal ones share",
                "x",
                None,
                UDP,
                "srv _sip._udp.x 20 0 5070 a.x; srv _sip._udp.x 10 60 5071 b.x; srv _sip._udp.x 10 40 5072 a.x; \
              a a.x 192.0.2.1; a b.x 192.0.2.2",
                "udp:192.0.2.1:5072 udp:192.0.2.2:5071 | udp:192.0.2.1:5070",
            ),
            (
                "a target without an address is passed over",
                "x",
                None,
                UDP,
                "srv _sip._udp.x 1 0 5070 gone.x; srv _sip._udp.x 2 0 5070 a.x; no-a gone.x; a a.x 192.0.2.1",
                "udp:192.0.2.1:5070",
            ),
            (
                "4.2: without SRV, the host itself",
                "x",
                None,
                None,
                "no-naptr x; no-srv _sip._udp.x; no-srv _sip._tcp.x; a x 192.0.2.1",
                "udp:192.0.2.1:5060",
            ),
            (
                "by the transport that was named",
                "x",
                None,
                TCP,
                "no-srv _sip._tcp.x; a x 192.0.2.1",
                "tcp:192.0.2.1:5060",
            ),
            ("RFC 2782: a dot is a no, and no reason to look further", "x", None, UDP, "srv _sip._udp.x 0 0 0 .", ""),
            ("there is no such host", "x", None, UDP, "no-srv _sip._udp.x; no-a x", ""),
        ] {
            assert_eq!(located(host, port, transport, zone), wanted, "{rule}");
        }
    }

    #[test]
    fn equal_servers_share_as_their_weights_say() {
        let share = |weight, port| Share {
            weight,
            servers: vec![Server { transport: Transport::Udp, address: ([192, 0, 2, 1], port).into() }],
        };
        let tier = vec![share(60, 1), share(40, 2), share(0, 3)];
        let mut mint = Mint::new(1);
        let mut first = [0; 4];
        for _ in 0..10_000 {
            let order = shuffled(&tier, |end| mint.below(end));
            assert_eq!(order.len(), 3, "each has its turn");
            first[usize::from(order[0].address.port())] += 1;
        }
        assert!((5_700..6_300).contains(&first[1]), "{first:?}");
        assert!((3_600..4_200).contains(&first[2]), "{first:?}");
        assert!(first[3] > 0 && first[3] < 250, "RFC 2782: a small chance, {first:?}");
    }
}
