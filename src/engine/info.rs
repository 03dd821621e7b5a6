//! INFO in a dialog: keys pressed by phones that send them as requests.

use super::Engine;
use crate::sip::{Name, Request, Response, ServerKey, SessionId, Status, Text};

const KEYS: Text = Text::from_static("application/dtmf-relay, application/dtmf");

impl Engine {
    pub(super) fn on_info(&mut self, session: SessionId, key: ServerKey, request: &Request) {
        let response = |status| Response::for_request(request, status);
        let answer = match key_of(request) {
            Ok(digit) => {
                if let (Some(digit), Some((_, connection, _))) = (digit, self.whose(session)) {
                    self.on_digit(connection, digit);
                }
                response(Status::OK)
            }
            // RFC 3261 section 21.4.13.
            Err(Status::UNSUPPORTED_MEDIA_TYPE) => {
                response(Status::UNSUPPORTED_MEDIA_TYPE).with_header(Name::Accept, KEYS)
            }
            // RFC 6086 section 4.2.2: which packages are taken, which is none.
            Err(Status::BAD_INFO_PACKAGE) => {
                response(Status::BAD_INFO_PACKAGE).with_header(Name::from("Recv-Info"), Text::default())
            }
            Err(status) => response(status),
        };
        self.respond(key, answer);
    }
}

/// `Signal=5` of application/dtmf-relay, or the bare digit of application/dtmf; an INFO without a body asks whether we
/// are still there.
fn key_of(request: &Request) -> Result<Option<char>, Status> {
    let headers = &request.headers;
    if headers.has(&Name::from("Info-Package")) {
        return Err(Status::BAD_INFO_PACKAGE);
    }
    if request.body.is_empty() {
        return Ok(None);
    }
    let body = String::from_utf8_lossy(&request.body);
    let digit = if headers.content_is("application/dtmf-relay") {
        body.lines().find_map(|line| {
            let (name, value) = line.split_once(['=', ':'])?;
            name.trim().eq_ignore_ascii_case("signal").then(|| value.trim().to_owned())
        })
    } else if headers.content_is("application/dtmf") {
        Some(body.trim().to_owned())
    } else {
        return Err(Status::UNSUPPORTED_MEDIA_TYPE);
    };
    let digit = digit.unwrap_or_default().to_ascii_uppercase();
    // Some write the star and what follows it as the numbers of RFC 4733 section 3.2.
    match digit.as_str() {
        "10" => return Ok(Some('*')),
        "11" => return Ok(Some('#')),
        "12" => return Ok(Some('A')),
        "13" => return Ok(Some('B')),
        "14" => return Ok(Some('C')),
        "15" => return Ok(Some('D')),
        // The hook flash is no digit.
        "16" | "FLASH" => return Ok(None),
        _ => {}
    }
    let mut chars = digit.chars();
    match (chars.next(), chars.next()) {
        (Some(c @ ('0'..='9' | '*' | '#' | 'A'..='D')), None) => Ok(Some(c)),
        _ => Err(Status::BAD_REQUEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::{Method, Uri};

    #[test]
    fn keys_in_info() {
        let relay = "application/dtmf-relay";
        for (kind, body, wanted) in [
            (relay, "Signal=5\r\nDuration=160\r\n", Ok(Some('5'))),
            (relay, "Signal= *\r\n", Ok(Some('*'))),
            (relay, "signal: 9\nDuration: 250\n", Ok(Some('9'))),
            (relay, "Duration=160\r\nSignal=#", Ok(Some('#'))),
            (relay, "Signal=11\r\nDuration=100\r\n", Ok(Some('#'))),
            (relay, "Signal=d\r\n", Ok(Some('D'))),
            (relay, "Signal=12\r\n", Ok(Some('A'))),
            (relay, "Signal=15\r\n", Ok(Some('D'))),
            (relay, "Signal=16\r\n", Ok(None)),
            (relay, "Signal=flash\r\n", Ok(None)),
            (relay, "Signal=17\r\n", Err(400)),
            (relay, "Signal=55\r\n", Err(400)),
            (relay, "Duration=160\r\n", Err(400)),
            (relay, "Signal=!\r\n", Err(400)),
            ("application/dtmf", "7", Ok(Some('7'))),
            ("application/dtmf", " 10\r\n", Ok(Some('*'))),
            ("application/dtmf", "x", Err(400)),
            ("text/plain", "", Ok(None)),
            ("text/plain", "5", Err(415)),
            ("application/media_control+xml", "<media_control/>", Err(415)),
        ] {
            let mut request = Request::new(Method::Info, Uri::sip("a", "b", None));
            request.headers.push(Name::ContentType, kind);
            request.body = bytes::Bytes::from(body);
            assert_eq!(key_of(&request).map_err(|status| status.code()), wanted, "{kind}: {body:?}");
        }
        let mut package = Request::new(Method::Info, Uri::sip("a", "b", None));
        package.headers.push(Name::from("Info-Package"), "x");
        assert_eq!(key_of(&package), Err(Status::BAD_INFO_PACKAGE), "RFC 6086 4.2.2");
    }
}
