//! Mixing: a sum that saturates instead of wrapping.

/// Adds one stream to a sum.
pub fn add(sum: &mut [i16], pcm: &[i16]) {
    for (total, sample) in sum.iter_mut().zip(pcm) {
        *total = total.saturating_add(*sample);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_saturates() {
        for (a, b, sum) in
            [(1, 2, 3), (30_000, 30_000, i16::MAX), (-30_000, -30_000, i16::MIN), (i16::MAX, i16::MIN, -1)]
        {
            let mut total = [a];
            add(&mut total, &[b]);
            assert_eq!(total, [sum], "{a} + {b}");
        }
    }
}
