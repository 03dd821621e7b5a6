//! SIP ladders: who sent what to whom, drawn as text with a column for each party.

use crate::time::Time;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::net::SocketAddr;

/// Columns for the time at the left edge.
const MARGIN: usize = 10;
/// The narrowest gap between two lifelines.
const GAP: usize = 18;

#[derive(Clone, Debug)]
enum Rung {
    Message { at: Time, from: usize, to: usize, text: String },
    Note { at: Time, text: String },
}

/// Collects the messages of one contact, or of everything one tap sees. The oldest go when it is full.
#[derive(Clone, Debug)]
pub struct Ladder {
    limit: usize,
    dropped: usize,
    parties: Vec<String>,
    names: BTreeMap<SocketAddr, String>,
    rungs: VecDeque<Rung>,
    /// The last message on each way, to tell a retransmission.
    last: BTreeMap<(usize, usize), Vec<u8>>,
}

impl Ladder {
    /// A ladder that keeps at most `limit` rungs.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Ladder {
            limit: limit.max(1),
            dropped: 0,
            parties: Vec::new(),
            names: BTreeMap::new(),
            rungs: VecDeque::new(),
            last: BTreeMap::new(),
        }
    }

    /// Gives the next column to `name`. Parties not declared get theirs when they first appear.
    pub fn party(&mut self, name: &str) {
        self.column(name);
    }

    /// What stands for an address. Several addresses may share a name: a switch with UDP and TCP.
    pub fn name(&mut self, address: SocketAddr, name: &str) {
        self.names.insert(address, name.to_owned());
    }

    /// A message as it was on the wire.
    pub fn wire(&mut self, at: Time, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        let named = |names: &BTreeMap<_, String>, address: SocketAddr| {
            names.get(&address).cloned().unwrap_or_else(|| address.to_string())
        };
        let (from, to) = (named(&self.names, from), named(&self.names, to));
        self.message(at, &from, &to, bytes);
    }

    /// A message between named parties.
    pub fn message(&mut self, at: Time, from: &str, to: &str, bytes: &[u8]) {
        let (from, to) = (self.column(from), self.column(to));
        let mut text = summary(bytes);
        // Whatever is sent twice in a row on one way, byte for byte, is a retransmission.
        if self.last.get(&(from, to)).is_some_and(|last| last == bytes) {
            text.push_str(" (again)");
        } else {
            self.last.insert((from, to), bytes.to_vec());
        }
        self.keep(Rung::Message { at, from, to, text });
    }

    /// A line across the ladder: a step of a story, what somebody heard.
    pub fn note(&mut self, at: Time, text: impl Into<String>) {
        self.keep(Rung::Note { at, text: text.into() });
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rungs.is_empty()
    }

    fn keep(&mut self, rung: Rung) {
        if self.rungs.len() == self.limit {
            self.rungs.pop_front();
            self.dropped += 1;
        }
        self.rungs.push_back(rung);
    }

    fn column(&mut self, name: &str) -> usize {
        self.parties.iter().position(|party| party == name).unwrap_or_else(|| {
            self.parties.push(name.to_owned());
            self.parties.len() - 1
        })
    }

    /// The drawing, times in seconds since `start`.
    #[must_use]
    pub fn render(&self, start: Time) -> String {
        let lifelines = self.lifelines();
        let mut drawing = String::new();
        let mut heads = Canvas::default();
        for (name, x) in self.parties.iter().zip(&lifelines) {
            heads.put(x.saturating_sub(name.chars().count() / 2), name);
        }
        drawing.push_str(&heads.line());
        if self.dropped > 0 {
            let _ = writeln!(drawing, "{:MARGIN$}({} earlier messages were not kept)", "", self.dropped);
        }
        for rung in &self.rungs {
            let mut canvas = Canvas::default();
            match rung {
                Rung::Message { at, from, to, text } => {
                    canvas.put(0, &clock(*at, start));
                    for x in &lifelines {
                        canvas.put(*x, "|");
                    }
                    let (Some(a), Some(b)) = (lifelines.get(*from), lifelines.get(*to)) else { continue };
                    if a == b {
                        canvas.put(a + 2, &format!("{text} (to itself)"));
                    } else {
                        canvas.arrow(*a, *b, text);
                    }
                }
                Rung::Note { at, text } => {
                    canvas.put(0, &clock(*at, start));
                    canvas.put(MARGIN, &format!("-- {text}"));
                }
            }
            drawing.push_str(&canvas.line());
        }
        drawing
    }

    /// Where each party's lifeline stands: far enough apart for every label between them.
    fn lifelines(&self) -> Vec<usize> {
        let mut gaps = vec![GAP; self.parties.len().saturating_sub(1)];
        // Narrow arrows first, so that a wide one sees how much room it already has.
        let mut arrows: Vec<_> = self
            .rungs
            .iter()
            .filter_map(|rung| match rung {
                Rung::Message { from, to, text, .. } if from != to => {
                    Some((from.abs_diff(*to), *from.min(to), text.chars().count() + 8))
                }
                _ => None,
            })
            .collect();
        arrows.sort_unstable();
        for (span, first, wanted) in arrows {
            if let Some(under) = gaps.get_mut(first..first + span) {
                let have: usize = under.iter().sum();
                let missing = wanted.saturating_sub(have).div_ceil(span.max(1));
                under.iter_mut().for_each(|gap| *gap += missing);
            }
        }
        let first = MARGIN + self.parties.first().map_or(0, |name| name.chars().count() / 2);
        let mut at = first;
        let mut lifelines = vec![first];
        for gap in gaps {
            at += gap;
            lifelines.push(at);
        }
        lifelines
    }
}

fn clock(at: Time, start: Time) -> String {
    format!("{:>8.3}", at.since(start).as_secs_f64())
}

