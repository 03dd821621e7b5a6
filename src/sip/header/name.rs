//! Header names: the ones we know, their compact forms, and everybody else's.

use std::fmt;
use std::sync::LazyLock;

use crate::sip::text::Text;

macro_rules! names {
    ($($name:ident $long:literal $($short:literal)? ,)*) => {
        /// Names are compared without regard to case (RFC 3261 section 7.3.1); compact forms are the same name.
        #[derive(Clone)]
        pub enum Name {
            $($name,)*
            Other(Text),
        }

        impl Name {
            /// The name as it is printed.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                match self {
                    $(Name::$name => $long.as_bytes(),)*
                    Name::Other(name) => name.as_bytes(),
                }
            }

            const KNOWN: &[Known] = &[
                $(($long.as_bytes(), Name::$name), $(($short.as_bytes(), Name::$name),)?)*
            ];

            /// Which of the known names it is, if it is one of them.
            fn index(&self) -> Option<u8> {
                #[derive(Clone, Copy)]
                enum Index { $($name,)* }
                match self {
                    $(Name::$name => Some(Index::$name as u8),)*
                    Name::Other(_) => None,
                }
            }

            /// The end of the line before, the name and its colon: in one piece, because printing is copying pieces.
            pub(crate) fn line_start(&self) -> Option<&'static [u8]> {
                match self {
                    $(Name::$name => Some(concat!("\r\n", $long, ": ").as_bytes()),)*
                    Name::Other(_) => None,
                }
            }
        }
    };
}

names! {
    Accept "Accept",
    AcceptContact "Accept-Contact" "a",
    AcceptEncoding "Accept-Encoding",
    AcceptLanguage "Accept-Language",
    AlertInfo "Alert-Info",
    Allow "Allow",
    AllowEvents "Allow-Events" "u",
    AuthenticationInfo "Authentication-Info",
    Authorization "Authorization",
    CallId "Call-ID" "i",
    CallInfo "Call-Info",
    Contact "Contact" "m",
    ContentDisposition "Content-Disposition",
    ContentEncoding "Content-Encoding" "e",
    ContentLanguage "Content-Language",
    ContentLength "Content-Length" "l",
    ContentType "Content-Type" "c",
    CSeq "CSeq",
    Date "Date",
    Diversion "Diversion",
    ErrorInfo "Error-Info",
    Event "Event" "o",
    Expires "Expires",
    From "From" "f",
    HistoryInfo "History-Info",
    Identity "Identity" "y",
    InReplyTo "In-Reply-To",
    Join "Join",
    MaxForwards "Max-Forwards",
    MimeVersion "MIME-Version",
    MinExpires "Min-Expires",
    MinSe "Min-SE",
    Organization "Organization",
    PAssertedIdentity "P-Asserted-Identity",
    PPreferredIdentity "P-Preferred-Identity",
    Path "Path",
    Priority "Priority",
    Privacy "Privacy",
    ProxyAuthenticate "Proxy-Authenticate",
    ProxyAuthorization "Proxy-Authorization",
    ProxyRequire "Proxy-Require",
    RAck "RAck",
    Reason "Reason",
    RecordRoute "Record-Route",
    ReferSub "Refer-Sub",
    ReferTo "Refer-To" "r",
    ReferredBy "Referred-By" "b",
    RejectContact "Reject-Contact" "j",
    Replaces "Replaces",
    ReplyTo "Reply-To",
    RequestDisposition "Request-Disposition" "d",
    Require "Require",
    RetryAfter "Retry-After",
    Route "Route",
    RSeq "RSeq",
    Server "Server",
    ServiceRoute "Service-Route",
    SessionExpires "Session-Expires" "x",
    SipEtag "SIP-ETag",
    SipIfMatch "SIP-If-Match",
    Subject "Subject" "s",
    SubscriptionState "Subscription-State",
    Supported "Supported" "k",
    Timestamp "Timestamp",
    To "To" "t",
    Unsupported "Unsupported",
    UserAgent "User-Agent",
    Via "Via" "v",
    Warning "Warning",
    WwwAuthenticate "WWW-Authenticate",
}

