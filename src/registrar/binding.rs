//! One phone of an agent, and what a REGISTER says about it.

use crate::sip::{self, Link, Malformed, Name, NameAddr, Request, Uri};
use crate::time::{Duration, Time};
use std::net::IpAddr;

/// What a REGISTER asks for, already read from its headers.
#[derive(Clone, Debug, PartialEq)]
pub struct Register {
    pub call_id: String,
    pub cseq: u32,
    /// The Expires header, which holds for contacts that say nothing themselves.
    pub expires: Option<u32>,
    pub contacts: Contacts,
    /// The proxies between the phone and us, the nearest to us first (RFC 3327).
    pub path: Vec<NameAddr>,
}

impl Register {
    /// Reads a REGISTER. Contacts of other schemes than sip are left out: nothing could be sent there.
    pub fn read(request: &Request) -> Result<Register, Malformed> {
        let headers = &request.headers;
        let contacts = match headers.contacts()? {
            // RFC 3261 section 10.3 step 6: it stands alone.
            sip::Contacts::Star if headers.all(&Name::Contact).count() > 1 => {
                return Err(Malformed::new("Contact", "* beside others"));
            }
            sip::Contacts::Star => Contacts::All,
            sip::Contacts::List(list) if list.is_empty() => Contacts::Fetch,
            sip::Contacts::List(list) => Contacts::Each(
                list.into_iter()
                    .filter(|contact| contact.uri.is_sip())
                    .map(|contact| {
                        Ok(Contact {
                            // A binding outlives the datagram, whose memory the parts of the URI would keep.
                            uri: Uri::parse(&contact.uri.to_string())?.without_headers(),
                            expires: contact.expires(),
                            q: contact.params.get("q").and_then(|q| thousandths(q.as_str())),
                            flow: Flow::read(&contact),
                        })
                    })
                    .collect::<Result<_, Malformed>>()?,
            ),
        };
        Ok(Register {
            call_id: headers.call_id().map(ToString::to_string).unwrap_or_default(),
            cseq: headers.cseq()?.number,
            expires: headers.expires(),
            contacts,
            path: headers
                .addresses(&Name::Path, "Path")?
                .iter()
                .map(|hop| NameAddr::parse(&hop.to_string()))
                .collect::<Result<_, _>>()?,
        })
    }
}

/// RFC 3261 section 25.1: `0`, `0.7`, `1.000`.
fn thousandths(q: &str) -> Option<u16> {
    let q: f32 = q.trim().parse().ok()?;
    (0.0..=1.0).contains(&q).then(|| (q * 1000.0).round() as u16)
}

#[derive(Clone, Debug, PartialEq)]
pub enum Contacts {
    /// No Contact at all: only tell what is there.
    Fetch,
    /// `Contact: *`
    All,
    Each(Vec<Contact>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    pub uri: Uri,
    pub expires: Option<u32>,
    /// In thousandths.
    pub q: Option<u16>,
    pub flow: Option<Flow>,
}

/// One way to one phone, whatever its address is today (RFC 5626 section 6): the phone's own name for itself and for this
/// way. A phone that came back from another port says so by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    pub(super) instance: String,
    pub(super) reg_id: u32,
}

impl Flow {
    fn read(contact: &NameAddr) -> Option<Flow> {
        let instance = contact.params.get("+sip.instance")?.to_string();
        let reg_id = contact.params.get("reg-id")?.as_str().parse().ok()?;
        Some(Flow { instance, reg_id })
    }
}

/// A phone, until `expires`.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    /// The URI to put into a request, just as the phone gave it.
    pub uri: Uri,
    /// In thousandths; 1000 when the phone says nothing.
    pub q: u16,
    pub expires: Time,
    /// Where the REGISTER came from: the way back through a NAT. `None` once that stream has closed; then only the
    /// URI tells where the phone is.
    pub source: Option<Link>,
    /// What our requests to it visit first.
    pub path: Vec<NameAddr>,
    pub(super) flow: Option<Flow>,
    pub(super) call_id: String,
    pub(super) cseq: u32,
}

impl Binding {
    /// Whom a request to it visits first (RFC 3327 section 5.4).
    #[must_use]
    pub fn next_hop(&self) -> &Uri {
        self.path.first().map_or(&self.uri, |hop| &hop.uri)
    }

    /// Whether that is on this host.
    pub(super) fn is_on(&self, host: IpAddr) -> bool {
        self.next_hop().ip().is_some_and(|ip| ip.to_canonical() == host.to_canonical())
    }

    /// Whole seconds left, rounded up: a phone that is told 0 would think itself removed.
    #[must_use]
    pub fn seconds_left(&self, now: Time) -> u64 {
        self.expires.since(now).as_micros().div_ceil(Duration::from_secs(1).as_micros()).try_into().unwrap_or(u64::MAX)
    }
}
