//! From any sampling rate to telephone sound, once, at load.

use super::{AudioError, SAMPLE_RATE};
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler, WindowFunction};

/// One channel of `rate` as one of [`SAMPLE_RATE`].
pub(super) fn to_telephone(samples: Vec<f32>, rate: u32) -> Result<Vec<f32>, AudioError> {
    if rate == SAMPLE_RATE || samples.is_empty() {
        return Ok(samples);
    }
    let fault = |reason: String| AudioError::Resample { rate, reason };
    // Blocks of an eighth of a second in one piece: short ones make a short filter, which takes from a high rate's voice.
    let (window, block) = (WindowFunction::BlackmanHarris2, (rate / 8) as usize);
    let mut resampler =
        Fft::<f32>::new_custom(rate as usize, SAMPLE_RATE as usize, block, 1, 1, window, FixedSync::Input)
            .map_err(|e| fault(e.to_string()))?;
    let input = InterleavedSlice::new(&samples, 1, samples.len()).map_err(|e| fault(e.to_string()))?;
    let output = resampler.process_all(&input, samples.len(), None).map_err(|e| fault(e.to_string()))?;
    Ok(output.take_data())
}
