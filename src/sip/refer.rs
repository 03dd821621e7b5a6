//! REFER: what a phone asks for, and the subscription that tells it how it went (RFC 3515, RFC 3892, RFC 4488).

use super::{Method, Name, Request, Scheme, Status, Text, Uri, Valued};
use crate::limits::SUBSCRIPTION;
use crate::time::{Duration, Time};
use bytes::Bytes;

/// What a REFER asks for.
#[derive(Clone, Debug)]
pub struct Refer {
    /// Where to, without what its URI says of the INVITE's headers.
    pub target: Uri,
    /// The dialog to be replaced there.
    pub replaces: Option<Replaces>,
    /// For the INVITE to the target (RFC 7433 section 5: a header in the URI).
    pub user_to_user: Option<Text>,
    pub referred_by: Option<Text>,
    /// Whether to tell how it goes (RFC 4488: `Refer-Sub: false` does without).
    pub notify: bool,
}

impl Refer {
    /// # Errors
    /// The status of the answer: no Refer-To or several, one that cannot be read, or one that is no call to make.
    pub fn read(request: &Request) -> Result<Refer, Status> {
        let headers = &request.headers;
        // RFC 3515 section 2.4.2: exactly one.
        if headers.lines(&Name::ReferTo).count() != 1 {
            return Err(Status::BAD_REQUEST);
        }
        let refer_to = headers.addresses(&Name::ReferTo, "Refer-To").map_err(|_| Status::BAD_REQUEST)?;
        let [refer_to] = refer_to.as_slice() else { return Err(Status::BAD_REQUEST) };
        let target = &refer_to.uri;
        if !matches!(target.scheme, Scheme::Sip | Scheme::Sips | Scheme::Tel) {
            return Err(Status::UNSUPPORTED_URI_SCHEME);
        }
        // We make calls for a phone, and send nothing else on its behalf.
        if target.params.get("method").is_some_and(|method| Method::read(&method) != Method::Invite) {
            return Err(Status::DECLINE);
        }
        let pairs = target.header_pairs();
        let mut named = pairs.iter().filter(|(name, _)| name.eq_ignore_case("Replaces"));
        let replaces = match (named.next(), named.next()) {
            (None, _) => None,
            (Some((_, value)), None) => Some(Replaces::read(value).ok_or(Status::BAD_REQUEST)?),
            // RFC 3891 section 3.
            (Some(_), Some(_)) => return Err(Status::BAD_REQUEST),
        };
        let user_to_user = pairs.into_iter().find(|(name, _)| name.eq_ignore_case("User-to-User")).map(|(_, v)| v);
        let refer_sub = headers.valued(&Name::ReferSub, "Refer-Sub").map_err(|_| Status::BAD_REQUEST)?;
        Ok(Refer {
            target: target.clone().without_headers(),
            replaces,
            user_to_user,
            referred_by: headers.first(&Name::ReferredBy).map(|by| Text::from(by.as_bytes().to_vec())),
            notify: !refer_sub.is_some_and(|sub| sub.is("false")),
        })
    }
}

/// The dialog that a call takes the place of (RFC 3891).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaces {
    pub call_id: Text,
    pub to_tag: Text,
    pub from_tag: Text,
    /// Only while it is not answered yet.
    pub early_only: bool,
}

impl Replaces {
    #[must_use]
    pub fn read(value: &Text) -> Option<Replaces> {
        let Valued { value, params } = Valued::read(value, "Replaces").ok()?;
        // RFC 3891 section 6.1: both tags, once each.
        let once = |name: &str| {
            let found = params.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes())).count();
            (found == 1).then(|| params.get(name)).flatten().filter(|tag| !tag.is_empty())
        };
        Some(Replaces {
            call_id: value.clone(),
            to_tag: once("to-tag")?,
            from_tag: once("from-tag")?,
            early_only: params.has("early-only"),
        })
    }

    /// The one Replaces of an INVITE.
    /// # Errors
    /// 400 where there are several, or where it cannot be read (section 3).
    pub fn of(request: &Request) -> Result<Option<Replaces>, Status> {
        let mut lines = request.headers.lines(&Name::Replaces);
        match (lines.next(), lines.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => Replaces::read(value).map(Some).ok_or(Status::BAD_REQUEST),
            (Some(_), Some(_)) => Err(Status::BAD_REQUEST),
        }
    }
}

