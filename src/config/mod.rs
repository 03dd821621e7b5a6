//! TOML in, a checked site out; every fault with its cure, and its place in the configuration.
//!
//! [`load`] reads a configuration with its flows and prompts, from a folder or from the lab that is part of the binary,
//! and either gives a [`Site`] in which everything that is named is there, or lists everything that is wrong at once.

mod assets;
mod check;
mod fault;
mod hours;
mod lab;
mod lan;
mod outside;
mod sections;
mod source;
mod table;
mod tables;
mod trunks;

pub use check::{Report, check};
pub use fault::Fault;
pub use lan::on_lan;
pub use source::Source;

use crate::site::Site;
use assets::Assets;
use fault::Faults;
use table::Table;

/// Reads and checks a whole installation.
pub fn load(source: &Source) -> Result<Site, Vec<Fault>> {
    let text = source.text().map_err(|fault| vec![fault])?;
    load_text(source, &text)
}

/// As [`load`], with another text in place of the configuration file's.
fn load_text(source: &Source, text: &str) -> Result<Site, Vec<Fault>> {
    let faults = Faults::new(source.name(), text);
    let site = table::parse(text, &faults).map(|document| read(source, document, &faults));
    match (site, faults.into_list()) {
        (Some(site), list) if list.is_empty() => Ok(site),
        (_, list) => Err(list),
    }
}

/// What is at fault is left out or takes its default; the faults then tell why there is no such site.
fn read<'a>(source: &Source, document: toml::Spanned<toml::de::DeTable<'a>>, faults: &'a Faults) -> Site {
    let mut root = Table::root(document, faults);
    let sip = sections::sip(root.table("sip"));
    let (media, record) = sections::media(root.table("media"));
    let http = sections::http(root.table("http"));
    let store = sections::store(root.table("store"));
    let flows = root.table("flows");
    let prompts = root.table("prompts");
    let assets = Assets::read(source, flows, prompts, faults);
    let feature_codes = sections::feature_codes(root.table("feature_codes"));
    let tables = tables::Tables {
        agents: root.tables("agents"),
        profiles: root.tables("routing_profiles"),
        hours: root.tables("hours"),
        queues: root.tables("queues"),
        quick_connects: root.tables("quick_connects"),
        numbers: root.tables("numbers"),
        trunks: trunks::build(root.tables("trunks")),
    };
    let trunks = tables.trunks.clone();
    root.finish();
    let open = sections::open_to_others(&sip, &http);
    let built = tables::build(tables, &assets, open, faults);
    assets.check(&built, faults);
    let (catalog, library) = assets.into_catalog(&built, feature_codes, record);
    Site {
        sip,
        media,
        http,
        store,
        agents: built.agents,
        numbers: built.numbers,
        trunks,
        routing: built.routing,
        catalog,
        library,
    }
}

#[cfg(test)]
mod tests;
