//! The recording of a contact, whole or in part.

use super::Api;
use super::auth::Caller;
use super::contacts::record_for;
use super::problem::{OfCaller, Problem};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::future::Future;
use std::pin::Pin;

/// A file that is there: how long it is, and its bytes from one place to before another.
pub struct Stored {
    pub length: u64,
    pub read: Box<dyn FnOnce(u64, u64) -> Body + Send>,
}

/// Where recordings stand, by their location; `None`: there is no such file.
pub type Shelf = Box<dyn Fn(String) -> Pin<Box<dyn Future<Output = Option<Stored>> + Send>> + Send + Sync>;

#[utoipa::path(get, path = "/api/contacts/{id}/recording", tag = "contacts",
    params(("id" = String, Path, description = "The contact's id"),
           ("Range" = Option<String>, Header, description = "One range of bytes (RFC 9110 section 14), for players that seek")), responses(
    (status = 200, description = "WAV, 8 kHz, 16 bit, stereo: agents on the right, everybody else on the left", content_type = "audio/wav"),
    (status = 206, description = "The part of it that was asked for", content_type = "audio/wav"),
    OfCaller,
    (status = 403, description = "AccessDeniedException: a chain without this agent", body = Problem),
    (status = 404, description = "ResourceNotFoundException: no such contact, not completed yet, or not recorded", body = Problem),
    (status = 416, description = "InvalidParameterException: the file is shorter", body = Problem),
    (status = 503, description = "ServiceUnavailable: the database does not answer", body = Problem),
))]
pub(crate) async fn one(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (contact, _) = record_for(&api, &caller, &id).await?;
    let missing = || Problem::missing(format!("There is no recording of contact {id}."));
    let location = contact.recordings.first().map(|recording| recording.location.clone()).ok_or_else(missing)?;
    let shelf = api.shelf.as_ref().ok_or_else(missing)?;
    let Stored { length, read } = shelf(location).await.ok_or_else(missing)?;
    let wanted = headers.get(header::RANGE).and_then(|value| value.to_str().ok()).and_then(|text| range(text, length));
    let (status, from, to) = match wanted {
        None => (StatusCode::OK, 0, length),
        Some(Some((from, to))) => (StatusCode::PARTIAL_CONTENT, from, to),
        Some(None) => {
            let short = format!("The recording has {length} bytes.");
            let refused = Problem::named(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidParameterException", short);
            let mut refused = refused.into_response();
            insert(&mut refused, header::CONTENT_RANGE, &format!("bytes */{length}"));
            return Ok(refused);
        }
    };
    let mut response = (status, read(from, to)).into_response();
    insert(&mut response, header::CONTENT_TYPE, "audio/wav");
    insert(&mut response, header::CONTENT_LENGTH, &(to - from).to_string());
    insert(&mut response, header::ACCEPT_RANGES, "bytes");
    insert(&mut response, header::CONTENT_DISPOSITION, &format!("inline; filename=\"{}.wav\"", contact.contact_id));
    if status == StatusCode::PARTIAL_CONTENT {
        insert(&mut response, header::CONTENT_RANGE, &format!("bytes {from}-{}/{length}", to.saturating_sub(1)));
    }
    Ok(response)
}

fn insert(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// The one range that is asked for; `Some(None)`: it lies behind the end. What is no range, or several, is passed over:
/// then the whole goes out (RFC 9110 section 14.2).
fn range(text: &str, length: u64) -> Option<Option<(u64, u64)>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let (first, last) = (first.trim(), last.trim());
    if first.is_empty() {
        let count: u64 = last.parse().ok()?;
        return Some((count > 0 && length > 0).then(|| (length.saturating_sub(count), length)));
    }
    let from: u64 = first.parse().ok()?;
    let to = match last {
        "" => length,
        last => last.parse::<u64>().ok().filter(|last| *last >= from)?.saturating_add(1).min(length),
    };
    Some((from < length).then_some((from, to)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_has_them() {
        for (text, wanted) in [
            ("bytes=0-99", Some(Some((0, 100)))),
            ("bytes=44-", Some(Some((44, 1000)))),
            ("bytes=-100", Some(Some((900, 1000)))),
            ("bytes=-5000", Some(Some((0, 1000)))),
            ("bytes=900-5000", Some(Some((900, 1000)))),
            ("bytes=999-999", Some(Some((999, 1000)))),
            ("bytes=1000-", Some(None)),
            ("bytes=-0", Some(None)),
            ("bytes=5-4", None),
            ("bytes=0-1,5-6", None),
            ("lines=0-1", None),
            ("bytes=a-b", None),
            ("bytes=-", None),
            ("", None),
        ] {
            assert_eq!(range(text, 1000), wanted, "{text}");
        }
        assert_eq!(range("bytes=0-", 0), Some(None), "nothing has no part");
    }
}
