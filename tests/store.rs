//! What outlives the switch: contact records through crashes and through a database that is down, recordings, and what is known
//! of agents.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "store/lab.rs"]
mod lab;
#[path = "store/postgres.rs"]
mod postgres;
#[path = "store/recording.rs"]
mod recording;

use cordboard::engine::Memory;
use cordboard::engine::record::{AgentInfo, ContactRecord, QueueInfo};
use cordboard::store::Entry;
use lab::{Lab, Phone, Program, scratch, until};
use postgres::Postgres;
use serde_json::Value;
use std::fs;

fn id(n: u32) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

/// The record of contact `n`, which began in minute `n` of a day. Odd ones are Maria's part of the contact before.
fn record(n: u32) -> ContactRecord {
    let time = |second: u32| format!("2026-11-22T{:02}:{:02}:{second:02}.000Z", n / 60, n % 60);
    let second = n % 2 == 1;
    let agent = |name: &str| AgentInfo { username: name.into(), ..AgentInfo::default() };
    ContactRecord {
        contact_id: id(n),
        initial_contact_id: second.then(|| id(n - 1)),
        previous_contact_id: second.then(|| id(n - 1)),
        contact_association_id: id(n - n % 2),
        initiation_method: if second { "TRANSFER" } else { "INBOUND" }.into(),
        initiation_timestamp: time(0),
        disconnect_timestamp: time(30),
        queue: (!second).then(|| QueueInfo { arn: "Support".into(), ..QueueInfo::default() }),
        agent: Some(agent(if second { "maria" } else { "john" })),
        attributes: [("quote".to_owned(), "it's \"so\"\n; DROP TABLE contacts".to_owned())].into(),
        ..ContactRecord::default()
    }
}

fn journal(records: impl Iterator<Item = u32>) -> String {
    records.map(|n| Entry::Record(Box::new(record(n))).line()).collect()
}

fn ids(page: &Value) -> Vec<String> {
    let list = page["contacts"].as_array().unwrap_or_else(|| panic!("{page}"));
    list.iter().map(|record| record["ContactId"].as_str().unwrap().to_owned()).collect()
}

/// Every question that the API answers, whatever database it is.
fn answers(url: &str, name: &str) {
    let folder = scratch(name);
    // Taken up twice, and torn at its end, as by a crash.
    let torn = &journal(121..122)[..40];
    fs::write(folder.join("journal"), journal(0..120) + &journal(60..100) + torn).unwrap();
    let lab = Lab::start(&folder, url, 0);

    // Page by page, the newest first, each once.
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page = lab.get(&format!("/api/contacts?limit=50{token}"));
        assert!(page.1["contacts"].as_array().unwrap().len() <= 50);
        seen.extend(ids(&page.1));
        match page.1["nextToken"].as_str() {
            Some(next) => token = format!("&nextToken={next}"),
            None => break,
        }
    }
    assert_eq!(seen, (0..120).rev().map(id).collect::<Vec<_>>());

    for (question, expected) in [
        ("limit=2", vec![119, 118]),
        ("agent=maria&limit=2", vec![119, 117]),
        ("queue=Support&limit=2", vec![118, 116]),
        ("initiationMethod=TRANSFER&limit=1", vec![119]),
        ("from=2026-11-22T01:58Z", vec![119, 118]),
        ("from=2026-11-22T00:02&to=2026-11-22T00:04:00.000Z", vec![3, 2]),
        ("to=2026-11-22T00:01:00Z", vec![0]),
        ("agent=nobody", vec![]),
        ("agent=%27%20OR%201=1%20--", vec![]),
    ] {
        let (status, page) = lab.get(&format!("/api/contacts?{question}"));
        assert_eq!((status, ids(&page)), (200, expected.into_iter().map(id).collect()), "{question}");
    }
    for question in ["from=yesterday", "to=1", "limit=0", "limit=501", "limit=x", "nextToken=x", "colour=red"] {
        let (status, problem) = lab.get(&format!("/api/contacts?{question}"));
        assert_eq!((status, problem["title"].as_str()), (400, Some("InvalidParameterException")), "{question}");
    }

    // One with its chain; every field comes back as it was.
    let (status, one) = lab.get(&format!("/api/contacts/{}", id(7)));
    assert_eq!(status, 200, "{one}");
    assert_eq!(serde_json::from_value::<ContactRecord>(one["contact"].clone()).unwrap(), record(7));
    let chain: Vec<_> = one["chain"].as_array().unwrap().iter().map(|r| r["ContactId"].as_str().unwrap()).collect();
    assert_eq!(chain, [id(6), id(7)]);
    for (id, expected) in [(id(121), 404), ("nonsense".into(), 404)] {
        assert_eq!(lab.get(&format!("/api/contacts/{id}")).0, expected);
    }

    // An agent sees his own, and chains that he had a part in.
    let john = |path: &str| lab.get_as("john", path);
    assert_eq!(ids(&john("/api/contacts?limit=2").1), [id(118), id(116)]);
    assert_eq!(john("/api/contacts?agent=maria").0, 403);
    assert_eq!(john(&format!("/api/contacts/{}", id(7))).0, 200);
    assert_eq!(lab.get_as("peter", &format!("/api/contacts/{}", id(7))).0, 403);
}

