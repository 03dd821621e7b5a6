//! WAV files in and out.

use super::{SAMPLE_RATE, resample, riff};
use std::io::Cursor;

/// Longer than any prompt; a file that claims more is refused before memory is taken for it.
const FILE_BYTES: usize = 256 << 20;
/// From the slowest that carries speech to the fastest that is sold.
const RATES: std::ops::RangeInclusive<u32> = 1_000..=384_000;

/// Why a file cannot be played. The file is at fault, never the call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AudioError {
    #[error("not a WAV file: {0}")]
    NotWav(String),
    #[error("the WAV file holds {0}, which cannot be read; save it as PCM, float, u-law or A-law")]
    Encoding(String),
    #[error("the sampling rate of {0} Hz is not between 1,000 and 384,000")]
    Rate(u32),
    #[error("the file says {0} channels")]
    Channels(u16),
    #[error("the file holds no sound")]
    Empty,
    #[error("the file is larger than 256 MiB")]
    TooLong,
    #[error("the sampling rate of {rate} Hz cannot be converted: {reason}")]
    Resample { rate: u32, reason: String },
}

/// Sound as a file has it: samples of all channels in turn, each between -1 and 1.
pub(super) struct Sound {
    pub rate: u32,
    pub channels: u16,
    pub samples: Vec<f32>,
}

/// One channel of telephone sound from a WAV file.
pub(super) fn read(file: &[u8]) -> Result<Vec<i16>, AudioError> {
    if file.len() > FILE_BYTES {
        return Err(AudioError::TooLong);
    }
    let sound = match by_hound(file) {
        Some(sound) => sound,
        None => riff::read(file)?,
    };
    if sound.channels == 0 {
        return Err(AudioError::Channels(0));
    }
    if !RATES.contains(&sound.rate) {
        return Err(AudioError::Rate(sound.rate));
    }
    let channels = usize::from(sound.channels);
    let mono: Vec<f32> =
        sound.samples.chunks_exact(channels).map(|all| all.iter().sum::<f32>() / channels as f32).collect();
    if mono.is_empty() {
        return Err(AudioError::Empty);
    }
    let telephone = resample::to_telephone(mono, sound.rate)?;
    // A float sample that is no number becomes silence; `as` saturates the rest.
    Ok(telephone.into_iter().map(|sample| (sample * 32_768.0).round() as i16).collect())
}

/// What hound can read. It refuses u-law and A-law, odd LIST chunks and streamed lengths: those are read by [`riff`].
fn by_hound(file: &[u8]) -> Option<Sound> {
    let mut reader = hound::WavReader::new(Cursor::new(file)).ok()?;
    let spec = reader.spec();
    let samples: Vec<f32> = match spec.sample_format {
        hound::SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>().ok()?,
        hound::SampleFormat::Int => {
            let full = 2_f32.powi(i32::from(spec.bits_per_sample) - 1);
            reader.samples::<i32>().map(|s| s.map(|s| s as f32 / full)).collect::<Result<_, _>>().ok()?
        }
    };
    (!samples.is_empty()).then_some(Sound { rate: spec.sample_rate, channels: spec.channels, samples })
}

/// A WAV file of one channel of telephone sound.
#[must_use]
pub fn write(pcm: &[i16]) -> Vec<u8> {
    file(1, pcm.iter().copied())
}

/// A WAV file of two channels; the shorter one is filled up with silence.
#[must_use]
pub fn write_stereo(left: &[i16], right: &[i16]) -> Vec<u8> {
    let at = |pcm: &[i16], n: usize| pcm.get(n).copied().unwrap_or(0);
    file(2, (0..left.len().max(right.len())).flat_map(|n| [at(left, n), at(right, n)]))
}

/// Bytes before the samples in a WAV file of ours.
pub const STEREO_HEADER: usize = 44;

