//! What a port receives as even frames of samples, for the mixer.
//!
//! How long packets wait follows the network and both clocks. A packet that comes just in time says that the wait is too
//! short, packets that have all waited for seconds say that it is too long: a pitch period is put in or taken out, until
//! they do not.

use super::command::Codec;
use super::pace::{Pace, Step};
use crate::audio::{self, Concealment, Decoder, FRAME_SAMPLES, Noise, STRETCHED};
use crate::rtp::{Inserted, Jitter, Next};
use crate::time::{Duration, Time};

/// What a packet holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Sound(Codec),
    /// Comfort noise: nobody speaks (RFC 3389).
    Noise,
}

#[derive(Clone, Debug)]
pub(super) struct Hearing {
    codec: Codec,
    decoder: Decoder,
    jitter: Jitter<Content>,
    conceal: Concealment,
    noise: Option<Noise>,
    pace: Pace,
    /// Decoded and not yet heard.
    pcm: Vec<i16>,
    /// Samples in the newest packet.
    packet: usize,
    frame: [i16; FRAME_SAMPLES],
    voiced: bool,
}

impl Hearing {
    pub fn new(codec: Codec) -> Self {
        Hearing {
            codec,
            decoder: Decoder::new(codec),
            jitter: Jitter::default(),
            conceal: Concealment::default(),
            noise: None,
            pace: Pace::default(),
            pcm: Vec::with_capacity(4 * FRAME_SAMPLES),
            packet: FRAME_SAMPLES,
            frame: [0; FRAME_SAMPLES],
            voiced: false,
        }
    }

    pub fn insert(&mut self, now: Time, content: Content, ssrc: u32, seq: u16, payload: &[u8]) {
        match self.jitter.insert(now, content, ssrc, seq, payload) {
            Inserted::Restarted => self.decoder = Decoder::new(self.codec),
            Inserted::Late => self.pace.late(),
            Inserted::Kept | Inserted::Duplicate => {}
        }
    }

    pub fn late(&self) -> u64 {
        self.jitter.late()
    }

    /// Takes the frame that is due.
    pub fn pull(&mut self, now: Time, unrest: Duration) {
        self.voiced = true;
        self.pull_until(now, unrest, FRAME_SAMPLES);
        if self.pcm.len() < FRAME_SAMPLES {
            let missing = FRAME_SAMPLES - self.pcm.len();
            self.voiced = self.fill(missing) || missing < FRAME_SAMPLES;
        }
        match self.pace.step() {
            Step::On => {}
            Step::Longer => {
                let samples = audio::lengthen(&mut self.pcm);
                self.pace.moved(samples.cast_signed());
            }
            Step::Shorter => {
                self.pull_until(now, unrest, FRAME_SAMPLES + STRETCHED);
                if self.pcm.len() >= FRAME_SAMPLES + STRETCHED {
                    let samples = audio::shorten(&mut self.pcm);
                    self.pace.moved(-samples.cast_signed());
                }
            }
            Step::Skip => {
                // After a standstill: what was missed is not worth the delay.
                self.pull_until(now, unrest, 2 * FRAME_SAMPLES);
                if let Some(rest) = self.pcm.len().checked_sub(FRAME_SAMPLES).filter(|rest| *rest > 0) {
                    let skipped = rest.min(FRAME_SAMPLES);
                    self.pcm.drain(..skipped);
                    self.pace.moved(-skipped.cast_signed());
                }
            }
        }
        for (heard, sample) in self.frame.iter_mut().zip(&self.pcm) {
            *heard = *sample;
        }
        self.pcm.drain(..FRAME_SAMPLES.min(self.pcm.len()));
    }

    /// The frame taken last, unless there is nothing to hear in it.
    pub fn frame(&self) -> Option<&[i16; FRAME_SAMPLES]> {
        self.voiced.then_some(&self.frame)
    }

