//! Requests and responses.

use bytes::Bytes;

use super::header::{Headers, Name};
use super::method::Method;
use super::status::Status;
use super::text::Text;
use super::uri::Uri;
use crate::time::Duration;

#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "half of all messages are requests; a box would cost each of them an allocation"
)]
pub enum Message {
    Request(Request),
    Response(Response),
}

#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub uri: Uri,
    pub headers: Headers,
    pub body: Bytes,
}

#[derive(Clone, Debug)]
pub struct Response {
    pub status: Status,
    pub reason: Text,
    pub headers: Headers,
    pub body: Bytes,
}

impl Message {
    #[must_use]
    pub fn headers(&self) -> &Headers {
        match self {
            Message::Request(request) => &request.headers,
            Message::Response(response) => &response.headers,
        }
    }

    #[must_use]
    pub fn body(&self) -> &Bytes {
        match self {
            Message::Request(request) => &request.body,
            Message::Response(response) => &response.body,
        }
    }
}

impl Request {
    #[must_use]
    pub fn new(method: Method, uri: Uri) -> Request {
        Request { method, uri, headers: Headers::new(), body: Bytes::new() }
    }

    /// Gives it a body and says what it is.
    pub fn set_body(&mut self, content_type: impl Into<Text>, body: Bytes) {
        self.headers.set(Name::ContentType, content_type);
        self.body = body;
    }
}

impl Response {
    /// An answer to a request, with all that RFC 3261 section 8.2.6.2 says must come back: every Via in order, From, To,
    /// Call-ID and CSeq. The To tag is the caller's to add.
    #[must_use]
    pub fn for_request(request: &Request, status: Status) -> Response {
        let mut headers = Headers::with_capacity(request.headers.len().min(24));
        headers.copy(&Name::Via, &request.headers);
        // What may make a dialog carries the route set back (section 12.1.1).
        if (101..300).contains(&status.code()) && request.method.makes_dialog() {
            headers.copy(&Name::RecordRoute, &request.headers);
        }
        for name in [Name::From, Name::To, Name::CallId, Name::CSeq] {
            headers.copy(&name, &request.headers);
        }
        if status == Status::TRYING {
            headers.copy(&Name::Timestamp, &request.headers);
        }
        Response { status, reason: Text::from_static(status.reason()), headers, body: Bytes::new() }
    }

    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<Text>) -> Response {
        self.reason = reason.into();
        self
    }

    /// The seconds of a Retry-After; a comment or a parameter may follow them.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let value = self.headers.first(&Name::RetryAfter)?;
        let digits: String = value.as_str().trim_start().chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok().map(Duration::from_secs)
    }

    /// Adds the tag to To if it has none.
    #[must_use]
    pub fn to_tag(mut self, tag: &str) -> Response {
        self.headers.tag_to(tag);
        self
    }

    #[must_use]
    pub fn with_header(mut self, name: impl Into<Name>, value: impl Into<Text>) -> Response {
        self.headers.push(name, value);
        self
    }

    /// Gives it a body and says what it is.
    pub fn set_body(&mut self, content_type: impl Into<Text>, body: Bytes) {
        self.headers.set(Name::ContentType, content_type);
        self.body = body;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_carries_back_what_it_must() {
        let mut request = Request::new(Method::Invite, Uri::sip("a", "b", None));
        for (name, value) in [
            ("Via", "SIP/2.0/UDP one;branch=z9hG4bK1"),
            ("Record-Route", "<sip:p1;lr>"),
            ("Via", "SIP/2.0/UDP two"),
            ("CSeq", "1 INVITE"),
            ("Call-ID", "c"),
            ("Timestamp", "54"),
            ("Record-Route", "<sip:p2;lr>"),
            ("To", "<sip:a@b>"),
            ("From", "<sip:c@d>;tag=1"),
            ("Subject", "x"),
        ] {
            request.headers.push(name, value);
        }
        let always = "Via Via From To Call-ID CSeq";
        let routed = "Via Via Record-Route Record-Route From To Call-ID CSeq";
        for (method, status, wanted) in [
            (Method::Invite, Status::TRYING, "Via Via From To Call-ID CSeq Timestamp"),
            (Method::Invite, Status::RINGING, routed),
            (Method::Invite, Status::OK, routed),
            (Method::Invite, Status::BUSY_HERE, always),
            (Method::Bye, Status::OK, always),
            (Method::Refer, Status::ACCEPTED, routed),
        ] {
            request.method = method;
            let response = Response::for_request(&request, status).to_tag("t").with_reason("Fine");
            let names: Vec<_> = response.headers.iter().map(|(name, _)| name.to_string()).collect();
            assert_eq!(names.join(" "), wanted);
            assert_eq!(response.headers.vias().unwrap()[0].sent_by(), "one");
            assert_eq!(response.headers.to().unwrap().tag().unwrap(), "t");
        }
    }
}