/// A phone's subscription to what becomes of its REFER.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Which REFER of this dialog; the first needs no number (RFC 3515 section 2.4.6).
    id: Option<u32>,
    until: Time,
    /// How far it is.
    last: Status,
}

/// Headers and body of a NOTIFY.
pub type Notice = (Vec<(Name, Text)>, (Text, Bytes));

impl Subscription {
    #[must_use]
    pub fn new(now: Time, id: Option<u32>) -> Subscription {
        Subscription { id, until: now + SUBSCRIPTION, last: Status::TRYING }
    }

    /// Whether an Event header means this one.
    #[must_use]
    pub fn is_meant(&self, event: &Valued) -> bool {
        let id = event.params.get("id");
        event.is("refer") && id.is_none_or(|id| self.id.is_some_and(|mine| id == mine.to_string().as_str()))
    }

    /// RFC 6665 section 4.2.2: whether this answer to a NOTIFY says that nobody listens. Any other concerns
    /// that NOTIFY alone: one that another has overtaken gets a 500 (RFC 3261 section 12.2.2).
    #[must_use]
    pub const fn is_unwanted(status: Status) -> bool {
        matches!(status.code(), 404 | 405 | 408 | 410 | 416 | 480..=485 | 489 | 501 | 604)
    }

    /// When it runs out unless it is refreshed.
    #[must_use]
    pub fn until(&self) -> Time {
        self.until
    }

    /// A SUBSCRIBE: for so many seconds more, which may be fewer than asked for. 0 ends it.
    pub fn refresh(&mut self, now: Time, wanted: Option<u32>) -> u32 {
        let longest = u32::try_from(SUBSCRIPTION.as_secs()).unwrap_or(u32::MAX);
        let granted = wanted.unwrap_or(longest).min(longest);
        self.until = now + Duration::from_secs(granted.into());
        granted
    }

    /// What the phone is told now: a final status is the last word (section 2.4.5).
    pub fn tell(&mut self, now: Time, status: Status) -> Notice {
        self.last = status;
        if status.is_final() { self.notice("terminated;reason=noresource".into()) } else { self.again(now) }
    }

    /// How far it is, once more: the first NOTIFY after every SUBSCRIBE (RFC 6665 section 4.2.1.2).
    #[must_use]
    pub fn again(&self, now: Time) -> Notice {
        self.notice(format!("active;expires={}", self.until.since(now).as_secs()))
    }

    /// Its time is over, or the phone wants no more of it; the transfer goes on.
    #[must_use]
    pub fn end(&self) -> Notice {
        self.notice("terminated;reason=timeout".into())
    }

    /// The dialog that it is told in ends before the transfer does.
    #[must_use]
    pub fn cut_short(&self) -> Notice {
        self.notice("terminated;reason=noresource".into())
    }

