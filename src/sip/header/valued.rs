//! A value with parameters: the shape of Content-Type, Event, Reason, Replaces, Session-Expires and many more.

use crate::sip::params::Params;
use crate::sip::scan::{Malformed, trim};
use crate::sip::text::Text;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Valued {
    pub value: Text,
    pub params: Params,
}

impl Valued {
    pub fn read(text: &Text, what: &'static str) -> Result<Valued, Malformed> {
        let bytes = trim(text.as_bytes());
        let end = bytes.iter().position(|b| *b == b';').unwrap_or(bytes.len());
        let (value, tail) = bytes.split_at(end);
        let value = trim(value);
        if value.is_empty() {
            return Err(Malformed::new(what, "no value"));
        }
        Ok(Valued { value: text.part(value), params: Params::read(text.part(tail), what)? })
    }

    /// Whether the value is this, whatever its case.
    #[must_use]
    pub fn is(&self, value: &str) -> bool {
        self.value.eq_ignore_case(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_their_parameters_are_read() {
        for (text, value, name, param) in [
            ("application/sdp", "application/sdp", "x", None),
            ("multipart/mixed; boundary=\"7a9c;bd\"", "multipart/mixed", "boundary", Some("7a9c;bd")),
            ("SIP ;cause=200 ;text=\"Call completed elsewhere\"", "SIP", "cause", Some("200")),
            ("1800;refresher=uac", "1800", "refresher", Some("uac")),
            (
                "425928@bobster.example.org;to-tag=7743;from-tag=6472",
                "425928@bobster.example.org",
                "to-tag",
                Some("7743"),
            ),
        ] {
            let valued = Valued::read(&text.into(), "test").unwrap();
            assert_eq!(valued.value, value);
            assert_eq!(valued.params.get(name).as_ref().map(Text::as_str), param, "{text}");
        }
        assert!(Valued::read(&";x=1".into(), "test").is_err());
    }
}
