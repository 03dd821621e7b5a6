//! Which transaction a message belongs to (RFC 3261 sections 17.1.3 and 17.2.3).

use crate::sip::header::MAGIC_COOKIE;
use crate::sip::{Host, Link, Method, Request, Text, Via};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// What a message and its transaction have in common, as bytes: compared, never read.
/// A copy of its own, so that a finished transaction does not hold on to the datagram that started it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key(Arc<[u8]>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl Key {
    /// RFC 3261 section 17.1.3: the branch, and the method because a CANCEL shares its INVITE's branch.
    pub fn client(branch: &Text, method: &Method) -> Key {
        Key(parts(&[branch.as_bytes(), method.as_str().as_bytes()]))
    }

    /// RFC 3261 section 17.2.3. `method` is INVITE where the transaction of an ACK or a CANCEL's target is looked for.
    /// The sent-by is there so that no client takes another's branch; since it can be overheard like the branch itself,
    /// the host that the request really came from is part of the key too.
    pub fn server(request: &Request, via: &Via, method: &Method, from: Link) -> Key {
        let method = method.as_str().as_bytes();
        let source = match from.remote.ip().to_canonical() {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        };
        match via.branch() {
            Some(branch) if branch.as_bytes().starts_with(MAGIC_COOKIE.as_bytes()) => {
                let host = host(&via.host);
                let port = via.port.unwrap_or(5060).to_be_bytes();
                Key(parts(&[branch.as_bytes(), host.as_bytes(), &port, method, &source]))
            }
            // An RFC 2543 client: everything it does not change between a request, its repetition and its ACK.
            // The To tag is left out, because the ACK has ours where the INVITE had none.
            _ => {
                let headers = &request.headers;
                let uri = request.uri.to_string();
                let tag = headers.from().ok().and_then(|from| from.tag()).unwrap_or_default();
                let call_id = headers.call_id().cloned().unwrap_or_default();
                let seq = headers.cseq().map(|cseq| cseq.number).unwrap_or_default().to_be_bytes();
                let via = via.to_string();
                Key(parts(&[uri.as_bytes(), tag.as_bytes(), call_id.as_bytes(), &seq, via.as_bytes(), method, &source]))
            }
        }
    }

    /// RFC 3261 section 8.2.2.2: what the copies of one request that came by several ways have in common.
    /// Only for requests outside of dialogs.
    pub fn merged(request: &Request) -> Option<Key> {
        let headers = &request.headers;
        if headers.to().ok()?.tag().is_some() {
            return None;
        }
        let from = headers.from().ok()?.tag()?;
        let cseq = headers.cseq().ok()?;
        let call_id = headers.call_id()?;
        let seq = cseq.number.to_be_bytes();
        Some(Key(parts(&[from.as_bytes(), call_id.as_bytes(), &seq, cseq.method.as_str().as_bytes()])))
    }
}

fn host(host: &Host) -> String {
    host.to_string().to_ascii_lowercase()
}

/// The parts behind one another, each with its length before it, so that no two lists of parts look alike.
fn parts(parts: &[&[u8]]) -> Arc<[u8]> {
    let mut all = Vec::with_capacity(parts.iter().map(|part| part.len() + 2).sum());
    for part in parts {
        all.extend_from_slice(&u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes());
        all.extend_from_slice(part);
    }
    all.into()
}
