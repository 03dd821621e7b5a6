//! The bindings of every agent, and the rules by which they change.

use super::binding::{Binding, Contact, Contacts, Register};
use crate::ids::AgentId;
use crate::limits;
use crate::sip::Link;
use crate::time::{Duration, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// An agent can be rung from now on, or no longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub agent: AgentId,
    pub reachable: bool,
}

/// Why a REGISTER changes nothing at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("Interval Too Brief")]
    TooBrief { min_expires: u32 },
    /// An older request of the same phone came after a newer one.
    #[error("Out of Order")]
    OutOfOrder,
    #[error("Contact * needs Expires 0 and stands alone")]
    Star,
}

impl Refused {
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Refused::TooBrief { .. } => 423,
            // RFC 3261 section 10.3 step 7: the update is aborted, the request fails.
            Refused::OutOfOrder => 500,
            Refused::Star => 400,
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Registrar {
    agents: BTreeMap<AgentId, Vec<Binding>>,
    /// When to look at an agent again: the expiry of each binding.
    alarms: BTreeSet<(Time, AgentId)>,
}

impl Registrar {
    /// Does what the REGISTER asks for, wholly or not at all, and gives the bindings that then hold, for the 200.
    pub fn register(
        &mut self,
        now: Time,
        agent: &AgentId,
        from: Link,
        request: &Register,
        out: &mut Vec<Change>,
    ) -> Result<&[Binding], Refused> {
        self.expire(now, agent, out);
        let old = self.agents.get(agent).map(Vec::as_slice).unwrap_or_default();
        let new = match &request.contacts {
            Contacts::Fetch => return Ok(self.bindings(agent)),
            Contacts::All => without_all(old, request)?,
            Contacts::Each(contacts) => with_each(now, old, from, request, contacts)?,
        };
        self.put(agent, new, out);
        Ok(self.bindings(agent))
    }

    /// An agent's phones, the preferred first.
    #[must_use]
    pub fn bindings(&self, agent: &AgentId) -> &[Binding] {
        self.agents.get(agent).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether an agent's phone is registered from exactly there.
    #[must_use]
    pub fn is_at(&self, agent: &AgentId, link: Link) -> bool {
        self.bindings(agent).iter().any(|binding| binding.source == Some(link))
    }

    #[must_use]
    pub fn is_reachable(&self, agent: &AgentId) -> bool {
        !self.bindings(agent).is_empty()
    }

    /// Where the phones are.
    pub fn hosts(&self) -> impl Iterator<Item = IpAddr> {
        self.agents.values().flatten().filter_map(|binding| Some(binding.source?.remote.ip()))
    }

    /// How many agents have a phone.
    #[must_use]
    pub fn reachable(&self) -> usize {
        self.agents.len()
    }

    /// The phones that an agent had before the switch was started again.
    pub fn restore(&mut self, agent: &AgentId, bindings: Vec<Binding>, out: &mut Vec<Change>) {
        self.put(agent, bindings, out);
    }

    /// The agent is no longer configured.
    pub fn forget(&mut self, agent: &AgentId, out: &mut Vec<Change>) {
        self.put(agent, Vec::new(), out);
    }

    /// A stream closed. The phone may be listening at its Contact all the same, so the binding stays when that is on the
    /// host at the other end of the stream. Anywhere else it would make us call whomever somebody likes.
    pub fn link_closed(&mut self, link: Link, out: &mut Vec<Change>) {
        if !link.transport.is_reliable() {
            return;
        }
        let cut = |binding: &Binding| binding.source == Some(link);
        let with_it = self.agents.iter().filter(|(_, bindings)| bindings.iter().any(cut));
        for agent in with_it.map(|(agent, _)| agent.clone()).collect::<Vec<_>>() {
            let mut left = self.bindings(&agent).to_vec();
            left.retain(|binding| !cut(binding) || binding.is_on(link.remote.ip()));
            left.iter_mut().filter(|binding| cut(binding)).for_each(|binding| binding.source = None);
            self.put(&agent, left, out);
        }
    }

    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        self.alarms.first().map(|(time, _)| *time)
    }

    /// Bindings end.
    pub fn wake(&mut self, now: Time, out: &mut Vec<Change>) {
        while let Some((_, agent)) = self.alarms.first().filter(|(time, _)| *time <= now).cloned() {
            self.expire(now, &agent, out);
        }
    }

    fn expire(&mut self, now: Time, agent: &AgentId, out: &mut Vec<Change>) {
        let Some(bindings) = self.agents.get(agent) else { return };
        if bindings.iter().any(|binding| binding.expires <= now) {
            let left = bindings.iter().filter(|binding| binding.expires > now).cloned().collect();
            self.put(agent, left, out);
        }
    }

