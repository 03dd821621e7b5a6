//! The name service: what the engine asks, looked up beside it, and the answer put into its inbox.

use super::inbox::{Inbox, Refused};
use crate::engine::{Fact, Input, Question};
use crate::limits::{NAME_MOST, NAMES};
use crate::trunk::{Answer, Question as Query, Record};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, ResolverOpts};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// How long an answer waits for room in the inbox before the next look.
const ROOM: Duration = Duration::from_millis(20);
/// How long one name server is waited for, and how many times.
const PATIENCE: Duration = Duration::from_secs(3);
const ATTEMPTS: usize = 2;

pub(super) struct Names {
    inbox: Inbox,
    runtime: Handle,
    /// Made when the first question comes: who has no names to look up reads no resolv.conf.
    resolver: Option<TokioResolver>,
}

impl Names {
    pub fn new(inbox: Inbox, runtime: Handle) -> Names {
        Names { inbox, runtime, resolver: None }
    }

    /// The configuration was read again, so the system's is read again, too.
    pub fn forget(&mut self) {
        self.resolver = None;
    }

    /// Looks it up; the answer is an input of the engine.
    pub fn ask(&mut self, question: Question) {
        let Question::Resolve(query) = &question;
        let query = query.clone();
        if self.resolver.is_none() {
            self.resolver = system().inspect_err(|fault| tracing::error!(%fault, "no name service")).ok();
        }
        let (inbox, resolver) = (self.inbox.clone(), self.resolver.clone());
        self.runtime.spawn(async move {
            let answer = match resolver {
                Some(resolver) => look_up(&resolver, &query).await,
                None => Answer::Failed,
            };
            let mut input = Input::Answer(question, Fact::Resolved(answer));
            while let Err(Refused::Full(back)) = inbox.offer(input) {
                tokio::time::sleep(ROOM).await;
                input = *back;
            }
        });
    }
}

/// The name servers of this machine, and its hosts file.
fn system() -> Result<TokioResolver, NetError> {
    let mut builder = TokioResolver::builder_tokio()?;
    tune(builder.options_mut());
    builder.build()
}

fn tune(options: &mut ResolverOpts) {
    options.timeout = PATIENCE;
    options.attempts = ATTEMPTS;
    options.cache_size = NAMES;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    // Never a port that RTP may want.
    options.os_port_selection = true;
}

async fn look_up(resolver: &TokioResolver, query: &Query) -> Answer {
    let found = match query {
        // A name of a service is whole: no search domain is put behind it.
        Query::Naptr(name) => resolver.lookup(whole(name), RecordType::NAPTR).await,
        Query::Srv(name) => resolver.lookup(whole(name), RecordType::SRV).await,
        Query::Address(name) => resolver.lookup_ip(name.as_str()).await.map(Lookup::from),
    };
    match found {
        Ok(lookup) => {
            let records = lookup.answers().iter().filter_map(|answer| record(&answer.data)).collect();
            #[allow(clippy::disallowed_methods)]
            let left = lookup.valid_until().saturating_duration_since(Instant::now());
            tracing::debug!(?query, ?records, ?left, "found");
            Answer::Records(records, left)
        }
        Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
            tracing::debug!(?query, code = %none.response_code, "no records");
            let left = none.negative_ttl.map_or(NAME_MOST, |seconds| Duration::from_secs(seconds.into()));
            Answer::Records(Vec::new(), left)
        }
        Err(fault) => {
            tracing::warn!(?query, %fault, "name service");
            Answer::Failed
        }
    }
}

fn whole(name: &str) -> String {
    if name.ends_with('.') { name.to_owned() } else { format!("{name}.") }
}

