//! Seeds changed as libFuzzer changes them, without its sight: bytes, stretches, words, and pieces of other seeds.

use cordboard::ids::Mint;

/// Longer teaches nothing new; the bounds of size have rows of their own elsewhere.
const LONGEST: usize = 8_192;

pub struct Changes {
    seeds: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
}

impl Changes {
    /// `words` are a libFuzzer dictionary: lines of `"text"` with C's escapes.
    pub fn new(seeds: Vec<Vec<u8>>, words: &str) -> Changes {
        assert!(!seeds.is_empty(), "there is nothing to change");
        let words: Vec<Vec<u8>> = words.lines().filter_map(word).collect();
        assert!(!words.is_empty(), "there are no words");
        Changes { seeds, words }
    }

    /// The same number gives the same input.
    pub fn next(&mut self, number: u64) -> Vec<u8> {
        let mut mint = Mint::new(number);
        let mut bytes = pick(&mut mint, &self.seeds).clone();
        for _ in 0..1 + mint.below(6) {
            self.change(&mut mint, &mut bytes);
        }
        bytes.truncate(LONGEST);
        bytes
    }

    fn change(&self, mint: &mut Mint, bytes: &mut Vec<u8>) {
        let at = below(mint, bytes.len() + 1);
        let end = (at + 1 + below(mint, 24)).min(bytes.len());
        let stretch = at.min(end)..end;
        match mint.below(10) {
            0 | 1 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << mint.below(8);
                }
            }
            2 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = *pick(mint, b"\0\r\n \t\"<>;,:@%\\=?[]\x7f\x80\xff0");
                }
            }
            3 => drop(bytes.drain(stretch)),
            4 => {
                let copy = bytes.get(stretch).unwrap_or_default().to_vec();
                let to = below(mint, bytes.len() + 1);
                bytes.splice(to..to, copy);
            }
            5 | 6 => {
                let word = pick(mint, &self.words).clone();
                let over = if mint.below(2) == 0 { at..at } else { stretch };
                bytes.splice(over, word);
            }
            7 => {
                let other = pick(mint, &self.seeds);
                let from = below(mint, other.len() + 1);
                let to = (from + below(mint, 200)).min(other.len());
                let piece = other.get(from..to).unwrap_or_default().to_vec();
                bytes.splice(at..at, piece);
            }
            8 => bytes.truncate(at),
            _ => {
                let fresh: Vec<u8> = (0..1 + mint.below(8)).map(|_| mint.u32() as u8).collect();
                bytes.splice(stretch, fresh);
            }
        }
    }
}

fn below(mint: &mut Mint, end: usize) -> usize {
    usize::try_from(mint.below(end as u64)).unwrap_or(0)
}

fn pick<'a, T>(mint: &mut Mint, of: &'a [T]) -> &'a T {
    &of[below(mint, of.len())]
}

fn word(line: &str) -> Option<Vec<u8>> {
    let inside = line.trim().strip_prefix('"')?.strip_suffix('"')?;
    let mut bytes = Vec::new();
    let mut rest = inside.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'\\' {
            bytes.push(*first);
        } else if let [b'x', high, low, after @ ..] = rest {
            let digits = [*high, *low];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
            rest = after;
        } else if let Some((guarded, after)) = rest.split_first() {
            bytes.push(*guarded);
            rest = after;
        }
    }
    Some(bytes)
}
