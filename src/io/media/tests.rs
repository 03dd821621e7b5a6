//! Media threads and phones on sockets of their own.

use super::*;
use crate::audio::Library;
use crate::engine::Input;
use crate::ids::{PortId, ShardId};
use crate::io::inbox;
use crate::io::recordings::Tapes;
use crate::media::{Codec, MediaCommand, MediaEvent, PortSpec, Settings, Source, Start};
use crate::rtp::{Header, Packet, write};
use std::net::{Ipv4Addr, SocketAddr};

/// A phone on a socket of its own, and the switch's port for it.
struct Phone {
    socket: std::net::UdpSocket,
    port: PortId,
    local: SocketAddr,
    seq: u16,
}

impl Phone {
    fn new(number: u64) -> Phone {
        let loopback = || std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let socket = loopback();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        // A number that was free a moment ago, and its neighbour with it.
        let local = std::iter::repeat_with(|| loopback().local_addr().unwrap())
            .find(|at| at.port() % 2 == 0 && std::net::UdpSocket::bind((at.ip(), at.port() + 1)).is_ok())
            .unwrap();
        Phone { socket, port: PortId(number), local, seq: 0 }
    }

    fn spec(&self, generation: u64, hears: u64) -> PortSpec {
        PortSpec {
            generation,
            remote: self.socket.local_addr().ok(),
            latch: true,
            codec: Some((Codec::Pcmu, 0)),
            send: true,
            receive: true,
            start: Start::Now,
            source: Source::Hear(vec![PortId(hears)]),
            ..PortSpec::default()
        }
    }

    fn say(&mut self, byte: u8) {
        self.seq += 1;
        let header = Header { seq: self.seq, timestamp: u32::from(self.seq) * 160, ssrc: 5, ..Header::default() };
        let mut packet = [0; 172];
        write(&header, &[byte; 160], None, &mut packet).unwrap();
        self.socket.send_to(&packet, self.local).unwrap();
    }

    fn next(&self) -> (Header, Vec<u8>) {
        let mut buffer = [0; 400];
        let (length, from) = self.socket.recv_from(&mut buffer).expect("a packet within five seconds");
        assert_eq!(from, self.local);
        let packet = Packet::read(&buffer[..length]).unwrap();
        (packet.header, packet.payload.to_vec())
    }
}

#[test]
fn a_port_goes_to_another_thread_with_its_sockets() {
    let (inbox, tray) = inbox::inbox();
    let plane = |seed| Plane::new(seed, Arc::new(Library::default()), Settings::default());
    let mut shards = Vec::new();
    let mut running = Vec::new();
    for (shard, thread) in
        threads(Clock::start(), vec![plane(1), plane(2)], &inbox, &Tapes::new(sync_channel(1).0)).unwrap()
    {
        shards.push(shard);
        running.push(std::thread::spawn(move || thread.run()));
    }
    let (mut talker, listener) = (Phone::new(1), Phone::new(2));
    let mut tell = |shard: usize, command: MediaCommand| {
        shards[shard].order(Order::Command(command));
        shards[shard].flush();
    };
    // They live on two threads, and do not hear each other.
    for (shard, phone, hears) in [(0, &talker, 2), (1, &listener, 1)] {
        tell(shard, MediaCommand::Open { port: phone.port, local: phone.local });
        tell(shard, MediaCommand::Set { port: phone.port, spec: phone.spec(1, hears) });
    }
    let (first, silence) = listener.next();
    assert_eq!(silence, [0xff; 160]);
    let mut seen = vec![first];
    // The listener comes, is told more while under way, and goes on in the same stream; there and back, many times.
    for round in 0..20_u8 {
        let (from, to) = if round % 2 == 0 { (1, 0) } else { (0, 1) };
        for phone in [&listener, &talker] {
            // The talker is there already in the first round.
            if round == 0 && phone.port == talker.port {
                continue;
            }
            let port = phone.port;
            tell(to, MediaCommand::Expect { port });
            tell(from, MediaCommand::HandOver { port, to: ShardId(to as u16) });
            let hears = 3 - port.0;
            tell(to, MediaCommand::Set { port, spec: phone.spec(u64::from(round) + 2, hears) });
        }
        let heard = (0..100).find(|_| {
            talker.say(round);
            let (header, payload) = listener.next();
            seen.push(header);
            payload == [round; 160]
        });
        assert!(heard.is_some(), "round {round}: 100 packets and not heard");
    }
    for pair in seen.windows(2) {
        assert_eq!(pair[0].ssrc, pair[1].ssrc);
        assert_eq!(pair[0].seq.wrapping_add(1), pair[1].seq);
    }
    for phone in [&listener, &talker] {
        tell(1, MediaCommand::Close { port: phone.port });
    }
    let mut closed = 0;
    while closed < 2 {
        let told = tray.wait(Duration::from_secs(5)).unwrap().expect("both are told of");
        closed += usize::from(matches!(told, Input::Media(MediaEvent::Closed { .. })));
    }
    drop(shards);
    for thread in running {
        thread.join().unwrap().unwrap();
    }
}
