//! What follows from a request: where its answers go, and the CANCEL and the ACK that are made from an INVITE.

use crate::sip::link::is_own;
use crate::sip::{Link, Method, Name, Request, Response, Text, Transport, Via};
use std::net::SocketAddr;

/// RFC 3261 section 18.2.2 and RFC 3581 section 4: where the response goes. Always to the host that the request came from,
/// whatever `received` or `maddr` it was sent with; a Via only chooses the port there, and never ours.
pub(super) fn answer_to(from: Link, via: &Via, locals: &[SocketAddr]) -> Link {
    if from.transport == Transport::Udp && !via.params.has("rport") {
        let remote = SocketAddr::new(from.remote.ip(), via.port.filter(|port| *port > 0).unwrap_or(5060));
        if !is_own(locals, remote) {
            return Link { remote, ..from };
        }
    }
    from
}

/// What CANCEL and the ACK of a failure copy from their INVITE: the target, one Via, Route, From, To, Call-ID, CSeq.
pub(super) fn follow_up(invite: &Request, method: Method) -> Option<Request> {
    let cseq = invite.headers.cseq().ok()?;
    let mut request = Request::new(method.clone(), invite.uri.clone());
    let headers = &mut request.headers;
    headers.push(Name::Via, invite.headers.first(&Name::Via)?.clone());
    headers.push(Name::MaxForwards, Text::from_static("70"));
    for route in invite.headers.all(&Name::Route) {
        headers.push(Name::Route, route);
    }
    for name in [Name::From, Name::To, Name::CallId] {
        let value = invite.headers.first(&name)?.clone();
        headers.push(name, value);
    }
    headers.push(Name::CSeq, format!("{} {method}", cseq.number));
    Some(request)
}

/// RFC 3261 section 17.1.1.3: as the INVITE, with the To of the response.
pub(super) fn ack_of_failure(invite: &Request, response: &Response) -> Option<Request> {
    let mut ack = follow_up(invite, Method::Ack)?;
    ack.headers.set(Name::To, response.headers.first(&Name::To)?.clone());
    Some(ack)
}
