//! Messages to bytes.

use std::io::Write;

use bytes::{BufMut, Bytes, BytesMut};

use super::header::Headers;
use super::message::{Message, Request, Response};

impl Request {
    /// Appends the request to `out`. Content-Length is always written, from the body (RFC 3261 section 20.14).
    pub fn print(&self, out: &mut BytesMut) {
        let mut line = Vec::with_capacity(96);
        line.extend_from_slice(self.method.as_bytes());
        line.push(b' ');
        self.uri.print(&mut line);
        line.extend_from_slice(b" SIP/2.0");
        print(&line, &self.headers, &self.body, out);
    }

    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut out = BytesMut::new();
        self.print(&mut out);
        out.freeze()
    }
}

impl Response {
    pub fn print(&self, out: &mut BytesMut) {
        let mut line = Vec::with_capacity(64);
        // Writing to a Vec cannot fail.
        let _ = write!(line, "SIP/2.0 {} ", self.status.code());
        line.extend(self.reason.as_bytes().iter().map(|b| if matches!(b, b'\r' | b'\n') { b' ' } else { *b }));
        print(&line, &self.headers, &self.body, out);
    }

    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut out = BytesMut::new();
        self.print(&mut out);
        out.freeze()
    }
}

impl Message {
    pub fn print(&self, out: &mut BytesMut) {
        match self {
            Message::Request(request) => request.print(out),
            Message::Response(response) => response.print(out),
        }
    }

    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        match self {
            Message::Request(request) => request.to_bytes(),
            Message::Response(response) => response.to_bytes(),
        }
    }
}

/// What the headers of a message rarely exceed; more grows the buffer once.
const HEADERS: usize = 1536;

/// `start` is the start line without its end.
fn print(start: &[u8], headers: &Headers, body: &[u8], out: &mut BytesMut) {
    out.reserve(HEADERS + body.len());
    out.put_slice(start);
    for (name, value) in headers.iter() {
        match name.line_start() {
            Some(start) => out.put_slice(start),
            None => {
                out.put_slice(b"\r\n");
                out.put_slice(name.as_bytes());
                out.put_slice(b": ");
            }
        }
        out.put_slice(value.as_bytes());
    }
    let mut length = [0; 48];
    let mut rest = &mut length[..];
    // 48 bytes have room for the longest number there is.
    let _ = write!(rest, "\r\nContent-Length: {}\r\n\r\n", body.len());
    let written = 48 - rest.len();
    out.put_slice(length.get(..written).unwrap_or_default());
    out.put_slice(body);
}
