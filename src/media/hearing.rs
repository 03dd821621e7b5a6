//! What a port receives as even frames of samples, for the mixer.

use crate::audio::{Codec, Concealment, Decoder, FRAME_SAMPLES};
use crate::rtp::{Inserted, Jitter, Next};
use crate::time::{Duration, Time};

/// How long the delay must have been longer than need be before a frame is taken out: a second, so that drift and the
/// remains of a standstill go away without being heard.
const PATIENCE: u32 = 50;

#[derive(Clone, Debug)]
pub(super) struct Hearing {
    codec: Codec,
    decoder: Decoder,
    jitter: Jitter,
    conceal: Concealment,
    /// Decoded and not yet heard.
    pcm: Vec<i16>,
    /// Samples in the newest packet.
    packet: usize,
    /// The least that was left over since the last look, and how many frames ago that was.
    slack: usize,
    frames: u32,
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
            pcm: Vec::with_capacity(4 * FRAME_SAMPLES),
            packet: FRAME_SAMPLES,
            slack: usize::MAX,
            frames: 0,
            frame: [0; FRAME_SAMPLES],
            voiced: false,
        }
    }

    pub fn insert(&mut self, now: Time, codec: Codec, ssrc: u32, seq: u16, payload: &[u8]) {
        if codec != self.codec {
            let late = std::mem::take(&mut self.jitter);
            *self = Hearing { jitter: late, ..Hearing::new(codec) };
        }
        if self.jitter.insert(now, ssrc, seq, payload) == Inserted::Restarted {
            self.decoder = Decoder::new(codec);
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
            self.voiced = self.conceal.fill(missing, &mut self.pcm) || missing < FRAME_SAMPLES;
        }
        self.shorten(now, unrest);
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
                Next::Packet(payload) => {
                    let before = self.pcm.len();
                    self.decoder.decode(payload, &mut self.pcm);
                    let decoded = self.pcm.get(before..).unwrap_or_default();
                    if decoded.is_empty() {
                        continue;
                    }
                    self.packet = decoded.len();
                    self.conceal.heard(decoded);
                }
                Next::Lost => {
                    self.conceal.fill(self.packet, &mut self.pcm);
                }
                Next::Empty => return,
            }
        }
    }

    /// Takes a frame out when more is kept than the network's unrest asks for.
    fn shorten(&mut self, now: Time, unrest: Duration) {
        let left = (self.pcm.len() + self.jitter.queued() * self.packet).saturating_sub(FRAME_SAMPLES);
        self.slack = self.slack.min(left);
        self.frames += 1;
        if self.frames < PATIENCE {
            return;
        }
        let need = FRAME_SAMPLES + (unrest.as_micros() as usize * 2 / 125);
        if self.slack > need {
            self.pull_until(now, unrest, 2 * FRAME_SAMPLES);
            self.pcm.drain(..FRAME_SAMPLES.min(self.pcm.len().saturating_sub(FRAME_SAMPLES)));
        }
        self.slack = usize::MAX;
        self.frames = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{Encoder, level_db, note, power};

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
                hearing.insert(millis(at), Codec::Pcmu, 1, seq, &payload);
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
                hearing.insert(millis(*at), Codec::Pcmu, 1, *seq, &[0x80; 160]);
            }
            hearing.pull(millis(now), Duration::ZERO);
        }
        assert!(hearing.jitter.queued() <= 2, "{} packets wait", hearing.jitter.queued());
    }

    #[test]
    fn another_clock_never_adds_up() {
        // A phone 300 ppm fast, and one as slow, for five minutes.
        for spacing in [19.994, 20.006] {
            let packets: Vec<_> = (0..15_000_u16).map(|n| (5.0 + f64::from(n) * spacing, n)).collect();
            let (heard, late) = hear(20, &packets, 0, 14_900);
            assert!(full(&heard) > 14_850, "{spacing}: {}", full(&heard));
            assert!(late <= 10, "{spacing}: {late} late");
        }
    }

    #[test]
    fn a_new_stream_is_heard_at_once() {
        let mut hearing = Hearing::new(Codec::Pcmu);
        let mut silent = 0;
        for tick in 0..60_u32 {
            let now = millis(f64::from(tick) * 20.0);
            let (ssrc, seq) = if tick < 30 { (1, tick) } else { (2, 40_000 + tick) };
            hearing.insert(now, Codec::Pcmu, ssrc, seq as u16, &[0x80; 160]);
            hearing.pull(now + Duration::from_millis(15), Duration::ZERO);
            silent += usize::from(hearing.frame().is_none());
        }
        assert_eq!(silent, 0);
    }
}
