//! All transactions of an endpoint, the key each is found by, and the one table of their deadlines.

use super::client::Client;
use super::follow::{ack_of_failure, answer_to, follow_up};
use super::invite_client::InviteClient;
use super::invite_server::InviteServer;
use super::key::Key;
use super::server::Server;
use super::{ClientKey, Moves, Purpose, ServerKey, Tell, Timers};
use crate::limits::give_back;
use crate::sip::endpoint::{Out, SessionId};
use crate::sip::{Link, Method, Name, Request, Response, Status, Text};
use crate::time::{Time, earliest};
use bytes::{Bytes, BytesMut};
use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;

/// What became of a request that came in.
#[derive(Debug)]
pub enum Arrival {
    /// A new one: the core answers it by `respond`, an INVITE by `trying` first unless it is refused at once.
    New(ServerKey),
    /// A copy of a request that is being answered, come by another way: 482 is sent (RFC 3261 section 8.2.2.2).
    Merged,
    /// A new CANCEL, and the INVITE that it is for, if there is one.
    Cancel(ServerKey, Option<ServerKey>),
    /// An ACK of a 2xx: it stands outside of transactions and is the core's.
    Ack,
    /// Nothing for the core: a repetition, the ACK of a failure, or a message without a usable Via.
    Absorbed,
}

/// A response that is news.
#[derive(Clone, Copy, Debug)]
pub struct Heard {
    pub client: ClientKey,
    pub purpose: Purpose,
}