#[derive(Default)]
struct Canvas(Vec<char>);

impl Canvas {
    fn put(&mut self, at: usize, text: &str) {
        for (x, c) in (at..).zip(text.chars()) {
            if self.0.len() <= x {
                self.0.resize(x + 1, ' ');
            }
            if let Some(place) = self.0.get_mut(x) {
                *place = c;
            }
        }
    }

    fn arrow(&mut self, from: usize, to: usize, text: &str) {
        let (left, right) = (from.min(to), from.max(to));
        let room = right - left - 1;
        self.put(left + 1, &"-".repeat(room));
        let label = format!(" {text} ");
        let width = label.chars().count();
        self.put(left + 1 + room.saturating_sub(width) / 2, &label);
        if from < to {
            self.put(right - 1, ">");
        } else {
            self.put(left + 1, "<");
        }
    }

    fn line(&self) -> String {
        let text: String = self.0.iter().collect();
        format!("{}\n", text.trim_end())
    }
}

/// A message in a few words: method and whom it names, or status and what it answers; with SDP, its direction.
#[must_use]
pub fn summary(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let first = lines.next().unwrap_or("").trim();
    if first.is_empty() {
        return "keep-alive".to_owned();
    }
    let mut words = if let Some(status) = first.strip_prefix("SIP/2.0 ") {
        let method = header(head, "cseq").and_then(|value| value.split_whitespace().nth(1)).unwrap_or("?");
        format!("{status} ({method})")
    } else {
        let mut parts = first.split_whitespace();
        let method = parts.next().unwrap_or("?");
        let uri = parts.next().unwrap_or("");
        let rest = uri.split_once(':').map_or(uri, |(_, rest)| rest);
        match rest.split_once('@') {
            Some((user, _)) => format!("{method} {user}"),
            None => method.to_owned(),
        }
    };
    if let Some(direction) = sdp_direction(body) {
        let _ = write!(words, ", {direction}");
    }
    words
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// The direction that an SDP body states; `sendrecv` where it states none (RFC 8866 section 6.7).
fn sdp_direction(body: &str) -> Option<&'static str> {
    if !body.starts_with("v=0") {
        return None;
    }
    let stated = body.lines().find_map(|line| match line.trim_end() {
        "a=sendonly" => Some("sendonly"),
        "a=recvonly" => Some("recvonly"),
        "a=inactive" => Some("inactive"),
        "a=sendrecv" => Some("sendrecv"),
        _ => None,
    });
    Some(stated.unwrap_or("sendrecv"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::from_micros(1_000_000 + ms * 1000)
    }

    #[test]
    fn messages_are_told_in_a_few_words() {
        for (message, words) in [
            ("INVITE sip:1000@cordboard.lab SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\nv=0\r\n", "INVITE 1000, sendrecv"),
            ("INVITE sip:a@b SIP/2.0\r\n\r\nv=0\r\na=sendonly\r\n", "INVITE a, sendonly"),
            ("REGISTER sip:cordboard.lab SIP/2.0\r\n\r\n", "REGISTER"),
            ("SIP/2.0 200 OK\r\nCSeq: 2 BYE\r\n\r\n", "200 OK (BYE)"),
            (
                "SIP/2.0 183 Session Progress\r\ncseq:7  INVITE\r\n\r\nv=0\r\n",
                "183 Session Progress (INVITE), sendrecv",
            ),
            ("OPTIONS tel:+15550100 SIP/2.0\r\n\r\n", "OPTIONS"),
            ("\r\n\r\n", "keep-alive"),
            ("", "keep-alive"),
        ] {
            assert_eq!(summary(message.as_bytes()), words, "{message:?}");
        }
    }

    #[test]
    fn a_ladder_has_a_column_for_each_party() {
        let mut ladder = Ladder::new(100);
        let switch: SocketAddr = "127.0.0.1:5060".parse().unwrap();
        let john: SocketAddr = "127.0.0.1:5070".parse().unwrap();
        ladder.party("customer");
        ladder.name(switch, "switch");
        ladder.name(john, "john");
        ladder.message(at(0), "customer", "switch", b"INVITE sip:1000@x SIP/2.0\r\n\r\n");
        ladder.message(at(1), "switch", "customer", b"SIP/2.0 100 Trying\r\nCSeq: 1 INVITE\r\n\r\n");
        ladder.note(at(20), "john's phone rings");
        ladder.wire(at(21), switch, john, b"INVITE sip:john@y SIP/2.0\r\n\r\n");
        ladder.wire(at(521), switch, john, b"INVITE sip:john@y SIP/2.0\r\n\r\n");
        ladder.message(at(1500), "john", "customer", b"MESSAGE sip:c@y SIP/2.0\r\n\r\n");
        assert_eq!(
            ladder.render(at(0)),
            "\
\x20         customer                    switch                      john
   0.000      |------ INVITE 1000 ------>|                          |
   0.001      |<- 100 Trying (INVITE) ---|                          |
   0.020  -- john's phone rings
   0.021      |                          |------ INVITE john ------>|
   0.521      |                          |-- INVITE john (again) -->|
   1.500      |<-------------------- MESSAGE c ---------------------|
"
        );
    }

    #[test]
    fn a_full_ladder_forgets_its_oldest_rungs_and_says_so() {
        let mut ladder = Ladder::new(2);
        for ms in 0..5 {
            ladder.message(at(ms), "a", "b", format!("OPTIONS sip:{ms}@b SIP/2.0\r\n\r\n").as_bytes());
        }
        let drawn = ladder.render(at(0));
        assert!(drawn.contains("(3 earlier messages were not kept)"), "{drawn}");
        assert!(drawn.contains("OPTIONS 4") && !drawn.contains("OPTIONS 2"), "{drawn}");
    }
}