fn record(data: &RData) -> Option<Record> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let plain = |name: &Name| {
        let name = name.to_ascii();
        // The root stays a dot: it says that there is no such service.
        if name == "." { name } else { name.trim_end_matches('.').to_owned() }
    };
    match data {
        RData::A(ip) => Some(Record::Address(ip.0.into())),
        RData::AAAA(ip) => Some(Record::Address(ip.0.into())),
        RData::SRV(srv) => {
            Some(Record::Srv { priority: srv.priority, weight: srv.weight, port: srv.port, target: plain(&srv.target) })
        }
        RData::NAPTR(naptr) => Some(Record::Naptr {
            order: naptr.order,
            preference: naptr.preference,
            flags: text(&naptr.flags),
            service: text(&naptr.services),
            replacement: plain(&naptr.replacement),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Mint;
    use crate::sip::Host;
    use crate::time::Time;
    use crate::trunk::{Failure, Out, Place, TrunkSetup, Trunks};
    use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
    use hickory_resolver::net::runtime::TokioRuntimeProvider;
    use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const A: u16 = 1;
    const AAAA: u16 = 28;
    const SRV: u16 = 33;
    const NAPTR: u16 = 35;

    fn labels(name: &str) -> Vec<u8> {
        let mut out = Vec::new();
        for label in name.split('.').filter(|label| !label.is_empty()) {
            out.push(u8::try_from(label.len()).unwrap());
            out.extend_from_slice(label.as_bytes());
        }
        out.push(0);
        out
    }

    fn srv(priority: u16, port: u16, target: &str) -> Vec<u8> {
        let numbers = [priority, 0, port].into_iter().flat_map(u16::to_be_bytes);
        numbers.chain(labels(target)).collect()
    }

    fn v6(last: u8) -> Vec<u8> {
        let mut ip = vec![0; 16];
        ip[15] = last;
        ip
    }

    fn naptr(service: &str, replacement: &str) -> Vec<u8> {
        let mut out: Vec<u8> = [10_u16, 10].into_iter().flat_map(u16::to_be_bytes).collect();
        for text in ["s", service, ""] {
            out.push(u8::try_from(text.len()).unwrap());
            out.extend_from_slice(text.as_bytes());
        }
        out.extend(labels(replacement));
        out
    }

    /// A name server of our own on the loopback, with a zone; it counts the questions.
    fn name_server(zone: Vec<(&'static str, u16, Vec<u8>)>) -> (SocketAddr, Arc<AtomicUsize>) {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (address, asked) = (socket.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&asked);
        std::thread::spawn(move || {
            let mut buffer = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                count.fetch_add(1, Ordering::Relaxed);
                let query = &buffer[..length];
                let end = 12 + query[12..].iter().position(|byte| *byte == 0).unwrap() + 1;
                let (name, kind) = (&query[12..end], u16::from_be_bytes([query[end], query[end + 1]]));
                let found: Vec<_> = zone
                    .iter()
                    .filter(|(known, of, _)| labels(known).eq_ignore_ascii_case(name) && *of == kind)
                    .collect();
                let there = zone.iter().any(|(known, ..)| labels(known).eq_ignore_ascii_case(name));
                // A response with recursion; no such name where there is none.
                let mut out = query[..2].to_vec();
                out.extend([
                    0x81,
                    if there { 0x80 } else { 0x83 },
                    0,
                    1,
                    0,
                    u8::try_from(found.len()).unwrap(),
                    0,
                    0,
                    0,
                    0,
                ]);
                out.extend_from_slice(&query[12..end + 4]);
                for (_, of, data) in found {
                    out.extend([0xc0, 12]);
                    out.extend(of.to_be_bytes());
                    out.extend([0, 1, 0, 0, 0, 60]);
                    out.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
                    out.extend_from_slice(data);
                }
                let _ = socket.send_to(&out, from);
            }
        });
        (address, asked)
    }

    fn asks_at(server: SocketAddr) -> TokioResolver {
        let mut connection = ConnectionConfig::udp();
        connection.port = server.port();
        let servers = vec![NameServerConfig::new(server.ip(), true, vec![connection])];
        let config = ResolverConfig::from_parts(None, Vec::new(), servers);
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        tune(builder.options_mut());
        builder.options_mut().timeout = Duration::from_millis(500);
        builder.options_mut().attempts = 1;
        builder.build().unwrap()
    }

    /// Lets a trunk ask until it wants nothing more.
    async fn located(trunks: &mut Trunks, resolver: &TokioResolver, now: Time) {
        loop {
            let mut out = Vec::new();
            trunks.wake(now, &mut out);
            let asked = out.into_iter().filter_map(|out| match out {
                Out::Ask(question) => Some(question),
                _ => None,
            });
            let asked: Vec<Query> = asked.collect();
            if asked.is_empty() {
                return;
            }
            for question in asked {
                let answer = look_up(resolver, &question).await;
                trunks.answered(now, &question, answer);
            }
        }
    }

    fn trunk(host: &str) -> Trunks {
        let setup = TrunkSetup {
            id: "pstn".into(),
            hosts: vec![Place { host: Host::from(host), port: None }],
            transport: None,
            prefixes: vec!["+1".into()],
            to_e164: Vec::new(),
            from_e164: Vec::new(),
            max_calls: None,
            login: None,
            register: false,
            trusted: false,
            probe: None,
            hold_signalling: None,
        };
        Trunks::new(Time::default(), &[setup], Mint::new(1))
    }

    fn ways(trunks: &mut Trunks) -> Vec<String> {
        let ways = trunks.ways(Time::default(), "+1555").unwrap_or_default();
        ways.iter().map(|way| way.server.to_string()).collect()
    }

    #[tokio::test]
    async fn a_trunk_is_found_by_its_name_and_again_when_its_first_host_fails() {
        let (server, asked) = name_server(vec![
            ("pstn.test", NAPTR, naptr("SIP+D2T", "_sip._tcp.pstn.test")),
            ("pstn.test", NAPTR, naptr("E2U+web", "nobody.pstn.test")),
            ("_sip._tcp.pstn.test", SRV, srv(20, 5072, "b.pstn.test")),
            ("_sip._tcp.pstn.test", SRV, srv(10, 5071, "a.pstn.test")),
            ("a.pstn.test", A, vec![127, 0, 0, 11]),
            ("a.pstn.test", AAAA, v6(11)),
            ("b.pstn.test", A, vec![127, 0, 0, 12]),
            ("b.pstn.test", AAAA, v6(12)),
        ]);
        let (resolver, now) = (asks_at(server), Time::default());
        let mut trunks = trunk("pstn.test");
        located(&mut trunks, &resolver, now).await;
        let all = ["tcp:127.0.0.11:5071", "tcp:[::b]:5071", "tcp:127.0.0.12:5072", "tcp:[::c]:5072"];
        assert_eq!(ways(&mut trunks), all);
        let first = trunks.ways(now, "+1555").unwrap().remove(0).server;
        trunks.failed(now, &"pstn".into(), first, Failure::Silent);
        assert_eq!(ways(&mut trunks), all[1..]);

        let before = asked.load(Ordering::Relaxed);
        located(&mut trunk("pstn.test"), &resolver, now).await;
        assert_eq!(asked.load(Ordering::Relaxed), before, "what is known is not asked for again while it holds");
    }

    #[tokio::test]
    async fn without_records_of_a_service_the_host_itself_is_called() {
        let (server, _) = name_server(vec![("plain.test", A, vec![127, 0, 0, 13])]);
        let mut trunks = trunk("plain.test");
        located(&mut trunks, &asks_at(server), Time::default()).await;
        assert_eq!(ways(&mut trunks), ["udp:127.0.0.13:5060"]);
    }

    #[tokio::test]
    async fn silence_is_told_from_nothing() {
        let nobody = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let query = Query::Address("x.test".into());
        assert_eq!(look_up(&asks_at(nobody.local_addr().unwrap()), &query).await, Answer::Failed);
        let (server, _) = name_server(Vec::new());
        assert!(matches!(look_up(&asks_at(server), &query).await, Answer::Records(none, _) if none.is_empty()));
    }

    #[test]
    fn what_is_asked_comes_back_as_an_input() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (inbox, tray) = super::super::inbox::inbox();
        let mut names = Names::new(inbox, runtime.handle().clone());
        let (server, _) = name_server(vec![("a.test", A, vec![127, 0, 0, 14])]);
        names.resolver = Some(asks_at(server));
        let question = Question::Resolve(Query::Address("a.test".into()));
        names.ask(question.clone());
        let Ok(Some(Input::Answer(asked, Fact::Resolved(Answer::Records(records, _))))) = tray.wait(PATIENCE) else {
            panic!("no answer");
        };
        assert_eq!(asked, question);
        assert_eq!(records, [Record::Address([127, 0, 0, 14].into())]);
    }
}