/// A name as it may be written, and what it is.
type Known = (&'static [u8], Name);

const SHAPES: usize = 128;

/// The known names by length and first letter: one or two share a shape, so that a name is found in one or two comparisons.
static BY_SHAPE: LazyLock<Vec<Vec<Known>>> = LazyLock::new(|| {
    let mut shapes = vec![Vec::new(); SHAPES];
    for (written, name) in Name::KNOWN {
        if let Some(names) = shapes.get_mut(shape(written)) {
            names.push((*written, name.clone()));
        }
    }
    shapes
});

fn shape(token: &[u8]) -> usize {
    let first = token.first().map_or(0, |b| usize::from(b | 0x20));
    (first + 7 * token.len()) % SHAPES
}

impl Name {
    /// The name a token stands for. The caller has checked that it is a token.
    #[must_use]
    pub fn read(token: &Text) -> Name {
        Name::known(token.as_bytes()).unwrap_or_else(|| Name::Other(token.clone()))
    }

    pub(crate) fn known(token: &[u8]) -> Option<Name> {
        let names = BY_SHAPE.get(shape(token))?;
        // Nearly all are written as the RFCs write them.
        let found = names.iter().find(|(name, _)| *name == token);
        let found = found.or_else(|| names.iter().find(|(name, _)| name.eq_ignore_ascii_case(token)));
        found.map(|(_, name)| name.clone())
    }

    /// Whether several values may share a line, separated by commas (RFC 3261 section 7.3.1).
    /// The others are single values, or free text and challenges in which a comma means something else.
    #[must_use]
    pub fn is_list(&self) -> bool {
        matches!(
            self,
            Name::Accept
                | Name::AcceptContact
                | Name::AcceptEncoding
                | Name::AcceptLanguage
                | Name::AlertInfo
                | Name::Allow
                | Name::AllowEvents
                | Name::CallInfo
                | Name::Contact
                | Name::ContentEncoding
                | Name::ContentLanguage
                | Name::Diversion
                | Name::ErrorInfo
                | Name::HistoryInfo
                | Name::InReplyTo
                | Name::PAssertedIdentity
                | Name::PPreferredIdentity
                | Name::Path
                | Name::ProxyRequire
                | Name::Reason
                | Name::RecordRoute
                | Name::RejectContact
                | Name::RequestDisposition
                | Name::Require
                | Name::Route
                | Name::ServiceRoute
                | Name::Supported
                | Name::Unsupported
                | Name::Via
                | Name::Warning
        )
    }
}

impl PartialEq for Name {
    #[inline]
    fn eq(&self, other: &Name) -> bool {
        match (self.index(), other.index()) {
            (None, None) => self.as_bytes().eq_ignore_ascii_case(other.as_bytes()),
            (one, other) => one == other,
        }
    }
}

impl Eq for Name {}

impl From<&str> for Name {
    fn from(name: &str) -> Name {
        Name::read(&name.into())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&String::from_utf8_lossy(self.as_bytes()))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_case_and_compact_form_is_the_same_name() {
        for (written, name) in [
            ("Via", Name::Via),
            ("v", Name::Via),
            ("V", Name::Via),
            ("fRoM", Name::From),
            ("f", Name::From),
            ("t", Name::To),
            ("m", Name::Contact),
            ("i", Name::CallId),
            ("l", Name::ContentLength),
            ("c", Name::ContentType),
            ("k", Name::Supported),
            ("s", Name::Subject),
            ("e", Name::ContentEncoding),
            ("r", Name::ReferTo),
            ("b", Name::ReferredBy),
            ("o", Name::Event),
            ("u", Name::AllowEvents),
            ("x", Name::SessionExpires),
            ("CSEQ", Name::CSeq),
            ("www-authenticate", Name::WwwAuthenticate),
            ("X-Foo", Name::Other("x-foo".into())),
        ] {
            assert_eq!(Name::from(written), name, "{written}");
        }
        assert_ne!(Name::from("X-Foo"), Name::from("X-Bar"));
        assert_eq!(Name::from("X-Foo").to_string(), "X-Foo");
    }
}
