//! What every session works with: settings, randomness, transactions, and the making of messages.

use super::login::Login;
use crate::ids::Mint;
use crate::limits::DATAGRAM_BYTES;
use crate::sip::dialog::Dialog;
use crate::sip::endpoint::{Out, RequestId, SessionId, Settings};
use crate::sip::link::is_own;
use crate::sip::transaction::{ClientKey, Purpose, ServerKey, Transactions};
use crate::sip::{Link, Method, Name, Request, Response, Status, Text, Transport, Uri};
use crate::time::{Duration, Time};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::net::SocketAddr;

#[derive(Clone, Debug)]
pub struct Core {
    pub settings: Settings,
    pub mint: Mint,
    pub transactions: Transactions,
    /// Sessions with peers that may ask for a password.
    pub logins: BTreeMap<SessionId, Login>,
    next_request: u64,
}

/// Headers that the caller adds to a message.
pub type Extra = Vec<(Name, Text)>;

/// A request line, Content-Length and the empty line, about.
const START_LINE: usize = 80;

/// The body every session speaks; sip never looks inside.
const SDP: Text = Text::from_static("application/sdp");

impl Core {
    pub fn new(settings: Settings, mint: Mint) -> Self {
        let transactions = Transactions::new(settings.timers, settings.locals.clone());
        Core { settings, mint, transactions, logins: BTreeMap::new(), next_request: 0 }
    }

    pub fn request_id(&mut self) -> RequestId {
        self.next_request += 1;
        RequestId(self.next_request)
    }

    /// A tag or a Call-ID, with the shard that made it in front.
    pub fn token(&mut self) -> Text {
        format!("{:x}.{}", self.settings.shard, self.mint.token()).into()
    }

    /// A request with its Via (RFC 3261 section 8.1.1.7) and Max-Forwards, and the branch it got.
    pub fn begin(&mut self, link: Link, method: Method, uri: Uri) -> (Request, Text) {
        let branch: Text = format!("{}{}", self.settings.branch_start(), self.mint.token()).into();
        let mut request = Request::new(method, uri);
        // RFC 3581 section 3: the answer comes back to the port that this goes out from.
        let rport = if link.transport == Transport::Udp { ";rport" } else { "" };
        let via = format!("SIP/2.0/{} {};branch={branch}{rport}", link.transport.via(), self.settings.sent_by(link));
        request.headers.push(Name::Via, via);
        request.headers.push(Name::MaxForwards, Text::from_static("70"));
        (request, branch)
    }

    /// A request in a dialog, without contact and body.
    pub fn begin_inside(&mut self, dialog: &Dialog, last: Link, method: Method, seq: u32) -> (Request, Text, Link) {
        let mut link = dialog.link(last);
        if is_own(&self.settings.locals, link.remote) {
            // The peer shares our address and names our port as its own: we do not talk to ourselves.
            link = last;
        }
        let (uri, routes) = dialog.way();
        let (mut request, branch) = self.begin(link, method, uri);
        dialog.write(&mut request, routes, seq);
        (request, branch, link)
    }

    /// What an INVITE, a re-INVITE or an UPDATE and their 2xx say of us.
    pub fn introduce(&self, headers: &mut crate::sip::Headers, contact: &Uri) {
        headers.push(Name::Contact, format!("<{contact}>"));
        headers.push(Name::Allow, self.settings.allow_value());
        if !self.settings.supported.is_empty() {
            headers.push(Name::Supported, self.settings.supported_value());
        }
    }

    /// Sends a request that is complete but for its name card, the caller's headers and its body.
    pub fn send(
        &mut self,
        now: Time,
        (mut request, branch, link): (Request, Text, Link),
        extra: Extra,
        body: Option<(Text, Bytes)>,
        purpose: Purpose,
        out: &mut Vec<Out>,
    ) -> ClientKey {
        request.headers.push(Name::UserAgent, self.settings.user_agent.clone());
        add(&mut request.headers, extra);
        if let Some((content_type, body)) = body {
            request.headers.set(Name::ContentType, content_type);
            request.body = body;
        }
        self.sign(purpose, &mut request);
        let kept = (!self.logins.is_empty()).then(|| request.clone());
        let client = match self.stream_for(&request, link) {
            Some((stream, large)) => {
                self.transactions.start_over(now, stream, large, Some((link, request)), &branch, purpose, out)
            }
            None => self.transactions.start(now, link, request, &branch, purpose, out),
        };
        if let Some(kept) = kept {
            self.keep(purpose, client, link, &kept);
        }
        client
    }

    /// RFC 3261 section 18.1.1: what a datagram might not carry in one piece goes over a stream, and says so in its Via.
    fn stream_for(&mut self, request: &Request, link: Link) -> Option<(Link, Request)> {
        let lines: usize = request.headers.iter().map(|(name, value)| name.as_bytes().len() + value.len() + 4).sum();
        if link.transport != Transport::Udp || START_LINE + lines + request.body.len() <= DATAGRAM_BYTES {
            return None;
        }
        let same = |local: &&SocketAddr| local.is_ipv4() == link.remote.is_ipv4();
        let beside = self.settings.streams.iter().filter(same).max_by_key(|local| local.ip() == link.local.ip())?;
        let stream = Link { transport: Transport::Tcp, local: *beside, remote: link.remote };
        let via = request.headers.via().ok()?;
        let mut large = request.clone();
        let branch = via.branch()?;
        large.headers.set(Name::Via, format!("SIP/2.0/TCP {};branch={branch}", self.settings.sent_by(stream)));
        Some((stream, large))
    }

