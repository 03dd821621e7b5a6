//! The `;name=value` tail of URIs and headers, looked up when asked.

use std::fmt;

use memchr::memchr3;

use super::scan::{Malformed, elements, is_token_byte, quote_into, quoted, trim, trim_start, unescape};
use super::text::Text;

/// Kept as it came (empty, or starting with its semicolon); names are compared without regard to case.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params(Text);

impl Params {
    /// Reads a tail such as `;branch=z9hG4bK1 ;rport`: empty, or starting with a semicolon.
    pub(crate) fn read(raw: Text, what: &'static str) -> Result<Params, Malformed> {
        check(raw.as_bytes(), what)?;
        Ok(Params(raw))
    }

    /// A tail that `check` has been over.
    pub(crate) fn checked(raw: Text) -> Params {
        Params(raw)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Every parameter as it was written: its name, and its value if it has one (quotes left on).
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        pairs(self.0.as_bytes())
    }

    /// The value of a parameter, quotes taken off; empty when it stands without one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Text> {
        let (_, value) = self.iter().find(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes()))?;
        let value = value.unwrap_or_default();
        Some(match quoted(value) {
            Some((inside, _)) => unescape(&self.0, inside),
            None => self.0.part(value),
        })
    }

    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.iter().any(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes()))
    }

    /// Sets `name=value` in place of one of that name, or at the end; quoted when the value is no token or address.
    pub fn set(&mut self, name: &str, value: &str) {
        self.put(name, Some(value));
    }

    /// Sets a parameter that stands without a value, as `lr` and `rport` do.
    pub fn set_flag(&mut self, name: &str) {
        self.put(name, None);
    }

    pub fn remove(&mut self, name: &str) {
        if self.has(name) {
            self.rewrite(name, |_| false);
        }
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    fn put(&mut self, name: &str, value: Option<&str>) {
        let write = |out: &mut Vec<u8>| {
            out.push(b';');
            out.extend_from_slice(name.as_bytes());
            if let Some(value) = value {
                out.push(b'=');
                let bare = |b: u8| is_token_byte(b) || matches!(b, b'[' | b']' | b':' | b'/' | b'@');
                if !value.is_empty() && value.bytes().all(bare) {
                    out.extend_from_slice(value.as_bytes());
                } else {
                    quote_into(out, value.as_bytes());
                }
            }
            true
        };
        if !self.rewrite(name, write) {
            let mut out = self.0.as_bytes().to_vec();
            write(&mut out);
            self.0 = out.into();
        }
    }

    /// Copies all but the parameters of that name, letting `write` stand in for the first.
    fn rewrite(&mut self, name: &str, write: impl Fn(&mut Vec<u8>) -> bool) -> bool {
        let mut out = Vec::with_capacity(self.0.len() + 32);
        let mut met = false;
        for (found, value) in self.iter() {
            if found.eq_ignore_ascii_case(name.as_bytes()) {
                if !met {
                    write(&mut out);
                }
                met = true;
                continue;
            }
            out.push(b';');
            out.extend_from_slice(found);
            if let Some(value) = value {
                out.push(b'=');
                out.extend_from_slice(value);
            }
        }
        if met {
            self.0 = out.into();
        }
        met
    }
}

fn pairs(raw: &[u8]) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
    let inside = raw.strip_prefix(b";");
    inside.into_iter().flat_map(|inside| elements(inside, b';')).map(|param| match memchr::memchr(b'=', param) {
        Some(at) => (trim(param.get(..at).unwrap_or_default()), Some(trim(param.get(at + 1..).unwrap_or_default()))),
        None => (param, None),
    })
}

/// Whether `raw` is a tail of parameters. Every message pays for this several times, hence one pass without cutting.
pub(crate) fn check(raw: &[u8], what: &'static str) -> Result<(), Malformed> {
    // Names are tokens, in URIs with a few more (RFC 3261 section 25.1, param-unreserved).
    let proper = |b: &u8| is_token_byte(*b) || matches!(b, b'[' | b']' | b'/' | b':' | b'&' | b'$');
    let mut rest = raw;
    while let [first, after @ ..] = rest {
        if *first != b';' {
            return Err(Malformed::new(what, "text where a parameter should start"));
        }
        let name = trim_start(after);
        let end = name.iter().position(|b| !proper(b)).unwrap_or(name.len());
        if end == 0 {
            return Err(Malformed::new(what, "a parameter without a proper name"));
        }
        rest = trim_start(name.get(end..).unwrap_or_default());
        let Some(value) = rest.strip_prefix(b"=") else { continue };
        let value = trim_start(value);
        if value.starts_with(b"\"") {
            let (_, after) = quoted(value).ok_or(Malformed::new(what, "a quoted parameter that does not end"))?;
            rest = trim_start(after);
        } else {
            // A quote or bracket inside a bare value would hide the next semicolon from some and not from others.
            let end = memchr3(b';', b'"', b'<', value).unwrap_or(value.len());
            rest = value.get(end..).unwrap_or_default();
        }
    }
    Ok(())
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(raw: &str) -> Result<Params, Malformed> {
        Params::read(Text::from(raw), "test")
    }

    #[test]
    fn values_are_found_by_name() {
        let all = params(";branch = z9hG4bK.1 ; rport;text=\"a;b \\\"c\\\"\";TTL=16;received=2001:db8::1").unwrap();
        for (name, wanted) in [
            ("branch", Some("z9hG4bK.1")),
            ("RPORT", Some("")),
            ("text", Some("a;b \"c\"")),
            ("ttl", Some("16")),
            ("received", Some("2001:db8::1")),
            ("maddr", None),
        ] {
            assert_eq!(all.get(name).as_ref().map(Text::as_str), wanted, "{name}");
        }
    }

    #[test]
    fn what_is_no_parameter_is_refused() {
        for (raw, valid) in [
            ("", true),
            (";a", true),
            (";a=", true),
            ("a", false),
            (";", false),
            (";;a", false),
            (";a;", false),
            (";=x", false),
            (";a b", false),
            (";a=\"open", false),
            (";a=\"x\"y", false),
            (";a=x\"y;b\"", false),
            (";a=<x", false),
            (" ;a", false),
            ("; a = \"x\" ;b", true),
            (";a=;b= ;c", true),
        ] {
            assert_eq!(params(raw).is_ok(), valid, "{raw}");
        }
    }

    #[test]
    fn setting_replaces_in_place_and_quotes_what_needs_it() {
        let mut all = params(";a=1;rport;b=2").unwrap();
        all.set("rport", "5060");
        assert_eq!(all.to_string(), ";a=1;rport=5060;b=2");
        all.set("text", "so, so");
        all.remove("A");
        assert_eq!(all.to_string(), ";rport=5060;b=2;text=\"so, so\"");
        all.set_flag("lr");
        assert_eq!(all.to_string(), ";rport=5060;b=2;text=\"so, so\";lr");
    }
}
