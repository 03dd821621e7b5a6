//! Recordings that are done: read for whoever may hear them, and thrown away when their time is over.

use crate::control::{Shelf, Stored};
use axum::body::{Body, Bytes};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio_stream::wrappers::ReceiverStream;

/// What is read at a time, and how much of it waits for a slow listener.
const CHUNK: usize = 64 * 1024;
const AHEAD: usize = 4;

/// How the API reads a recording, by its location in the folder.
pub(in crate::io) fn shelf(folder: &Path) -> Shelf {
    let folder: Arc<Path> = folder.into();
    Box::new(move |location| {
        let path = folder.join(location);
        Box::pin(async move {
            let opened = spawn_blocking(move || {
                let file = File::open(&path)?;
                let length = file.metadata()?.len();
                io::Result::Ok((file, length))
            });
            match opened.await {
                Ok(Ok((file, length))) => Some(Stored { length, read: Box::new(move |from, to| body(file, from, to)) }),
                Ok(Err(fault)) => {
                    if fault.kind() != ErrorKind::NotFound {
                        tracing::warn!(%fault, "a recording cannot be read");
                    }
                    None
                }
                Err(_) => None,
            }
        })
    })
}

/// The bytes of a file from one place to before another. A file that breaks off breaks the answer off.
fn body(mut file: File, from: u64, to: u64) -> Body {
    let (sender, chunks) = mpsc::channel::<io::Result<Bytes>>(AHEAD);
    spawn_blocking(move || {
        let mut left = to.saturating_sub(from);
        let mut placed = file.seek(SeekFrom::Start(from)).map(drop);
        while left > 0 {
            let mut chunk = vec![0; usize::try_from(left).unwrap_or(CHUNK).min(CHUNK)];
            let read = std::mem::replace(&mut placed, Ok(())).and_then(|()| file.read_exact(&mut chunk));
            let failed = read.is_err();
            left -= chunk.len() as u64;
            // Nobody listens any more.
            if sender.blocking_send(read.map(|()| Bytes::from(chunk))).is_err() || failed {
                return;
            }
        }
    });
    Body::from_stream(ReceiverStream::new(chunks))
}

/// Throws away the recordings that were last written to before then. Only what is named as we name it.
pub(in crate::io) fn expire(folder: &Path, before: SystemTime) -> io::Result<usize> {
    let mut gone = 0;
    let days = match fs::read_dir(folder) {
        Err(fault) if fault.kind() == ErrorKind::NotFound => return Ok(0),
        days => days?,
    };
    for day in days.flatten().map(|day| day.path()).filter(|day| is_day(day)) {
        for file in fs::read_dir(&day)?.flatten() {
            let path = file.path();
            let old = || file.metadata().and_then(|data| data.modified()).is_ok_and(|written| written < before);
            if is_recording(&path) && old() {
                fs::remove_file(&path)?;
                gone += 1;
            }
        }
        // Refused while something is in it.
        let _removed = fs::remove_dir(&day);
    }
    Ok(gone)
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// `2026-11-22`
fn is_day(path: &Path) -> bool {
    let shape = b"0000-00-00";
    let fits = |(is, shape): (u8, &u8)| if *shape == b'0' { is.is_ascii_digit() } else { is == *shape };
    name(path).len() == shape.len() && name(path).bytes().zip(shape).all(fits)
}

/// A contact's id and `.wav`.
fn is_recording(path: &Path) -> bool {
    name(path).strip_suffix(".wav").is_some_and(|id| crate::ids::ContactId::parse(id).is_some())
}