#[test]
fn records_are_asked_for_in_sqlite() {
    let url = format!("sqlite:{}", scratch("sqlite").join("cordboard.db").display());
    answers(&url, "sqlite");
}

#[test]
fn records_are_asked_for_in_postgresql() {
    let postgres = Postgres::start("ask");
    answers(&postgres.url(), "postgresql");
}

/// PostgreSQL goes away under a running switch, and comes back.
#[test]
fn records_wait_for_postgresql() {
    let mut postgres = Postgres::start("wait");
    let folder = scratch("wait");
    let lab = Lab::start(&folder, &postgres.url(), 0);
    let first = lab.call_and_complete();
    assert_eq!(lab.get(&format!("/api/contacts/{first}")).0, 200);
    postgres.stop();
    let second = lab.call_and_complete();
    let third = lab.call_and_complete();
    let (status, problem) = lab.get("/api/contacts");
    assert_eq!((status, problem["title"].as_str()), (503, Some("ServiceUnavailable")));
    postgres.go_on();
    until("what waited is there", || lab.get("/api/contacts").0 == 200 && ids(&lab.get("/api/contacts").1).len() == 3);
    assert_eq!(ids(&lab.get("/api/contacts").1), [third, second, first]);
}

/// From the moment COMPLETED is published a record is there after kill -9, also when the database never saw it.
#[test]
fn a_completed_contact_survives_a_kill() {
    for (name, database_is_there) in [("killed", true), ("killed-without", false)] {
        let folder = scratch(name);
        let db = folder.join("data");
        if database_is_there {
            fs::create_dir_all(&db).unwrap();
        }
        let url = format!("sqlite:{}", db.join("cordboard.db").display());
        let mut program = Program::serve(&folder, &url);
        let mut contacts: Vec<String> = (0..3).map(|_| program.lab.call_and_complete()).collect();
        program.kill();
        fs::create_dir_all(&db).unwrap();
        let again = Program::serve(&folder, &url);
        contacts.reverse();
        assert_eq!(ids(&again.lab.get("/api/contacts").1), contacts, "{name}");
        for contact in contacts {
            let (_, one) = again.lab.get(&format!("/api/contacts/{contact}"));
            assert_eq!(one["contact"]["DisconnectReason"], "CUSTOMER_DISCONNECT", "{one}");
            assert_eq!(one["contact"]["SystemEndpoint"]["Address"], "9002");
        }
    }
}

