//! The HTTP API from a shell.

mod command;
mod table;
mod watch;

use command::{Command, parse};
use serde_json::Value;
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "\
WORDS:
  agents                           all agents
  queues                           all queues: who waits, who is there
  watch [AGENT]                    every change, until interrupted
  AGENT                            what the agent's screen shows
  AGENT status STATUS              Available, Offline or a custom status
  AGENT reject | clear             the contact offered, or ended
  AGENT accept                     refused always: a phone is answered at the phone, or by itself (auto_accept)
  AGENT quick-connect ID           press a quick connect
  AGENT call NUMBER                call somebody outside from no contact; the agent's phone rings first
  AGENT dial NUMBER                add an external party: a number or a SIP URI
  AGENT join | swap | hold-all | resume-all | leave
  AGENT suspend-recording | resume-recording
  AGENT hold | resume | drop | mute | unmute PARTY
  AGENT digits PARTY DIGITS        keys to one party
  AGENT monitor CONTACT            a supervisor's phone is called, to listen to a contact
  AGENT listen | coach | barge     hears all unseen; is heard by the agent alone; is one of them
PARTY is a connection's id (c2) or its name.";

/// `cordboard ctl`: the HTTP API from a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = USAGE)]
pub struct Args {
    /// Where the switch's API is.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// The file with the admin token, as the start-up card names it.
    #[arg(long, default_value = "cordboard.token")]
    pub token_file: PathBuf,
    /// The API's JSON instead of tables.
    #[arg(long)]
    pub json: bool,
    /// Which contact, when the agent has several.
    #[arg(long)]
    pub contact: Option<String>,
    /// What to do: see below.
    #[arg(required = true, num_args = 1..)]
    pub words: Vec<String>,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
enum Fault {
    /// The command line is wrong.
    #[error("{0}\n\n{USAGE}")]
    Usage(String),
    #[error(
        "the admin token cannot be read from {path}: {cause} (name the file with --token-file; the start-up card tells it)"
    )]
    Token { path: String, cause: std::io::Error },
    #[error(
        "{url} cannot be reached: {cause} (is the switch running there? `cordboard serve` starts one; --url names another)"
    )]
    Unreachable { url: String, cause: String },
    /// The switch said no.
    #[error("{title}: {detail}")]
    Refused { title: String, detail: String },
    #[error("the switch's answer cannot be read: {0}")]
    Garbled(String),
}

/// Does what the words say. 0 done, 1 refused or failed, 2 not understood.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    match act(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("cordboard ctl: {fault}");
            ExitCode::from(if matches!(fault, Fault::Usage(_)) { 2 } else { 1 })
        }
    }
}

fn act(args: &Args) -> Result<(), Fault> {
    let command = parse(&args.words).map_err(Fault::Usage)?;
    let api = Api::new(args)?;
    match command {
        Command::Agents => {
            let agents = api.get("/api/agents")?;
            show(args, &agents, table::agents);
        }
        Command::Queues => {
            let queues = api.get("/api/queues")?;
            show(args, &queues, table::queues);
        }
        Command::Watch(agent) => watch::watch(&api, agent.as_deref(), args.json)?,
        Command::Show(agent) => {
            let snapshot = api.get(&agent_path(&agent))?;
            show(args, &snapshot, table::agent);
        }
        Command::Status(agent, status) => {
            let path = format!("{}/status", agent_path(&agent));
            let snapshot = api.send("PUT", &path, &serde_json::json!({ "status": status }))?;
            show(args, &snapshot, table::agent);
        }
        Command::Act { agent, method, mut body, party } => {
            if let Some(party) = party {
                let snapshot = api.get(&agent_path(&agent))?;
                let id = command::connection(&snapshot, args.contact.as_deref(), &party).map_err(Fault::Usage)?;
                body.insert("connectionId".to_owned(), Value::String(id));
            }
            if let Some(contact) = &args.contact {
                body.insert("contactId".to_owned(), Value::String(contact.clone()));
            }
            let path = format!("{}/actions/{method}", agent_path(&agent));
            let snapshot = api.send("POST", &path, &Value::Object(body))?;
            show(args, &snapshot, table::agent);
        }
    }
    Ok(())
}

fn show(args: &Args, value: &Value, table: fn(&Value) -> String) {
    if args.json {
        println!("{}", serde_json::to_string_pretty(value).unwrap_or_default());
    } else {
        print!("{}", table(value));
    }
}

fn agent_path(agent: &str) -> String {
    let mut path = "/api/agents/".to_owned();
    for byte in agent.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
    path
}

/// The switch's API with the admin token.
struct Api {
    url: String,
    token: String,
    agent: ureq::Agent,
}

impl Api {
    fn new(args: &Args) -> Result<Self, Fault> {
        let token = std::fs::read_to_string(&args.token_file)
            .map_err(|cause| Fault::Token { path: args.token_file.display().to_string(), cause })?;
        let url = args.url.trim_end_matches('/').to_owned();
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        Ok(Api { url, token: format!("Bearer {}", token.trim()), agent })
    }

    fn get(&self, path: &str) -> Result<Value, Fault> {
        let mut response = self.open(path)?;
        read(&mut response)
    }

    /// A GET whose body is read by the caller.
    fn open(&self, path: &str) -> Result<Response, Fault> {
        let call = self.agent.get(format!("{}{path}", self.url)).header("authorization", &self.token);
        let mut response = call.call().map_err(|cause| self.unreachable(&cause))?;
        if response.status().is_success() { Ok(response) } else { Err(refusal(&mut response)) }
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value, Fault> {
        let url = format!("{}{path}", self.url);
        let call = if method == "PUT" { self.agent.put(url) } else { self.agent.post(url) };
        let sent = call.header("authorization", &self.token).send_json(body);
        let mut response = sent.map_err(|cause| self.unreachable(&cause))?;
        if response.status().is_success() { read(&mut response) } else { Err(refusal(&mut response)) }
    }

    fn unreachable(&self, cause: &ureq::Error) -> Fault {
        Fault::Unreachable { url: self.url.clone(), cause: cause.to_string() }
    }
}

type Response = ureq::http::Response<ureq::Body>;

fn read(response: &mut Response) -> Result<Value, Fault> {
    response.body_mut().read_json().map_err(|cause| Fault::Garbled(cause.to_string()))
}

fn refusal(response: &mut Response) -> Fault {
    let status = response.status();
    let problem: Value = response.body_mut().read_json().unwrap_or_default();
    let field = |name: &str| problem.get(name).and_then(Value::as_str).map(str::to_owned);
    Fault::Refused {
        title: field("title").unwrap_or_else(|| status.to_string()),
        detail: field("detail").unwrap_or_else(|| "no reason was given".to_owned()),
    }
}
