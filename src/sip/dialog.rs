//! A dialog: what two user agents agree on so that requests between them find their way (RFC 3261 section 12).

use super::link::Link;
use super::{Headers, Name, NameAddr, Request, Response, Text, Uri};
use std::net::{IpAddr, SocketAddr};

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
            // An RFC 2543 caller need not say where it is: its From has to do (RFC 2543 section 6.13).
            remote_target: contact(headers)
                .or_else(|| if is_of_rfc_2543(headers) { own_uri(&from.uri) } else { None })
                .ok_or(NoDialog)?,
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

    /// The host that the peer has named for our requests: the first of its route, else its remote target. `None`: by name.
    pub fn next_host(&self) -> Option<IpAddr> {
        self.routes.first().map_or(&self.remote_target, |route| &route.uri).host.ip()
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

    /// Our requests name us so from now on (RFC 4916 section 4.4.2).
    pub fn rename(&mut self, from: &NameAddr) {
        let mut from = from.clone();
        from.params.set("tag", self.local_tag.as_str());
        self.local = from.to_string().into();
    }

    /// The peer names itself so from now on (RFC 4916 section 4.4.3). How, when that is news.
    pub fn renamed(&mut self, headers: &Headers) -> Option<NameAddr> {
        let (new, remote) = (headers.from().ok()?, line(headers, &Name::From).ok()?);
        let old = NameAddr::read(&self.remote, "To").ok();
        self.remote = remote;
        let same = |old: &NameAddr| old.uri == new.uri && old.display == new.display;
        (!old.as_ref().is_some_and(same)).then_some(new)
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

/// RFC 3261 section 8.1.1.7: without the cookie in its branch, a request is from before that RFC.
fn is_of_rfc_2543(headers: &Headers) -> bool {
    headers.via().is_ok_and(|via| via.unique_branch().is_none())
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

#[cfg(test)]
mod tests {
    use super::super::{Message, Method, Transport, parse};
    use super::*;
    use bytes::Bytes;

    fn invite(lines: &str) -> Request {
        let text = format!(
            "INVITE sip:us@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\n\
             From: Alice <sip:a@example.com>;tag=a\r\nTo: <sip:us@192.0.2.1>\r\nCall-ID: c1\r\nCSeq: 5 INVITE\r\n\
             {lines}Content-Length: 0\r\n\r\n"
        );
        match parse(Bytes::from(text)).unwrap() {
            Message::Request(request) => request,
            Message::Response(_) => unreachable!(),
        }
    }

    fn link() -> Link {
        Link {
            transport: Transport::Udp,
            local: "192.0.2.1:5060".parse().unwrap(),
            remote: "192.0.2.9:41000".parse().unwrap(),
        }
    }

    /// The request that we send in a dialog which this INVITE made.
    fn next(lines: &str) -> (String, Link) {
        let mut dialog = Dialog::of_request(&invite(lines), &"ours".into()).unwrap();
        let (uri, routes) = dialog.way();
        let mut request = Request::new(Method::Bye, uri);
        let seq = dialog.next_seq();
        dialog.write(&mut request, routes, seq);
        (String::from_utf8_lossy(&request.to_bytes()).replace("\r\n", "\n"), dialog.link(link()))
    }

    #[test]
    fn where_requests_in_a_dialog_go() {
        for (rule, lines, start, routes, wanted) in [
            (
                "12.2.1.1: no route",
                "Contact: <sip:a@192.0.2.9:5070>\r\n",
                "sip:a@192.0.2.9:5070",
                &[][..],
                "192.0.2.9:5070",
            ),
            (
                "5060 where the Contact says none",
                "Contact: <sip:a@192.0.2.9>\r\n",
                "sip:a@192.0.2.9",
                &[],
                "192.0.2.9:5060",
            ),
            (
                "a Contact behind a NAT: back to where it came from",
                "Contact: <sip:a@10.0.0.7:5070>\r\n",
                "sip:a@10.0.0.7:5070",
                &[],
                "192.0.2.9:41000",
            ),
            (
                "a Contact that only the peer can resolve: the same",
                "Contact: <sip:a@laptop.invalid;transport=ws>\r\n",
                "sip:a@laptop.invalid;transport=ws",
                &[],
                "192.0.2.9:41000",
            ),
            (
                "12.2.1.1: loose routing, in the order of Record-Route (12.1.1)",
                "Contact: <sip:a@10.0.0.7>\r\nRecord-Route: <sip:192.0.2.9:5080;lr>, <sip:p2;lr>\r\n",
                "sip:a@10.0.0.7",
                &["<sip:192.0.2.9:5080;lr>", "<sip:p2;lr>"],
                "192.0.2.9:5080",
            ),
            (
                "12.2.1.1: strict routing",
                "Contact: <sip:a@10.0.0.7>\r\nRecord-Route: <sip:p1>\r\nRecord-Route: <sip:p2;lr>\r\n",
                "sip:p1",
                &["<sip:p2;lr>", "<sip:a@10.0.0.7>"],
                "192.0.2.9:41000",
            ),
        ] {
            let (text, link) = next(lines);
            let mut wanted_text = format!("BYE {start} SIP/2.0\n");
            for route in routes {
                wanted_text += &format!("Route: {route}\n");
            }
            wanted_text +=
                "From: <sip:us@192.0.2.1>;tag=ours\nTo: Alice <sip:a@example.com>;tag=a\nCall-ID: c1\nCSeq: 1 BYE\n";
            assert!(text.starts_with(&wanted_text), "{rule}: {text}");
            assert_eq!(link.remote.to_string(), wanted, "{rule}");
        }
    }

    #[test]
    fn the_caller_reverses_the_route() {
        let mut response = Response::for_request(&invite(""), super::super::Status::OK).to_tag("b");
        for (name, value) in [("Record-Route", "<sip:p2;lr>, <sip:p1;lr>"), ("Contact", "<sip:b@192.0.2.8>")] {
            response.headers.push(Name::read(&name.into()), value);
        }
        let dialog = Dialog::of_response(&response).unwrap();
        let (uri, routes) = dialog.way();
        assert_eq!((uri.to_string().as_str(), dialog.local_seq), ("sip:b@192.0.2.8", 5));
        assert_eq!(routes, ["<sip:p1;lr>", "<sip:p2;lr>"], "12.1.2");
    }

    #[test]
    fn order_is_that_of_cseq() {
        let mut dialog = Dialog::of_request(&invite("Contact: <sip:a@192.0.2.9>\r\n"), &"ours".into()).unwrap();
        for (seq, wanted) in [(4, false), (5, true), (6, true), (9, true), (8, false), (10, true)] {
            assert_eq!(dialog.in_order(seq), wanted, "12.2.2: {seq}");
        }
        dialog.refresh(&invite("Contact: <sip:moved@192.0.2.9>\r\n").headers);
        dialog.refresh(&invite("").headers);
        assert_eq!(dialog.remote_target.to_string(), "sip:moved@192.0.2.9", "12.2.2: the newest Contact");
    }
}
