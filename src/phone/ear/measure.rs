//! Loudness and notes of a few milliseconds of sound.

use super::Heard;
use crate::audio::{SAMPLE_RATE, Tone, power};
use std::f64::consts::TAU;

/// What G.711 makes of silence, and a little more.
const SILENT: i16 = 64;
/// A note softer than this is no phone.
const FAINT: f32 = 600.0;
/// A note this much softer than the loudest is what leaks from it.
const LEAK: f32 = 0.2;

pub(super) fn is_silent(pcm: &[i16]) -> bool {
    pcm.iter().all(|sample| sample.unsigned_abs() <= SILENT.unsigned_abs())
}

/// Which of these notes sound. What they do not explain makes it something else.
pub(super) fn notes(pcm: &[i16], notes: &[u16]) -> Heard {
    let loud: Vec<(u16, f32)> = notes.iter().map(|hz| (*hz, power(pcm, f32::from(*hz)))).collect();
    let loudest = loud.iter().map(|(_, amplitude)| *amplitude).fold(0.0, f32::max);
    let sounding = |amplitude: f32| amplitude >= FAINT && amplitude >= loudest * LEAK;
    let found: Vec<u16> = loud.iter().filter(|(_, amplitude)| sounding(*amplitude)).map(|(hz, _)| *hz).collect();
    let frequencies: Vec<f64> = found.iter().map(|hz| f64::from(*hz)).collect();
    if found.is_empty() || unexplained(pcm, &frequencies) > 0.3 { Heard::Unknown } else { Heard::Notes(found) }
}

/// Which tone this is, whatever its level. Busy and congestion sound the same: only their cadence differs.
pub(super) fn tone(pcm: &[i16]) -> Option<Tone> {
    let of = |tone: Tone| -> &'static [f64] {
        match tone {
            Tone::Beep => &[1000.0],
            Tone::Ringback => &[440.0, 480.0],
            Tone::Busy | Tone::Congestion => &[480.0, 620.0],
        }
    };
    [Tone::Beep, Tone::Ringback, Tone::Busy].into_iter().find(|tone| {
        // Every part must be there: one note alone explains nothing of a pair.
        let parts = of(*tone);
        let (least, most) = parts
            .iter()
            .map(|hz| power(pcm, *hz as f32))
            .fold((f32::MAX, 0.0_f32), |(low, high), a| (low.min(a), high.max(a)));
        least > most * 0.3 && unexplained(pcm, parts) < 0.1
    })
}

/// The share of the energy that sines of these frequencies leave over: each sine and cosine is made perpendicular to
/// those before it, and what points its way is taken out.
pub(super) fn unexplained(pcm: &[i16], frequencies: &[f64]) -> f64 {
    let mut rest: Vec<f64> = pcm.iter().map(|sample| f64::from(*sample)).collect();
    let whole = dot(&rest, &rest);
    if whole <= 0.0 {
        return 1.0;
    }
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for hz in frequencies {
        for quarter in [0.0, 0.25] {
            let turns = |n: usize| hz * n as f64 / f64::from(SAMPLE_RATE) + quarter;
            let mut axis: Vec<f64> = (0..rest.len()).map(|n| (TAU * turns(n)).sin()).collect();
            for other in &basis {
                let along = dot(&axis, other);
                axis.iter_mut().zip(other).for_each(|(a, o)| *a -= along * o);
            }
            let length = dot(&axis, &axis).sqrt();
            if length < 1e-6 {
                continue;
            }
            axis.iter_mut().for_each(|a| *a /= length);
            let along = dot(&rest, &axis);
            rest.iter_mut().zip(&axis).for_each(|(r, a)| *r -= along * a);
            basis.push(axis);
        }
    }
    dot(&rest, &rest) / whole
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
