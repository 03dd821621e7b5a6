//! How good a conversation sounds, estimated: the E-model (ITU-T G.107) with its defaults, for G.711 whose losses are
//! concealed (ITU-T G.113 appendix I).

use crate::time::Duration;

/// The basic rating of G.107 with all defaults: a call without delay and loss.
const BEST: f64 = 93.2;
/// G.113 table I.4, G.711 with concealment under random loss: no impairment of its own, robustness 25.1.
const ROBUSTNESS: f64 = 25.1;
/// From here on delay disturbs the conversation itself (G.114).
const TURNING_POINT: f64 = 177.3;

/// The mean opinion score, 1.0 (bad) to 4.4 (as good as G.711 gets), for a one-way delay from mouth to ear and the share of
/// packets that were not heard (0 to 1).
#[must_use]
pub fn mos(delay: Duration, loss: f64) -> f64 {
    let delay = delay.as_secs_f64() * 1000.0;
    let percent = (loss * 100.0).clamp(0.0, 100.0);
    // Delay impairment as a line with a knee, which follows G.107's curve closely up to 400 ms.
    let delayed = 0.024 * delay + 0.11 * (delay - TURNING_POINT).max(0.0);
    // G.107 section 7.4 with Ie = 0 and bursts as by chance.
    let lost = 95.0 * percent / (percent + ROBUSTNESS);
    let rating = (BEST - delayed - lost).clamp(0.0, 100.0);
    // G.107 annex B; its curve dips below 1 for very bad ratings.
    (1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_g_107() {
        for (case, delay, loss, expected) in [
            ("nothing is wrong", 0, 0.0, 4.41),
            ("a good network", 50, 0.001, 4.36),
            ("one in a hundred is lost", 50, 0.01, 4.28),
            ("five in a hundred", 50, 0.05, 3.83),
            ("a fifth", 50, 0.2, 2.57),
            ("a satellite", 300, 0.0, 3.75),
            ("half a second", 500, 0.0, 2.35),
            ("nothing arrives", 0, 1.0, 1.18),
            ("nothing arrives, late", 2000, 1.0, 1.0),
        ] {
            let score = mos(Duration::from_millis(delay), loss);
            assert!((score - expected).abs() < 0.06, "{case}: {score:.2}, not {expected}");
        }
    }

    #[test]
    fn worse_is_never_better() {
        for step in 0..100_u64 {
            let loss = step as f64 / 100.0;
            let delay = Duration::from_millis(step * 10);
            assert!(mos(delay, loss) >= mos(delay, loss + 0.01));
            assert!(mos(delay, loss) >= mos(delay + Duration::from_millis(10), loss));
        }
    }
}
