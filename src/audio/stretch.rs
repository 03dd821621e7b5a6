//! Sound made a little shorter or longer without being heard: one pitch period taken out or put in, blended at the seam.

/// What is compared to find the period, and how long the seam is: 10 ms.
const SEAM: usize = 80;
/// Periods taken out or put in: 5 to 10 ms, so that one and its seam fit a frame.
const LAGS: std::ops::RangeInclusive<usize> = 40..=80;
/// So many samples both need.
pub const STRETCHED: usize = 160;

/// By how much the end of `pcm` resembles itself best; `None` when there is too little to compare.
#[must_use]
pub(super) fn best_lag(pcm: &[i16], lags: std::ops::RangeInclusive<usize>) -> Option<usize> {
    let window = pcm.len().checked_sub(*lags.end())?.min(160);
    let tail = pcm.get(pcm.len() - window..)?;
    likest(tail, lags, |lag| pcm.get(pcm.len() - window - lag..pcm.len() - lag).unwrap_or_default())
}

/// The lag whose stretch of sound goes best with `sound`, by their normalised correlation. Every second sample is enough
/// for voices.
fn likest<'a>(
    sound: &[i16],
    lags: std::ops::RangeInclusive<usize>,
    stretch: impl Fn(usize) -> &'a [i16],
) -> Option<usize> {
    let mut best = None;
    for lag in lags {
        let (mut product, mut energy) = (0_i64, 1_i64);
        for (a, b) in sound.iter().zip(stretch(lag)).step_by(2) {
            product += i64::from(*a) * i64::from(*b);
            energy += i64::from(*b) * i64::from(*b);
        }
        #[allow(clippy::cast_precision_loss)]
        let score = product as f64 / (energy as f64).sqrt();
        if best.is_none_or(|(highest, _)| score > highest) {
            best = Some((score, lag));
        }
    }
    best.map(|(_, lag)| lag)
}

fn own_lag(pcm: &[i16]) -> Option<usize> {
    let begin = pcm.get(..SEAM).filter(|_| pcm.len() >= STRETCHED)?;
    likest(begin, LAGS, |lag| pcm.get(lag..lag + SEAM).unwrap_or_default())
}

fn blend(from: i16, to: i16, at: usize) -> i16 {
    ((i32::from(from) * (SEAM - at) as i32 + i32::from(to) * at as i32) / SEAM as i32) as i16
}

/// Takes a period out near the beginning; tells how many samples that was. Its first sample stays, and what lies behind
/// the first frame, so that it joins on both sides.
pub fn shorten(pcm: &mut Vec<i16>) -> usize {
    let Some(lag) = own_lag(pcm) else { return 0 };
    for at in 0..SEAM {
        let (Some(early), Some(late)) = (pcm.get(at).copied(), pcm.get(at + lag).copied()) else { continue };
        if let Some(place) = pcm.get_mut(at + lag) {
            *place = blend(early, late, at);
        }
    }
    pcm.drain(..lag);
    lag
}

/// Puts a period in near the beginning; tells how many samples that was.
pub fn lengthen(pcm: &mut Vec<i16>) -> usize {
    let Some(lag) = own_lag(pcm) else { return 0 };
    let seam: Vec<i16> = pcm
        .iter()
        .skip(lag)
        .zip(pcm.iter())
        .take(SEAM)
        .enumerate()
        .map(|(at, (on, back))| blend(*on, *back, at))
        .collect();
    let begin: Vec<i16> = pcm.iter().take(lag).copied().chain(seam).collect();
    drop(pcm.splice(..SEAM, begin));
    lag
}

#[cfg(test)]
mod tests {
    use super::super::note;
    use super::*;

    #[test]
    fn neither_is_heard_as_a_click() {
        for pitch in [100.0_f32, 125.0, 180.0, 225.0, 437.0, 700.0, 1500.0] {
            for (name, change, sign) in
                [("shorter", shorten as fn(&mut Vec<i16>) -> usize, -1_isize), ("longer", lengthen, 1)]
            {
                let original = note(pitch, 10_000, 0, 480);
                let mut pcm = original[100..].to_vec();
                let before = pcm.len();
                let lag = change(&mut pcm);
                assert!(LAGS.contains(&lag), "{pitch} Hz {name}: {lag}");
                assert_eq!(pcm.len(), before.checked_add_signed(sign * lag as isize).unwrap());
                assert_eq!(pcm.last(), original.last(), "{pitch} Hz {name}: what follows is as it was");
                let joined: Vec<i16> = original[..100].iter().chain(&pcm).copied().collect();
                let steepest =
                    |pcm: &[i16]| pcm.windows(2).map(|w| (i32::from(w[1]) - i32::from(w[0])).abs()).max().unwrap();
                assert!(steepest(&joined) <= steepest(&original) * 12 / 10 + 50, "{pitch} Hz {name} clicks");
            }
        }
    }

    #[test]
    fn too_little_is_left_as_it_is() {
        for change in [shorten as fn(&mut Vec<i16>) -> usize, lengthen] {
            let mut pcm = vec![5; STRETCHED - 1];
            assert_eq!((change(&mut pcm), pcm.len()), (0, STRETCHED - 1));
        }
        assert_eq!(best_lag(&[1; 50], 40..=120), None);
    }
}