/// Two switches that write into one journal would cut each other's records off.
#[test]
fn a_second_switch_keeps_its_hands_off_the_first_ones_journal() {
    let folder = scratch("twice");
    let url = format!("sqlite:{}", folder.join("cordboard.db").display());
    let mut first = Program::serve(&folder, &url);
    let (code, said) = Program::refused(&folder);
    assert_eq!(code, Some(1), "{said}");
    let journal = folder.join("journal").display().to_string();
    for part in [journal.as_str(), "another switch", "[store] url and journal of its own"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let contact = first.lab.call_and_complete();
    assert_eq!(ids(&first.lab.get("/api/contacts").1), [contact.clone()]);
    // Whoever is killed holds nothing any more.
    first.kill();
    assert_eq!(ids(&Program::serve(&folder, &url).lab.get("/api/contacts").1), [contact]);
}

/// Which database it is that cannot be opened, without its password, and what to do.
#[test]
fn a_database_that_is_not_there_is_named() {
    for (name, url, named) in [
        ("unnamed", "sqlite:nowhere/cordboard.db", "sqlite:nowhere/cordboard.db"),
        ("unnamed-postgres", "postgres://me:secret@127.0.0.1:1/records", "postgres://me@127.0.0.1:1/records"),
    ] {
        let folder = scratch(name);
        let program = Program::serve(&folder, url);
        until("it is told", || {
            let log = fs::read_to_string(folder.join("log")).unwrap();
            log.lines().any(|line| line.contains("ERROR") && line.contains(named) && line.contains("see [store] url"))
        });
        assert_eq!(program.lab.get("/api/contacts").0, 503);
        assert!(!fs::read_to_string(folder.join("log")).unwrap().contains("secret"));
    }
}

/// The file cannot be made, then it can; then somebody else has it locked, then not.
#[test]
fn records_wait_for_a_file() {
    let folder = scratch("file");
    let data = folder.join("data");
    let url = format!("sqlite:{}", data.join("cordboard.db").display());
    let lab = Lab::start(&folder, &url, 0);
    let mut contacts = vec![lab.call_and_complete(), lab.call_and_complete()];
    assert_eq!(lab.get("/api/contacts").0, 503);
    fs::create_dir_all(&data).unwrap();
    until("the file is made", || lab.get("/api/contacts").0 == 200);
    until("what waited is there", || ids(&lab.get("/api/contacts").1).len() == 2);

    let lock = lab::Lock::of(&url);
    contacts.push(lab.call_and_complete());
    contacts.push(lab.call_and_complete());
    drop(lock);
    until("what waited is there", || ids(&lab.get("/api/contacts").1).len() == 4);
    contacts.reverse();
    assert_eq!(ids(&lab.get("/api/contacts").1), contacts);
}

/// What ended longer ago than it is kept is gone, and nothing else.
#[test]
fn records_are_kept_as_long_as_they_are_to_be() {
    let folder = scratch("retention");
    let url = format!("sqlite:{}", folder.join("cordboard.db").display());
    let old = ContactRecord {
        initiation_timestamp: "2020-01-01T00:00:00.000Z".into(),
        disconnect_timestamp: "2020-01-01T00:01:00.000Z".into(),
        ..record(0)
    };
    fs::write(folder.join("journal"), Entry::Record(Box::new(old)).line()).unwrap();
    // Two recordings: one of then, and one that is being made.
    let recording = |day: &str| folder.join("recordings").join(day).join(format!("{}.wav", id(0)));
    for day in ["2020-01-01", "2026-11-22"] {
        fs::create_dir_all(recording(day).parent().unwrap()).unwrap();
        fs::write(recording(day), "").unwrap();
    }
    let then = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_577_836_860);
    fs::File::options().write(true).open(recording("2020-01-01")).unwrap().set_modified(then).unwrap();
    let lab = Lab::start(&folder, &url, 30);
    assert!(!recording("2020-01-01").exists() && recording("2026-11-22").exists());
    let new = lab.call_and_complete();
    assert_eq!(ids(&lab.get("/api/contacts").1), [new]);
    drop(lab);
    let kept = Lab::start(&folder, &url, 0);
    assert_eq!(ids(&kept.get("/api/contacts").1).len(), 1);
}

