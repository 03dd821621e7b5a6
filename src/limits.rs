//! Every bound of the system, each with its reason.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// A table that a busy hour has stretched gives its room back when it is needed no more, so that memory after ten
/// thousand calls is what it was before them.
pub fn give_back<K: Eq + Hash, V>(table: &mut HashMap<K, V>) {
    const ALWAYS: usize = 256;
    if table.capacity() > ALWAYS && table.capacity() > 8 * table.len() {
        table.shrink_to((2 * table.len()).max(ALWAYS));
    }
}

/// So many at once, then one every so often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    pub burst: u32,
    pub every: Duration,
}

/// One RTP packet's worth of sound: what every phone defaults to (RFC 3551 section 4.2).
pub const FRAME: Duration = Duration::from_millis(20);
/// A message larger than this is answered 513: ten times any real INVITE, and it fits a UDP datagram.
pub const MESSAGE_BYTES: usize = 65_535;
/// A request larger than this goes over TCP where the peer takes it: it might not pass in one piece (RFC 3261 section 18.1.1).
pub const DATAGRAM_BYTES: usize = 1_300;
/// Header lines in one message; real ones carry 15 to 30.
pub const HEADER_LINES: usize = 256;
/// Connect rings a voice contact for 20 s, fixed.
pub const RING: Duration = Duration::from_secs(20);
/// Connect cuts a whisper at two minutes.
pub const WHISPER: Duration = Duration::from_secs(120);
/// Actions a flow may take without waiting for anything, so that a circle of jumps cannot hold the switch.
pub const FLOW_STEPS: usize = 1_000;
/// A session that nobody refreshes ends after half an hour: what RFC 4028 section 4 recommends.
pub const SESSION_EXPIRES: u32 = 1800;
/// The shortest interval between two ends of a session, in seconds: the least that RFC 4028 section 5 allows.
pub const MIN_SE: u32 = 90;
/// Contacts that one record names as its next ones: Connect's limit. The latest stay.
pub const NEXT_CONTACTS: usize = 24;
/// From here on a record names what may have disturbed the talk: losses that concealment no longer hides (ITU-T G.113), a
/// delay beyond which people interrupt each other (G.114, both ways), a jitter that fills a usual jitter buffer.
pub const POOR_LOSS: f64 = 0.03;
pub const POOR_ROUND_TRIP: Duration = Duration::from_millis(400);
pub const POOR_JITTER: Duration = Duration::from_millis(40);
/// Characters of a status: Connect's limit.
pub const STATUS_CHARS: usize = 50;
/// Characters of a phone's name and version in a record; real ones have twenty.
pub const DEVICE_NAME: usize = 64;
/// Contact records waiting for the journal's disk: minutes of a busy switch, 30 MB.
pub const RECORDS_WAITING: usize = 8_192;
/// How often phones that have only registered again are written down: a crash costs a second of registrations.
pub const REMEMBER: Duration = Duration::from_secs(1);
/// A journal of this many bytes that the database has is begun anew with how the agents are: seldom enough that writing that
/// down again costs nothing, soon enough that the next start takes little a second time.
pub const JOURNAL: u64 = 64 * 1024;
/// How much of the journal goes into the database in one transaction: some hundred records.
pub const TAKE_BYTES: usize = 256 * 1024;
/// How often records past their time are looked for.
pub const RETENTION_ROUND: Duration = Duration::from_secs(3600);
/// Parties on one contact (Connect's multi-party calls).
pub const PARTIES: usize = 6;
/// Supervisors on one contact: Connect's limit. They do not count as parties.
pub const MONITORS: usize = 5;
/// Changes between listening, coaching and barging in that one record names. The latest stay.
pub const STATE_TRANSITIONS: usize = 100;
/// How long a prompt waits for a phone's first RTP after the ACK, so that no word is clipped and no phone waits for ever.
pub const FIRST_RTP: Duration = Duration::from_millis(400);
/// How long between two digits of a feature code.
pub const FEATURE_DIGITS: Duration = Duration::from_secs(3);
/// Phones one agent may have registered at once.
pub const BINDINGS: usize = 10;
/// A registration for less is answered 423: refreshing more often is a burden on both sides (RFC 3261 section 10.3).
pub const EXPIRES_MIN: u32 = 60;
/// A registration for longer is shortened to an hour, so that a phone that vanished is noticed.
pub const EXPIRES_MAX: u32 = 3600;
/// What a phone gets that asks for nothing.
pub const EXPIRES_DEFAULT: u32 = 600;
/// Contacts in one agent's own queue: Connect's limit.
pub const AGENT_QUEUE: usize = 10;
/// Contacts listed of one queue, the first in turn: more than a supervisor reads, and a queue of ten thousand is no burden.
pub const QUEUE_LISTED: usize = 100;
/// How soon an offer is made again that was refused because another request had overtaken it: what is late by more is lost.
pub const OVERTAKEN: Duration = Duration::from_millis(500);
/// An agent's phone that shows no sign of life this long after the INVITE is not reachable (Connect: FailedConnectAgent).
pub const NO_PROVISIONAL: Duration = Duration::from_secs(5);
/// How long the tone of a failed consult lasts, and how often the agent is then reminded of the customer on hold.
pub const FAILURE_TONE: Duration = Duration::from_secs(3);
pub const REMINDER: Duration = Duration::from_secs(10);
/// Digits waiting for a phone that takes one INFO at a time: more than any number has.
pub const DIGITS_WAITING: usize = 64;
/// How long a phone is told of its REFER without asking again: longer than anybody waits for a transfer.
pub const SUBSCRIPTION: Duration = Duration::from_secs(600);
/// How long a number outside may ring before a transfer to it has failed (Connect's default for outbound calls).
pub const OUTSIDE_RING: Duration = Duration::from_secs(60);
/// How long a digest challenge may be answered: longer than any person types, shorter than a stolen answer is worth.
pub const NONCE_LIFE: Duration = Duration::from_secs(600);
/// Answered challenges whose use is counted, so that none is replayed: five a phone for ten thousand phones. The oldest go
/// first and count as stale.
pub const NONCES: usize = 50_000;
/// Inputs waiting for the engine. At 50 us each that is 400 ms of work, more than any caller should wait.
pub const INBOX: usize = 8_192;
/// From here on requests that would begin something new are answered 503, and TCP is no longer read: what is under way comes first.
pub const INBOX_BUSY: usize = INBOX / 2;
/// Inputs handled between two flushes of what came out: enough to save wake-ups, few enough that nobody waits for the last.
pub const BATCH: usize = 256;
/// Commands waiting for one media thread before the engine's thread keeps them back, port by port.
pub const MEDIA_COMMANDS: usize = 4_096;
/// Commands kept for a port that is on its way between two media threads: it takes a millisecond or two.
pub const EXPECTED_COMMANDS: usize = 64;
/// Ports on their way to one media thread: more than one merging of calls can ask for before that thread's next tick.
pub const HANDED_OVER: usize = 1_024;
/// Frames in one piece of a recording, half a second: what a crash may cost, and few enough writes for the disk.
pub const RECORDED_PIECE: usize = 25;
/// Pieces waiting for the disk, 16 KB each: half a minute of sixty recordings, 64 MB.
pub const PIECES_WAITING: usize = 4_096;
/// How often a port tells how it sounds: often enough for a supervisor's eye, seldom enough that the event stream of a
/// thousand agents stays a hundred lines a second.
pub const QUALITY: Duration = Duration::from_secs(10);
/// How long a phone's RTCP may keep silent until it may come from another port of the same host: three reports.
pub const RTCP_MOVES: Duration = Duration::from_secs(20);
/// Packets sent to an address that stands in an SDP, and nothing ever came from it, nor the signalling: ten seconds, in
/// which any phone has sent something. A victim named in an SDP gets no more.
pub const UNPROVEN_PACKETS: u32 = 500;
/// Datagrams taken from one RTP socket in one tick, so that a flood on one port leaves the others their turn.
pub const DRAIN: usize = 64;
/// SIP connections over TCP, both ways.
pub const TCP_CONNECTIONS: usize = 10_000;
/// Messages waiting for one slow reader on TCP; with more he is hung up on.
pub const TCP_QUEUE: usize = 256;
/// HTTP connections, event streams included.
pub const HTTP_CONNECTIONS: usize = 1_024;
/// Wrong passwords from one source: as many as a person mistypes in a row, then one in ten seconds, which is 3 million in a
/// year where a password of ten letters has a hundred million million.
pub const GUESSES_FROM_SOURCE: Pace = Pace { burst: 20, every: Duration::from_secs(10) };
/// Wrong passwords for one account from all the sources that never knew it: twice as fast, so that an agent who comes from a
/// new place finds a gap.
pub const GUESSES_AT_ACCOUNT: Pace = Pace { burst: 50, every: Duration::from_secs(5) };
/// Characters of an account in a log line: any real one has fewer, and a made-up one is not to fill the disk.
pub const ACCOUNT_LOGGED: usize = 64;
/// Sources and accounts whose wrong passwords are counted one by one; a megabyte each. Beyond that they share.
pub const GUESSING_SOURCES: usize = 16_384;
pub const ACCOUNTS_GUESSED: usize = 16_384;
/// Places at which one agent is remembered, and for how long: his holidays are shorter.
pub const PROVEN_SOURCES: usize = 16;
pub const PROVEN_LIFE: Duration = Duration::from_secs(30 * 86_400);
/// SIP messages from one address that no phone or call of ours is at: a person's phone sends ten in a call, a device that
/// starts with twenty lines some hundred at once.
pub const SOURCE_MESSAGES: Pace = Pace { burst: 500, every: Duration::from_millis(5) };
/// INVITEs, REGISTERs and others that begin something, from such an address: each costs a transaction of half a minute.
pub const SOURCE_BEGINS: Pace = Pace { burst: 100, every: Duration::from_millis(50) };
/// The same where agents' phones are registered: a house of some hundred phones behind one address, all started at once.
pub const AGENT_MESSAGES: Pace = Pace { burst: 2_000, every: Duration::from_millis(1) };
pub const AGENT_BEGINS: Pace = Pace { burst: 500, every: Duration::from_millis(10) };
/// What all unknown addresses may send together: the reader looks at ten times as many, the engine takes a tenth of its time
/// for a thousand beginnings.
pub const STRANGERS_MESSAGES: Pace = Pace { burst: 10_000, every: Duration::from_micros(100) };
pub const STRANGERS_BEGIN: Pace = Pace { burst: 2_000, every: Duration::from_millis(1) };
/// REGISTERs from unknown addresses whose senders have proven to be there, once all others have used up what there is: a
/// house of some hundred agents who come home at once.
pub const REACHABLE_BEGIN: Pace = Pace { burst: 500, every: Duration::from_millis(4) };
/// How often the log names an address that sends more than it may, and how many of them by themselves: a flood from many
/// costs some lines a minute.
pub const LIMITED_TOLD: Pace = Pace { burst: 1, every: Duration::from_secs(60) };
pub const LIMITED_SOURCES: usize = 16;
/// Addresses whose messages are counted one by one; some megabytes.
pub const SOURCES: usize = 16_384;
/// Addresses of agents that are remembered, and for how long after the last registration: over a day off.
pub const KNOWN_SOURCES: usize = 65_536;
pub const KNOWN_FOR: Duration = Duration::from_secs(2 * 86_400);
/// TCP connections from one address: a household's, or where agents are registered a house's.
pub const SOURCE_CONNECTIONS: usize = 32;
pub const AGENT_CONNECTIONS: usize = 1_000;
/// Connections of unknown addresses in all: each may keep half a message of 64 KB with us, so 128 MB.
pub const CONNECTIONS_OF_STRANGERS: usize = 2_000;
/// Answered calls of one guest whose ACKs are still to come. A forged address never acknowledges, and gets each 200 eleven
/// times; a real one takes a moment.
pub const UNACKNOWLEDGED: usize = 20;
/// Digits of an international number (ITU-T E.164 section 6.1), and of one as it is dialled: with a way out before it.
pub const E164_DIGITS: usize = 15;
pub const DIALLED_DIGITS: usize = 20;
/// Trunks of one installation, and hosts of one trunk: more than any has, few enough that a call looks at all of them.
pub const TRUNKS: usize = 100;
pub const TRUNK_HOSTS: usize = 16;
/// Records of one answer of the name service that are used, and addresses of one host name.
pub const HOST_RECORDS: usize = 16;
pub const HOST_ADDRESSES: usize = 8;
/// Hosts that one call is tried at: with the pause between two of them that is as long as anybody waits for a ringing.
pub const TRIES: usize = 8;
/// A host of a trunk that says nothing at all to a call for so long is passed over for the next: three repetitions of the INVITE.
/// The last is given the time that RFC 3261 has (timer B).
pub const NEXT_HOST: Duration = Duration::from_secs(4);
/// Places to which one call outside is redirected: what goes round for longer comes to nobody.
pub const REDIRECTS: usize = 5;
/// How often a trunk's host is asked whether it is there, if the configuration does not say.
pub const PROBE: Duration = Duration::from_secs(30);
/// An OPTIONS without an answer for so long means down: five repetitions. An answer that comes later still counts.
pub const PROBE_SILENT: Duration = Duration::from_secs(8);
/// How soon a host that is down is asked again.
pub const PROBE_DOWN: Duration = Duration::from_secs(10);
/// How long a host that is never asked stays down after a call got nothing from it.
pub const REST: Duration = Duration::from_secs(30);
/// The longest Retry-After that is believed of a host: a mistyped one must not close a trunk for a day.
pub const RETRY_AFTER: Duration = Duration::from_secs(300);
/// For how many seconds we register at a trunk.
pub const TRUNK_EXPIRES: u32 = 3600;
/// How patiently a registration that failed is begun anew (RFC 5626 section 4.5).
pub const FLOW_BASE: Duration = Duration::from_secs(30);
pub const FLOW_MAX: Duration = Duration::from_secs(1_800);
/// How long a name's address is used at least and at most, whatever its record says: neither a question for each call, nor
/// a day with one that has moved.
pub const NAME_LEAST: Duration = Duration::from_secs(5);
pub const NAME_MOST: Duration = Duration::from_secs(3_600);
/// How soon a question is asked again that nobody answered. What was known holds until then.
pub const NAME_AGAIN: Duration = Duration::from_secs(30);
/// Answers of the name service that are kept while they hold: some for each host of each trunk.
pub const NAMES: u64 = 1_024;
