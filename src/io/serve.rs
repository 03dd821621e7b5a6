//! `cordboard serve`: reads the configuration, runs the switch, and does what the signals ask.

use super::card::card;
use super::entropy;
use super::signals::{self, Asked};
use super::switch::{Options, Switch};
use crate::config::{self, Fault, Source};
use crate::ids::{AgentId, Mint};
use crate::site::Site;
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
    /// Puts the lab on this address: SIP, RTP and the API are bound there, with fresh passwords.
    #[arg(long, value_name = "ADDRESS")]
    pub lan: Option<IpAddr>,
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
    let code = mind(&switch, &mut installation, &asked, site);
    switch.stop();
    code
}

fn failed(cause: &dyn std::error::Error) -> ExitCode {
    eprintln!("cordboard: {cause}");
    ExitCode::from(FAILED)
}

/// Minds the running switch until it is time to stop it.
fn mind(switch: &Switch, installation: &mut Installation, asked: &Receiver<Asked>, mut site: Arc<Site>) -> ExitCode {
    let mut end: Option<Instant> = None;
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
            Ok(Asked::Reload) => reload(switch, installation, &mut site),
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
fn reload(switch: &Switch, installation: &mut Installation, site: &mut Arc<Site>) {
    match installation.load() {
        Err(faults) => {
            for fault in &faults {
                tracing::error!(%fault, "configuration");
            }
            tracing::error!(faults = faults.len(), "the configuration is not taken over; the old one stays");
        }
        Ok(new) => {
            let new = Arc::new(new);
            let bound = |site: &Site| {
                let (http, recordings) = (&site.http, site.media.recordings.clone());
                (site.sip.listen.clone(), http.listen, http.admin_token_file.clone(), recordings)
            };
            if bound(&new) != bound(site) {
                tracing::warn!(
                    "listening addresses, the token file and the recordings' folder change with a restart only"
                );
            }
            switch.reload(Arc::clone(&new));
            *site = new;
            tracing::info!("the new configuration is in force");
        }
    }
}
