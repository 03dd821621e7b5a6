//! Logs: fields on standard error, how much of them said by `CORDBOARD_LOG`.

use crate::sip::Link;
use std::borrow::Cow;
use std::io::IsTerminal;
use tracing::{debug, trace};
use tracing_subscriber::EnvFilter;

/// The environment variable that says what is logged: `info`, `debug`, `info,sip=trace`, ...
pub const VARIABLE: &str = "CORDBOARD_LOG";
/// What the filter calls SIP messages.
const SIP: &str = "sip";

/// A SIP message that came in or went out: its first line at DEBUG, all of it at TRACE.
pub fn message(way: &str, link: Link, bytes: &[u8]) {
    debug!(target: SIP, %way, %link, line = %text(bytes.split(|byte| *byte == b'\r').next().unwrap_or_default()));
    trace!(target: SIP, "{}", text(bytes));
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// Starts the logs once; a second call (a test that starts several switches) changes nothing.
/// A filter that cannot be read is said on standard error and `default` is taken instead.
pub fn start_logs(default: &str) {
    let filter = match std::env::var(VARIABLE) {
        Ok(text) => EnvFilter::try_new(&text).unwrap_or_else(|fault| {
            eprintln!("{VARIABLE}={text}: {fault}; logging `{default}` instead");
            EnvFilter::new(default)
        }),
        Err(_) => EnvFilter::new(default),
    };
    let _already_started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init();
}
