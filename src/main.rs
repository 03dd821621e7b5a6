//! The entry point: hands the command line to the program it names.

use clap::{Parser, Subcommand};
use cordboard::{ctl, demo, io};
use std::process::ExitCode;

/// A SIP/RTP softswitch that does Amazon Connect's quick connects on ordinary phones.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    /// Without a command: serve.
    #[command(flatten)]
    serve: io::Serve,
}

#[derive(Subcommand)]
enum Command {
    /// Run the switch.
    Serve(io::Serve),
    /// List every fault of the configuration, its flows and its prompts.
    Check(io::Check),
    /// Use the HTTP API from a shell.
    Ctl(ctl::Args),
    /// See and hear what this is: built-in phones play a story against a switch of their own.
    Demo(demo::Args),
}

fn main() -> ExitCode {
    // Clap itself ends with 2 on a command line it cannot read.
    let line = CommandLine::parse();
    match line.command.unwrap_or(Command::Serve(line.serve)) {
        Command::Serve(args) => io::serve(&args),
        Command::Check(args) => io::check(&args),
        Command::Ctl(args) => ctl::run(&args),
        Command::Demo(args) => demo::run(&args),
    }
}