/// The beginning of a WAV file that holds so many samples of each of two channels; of one too long for its own format, as
/// many as that can say.
#[must_use]
pub fn stereo_header(samples: u64) -> [u8; STEREO_HEADER] {
    const ALIGN: u32 = 4;
    let most = (u32::MAX - STEREO_HEADER as u32) / ALIGN * ALIGN;
    let data = u32::try_from(samples.saturating_mul(ALIGN.into())).unwrap_or(most).min(most);
    let mut header = *b"RIFF    WAVEfmt \x10\0\0\0\x01\0\x02\0    \0\0\0\0\x04\0\x10\0data    ";
    let whole = data + STEREO_HEADER as u32 - 8;
    for (at, word) in [(4, whole), (24, SAMPLE_RATE), (28, SAMPLE_RATE * ALIGN), (40, data)] {
        if let Some(place) = header.get_mut(at..at + 4) {
            place.copy_from_slice(&word.to_le_bytes());
        }
    }
    header
}

fn file(channels: u16, samples: impl Iterator<Item = i16>) -> Vec<u8> {
    let spec = hound::WavSpec {
        channels,
        sample_rate: SAMPLE_RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = Cursor::new(Vec::new());
    let written = hound::WavWriter::new(&mut bytes, spec).and_then(|mut writer| {
        for sample in samples {
            writer.write_sample(sample)?;
        }
        writer.finalize()
    });
    // Memory takes whatever is written to it; a header of 16-bit PCM is always valid.
    debug_assert!(written.is_ok());
    bytes.into_inner()
}

#[cfg(test)]
mod tests {
    use super::super::{note, power};
    use super::*;
    use audio_codec_algorithms::{encode_alaw, encode_ulaw};

    /// How one file is laid out.
    struct Made<'a> {
        tag: u16,
        rate: u32,
        channels: u16,
        bits: u16,
        data: Vec<u8>,
        before: &'a [u8],
        length: Option<u32>,
    }

    impl Made<'_> {
        fn bytes(&self) -> Vec<u8> {
            let mut out = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0".to_vec();
            let align = self.channels * self.bits / 8;
            out.extend(self.tag.to_le_bytes());
            out.extend(self.channels.to_le_bytes());
            out.extend(self.rate.to_le_bytes());
            out.extend((self.rate * u32::from(align)).to_le_bytes());
            out.extend(align.to_le_bytes());
            out.extend(self.bits.to_le_bytes());
            out.extend(self.before);
            out.extend(b"data");
            out.extend(self.length.unwrap_or(self.data.len() as u32).to_le_bytes());
            out.extend(&self.data);
            out
        }
    }

    /// A second of 1000 Hz at half scale, as each width has it.
    fn sine(rate: u32, channels: u16, width: &str) -> Vec<u8> {
        (0..rate)
            .map(|n| 0.5 * (std::f64::consts::TAU * 1000.0 * f64::from(n) / f64::from(rate)).sin())
            .flat_map(|s| {
                let sample: Vec<u8> = match width {
                    "8" => vec![(s * 127.0 + 128.0) as u8],
                    "16" => ((s * 32_767.0) as i16).to_le_bytes().to_vec(),
                    "24" => ((s * 8_388_607.0) as i32).to_le_bytes()[..3].to_vec(),
                    "32" => ((s * 2_147_483_647.0) as i32).to_le_bytes().to_vec(),
                    "f32" => (s as f32).to_le_bytes().to_vec(),
                    "f64" => s.to_le_bytes().to_vec(),
                    "ulaw" => vec![encode_ulaw((s * 32_767.0) as i16)],
                    _ => vec![encode_alaw((s * 32_767.0) as i16)],
                };
                sample.repeat(usize::from(channels))
            })
            .collect()
    }

    #[test]
    fn every_common_file_is_read() {
        let odd_list = b"LIST\x05\0\0\0INFOx\0";
        for (width, tag, bits) in [
            ("8", 1, 8),
            ("16", 1, 16),
            ("24", 1, 24),
            ("32", 1, 32),
            ("f32", 3, 32),
            ("f64", 3, 64),
            ("ulaw", 7, 8),
            ("alaw", 6, 8),
        ] {
            for rate in [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000] {
                // The other combinations cost time and say nothing new.
                let telephone = rate == 8_000;
                for channels in if telephone { &[1, 2, 6][..] } else { &[1] } {
                    let ends = [(&b""[..], None), (&odd_list[..], None), (b"", Some(u32::MAX)), (b"", Some(0))];
                    for (before, length) in ends.into_iter().take(if telephone { 4 } else { 1 }) {
                        let channels = *channels;
                        let data = sine(rate, channels, width);
                        let file = Made { tag, rate, channels, bits, data, before, length }.bytes();
                        let case = format!("{width} {rate} Hz x{channels} {before:?} {length:?}");
                        let pcm = read(&file).unwrap_or_else(|e| panic!("{case}: {e}"));
                        assert!((7_990..=8_010).contains(&pcm.len()), "{case}: {} samples", pcm.len());
                        let found = power(&pcm[800..7_200], 1000.0);
                        assert!((16_000.0..16_800.0).contains(&found), "{case}: {found}");
                    }
                }
            }
        }
    }

    #[test]
    fn telephone_sound_is_read_bit_for_bit() {
        let pcm = note(437.0, 12_000, 0, 1000);
        assert_eq!(read(&write(&pcm)), Ok(pcm.clone()));
        let stereo = read(&write_stereo(&pcm, &[])).unwrap();
        assert!(stereo.iter().zip(&pcm).all(|(half, whole)| (half * 2 - whole).abs() <= 2));
    }

    #[test]
    fn a_header_written_by_hand_is_what_others_write() {
        let pcm = note(437.0, 12_000, 0, 1000);
        assert_eq!(stereo_header(1000)[..], write_stereo(&pcm, &[])[..STEREO_HEADER]);
        assert_eq!(stereo_header(0)[40..], [0; 4]);
        // More than the format can say: 37 hours.
        let longest = stereo_header(u64::MAX);
        assert_eq!((&longest[4..8], &longest[40..]), (&[0xf4, 0xff, 0xff, 0xff][..], &[0xd0, 0xff, 0xff, 0xff][..]));
    }

    #[test]
    fn what_cannot_be_played_says_why() {
        let made = |tag, rate, channels, bits, data: &[u8]| {
            Made { tag, rate, channels, bits, data: data.to_vec(), before: b"", length: None }.bytes()
        };
        let whole = made(1, 8_000, 1, 16, &[1, 0, 2, 0]);
        for (file, fault) in [
            (b"".to_vec(), "not a WAV file: it is empty"),
            (b"OggS\0\0\0\0\0\0\0\0".to_vec(), "not a WAV file: it begins with \"OggS\""),
            (whole[..30].to_vec(), "not a WAV file: it has no `fmt ` chunk"),
            (whole[..36].to_vec(), "not a WAV file: it has no `data` chunk"),
            (made(0x55, 8_000, 1, 16, &[0; 4]), "the WAV file holds format 0x0055 of 16 bits"),
            (made(1, 8_000, 1, 12, &[0; 4]), "the WAV file holds format 0x0001 of 12 bits"),
            (made(7, 8_000, 0, 8, &[0; 4]), "the file says 0 channels"),
            (made(7, 7, 1, 8, &[0; 4]), "the sampling rate of 7 Hz"),
            (made(1, 8_000, 1, 16, &[]), "the file holds no sound"),
        ] {
            let told = read(&file).map(|pcm| pcm.len()).unwrap_err().to_string();
            assert!(told.starts_with(fault), "{told}");
        }
    }

    #[test]
    fn a_cut_file_is_read_as_far_as_it_goes() {
        let file = write(&note(500.0, 9_000, 0, 1000));
        assert_eq!(read(&file[..file.len() - 501]).map(|pcm| pcm.len()), Ok(749));
    }
}
