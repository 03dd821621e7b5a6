//! `cordboard serve`: reads the configuration, runs the switch, and does what the signals ask.

use super::card::card;
use super::entropy;
use super::signals::{self, Asked};
use super::switch::{Options, Switch};
use crate::config::{self, Fault, Source};
use crate::ids::{AgentId, Mint};
use crate::site::{Site, Store};
use crate::telemetry;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How often the switch is looked after while no signal comes.
const LOOK: Duration = Duration::from_millis(100);

/// `cordboard serve`: runs the switch.
#[derive(Debug, Default, clap::Args)]
pub struct Serve {
    /// The configuration. By default sip-configs/cordboard.toml, or else the lab that is built in.
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// Puts the lab on this address of this machine: SIP, RTP and the API are bound there, with fresh passwords. Whoever
    /// reaches it may call the numbers without an account, as a customer.
    #[arg(long, value_name = "ADDRESS", value_parser = own_address)]
    pub lan: Option<IpAddr>,
}

/// Phones are told the address, in Contact and SDP, and 0.0.0.0 leads them nowhere.
fn own_address(text: &str) -> Result<IpAddr, String> {
    let address: IpAddr = text.parse().map_err(|fault| format!("{fault}"))?;
    if address.is_unspecified() {
        return Err("phones are told this address: name this machine's own, as their network knows it".to_owned());
    }
    Ok(address)
}

/// `cordboard check`: lists what is wrong with a configuration, or with flow files.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// The configuration, as for serve.
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// Flow files to hold against it.
    pub flows: Vec<PathBuf>,
}

/// Exit codes: 1 failed while running, 2 the configuration is wrong.
const FAILED: u8 = 1;
const WRONG: u8 = 2;

fn source(config: Option<&PathBuf>) -> Source {
    config.map_or_else(Source::default_place, |path| Source::File(path.clone()))
}

#[must_use]
pub fn check(args: &Check) -> ExitCode {
    let report = config::check(&source(args.config.as_ref()), &args.flows);
    if report.ok {
        print!("{}", report.text);
        ExitCode::SUCCESS
    } else {
        eprint!("{}", report.text);
        ExitCode::from(WRONG)
    }
}

/// A configuration as this command line wants it.
struct Installation {
    source: Source,
    lan: Option<IpAddr>,
    /// Passwords made for this run stay the same when the configuration is read again.
    fresh: BTreeMap<AgentId, String>,
}

impl Installation {
    fn load(&mut self) -> Result<Site, Vec<Fault>> {
        let mut site = config::load(&self.source)?;
        if let Some(address) = self.lan {
            let seed = entropy::seed().map_err(|cause| {
                vec![Fault::file(
                    "/dev/urandom",
                    format!("no random bytes: {cause}"),
                    "Passwords cannot be made without.",
                )]
            })?;
            for (id, made) in config::on_lan(&mut site, address, &mut Mint::new(seed)) {
                let kept = self.fresh.entry(id.clone()).or_insert(made).clone();
                if let Some(agent) = site.agents.get_mut(&id) {
                    agent.password = kept;
                }
            }
        }
        Ok(site)
    }
}

/// Runs until a signal ends it.
#[must_use]
pub fn serve(args: &Serve) -> ExitCode {
    telemetry::start_logs("info");
    let mut installation = Installation { source: source(args.config.as_ref()), lan: args.lan, fresh: BTreeMap::new() };
    let site = match installation.load() {
        Ok(site) => Arc::new(site),
        Err(faults) => {
            faults.iter().for_each(|fault| eprintln!("{fault}"));
            return ExitCode::from(WRONG);
        }
    };
    // Before the threads start, so that no signal falls between.
    let asked = match signals::listen() {
        Ok(asked) => asked,
        Err(cause) => return failed(&cause),
    };
    let switch = match Switch::start(Arc::clone(&site), Options::default()) {
        Ok(switch) => switch,
        Err(cause) => return failed(&cause),
    };
    let text = card(&site, &switch, &installation.source.name(), &installation.fresh);
    // Whoever closed our output still has a switch.
    let _unread = std::io::stdout().write_all(text.as_bytes()).and_then(|()| std::io::stdout().flush());
    let code = mind(&switch, &mut installation, &asked, &site);
    switch.stop();
    code
}

fn failed(cause: &dyn std::error::Error) -> ExitCode {
    eprintln!("cordboard: {cause}");
    ExitCode::from(FAILED)
}

