//! The headers of a message, in order: kept as text, typed when asked.

mod cseq;
mod name;
mod name_addr;
mod valued;
mod via;

use std::net::SocketAddr;

pub use cseq::CSeq;
pub use name::Name;
pub use name_addr::{Contacts, NameAddr};
pub use valued::Valued;
pub use via::{MAGIC_COOKIE, Via};

pub(crate) use cseq::scan as scan_cseq;
pub(crate) use name_addr::{check as check_name_addr, check_contacts};
pub(crate) use via::check as check_via;

use super::method::Method;
use super::scan::{Malformed, elements, next_element, number, trim};
use super::text::Text;

/// Content-Length is not among them: it is read with the body, and written from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(Name, Text)>);

const fn missing(what: &'static str) -> Malformed {
    Malformed::new(what, "missing")
}

/// A number of seconds; what is malformed or past all sense counts as an hour (RFC 3261 sections 20.10 and 20.19).
pub(crate) fn seconds(digits: &[u8]) -> u32 {
    number(trim(digits)).and_then(|number| u32::try_from(number).ok()).unwrap_or(3600)
}

impl Headers {
    #[must_use]
    pub fn new() -> Headers {
        Headers::default()
    }

    pub(crate) fn with_capacity(lines: usize) -> Headers {
        Headers(Vec::with_capacity(lines))
    }

    /// A line as the parser found it.
    pub(crate) fn push_line(&mut self, name: Name, value: Text) {
        self.0.push((name, value));
    }

    /// Adds a line at the end. A value of several lines becomes one: whoever made it cannot add headers of his own.
    pub fn push(&mut self, name: impl Into<Name>, value: impl Into<Text>) {
        self.0.push((name.into(), one_line(value.into())));
    }

    /// Adds a line before all others of its name, or before everything: where a Via or a Record-Route goes.
    pub fn push_front(&mut self, name: impl Into<Name>, value: impl Into<Text>) {
        let name = name.into();
        let at = self.0.iter().position(|(found, _)| *found == name).unwrap_or(0);
        self.0.insert(at, (name, one_line(value.into())));
    }

    /// Puts one line of that name where the first was, or at the end.
    pub fn set(&mut self, name: impl Into<Name>, value: impl Into<Text>) {
        let name = name.into();
        let Some(at) = self.0.iter().position(|(found, _)| *found == name) else {
            return self.push(name, value);
        };
        let mut index = 0;
        self.0.retain(|(found, _)| {
            index += 1;
            index - 1 == at || *found != name
        });
        if let Some((_, old)) = self.0.get_mut(at) {
            *old = one_line(value.into());
        }
    }

    pub fn remove(&mut self, name: &Name) {
        self.0.retain(|(found, _)| found != name);
    }