/// What an older switch took for a status of its own must not keep an agent out of service after a restart.
#[test]
fn a_status_from_before_is_read_as_it_would_be_now() {
    let folder = scratch("before");
    let memory = |agent: &str, status: &str| {
        let memory = Memory { agent: agent.into(), status: status.into(), changed: 1, ..Memory::default() };
        Entry::Memory(memory).line()
    };
    let journal = memory("peter", "available") + &memory("maria", "Busy") + &memory("john", "Lunch");
    fs::write(folder.join("journal"), journal).unwrap();
    let lab = Lab::start(&folder, &format!("sqlite:{}", folder.join("cordboard.db").display()), 0);
    for (agent, status) in [("peter", "Available"), ("maria", "Available"), ("john", "Lunch")] {
        assert_eq!(lab.get(&format!("/api/agents/{agent}")).1["status"], status, "{agent}");
    }
}

/// After a crash an agent has the status he chose, and his phone is where it was: it rings, without registering again. One
/// whose connection ended with the switch is not there.
#[test]
fn agents_come_back() {
    let folder = scratch("agents");
    let url = format!("sqlite:{}", folder.join("cordboard.db").display());
    let mut program = Program::serve(&folder, &url);
    let (john, maria) = (Phone::new(program.lab.sip), Phone::new(program.lab.sip));
    john.register("john");
    maria.register_over_tcp("maria", program.lab.tcp);
    program.lab.put("/api/agents/peter/status", r#"{"status": "Lunch"}"#);
    let phones =
        |lab: &Lab, agent: &str| lab.get(&format!("/api/agents/{agent}")).1["phones"].as_array().unwrap().len();
    assert_eq!((phones(&program.lab, "john"), phones(&program.lab, "maria")), (1, 1));
    // Time for what is not urgent, and for the disk.
    until("it is written down", || fs::metadata(folder.join("journal")).unwrap().len() > 0);
    std::thread::sleep(std::time::Duration::from_millis(300));
    program.kill();

    let again = Program::serve(&folder, &url);
    assert_eq!((phones(&again.lab, "john"), phones(&again.lab, "maria")), (1, 0));
    assert_eq!(again.lab.get("/api/agents/peter").1["status"], "Lunch");
    assert_eq!(again.lab.get("/api/agents/john").1["state"], "Available");
    // A customer's call rings the phone that has done nothing since.
    let customer = Phone::new(again.lab.sip);
    customer.call_and_talk("1000");
    let invite = john.hear("INVITE");
    assert!(invite.contains("sip:john@"), "{invite}");
}

/// The machine starts again, and the switch is there before its database: an agent has the status that he chose, and has it
/// still when the database is back and the switch has started once more.
#[test]
fn agents_come_back_before_their_database() {
    let folder = scratch("agents-before");
    let (data, away) = (folder.join("data"), folder.join("away"));
    fs::create_dir_all(&data).unwrap();
    let url = format!("sqlite:{}", data.join("cordboard.db").display());
    let status = |lab: &Lab| lab.get("/api/agents/john").1["status"].as_str().map(str::to_owned);
    let taken = |lab: &Lab| until("the database has it", || lab.get("/api/contacts").0 == 200);
    {
        let lab = Lab::start(&folder, &url, 0);
        Phone::new(lab.sip).register("john");
        lab.put("/api/agents/john/status", r#"{"status": "Lunch"}"#);
        for _ in 0..2 {
            taken(&lab);
            lab.call_and_complete();
        }
        taken(&lab);
    }
    fs::rename(&data, &away).unwrap();
    {
        let lab = Lab::start(&folder, &url, 0);
        assert_eq!(status(&lab).as_deref(), Some("Lunch"));
        Phone::new(lab.sip).register("john");
        fs::rename(&away, &data).unwrap();
        taken(&lab);
        assert_eq!(status(&lab).as_deref(), Some("Lunch"));
    }
    let lab = Lab::start(&folder, &url, 0);
    assert_eq!(status(&lab).as_deref(), Some("Lunch"));
    assert_eq!(ids(&lab.get("/api/contacts").1).len(), 2);
}