    /// A BYE in this dialog.
    pub fn bye(
        &mut self,
        now: Time,
        dialog: &mut Dialog,
        last: Link,
        extra: Extra,
        purpose: Purpose,
        out: &mut Vec<Out>,
    ) -> ClientKey {
        let seq = dialog.next_seq();
        let ready = self.begin_inside(dialog, last, Method::Bye, seq);
        self.send(now, ready, extra, None, purpose, out)
    }

    /// The ACK of a 2xx (RFC 3261 section 13.2.2.4): a request of its own, with the INVITE's sequence number.
    pub fn ack(
        &mut self,
        dialog: &Dialog,
        last: Link,
        seq: u32,
        client: ClientKey,
        body: Option<Bytes>,
        out: &mut Vec<Out>,
    ) {
        let (mut ack, _, link) = self.begin_inside(dialog, last, Method::Ack, seq);
        for (name, value) in self.credentials_of(client) {
            ack.headers.push(name, value);
        }
        if let Some(body) = body {
            ack.headers.push(Name::ContentType, SDP);
            ack.body = body;
        }
        self.transactions.ack(client, dialog.remote_tag.clone(), link, &ack, out);
    }

    /// A 2xx that no session wants: of a fork that lost, or of a call that has ended. It is acknowledged, and its call
    /// hung up (section 13.2.2.4).
    pub fn drop_fork(
        &mut self,
        now: Time,
        client: ClientKey,
        from: Link,
        response: &Response,
        hang_up: bool,
        out: &mut Vec<Out>,
    ) {
        let Ok(mut dialog) = Dialog::of_response(response) else { return };
        let seq = dialog.local_seq;
        self.ack(&dialog, from, seq, client, None, out);
        if hang_up {
            // PRACKs may have gone before in this fork; numbers may be left out (section 12.2.2).
            dialog.local_seq = seq.saturating_add(1 << 16);
            self.bye(now, &mut dialog, from, Vec::new(), Purpose::Nothing, out);
        }
    }

    #[allow(clippy::too_many_arguments)]
    /// Answers a request: the To tag, the name card, the caller's headers and the body are added.
    pub fn reply(
        &mut self,
        now: Time,
        key: ServerKey,
        mut response: Response,
        tag: &Text,
        extra: Extra,
        body: Option<Bytes>,
        out: &mut Vec<Out>,
    ) -> Option<(Link, Bytes)> {
        if response.status != Status::TRYING {
            response.headers.tag_to(tag.as_str());
        }
        if response.headers.first(&Name::Server).is_none() {
            response.headers.push(Name::Server, self.settings.user_agent.clone());
        }
        if response.status == Status::NOT_ACCEPTABLE_HERE {
            // RFC 3261 sections 13.3.1.3 and 20.43.
            response.headers.push(Name::Warning, Text::from_static("305 cordboard \"Incompatible media format\""));
        }
        add(&mut response.headers, extra);
        if let Some(body) = body {
            response.headers.set(Name::ContentType, SDP);
            response.body = body;
        }
        self.transactions.respond(now, key, &response, out)
    }

    /// Answers a request with nothing but a status.
    pub fn refuse(
        &mut self,
        now: Time,
        key: ServerKey,
        request: &Request,
        status: Status,
        tag: &Text,
        out: &mut Vec<Out>,
    ) {
        let mut response = Response::for_request(request, status);
        match status {
            Status::SESSION_INTERVAL_TOO_SMALL => {
                response.headers.push(Name::MinSe, self.settings.min_se.to_string());
            }
            Status::METHOD_NOT_ALLOWED => response.headers.push(Name::Allow, self.settings.allow_value()),
            // RFC 3261 section 14.2 and RFC 3311 section 5.2: between 0 and 10 seconds.
            Status::SERVER_INTERNAL_ERROR => {
                response.headers.push(Name::RetryAfter, self.mint.below(11).to_string());
            }
            _ => {}
        }
        self.reply(now, key, response, tag, Vec::new(), None, out);
    }

    /// How long to wait after a 491 (RFC 3261 section 14.1): 2.1 to 4.0 s for the owner of the Call-ID, else 0 to 2.0 s,
    /// in units of 10 ms.
    pub fn back_off(&mut self, owner: bool) -> Duration {
        let (least, choices) = if owner { (210, 191) } else { (0, 201) };
        Duration::from_millis((least + self.mint.below(choices)) * 10)
    }
}

/// The caller's headers take the place of ours where there can be only one.
pub fn add(headers: &mut crate::sip::Headers, extra: Extra) {
    for (name, value) in extra {
        match name {
            Name::MaxForwards | Name::UserAgent | Name::Server | Name::Contact | Name::Allow => {
                headers.set(name, value)
            }
            name => headers.push(name, value),
        }
    }
}

/// The body of a message, if it has one.
pub fn body_of(body: &Bytes) -> Option<Bytes> {
    (!body.is_empty()).then(|| body.clone())
}
