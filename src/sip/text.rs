//! A cheap string: a slice of the datagram it came in, or a few bytes of our own.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;

/// SIP text is UTF-8 by rule and anything at all in the wild, so the bytes are kept as they came and compared as they are.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Bytes);

impl Text {
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        Text(Bytes::from_static(text.as_bytes()))
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As a string, up to the first byte that is no UTF-8.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.utf8_chunks().next().map_or("", |chunk| chunk.valid())
    }

    /// As a string with every byte accounted for: what is no UTF-8 becomes U+FFFD.
    #[must_use]
    pub fn to_str_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn eq_ignore_case(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other.as_bytes())
    }

    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// The same memory, less of it. `part` must lie within this text.
    pub(crate) fn part(&self, part: &[u8]) -> Text {
        Text(self.0.slice_ref(part))
    }
}

impl From<Bytes> for Text {
    fn from(bytes: Bytes) -> Self {
        Text(bytes)
    }
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Self {
        Text(bytes.into())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Text(text.into())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Text(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl From<&Text> for Text {
    fn from(text: &Text) -> Self {
        text.clone()
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_str_lossy())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_str_lossy(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_kept_and_shown_as_well_as_they_can_be() {
        for (bytes, prefix, lossy) in [
            (&b"plain"[..], "plain", "plain"),
            ("J\u{f6}rg".as_bytes(), "J\u{f6}rg", "J\u{f6}rg"),
            (b"J\xf6rg", "J", "J\u{fffd}rg"),
            (b"\xff", "", "\u{fffd}"),
        ] {
            let text = Text::from(bytes.to_vec());
            assert_eq!(text.as_bytes(), bytes);
            assert_eq!(text.as_str(), prefix);
            assert_eq!(text.to_string(), lossy);
        }
    }
}
