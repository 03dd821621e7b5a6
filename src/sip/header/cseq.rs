//! CSeq: a request's number within its dialog, and its method once more (RFC 3261 section 20.16).

use std::fmt;

use crate::sip::method::Method;
use crate::sip::scan::{Malformed, is_token, number, trim, trim_start};
use crate::sip::text::Text;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CSeq {
    pub number: u32,
    pub method: Method,
}

pub(crate) fn scan(bytes: &[u8]) -> Result<(u32, &[u8]), Malformed> {
    let fault = Malformed::new("CSeq", "not a 32-bit number and a method");
    let bytes = trim(bytes);
    let end = bytes.iter().position(|b| !b.is_ascii_digit()).ok_or(fault)?;
    let (digits, rest) = bytes.split_at(end);
    let method = trim_start(rest);
    if method.len() == rest.len() || !is_token(method) {
        return Err(fault);
    }
    let number = number(digits).and_then(|number| u32::try_from(number).ok()).ok_or(fault)?;
    Ok((number, method))
}

impl CSeq {
    pub fn read(text: &Text) -> Result<CSeq, Malformed> {
        let (number, method) = scan(text.as_bytes())?;
        Ok(CSeq { number, method: Method::read(&text.part(method)) })
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}

impl From<CSeq> for Text {
    fn from(cseq: CSeq) -> Text {
        cseq.to_string().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_and_method_are_read() {
        for (text, wanted) in [
            ("1 INVITE", Some((1, Method::Invite))),
            ("0009\t INVITE", Some((9, Method::Invite))),
            ("4294967295 ACK", Some((u32::MAX, Method::Ack))),
            ("139122385 NEWMETHOD", Some((139_122_385, Method::Other("NEWMETHOD".into())))),
            ("4294967296 ACK", None),
            ("36893488147419103232 REGISTER", None),
            ("-1 INVITE", None),
            ("INVITE", None),
            ("1", None),
            ("1INVITE", None),
            ("1 INVITE x", None),
            ("", None),
        ] {
            let got = CSeq::read(&text.into()).ok().map(|cseq| (cseq.number, cseq.method));
            assert_eq!(got, wanted, "{text}");
        }
    }
}