/// A request of ours that gets no answer.
#[derive(Clone, Copy, Debug)]
pub struct Lost {
    pub client: ClientKey,
    pub purpose: Purpose,
    /// RFC 3261 section 8.1.3.1: a timeout counts as 408, a transport error as 503.
    pub status: Status,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Id {
    Client(ClientKey),
    Server(ServerKey),
}

#[derive(Clone, Debug)]
enum ClientMachine {
    Invite(InviteClient),
    Other(Client),
}

impl ClientMachine {
    fn new(now: Time, method: &Method, bytes: Bytes, timers: &Timers, reliable: bool) -> Self {
        if *method == Method::Invite {
            ClientMachine::Invite(InviteClient::new(now, bytes, timers, reliable))
        } else {
            ClientMachine::Other(Client::new(now, bytes, timers, reliable))
        }
    }
}

#[derive(Clone, Debug)]
enum ServerMachine {
    Invite(InviteServer),
    Other(Server),
}

#[derive(Clone, Debug)]
struct ClientEntry {
    key: Key,
    to: Link,
    purpose: Purpose,
    /// Kept until the final response: ACK and CANCEL are made from it.
    request: Option<Box<Request>>,
    /// Per fork (its To tag), the ACK of its 2xx, to be sent again with each repetition; `None` while the core owes it.
    acks: Vec<(Text, Option<(Link, Bytes)>)>,
    /// What goes out as a datagram after all if the stream does not work.
    fallback: Option<Box<Fallback>>,
    machine: ClientMachine,
    armed: Option<Time>,
}

/// A request too large for a datagram has gone over a stream; not every peer takes streams (RFC 3261 section 18.1.1).
#[derive(Clone, Debug)]
struct Fallback {
    to: Link,
    request: Request,
    at: Time,
}

#[derive(Clone, Debug)]
struct ServerEntry {
    key: Key,
    merged: Option<Key>,
    to: Link,
    /// Where the peer listens by its Via, for when the stream is gone.
    listens: u16,
    /// The session whose INVITE this is.
    session: Option<SessionId>,
    machine: ServerMachine,
    armed: Option<Time>,
}

#[derive(Clone, Debug)]
pub struct Transactions {
    pub timers: Timers,
    /// Where we listen: no answer goes there.
    locals: Vec<SocketAddr>,
    // Only ever looked up, never walked, so their order does not matter.
    clients: HashMap<ClientKey, ClientEntry>,
    client_keys: HashMap<Key, ClientKey>,
    servers: HashMap<ServerKey, ServerEntry>,
    server_keys: HashMap<Key, ServerKey>,
    merged: HashMap<Key, ServerKey>,
    deadlines: BTreeSet<(Time, Id)>,
    /// Requests of ours that wait on a stream, so that they fail when it closes.
    streams: BTreeSet<(Link, ClientKey)>,
    /// Answers that go back over a stream.
    answered_over: BTreeSet<(Link, ServerKey)>,
    next: u64,
    scratch: BytesMut,
}

impl Transactions {
    pub fn new(timers: Timers, locals: Vec<SocketAddr>) -> Self {
        Transactions {
            timers,
            locals,
            clients: HashMap::new(),
            client_keys: HashMap::new(),
            servers: HashMap::new(),
            server_keys: HashMap::new(),
            merged: HashMap::new(),
            deadlines: BTreeSet::new(),
            streams: BTreeSet::new(),
            answered_over: BTreeSet::new(),
            next: 0,
            scratch: BytesMut::new(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.clients.is_empty() && self.servers.is_empty()
    }

    /// Client and server transactions that are kept.
    pub fn len(&self) -> usize {
        self.clients.len() + self.servers.len()
    }

    pub fn deadline(&self) -> Option<Time> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// The bytes of a message, in an allocation of exactly their size.
    pub fn print_request(&mut self, request: &Request) -> Bytes {
        self.scratch.clear();
        request.print(&mut self.scratch);
        Bytes::copy_from_slice(&self.scratch)
    }

    fn print_response(&mut self, response: &Response) -> Bytes {
        self.scratch.clear();
        response.print(&mut self.scratch);
        Bytes::copy_from_slice(&self.scratch)
    }

    /// Sends a request of ours. Its top Via carries a branch of its own (a CANCEL: that of its INVITE).
    pub fn start(
        &mut self,
        now: Time,
        to: Link,
        request: Request,
        branch: &Text,
        purpose: Purpose,
        out: &mut Vec<Out>,
    ) -> ClientKey {
        self.start_over(now, to, request, None, branch, purpose, out)
    }

    /// The same for a request that is large: over a stream, and as a `datagram` if that does not work.
    #[allow(clippy::too_many_arguments)]
    pub fn start_over(
        &mut self,
        now: Time,
        to: Link,
        request: Request,
        datagram: Option<(Link, Request)>,
        branch: &Text,
        purpose: Purpose,
        out: &mut Vec<Out>,
    ) -> ClientKey {
        let client = ClientKey(self.mint());
        let bytes = self.print_request(&request);
        let reliable = to.transport.is_reliable();
        let machine = ClientMachine::new(now, &request.method, bytes.clone(), &self.timers, reliable);
        let fallback = datagram.map(|(to, request)| {
            // A peer that answers neither by word nor by refusal may sit behind a filter. The datagram is the same
            // request to it (section 17.2.3), so an answer that is merely late does no harm.
            Box::new(Fallback { to, request, at: now + self.timers.t1 * 2 })
        });
        let key = Key::client(branch, &request.method);
        self.client_keys.insert(key.clone(), client);
        let request = Some(Box::new(request));
        let entry = ClientEntry { key, to, purpose, request, acks: Vec::new(), fallback, machine, armed: None };
        self.clients.insert(client, entry);
        if reliable {
            self.streams.insert((to, client));
        }
        self.settle_client(client);
        out.push(Out::Send { to, bytes });
        client
    }

    /// The CANCEL of an INVITE of ours that has had a provisional response (RFC 3261 section 9.1).
    pub fn cancel(&mut self, now: Time, invite: ClientKey, headers: Vec<(Name, Text)>, out: &mut Vec<Out>) {
        let Some(entry) = self.clients.get(&invite) else { return };
        let (Some(request), to) = (&entry.request, entry.to) else { return };
        let Some(mut cancel) = follow_up(request, Method::Cancel) else { return };
        for (name, value) in headers {
            cancel.headers.push(name, value);
        }
        let Some(branch) = cancel.headers.via().ok().and_then(|via| via.branch()) else { return };
        self.start(now, to, cancel, &branch, Purpose::Nothing, out);
    }

    /// A response came. `None`: a stray, a repetition, or of no concern any more. It counts only from the host that the
    /// request went to, for a branch is no secret (RFC 3261 section 26.1.3).
    pub fn response(&mut self, now: Time, from: Link, response: &Response, out: &mut Vec<Out>) -> Option<Heard> {
        let via = response.headers.via().ok()?;
        let cseq = response.headers.cseq().ok()?;
        let client = *self.client_keys.get(&Key::client(&via.branch()?, &cseq.method))?;
        let timers = self.timers;
        let scratch = &mut self.scratch;
        let entry = self.clients.get_mut(&client).filter(|entry| entry.to.is_same_host(from))?;
        entry.fallback = None;
        let reliable = entry.to.transport.is_reliable();
        let status = response.status.code();
        let moves = match &mut entry.machine {
            ClientMachine::Invite(machine) => {
                let request = entry.request.as_deref();
                machine.response(now, status, &timers, reliable, || {
                    scratch.clear();
                    if let Some(ack) = request.and_then(|request| ack_of_failure(request, response)) {
                        ack.print(scratch);
                    }
                    Bytes::copy_from_slice(scratch)
                })
            }
            ClientMachine::Other(machine) => machine.response(now, status, &timers, reliable),
        };
        if let Some(bytes) = moves.send {
            out.push(Out::Send { to: entry.to, bytes });
        }
        let heard = (moves.tell == Some(Tell::Message)).then_some(Heard { client, purpose: entry.purpose });
        self.settle_client(client);
        heard
    }

    /// The ACK of a 2xx of this fork if it has been sent already: it goes out again (RFC 3261 section 13.2.2.4).
    /// `true`: this fork is known, there is nothing else to do.
    pub fn ack_again(&mut self, client: ClientKey, fork: &Text, out: &mut Vec<Out>) -> bool {
        let Some(entry) = self.clients.get(&client) else { return false };
        let Some((_, ack)) = entry.acks.iter().find(|(tag, _)| tag == fork) else { return false };
        if let Some((to, bytes)) = ack {
            out.push(Out::Send { to: *to, bytes: bytes.clone() });
        }
        true
    }

    pub fn purpose_of(&self, client: ClientKey) -> Option<Purpose> {
        self.clients.get(&client).map(|entry| entry.purpose)
    }

    /// This fork's 2xx came, and its ACK cannot be sent yet: the core owes it an answer to its offer.
    pub fn owe_ack(&mut self, client: ClientKey, fork: Text) {
        if let Some(entry) = self.clients.get_mut(&client) {
            entry.acks.push((fork, None));
        }
    }

    /// Sends the ACK of a 2xx and keeps it for the repetitions of that 2xx.
    pub fn ack(&mut self, client: ClientKey, fork: Text, to: Link, ack: &Request, out: &mut Vec<Out>) {
        let bytes = self.print_request(ack);
        if let Some(entry) = self.clients.get_mut(&client) {
            entry.acks.retain(|(tag, _)| *tag != fork);
            entry.acks.push((fork, Some((to, bytes.clone()))));
        }
        out.push(Out::Send { to, bytes });
    }

    /// Forgets a request of ours: the core has stopped waiting (RFC 3261 section 9.1, a CANCEL that nobody heeds).
    pub fn abandon(&mut self, client: ClientKey) {
        self.remove_client(client);
    }

    /// A request came. Its top Via gets `received` and `rport` (RFC 3261 section 18.2.1, RFC 3581 section 4),
    /// so that every response made from it carries them.
    pub fn request(&mut self, now: Time, from: Link, request: &mut Request, out: &mut Vec<Out>) -> Arrival {
        let Ok(via) = request.headers.via() else { return Arrival::Absorbed };
        let key = Key::server(request, &via, server_method(&request.method), from);
        let timers = self.timers;
        if let Some(server) = self.server_keys.get(&key).copied() {
            let Some(entry) = self.servers.get_mut(&server) else { return Arrival::Absorbed };
            let to = entry.to;
            let moves = match &mut entry.machine {
                ServerMachine::Invite(machine) if request.method == Method::Ack => {
                    // An RFC 2543 client's ACK of a 2xx has its INVITE's key too, and is the core's.
                    if matches!(machine, InviteServer::Accepted { .. }) {
                        return Arrival::Ack;
                    }
                    machine.ack(now, &timers, to.transport.is_reliable());
                    Moves::default()
                }
                ServerMachine::Invite(machine) => machine.repeated(),
                ServerMachine::Other(machine) => machine.repeated(),
            };
            if let Some(bytes) = moves.send {
                out.push(Out::Send { to, bytes });
            }
            self.settle_server(server);
            return Arrival::Absorbed;
        }
        if request.method == Method::Ack {
            return Arrival::Ack;
        }
        let target = (request.method == Method::Cancel)
            .then(|| self.server_keys.get(&Key::server(request, &via, &Method::Invite, from)).copied());
        let to = answer_to(from, &via, &self.locals);
        if request.headers.stamp(from.remote).is_err() {
            return Arrival::Absorbed;
        }
        let merged = Key::merged(request);
        let copy = merged.as_ref().is_some_and(|merged| self.merged.contains_key(merged));
        let server = ServerKey(self.mint());
        let machine = if request.method == Method::Invite {
            let trying = self.print_response(&Response::for_request(request, Status::TRYING));
            ServerMachine::Invite(InviteServer::new(trying))
        } else {
            ServerMachine::Other(Server::new(now, &timers))
        };
        self.server_keys.insert(key.clone(), server);
        if let (Some(merged), false) = (&merged, copy) {
            self.merged.insert(merged.clone(), server);
        }
        let merged = merged.filter(|_| !copy);
        if to.transport.is_reliable() {
            self.answered_over.insert((to, server));
        }
        let listens = via.port.unwrap_or(5060);
        self.servers.insert(server, ServerEntry { key, merged, to, listens, session: None, machine, armed: None });
        self.settle_server(server);
        if let Some(invite) = target {
            return Arrival::Cancel(server, invite);
        }
        if copy {
            self.respond(now, server, &Response::for_request(request, Status::LOOP_DETECTED), out);
            return Arrival::Merged;
        }
        Arrival::New(server)
    }

    /// The 100 of an INVITE that is not refused at once. RFC 3261 section 17.2.1 allows to wait 200 ms with it; not waiting
    /// saves the caller's repetition. A refusal needs none: until it comes, the INVITE is repeated.
    pub fn trying(&self, server: ServerKey, out: &mut Vec<Out>) {
        let Some(entry) = self.servers.get(&server) else { return };
        if let ServerMachine::Invite(machine @ InviteServer::Proceeding { .. }) = &entry.machine
            && let Some(bytes) = machine.repeated().send
        {
            out.push(Out::Send { to: entry.to, bytes });
        }
    }

    /// Answers a request, and says what was sent. Without effect when it has had its final response.
    pub fn respond(
        &mut self,
        now: Time,
        server: ServerKey,
        response: &Response,
        out: &mut Vec<Out>,
    ) -> Option<(Link, Bytes)> {
        let bytes = self.print_response(response);
        let timers = self.timers;
        let entry = self.servers.get_mut(&server)?;
        let (to, status) = (entry.to, response.status);
        let reliable = to.transport.is_reliable();
        let moves = match &mut entry.machine {
            ServerMachine::Invite(machine) => machine.respond(now, status.code(), bytes, &timers, reliable),
            ServerMachine::Other(machine) => machine.respond(now, status.code(), bytes, &timers, reliable),
        };
        // What was refused may come anew: from a client that answers a challenge without raising CSeq, or from a proxy
        // that tries the next of its targets, which may be here too. Neither is a merged request.
        if status.is_failure()
            && let Some(merged) = entry.merged.take()
        {
            self.merged.remove(&merged);
        }
        let sent = moves.send.map(|bytes| (to, bytes));
        if let Some((to, bytes)) = &sent {
            out.push(Out::Send { to: *to, bytes: bytes.clone() });
        }
        self.settle_server(server);
        sent
    }

    /// Notes whose INVITE this is, for a CANCEL that may come.
    pub fn belongs_to(&mut self, server: ServerKey, session: SessionId) {
        if let Some(entry) = self.servers.get_mut(&server) {
            entry.session = Some(session);
        }
    }

    pub fn session_of(&self, server: ServerKey) -> Option<SessionId> {
        self.servers.get(&server)?.session
    }

    /// A stream closed or could not be opened: what waits on it has failed (RFC 3261 section 17.1.4).
    pub fn link_closed(&mut self, now: Time, link: Link, out: &mut Vec<Out>) -> Vec<Lost> {
        let first = (link, ClientKey(0));
        let last = (link, ClientKey(u64::MAX));
        let waiting: Vec<ClientKey> = self.streams.range(first..=last).map(|(_, client)| *client).collect();
        // Answers that are still to come go to where the peer listens (section 18.2.2).
        let answers: Vec<ServerKey> = self
            .answered_over
            .range((link, ServerKey(0))..=(link, ServerKey(u64::MAX)))
            .map(|(_, server)| *server)
            .collect();
        for server in answers {
            self.answered_over.remove(&(link, server));
            if let Some(entry) = self.servers.get_mut(&server) {
                entry.to.remote.set_port(entry.listens);
                self.answered_over.insert((entry.to, server));
            }
        }
        let mut lost = Vec::new();
        for client in waiting {
            if self.fall_back(now, client, out) {
                continue;
            }
            if let Some(entry) = self.remove_client(client) {
                lost.push(Lost { client, purpose: entry.purpose, status: Status::SERVICE_UNAVAILABLE });
            }
        }
        lost
    }

    /// Sends a request as a datagram that got no answer over its stream; `false` when that is no way out.
    fn fall_back(&mut self, now: Time, client: ClientKey, out: &mut Vec<Out>) -> bool {
        let Some(entry) = self.clients.get_mut(&client) else { return false };
        let Some(fallback) = entry.fallback.take() else { return false };
        self.streams.remove(&(entry.to, client));
        let Fallback { to, request, .. } = *fallback;
        self.scratch.clear();
        request.print(&mut self.scratch);
        let bytes = Bytes::copy_from_slice(&self.scratch);
        entry.machine = ClientMachine::new(now, &request.method, bytes.clone(), &self.timers, false);
        entry.to = to;
        entry.request = Some(Box::new(request));
        out.push(Out::Send { to, bytes });
        self.settle_client(client);
        true
    }

    fn give_back(&mut self) {
        give_back(&mut self.clients);
        give_back(&mut self.client_keys);
        give_back(&mut self.servers);
        give_back(&mut self.server_keys);
        give_back(&mut self.merged);
    }

    /// Runs the first deadline that is due. `None`: nothing is due. `Some(None)`: done, and nobody is told.
    pub fn wake(&mut self, now: Time, out: &mut Vec<Out>) -> Option<Option<Lost>> {
        self.give_back();
        let (at, id) = *self.deadlines.first()?;
        if at > now {
            return None;
        }
        let timers = self.timers;
        let mut lost = None;
        match id {
            Id::Client(client)
                if self.clients.get(&client).and_then(|entry| entry.fallback.as_ref()).is_some_and(|f| f.at <= now) =>
            {
                self.fall_back(now, client, out);
            }
            Id::Client(client) => {
                if let Some(entry) = self.clients.get_mut(&client) {
                    let moves = match &mut entry.machine {
                        ClientMachine::Invite(machine) => machine.wake(now),
                        ClientMachine::Other(machine) => machine.wake(now, &timers),
                    };
                    if moves.tell == Some(Tell::TimedOut) {
                        lost = Some(Lost { client, purpose: entry.purpose, status: Status::REQUEST_TIMEOUT });
                    }
                    if let Some(bytes) = moves.send {
                        out.push(Out::Send { to: entry.to, bytes });
                    }
                }
                self.settle_client(client);
            }
            Id::Server(server) => {
                if let Some(entry) = self.servers.get_mut(&server) {
                    match &mut entry.machine {
                        ServerMachine::Invite(machine) => {
                            // A failure that nobody acknowledged (timer H) has failed all the same.
                            if let Some(bytes) = machine.wake(now, &timers).send {
                                out.push(Out::Send { to: entry.to, bytes });
                            }
                        }
                        ServerMachine::Other(machine) => machine.wake(now),
                    }
                }
                self.settle_server(server);
            }
        }
        Some(lost)
    }

    fn mint(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// After an event: the deadline table and the indexes say again what the machine says.
    fn settle_client(&mut self, client: ClientKey) {
        let Some(entry) = self.clients.get_mut(&client) else { return };
        let (due, over, open) = match &entry.machine {
            ClientMachine::Invite(machine) => {
                (machine.deadline(), matches!(machine, InviteClient::Terminated), machine.is_open())
            }
            ClientMachine::Other(machine) => {
                (machine.deadline(), matches!(machine, Client::Terminated), machine.is_open())
            }
        };
        if over {
            self.remove_client(client);
            return;
        }
        if !open {
            entry.request = None;
            self.streams.remove(&(entry.to, client));
        }
        let due = earliest(due, entry.fallback.as_ref().map(|fallback| fallback.at));
        arm(&mut self.deadlines, Id::Client(client), &mut entry.armed, due);
    }

    fn remove_client(&mut self, client: ClientKey) -> Option<ClientEntry> {
        let mut entry = self.clients.remove(&client)?;
        // A CANCELled and abandoned INVITE's key may have been taken over by nobody else: branches are unique.
        self.client_keys.remove(&entry.key);
        self.streams.remove(&(entry.to, client));
        arm(&mut self.deadlines, Id::Client(client), &mut entry.armed, None);
        Some(entry)
    }

    fn settle_server(&mut self, server: ServerKey) {
        let Some(entry) = self.servers.get_mut(&server) else { return };
        let (due, over) = match &entry.machine {
            ServerMachine::Invite(machine) => (machine.deadline(), matches!(machine, InviteServer::Terminated)),
            ServerMachine::Other(machine) => (machine.deadline(), matches!(machine, Server::Terminated)),
        };
        arm(&mut self.deadlines, Id::Server(server), &mut entry.armed, due.filter(|_| !over));
        if over && let Some(entry) = self.servers.remove(&server) {
            self.server_keys.remove(&entry.key);
            self.answered_over.remove(&(entry.to, server));
            if let Some(merged) = entry.merged {
                self.merged.remove(&merged);
            }
        }
    }
}

fn arm(deadlines: &mut BTreeSet<(Time, Id)>, id: Id, armed: &mut Option<Time>, due: Option<Time>) {
    if *armed == due {
        return;
    }
    if let Some(at) = armed.take() {
        deadlines.remove(&(at, id));
    }
    if let Some(at) = due {
        deadlines.insert((at, id));
    }
    *armed = due;
}

/// The method whose transaction a request may repeat or acknowledge.
fn server_method(method: &Method) -> &Method {
    if *method == Method::Ack { &Method::Invite } else { method }
}
