//! Contact records: the list, the newest first, and one with its chain.

use super::Api;
use super::auth::Caller;
use super::problem::{OfCaller, Problem};
use crate::engine::record::ContactRecord;
use crate::ids::ContactId;
use crate::store::{self, Cursor, Statement};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;
use utoipa::{IntoParams, ToSchema};

/// The records that a statement gives, as JSON.
pub type Archive =
    Box<dyn Fn(Statement) -> Pin<Box<dyn Future<Output = Result<Vec<String>, Unavailable>> + Send>> + Send + Sync>;

/// The database does not answer. Nothing is lost by it.
#[derive(Clone, Copy, Debug)]
pub struct Unavailable;

impl From<Unavailable> for Problem {
    fn from(_: Unavailable) -> Self {
        Problem::unavailable("The database does not answer. Records are kept meanwhile; try again later.")
    }
}

/// Records on a page when nothing is said, and at most.
const PAGE: u32 = 50;
const PAGE_MOST: u32 = 500;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Wanted {
    /// The agent who was connected. An agent sees his own only.
    agent: Option<String>,
    /// A queue's id.
    queue: Option<String>,
    /// `INBOUND`, `OUTBOUND`, `TRANSFER`, `EXTERNAL_OUTBOUND`, ...
    initiation_method: Option<String>,
    /// Begun at this time or later: ISO 8601 in UTC, to the day, the minute, the second or the millisecond.
    from: Option<String>,
    /// Begun before this time.
    to: Option<String>,
    /// Records on the page, 1 to 500; 50 when nothing is said.
    limit: Option<u32>,
    /// `nextToken` of the page before.
    next_token: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page {
    contacts: Vec<ContactRecord>,
    /// For the next page; null on the last one.
    next_token: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Chained {
    contact: ContactRecord,
    /// Every completed contact of its chain, itself included, the oldest first.
    chain: Vec<ContactRecord>,
}

#[utoipa::path(get, path = "/api/contacts", tag = "contacts", params(Wanted), responses(
    (status = 200, description = "The records of completed contacts, the newest first", body = Page),
    (status = 400, description = "InvalidParameterException", body = Problem),
    OfCaller,
    (status = 403, description = "AccessDeniedException: another agent's", body = Problem),
    (status = 503, description = "ServiceUnavailable: the database does not answer", body = Problem),
))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<Page>, Problem> {
    let Query(wanted) = wanted.map_err(|fault| Problem::parameter(fault.body_text()))?;
    let query = query(&caller, wanted)?;
    let mut contacts = ask(&api, query.statement()).await?;
    // One more than asked for tells whether there is another page.
    let limit = usize::try_from(query.limit - 1).unwrap_or(usize::MAX);
    let more = contacts.len() > limit;
    contacts.truncate(limit);
    let last = contacts.last().filter(|_| more);
    let next_token = last.map(|record| {
        Cursor { initiated: record.initiation_timestamp.clone(), contact: record.contact_id.clone() }.text()
    });
    Ok(Json(Page { contacts, next_token }))
}

