//! The session description in a message, found among encodings, dispositions and parts (RFC 3261 section 8.2.3, RFC 5621).

use super::header::{Headers, Name, Valued};
use super::parse::{name_and_value, next_header};
use super::status::Status;
use super::text::Text;
use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use memchr::memmem;

/// The types of body that are understood, as Accept lists them.
pub const ACCEPT: Text =
    Text::from_static("application/sdp, multipart/mixed, multipart/alternative, multipart/related");
/// What Accept-Encoding and Accept-Language list: nothing is ever packed, and our reason phrases are English.
pub const ACCEPT_ENCODING: Text = Text::from_static("identity");
pub const ACCEPT_LANGUAGE: Text = Text::from_static("en");

/// Parts within parts: a letter in an envelope in an envelope is nobody's call.
const DEPTH: u8 = 3;

/// Why a body that must be understood is not, and the header that says what would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    pub status: Status,
    pub header: Option<(Name, Text)>,
}

impl Unfit {
    fn media_type() -> Unfit {
        Unfit { status: Status::UNSUPPORTED_MEDIA_TYPE, header: Some((Name::Accept, ACCEPT)) }
    }

    fn encoding() -> Unfit {
        Unfit { status: Status::UNSUPPORTED_MEDIA_TYPE, header: Some((Name::AcceptEncoding, ACCEPT_ENCODING)) }
    }
}

/// Leaves of a body the session description alone, or nothing when there is none. What is not understood and was
/// optional is passed over; what was not optional is the error, and the message stays as it is.
pub fn open(headers: &mut Headers, body: &mut Bytes) -> Result<(), Unfit> {
    if body.is_empty() || is_plain(headers) {
        return Ok(());
    }
    let found = Part { headers: headers.clone(), body: body.clone() }.description(DEPTH)?;
    for name in [Name::ContentType, Name::ContentEncoding, Name::ContentDisposition] {
        headers.remove(&name);
    }
    if found.is_some() {
        headers.push(Name::ContentType, Text::from_static("application/sdp"));
    }
    *body = found.unwrap_or_default();
    Ok(())
}

/// Whether the sender would take SDP from us: without an Accept it does (RFC 3261 section 20.1).
pub fn is_taken_back(headers: &Headers) -> bool {
    let takes = |range: Text| {
        let range = Valued::read(&range, "Accept").map(|range| range.value).unwrap_or_default();
        ["application/sdp", "application/*", "*/*"].iter().any(|kind| range.eq_ignore_case(kind))
    };
    !headers.has(&Name::Accept) || headers.all(&Name::Accept).any(takes)
}

/// As nearly all are: SDP, not packed, and meant as what it is.
fn is_plain(headers: &Headers) -> bool {
    headers.content_is("application/sdp")
        && !headers.has(&Name::ContentEncoding)
        && !headers.has(&Name::ContentDisposition)
}

struct Part {
    headers: Headers,
    body: Bytes,
}

impl Part {
    fn description(&self, depth: u8) -> Result<Option<Bytes>, Unfit> {
        let disposition = self.headers.valued(&Name::ContentDisposition, "Content-Disposition").ok().flatten();
        // RFC 3261 section 20.11: what says nothing of its handling is required.
        let optional = disposition
            .as_ref()
            .and_then(|found| found.params.get("handling"))
            .is_some_and(|handling| handling.eq_ignore_case("optional"));
        match self.required(disposition.as_ref(), depth) {
            Err(_) if optional => Ok(None),
            result => result,
        }
    }

