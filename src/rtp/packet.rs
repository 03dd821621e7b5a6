//! One RTP packet: read, written, and given a new header where it lies.

use rtp_rs::{Pad, RtpPacketBuilder, RtpReader};
use std::ops::Range;

/// A header without contributing sources or extension, the only kind we write.
pub const HEADER: usize = 12;

/// What a packet says, pointing into its datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    pub header: Header,
    pub payload: &'a [u8],
    offset: usize,
}

/// The fields of a packet's header that live from hop to hop (RFC 3550 section 5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    pub payload_type: u8,
    pub marker: bool,
    pub seq: u16,
    pub timestamp: u32,
    pub ssrc: u32,
}

/// The datagram is no RTP packet of version 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an RTP packet")]
pub struct Malformed;

impl<'a> Packet<'a> {
    pub fn read(datagram: &'a [u8]) -> Result<Self, Malformed> {
        let reader = RtpReader::new(datagram).map_err(|_| Malformed)?;
        Ok(Packet {
            header: Header {
                payload_type: reader.payload_type(),
                marker: reader.mark(),
                seq: reader.sequence_number().into(),
                timestamp: reader.timestamp(),
                ssrc: reader.ssrc(),
            },
            payload: reader.payload(),
            offset: reader.payload_offset(),
        })
    }

    /// Where in the datagram the payload lies.
    #[must_use]
    pub fn place(&self) -> Range<usize> {
        self.offset..self.offset + self.payload.len()
    }
}

impl Header {
    fn builder<'a>(&self) -> RtpPacketBuilder<'a> {
        RtpPacketBuilder::new()
            .payload_type(self.payload_type & 0x7f)
            .marked(self.marker)
            .sequence(self.seq.into())
            .timestamp(self.timestamp)
            .ssrc(self.ssrc)
    }
}

/// Writes a packet and tells its length; `None` when it does not fit. `pad` is the multiple that its length is brought
/// to (a block cipher may want one), with zeros.
pub fn write(header: &Header, payload: &[u8], pad: Option<u8>, out: &mut [u8]) -> Option<usize> {
    let mut builder = header.builder().payload(payload);
    if let Some(pad) = pad {
        builder = builder.padded(Pad::round_to(pad));
        // Only the last byte of the padding is written by the builder; what lay here before must not go out.
        out.get_mut(HEADER + payload.len()..builder.target_length())?.fill(0);
    }
    builder.build_into(out).ok()
}

/// Puts a new header before the payload that lies at `place`, and gives the packet. What the sender said to us alone -
/// contributing sources, header extensions, padding - is left behind.
pub fn rewrite<'a>(datagram: &'a mut [u8], place: &Range<usize>, header: &Header) -> Option<&'a [u8]> {
    let start = place.start.checked_sub(HEADER)?;
    let packet = datagram.get_mut(start..place.end)?;
    header.builder().build_into(packet).ok()?;
    Some(packet)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Header = Header { payload_type: 8, marker: true, seq: 65_535, timestamp: u32::MAX, ssrc: 7 };

    #[test]
    fn what_is_written_is_read() {
        let mut out = [0xaa; 64];
        let length = write(&HEAD, b"sound", None, &mut out).unwrap();
        assert_eq!(length, HEADER + 5);
        let packet = Packet::read(&out[..length]).unwrap();
        assert_eq!((packet.header, packet.payload, packet.place()), (HEAD, &b"sound"[..], 12..17));
        assert_eq!(write(&HEAD, b"sound", None, &mut [0; 16]), None);
    }

    #[test]
    fn padding_is_zeros_and_no_payload() {
        let mut out = [0xaa; 64];
        let length = write(&HEAD, b"sound", Some(4), &mut out).unwrap();
        assert_eq!(out[17..length], [0, 0, 3]);
        assert_eq!(Packet::read(&out[..length]).unwrap().payload, b"sound");
    }

    #[test]
    fn a_relayed_packet_leaves_the_hop_by_hop_parts_behind() {
        // Version 2, padding, extension, two contributing sources.
        let mut datagram = vec![0xb2, 0x08, 0, 1, 0, 0, 0, 160, 0, 0, 0, 9];
        datagram.extend([0, 0, 0, 1, 0, 0, 0, 2]);
        datagram.extend([0xbe, 0xde, 0, 1, 1, 2, 3, 4]);
        datagram.extend(b"sound");
        datagram.extend([0, 2]);
        let place = Packet::read(&datagram).unwrap().place();
        for ssrc in [7, 8] {
            let header = Header { ssrc, ..HEAD };
            let out = rewrite(&mut datagram, &place, &header).unwrap();
            assert_eq!(out.len(), HEADER + 5);
            assert_eq!(out[0], 0x80);
            let packet = Packet::read(out).unwrap();
            assert_eq!((packet.header, packet.payload), (header, &b"sound"[..]));
        }
    }

    #[test]
    fn what_is_no_packet_is_refused() {
        for (case, datagram) in [
            ("empty", &[][..]),
            ("short", &[0x80; 11]),
            ("version 1", &[0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            ("sources cut off", &[0x8f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            ("extension cut off", &[0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]),
            ("padding longer than the packet", &[0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 200]),
            ("padding of nothing", &[0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        ] {
            assert_eq!(Packet::read(datagram), Err(Malformed), "{case}");
        }
    }
}