#[utoipa::path(get, path = "/api/contacts/{id}", tag = "contacts",
    params(("id" = String, Path, description = "The contact's id")), responses(
    (status = 200, description = "The record, and those of its chain", body = Chained),
    OfCaller,
    (status = 403, description = "AccessDeniedException: a chain without this agent", body = Problem),
    (status = 404, description = "ResourceNotFoundException: no such contact, or not completed yet", body = Problem),
    (status = 503, description = "ServiceUnavailable: the database does not answer", body = Problem),
))]
pub(crate) async fn one(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Chained>, Problem> {
    let (contact, chain) = record_for(&api, &caller, &id).await?;
    Ok(Json(Chained { contact, chain }))
}

/// The record of a completed contact and those of its chain, for whoever may see them.
pub(super) async fn record_for(
    api: &Api,
    caller: &Caller,
    id: &str,
) -> Result<(ContactRecord, Vec<ContactRecord>), Problem> {
    let missing = || Problem::missing(format!("There is no completed contact {id}."));
    let wanted = ContactId::parse(id).ok_or_else(missing)?.to_string();
    let chain = ask(api, store::chain(&wanted)).await?;
    let contact = chain.iter().find(|record| record.contact_id == wanted).cloned().ok_or_else(missing)?;
    if let Caller::Agent(agent, _) = caller {
        let served = |record: &ContactRecord| record.agent.as_ref().is_some_and(|info| info.username == agent.as_str());
        if !chain.iter().any(served) {
            return Err(Problem::denied(format!("{agent} had no part in this contact.")));
        }
    }
    Ok((contact, chain))
}

async fn ask(api: &Api, statement: Statement) -> Result<Vec<ContactRecord>, Problem> {
    let Some(archive) = &api.archive else { return Err(Problem::missing("This switch keeps no records.")) };
    let texts = archive(statement).await?;
    Ok(texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect())
}

fn query(caller: &Caller, wanted: Wanted) -> Result<store::Query, Problem> {
    let agent = match (caller, wanted.agent) {
        (Caller::Agent(own, _), Some(other)) if own.as_str() != other => {
            return Err(Problem::denied(format!("{own} may not see the contacts of {other}.")));
        }
        (Caller::Agent(own, _), _) => Some(own.to_string()),
        (_, agent) => agent,
    };
    let limit = wanted.limit.unwrap_or(PAGE);
    if limit == 0 || limit > PAGE_MOST {
        return Err(Problem::parameter(format!("limit is 1 to {PAGE_MOST}.")));
    }
    let time = |name: &str, text: Option<String>| match text {
        Some(text) if !is_time(&text) => {
            Err(Problem::parameter(format!("{name} is no time: {text}. Write it as 2026-11-22T16:04:41Z.")))
        }
        // Without its last letter a shorter time sorts before every longer one of the same moment.
        Some(text) => Ok(Some(text.trim_end_matches('Z').to_owned())),
        None => Ok(None),
    };
    let after = match wanted.next_token {
        Some(text) => Some(Cursor::parse(&text).ok_or_else(|| Problem::parameter("nextToken is none of ours."))?),
        None => None,
    };
    Ok(store::Query {
        agent,
        queue: wanted.queue,
        method: wanted.initiation_method,
        from: time("from", wanted.from)?,
        to: time("to", wanted.to)?,
        after,
        limit: limit + 1,
    })
}

/// `2026-11-22`, `2026-11-22T16:04Z`, `2026-11-22T16:04:41Z`, `2026-11-22T16:04:41.250Z`; with or without the Z.
fn is_time(text: &str) -> bool {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00.000";
    let text = text.strip_suffix('Z').unwrap_or(text).as_bytes();
    let like = |(is, shape): (&u8, &u8)| if *shape == b'0' { is.is_ascii_digit() } else { is == shape };
    matches!(text.len(), 10 | 16 | 19 | 23) && text.iter().zip(SHAPE).all(like)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::Role;

    #[test]
    fn times_are_told_from_anything_else() {
        for (text, right) in [
            ("2026-11-22", true),
            ("2026-11-22T16:04Z", true),
            ("2026-11-22T16:04:41Z", true),
            ("2026-11-22T16:04:41.250Z", true),
            ("2026-11-22T16:04:41", true),
            ("yesterday", false),
            ("2026-11-22 16:04:41", false),
            ("2026-11-22T16:04:41+01:00", false),
            ("2026-11-22T16", false),
            ("2026-11-22T16:04:41.250ZZ", false),
            ("", false),
        ] {
            assert_eq!(is_time(text), right, "{text}");
        }
    }

    #[test]
    fn an_agent_asks_for_his_own_only() {
        let john = Caller::Agent("john".into(), Role::Agent);
        for (caller, agent, asked) in [
            (&Caller::Admin, None, Ok(None)),
            (&Caller::Admin, Some("maria"), Ok(Some("maria"))),
            (&john, None, Ok(Some("john"))),
            (&john, Some("john"), Ok(Some("john"))),
            (&john, Some("maria"), Err(403)),
        ] {
            let wanted = Wanted {
                agent: agent.map(str::to_owned),
                queue: None,
                initiation_method: None,
                from: None,
                to: None,
                limit: None,
                next_token: None,
            };
            let got = query(caller, wanted).map(|query| query.agent).map_err(|problem| problem.status);
            assert_eq!(got, asked.map(|agent| agent.map(str::to_owned)));
        }
    }
}
