//! Digits as telephone-events, in and out (RFC 4733).

use super::{CLOCK_RATE, ahead};
use std::collections::VecDeque;

/// How long a digit sounds; within every detector's range.
const SOUNDING: u32 = CLOCK_RATE / 1000 * 160;
/// How long the pause behind it is.
const PAUSE: u32 = CLOCK_RATE / 1000 * 80;
/// How late a packet of an event can still come.
const STRAGGLES: i32 = CLOCK_RATE.cast_signed() * 5;
const STEP: u32 = CLOCK_RATE / 1000 * 20;
/// -10 dBm0, what phones send.
const VOLUME: u8 = 10;
/// The end is told three times (RFC 4733 section 2.5.1.4).
const ENDS: u8 = 3;
/// More than any feature code or number; the rest is dropped.
const WAITING: usize = 64;
/// The sixteen digits in the order of their codes (RFC 4733 section 3.2).
const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];

/// Hears digits: each is told once, by whichever of its packets comes first.
#[derive(Clone, Debug, Default)]
pub struct Digits {
    last: Option<Heard>,
}

#[derive(Clone, Copy, Debug)]
struct Heard {
    ssrc: u32,
    code: u8,
    begun: u32,
    duration: u16,
    ended: bool,
}

impl Digits {
    /// The payload of an event packet. A digit, when it is a new one.
    pub fn hear(&mut self, ssrc: u32, timestamp: u32, marker: bool, payload: &[u8]) -> Option<char> {
        // RFC 4733 section 2.3: event, end bit and volume, duration.
        let [code, flags, high, low, ..] = *payload else { return None };
        let ended = flags & 0x80 != 0;
        let now = Heard { ssrc, code, begun: timestamp, duration: u16::from_be_bytes([high, low]), ended };
        let new = match &mut self.last {
            Some(last) if last.ssrc == ssrc => {
                let later = ahead(timestamp, last.begun);
                if (-STRAGGLES..0).contains(&later) {
                    return None; // A straggler of an event long told.
                }
                if later < 0 {
                    // The phone's clock has begun anew.
                    *last = now;
                    true
                } else if later == 0 {
                    last.ended |= ended;
                    last.duration = last.duration.max(now.duration);
                    false
                } else {
                    // A long event goes on in a new segment (section 2.5.1.3), and some phones move the timestamp with
                    // every packet: without a mark or an end in between it is the same key.
                    let reach = i32::from(last.duration) + 2 * STEP.cast_signed();
                    let same = code == last.code && !last.ended && !marker && later <= reach;
                    *last = now;
                    !same
                }
            }
            _ => {
                self.last = Some(now);
                true
            }
        };
        if new { DIGITS.get(usize::from(code)).copied() } else { None }
    }
}

/// Sends digits, one after another, a packet every 20 ms.
#[derive(Clone, Debug, Default)]
pub struct Dialer {
    waiting: VecDeque<u8>,
    now: Option<Dialing>,
    /// Ticks of pause still to keep.
    pause: u32,
}

#[derive(Clone, Copy, Debug)]
struct Dialing {
    code: u8,
    begun: Option<u32>,
    duration: u32,
    ends: u8,
}

/// A packet to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pressed {
    pub payload: [u8; 4],
    /// The timestamp of the event, once it has one; the first packet gives it one and carries the mark.
    pub begun: Option<u32>,
    /// With the last packet: how long the event was.
    pub over: Option<u32>,
}

impl Dialer {
    /// Characters that are no digits are left out.
    pub fn dial(&mut self, digits: &str) {
        for digit in digits.chars() {
            let code = DIGITS.iter().position(|d| *d == digit.to_ascii_uppercase());
            if let Some(code) = code.and_then(|code| u8::try_from(code).ok())
                && self.waiting.len() < WAITING
            {
                self.waiting.push_back(code);
            }
        }
    }

    pub fn clear(&mut self) {
        *self = Dialer::default();
    }

    /// An event is being told: no sound may go out.
    #[must_use]
    pub fn busy(&self) -> bool {
        self.now.is_some()
    }

    /// Called every 20 ms; `None` when sound may go out instead.
    pub fn step(&mut self) -> Option<Pressed> {
        if self.now.is_none() {
            if self.pause > 0 {
                self.pause = self.pause.saturating_sub(STEP);
                return None;
            }
            let code = self.waiting.pop_front()?;
            self.now = Some(Dialing { code, begun: None, duration: 0, ends: 0 });
        }
        let dialing = self.now.as_mut()?;
        if dialing.duration < SOUNDING {
            dialing.duration += STEP;
        }
        let ending = dialing.duration >= SOUNDING;
        dialing.ends += u8::from(ending);
        let [_, _, high, low] = dialing.duration.to_be_bytes();
        let pressed = Pressed {
            payload: [dialing.code, VOLUME | if ending { 0x80 } else { 0 }, high, low],
            begun: dialing.begun,
            over: (dialing.ends >= ENDS).then_some(dialing.duration),
        };
        if pressed.over.is_some() {
            self.now = None;
            self.pause = PAUSE;
        }
        Some(pressed)
    }

