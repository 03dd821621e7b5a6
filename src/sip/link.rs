//! Where a message came from or goes to.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

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

/// Whether an address is one that we listen on. Where we listen on all of this machine's, its own by name are those of the
/// loopback; a message from any other of them is known by its Via.
#[must_use]
pub fn is_own(locals: &[SocketAddr], address: SocketAddr) -> bool {
    let ip = address.ip().to_canonical();
    locals.iter().any(|local| {
        let all = local.ip().is_unspecified() && (ip.is_loopback() || ip.is_unspecified());
        local.port() == address.port() && (local.ip() == ip || all)
    })
}

/// Whether nothing that is sent there reaches one phone: the unspecified address, groups, everybody.
#[must_use]
pub fn is_nowhere(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.octets().first() == Some(&0) || ip.is_multicast() || ip.is_broadcast(),
        IpAddr::V6(ip) => ip.is_unspecified() || ip.is_multicast(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_reads_as_its_transport_and_the_peer() {
        for (transport, remote, wanted) in [
            (Transport::Udp, "192.0.2.1:5060", "udp:192.0.2.1:5060"),
            (Transport::Tcp, "[2001:db8::1]:5060", "tcp:[2001:db8::1]:5060"),
        ] {
            let link = Link { transport, local: "192.0.2.9:5060".parse().unwrap(), remote: remote.parse().unwrap() };
            assert_eq!(link.to_string(), wanted);
        }
    }

    #[test]
    fn which_addresses_are_ours_and_which_are_nobodys() {
        let locals: Vec<SocketAddr> = ["192.0.2.1:5060", "0.0.0.0:5070"].iter().map(|at| at.parse().unwrap()).collect();
        for (address, own, nowhere) in [
            ("192.0.2.1:5060", true, false),
            ("[::ffff:192.0.2.1]:5060", true, false),
            ("192.0.2.1:5061", false, false),
            ("192.0.2.2:5060", false, false),
            ("127.0.0.1:5070", true, false),
            ("127.0.0.1:5060", false, false),
            ("0.0.0.0:5070", true, true),
            ("0.1.2.3:9", false, true),
            ("224.0.1.75:5060", false, true),
            ("255.255.255.255:5060", false, true),
            ("[::]:5060", false, true),
            ("[ff02::1]:5060", false, true),
            ("[2001:db8::1]:5060", false, false),
        ] {
            let address: SocketAddr = address.parse().unwrap();
            assert_eq!((is_own(&locals, address), is_nowhere(address.ip())), (own, nowhere), "{address}");
        }
    }
}