    /// Every line, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Text)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The first line of that name, whole.
    #[must_use]
    pub fn first(&self, name: &Name) -> Option<&Text> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value)
    }

    #[must_use]
    pub fn has(&self, name: &Name) -> bool {
        self.first(name).is_some()
    }

    /// Every line of that name, whole.
    pub fn lines<'a>(&'a self, name: &'a Name) -> impl Iterator<Item = &'a Text> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| value)
    }

    /// Every value of that name: a line of several is cut at its commas where the RFC allows several. Empty ones are skipped.
    pub fn all<'a>(&'a self, name: &'a Name) -> impl Iterator<Item = Text> + 'a {
        let list = name.is_list();
        self.lines(name).flat_map(move |line| {
            // Without a list, the one element of the line is the line.
            let mut rest = Some(line.as_bytes());
            std::iter::from_fn(move || {
                let bytes = rest?;
                let (element, after) = if list { next_element(bytes, b',') } else { (bytes, None) };
                rest = after;
                Some(line.part(trim(element)))
            })
            .filter(|value| !value.is_empty())
        })
    }

    /// The topmost Via.
    pub fn via(&self) -> Result<Via, Malformed> {
        let line = self.first(&Name::Via).ok_or(missing("Via"))?;
        let (top, _) = next_element(line.as_bytes(), b',');
        Via::read(&line.part(trim(top)))
    }

    pub fn vias(&self) -> Result<Vec<Via>, Malformed> {
        self.all(&Name::Via).map(|value| Via::read(&value)).collect()
    }

    /// Notes in the topmost Via where the request really came from: `received` when the sender calls itself otherwise
    /// (RFC 3261 section 18.2.1), and both that and the port when it asks by `rport` (RFC 3581 section 4).
    pub fn stamp(&mut self, source: SocketAddr) -> Result<(), Malformed> {
        let mut via = self.via()?;
        let asked = via.params.has("rport");
        if asked {
            via.params.set("rport", &source.port().to_string());
        }
        let source = source.ip().to_canonical();
        if asked || via.host.ip() != Some(source) {
            via.params.set("received", &source.to_string());
        } else {
            // A sender does not get to say where it is.
            via.params.remove("received");
        }
        if let Some((_, line)) = self.0.iter_mut().find(|(name, _)| *name == Name::Via) {
            let (_, others) = next_element(line.as_bytes(), b',');
            let mut stamped = Vec::with_capacity(line.len() + 48);
            via.print(&mut stamped);
            if let Some(others) = others {
                stamped.extend_from_slice(b", ");
                stamped.extend_from_slice(trim(others));
            }
            *line = stamped.into();
        }
        Ok(())
    }

    pub fn from(&self) -> Result<NameAddr, Malformed> {
        NameAddr::read(self.first(&Name::From).ok_or(missing("From"))?, "From")
    }

    pub fn to(&self) -> Result<NameAddr, Malformed> {
        NameAddr::read(self.first(&Name::To).ok_or(missing("To"))?, "To")
    }

    /// Adds a tag to To where there is none yet (RFC 3261 section 8.2.6.2).
    pub fn tag_to(&mut self, tag: &str) {
        if let Ok(to) = self.to()
            && to.tag().is_none()
            && let Some((_, line)) = self.0.iter_mut().find(|(name, _)| *name == Name::To)
        {
            // Appended, not printed anew: the rest goes back exactly as it came (some phones compare it byte by byte).
            let mut tagged = line.as_bytes().to_vec();
            tagged.extend_from_slice(b";tag=");
            tagged.extend_from_slice(tag.as_bytes());
            *line = tagged.into();
        }
    }

    #[must_use]
    pub fn call_id(&self) -> Option<&Text> {
        self.first(&Name::CallId)
    }

    pub fn cseq(&self) -> Result<CSeq, Malformed> {
        CSeq::read(self.first(&Name::CSeq).ok_or(missing("CSeq"))?)
    }

    /// `None` when absent, or beyond its 0 to 255, which may be taken as absent (RFC 4475 section 3.1.2.4).
    #[must_use]
    pub fn max_forwards(&self) -> Option<u8> {
        let value = self.first(&Name::MaxForwards)?;
        number(trim(value.as_bytes())).and_then(|hops| u8::try_from(hops).ok())
    }

    pub fn contacts(&self) -> Result<Contacts, Malformed> {
        if self.lines(&Name::Contact).any(|line| trim(line.as_bytes()) == b"*") {
            return Ok(Contacts::Star);
        }
        self.addresses(&Name::Contact, "Contact").map(Contacts::List)
    }

    /// The first Contact's URI: the remote target of a dialog.
    #[must_use]
    pub fn contact(&self) -> Option<NameAddr> {
        match self.contacts() {
            Ok(Contacts::List(list)) => list.into_iter().next(),
            _ => None,
        }
    }

    pub fn routes(&self) -> Result<Vec<NameAddr>, Malformed> {
        self.addresses(&Name::Route, "Route")
    }

    pub fn record_routes(&self) -> Result<Vec<NameAddr>, Malformed> {
        self.addresses(&Name::RecordRoute, "Record-Route")
    }

    /// Every value of a header made of addresses (P-Asserted-Identity, Path, Diversion, ...).
    pub fn addresses(&self, name: &Name, what: &'static str) -> Result<Vec<NameAddr>, Malformed> {
        self.all(name).map(|value| NameAddr::read(&value, what)).collect()
    }

    /// One value with its parameters, of whatever header has that shape; `None` when absent.
    pub fn valued(&self, name: &Name, what: &'static str) -> Result<Option<Valued>, Malformed> {
        self.first(name).map(|value| Valued::read(value, what)).transpose()
    }

    /// In seconds; a malformed value counts as an hour.
    #[must_use]
    pub fn expires(&self) -> Option<u32> {
        self.first(&Name::Expires).map(|value| seconds(value.as_bytes()))
    }

    /// Whether Allow names the method. Without an Allow header nobody knows: see `has`.
    #[must_use]
    pub fn allows(&self, method: &Method) -> bool {
        let name = method.as_str().as_bytes();
        self.lines(&Name::Allow).any(|line| elements(line.as_bytes(), b',').any(|value| value == name))
    }

    /// Whether Supported or Require names the option tag: what a peer requires it also supports.
    #[must_use]
    pub fn supports(&self, option: &str) -> bool {
        self.0
            .iter()
            .filter(|(name, _)| matches!(name, Name::Supported | Name::Require))
            .any(|(_, line)| elements(line.as_bytes(), b',').any(|tag| tag.eq_ignore_ascii_case(option.as_bytes())))
    }

    /// The option tags of Require.
    #[must_use]
    pub fn requires(&self) -> Vec<Text> {
        self.all(&Name::Require).collect()
    }

    pub fn content_type(&self) -> Result<Option<Valued>, Malformed> {
        self.valued(&Name::ContentType, "Content-Type")
    }

    /// Whether the body is of this type; a body without a type is taken for SDP where SDP is asked for.
    #[must_use]
    pub fn content_is(&self, media_type: &str) -> bool {
        match self.content_type() {
            Ok(Some(found)) => found.is(media_type),
            Ok(None) => media_type.eq_ignore_ascii_case("application/sdp"),
            Err(_) => false,
        }
    }

    /// Copies every line of that name from another message.
    pub fn copy(&mut self, name: &Name, from: &Headers) {
        let lines = from.0.iter().filter(|(found, _)| found == name);
        self.0.extend(lines.cloned());
    }
}

fn one_line(value: Text) -> Text {
    if !value.as_bytes().iter().any(|b| matches!(b, b'\r' | b'\n')) {
        return value;
    }
    let folded = value.as_bytes().iter().map(|b| if matches!(b, b'\r' | b'\n') { b' ' } else { *b });
    folded.collect::<Vec<u8>>().into()
}

impl<N: Into<Name>, V: Into<Text>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(lines: I) -> Headers {
        let mut headers = Headers::new();
        for (name, value) in lines {
            headers.push(name, value);
        }
        headers
    }
}

impl<N: Into<Name>, V: Into<Text>> Extend<(N, V)> for Headers {
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, lines: I) {
        for (name, value) in lines {
            self.push(name, value);
        }
    }
}

#[cfg(test)]
mod tests;
