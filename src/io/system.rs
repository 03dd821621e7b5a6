//! What only the operating system gives: sockets with the options that telephony wants (buffers, DSCP, addresses taken
//! over after a restart), and memory handed back. The one file where `unsafe` may stand.

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Once;
use std::time::Duration;

/// Expedited forwarding for sound (RFC 4594 section 4.1), in the upper six bits of the byte.
const EF: u32 = 46 << 2;
/// CS3 as phones and switches mark signalling; RFC 4594 section 4.2 names CS5, which few networks honour.
const CS3: u32 = 24 << 2;

/// A burst of messages at 10,000 a second for some 100 ms.
const SIP_BUFFER: usize = 4 << 20;
/// Half a second of one phone's packets, ten times over.
const RTP_BUFFER: usize = 128 << 10;

/// Hands memory that a busy hour has left free back to the system.
#[allow(unsafe_code)]
pub(super) fn trim_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim takes no pointer and may be called at any time from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

pub(super) fn sip_udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = udp(address, SIP_BUFFER, CS3)?;
    Ok(socket.into())
}

/// Ready for a poll: does not block.
pub(super) fn rtp(address: SocketAddr) -> io::Result<mio::net::UdpSocket> {
    let socket = udp(address, RTP_BUFFER, EF)?;
    socket.set_nonblocking(true)?;
    Ok(mio::net::UdpSocket::from_std(socket.into()))
}

fn udp(address: SocketAddr, buffer: usize, traffic_class: u32) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    only_its_family(&socket, address)?;
    // The kernel gives what its limits allow; less is no reason not to start.
    let _given = (socket.set_recv_buffer_size(buffer), socket.set_send_buffer_size(buffer));
    mark(&socket, address, traffic_class);
    socket.bind(&address.into())?;
    Ok(socket)
}

/// Does not block: for tokio.
pub(super) fn tcp_listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    only_its_family(&socket, address)?;
    // A restart must not wait for the old connections' TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// What every SIP connection gets, whoever opened it.
pub(super) fn sip_stream(stream: &tokio::net::TcpStream, peer: SocketAddr) {
    let socket = SockRef::from(stream);
    mark(&socket, peer, CS3);
    let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(15));
    // A peer that vanished without a word is noticed by the kernel; without that, by the idle limit.
    let _given = (socket.set_tcp_keepalive(&keepalive), socket.set_tcp_nodelay(true));
}

/// [::] is not 0.0.0.0 too: each family is listed by itself.
fn only_its_family(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    if address.is_ipv6() { socket.set_only_v6(true) } else { Ok(()) }
}

/// Marking is a wish to the network; a host that forbids it still carries calls, and says so once.
fn mark(socket: &Socket, address: SocketAddr, traffic_class: u32) {
    static SAID: Once = Once::new();
    let marked = if address.is_ipv6() { socket.set_tclass_v6(traffic_class) } else { socket.set_tos_v4(traffic_class) };
    if let Err(fault) = marked {
        SAID.call_once(|| tracing::warn!(%fault, "packets cannot be marked for priority (DSCP); calls go on without"));
    }
}

/// Two sockets a leg, besides connections: as many as the system lets us have.
pub(super) fn raise_descriptor_limit() -> u64 {
    rlimit::increase_nofile_limit(1 << 20).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_and_signalling_are_marked_in_both_families() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let address: SocketAddr = address.parse().unwrap();
            let mark = |socket: &Socket| match address {
                SocketAddr::V4(_) => socket.tos_v4(),
                SocketAddr::V6(_) => socket.tclass_v6(),
            };
            // A host without IPv6 cannot say.
            let Ok(sound) = udp(address, RTP_BUFFER, EF) else { continue };
            let signalling = udp(address, SIP_BUFFER, CS3).unwrap();
            // RFC 3246: 46; RFC 2474: class selector 3 is 24.
            assert_eq!((mark(&sound).unwrap() >> 2, mark(&signalling).unwrap() >> 2), (46, 24), "{address}");
        }
    }
}
