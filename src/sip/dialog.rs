//! A dialog: what two user agents agree on so that requests between them find their way (RFC 3261 section 12).

use super::link::Link;
use super::{Headers, Name, NameAddr, Request, Response, Text, Uri};
use std::net::SocketAddr;

/// One end of a dialog, early or confirmed. Everything in it is a copy of its own: a dialog lives for hours and
/// must not hold on to the datagram that made it.
#[derive(Clone, Debug)]
pub struct Dialog {
    pub call_id: Text,
    pub local_tag: Text,
    /// Empty for an RFC 2543 peer (section 12.1.1).
    pub remote_tag: Text,
    /// From and To as our requests write them.
    local: Text,
    remote: Text,
    pub local_seq: u32,
    remote_seq: Option<u32>,
    pub remote_target: Uri,
    /// In the order in which our requests visit them.
    routes: Vec<NameAddr>,
}

/// What is missing in a message that should make a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoDialog;

impl Dialog {
    /// The dialog that a request of theirs makes (section 12.1.1).
    pub fn of_request(request: &Request, local_tag: &Text) -> Result<Dialog, NoDialog> {
        let headers = &request.headers;
        let (from, to) = (headers.from().map_err(|_| NoDialog)?, headers.to().map_err(|_| NoDialog)?);
        let mut local = headers.first(&Name::To).ok_or(NoDialog)?.as_bytes().to_vec();
        if to.tag().is_none() {
            local.extend_from_slice(b";tag=");
            local.extend_from_slice(local_tag.as_bytes());
        }
        Ok(Dialog {
            call_id: own(headers.call_id().ok_or(NoDialog)?.as_bytes()),
            local_tag: local_tag.clone(),
            remote_tag: own(from.tag().unwrap_or_default().as_bytes()),
            local: local.into(),
            remote: line(headers, &Name::From)?,
            local_seq: 0,
            remote_seq: Some(headers.cseq().map_err(|_| NoDialog)?.number),
            remote_target: contact(headers).ok_or(NoDialog)?,
            routes: headers.record_routes().map_err(|_| NoDialog)?.iter().filter_map(own_route).collect(),
        })
    }

    /// The dialog that a response of theirs to a request of ours makes (section 12.1.2). The response tells all of it:
    /// From, Call-ID and CSeq are ours, echoed.
    pub fn of_response(response: &Response) -> Result<Dialog, NoDialog> {
        let headers = &response.headers;
        let (from, to) = (headers.from().map_err(|_| NoDialog)?, headers.to().map_err(|_| NoDialog)?);
        let mut routes: Vec<NameAddr> =
            headers.record_routes().map_err(|_| NoDialog)?.iter().filter_map(own_route).collect();
        routes.reverse();
        Ok(Dialog {
            call_id: own(headers.call_id().ok_or(NoDialog)?.as_bytes()),
            local_tag: own(from.tag().unwrap_or_default().as_bytes()),
            remote_tag: own(to.tag().unwrap_or_default().as_bytes()),
            local: line(headers, &Name::From)?,
            remote: line(headers, &Name::To)?,
            local_seq: headers.cseq().map_err(|_| NoDialog)?.number,
            remote_seq: None,
            // A 2xx without a Contact breaks section 12.1.1; where it came from still answers.
            remote_target: contact(headers).or_else(|| own_uri(&to.uri)).ok_or(NoDialog)?,
            routes,
        })
    }

    /// The next sequence number of ours.
    pub fn next_seq(&mut self) -> u32 {
        self.local_seq = self.local_seq.saturating_add(1);
        self.local_seq
    }

    /// The Request-URI and the Route headers of our next request (section 12.2.1.1).
    pub fn way(&self) -> (Uri, Vec<Text>) {
        let text = |route: &NameAddr| Text::from(route.to_string());
        match self.routes.first() {
            None => (self.remote_target.clone(), Vec::new()),
            Some(first) if first.uri.params.has("lr") => {
                (self.remote_target.clone(), self.routes.iter().map(text).collect())
            }
            // A strict router wants itself in the Request-URI, and the remote target at the end of the route.
            Some(first) => {
                let mut routes: Vec<Text> = self.routes.iter().skip(1).map(text).collect();
                routes.push(format!("<{}>", self.remote_target).into());
                (first.uri.clone().without_headers(), routes)
            }
        }
    }

    /// Route, From, To, Call-ID and CSeq of a request in this dialog.
    pub fn write(&self, request: &mut Request, routes: Vec<Text>, seq: u32) {
        let method = request.method.clone();
        let headers = &mut request.headers;
        for route in routes {
            headers.push(Name::Route, route);
        }
        headers.push(Name::From, self.local.clone());
        headers.push(Name::To, self.remote.clone());
        headers.push(Name::CallId, self.call_id.clone());
        headers.push(Name::CSeq, format!("{seq} {method}"));
    }

    /// Whether a request of theirs comes in order (section 12.2.2); then it is the newest.
    pub fn in_order(&mut self, seq: u32) -> bool {
        if self.remote_seq.is_some_and(|newest| seq < newest) {
            return false;
        }
        self.remote_seq = Some(seq);
        true
    }

    /// Target refresh (sections 12.2.1.2 and 12.2.2): the peer's new Contact, if it says one.
    pub fn refresh(&mut self, headers: &Headers) {
        if let Some(target) = contact(headers) {
            self.remote_target = target;
        }
    }

    /// What an early dialog learned that the 2xx does not tell.
    pub fn take_over(&mut self, early: &Dialog) {
        self.remote_seq = early.remote_seq;
        self.local_seq = self.local_seq.max(early.local_seq);
    }

    /// Where our next request goes: the next hop's address when it is the host that the peer speaks from (section
    /// 8.1.2), else the link the peer last used: its Contact is behind a NAT, or a name that only it can resolve.
    pub fn link(&self, last: Link) -> Link {
        let next = self.routes.first().map_or(&self.remote_target, |route| &route.uri);
        match next.host.ip() {
            // On a stream the connection there is serves both ways.
            Some(ip) if !last.transport.is_reliable() && ip.to_canonical() == last.remote.ip().to_canonical() => {
                Link { remote: SocketAddr::new(last.remote.ip(), next.port.unwrap_or(5060)), ..last }
            }
            _ => last,
        }
    }
}

fn own(bytes: &[u8]) -> Text {
    bytes.to_vec().into()
}

/// A header as it came: some peers compare it byte by byte.
fn line(headers: &Headers, name: &Name) -> Result<Text, NoDialog> {
    headers.first(name).map(|value| own(value.as_bytes())).ok_or(NoDialog)
}

fn own_uri(uri: &Uri) -> Option<Uri> {
    Uri::parse(&uri.to_string()).ok()
}

fn own_route(route: &NameAddr) -> Option<NameAddr> {
    NameAddr::parse(&route.to_string()).ok()
}

fn contact(headers: &Headers) -> Option<Uri> {
    own_uri(&headers.contact()?.uri)
}
