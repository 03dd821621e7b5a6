//! A PostgreSQL of the test's own, from the Debian package, on a socket in its own folder.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

pub struct Postgres {
    folder: PathBuf,
    bin: PathBuf,
}

/// PostgreSQL refuses to run as root; the package has made a user for it.
fn command(program: PathBuf) -> Command {
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    if !root {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

fn done(mut command: Command) {
    let output =
        command.stdin(Stdio::null()).current_dir("/").output().unwrap_or_else(|fault| panic!("{command:?}: {fault}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Postgres {
    pub fn start(name: &str) -> Postgres {
        let versions = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed (tests/run installs it)");
        let bin = versions.flatten().map(|version| version.path().join("bin")).max().expect("a version of PostgreSQL");
        // The path of a socket is 107 bytes at most.
        let folder = PathBuf::from(format!("/tmp/cordboard-pg-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut owner = Command::new("chmod");
        owner.arg("777").arg(&folder);
        done(owner);
        let postgres = Postgres { folder, bin };
        let mut initdb = command(postgres.bin.join("initdb"));
        initdb.args(["-A", "trust", "-U", "cordboard", "--no-sync", "-D"]).arg(postgres.data());
        done(initdb);
        postgres.go_on();
        postgres
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub fn url(&self) -> String {
        format!("postgres://cordboard@localhost/postgres?host={}", self.folder.display())
    }

    pub fn go_on(&self) {
        let mut start = command(self.bin.join("pg_ctl"));
        let options = format!("-c listen_addresses= -c unix_socket_directories={}", self.folder.display());
        start.args(["start", "-w", "-o", &options, "-l"]).arg(self.folder.join("log")).arg("-D").arg(self.data());
        start.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null()).current_dir("/");
        assert!(start.status().unwrap().success(), "{:?}", fs::read_to_string(self.folder.join("log")));
    }

    pub fn stop(&mut self) {
        let mut stop = command(self.bin.join("pg_ctl"));
        stop.args(["stop", "-w", "-m", "immediate", "-D"]).arg(self.data());
        done(stop);
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = command(self.bin.join("pg_ctl"));
        stop.args(["stop", "-w", "-m", "immediate", "-D"]).arg(self.data());
        let _stopped = stop.output();
        let _removed = fs::remove_dir_all(&self.folder);
    }
}