    fn put(&mut self, agent: &AgentId, mut new: Vec<Binding>, out: &mut Vec<Change>) {
        new.sort_by(|a, b| b.q.cmp(&a.q).then(b.expires.cmp(&a.expires)));
        for binding in self.agents.get(agent).into_iter().flatten() {
            self.alarms.remove(&(binding.expires, agent.clone()));
        }
        for binding in &new {
            self.alarms.insert((binding.expires, agent.clone()));
        }
        let reachable = !new.is_empty();
        let was = if reachable { self.agents.insert(agent.clone(), new) } else { self.agents.remove(agent) }.is_some();
        if was != reachable {
            out.push(Change { agent: agent.clone(), reachable });
        }
    }
}

/// RFC 3261 section 10.3 step 6: `*` removes all, and only with Expires 0.
fn without_all(old: &[Binding], request: &Register) -> Result<Vec<Binding>, Refused> {
    if request.expires != Some(0) {
        return Err(Refused::Star);
    }
    old.iter().try_for_each(|binding| in_order(binding, request))?;
    Ok(Vec::new())
}

/// RFC 3261 section 10.3 step 7: each contact adds, refreshes or (with expiry 0) removes a binding.
fn with_each(
    now: Time,
    old: &[Binding],
    from: Link,
    request: &Register,
    contacts: &[Contact],
) -> Result<Vec<Binding>, Refused> {
    let mut new = old.to_vec();
    for contact in contacts {
        let seconds = expiry(contact.expires.or(request.expires))?;
        // Two URIs are one phone by RFC 3261 section 19.1.4.
        if let Some(there) = old.iter().find(|binding| binding.uri == contact.uri) {
            in_order(there, request)?;
        }
        new.retain(|binding| binding.uri != contact.uri);
        if contact.flow.is_some() {
            // The same phone by the same way under its former address, unless this very request names both.
            new.retain(|binding| binding.flow != contact.flow || contacts.iter().any(|c| c.uri == binding.uri));
        }
        if seconds > 0 {
            new.push(Binding {
                uri: contact.uri.clone(),
                q: contact.q.unwrap_or(1000),
                expires: now + Duration::from_secs(u64::from(seconds)),
                source: Some(from),
                path: request.path.clone(),
                flow: contact.flow.clone(),
                call_id: request.call_id.clone(),
                cseq: request.cseq,
            });
        }
    }
    // A phone that takes another port at each start must not lock its agent out: the binding nearest its end gives way.
    while new.len() > limits::BINDINGS {
        let Some(oldest) = (0..new.len()).min_by_key(|i| new.get(*i).map(|binding| binding.expires)) else { break };
        new.remove(oldest);
    }
    Ok(new)
}

/// A request of the same phone (Call-ID) counts only when it is newer; that of another always does.
fn in_order(binding: &Binding, request: &Register) -> Result<(), Refused> {
    if binding.call_id == request.call_id && request.cseq <= binding.cseq {
        return Err(Refused::OutOfOrder);
    }
    Ok(())
}

fn expiry(asked: Option<u32>) -> Result<u32, Refused> {
    match asked.unwrap_or(limits::EXPIRES_DEFAULT) {
        0 => Ok(0),
        seconds if seconds < limits::EXPIRES_MIN => Err(Refused::TooBrief { min_expires: limits::EXPIRES_MIN }),
        seconds => Ok(seconds.min(limits::EXPIRES_MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::{Message, Transport, parse};
    use bytes::Bytes;

    fn at(seconds: u64) -> Time {
        Time::from_micros(seconds * 1_000_000)
    }

    fn link(port: u16) -> Link {
        Link {
            transport: Transport::Udp,
            local: "127.0.0.1:5060".parse().unwrap(),
            remote: format!("192.0.2.7:{port}").parse().unwrap(),
        }
    }

    /// A REGISTER with this Contact header, read from the wire.
    fn register(call_id: &str, cseq: u32, expires: Option<u32>, contacts: &str) -> Register {
        let mut text = format!(
            "REGISTER sip:lab SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1\r\nFrom: <sip:john@lab>;tag=1\r\n\
             To: <sip:john@lab>\r\nCall-ID: {call_id}\r\nCSeq: {cseq} REGISTER\r\nMax-Forwards: 70\r\n"
        );
        if !contacts.is_empty() {
            text.push_str(&format!("Contact: {contacts}\r\n"));
        }
        if let Some(expires) = expires {
            text.push_str(&format!("Expires: {expires}\r\n"));
        }
        text.push_str("\r\n");
        match parse(Bytes::from(text)).unwrap() {
            Message::Request(request) => Register::read(&request).unwrap(),
            Message::Response(_) => panic!("a request"),
        }
    }

    /// What the 200 lists, and who became reachable (+) or not (-).
    fn told(registrar: &mut Registrar, now: u64, request: &Register) -> String {
        let mut out = Vec::new();
        let said = match registrar.register(at(now), &"john".into(), link(5070), request, &mut out) {
            Ok(bindings) => {
                let list: Vec<_> = bindings.iter().map(|b| format!("{}:{}", b.uri, b.seconds_left(at(now)))).collect();
                list.join(" ")
            }
            Err(refused) => refused.status().to_string(),
        };
        let changes: String = out.iter().map(|change| if change.reachable { "+" } else { "-" }).collect();
        format!("{changes}{said}")
    }

    #[test]
    fn rfc_3261_section_10_3() {
        let mut registrar = Registrar::default();
        for (why, now, request, answer) in [
            ("nothing there", 0, register("a", 1, None, ""), ""),
            ("the default expiry", 0, register("a", 2, None, "<sip:x>"), "+sip:x:600"),
            ("the header's expiry", 0, register("a", 3, Some(120), "<sip:x>"), "sip:x:120"),
            ("the parameter wins", 0, register("a", 4, Some(120), "<sip:x>;expires=90"), "sip:x:90"),
            ("too long is shortened", 0, register("a", 5, Some(9999), "<sip:x>"), "sip:x:3600"),
            ("too brief", 0, register("a", 6, Some(59), "<sip:x>"), "423"),
            ("the briefest", 0, register("a", 6, Some(60), "<sip:x>"), "sip:x:60"),
            ("a repeated CSeq of one phone", 0, register("a", 6, Some(70), "<sip:x>"), "500"),
            ("an older CSeq of one phone", 0, register("a", 5, Some(70), "<sip:x>"), "500"),
            ("another Call-ID restarts the count", 0, register("b", 1, Some(70), "<sip:x>"), "sip:x:70"),
            ("a fetch later", 10, register("c", 1, None, ""), "sip:x:60"),
            (
                "the preferred first",
                10,
                register("c", 2, None, "<sip:y>;q=0.5, <sip:z>;q=0.7"),
                "sip:x:60 sip:z:600 sip:y:600",
            ),
            (
                "q out of its range counts as none",
                10,
                register("c", 3, None, "<sip:y>;q=7"),
                "sip:y:600 sip:x:60 sip:z:600",
            ),
            (
                "several on one line, one of them removed",
                10,
                register("c", 4, None, "<sip:y>;q=0.5, <sip:none>;expires=0"),
                "sip:x:60 sip:z:600 sip:y:600",
            ),
            ("all or nothing", 10, register("b", 1, None, "<sip:new>, <sip:x>"), "500"),
            ("all or nothing, too brief", 10, register("b", 2, None, "<sip:new>, <sip:x>;expires=5"), "423"),
            ("the host in capitals is the same phone", 10, register("b", 1, None, "<sip:X>;expires=70"), "500"),
            ("another scheme is left out", 10, register("b", 1, None, "<mailto:x@y>"), "sip:x:60 sip:z:600 sip:y:600"),
            ("one removed", 10, register("b", 2, None, "<sip:z>;expires=0"), "sip:x:60 sip:y:600"),
            ("removing what is not there", 10, register("b", 3, Some(0), "<sip:none>"), "sip:x:60 sip:y:600"),
            ("one expires", 70, register("b", 4, None, ""), "sip:y:540"),
            ("a star needs Expires 0", 70, register("b", 5, None, "*"), "400"),
            ("a star with another expiry", 70, register("b", 5, Some(60), "*"), "400"),
            ("a star out of order", 70, register("c", 4, Some(0), "*"), "500"),
            ("a star", 70, register("c", 5, Some(0), "*"), "-"),
        ] {
            assert_eq!(told(&mut registrar, now, &request), answer, "{why}");
        }
        assert_eq!(registrar.deadline(), None);
        assert_eq!(registrar.reachable(), 0);
    }

    #[test]
    fn a_phone_that_names_its_way_has_one_binding_wherever_it_is() {
        let mut registrar = Registrar::default();
        let flow = |uri: &str, instance: &str, reg_id: u32| {
            format!("<sip:{uri}>;+sip.instance=\"<urn:uuid:{instance}>\";reg-id={reg_id}")
        };
        for (rule, contacts, answer) in [
            ("5626 6: a phone", flow("a", "1", 1), "+sip:a:600"),
            ("it has moved", flow("b", "1", 1), "sip:b:600"),
            ("its second way", flow("c", "1", 2), "sip:c:600 sip:b:600"),
            ("another phone", flow("d", "2", 1), "sip:d:600 sip:c:600 sip:b:600"),
            (
                "without reg-id an address is an address",
                "<sip:e>;+sip.instance=\"<urn:uuid:2>\"".to_owned(),
                "sip:e:600 sip:d:600 sip:c:600 sip:b:600",
            ),
            ("gone from where it moved to", flow("f", "2", 1) + ";expires=0", "sip:e:600 sip:c:600 sip:b:600"),
            (
                "two at once are two",
                flow("g", "3", 1) + ", " + &flow("h", "3", 1),
                "sip:h:600 sip:g:600 sip:e:600 sip:c:600 sip:b:600",
            ),
        ] {
            let call = contacts.clone();
            let said = told(&mut registrar, 0, &register(&call, 1, None, &contacts));
            let sorted = |text: &str| {
                let mut parts: Vec<String> = text.split(' ').map(str::to_owned).collect();
                parts.sort();
                parts
            };
            assert_eq!(sorted(&said), sorted(answer), "{rule}");
        }
    }

    #[test]
    fn the_eleventh_phone_takes_the_place_of_the_one_nearest_its_end() {
        let mut registrar = Registrar::default();
        for n in 0..12 {
            told(&mut registrar, n, &register(&format!("call{n}"), 1, None, &format!("<sip:phone{n}>")));
        }
        let there: Vec<_> = registrar.bindings(&"john".into()).iter().map(|b| b.uri.to_string()).collect();
        assert_eq!(there.len(), limits::BINDINGS);
        assert!(!there.contains(&"sip:phone0".to_owned()) && !there.contains(&"sip:phone1".to_owned()));
    }

    #[test]
    fn wake_ends_what_is_due_and_nothing_else() {
        let mut registrar = Registrar::default();
        let mut out = Vec::new();
        for (agent, expires) in [("john", 60), ("maria", 90), ("maria", 120)] {
            let request = register(&format!("{agent}{expires}"), 1, Some(expires), &format!("<sip:{agent}{expires}>"));
            registrar.register(at(0), &agent.into(), link(5070), &request, &mut out).unwrap();
        }
        out.clear();
        for (now, deadline, gone) in
            [(59, Some(60), vec![]), (60, Some(90), vec!["john"]), (90, Some(120), vec![]), (120, None, vec!["maria"])]
        {
            registrar.wake(at(now), &mut out);
            let told: Vec<_> = out.drain(..).map(|change| (change.agent.to_string(), change.reachable)).collect();
            assert_eq!(told, gone.into_iter().map(|agent| (agent.to_owned(), false)).collect::<Vec<_>>(), "at {now}");
            assert_eq!(registrar.deadline(), deadline.map(at), "at {now}");
        }
    }

    #[test]
    fn refreshing_leaves_no_alarm_behind() {
        let mut registrar = Registrar::default();
        for n in 0..100_u32 {
            told(&mut registrar, u64::from(n), &register("a", n + 1, None, "<sip:x>"));
        }
        assert_eq!(registrar.alarms.len(), 1);
    }

    #[test]
    fn the_source_is_kept_until_its_stream_closes_and_then_the_phone_if_it_may_listen_there() {
        for (contacts, left) in [
            ("<sip:john@192.0.2.7:5071>", "sip:john@192.0.2.7:5071"),
            ("<sip:john@localhost>", ""),
            ("<sip:john@192.0.2.8:5071>", ""),
            ("<sip:john@192.0.2.8>, <sip:john@192.0.2.7>", "sip:john@192.0.2.7"),
        ] {
            let mut registrar = Registrar::default();
            let tcp = Link { transport: Transport::Tcp, ..link(5071) };
            let (john, mut out) = (AgentId::from("john"), Vec::new());
            registrar.register(at(0), &john, tcp, &register("a", 1, None, contacts), &mut out).unwrap();
            assert!(registrar.is_at(&john, tcp), "{contacts}");
            out.clear();
            registrar.link_closed(Link { transport: Transport::Tcp, ..link(5072) }, &mut out);
            assert!(registrar.is_at(&john, tcp), "{contacts}: another's stream");
            registrar.link_closed(tcp, &mut out);
            let there: Vec<_> = registrar.bindings(&john).iter().map(|b| (b.uri.to_string(), b.source)).collect();
            let wanted = [(left.to_owned(), None)];
            assert_eq!(there, if left.is_empty() { &[] } else { wanted.as_slice() }, "{contacts}");
            let gone = Change { agent: john, reachable: false };
            assert_eq!(out, if left.is_empty() { vec![gone] } else { vec![] }, "{contacts}");
            assert_eq!(registrar.deadline().is_some(), !left.is_empty(), "{contacts}");
        }
    }
}
