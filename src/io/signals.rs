//! What the operating system asks of a running switch.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io;
use std::sync::mpsc::{Receiver, sync_channel};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// SIGTERM or SIGINT: end, gently the first time.
    End,
    /// SIGHUP: read the configuration again.
    Reload,
}

/// From here on the signals come out here instead of ending the process.
pub(super) fn listen() -> io::Result<Receiver<Asked>> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let (sender, asked) = sync_channel(16);
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            let what = if signal == SIGHUP { Asked::Reload } else { Asked::End };
            if sender.send(what).is_err() {
                return;
            }
        }
    })?;
    Ok(asked)
}
