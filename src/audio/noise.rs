//! Comfort noise: what a phone that sends nothing while nobody speaks wants heard in place of dead silence (RFC 3389).

/// White noise of one level. The spectrum that a packet may tell besides is not drawn: noise this low has no colour.
#[derive(Clone, Debug)]
pub struct Noise {
    amplitude: i32,
    state: u32,
}

impl Noise {
    /// The payload's first byte is the level: so many dB below overload (RFC 3389 section 3.1). An empty one, as some
    /// send, is as quiet as a room.
    #[must_use]
    pub fn new(payload: &[u8]) -> Self {
        let below = payload.first().map_or(70, |level| level & 0x7f);
        // Louder than a whisper is no comfort but a fault, or an attack on ears.
        let below = f64::from(below.max(40));
        // Evenly spread samples are the square root of three weaker than their greatest.
        let amplitude = 32_768.0 * 10_f64.powf(-below / 20.0) * 3_f64.sqrt();
        Noise { amplitude: amplitude as i32, state: 0x9e37_79b9 }
    }

    /// Appends so many samples.
    pub fn fill(&mut self, samples: usize, pcm: &mut Vec<i16>) {
        for _ in 0..samples {
            // Numerical Recipes' generator; its upper bits are random enough for an ear.
            self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let even = (self.state >> 16) as i32 - 32_768;
            pcm.push((even * self.amplitude / 32_768) as i16);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::level_db;
    use super::*;

    #[test]
    fn noise_is_as_loud_as_the_packet_says() {
        for (payload, expected) in [(&[50_u8][..], -50.0), (&[60, 1, 2], -60.0), (&[0x80 | 45], -45.0), (&[0], -40.0)] {
            let mut pcm = Vec::new();
            Noise::new(payload).fill(8000, &mut pcm);
            assert!((level_db(&pcm) - expected).abs() < 1.5, "{payload:?}: {} dB", level_db(&pcm));
        }
        let mut pcm = Vec::new();
        Noise::new(&[127]).fill(160, &mut pcm);
        assert!(pcm.iter().all(|sample| *sample == 0));
    }
}
