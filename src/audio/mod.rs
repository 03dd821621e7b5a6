//! Samples only: codecs, resampling, mixing, tones, WAV.

mod clip;
mod codec;
mod conceal;
mod goertzel;
mod mix;
mod noise;
mod resample;
mod riff;
mod stretch;
mod tone;
mod wav;

pub use clip::{Clip, Library};
pub use codec::{Codec, Decoder, Encoder};
pub use conceal::Concealment;
pub use goertzel::{Goertzel, level_db, power};
pub use mix::add;
pub use noise::Noise;
pub use stretch::{STRETCHED, lengthen, shorten};
pub use tone::{Tone, Tones, digit, note};
pub use wav::{AudioError, STEREO_HEADER, stereo_header, write, write_stereo};

/// What the switch thinks in: telephone sound (RFC 3551 section 4.5.14).
pub const SAMPLE_RATE: u32 = 8_000;
/// Samples in 20 ms at [`SAMPLE_RATE`].
pub const FRAME_SAMPLES: usize = 160;
