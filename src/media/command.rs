//! What the engine tells a media thread, and what it hears back.
//!
//! A [`PortSpec`] is the whole wish for a port, so that only the latest counts: commands may be coalesced per port
//! and nothing is lost.

pub use crate::audio::{Codec, Tone};
use crate::ids::{ContactId, PlayId, PortId, PromptId, ShardId};
use crate::time::{Duration, Time};
use std::net::{IpAddr, SocketAddr};

/// One thing to play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sound {
    /// A prompt of the library, to its end.
    Prompt(PromptId),
    /// A generated tone. Ringback, busy and the like are cadenced and last until something else is wished for.
    Tone(Tone),
    /// Nothing, for so long.
    Pause(Duration),
}

/// The one audio source of a port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// Silent frames: the stream goes on, nothing is heard.
    #[default]
    Silence,
    /// Sounds in order. The same `play` goes on where it is; another starts at its beginning.
    /// At the end of a list that does not repeat: [`MediaEvent::Played`] with the last frame, then silence. A prompt that
    /// the library does not have is passed over.
    Play { play: PlayId, sounds: Vec<Sound>, repeat: bool },
    /// The sum of what these ports receive. One port with the same codec is relayed packet by packet, more are mixed.
    /// A port may hear itself: an echo. A port that is not open, or may not be heard, adds nothing; when nothing comes at
    /// all, silent frames go out.
    Hear(Vec<PortId>),
}

/// When a port begins to send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// Not yet: the dialog is not confirmed. What is received still counts (early media).
    #[default]
    Wait,
    /// Silence goes out at once; a `Play` source starts with the phone's first valid RTP, at the latest at this moment.
    FirstRtpOr(Time),
    /// Now.
    Now,
}

/// All that is wished for a port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortSpec {
    /// Counts up with every wish; an older one is stale.
    pub generation: u64,
    /// Where the SDP says RTP goes; the first valid packet of the phone settles it (symmetric RTP), unless `latch` is
    /// false. Another address here begins that anew. Without one, nothing is sent and nothing is heard.
    pub remote: Option<SocketAddr>,
    /// Where the phone's signalling comes from: behind a NAT its RTP does, too. `None`: not known.
    pub signalled: Option<IpAddr>,
    pub rtcp: Option<SocketAddr>,
    /// RTP and RTCP share one port, at both ends (RFC 5761). Without it each has its own.
    pub rtcp_mux: bool,
    pub latch: bool,
    /// What we send, and its payload type there.
    pub codec: Option<(Codec, u8)>,
    /// Milliseconds of sound that the phone wants in a packet, 10 to 60 in steps of 10; `None`: whatever suits us.
    pub ptime: Option<u16>,
    /// What else may come in: payload type to codec.
    pub accepts: Vec<(u8, Codec)>,
    /// The payload type of telephone-event, if agreed (RFC 4733): the phone's, which we send.
    pub telephone_event: Option<u8>,
    /// Ours, which the phone sends. Some send their own all the same.
    pub accepts_event: Option<u8>,
    /// Whether we may send audio at all (the peer's direction allows it). A play list goes on unheard meanwhile, so that
    /// its flow does not hang.
    pub send: bool,
    /// Whether what comes in may be heard by anybody; false while the party is held or muted. Its digits still count.
    pub receive: bool,
    pub start: Start,
    pub source: Source,
}

/// All that is wished for the recording of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    pub contact: ContactId,
    /// When its first sample was heard: where in it a sound stands follows from the clock alone.
    pub since: Time,
    /// Whose sound is on the left, and on the right. Who may not be heard is not recorded either.
    pub left: Vec<PortId>,
    pub right: Vec<PortId>,
}

/// A piece of a recording. Each says where it stands, so that one which is lost on the way leaves silence in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub contact: ContactId,
    pub since: Time,
    /// Where it begins and ends, in samples of each channel.
    pub from: u64,
    pub to: u64,
    /// Left and right in turn; nothing where all of it is silence.
    pub pcm: Vec<i16>,
    /// Nothing comes after it.
    pub last: bool,
}

