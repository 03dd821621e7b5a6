//! The flows and the prompts that a configuration names, read and checked.

use super::fault::{Fault, Faults};
use super::lab;
use super::source::{Source, file_name};
use super::table::{self, At, Table};
use super::tables::Built;
use crate::audio::{Clip, Library};
use crate::contact::{Catalog, FeatureCodes};
use crate::flow::{self, Flow, FlowType, Names, Speech};
use crate::ids::{FlowId, PromptId};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

pub(super) struct Assets {
    flows: BTreeMap<FlowId, Flow>,
    /// A file could not be read, so a flow that is missed may be in it.
    flows_broken: bool,
    flows_place: Range<usize>,
    /// By file name; those that cannot be played are faults already, and named all the same.
    prompts: BTreeSet<PromptId>,
    library: Library,
    speech: Speech,
}

impl Assets {
    pub fn read(source: &Source, mut flows: Table<'_>, mut prompts: Table<'_>, faults: &Faults) -> Assets {
        let mut assets = Assets {
            flows: BTreeMap::new(),
            flows_broken: false,
            flows_place: flows.place("dir"),
            prompts: BTreeSet::new(),
            library: Library::default(),
            speech: Speech::default(),
        };
        let at = |text: Option<At<String>>, span: &Range<usize>, usual: &str| {
            text.unwrap_or(At { value: usual.to_owned(), span: span.clone() })
        };
        let dir = at(flows.text("dir"), &flows.span, "flows");
        match source.files(&dir.value, ".json", lab::FLOWS) {
            Ok(files) => files.into_iter().for_each(|(path, bytes)| assets.flow_file(&path, &bytes, faults)),
            Err(fault) => {
                assets.flows_broken = true;
                faults.at(dir.span, format!("{}: {}", fault.file, fault.problem), "Name the folder of the flows.");
            }
        }
        let dir = at(prompts.text("dir"), &prompts.span, "../prompts");
        match source.files(&dir.value, ".wav", lab::PROMPTS) {
            Ok(files) => files.into_iter().for_each(|(path, bytes)| assets.prompt(&path, &bytes, faults)),
            Err(fault) => {
                faults.at(
                    dir.span.clone(),
                    format!("{}: {}", fault.file, fault.problem),
                    "Name the folder of the prompts.",
                );
            }
        }
        if let Ok(files) = source.files(&dir.value, "index.toml", lab::PROMPTS) {
            files.into_iter().for_each(|(path, bytes)| assets.index(&path, &bytes, faults));
        }
        flows.finish();
        prompts.finish();
        assets
    }

    fn flow_file(&mut self, path: &str, bytes: &[u8], faults: &Faults) {
        match flow::load(path, bytes) {
            Err(list) => {
                self.flows_broken = true;
                list.into_iter().for_each(|fault| faults.add(fault));
            }
            Ok(flows) => {
                for flow in flows {
                    if let Some(other) = self.flows.get(&flow.id) {
                        faults.add(Fault::file(
                            path,
                            format!("the flow {} is in {} already", flow.id, other.file),
                            "Rename one of them.",
                        ));
                    } else {
                        self.flows.insert(flow.id.clone(), flow);
                    }
                }
            }
        }
    }

    fn prompt(&mut self, path: &str, bytes: &[u8], faults: &Faults) {
        let id = PromptId::from(file_name(path));
        self.prompts.insert(id.clone());
        match Clip::read(bytes) {
            Ok(clip) => {
                self.library.prompts.insert(id, Arc::new(clip));
            }
            Err(error) => {
                faults.add(Fault::file(
                    path,
                    error.to_string(),
                    "Save it again as a WAV file: 8 kHz, mono, 16 bit is best.",
                ));
            }
        }
    }

    /// Which recording speaks which text: `"text" = "file"`.
    fn index(&mut self, path: &str, bytes: &[u8], faults: &Faults) {
        let text = String::from_utf8_lossy(bytes);
        let here = Faults::new(path.to_owned(), &text);
        if let Some(document) = table::parse(&text, &here) {
            let lines = Table::root(document, &here).into_texts();
            for (_, file) in &lines {
                if !self.prompts.contains(file.value.as_str()) {
                    here.at(
                        file.span.clone(),
                        format!("there is no prompt {}", file.value),
                        "Name a WAV file that is in the same folder.",
                    );
                }
            }
            self.speech = Speech::new(lines.into_iter().map(|(text, file)| (text, PromptId::from(file.value))));
        }
        here.into_list().into_iter().for_each(|fault| faults.add(fault));
    }