/// Minds the running switch until it is time to stop it.
fn mind(switch: &Switch, installation: &mut Installation, asked: &Receiver<Asked>, started: &Arc<Site>) -> ExitCode {
    let mut end: Option<Instant> = None;
    let mut site = Arc::clone(started);
    loop {
        match asked.recv_timeout(LOOK) {
            Ok(Asked::End) if end.is_some() => return ExitCode::SUCCESS,
            Ok(Asked::End) => {
                tracing::info!(
                    seconds = site.sip.drain.as_secs(),
                    "draining: no new calls; a second signal ends at once"
                );
                switch.drain();
                end = Some(now() + site.sip.drain);
            }
            Ok(Asked::Reload) => site = reload(switch, installation, started).unwrap_or(site),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return ExitCode::from(FAILED),
        }
        if switch.has_failed() {
            eprintln!("cordboard: a thread has ended in a panic; see above");
            return ExitCode::from(FAILED);
        }
        if end.is_some_and(|end| switch.is_drained() || now() >= end) {
            return ExitCode::SUCCESS;
        }
    }
}

#[allow(clippy::disallowed_methods)]
fn now() -> Instant {
    Instant::now()
}

/// Takes the new configuration over, or refuses it whole and goes on with the old one.
fn reload(switch: &Switch, installation: &mut Installation, started: &Site) -> Option<Arc<Site>> {
    match installation.load() {
        Err(faults) => {
            for fault in &faults {
                tracing::error!(%fault, "configuration");
            }
            tracing::error!(faults = faults.len(), "the configuration is not taken over; the old one stays");
            None
        }
        Ok(new) => {
            let new = Arc::new(new);
            switch.reload(Arc::clone(&new));
            let keys = changed_with_a_restart(started, &new).join(", ");
            if keys.is_empty() {
                tracing::info!("the new configuration is in force");
            } else {
                tracing::warn!("the new configuration is in force except for {keys}: restart the switch for that");
            }
            Some(new)
        }
    }
}

/// The keys that say something else than what the switch was started with, and are read at its start only.
fn changed_with_a_restart(started: &Site, new: &Site) -> Vec<&'static str> {
    // With no store at all it is the URL that says so.
    let stores = started.store.as_ref().zip(new.store.as_ref());
    let in_store = |differs: fn(&Store, &Store) -> bool| stores.is_some_and(|(old, new)| differs(old, new));
    let changed = [
        ("[sip] listen", started.sip.listen != new.sip.listen),
        // Via goes on with the old one.
        ("[sip] advertise", started.sip.advertise != new.sip.advertise),
        ("[media] ports", started.media.ports != new.media.ports),
        ("[media] rtp_timeout", started.media.rtp_timeout != new.media.rtp_timeout),
        ("[media] recordings", started.media.recordings != new.media.recordings),
        ("[http] listen", started.http.listen != new.http.listen),
        ("[http] admin_token_file", started.http.admin_token_file != new.http.admin_token_file),
        ("[store] url", started.store.as_ref().map(|store| &store.url) != new.store.as_ref().map(|store| &store.url)),
        ("[store] journal", in_store(|old, new| old.journal != new.journal)),
        ("[store] retention_days", in_store(|old, new| old.retention != new.retention)),
    ];
    changed.into_iter().filter(|(_, changed)| *changed).map(|(key, _)| key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_that_is_read_at_the_start_only_is_named() {
        let started = config::load(&Source::Lab).unwrap_or_else(|faults| panic!("{faults:?}"));
        let in_store = |site: &mut Site, change: fn(&mut Store)| site.store.iter_mut().for_each(change);
        let changes: [(&str, &dyn Fn(&mut Site)); 12] = [
            ("", &|site| site.sip.drain = Duration::from_secs(1)),
            ("[sip] listen", &|site| site.sip.listen.truncate(1)),
            ("[sip] advertise", &|site| site.sip.advertise = Some([203, 0, 113, 7].into())),
            ("[media] ports", &|site| site.media.ports = 20000..=30000),
            ("[media] rtp_timeout", &|site| site.media.rtp_timeout = None),
            ("[media] recordings", &|site| site.media.recordings = "elsewhere".into()),
            ("[http] listen", &|site| site.http.listen.set_port(8081)),
            ("[http] admin_token_file", &|site| site.http.admin_token_file = "elsewhere".into()),
            ("[store] url", &|site| site.store = None),
            ("[store] url", &|site| in_store(site, |store| store.url = "sqlite:other.db".into())),
            ("[store] journal", &|site| in_store(site, |store| store.journal = "other".into())),
            ("[store] retention_days", &|site| in_store(site, |store| store.retention = Some(Duration::from_secs(9)))),
        ];
        for (key, change) in changes {
            let mut new = started.clone();
            change(&mut new);
            assert_eq!(changed_with_a_restart(&started, &new).join(", "), key);
        }
    }
}
