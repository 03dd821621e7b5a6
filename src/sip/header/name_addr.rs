//! A party or a place: From, To, Contact, Route and their kin (RFC 3261 sections 20.10 and 25.1).

use std::fmt;

use crate::sip::params::{self, Params};
use crate::sip::scan::{Malformed, cut, elements, quote_into, quoted, trim, trim_start, unescape};
use crate::sip::text::Text;
use crate::sip::uri::{self, Uri};

#[derive(Clone, Debug, PartialEq)]
pub struct NameAddr {
    /// The name to show, as a person reads it: no quotes, no escapes.
    pub display: Option<Text>,
    pub uri: Uri,
    pub params: Params,
}

/// What a Contact header holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Contacts {
    /// `*`: all of them (RFC 3261 section 10.2.2).
    Star,
    List(Vec<NameAddr>),
}

struct Parts<'a> {
    display: &'a [u8],
    uri: &'a [u8],
    params: &'a [u8],
}

fn scan<'a>(bytes: &'a [u8], what: &'static str) -> Result<Parts<'a>, Malformed> {
    let bytes = trim(bytes);
    let (display, rest) = if bytes.starts_with(b"\"") {
        let (inside, rest) = quoted(bytes).ok_or(Malformed::new(what, "a quoted name that does not end"))?;
        let rest = trim_start(rest);
        if !rest.starts_with(b"<") {
            return Err(Malformed::new(what, "a name without an address in angle brackets"));
        }
        (inside, rest)
    } else {
        // Behind a semicolon an angle bracket stands in a parameter's quotes.
        let at = memchr::memchr2(b'<', b';', bytes).unwrap_or(bytes.len());
        let (name, rest) = bytes.split_at(at);
        if rest.starts_with(b"<") {
            // An unquoted name is tokens; dots, apostrophes and foreign letters are forgiven, separators are not.
            if name.iter().any(|b| matches!(b, b',' | b'"' | b'>')) {
                return Err(Malformed::new(what, "a name that should be quoted"));
            }
            (trim(name), rest)
        } else {
            (&b""[..], bytes)
        }
    };
    let (uri, tail) = match rest.strip_prefix(b"<") {
        Some(inside) => cut(inside, b'>').ok_or(Malformed::new(what, "an angle bracket that does not close"))?,
        None => {
            // Outside brackets a semicolon starts header parameters, and there is no room for commas and question
            // marks (RFC 3261 section 20).
            let end = memchr::memchr(b';', rest).unwrap_or(rest.len());
            let (uri, tail) = rest.split_at(end);
            if uri.iter().any(|b| matches!(b, b',' | b'?')) {
                return Err(Malformed::new(what, "an address that should stand in angle brackets"));
            }
            (trim(uri), tail)
        }
    };
    Ok(Parts { display, uri, params: trim(tail) })
}

pub(crate) fn check(bytes: &[u8], what: &'static str) -> Result<(), Malformed> {
    let parts = scan(bytes, what)?;
    params::check(parts.params, what)?;
    uri::Parts::scan(parts.uri).map(drop).map_err(|fault| Malformed::new(what, fault.why))
}

pub(crate) fn check_contacts(bytes: &[u8]) -> Result<(), Malformed> {
    if trim(bytes) == b"*" {
        return Ok(());
    }
    elements(bytes, b',').try_for_each(|contact| check(contact, "Contact"))
}

impl NameAddr {
    #[must_use]
    pub fn new(display: Option<&str>, uri: Uri) -> NameAddr {
        NameAddr { display: display.map(Text::from), uri, params: Params::default() }
    }

    pub fn parse(text: &str) -> Result<NameAddr, Malformed> {
        NameAddr::read(&text.into(), "address")
    }

    pub fn read(text: &Text, what: &'static str) -> Result<NameAddr, Malformed> {
        let parts = scan(text.as_bytes(), what)?;
        let uri = Uri::read(&text.part(parts.uri)).map_err(|fault| Malformed::new(what, fault.why))?;
        // Only a quoted string has escapes (RFC 3261 section 25.1).
        let display = if trim(text.as_bytes()).starts_with(b"\"") {
            unescape(text, parts.display)
        } else {
            text.part(parts.display)
        };
        Ok(NameAddr {
            display: (!display.is_empty()).then_some(display),
            uri,
            params: Params::read(text.part(parts.params), what)?,
        })
    }

    #[must_use]
    pub fn tag(&self) -> Option<Text> {
        self.params.get("tag")
    }

