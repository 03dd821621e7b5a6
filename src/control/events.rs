//! The event stream: every change of a snapshot, and contact events, as server-sent events.

use super::Api;
use super::auth::Caller;
use super::gate::{Gate, Notice};
use super::problem::{OfCaller, Problem};
use crate::engine::snapshot::AgentSnapshot;
use crate::ids::AgentId;
use crate::site::Role;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use serde::Deserialize;
use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio_stream::Stream;
use tokio_stream::wrappers::BroadcastStream;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    agent: Option<String>,
}

#[utoipa::path(get, path = "/api/events", tag = "events",
    params(("agent" = Option<String>, Query, description = "Only this agent's snapshots and contacts; an agent who is no supervisor gets only his own anyway")),
    responses(
    (status = 200, description = "text/event-stream. `event: snapshot` with an AgentSnapshot, first of all each one as it is now, then at every \
        change. `event: INITIATED | CONNECTED_TO_SYSTEM | QUEUED | CONNECTED_TO_AGENT | DISCONNECTED | COMPLETED` with {eventType, contactId, initialContactId, \
        previousContactId, initiationMethod, queue, agent, timestamp (ISO 8601, UTC, milliseconds)}. A comment every 15 seconds keeps the \
        connection. A reader that falls behind gets fresh snapshots.", content_type = "text/event-stream"),
    (status = 400, description = "InvalidParameterException", body = Problem),
    OfCaller,
    (status = 403, description = "AccessDeniedException: another agent's", body = Problem),
    (status = 404, description = "ResourceNotFoundException: no such agent", body = Problem),
))]
pub(crate) async fn stream(
    State(api): State<Api>,
    caller: Caller,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Sse<KeepAliveFeed>, Problem> {
    let Query(filter) = filter.map_err(|fault| Problem::parameter(fault.body_text()))?;
    let asked = filter.agent.map(AgentId::from);
    if let Some(agent) = &asked {
        caller.may_see(agent)?;
        if !api.gate.agents().contains_key(agent) {
            return Err(Problem::missing(format!("There is no agent {agent}.")));
        }
    }
    let only = match caller {
        Caller::Agent(own, Role::Agent) => Some(own),
        _ => asked,
    };
    Ok(Sse::new(Feed::new(api.gate, only)).keep_alive(KeepAlive::default()))
}

type KeepAliveFeed = axum::response::sse::KeepAliveStream<Feed>;

/// One reader's stream. It ends when the switch does.
pub(crate) struct Feed {
    gate: Arc<Gate>,
    only: Option<AgentId>,
    notices: BroadcastStream<Notice>,
    queue: VecDeque<Event>,
    /// The latest snapshots sent, to know whose a contact is.
    seen: BTreeMap<AgentId, Arc<AgentSnapshot>>,
}

impl Feed {
    fn new(gate: Arc<Gate>, only: Option<AgentId>) -> Self {
        // Subscribed first, so that no change falls between the snapshots and the stream.
        let notices = BroadcastStream::new(gate.subscribe());
        let mut feed = Feed { gate, only, notices, queue: VecDeque::new(), seen: BTreeMap::new() };
        feed.afresh();
        feed
    }

    /// Everything as it is now.
    fn afresh(&mut self) {
        for (agent, snapshot) in self.gate.agents() {
            self.snapshot(agent, snapshot);
        }
    }

    fn snapshot(&mut self, agent: AgentId, snapshot: Arc<AgentSnapshot>) {
        if self.only.as_ref().is_some_and(|only| *only != agent) {
            return;
        }
        if let Ok(event) = Event::default().event("snapshot").json_data(&*snapshot) {
            self.queue.push_back(event);
        }
        if self.only.is_some() {
            self.seen.insert(agent, snapshot);
        }
    }

    fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::Snapshot(agent, snapshot) => self.snapshot(agent, snapshot),
            Notice::Contact(event) => {
                let mine = self.only.as_ref().is_none_or(|only| {
                    event.agent.as_deref() == Some(only.as_str())
                        || self.seen.get(only).is_some_and(|seen| {
                            seen.contacts.iter().any(|contact| contact.contact_id == event.contact_id)
                        })
                });
                if mine && let Ok(told) = Event::default().event(event.event_type).json_data(&*event) {
                    self.queue.push_back(told);
                }
            }
        }
    }
}

impl Stream for Feed {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Poll::Ready(Some(Ok(event)));
            }
            match Pin::new(&mut self.notices).poll_next(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Ok(notice))) => self.notice(notice),
                // Too slow: what was missed is made good by how things stand now.
                Poll::Ready(Some(Err(_lagged))) => self.afresh(),
            }
        }
    }
}
