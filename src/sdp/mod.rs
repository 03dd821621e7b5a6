//! Offer/answer over SDP (RFC 3264, RFC 8866): which codecs, which direction, where to.
//!
//! [`Negotiator`] is one party's side of one session: it writes our offers and answers, reads the peer's, and keeps
//! what was [`Agreed`]. It carries one audio stream; every other stream is refused in its place.
//! This room knows no SIP: [`SdpError::status`] names the response that a body deserves, and nothing more.

mod lines;
mod negotiator;
mod read;

pub use negotiator::Negotiator;

use std::net::SocketAddr;

/// The content type of every body this room reads and writes.
pub const CONTENT_TYPE: &str = "application/sdp";

/// A codec's encoding name (RFC 3551 section 6). Both run at 8000 Hz with one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    Pcmu,
    Pcma,
}

impl Name {
    /// The payload type that means this codec without an rtpmap (RFC 3551 table 4).
    #[must_use]
    pub const fn payload_type(self) -> u8 {
        match self {
            Name::Pcmu => 0,
            Name::Pcma => 8,
        }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Name::Pcmu => "PCMU",
            Name::Pcma => "PCMA",
        }
    }

    /// Encoding names are compared without case (RFC 4855 section 3).
    #[must_use]
    pub fn parse(text: &str) -> Option<Name> {
        [Name::Pcmu, Name::Pcma].into_iter().find(|name| name.as_str().eq_ignore_ascii_case(text))
    }
}

/// Who sends, from the speaker's own view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    #[default]
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl Direction {
    #[must_use]
    pub const fn new(sends: bool, receives: bool) -> Direction {
        match (sends, receives) {
            (true, true) => Direction::SendRecv,
            (true, false) => Direction::SendOnly,
            (false, true) => Direction::RecvOnly,
            (false, false) => Direction::Inactive,
        }
    }

    #[must_use]
    pub const fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    #[must_use]
    pub const fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }

    /// The same stream seen from the other end.
    #[must_use]
    pub const fn reversed(self) -> Direction {
        Direction::new(self.receives(), self.sends())
    }

    /// What both allow.
    #[must_use]
    pub const fn and(self, other: Direction) -> Direction {
        Direction::new(self.sends() && other.sends(), self.receives() && other.receives())
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Direction> {
        [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive]
            .into_iter()
            .find(|direction| direction.as_str().eq_ignore_ascii_case(text))
    }
}

/// What we would like for our side of the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// Where we receive RTP; RTCP is one port above (RFC 3550 section 11).
    pub address: SocketAddr,
    /// In order of preference, with the payload types of a first offer.
    pub codecs: Vec<(u8, Name)>,
    /// Whether we take digits as RFC 4733 events.
    pub telephone_event: bool,
    pub direction: Direction,
}

/// What an offer and its answer came to, seen from our side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Where the peer receives RTP. Not to be sent to unless `direction` sends.
    pub remote: SocketAddr,
    /// Where the peer receives RTCP: with RTP, where `rtcp_mux` says so; else `a=rtcp` (RFC 3605), else one port above.
    pub remote_rtcp: SocketAddr,
    /// RTP and RTCP share one port, at both ends (RFC 5761).
    pub rtcp_mux: bool,
    /// What we may send, with the peer's payload types; the first is what we do send. Never empty.
    pub codecs: Vec<(u8, Name)>,
    /// What may come in, with our payload types.
    pub accepts: Vec<(u8, Name)>,
    /// The peer's payload type of telephone-event, when both sides take it (RFC 4733).
    pub telephone_event: Option<u8>,
    /// And ours, which it sends.
    pub accepts_event: Option<u8>,
    /// What the peer says it does; no address (0.0.0.0) reads as not receiving, port 0 as inactive.
    pub remote_direction: Direction,
    /// What is left for us: what we said and what the peer lets us do.
    pub direction: Direction,
    /// Milliseconds of sound per packet that the peer asks for: 10 to 60, in steps of 10.
    pub ptime: Option<u16>,
}

/// Why a body cannot be agreed to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    #[error("the body is no session description: {0}")]
    Malformed(String),
    #[error("no audio stream over RTP/AVP")]
    NoAudio,
    #[error("no codec in common")]
    NoCodec,
    #[error("no c= line with a numeric address")]
    Address,
    /// The peer's answer does what RFC 3264 section 6 forbids.
    #[error("the answer does not fit the offer: {0}")]
    Violates(&'static str),
    #[error("an offer of ours waits for its answer")]
    Pending,
    #[error("nothing was offered")]
    NotOffered,
}

impl SdpError {
    /// The SIP status that says so. For an answer, which gets no response, the reason of our BYE or CANCEL.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            SdpError::Malformed(_) => 400,
            SdpError::NoAudio | SdpError::NoCodec | SdpError::Address | SdpError::Violates(_) => 488,
            SdpError::Pending => 491,
            SdpError::NotOffered => 500,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};

    #[test]
    fn directions_turn_and_meet() {
        for (one, turned) in [(SendRecv, SendRecv), (SendOnly, RecvOnly), (RecvOnly, SendOnly), (Inactive, Inactive)] {
            assert_eq!(one.reversed(), turned);
            assert_eq!(one.and(SendRecv), one);
            assert_eq!(one.and(Inactive), Inactive);
            assert_eq!(Direction::parse(one.as_str()), Some(one));
        }
        assert_eq!(SendOnly.and(RecvOnly), Inactive);
    }
}
