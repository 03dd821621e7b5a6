//! Samples only: codecs, resampling, mixing, tones, WAV.