    fn required(&self, disposition: Option<&Valued>, depth: u8) -> Result<Option<Bytes>, Unfit> {
        let encoded = self.headers.all(&Name::ContentEncoding).any(|encoding| !encoding.eq_ignore_case("identity"));
        if encoded {
            return Err(Unfit::encoding());
        }
        let content = self.headers.content_type().map_err(|_| Unfit::media_type())?;
        let body = self.decoded().ok_or_else(Unfit::media_type)?;
        // RFC 3261 section 21.4.28: sealed for somebody who has a key.
        if content.as_ref().is_some_and(|content| content.is("application/pkcs7-mime")) {
            return Err(Unfit { status: Status::UNDECIPHERABLE, header: None });
        }
        if self.headers.content_is("application/sdp") {
            return match disposition {
                Some(found) if !found.is("session") => Err(Unfit::media_type()),
                _ => Ok(Some(body)),
            };
        }
        let depth = depth.checked_sub(1).ok_or_else(Unfit::media_type)?;
        let content = content.ok_or_else(Unfit::media_type)?;
        let boundary = || content.params.get("boundary").filter(|boundary| !boundary.is_empty());
        let parts = |kind: &str| content.is(kind).then(boundary).flatten().map(|boundary| cut(&body, &boundary));
        if let Some(parts) = parts("multipart/mixed") {
            // Each part is required by itself; of several descriptions the first is meant.
            let mut description = None;
            for part in parts {
                let found = part.description(depth)?;
                description = description.or(found);
            }
            return Ok(description);
        }
        if let Some(parts) = parts("multipart/alternative") {
            // One that is understood is enough (RFC 5621 section 8.2); the last is the sender's favourite.
            let found = parts.iter().rev().find_map(|part| part.description(depth).ok().flatten());
            return found.map(Some).ok_or_else(Unfit::media_type);
        }
        // The first is the root, the others are for its understanding: a signature, a picture (RFC 2387, RFC 1847).
        if let Some(parts) = parts("multipart/related").or_else(|| parts("multipart/signed")) {
            return parts.first().map_or(Err(Unfit::media_type()), |root| root.description(depth));
        }
        Err(Unfit::media_type())
    }
}

