//! The alphabet of SIP: which byte may stand where, and cutting text without losing quotes.

use memchr::memchr;

use super::text::Text;

/// Why a piece of a message cannot be read: what is at fault, and how. A request that has it is answered 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {why}")]
pub struct Malformed {
    pub what: &'static str,
    pub why: &'static str,
}

impl Malformed {
    pub(crate) const fn new(what: &'static str, why: &'static str) -> Self {
        Malformed { what, why }
    }
}

/// `token` of RFC 3261 section 25.1.
pub(crate) const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~')
}

pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|b| is_token_byte(*b))
}

const fn is_space(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[inline]
pub(crate) fn trim_start(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes {
        if !is_space(first) {
            break;
        }
        bytes = rest;
    }
    bytes
}

#[inline]
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    let mut bytes = trim_start(bytes);
    while let [rest @ .., last] = bytes {
        if !is_space(last) {
            break;
        }
        bytes = rest;
    }
    bytes
}

/// Cuts at the first `byte`, which belongs to neither half.
#[inline]
pub(crate) fn cut(bytes: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr(byte, bytes)?;
    Some((bytes.get(..at)?, bytes.get(at + 1..)?))
}

/// The inside of the quoted string that `bytes` starts with (escapes left in), and what follows its closing quote.
pub(crate) fn quoted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = bytes.strip_prefix(b"\"")?;
    let mut escaped = false;
    for (at, byte) in inside.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some((inside.get(..at)?, inside.get(at + 1..)?)),
            _ => {}
        }
    }
    None
}

/// The inside of a quoted string as it is meant: each backslash gone, what it guards kept.
pub(crate) fn unescape(whole: &Text, inside: &[u8]) -> Text {
    if !inside.contains(&b'\\') {
        return whole.part(inside);
    }
    let mut plain = Vec::with_capacity(inside.len());
    let mut escaped = false;
    for byte in inside {
        if *byte == b'\\' && !escaped {
            escaped = true;
        } else {
            plain.push(*byte);
            escaped = false;
        }
    }
    plain.into()
}

/// Writes `inside` as a quoted string: quotes, backslashes and control bytes guarded. Line ends cannot be, and become spaces
/// (RFC 3261 section 25.1, quoted-pair).
pub(crate) fn quote_into(out: &mut Vec<u8>, inside: &[u8]) {
    out.push(b'"');
    for byte in inside {
        match byte {
            b'\r' | b'\n' => out.push(b' '),
            b'"' | b'\\' | 0..=8 | 11..=31 | 127 => out.extend_from_slice(&[b'\\', *byte]),
            _ => out.push(*byte),
        }
    }
    out.push(b'"');
}

/// Cuts the first element off a list at `separator`, minding quoted strings and angle brackets.
/// Without a separator the whole is the first element.
pub(crate) fn next_element(bytes: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    // Most lists hold one element, and most that hold more have nothing before the first separator that could hide it.
    let Some(at) = memchr(separator, bytes) else { return (bytes, None) };
    let first = bytes.get(..at).unwrap_or_default();
    if memchr::memchr2(b'"', b'<', first).is_none() {
        return (first, bytes.get(at + 1..));
    }
    let (mut quoted, mut escaped, mut bracketed) = (false, false, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' if !bracketed => quoted = !quoted,
            _ if quoted => {}
            b'<' => bracketed = true,
            b'>' => bracketed = false,
            b if *b == separator && !bracketed => {
                return (bytes.get(..at).unwrap_or_default(), bytes.get(at + 1..));
            }
            _ => {}
        }
    }
    (bytes, None)
}

/// The elements of a list, trimmed.
pub(crate) fn elements(bytes: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let (element, after) = next_element(rest?, separator);
        rest = after;
        Some(trim(element))
    })
}

/// A number of plain digits, `None` when it is none or too big.
pub(crate) fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |sum, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(*digit - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_cut_outside_quotes_and_brackets() {
        for (list, wanted) in [
            ("", vec![""]),
            ("a", vec!["a"]),
            ("a, b ,c", vec!["a", "b", "c"]),
            ("\"x, y\" <sip:a>, <sip:b,c>", vec!["\"x, y\" <sip:a>", "<sip:b,c>"]),
            (r#""quote \", still", next"#, vec![r#""quote \", still""#, "next"]),
            ("<sip:a?x=\"1>, b", vec!["<sip:a?x=\"1>", "b"]),
            ("a,,b,", vec!["a", "", "b", ""]),
        ] {
            let got: Vec<_> = elements(list.as_bytes(), b',').map(String::from_utf8_lossy).collect();
            assert_eq!(got, wanted, "{list}");
        }
    }

    #[test]
    fn quoted_strings_go_out_as_they_came_in() {
        for plain in ["", "Bob", "a \"b\" \\c", "\u{f6}, <x>"] {
            let mut out = Vec::new();
            quote_into(&mut out, plain.as_bytes());
            let text = Text::from(out);
            let (inside, rest) = quoted(text.as_bytes()).unwrap();
            assert_eq!(unescape(&text, inside), plain);
            assert!(rest.is_empty());
        }
        assert_eq!(quoted(b"\"open"), None);
        assert_eq!(quoted(b"\"open\\\""), None);
    }

    #[test]
    fn numbers_are_digits_only_and_bounded() {
        for (digits, wanted) in [
            ("", None),
            ("0", Some(0)),
            ("0000000009", Some(9)),
            ("-1", None),
            ("+1", None),
            ("1 ", None),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
        ] {
            assert_eq!(number(digits.as_bytes()), wanted, "{digits}");
        }
    }
}