    /// The same for a peer that can only hear them: the code of the digit that sounds, and how far into it this frame is.
    pub fn sound(&mut self) -> Option<(u8, u32)> {
        let from = self.now.map_or(0, |dialing| dialing.duration);
        let pressed = self.step()?;
        let [code, ..] = pressed.payload;
        (from < SOUNDING).then_some((code, from))
    }

    /// The timestamp that the event's first packet was given.
    pub fn began(&mut self, timestamp: u32) {
        if let Some(dialing) = &mut self.now {
            dialing.begun = Some(timestamp);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One packet: timestamp, marker, code, end, duration.
    type Row = (u32, bool, u8, bool, u16);

    fn heard(rows: &[Row]) -> String {
        let mut ear = Digits::default();
        rows.iter()
            .filter_map(|(timestamp, marker, code, end, duration)| {
                let [high, low] = duration.to_be_bytes();
                ear.hear(1, *timestamp, *marker, &[*code, if *end { 0x8a } else { 10 }, high, low])
            })
            .collect()
    }

    #[test]
    fn a_digit_is_told_once() {
        let whole: Vec<Row> = vec![
            (1000, true, 5, false, 160),
            (1000, false, 5, false, 320),
            (1000, false, 5, true, 480),
            (1000, false, 5, true, 480),
            (1000, false, 5, true, 480),
        ];
        for (case, rows, digits) in [
            ("all packets", whole.clone(), "5"),
            ("the start is lost", whole[1..].to_vec(), "5"),
            ("only one end comes", whole[4..].to_vec(), "5"),
            ("every packet twice", whole.iter().flat_map(|r| [*r, *r]).collect(), "5"),
            ("backwards", whole.iter().rev().copied().collect(), "5"),
            ("twice the same key", vec![whole[2], (2000, true, 5, false, 160)], "55"),
            ("the second one's mark is lost", vec![whole[2], (2000, false, 5, false, 160)], "55"),
            ("the first one's end is lost", vec![whole[1], (2000, true, 5, false, 160)], "55"),
            ("a straggler of an older key", vec![whole[0], (2000, true, 6, true, 480), whole[4]], "56"),
            (
                "a key held for 16 s goes on in segments",
                vec![(0, true, 1, false, 0xffff), (0xffff, false, 1, false, 0xffff), (0x1fffe, false, 1, true, 9)],
                "1",
            ),
            (
                "a key held for longer than a packet can tell, its number running over",
                vec![
                    (0, true, 3, false, 0xff00),
                    (0, false, 3, false, 0xffff),
                    (0, false, 3, false, 80),
                    (0, false, 3, true, 400),
                ],
                "3",
            ),
            (
                "every end is lost, and the same key comes again without its mark",
                vec![(0, true, 7, false, 160), (0, false, 7, false, 800), (9000, false, 7, false, 160)],
                "77",
            ),
            (
                "every end of a key is lost, and another follows at once",
                vec![(0, true, 7, false, 160), (0, false, 7, false, 800), (900, false, 8, false, 160)],
                "78",
            ),
            (
                "ends repeated long after",
                vec![
                    (0, true, 7, true, 800),
                    (0, false, 7, true, 800),
                    (0, false, 7, true, 800),
                    (0, false, 7, true, 800),
                ],
                "7",
            ),
            (
                "a phone that moves the timestamp",
                vec![(0, true, 11, false, 160), (160, false, 11, false, 320), (320, false, 11, true, 480)],
                "#",
            ),
            (
                "across the wrap of the clock",
                vec![(u32::MAX - 80, true, 0, true, 480), (900, true, 10, true, 480)],
                "0*",
            ),
            (
                "a phone whose clock begins anew",
                vec![(9_002_000, true, 3, true, 480), (20_000, true, 6, true, 480), (20_000, false, 6, true, 480)],
                "36",
            ),
            ("a hook flash is no digit", vec![(0, true, 16, true, 480)], ""),
            ("letters", vec![(0, true, 12, true, 480), (900, true, 15, true, 480)], "AD"),
        ] {
            assert_eq!(heard(&rows), digits, "{case}");
        }
        assert_eq!(Digits::default().hear(1, 0, true, &[1, 2, 3]), None, "cut off");
    }

    #[test]
    fn digits_are_sent_with_start_updates_and_three_ends() {
        let mut dialer = Dialer::default();
        dialer.dial("1 d");
        let mut seen = Vec::new();
        for tick in 0..40 {
            if let Some(pressed) = dialer.step() {
                if pressed.begun.is_none() {
                    dialer.began(tick);
                }
                let [code, flags, high, low] = pressed.payload;
                seen.push((
                    tick,
                    pressed.begun,
                    code,
                    flags & 0x80 != 0,
                    u16::from_be_bytes([high, low]),
                    pressed.over,
                ));
            }
        }
        // Eight packets, the last of them an end, the end twice more; four ticks of pause.
        assert_eq!(seen.len(), 20);
        assert_eq!(seen[0], (0, None, 1, false, 160, None));
        assert_eq!(seen[1], (1, Some(0), 1, false, 320, None));
        assert_eq!(seen[6], (6, Some(0), 1, false, 1120, None));
        assert_eq!(seen[7..10].iter().map(|s| (s.3, s.4)).collect::<Vec<_>>(), [(true, 1280); 3]);
        assert_eq!(seen[9].5, Some(1280));
        assert_eq!(seen[10], (14, None, 15, false, 160, None));
    }
}
