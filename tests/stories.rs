//! Every story of `tests/stories`, read and played in virtual time.

use cordboard::story;
use std::fs;
use std::path::{Path, PathBuf};

fn stories() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories");
    let mut found: Vec<_> = fs::read_dir(&folder)
        .expect("tests/stories is there")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "story"))
        .collect();
    found.sort();
    assert!(found.len() >= 20, "only {} stories in {}", found.len(), folder.display());
    found
}

#[test]
fn every_story_can_be_read() {
    let mut faults = Vec::new();
    for path in stories() {
        let text = fs::read_to_string(&path).expect("readable story");
        let name = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(&path).display().to_string();
        if let Err(found) = story::parse(&name, &text) {
            faults.extend(found.iter().map(ToString::to_string));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
