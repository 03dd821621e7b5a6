//! The house rules, held by a test: floors, purity, and what may not stand in the tree.

use std::fs;
use std::path::{Path, PathBuf};

/// Every room and its floor. A room imports only rooms on lower floors, never a neighbour.
const FLOORS: &[(&str, u8)] = &[
    ("time", 0),
    ("ids", 0),
    ("limits", 0),
    ("sip", 1),
    ("sdp", 1),
    ("rtp", 1),
    ("audio", 1),
    ("flow", 1),
    ("routing", 1),
    ("media", 2),
    ("registrar", 2),
    ("trunk", 2),
    ("contact", 2),
    ("phone", 2),
    ("leg", 3),
    ("site", 3),
    ("engine", 4),
    ("config", 5),
    ("store", 5),
    ("telemetry", 5),
    ("control", 6),
    ("story", 6),
    ("io", 7),
    ("demo", 8),
    ("ctl", 8),
];

/// Imports that a floor would allow and the design does not, with the reason.
const FORBIDDEN: &[(&str, &str, &str)] = &[
    ("contact", "sip", "the story of a call knows no SIP"),
    ("contact", "sdp", "the story of a call knows no SDP"),
    ("contact", "rtp", "the story of a call knows no RTP"),
    ("phone", "sip", "the phones judge our SIP by another reading of the RFCs"),
    ("phone", "sdp", "the phones judge our SDP by another reading of the RFCs"),
];

/// What only the io room, the programs on top of it and the entry point may touch.
const IMPURE: &[&str] = &[
    "Instant::now",
    "SystemTime::now",
    "std::net::UdpSocket",
    "std::net::TcpStream",
    "std::net::TcpListener",
    "tokio::net",
    "tokio::time",
    "std::thread",
    "thread::sleep",
];

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(dir: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(dir).expect("readable folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).expect("readable file");
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    found.sort();
    found
}

/// The room a file stands in, or `None` for lib.rs and main.rs.
fn room(path: &Path) -> Option<String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let first = path.strip_prefix(src).ok()?.components().next()?.as_os_str().to_str()?.to_owned();
    let name = first.strip_suffix(".rs").unwrap_or(&first).to_owned();
    (name != "lib" && name != "main").then_some(name)
}

fn floor(room: &str) -> u8 {
    FLOORS
        .iter()
        .find(|(name, _)| *name == room)
        .unwrap_or_else(|| panic!("room `{room}` has no floor: add it to FLOORS"))
        .1
}

/// The rooms a line names by `crate::room`, also inside `use crate::{a, b::c}`.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + 7..];
            if let Some(group) = rest.strip_prefix('{') {
                let mut depth = 0;
                let mut name = String::new();
                let mut fresh = true;
                for c in group.chars() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => {
                            found.push((number + 1, std::mem::take(&mut name)));
                            fresh = true;
                        }
                        c if fresh && depth == 0 && (c.is_alphanumeric() || c == '_') => name.push(c),
                        ' ' if name.is_empty() => {}
                        _ => fresh = false,
                    }
                }
                if !name.is_empty() {
                    found.push((number + 1, name));
                }
            } else {
                found.push((number + 1, rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()));
            }
        }
    }
    found
}

#[test]
fn rooms_import_only_from_lower_floors() {
    let mut faults = Vec::new();
    for (path, text) in sources() {
        let Some(here) = room(&path) else { continue };
        for (line, there) in imports(&text) {
            if there == here || there.is_empty() {
                continue;
            }
            if floor(&there) >= floor(&here) {
                faults.push(format!(
                    "{}:{line}: {here} (floor {}) imports {there} (floor {})",
                    path.display(),
                    floor(&here),
                    floor(&there)
                ));
            }
            if let Some((_, _, why)) = FORBIDDEN.iter().find(|(a, b, _)| *a == here && *b == there) {
                faults.push(format!("{}:{line}: {here} imports {there}: {why}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn clocks_sockets_and_threads_stay_at_the_doors() {
    let mut faults = Vec::new();
    for (path, text) in sources() {
        let Some(here) = room(&path) else { continue };
        if floor(&here) >= 7 {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            for word in IMPURE {
                if line.contains(word) {
                    faults.push(format!("{}:{}: {word} below the io room", path.display(), number + 1));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_file_says_its_one_job_first() {
    let faults: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(faults.is_empty(), "no `//!` line at the top of: {faults:?}");
}

#[test]
fn files_stay_readable() {
    let faults: Vec<_> = sources()
        .into_iter()
        .filter_map(|(path, text)| {
            let lines = text.lines().take_while(|l| *l != "#[cfg(test)]").count();
            (lines > 700).then(|| format!("{}: {lines} lines before its tests", path.display()))
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn unsafe_is_confined_to_the_system_file() {
    let faults: Vec<_> = sources()
        .into_iter()
        .filter(|(path, text)| {
            !path.ends_with("io/system.rs") && (text.contains("unsafe {") || text.contains("unsafe fn"))
        })
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(faults.is_empty(), "unsafe outside io/system.rs: {faults:?}");
}
