//! RTP and RTCP packets, sequencing, jitter, telephone-event (RFC 3550, 3551, 4733).

mod event;
mod jitter;
mod packet;
mod quality;
mod reception;
mod rtcp;
mod sequencer;

pub use event::{Dialer, Digits, Pressed};
pub use jitter::{Inserted, Jitter, Next};
pub use packet::{HEADER, Header, Malformed, Packet, rewrite, write};
pub use quality::mos;
pub use reception::{Arrival, Reception};
pub use rtcp::{Report, Sender, goodbye, interval, is_rtcp, ntp, report, reports};
pub use sequencer::{Incoming, Sequencer, Stamp};

/// Ticks a second of every clock in use so far (RFC 3551 table 4; G.722 counts so too, Opus at 48,000).
pub const CLOCK_RATE: u32 = 8_000;

/// How many ticks of an 8 kHz clock fit into a span.
#[must_use]
pub(crate) fn ticks(span: crate::time::Duration) -> u32 {
    // Timestamps wrap (RFC 3550 section 5.1), so the low bits are all that counts.
    (span.as_micros() * u128::from(CLOCK_RATE) / 1_000_000) as u32
}

/// How long so many ticks of an 8 kHz clock last.
#[must_use]
pub(crate) fn span(ticks: u32) -> crate::time::Duration {
    crate::time::Duration::from_micros(u64::from(ticks) * 1_000_000 / u64::from(CLOCK_RATE))
}

/// How far `a` is ahead of `b` on a clock that wraps.
#[must_use]
pub(crate) fn ahead(a: u32, b: u32) -> i32 {
    a.wrapping_sub(b).cast_signed()
}

/// The same for sequence numbers.
#[must_use]
pub(crate) fn seq_ahead(a: u16, b: u16) -> i16 {
    a.wrapping_sub(b).cast_signed()
}