/// Engine to media thread.
#[derive(Clone, Debug)]
pub enum MediaCommand {
    /// Bind RTP at `local` and RTCP one above, and begin to listen.
    Open {
        port: PortId,
        local: SocketAddr,
    },
    Set {
        port: PortId,
        spec: PortSpec,
    },
    /// Send these digits one after another in place of the sound: as telephone-events, or as tones where those are not
    /// agreed.
    Digits {
        port: PortId,
        digits: String,
    },
    /// Give the port, its sockets and its stream to another media thread.
    HandOver {
        port: PortId,
        to: ShardId,
    },
    /// Another media thread hands this port over: keep what is said of it until it is here.
    Expect {
        port: PortId,
    },
    /// An RTCP BYE, then gone.
    Close {
        port: PortId,
    },
    /// Record, or go on recording in another way.
    Record(Recording),
    /// Enough recorded. `elsewhere`: another media thread goes on with it.
    EndRecording {
        contact: ContactId,
        elsewhere: bool,
    },
}

impl MediaCommand {
    /// The port that it is about, if it is about one.
    #[must_use]
    pub fn port(&self) -> Option<PortId> {
        match self {
            MediaCommand::Open { port, .. }
            | MediaCommand::Set { port, .. }
            | MediaCommand::Digits { port, .. }
            | MediaCommand::HandOver { port, .. }
            | MediaCommand::Expect { port }
            | MediaCommand::Close { port } => Some(*port),
            MediaCommand::Record(_) | MediaCommand::EndRecording { .. } => None,
        }
    }
}

/// Media thread to engine. Never a packet: only what changes a call.
#[derive(Clone, Debug, PartialEq)]
pub enum MediaEvent {
    /// The address could not be bound; the leg takes another one.
    BindFailed { port: PortId, reason: String },
    /// The first valid RTP packet.
    FirstRtp { port: PortId },
    /// A play list came to its end.
    Played { port: PortId, play: PlayId },
    /// One telephone-event, told once, when it ends or after it is clearly there.
    Digit { port: PortId, digit: char },
    /// Nothing came in, RTP or RTCP, for the configured time, once there was some. Told again each time it has passed.
    Silent { port: PortId },
    /// How it goes, every few seconds while packets come in.
    Quality { port: PortId, stats: PortStats },
    /// The last word of a port, when it closes.
    Closed { port: PortId, stats: PortStats },
}

impl MediaEvent {
    #[must_use]
    pub fn port(&self) -> PortId {
        match self {
            MediaEvent::BindFailed { port, .. }
            | MediaEvent::FirstRtp { port }
            | MediaEvent::Played { port, .. }
            | MediaEvent::Digit { port, .. }
            | MediaEvent::Silent { port }
            | MediaEvent::Quality { port, .. }
            | MediaEvent::Closed { port, .. } => *port,
        }
    }
}

/// What a port has seen. Packets and octets (of payload) count RTP; jitter as RFC 3550 section 6.4.1 has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PortStats {
    pub packets_received: u64,
    pub octets_received: u64,
    pub packets_sent: u64,
    pub octets_sent: u64,
    /// Never came.
    pub packets_lost: u64,
    /// Came after their turn.
    pub packets_late: u64,
    pub packets_duplicate: u64,
    /// Junk, strangers' and what nobody can use.
    pub packets_refused: u64,
    pub jitter: Duration,
    /// By the phone's reports, if it sends any.
    pub round_trip: Option<Duration>,
    /// What the phone says of the stream it gets: packets lost and jitter.
    pub remote: Option<(u64, Duration)>,
    /// How what came in sounds over the whole call, 1.0 to 4.4 (ITU-T G.107). Nothing, when nothing came.
    pub mos: Option<f64>,
    /// The same since the last [`MediaEvent::Quality`].
    pub mos_of_late: Option<f64>,
}