impl Part {
    /// As it was before it was made fit for mail (RFC 2045 section 6): SIP carries any bytes, and needs none of it, but
    /// RFC 3261 section 23 shows parts that way. `None`: in a way that nobody knows.
    fn decoded(&self) -> Option<Bytes> {
        let encoding = self.headers.first(&Name::from("Content-Transfer-Encoding"));
        match encoding.map(|encoding| encoding.as_str().trim().to_ascii_lowercase()).as_deref() {
            None | Some("binary" | "8bit" | "7bit") => Some(self.body.clone()),
            Some("base64") => {
                // Section 6.8: line ends, and whatever else is no digit, count for nothing; some leave out the padding.
                let digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
                let digits: Vec<u8> = self.body.iter().copied().filter(digit).collect();
                BASE64.decode(digits).ok().map(Bytes::from)
            }
            Some("quoted-printable") => unquoted(&self.body).map(Bytes::from),
            Some(_) => None,
        }
    }
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Quoted-printable (RFC 2045 section 6.7): `=` and two hexadecimal digits are a byte, `=` at a line's end joins lines.
fn unquoted(body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body.iter().copied();
    while let Some(byte) = rest.next() {
        if byte != b'=' {
            out.push(byte);
            continue;
        }
        match (rest.next()?, rest.next()) {
            (b'\r', Some(b'\n')) => {}
            (b'\n', next) => out.extend(next),
            (high, Some(low)) => {
                let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                out.push(digit(high)? << 4 | digit(low)?);
            }
            (_, None) => return None,
        }
    }
    Some(out)
}

/// The parts of a multipart body (RFC 2046 section 5.1.1): between lines of `--boundary`, up to `--boundary--` or the end.
fn cut(body: &Bytes, boundary: &Text) -> Vec<Part> {
    let delimiter = [b"--", boundary.as_bytes()].concat();
    let mut parts = Vec::new();
    let mut begin = None;
    for at in memmem::find_iter(body, &delimiter) {
        let starts_line = at == 0 || body.get(at - 1) == Some(&b'\n');
        if !starts_line {
            continue;
        }
        if let Some(begin) = begin.take()
            && let Some(part) = body.get(begin..at)
        {
            // The line end before a delimiter belongs to the delimiter.
            let part = part.strip_suffix(b"\n").unwrap_or(part);
            let part = part.strip_suffix(b"\r").unwrap_or(part);
            parts.push(read(body, part));
        }
        let after = body.get(at + delimiter.len()..).unwrap_or_default();
        if after.starts_with(b"--") {
            return parts;
        }
        let line_end = after.iter().position(|byte| *byte == b'\n').unwrap_or(after.len());
        begin = Some(at + delimiter.len() + line_end + 1);
    }
    // Some forget the closing delimiter.
    parts.extend(begin.and_then(|begin| body.get(begin..)).map(|part| read(body, part)));
    parts
}

fn read(body: &Bytes, part: &[u8]) -> Part {
    let mut headers = Headers::new();
    let mut rest = part;
    while let Some((line, after, _)) = next_header(rest) {
        rest = after;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = name_and_value(line) {
            let name = Name::known(name).unwrap_or_else(|| Name::Other(Text::from(name.to_vec())));
            headers.push(name, value.to_vec());
        }
    }
    Part { headers, body: body.slice_ref(rest) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SDP: &str = "v=0\r\ns=-\r\n";

    /// What is left of a body, or the status and the header of its refusal.
    fn opened(headers: &[(&str, &str)], body: &str) -> String {
        let mut headers: Headers = headers.iter().copied().collect();
        let mut body = Bytes::from(body.to_owned());
        match open(&mut headers, &mut body) {
            Ok(()) if body.is_empty() => "nothing".to_owned(),
            Ok(()) if body == SDP && headers.content_is("application/sdp") => "sdp".to_owned(),
            Ok(()) => format!("{headers:?} {body:?}"),
            Err(unfit) => {
                format!(
                    "{} {}",
                    unfit.status.code(),
                    unfit.header.map(|(name, _)| name.to_string()).unwrap_or_default()
                )
            }
        }
    }

    fn parts(parts: &[&str]) -> String {
        parts.iter().fold(String::new(), |body, part| body + "--b\r\n" + part + "\r\n") + "--b--\r\n"
    }

    #[test]
    fn what_the_other_side_takes() {
        for (accept, taken) in [
            (None, true),
            (Some("application/sdp"), true),
            (Some("text/plain;q=0.3, APPLICATION/SDP;level=1"), true),
            (Some("application/*"), true),
            (Some("text/html, */*;q=0.1"), true),
            (Some("text/nobodyKnowsThis"), false),
            (Some(""), false),
        ] {
            let headers: Headers = accept.into_iter().map(|accept| ("Accept", accept)).collect();
            assert_eq!(is_taken_back(&headers), taken, "{accept:?}");
        }
    }

    #[test]
    fn whole_bodies() {
        for (rule, headers, wanted) in [
            ("SDP is what is spoken", &[("c", "application/sdp")][..], "sdp"),
            ("7.4.1 a body without a type is taken for it", &[], "sdp"),
            ("8.2.3 another type", &[("c", "application/unknownformat")], "415 Accept"),
            (
                "20.11 another type that need not be understood",
                &[("c", "text/plain"), ("Content-Disposition", "render;handling=optional")],
                "nothing",
            ),
            (
                "20.11 required is what it is by itself",
                &[("c", "text/plain"), ("Content-Disposition", "render")],
                "415 Accept",
            ),
            (
                "20.11 SDP for this session",
                &[("c", "application/sdp"), ("Content-Disposition", "session;handling=required")],
                "sdp",
            ),
            (
                "20.11 SDP for something else",
                &[("c", "application/sdp"), ("Content-Disposition", "early-session")],
                "415 Accept",
            ),
            (
                "20.11 SDP for something else, if we like",
                &[("c", "application/sdp"), ("Content-Disposition", "early-session;handling=optional")],
                "nothing",
            ),
            ("20.12 packed", &[("c", "application/sdp"), ("e", "gzip")], "415 Accept-Encoding"),
            ("20.12 packed in nothing", &[("c", "application/sdp"), ("Content-Encoding", "identity")], "sdp"),
            ("21.4.28 sealed", &[("c", "application/pkcs7-mime;smime-type=enveloped-data")], "493 "),
            ("no type at all", &[("c", "nonsense;;")], "415 Accept"),
            ("parts without a boundary", &[("c", "multipart/mixed")], "415 Accept"),
        ] {
            assert_eq!(opened(headers, SDP), wanted, "{rule}");
        }
    }

    #[test]
    fn parts_made_fit_for_mail() {
        let part = |kind: &str, encoding: &str, body: &str| {
            let body = format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}");
            opened(&[("Content-Type", "multipart/mixed;boundary=b")], &parts(&[&body]))
        };
        for (rule, encoding, body, wanted) in [
            ("RFC 2045 6.2 as it is", "binary", SDP, "sdp"),
            ("6.2", "8BIT", SDP, "sdp"),
            ("6.8 base64", "base64", "dj0wDQpzPS0NCg==", "sdp"),
            ("6.8 in lines, and without its padding", "Base64", "dj0w\r\nDQpz\r\n PS0NCg", "sdp"),
            ("6.8 cut short", "base64", "dj0wDQpzPS0NC", "415 Accept"),
            ("6.7 quoted", "quoted-printable", "v=3D0=0D=0As=3D-\r\n", "sdp"),
            ("6.7 a soft line break", "quoted-printable", "v=3d=\r\n0\r\ns=3D=\n-\r\n", "sdp"),
            ("6.7 cut short", "quoted-printable", "v=3", "415 Accept"),
            ("6.7 no digits", "quoted-printable", "v=xx0", "415 Accept"),
            ("6.4 unknown", "x-uuencode", SDP, "415 Accept"),
        ] {
            assert_eq!(part("application/sdp", encoding, body), wanted, "{rule}");
        }
        let inner = "LS1jDQpDb250ZW50LVR5cGU6IGFwcGxpY2F0aW9uL3NkcA0KDQp2PTANCnM9LQ0KDQotLWMtLQ==";
        assert_eq!(part("multipart/mixed;boundary=c", "base64", inner), "sdp", "parts in a part");
    }

    #[test]
    fn bodies_of_parts() {
        let sdp = format!("Content-Type: application/sdp\r\n\r\n{SDP}");
        let (sdp, bare) = (sdp.as_str(), format!("\r\n{SDP}"));
        let nested = format!("Content-Type: multipart/alternative;boundary=c\r\n\r\n--c\r\n{sdp}\r\n--c--");
        let deep = (0..4).fold(sdp.to_owned(), |inner, n| {
            format!("Content-Type: multipart/mixed;boundary=d{n}\r\n\r\n--d{n}\r\n{inner}\r\n--d{n}--")
        });
        let isup =
            "Content-Type: application/isup\r\nContent-Disposition: signal;handling=optional\r\n\r\n\u{1}\0\u{2}";
        let photo = "c: image/jpeg\r\n\r\nxx";
        for (rule, kind, body, wanted) in [
            ("one part", "multipart/mixed", parts(&[sdp]), "sdp"),
            ("a part without headers", "multipart/mixed", parts(&[&bare]), "sdp"),
            ("binary beside it, optional", "multipart/mixed", parts(&[isup, sdp]), "sdp"),
            ("something beside it that must be understood", "multipart/mixed", parts(&[sdp, photo]), "415 Accept"),
            ("nothing for us, and nothing required", "multipart/mixed", parts(&[isup]), "nothing"),
            ("a preamble, and no end", "multipart/mixed", format!("This is MIME.\r\n--b\r\n{sdp}"), "sdp"),
            ("typed by hand", "multipart/mixed", parts(&[sdp]).replace("\r\n", "\n").replace('\n', "\r\n"), "sdp"),
            ("RFC 5621 8.2 one of several is understood", "multipart/alternative", parts(&[sdp, photo]), "sdp"),
            ("RFC 5621 8.2 none is", "multipart/alternative", parts(&[photo]), "415 Accept"),
            ("RFC 2387 the root", "multipart/related", parts(&[sdp, photo]), "sdp"),
            ("RFC 1847 signed", "multipart/signed", parts(&[sdp, "c: application/pkcs7-signature\r\n\r\nx"]), "sdp"),
            ("parts in parts", "multipart/mixed", parts(&[&nested, isup]), "sdp"),
            ("too many envelopes", "multipart/mixed", parts(&[&deep]), "415 Accept"),
            ("no part", "multipart/related", "--b--".to_owned(), "415 Accept"),
            ("another kind of many", "multipart/digest", parts(&[sdp]), "415 Accept"),
        ] {
            let kind = format!("{kind};boundary=\"b\"");
            assert_eq!(opened(&[("Content-Type", &kind)], &body), wanted, "{rule}");
        }
    }
}