    /// Finds the flow that a key names; a fault when it is not there or of another type.
    pub fn flow(&self, table: &Table<'_>, named: &At<String>, kind: FlowType) -> FlowId {
        let id = FlowId::from(named.value.as_str());
        match self.flows.get(&id) {
            Some(flow) if flow.kind == kind => {}
            Some(flow) => table.fault(
                named.span.clone(),
                format!("{id} is a {} flow", flow.kind.token()),
                format!("Name a {} flow.", kind.token()),
            ),
            None if self.flows_broken => {}
            None => {
                let names: Vec<_> =
                    self.flows.values().filter(|flow| flow.kind == kind).map(|flow| flow.id.as_str()).collect();
                table.fault(
                    named.span.clone(),
                    format!("there is no flow {id}"),
                    match table::nearest(&named.value, &names) {
                        Some(meant) => format!("Did you mean \"{meant}\"?"),
                        None => format!("There are: {}.", names.join(", ")),
                    },
                );
            }
        }
        id
    }

    pub fn prompt_named(&self, table: &Table<'_>, named: &At<String>) -> PromptId {
        if !self.prompts.contains(named.value.as_str()) {
            let names: Vec<_> = self.prompts.iter().map(PromptId::as_str).collect();
            table.fault(
                named.span.clone(),
                format!("there is no prompt {}", named.value),
                match table::nearest(&named.value, &names) {
                    Some(meant) => format!("Did you mean \"{meant}\"?"),
                    None => "Name a WAV file of the prompts folder.".to_owned(),
                },
            );
        }
        PromptId::from(named.value.as_str())
    }

    /// What only shows once everything is there: names inside flows, and the flows that every call may need.
    pub fn check(&self, built: &Built, faults: &Faults) {
        let mut names = Names {
            flows: BTreeMap::new(),
            queues: built.queues.keys().cloned().collect(),
            hours: built.hours.keys().cloned().collect(),
            agents: built.agents.keys().cloned().collect(),
            prompts: self.prompts.clone(),
            speech: self.speech.clone(),
        };
        for flow in self.flows.values() {
            names.flows.insert(flow.id.clone(), flow.kind);
            if let Some(arn) = &flow.arn {
                names.flows.insert(arn.as_str().into(), flow.kind);
            }
        }
        for flow in self.flows.values() {
            flow::check(flow, &names).into_iter().for_each(|fault| faults.add(fault));
        }
        for kind in NEEDED {
            let Some(name) = kind.default_name() else { continue };
            if !self.flows_broken && self.flows.get(name).is_none_or(|flow| flow.kind != kind) {
                faults.at(
                    self.flows_place.clone(),
                    format!("there is no {} flow \"{name}\", so a call would be silent where it runs", kind.token()),
                    "Put one into the folder of the flows.",
                );
            }
        }
    }

    pub fn into_catalog(
        self,
        built: &Built,
        feature_codes: FeatureCodes,
        record: bool,
    ) -> (Arc<Catalog>, Arc<Library>) {
        let defaults = FlowType::ALL
            .into_iter()
            .filter_map(|kind| {
                let flow = self.flows.get(kind.default_name()?)?;
                (flow.kind == kind).then(|| (kind, flow.id.clone()))
            })
            .collect();
        let catalog = Catalog {
            flows: self.flows.into_iter().map(|(id, flow)| (id, Arc::new(flow))).collect(),
            defaults,
            queues: built.queues.clone(),
            hours: built.hours.clone(),
            quick_connects: built.quick_connects.clone(),
            agents: built.catalog_agents.clone(),
            record,
            speech: self.speech,
            feature_codes,
        };
        (Arc::new(catalog), Arc::new(self.library))
    }
}

/// The default flows without which somebody would hear nothing.
const NEEDED: [FlowType; 5] = [
    FlowType::CustomerQueue,
    FlowType::CustomerHold,
    FlowType::CustomerWhisper,
    FlowType::AgentHold,
    FlowType::AgentWhisper,
];