    #[must_use]
    pub fn with_tag(mut self, tag: &str) -> NameAddr {
        self.params.set("tag", tag);
        self
    }

    /// The `expires` parameter of a Contact; one that is malformed counts as an hour (RFC 3261 section 20.10).
    #[must_use]
    pub fn expires(&self) -> Option<u32> {
        self.params.get("expires").map(|text| super::seconds(text.as_bytes()))
    }

    pub(crate) fn print(&self, out: &mut Vec<u8>) {
        if let Some(display) = &self.display {
            quote_into(out, display.as_bytes());
            out.push(b' ');
        }
        out.push(b'<');
        self.uri.print(out);
        out.push(b'>');
        out.extend_from_slice(self.params.as_bytes());
    }
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::with_capacity(96);
        self.print(&mut out);
        f.pad(&String::from_utf8_lossy(&out))
    }
}

impl From<&NameAddr> for Text {
    fn from(address: &NameAddr) -> Text {
        let mut out = Vec::with_capacity(96);
        address.print(&mut out);
        out.into()
    }
}

impl From<NameAddr> for Text {
    fn from(address: NameAddr) -> Text {
        (&address).into()
    }
}

impl From<Uri> for NameAddr {
    fn from(uri: Uri) -> NameAddr {
        NameAddr::new(None, uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_addresses_and_parameters_are_told_apart() {
        // text, display, uri, tag
        for (text, display, uri, tag) in [
            ("<sip:a@b>", None, "sip:a@b", None),
            ("sip:a@b", None, "sip:a@b", None),
            ("sip:a@b;tag=1", None, "sip:a@b", Some("1")),
            ("sip:a@b;x=\"<\";tag=1", None, "sip:a@b", Some("1")),
            ("<sip:a@b;lr>;tag=1", None, "sip:a@b;lr", Some("1")),
            ("Bob <sip:a@b>;tag=1", Some("Bob"), "sip:a@b", Some("1")),
            ("caller<sip:caller@example.com>;tag=323", Some("caller"), "sip:caller@example.com", Some("323")),
            ("A. G. Bell <sip:a@b> ;tag=1", Some("A. G. Bell"), "sip:a@b", Some("1")),
            (
                "\"J Rosenberg \\\\\\\"\" <sip:j@x> ; tag = 98asjd8",
                Some("J Rosenberg \\\""),
                "sip:j@x",
                Some("98asjd8"),
            ),
            ("\"Bell, Alexander\" <sip:a@b>;tag=43", Some("Bell, Alexander"), "sip:a@b", Some("43")),
            ("\"<sip:no@no>\"<sip:yes@yes>", Some("<sip:no@no>"), "sip:yes@yes", None),
            ("\"\" <sip:a@b>", None, "sip:a@b", None),
            ("a\\b <sip:a@b>", Some("a\\b"), "sip:a@b", None),
            ("<sip:a@b?Replaces=x%40y>", None, "sip:a@b?Replaces=x%40y", None),
            ("<tel:+12015550123>", None, "tel:+12015550123", None),
            ("isbn:2983792873", None, "isbn:2983792873", None),
        ] {
            let address = NameAddr::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(address.display.as_ref().map(Text::as_str), display, "{text}");
            assert_eq!(address.uri.to_string(), uri, "{text}");
            assert_eq!(address.tag().as_ref().map(Text::as_str), tag, "{text}");
            let again = NameAddr::parse(&address.to_string()).unwrap();
            assert_eq!(again.to_string(), address.to_string());
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "\"Mr. J. User <sip:j.user@example.com>",
            "\"Bob\" sip:a@b",
            "Bell, Alexander <sip:a.g.bell@example.com>;tag=43",
            "<sip:a@b",
            "< sip:a@b >",
            "sip:user@example.com?Route=%3Csip:sip.example.com%3E",
            "<sip:a@b> tag=1",
            "<sip:a@b>;",
            "<sip:a@b>;;tag=1",
            "Bob",
        ] {
            assert!(NameAddr::parse(text).is_err(), "{text}");
            assert!(check(text.as_bytes(), "test").is_err(), "{text}");
        }
    }

    #[test]
    fn display_names_cannot_break_out_of_their_line() {
        let made = NameAddr::new(Some("x\" <sip:evil@e>\r\nVia: y"), Uri::sip("a", "b", None)).to_string();
        assert_eq!(made, "\"x\\\" <sip:evil@e>  Via: y\" <sip:a@b>");
    }
}