    fn notice(&self, state: String) -> Notice {
        let event = self.id.map_or_else(|| "refer".to_owned(), |id| format!("refer;id={id}"));
        let fragment = format!("SIP/2.0 {} {}\r\n", self.last.code(), self.last.reason());
        (
            vec![(Name::Event, event.into()), (Name::SubscriptionState, state.into())],
            (Text::from_static("message/sipfrag;version=2.0"), Bytes::from(fragment)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Message, parse};
    use super::*;

    fn refer(lines: &str) -> Result<Refer, u16> {
        let text = format!(
            "REFER sip:us@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
             From: <sip:john@example.com>;tag=a\r\nTo: <sip:us@192.0.2.1>;tag=b\r\nCall-ID: c1\r\nCSeq: 5 REFER\r\n\
             {lines}Content-Length: 0\r\n\r\n"
        );
        match parse(Bytes::from(text)) {
            Ok(Message::Request(request)) => Refer::read(&request).map_err(|status| status.code()),
            _ => unreachable!(),
        }
    }

    #[test]
    fn what_a_refer_may_ask_for() {
        for (rule, lines, wanted) in [
            ("a URI as it is", "Refer-To: sip:maria@127.0.0.1\r\n", Ok("sip:maria@127.0.0.1")),
            ("compact, with a name", "r: \"M\" <sip:maria@127.0.0.1:5070;x=y>\r\n", Ok("sip:maria@127.0.0.1:5070;x=y")),
            ("INVITE is what it means anyway", "Refer-To: <sip:m@x;method=INVITE>\r\n", Ok("sip:m@x")),
            ("RFC 3515 2.4.2: none", "", Err(400)),
            ("RFC 3515 2.4.2: two", "Refer-To: <sip:a@x>\r\nRefer-To: <sip:b@x>\r\n", Err(400)),
            ("RFC 3515 2.4.2: two on one line", "Refer-To: <sip:a@x>, <sip:b@x>\r\n", Err(400)),
            ("no URI", "Refer-To: maria\r\n", Err(400)),
            ("a scheme that is no call", "Refer-To: <http://example.com>\r\n", Err(416)),
            ("a method that is no call", "Refer-To: <sip:a@x;method=BYE>\r\n", Err(603)),
            ("RFC 3891 6.1: a tag is missing", "Refer-To: <sip:a@x?Replaces=c%3Bto-tag%3D1>\r\n", Err(400)),
            (
                "RFC 3891 6.1: a tag twice",
                "Refer-To: <sip:a@x?Replaces=c%3Bto-tag%3D1%3Bto-tag%3D2%3Bfrom-tag%3D3>\r\n",
                Err(400),
            ),
            (
                "RFC 3891 3: two dialogs",
                "Refer-To: <sip:a@x?Replaces=c%3Bto-tag%3D1%3Bfrom-tag%3D2&Replaces=d%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\n",
                Err(400),
            ),
        ] {
            let found = refer(lines).map(|refer| refer.target.to_string());
            assert_eq!(found.as_deref().map_err(|code| *code), wanted, "{rule}");
        }
    }

    #[test]
    fn what_else_a_refer_says() {
        let found = refer(
            "Refer-To: <sip:maria@x?Replaces=12%40h%3Bto-tag%3D7%3Bfrom-tag%3D8%3Bearly-only&User-to-User=56a%3Bencoding%3Dhex>\r\n\
             Referred-By: <sip:john@x>\r\nRefer-Sub: false\r\n",
        )
        .unwrap();
        let replaces = Replaces { call_id: "12@h".into(), to_tag: "7".into(), from_tag: "8".into(), early_only: true };
        assert_eq!(found.replaces, Some(replaces));
        assert_eq!(found.user_to_user.unwrap(), "56a;encoding=hex");
        assert_eq!(found.referred_by.unwrap(), "<sip:john@x>");
        assert!(!found.notify, "RFC 4488 section 4");
        assert!(refer("Refer-To: <sip:a@x>\r\nRefer-Sub: true\r\n").unwrap().notify);
    }

    #[test]
    fn what_the_phone_is_told() {
        let second = |seconds: u64| Time::from_micros(seconds * 1_000_000);
        let text = |(headers, (kind, body)): Notice| {
            let lines: Vec<String> = headers.iter().map(|(_, value)| value.to_string()).collect();
            format!("{} {kind} {}", lines.join(" "), String::from_utf8_lossy(&body))
        };
        let mut first = Subscription::new(second(1), None);
        let kind = "message/sipfrag;version=2.0";
        let left = SUBSCRIPTION.as_secs();
        for (rule, found, wanted) in [
            (
                "2.4.4",
                first.tell(second(1), Status::TRYING),
                format!("refer active;expires={left} {kind} SIP/2.0 100 Trying\r\n"),
            ),
            (
                "2.4.5",
                first.tell(second(2), Status::RINGING),
                format!("refer active;expires={} {kind} SIP/2.0 180 Ringing\r\n", left - 1),
            ),
            (
                "RFC 6665 4.2.1.2",
                first.again(second(3)),
                format!("refer active;expires={} {kind} SIP/2.0 180 Ringing\r\n", left - 2),
            ),
            (
                "2.4.7",
                first.tell(second(3), Status::OK),
                format!("refer terminated;reason=noresource {kind} SIP/2.0 200 OK\r\n"),
            ),
        ] {
            assert_eq!(text(found), wanted, "{rule}");
        }
        let mut other = Subscription::new(second(1), Some(93809823));
        assert_eq!(other.refresh(second(1), Some(0)), 0);
        assert_eq!(
            text(other.end()),
            format!("refer;id=93809823 terminated;reason=timeout {kind} SIP/2.0 100 Trying\r\n")
        );
        let meant = |event: &str| other.is_meant(&Valued::read(&event.into(), "Event").unwrap());
        assert!(meant("refer") && meant("refer;id=93809823") && !meant("refer;id=1") && !meant("dialog"), "2.4.6");
    }
}