    fn pull_until(&mut self, now: Time, unrest: Duration, samples: usize) {
        while self.pcm.len() < samples {
            match self.jitter.next(now, unrest) {
                Next::Packet { kind: Content::Sound(codec), came, payload } => {
                    if codec != self.codec {
                        (self.codec, self.decoder) = (codec, Decoder::new(codec));
                    }
                    let before = self.pcm.len();
                    self.decoder.decode(payload, &mut self.pcm);
                    let decoded = self.pcm.get_mut(before..).unwrap_or_default();
                    if decoded.is_empty() {
                        continue;
                    }
                    self.packet = decoded.len();
                    self.noise = None;
                    self.conceal.heard(decoded);
                    self.pace.waited(now.since(came));
                }
                Next::Packet { kind: Content::Noise, payload, .. } => {
                    self.noise = Some(Noise::new(payload));
                    self.conceal.forget();
                }
                Next::Lost => {
                    self.fill(self.packet);
                }
                Next::Empty => return,
            }
        }
    }

    /// In place of what did not come: noise where the phone asked for it, else a guess. False where only silence is left.
    fn fill(&mut self, samples: usize) -> bool {
        match &mut self.noise {
            Some(noise) => {
                noise.fill(samples, &mut self.pcm);
                true
            }
            None => self.conceal.fill(samples, &mut self.pcm),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{Encoder, level_db, note, power};

    const SOUND: Content = Content::Sound(Codec::Pcmu);

    fn millis(ms: f64) -> Time {
        Time::from_micros(1_000_000_000 + (ms * 1000.0) as u64)
    }

    /// Packets of a 1000 Hz note, `(when it comes, its number)` each, heard for `frames` frames.
    fn hear(ptime: usize, packets: &[(f64, u16)], unrest: u64, frames: usize) -> (Vec<Vec<i16>>, u64) {
        let mut hearing = Hearing::new(Codec::Pcmu);
        let samples = ptime * 8;
        let mut heard = Vec::new();
        let mut waiting = packets.to_vec();
        waiting.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut waiting = waiting.into_iter().peekable();
        for tick in 0..frames {
            let now = tick as f64 * 20.0;
            while let Some((at, seq)) = waiting.next_if(|(at, _)| *at <= now) {
                let pcm = note(1000.0, 10_000, u64::from(seq) * samples as u64, samples);
                let mut payload = vec![0; samples];
                Encoder::new(Codec::Pcmu).encode(&pcm, &mut payload);
                hearing.insert(millis(at), SOUND, 1, seq, &payload);
            }
            hearing.pull(millis(now), Duration::from_millis(unrest));
            heard.push(hearing.frame().map(|f| f.to_vec()).unwrap_or(vec![0; 160]));
        }
        (heard, hearing.late())
    }

    fn full(frames: &[Vec<i16>]) -> usize {
        frames.iter().filter(|f| power(f, 1000.0) > 9_500.0).count()
    }

    #[test]
    fn every_ptime_is_heard_whole() {
        for ptime in [10, 20, 30, 40, 50, 60] {
            for phase in [1.0, 7.0, 11.0, 19.0] {
                let packets: Vec<_> =
                    (0..(2000 / ptime) as u16).map(|n| (phase + f64::from(n) * ptime as f64, n)).collect();
                let (heard, late) = hear(ptime, &packets, 0, 95);
                let first = heard.iter().position(|f| level_db(f) > -60.0).unwrap();
                assert!(first <= 3, "{ptime} ms: begins in frame {first}");
                let silent = heard[first..].len() - full(&heard[first..]);
                assert!(silent <= 1, "{ptime} ms from {phase}: {silent} of {} frames broken", heard.len());
                assert_eq!(late, 0);
            }
        }
    }

    #[test]
    fn loss_reordering_repetition_and_unrest_are_borne() {
        let steady = |n: u16| (5.0 + f64::from(n) * 20.0, n);
        for (case, packets, unrest, at_least) in [
            ("steady", (0..100).map(steady).collect::<Vec<_>>(), 0, 97),
            ("every tenth is lost", (0..100).filter(|n| n % 10 != 9).map(steady).collect(), 0, 86),
            ("every packet twice", (0..100).flat_map(|n| [steady(n), steady(n)]).collect(), 0, 97),
            (
                "pairs change places",
                (0..100_u16).map(|n| (5.0 + f64::from(n) * 20.0 + if n % 2 == 0 { 24.0 } else { 0.0 }, n)).collect(),
                12,
                93,
            ),
            (
                "30 ms of unrest",
                (0..100_u16).map(|n| (5.0 + f64::from(n) * 20.0 + f64::from(n * 7 % 4) * 10.0, n)).collect(),
                10,
                90,
            ),
        ] {
            let (heard, _) = hear(20, &packets, unrest, 100);
            assert!(full(&heard) >= at_least, "{case}: {} of 100", full(&heard));
        }
    }

    #[test]
    fn a_straggler_is_dropped_and_counted() {
        let packets: Vec<_> =
            (0..50_u16).map(|n| (if n == 20 { 700.0 } else { 5.0 + f64::from(n) * 20.0 }, n)).collect();
        let (heard, late) = hear(20, &packets, 0, 50);
        assert_eq!(late, 1);
        assert!(full(&heard) >= 45);
    }

    #[test]
    fn a_standstill_does_not_delay_for_ever() {
        // Twenty-five packets come at once; two seconds later the delay is back to a frame or two.
        let packets: Vec<_> = (0..1500_u16).map(|n| ((5.0 + f64::from(n) * 20.0).max(500.0), n)).collect();
        let mut hearing = Hearing::new(Codec::Pcmu);
        let mut next = packets.iter().peekable();
        for tick in 0..1500 {
            let now = f64::from(tick) * 20.0;
            while let Some((at, seq)) = next.next_if(|(at, _)| *at <= now) {
                hearing.insert(millis(*at), SOUND, 1, *seq, &[0x80; 160]);
            }
            hearing.pull(millis(now), Duration::ZERO);
        }
        assert!(hearing.jitter.queued() <= 2, "{} packets wait", hearing.jitter.queued());
    }

    /// A voice of three harmonics, loud for a second and then softer for one.
    fn voice(from: u64, samples: usize) -> Vec<i16> {
        let parts: Vec<Vec<i16>> = (1..=3).map(|n| note(125.0 * n as f32, 4_000 / n, from, samples)).collect();
        (0..samples)
            .map(|at| {
                let softer = (from + at as u64) / 8_000 % 2 == 1;
                parts.iter().map(|part| part[at]).sum::<i16>() / if softer { 2 } else { 1 }
            })
            .collect()
    }

    #[test]
    fn another_clock_is_followed_for_an_hour_without_a_glitch() {
        // The voice is the same every two seconds.
        let whole = voice(0, 16_000 + 480);
        let mut encoded = vec![0; whole.len()];
        Encoder::new(Codec::Pcmu).encode(&whole, &mut encoded);
        let steepest = whole.windows(2).map(|w| (i32::from(w[1]) - i32::from(w[0])).abs()).max().unwrap();
        for (ppm, ptime, unrest) in [(200, 20, 0.0), (-200, 20, 0.0), (200, 30, 8.0), (-200, 60, 15.0), (-200, 10, 3.0)]
        {
            let here = format!("{ppm} ppm, packets of {ptime} ms");
            let mut hearing = Hearing::new(Codec::Pcmu);
            let samples = ptime * 8;
            // One second of ours is a little more, or less, of theirs.
            let spacing = ptime as f64 / (1.0 + f64::from(ppm) / 1e6);
            let (mut sent, mut last, mut delays) = (0_u64, 0_i16, Vec::new());
            let (mut loud, mut since) = (true, 0_u32);
            for tick in 0..180_000_u64 {
                let now = tick as f64 * 20.0;
                // Each packet is late by something between nothing and the network's unrest.
                let late = |n: u64| (n * 7919 % 101) as f64 / 100.0 * unrest;
                while 5.0 + sent as f64 * spacing + late(sent) <= now {
                    let from = sent as usize * samples % 16_000;
                    let payload = &encoded[from..from + samples];
                    let came = millis(5.0 + sent as f64 * spacing + late(sent));
                    hearing.insert(came, SOUND, 1, sent as u16, payload);
                    sent += 1;
                }
                hearing.pull(millis(now), Duration::from_micros((unrest * 300.0) as u64));
                if tick < 10 {
                    continue;
                }
                let frame = hearing.frame().unwrap_or_else(|| panic!("{here}: silence in frame {tick}"));
                for sample in frame {
                    let jump = (i32::from(*sample) - i32::from(last)).abs();
                    // Where it gets softer there is a step in the voice itself, at a zero of all its parts.
                    assert!(
                        tick == 10 || jump <= steepest * 13 / 10 + 200,
                        "{here}: a click of {jump} in frame {tick}"
                    );
                    last = *sample;
                }
                let level = level_db(frame);
                assert!((-26.0..-14.0).contains(&level), "{here}: {level} dB in frame {tick}");
                // When the voice gets louder or softer tells how long it was under way.
                let is_loud = level > -20.0;
                since += 1;
                if is_loud != loud && since > 20 {
                    (loud, since) = (is_loud, 0);
                    let second = (now / 1000.0 / (spacing / ptime as f64)).round();
                    delays.push(now - second * 1000.0 * (spacing / ptime as f64));
                }
            }
            assert!(delays.len() > 3_500, "{here}: {} changes", delays.len());
            assert_eq!(hearing.late(), 0, "{here}");
            let (least, most) = delays[5..].iter().fold((f64::MAX, f64::MIN), |(l, m), d| (l.min(*d), m.max(*d)));
            let bound = 75.0 + ptime as f64 + unrest;
            assert!(least > 0.0 && most < bound, "{here}: between {least} and {most} ms under way");
        }
    }

    #[test]
    fn who_says_nothing_sends_noise_and_is_heard_as_that() {
        let mut hearing = Hearing::new(Codec::Pcmu);
        let mut heard = Vec::new();
        let mut seq = 0_u16;
        for tick in 0..200_u64 {
            let now = millis(tick as f64 * 20.0 + 7.0);
            // A second of voice, then a noise packet and another a second later, then voice again.
            let content = match tick {
                0..50 | 150.. => Some((SOUND, None)),
                50 | 100 => Some((Content::Noise, Some(55_u8))),
                _ => None,
            };
            if let Some((content, level)) = content {
                let mut payload = vec![0; 160];
                Encoder::new(Codec::Pcmu).encode(&voice(tick * 160, 160), &mut payload);
                let payload = level.map_or(payload, |level| vec![level]);
                hearing.insert(now, content, 1, seq, &payload);
                seq += 1;
            }
            hearing.pull(millis(tick as f64 * 20.0 + 10.0), Duration::ZERO);
            heard.push(hearing.frame().map(|frame| frame.to_vec()));
        }
        let level = |range: std::ops::Range<usize>| {
            let frames: Vec<i16> = heard[range].iter().flatten().flatten().copied().collect();
            level_db(&frames)
        };
        assert!(heard[3..].iter().all(Option::is_some), "never dead silence");
        assert!((level(60..145) + 55.0).abs() < 2.0, "{}", level(60..145));
        assert!(level(155..200) > -27.0, "and the voice comes back");
    }

    #[test]
    fn another_law_within_the_stream_is_no_noise() {
        let mut hearing = Hearing::new(Codec::Pcmu);
        for tick in 0..100_u16 {
            let now = millis(f64::from(tick) * 20.0);
            let codec = if tick / 10 % 2 == 0 { Codec::Pcmu } else { Codec::Pcma };
            let mut payload = vec![0; 160];
            Encoder::new(codec).encode(&note(1000.0, 10_000, u64::from(tick) * 160, 160), &mut payload);
            hearing.insert(now, Content::Sound(codec), 1, tick, &payload);
            hearing.pull(now + Duration::from_millis(15), Duration::ZERO);
            if tick > 2 {
                let frame = hearing.frame().expect("sound");
                assert!(power(frame, 1000.0) > 9_500.0, "frame {tick}: {}", power(frame, 1000.0));
            }
        }
    }

    #[test]
    fn a_new_stream_is_heard_at_once() {
        let mut hearing = Hearing::new(Codec::Pcmu);
        let mut silent = 0;
        for tick in 0..60_u32 {
            let now = millis(f64::from(tick) * 20.0);
            let (ssrc, seq) = if tick < 30 { (1, tick) } else { (2, 40_000 + tick) };
            hearing.insert(now, SOUND, ssrc, seq as u16, &[0x80; 160]);
            hearing.pull(now + Duration::from_millis(15), Duration::ZERO);
            silent += usize::from(hearing.frame().is_none());
        }
        assert_eq!(silent, 0);
    }
}
