//! Codecs: the closed list, and the state of each direction.
//!
//! G.711 needs no state and makes one byte of each sample. Everything a wider codec needs has its place all the same:
//! encoder and decoder are values that live as long as their stream, lengths are asked for and never assumed, and the
//! RTP clock is kept apart from the sampling rate (G.722 samples at 16 kHz and counts at 8, RFC 3551 section 4.5.2).

use audio_codec_algorithms::{decode_alaw, decode_ulaw, encode_alaw, encode_ulaw};

/// A codec with its static payload type (RFC 3551). Opus and G.722 join this list later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    Pcmu,
    Pcma,
}

impl Codec {
    /// The name of the SDP `rtpmap` (RFC 3551 section 6).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Codec::Pcmu => "PCMU",
            Codec::Pcma => "PCMA",
        }
    }

    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        [Codec::Pcmu, Codec::Pcma].into_iter().find(|codec| codec.name().eq_ignore_ascii_case(name))
    }

    /// RFC 3551 table 4.
    #[must_use]
    pub const fn payload_type(self) -> u8 {
        match self {
            Codec::Pcmu => 0,
            Codec::Pcma => 8,
        }
    }

    /// Ticks a second of the RTP timestamp.
    #[must_use]
    pub const fn clock_rate(self) -> u32 {
        match self {
            Codec::Pcmu | Codec::Pcma => 8_000,
        }
    }

    /// Samples a second that go into the encoder and come out of the decoder.
    #[must_use]
    pub const fn sample_rate(self) -> u32 {
        match self {
            Codec::Pcmu | Codec::Pcma => 8_000,
        }
    }

    /// How far a payload moves the RTP timestamp on.
    #[must_use]
    pub fn ticks(self, payload: &[u8]) -> u32 {
        match self {
            Codec::Pcmu | Codec::Pcma => u32::try_from(payload.len()).unwrap_or(u32::MAX),
        }
    }

    /// Fills a payload with silence.
    pub fn silence(self, payload: &mut [u8]) {
        payload.fill(match self {
            Codec::Pcmu => 0xff,
            Codec::Pcma => 0xd5,
        });
    }
}

/// Samples to payloads, for one stream.
#[derive(Clone, Debug)]
pub enum Encoder {
    Pcmu,
    Pcma,
}

impl Encoder {
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        match codec {
            Codec::Pcmu => Encoder::Pcmu,
            Codec::Pcma => Encoder::Pcma,
        }
    }

    /// Encodes one frame and tells how many bytes of `payload` it took. What does not fit is left out.
    pub fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> usize {
        let law = match self {
            Encoder::Pcmu => encode_ulaw,
            Encoder::Pcma => encode_alaw,
        };
        for (byte, sample) in payload.iter_mut().zip(pcm) {
            *byte = law(*sample);
        }
        pcm.len().min(payload.len())
    }
}

/// Payloads to samples, for one stream.
#[derive(Clone, Debug)]
pub enum Decoder {
    Pcmu,
    Pcma,
}

impl Decoder {
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        match codec {
            Codec::Pcmu => Decoder::Pcmu,
            Codec::Pcma => Decoder::Pcma,
        }
    }

    /// Appends what the payload says.
    pub fn decode(&mut self, payload: &[u8], pcm: &mut Vec<i16>) {
        match self {
            Decoder::Pcmu => pcm.extend(payload.iter().map(|byte| decode_ulaw(*byte))),
            Decoder::Pcma => pcm.extend(payload.iter().map(|byte| decode_alaw(*byte))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_laws_give_back_every_code() {
        for codec in [Codec::Pcmu, Codec::Pcma] {
            for code in 0..=255_u8 {
                let mut pcm = Vec::new();
                Decoder::new(codec).decode(&[code], &mut pcm);
                let mut again = [0];
                assert_eq!(Encoder::new(codec).encode(&pcm, &mut again), 1);
                // u-law has two zeros (ITU-T G.711 table 2a); they sound the same.
                assert!(again[0] == code || pcm == [0], "{codec:?} {code}");
            }
        }
    }

    #[test]
    fn silence_is_silent() {
        for (codec, quiet) in [(Codec::Pcmu, 0), (Codec::Pcma, 8)] {
            let (mut payload, mut pcm) = ([0_u8; 4], Vec::new());
            codec.silence(&mut payload);
            Decoder::new(codec).decode(&payload, &mut pcm);
            assert!(pcm.iter().all(|s| s.abs() <= quiet), "{codec:?}: {pcm:?}");
        }
    }

    #[test]
    fn names_and_payload_types_are_those_of_rfc_3551() {
        for (codec, name, payload_type) in [(Codec::Pcmu, "pcmu", 0), (Codec::Pcma, "PCMA", 8)] {
            assert_eq!(Codec::by_name(name), Some(codec));
            assert_eq!(codec.payload_type(), payload_type);
        }
        assert_eq!(Codec::by_name("G722"), None);
    }
}
