//! Where a message came from or goes to.

use std::fmt;
use std::net::SocketAddr;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    Udp,
    Tcp,
}

impl Transport {
    /// A stream needs framing and keeps order; a datagram needs retransmission (RFC 3261 section 17).
    #[must_use]
    pub const fn is_reliable(self) -> bool {
        matches!(self, Transport::Tcp)
    }

    /// As a Via header writes it.
    #[must_use]
    pub const fn via(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
        }
    }

    /// As a `transport=` URI parameter writes it.
    #[must_use]
    pub const fn param(self) -> &'static str {
        match self {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
        }
    }
}

/// One way between us and a peer. (RFC 5626 calls it a flow; here a flow is Connect's.)
/// For TCP, `local` is the listening address we would name in a Via; the connection is found by `remote`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link {
    pub transport: Transport,
    pub local: SocketAddr,
    pub remote: SocketAddr,
}

impl Link {
    /// Whether both peers are the same host, by whatever port and transport.
    #[must_use]
    pub fn is_same_host(&self, other: Link) -> bool {
        self.remote.ip().to_canonical() == other.remote.ip().to_canonical()
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.transport.param(), self.remote)
    }
}
