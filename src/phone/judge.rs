//! What the phone holds against whoever it talks to: rules of RFC 3261 that one party can see.

use super::LineId;
use super::wire::{Head, Received};
use crate::time::Time;
use rsip::Method;
use std::collections::BTreeMap;
use std::fmt;

/// Something the other side should not have done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    pub at: Time,
    pub line: Option<LineId>,
    pub text: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{} {line}: {}", self.at.iso8601(), self.text),
            None => write!(f, "{} {}", self.at.iso8601(), self.text),
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Judge {
    pub complaints: Vec<Complaint>,
    /// Every branch seen, with the request it came with.
    branches: BTreeMap<String, Seen>,
}

#[derive(Clone, Debug)]
struct Seen {
    method: Method,
    cseq: u32,
    bytes: Vec<u8>,
}

impl Judge {
    pub fn complain(&mut self, at: Time, line: Option<LineId>, text: impl Into<String>) {
        self.complaints.push(Complaint { at, line, text: text.into() });
    }

    /// What any request must be (RFC 3261 section 8.1.1). True for one that was here before.
    pub fn request(&mut self, now: Time, line: Option<LineId>, request: &Received) -> bool {
        let head = &request.head;
        let method = head.method;
        let said = request_method(request);
        let name = said.map_or(String::new(), |said| said.to_string());
        let mut faults: Vec<String> = common(request);
        if said != Some(method) {
            faults.push(format!("{name} with a CSeq of {method}"));
        }
        if !head.branch.starts_with("z9hG4bK") {
            faults.push(format!("{name} with the branch {}", head.branch));
        }
        if head.from.tag.is_none() {
            faults.push(format!("{name} without a From tag"));
        }
        match request.value("Max-Forwards").map(|hops| hops.parse::<u8>()) {
            None => faults.push(format!("{name} without Max-Forwards")),
            Some(Ok(1..)) => {}
            Some(_) => faults.push(format!("{name} with a useless Max-Forwards")),
        }
        if matches!(method, Method::Invite | Method::Update | Method::Subscribe | Method::Refer | Method::Notify)
            && request.contact().is_none()
        {
            faults.push(format!("{name} without a Contact"));
        }
        if head.cseq >= 1 << 31 {
            faults.push(format!("{name} with the CSeq {}", head.cseq));
        }
        let mut again = false;
        match self.branches.get(&head.branch) {
            // CANCEL and the ACK of a refusal share the INVITE's branch (sections 9.1 and 17.1.1.3).
            Some(seen) if matches!(method, Method::Cancel | Method::Ack) && seen.method == Method::Invite => {
                if seen.cseq != head.cseq {
                    faults.push(format!("{name} with the CSeq {} for the INVITE with {}", head.cseq, seen.cseq));
                }
            }
            Some(seen) if (seen.method, seen.cseq) == (method, head.cseq) => {
                again = true;
                if seen.bytes != request.bytes {
                    faults.push(format!("{name} was sent again with other bytes"));
                }
            }
            Some(seen) => {
                faults.push(format!("{name} {} reuses the branch of {} {}", head.cseq, seen.method, seen.cseq));
            }
            None => {
                let seen = Seen { method, cseq: head.cseq, bytes: request.bytes.clone() };
                self.branches.insert(head.branch.clone(), seen);
            }
        }
        for fault in faults {
            self.complain(now, line, fault);
        }
        again
    }

    /// What any response must be (RFC 3261 section 8.2.6), held against the request it answers.
    pub fn response(&mut self, now: Time, line: Option<LineId>, response: &Received, asked: &Head) {
        let (head, status) = (&response.head, response.status());
        let mut faults: Vec<String> = common(response);
        let name = format!("{status} to {}", head.method);
        if head.vias != 1 {
            faults.push(format!("{name} has {} Via", head.vias));
        }
        if head.sent_by != asked.sent_by {
            faults.push(format!("{name} changes our Via to {}", head.sent_by));
        }
        if head.from.text != asked.from.text {
            faults.push(format!("{name} changes our From to {}", head.from.text));
        }
        if (&head.call_id, head.cseq, head.method) != (&asked.call_id, asked.cseq, asked.method) {
            faults.push(format!("{name} has another Call-ID or CSeq"));
        }
        match (&asked.to.tag, &head.to.tag) {
            (Some(ours), theirs) if Some(ours) != theirs.as_ref() => faults.push(format!("{name} has another To tag")),
            (None, None) if status > 100 => faults.push(format!("{name} has no To tag")),
            _ => {}
        }
        if head.to.uri != asked.to.uri {
            faults.push(format!("{name} changes our To to {}", head.to.text));
        }
        let needs = match (status, head.method) {
            (200..=299, Method::Invite | Method::Update | Method::Refer) => "Contact",
            (401, _) => "WWW-Authenticate",
            (405, _) => "Allow",
            (407, _) => "Proxy-Authenticate",
            (420, _) => "Unsupported",
            (423, _) => "Min-Expires",
            _ => "",
        };
        if !needs.is_empty() && response.value(needs).is_none() {
            faults.push(format!("{name} without {needs}"));
        }
        for fault in faults {
            self.complain(now, line, fault);
        }
    }
}

/// Rules for both kinds.
fn common(message: &Received) -> Vec<String> {
    let mut faults = Vec::new();
    let name = message.head.method;
    for single in ["From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length", "Content-Type"] {
        if message.values(single).len() > 1 {
            faults.push(format!("{name} with {single} twice"));
        }
    }
    let length = message.body().len();
    match message.value("Content-Length").map(|text| text.trim().parse::<usize>()) {
        Some(Ok(said)) if said == length => {}
        Some(_) => faults.push(format!("{name} with a wrong Content-Length, {length} bytes follow")),
        // RFC 3261 section 20.14 lets UDP leave it out; the switch says always to write it, TCP needs it.
        None => faults.push(format!("{name} without Content-Length")),
    }
    if length > 0 && message.value("Content-Type").is_none() {
        faults.push(format!("{name} with a body of no Content-Type"));
    }
    faults
}

fn request_method(request: &Received) -> Option<Method> {
    match &request.message {
        rsip::SipMessage::Request(request) => Some(request.method),
        rsip::SipMessage::Response(_) => None,
    }
}
