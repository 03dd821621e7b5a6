//! A reader of RIFF chunks for the WAV files that hound refuses.

use super::wav::{AudioError, Sound};
use audio_codec_algorithms::{decode_alaw, decode_ulaw};

const PCM: u16 = 0x0001;
const FLOAT: u16 = 0x0003;
const ALAW: u16 = 0x0006;
const ULAW: u16 = 0x0007;
/// The true format stands in the first two bytes of the sub-format.
const EXTENSIBLE: u16 = 0xfffe;

struct Format {
    tag: u16,
    channels: u16,
    rate: u32,
    bits: u16,
}

pub(super) fn read(file: &[u8]) -> Result<Sound, AudioError> {
    let mut rest = match (file.get(..4), file.get(8..12), file.get(12..)) {
        (Some(b"RIFF"), Some(b"WAVE"), Some(rest)) => rest,
        (None, ..) => return Err(AudioError::NotWav("it is empty".into())),
        (Some(head), ..) => {
            return Err(AudioError::NotWav(format!("it begins with {:?}", String::from_utf8_lossy(head))));
        }
    };
    let mut format = None;
    while let Some((name, length, body)) = chunk(rest) {
        match name {
            b"fmt " => format = parse(body.get(..length).unwrap_or(body)),
            b"data" => {
                let format = format.ok_or_else(|| AudioError::NotWav("it has no `fmt ` chunk".into()))?;
                // A writer to a pipe cannot come back to fill in the length: it leaves 0 or all ones.
                let data = if length == 0 { body } else { body.get(..length).unwrap_or(body) };
                return decode(&format, data);
            }
            _ => {}
        }
        // A chunk of odd length is followed by a byte that does not count.
        rest = body.get(length.next_multiple_of(2)..).unwrap_or_default();
    }
    let missing = if format.is_none() { "fmt " } else { "data" };
    Err(AudioError::NotWav(format!("it has no `{missing}` chunk")))
}

/// The name and length of the chunk that `bytes` begins with, and everything behind its head.
fn chunk(bytes: &[u8]) -> Option<(&[u8; 4], usize, &[u8])> {
    let (name, rest) = bytes.split_first_chunk::<4>()?;
    let (length, body) = rest.split_first_chunk::<4>()?;
    Some((name, usize::try_from(u32::from_le_bytes(*length)).ok()?.min(0xffff_fffe), body))
}

fn parse(body: &[u8]) -> Option<Format> {
    let half = |at: usize| body.get(at..at + 2).and_then(|b| b.try_into().ok()).map(u16::from_le_bytes);
    let word = |at: usize| body.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
    let mut tag = half(0)?;
    if tag == EXTENSIBLE {
        tag = half(24)?;
    }
    Some(Format { tag, channels: half(2)?, rate: word(4)?, bits: half(14)? })
}

fn decode(format: &Format, data: &[u8]) -> Result<Sound, AudioError> {
    let samples: Vec<f32> = match (format.tag, format.bits) {
        (PCM, 8) => data.iter().map(|b| (f32::from(*b) - 128.0) / 128.0).collect(),
        (PCM, 16) => each(data, |b: [u8; 2]| f32::from(i16::from_le_bytes(b)) / 32_768.0),
        (PCM, 24) => each(data, |[a, b, c]: [u8; 3]| i32::from_le_bytes([0, a, b, c]) as f32 / 2_147_483_648.0),
        (PCM, 32) => each(data, |b: [u8; 4]| i32::from_le_bytes(b) as f32 / 2_147_483_648.0),
        (FLOAT, 32) => each(data, f32::from_le_bytes),
        (FLOAT, 64) => each(data, |b: [u8; 8]| f64::from_le_bytes(b) as f32),
        (ULAW, 8) => data.iter().map(|b| f32::from(decode_ulaw(*b)) / 32_768.0).collect(),
        (ALAW, 8) => data.iter().map(|b| f32::from(decode_alaw(*b)) / 32_768.0).collect(),
        (tag, bits) => return Err(AudioError::Encoding(format!("format 0x{tag:04x} of {bits} bits"))),
    };
    Ok(Sound { rate: format.rate, channels: format.channels, samples })
}

fn each<const N: usize>(data: &[u8], sample: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    data.as_chunks::<N>().0.iter().map(|bytes| sample(*bytes)).collect()
}
