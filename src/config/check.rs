//! What `cordboard check` says: every fault, or that there is none.

use super::fault::Fault;
use super::source::Source;
use crate::flow::{self, Flow, Names};
use crate::site::Site;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

/// What there is to say, and whether all is well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub text: String,
    pub ok: bool,
}

/// Loads an installation, and holds flow files against it that are not part of it (yet).
#[must_use]
pub fn check(source: &Source, flow_files: &[PathBuf]) -> Report {
    let mut text = String::new();
    let mut faults = Vec::new();
    match super::load(source) {
        Err(list) => {
            faults.extend(list);
            faults.extend(flow_files.iter().filter_map(|path| read(path).err()).flatten());
        }
        Ok(site) => {
            if flow_files.is_empty() {
                let _ = writeln!(text, "{}", summary(&source.name(), &site));
            } else {
                against(&site, flow_files, &mut text, &mut faults);
            }
        }
    }
    for fault in &faults {
        let _ = writeln!(text, "{fault}");
    }
    if !faults.is_empty() {
        let _ = writeln!(text, "{}", count(faults.len(), "fault"));
    }
    Report { text, ok: faults.is_empty() }
}

fn read(path: &PathBuf) -> Result<Vec<Flow>, Vec<Fault>> {
    let name = path.display().to_string();
    let bytes = fs::read(path).map_err(|error| {
        vec![Fault::file(&name, format!("it cannot be read: {error}"), "Mend the path or its rights.")]
    })?;
    flow::load(&name, &bytes).map_err(|list| list.into_iter().map(Fault::from).collect())
}

fn against(site: &Site, flow_files: &[PathBuf], text: &mut String, faults: &mut Vec<Fault>) {
    let mut flows = Vec::new();
    for path in flow_files {
        match read(path) {
            Ok(list) => flows.extend(list),
            Err(list) => faults.extend(list),
        }
    }
    let names = Names {
        flows: site.catalog.flows.values().map(|flow| &**flow).chain(&flows).map(|f| (f.id.clone(), f.kind)).collect(),
        queues: site.catalog.queues.keys().cloned().collect(),
        hours: site.catalog.hours.keys().cloned().collect(),
        agents: site.agents.keys().cloned().collect(),
        prompts: site.library.prompts.keys().cloned().collect(),
        speech: site.catalog.speech.clone(),
    };
    for flow in &flows {
        let found = flow::check(flow, &names);
        if found.is_empty() {
            let _ = writeln!(text, "{}: {} ({}): no faults", flow.file, flow.id, flow.kind.token());
        }
        faults.extend(found.into_iter().map(Fault::from));
    }
}

fn summary(name: &str, site: &Site) -> String {
    let parts = [
        count(site.agents.len(), "agent"),
        count(site.catalog.queues.len(), "queue"),
        count(site.catalog.quick_connects.len(), "quick connect"),
        count(site.numbers.len(), "number"),
        count(site.catalog.flows.len(), "flow"),
        count(site.library.prompts.len(), "prompt"),
    ];
    format!("{name}: {}: no faults", parts.join(", "))
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
