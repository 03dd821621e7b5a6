//! Whole flows: every container and every fault of the loader, the check, and walks through real flows.

use super::*;
use crate::ids::{AgentId, FlowId, HoursId, PromptId, QueueId};
use std::sync::Arc;
use std::time::Duration;

/// A document of this type with these actions.
fn document(kind: &str, actions: &str) -> String {
    format!(
        "{{\"Version\": \"2019-10-30\", \"StartAction\": \"a\", \"Metadata\": {{\"name\": \"Test\", \"type\": \"{kind}\"}},\n\
         \"Actions\": [\n{actions}]}}"
    )
}

const SAY: &str = r#"{"Identifier": "a", "Type": "MessageParticipant", "Parameters": {"Text": "Hello"}, "Transitions": {"NextAction": "z"}},
"#;
const END: &str = r#"{"Identifier": "z", "Type": "EndFlowExecution", "Parameters": {}, "Transitions": {}}
"#;

fn one(kind: &str, actions: &str) -> Flow {
    load("test.json", document(kind, actions).as_bytes()).unwrap_or_else(|faults| panic!("{faults:#?}")).remove(0)
}

#[test]
fn every_container() {
    let bare = document("contactFlow", &format!("{SAY}{END}"));
    let text = serde_json::to_string(&bare).unwrap();
    for (what, file, name, arn) in [
        ("the bare document", bare.clone(), "Test", None),
        ("a list of them", format!("[{bare}]"), "Test", None),
        (
            "DescribeContactFlow",
            format!(
                r#"{{"ContactFlow": {{"Arn": "arn:x", "Name": "Named", "Type": "CONTACT_FLOW", "Content": {text}}}}}"#
            ),
            "Named",
            Some("arn:x"),
        ),
        (
            "its Content an object",
            format!(r#"{{"ContactFlow": {{"Name": "Named", "Type": "CONTACT_FLOW", "Content": {bare}}}}}"#),
            "Named",
            None,
        ),
        ("without the outer object", format!(r#"{{"Name": "Named", "Content": {text}}}"#), "Named", None),
        ("no name but the file's", bare.replace("\"name\": \"Test\", ", ""), "test", None),
    ] {
        let flows = load("flows/test.json", file.as_bytes()).unwrap_or_else(|faults| panic!("{what}: {faults:#?}"));
        assert_eq!(flows.len(), 1, "{what}");
        assert_eq!(
            (flows[0].id.as_str(), flows[0].arn.as_deref(), flows[0].kind),
            (name, arn, FlowType::Inbound),
            "{what}"
        );
    }
}

#[test]
fn files_that_are_no_flows() {
    for (file, problem) in [
        ("{", "no JSON"),
        ("{}", "Version"),
        ("[]", "there is no flow in it"),
        (r#"{"modules": [], "start": "x", "version": "1"}"#, "legacy format"),
        (r#"{"ContactFlow": {"Name": "x", "Content": "{"}}"#, "Content is no JSON"),
        (r#"{"ContactFlow": {"Name": "x"}}"#, "no Content"),
        (r#"{"Version": "2019-10-30", "StartAction": "a", "Actions": []}"#, "does not say its type"),
        (r#"{"Version": "2019-10-30", "StartAction": "a", "Metadata": {"type": "campaign"}}"#, "no flow type campaign"),
        ("\"text\"", "Version"),
    ] {
        let faults = load("x.json", file.as_bytes()).unwrap_err();
        assert!(faults.iter().any(|fault| fault.problem.contains(problem)), "{file}: {faults:#?}");
        assert!(faults.iter().all(|fault| !fault.cure.is_empty()));
    }
}

#[test]
fn actions_that_are_wrong() {
    for (kind, action, problem) in [
        ("contactFlow", r#""Type": "PlayPrompt", "Transitions": {}"#, "there is no action of type \"PlayPrompt\""),
        (
            "contactFlow",
            r#""Type": "MessageParticipant", "Parameters": null, "Transitions": {"NextAction": "z"}"#,
            "nothing to say",
        ),
        (
            "contactFlow",
            r#""Type": "MessageParticipant", "Parameters": {"Text": "x", "SSML": "y"}, "Transitions": {"NextAction": "z"}"#,
            "more than one thing",
        ),
        (
            "contactFlow",
            r#""Type": "MessageParticipant", "Parameters": {"Media": {"Uri": "s3://x"}}, "Transitions": {"NextAction": "z"}"#,
            "S3",
        ),
        (
            "contactFlow",
            r#""Type": "MessageParticipant", "Parameters": {"Text": "x"}, "Transitions": {}"#,
            "no NextAction",
        ),
        (
            "contactFlow",
            r#""Type": "MessageParticipant", "Parameters": {"Text": "x"}, "Transitions": {"NextAction": "y"}"#,
            "which is no action",
        ),
        (
            "contactFlow",
            r#""Type": "MessageParticipant", "Parameters": {"PromptId": "${Welcome}"}, "Transitions": {"NextAction": "z"}"#,
            "unresolved placeholder",
        ),
        (
            "customerHold",
            r#""Type": "MessageParticipant", "Parameters": {"Text": "x"}, "Transitions": {"NextAction": "z"}"#,
            "may not stand",
        ),
        (
            "customerHold",
            r#""Type": "MessageParticipantIteratively", "Parameters": {}, "Transitions": {}"#,
            "no Messages",
        ),
        (
            "customerHold",
            r#""Type": "MessageParticipantIteratively", "Parameters": {"Messages": []}, "Transitions": {}"#,
            "Messages is empty",
        ),
        (
            "customerQueue",
            r#""Type": "MessageParticipantIteratively", "Parameters": {"Messages": [{"Text": "x"}], "InterruptFrequencySeconds": "no"}, "Transitions": {}"#,
            "InterruptFrequencySeconds",
        ),
        (
            "contactFlow",
            r#""Type": "DisconnectParticipant", "Transitions": {"NextAction": "z"}"#,
            "ends the flow and yet",
        ),
        (
            "contactFlow",
            r#""Type": "TransferContactToQueue", "Parameters": null, "Transitions": {"Errors": [{"ErrorType": "NoMatchingError", "NextAction": "z"}]}"#,
            "no QueueAtCapacity branch",
        ),
        (
            "contactFlow",
            r#""Type": "TransferContactToAgent", "Transitions": {}"#,
            "may not stand in a flow of type CONTACT_FLOW",
        ),
        (
            "contactFlow",
            r#""Type": "UpdateContactTargetQueue", "Parameters": {"QueueId": "a", "AgentId": "b"}, "Transitions": {"NextAction": "z", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "z"}]}"#,
            "both a queue and an agent",
        ),
        (
            "contactFlow",
            r#""Type": "UpdateContactEventHooks", "Parameters": {"EventHooks": {"Nothing": "x"}}, "Transitions": {"NextAction": "z", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "z"}]}"#,
            "no hook Nothing",
        ),
        (
            "contactFlow",
            r#""Type": "UpdateContactEventHooks", "Parameters": {"EventHooks": {"AgentHold": "x", "CustomerHold": "y"}}, "Transitions": {"NextAction": "z", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "z"}]}"#,
            "exactly one hook",
        ),
        (
            "contactFlow",
            r#""Type": "MessageParticipant", "Parameters": {"Text": "x"}, "Transitions": {"NextAction": "z", "Errors": [{"ErrorType": "Odd", "NextAction": "z"}]}"#,
            "no error type \"Odd\"",
        ),
        (
            "contactFlow",
            r#""Type": "MessageParticipant", "Parameters": {"Text": "x"}, "Transitions": {"NextAction": "z", "Conditions": [{"NextAction": "z", "Condition": {"Operator": "Exists", "Operands": ["x"]}}]}"#,
            "no operator \"Exists\"",
        ),
        (
            "contactFlow",
            r#""Type": "UpdateContactRoutingBehavior", "Parameters": null, "Transitions": {"NextAction": "z"}"#,
            "nothing to change",
        ),
        (
            "contactFlow",
            r#""Type": "UpdateContactRoutingBehavior", "Parameters": {"QueuePriority": "1", "QueueTimeAdjustmentSeconds": "5"}, "Transitions": {"NextAction": "z"}"#,
            "both a priority and a queue time",
        ),
        (
            "contactFlow",
            r#""Type": "UpdateContactRoutingBehavior", "Parameters": {"QueuePriority": 0}, "Transitions": {"NextAction": "z"}"#,
            "QueuePriority is below 1",
        ),
        (
            "contactFlow",
            r#""Type": "UpdateContactRoutingBehavior", "Parameters": {"QueueTimeAdjustmentSeconds": "soon"}, "Transitions": {"NextAction": "z"}"#,
            "QueueTimeAdjustmentSeconds is \"soon\"",
        ),
        (
            "customerHold",
            r#""Type": "UpdateContactRoutingBehavior", "Parameters": {"QueuePriority": "1"}, "Transitions": {"NextAction": "z"}"#,
            "may not stand",
        ),
        (
            "contactFlow",
            r#""Type": "CheckHoursOfOperation", "Parameters": {}, "Transitions": {"NextAction": "z", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "z"}],
                "Conditions": [{"NextAction": "z", "Condition": {"Operator": "Equals", "Operands": ["True"]}}]}"#,
            "no condition for False",
        ),
        (
            "contactFlow",
            r#""Type": "CheckMetricData", "Parameters": {"MetricType": "NumberOfAgents"}, "Transitions": {"NextAction": "z"}"#,
            "no metric NumberOfAgents",
        ),
        (
            "contactFlow",
            r#""Type": "CheckMetricData", "Parameters": {}, "Transitions": {"NextAction": "z"}"#,
            "no MetricType",
        ),
        (
            "contactFlow",
            r#""Type": "CheckMetricData", "Parameters": {"MetricType": "NumberOfAgentsStaffed"}, "Transitions": {"NextAction": "z", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "z"}]}"#,
            "no NoMatchingCondition branch",
        ),
    ] {
        let text = document(kind, &format!("{{\"Identifier\": \"a\", {action}}},\n{END}"));
        let faults = load("x.json", text.as_bytes()).unwrap_err();
        let found = faults.iter().find(|fault| fault.problem.contains(problem));
        let found = found.unwrap_or_else(|| panic!("{problem}: {faults:#?}"));
        assert_eq!((found.line, found.action.as_deref()), (Some(3), Some("a")), "{problem}");
        assert_eq!(faults.len(), 1, "{problem}: {faults:#?}");
    }
}

#[test]
fn two_actions_of_one_identifier() {
    let faults = load("x.json", document("contactFlow", &format!("{SAY}{SAY}{END}")).as_bytes()).unwrap_err();
    assert!(faults.iter().any(|fault| fault.problem.contains("two actions")), "{faults:#?}");
}

#[test]
fn names_of_another_instance_are_read_from_the_metadata() {
    let arn = "arn:aws:connect:eu-west-2:1:instance/1/prompt/1";
    let text = format!(
        r#"{{"Version": "2019-10-30", "StartAction": "a", "Metadata": {{"type": "contactFlow", "ActionMetadata": {{
            "a": {{"parameters": {{"PromptId": {{"displayName": "Beep.wav"}}}}}},
            "b": {{"queue": {{"text": "Support"}}}}}}}},
          "Actions": [
            {{"Identifier": "a", "Type": "MessageParticipant", "Parameters": {{"PromptId": "{arn}"}}, "Transitions": {{"NextAction": "b"}}}},
            {{"Identifier": "b", "Type": "UpdateContactTargetQueue", "Parameters": {{"QueueId": "{arn}"}}, "Transitions": {{"NextAction": "z", "Errors": [{{"ErrorType": "NoMatchingError", "NextAction": "z"}}]}}}},
            {END}]}}"#
    );
    let mut run = Run::start(Arc::new(load("x.json", text.as_bytes()).unwrap().remove(0)));
    let play = run.step(Outcome::Begin, &nothing);
    assert_eq!(play, say(Message::Prompt("Beep.wav".into())));
    assert_eq!(run.step(Outcome::Done, &nothing), Step::Do(Effect::SetTarget(Target::Queue("Support".into()))));
}

#[test]
fn the_check_finds_what_is_not_there() {
    let branch = r#""Transitions": {"NextAction": "z", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "z"}, {"ErrorType": "NoMatchingCondition", "NextAction": "z"}],
        "Conditions": [{"NextAction": "z", "Condition": {"Operator": "Equals", "Operands": ["True"]}}, {"NextAction": "z", "Condition": {"Operator": "Equals", "Operands": ["False"]}}]}"#;
    let names = Names {
        flows: [("Hold", FlowType::CustomerHold)].map(|(name, kind)| (FlowId::from(name), kind)).into(),
        queues: [QueueId::from("Support")].into(),
        hours: [HoursId::from("office")].into(),
        agents: [AgentId::from("maria")].into(),
        prompts: [PromptId::from("Beep.wav")].into(),
        speech: Speech::new([("Hello".to_owned(), PromptId::from("Hello.wav"))]),
    };
    for (kind, parameters, problem) in [
        ("MessageParticipant", r#"{"PromptId": "Beep.wav"}"#, None),
        ("MessageParticipant", r#"{"PromptId": "None.wav"}"#, Some("no prompt None.wav")),
        ("MessageParticipant", r#"{"PromptId": "$.Attributes.prompt"}"#, None),
        ("MessageParticipant", r#"{"Text": " Hello "}"#, None),
        ("MessageParticipant", r#"{"Text": "Bye"}"#, Some("no recording speaks \"Bye\"")),
        ("MessageParticipant", r#"{"Text": "Hello $.Queue.Name"}"#, None),
        ("UpdateContactTargetQueue", r#"{"QueueId": "Support"}"#, None),
        ("UpdateContactTargetQueue", r#"{"QueueId": "Sales"}"#, Some("no queue Sales")),
        ("UpdateContactTargetQueue", r#"{"AgentId": "maria"}"#, None),
        ("UpdateContactTargetQueue", r#"{"AgentId": "zoe"}"#, Some("no agent zoe")),
        ("UpdateContactEventHooks", r#"{"EventHooks": {"CustomerHold": "Hold"}}"#, None),
        ("UpdateContactEventHooks", r#"{"EventHooks": {"AgentHold": "Hold"}}"#, Some("cannot take Hold")),
        ("UpdateContactEventHooks", r#"{"EventHooks": {"AgentHold": "None"}}"#, Some("no flow None")),
        ("CheckHoursOfOperation", "{}", None),
        ("CheckHoursOfOperation", r#"{"HoursOfOperationId": "office"}"#, None),
        ("CheckHoursOfOperation", r#"{"HoursOfOperationId": "$.Attributes.hours"}"#, None),
        ("CheckHoursOfOperation", r#"{"HoursOfOperationId": "weekend"}"#, Some("no hours weekend")),
        ("CheckMetricData", r#"{"MetricType": "NumberOfContactsInQueue", "QueueId": "Support"}"#, None),
        ("CheckMetricData", r#"{"MetricType": "NumberOfContactsInQueue", "QueueId": "Sales"}"#, Some("no queue Sales")),
        ("CheckMetricData", r#"{"MetricType": "NumberOfAgentsAvailable", "AgentId": "zoe"}"#, Some("no agent zoe")),
    ] {
        let action =
            format!("{{\"Identifier\": \"a\", \"Type\": \"{kind}\", \"Parameters\": {parameters}, {branch}}},\n{END}");
        let faults = check(&one("contactFlow", &action), &names);
        let right = match problem {
            None => faults.is_empty(),
            Some(problem) => faults.len() == 1 && faults[0].problem.contains(problem) && faults[0].line == Some(3),
        };
        assert!(right, "{kind} {parameters}: {faults:#?}");
    }
}

fn nothing(_: &[&str]) -> Option<String> {
    None
}

fn say(message: Message) -> Step {
    Step::Play { messages: vec![message], repeat: false, interrupt_after: None }
}

fn text(words: &str) -> Step {
    say(Message::Text(words.to_owned()))
}

fn hook(hook: Hook, flow: &str) -> Step {
    Step::Do(Effect::SetHook { hook, flow: flow.to_owned() })
}

/// A flow of the lab.
fn lab(name: &str) -> Run {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("sip-configs/flows").join(name);
    let bytes = std::fs::read(&path).unwrap();
    Run::start(Arc::new(load(name, &bytes).unwrap_or_else(|faults| panic!("{faults:#?}")).remove(0)))
}

#[test]
fn the_labs_flows_walk_as_they_should() {
    let data = |path: &[&str]| match path {
        ["Queue", "Name"] => Some("Support".to_owned()),
        ["Agent", "ARN"] => Some("maria".to_owned()),
        _ => None,
    };
    let done = || Outcome::Done;
    let result = |result: &str| Outcome::Result(result.to_owned());
    let staffed = || Step::Do(Effect::Measure(Metric::AgentsStaffed, None));
    let hold = Message::Ssml("<speak>You are on hold <break time=\"10s\"/></speak>".to_owned());
    let transferred = || (Outcome::Done, Step::End(Ending::Transferred));
    let full = || Outcome::Failed(ErrorType::QueueAtCapacity);
    let set_maria = || Step::Do(Effect::SetTarget(Target::Agent("maria".into())));
    for (flow, rest) in [
        (
            "agent-transfer.json",
            vec![
                (Outcome::Begin, hook(Hook::AgentWhisper, "Internal call whisper")),
                (done(), hook(Hook::CustomerWhisper, "Connecting to an agent whisper")),
                (done(), text("Transferring to agent.")),
                (done(), set_maria()),
                (done(), Step::Do(Effect::TransferToQueue)),
                transferred(),
                (done(), Step::End(Ending::Ended)),
            ],
        ),
        (
            "default-agent-transfer.json",
            vec![
                (Outcome::Begin, text("Transferring now...")),
                (done(), set_maria()),
                (done(), Step::Do(Effect::TransferToQueue)),
                (full(), text("Failed to transfer.")),
                (done(), Step::End(Ending::Disconnect)),
            ],
        ),
        (
            "queue-transfer.json",
            vec![
                (Outcome::Begin, hook(Hook::AgentWhisper, "Queue agent whisper")),
                (done(), hook(Hook::CustomerWhisper, "Queue customer whisper")),
                (done(), Step::Do(Effect::CheckHours(None))),
                (result("True"), staffed()),
                (result("2"), text("Now transferring.")),
                (done(), Step::Do(Effect::TransferToQueue)),
                transferred(),
            ],
        ),
        (
            "default-queue-transfer.json",
            vec![
                (Outcome::Begin, Step::Do(Effect::CheckHours(None))),
                (result("False"), text("We are currently out of hours. Goodbye.")),
                (done(), Step::End(Ending::Disconnect)),
            ],
        ),
        (
            "default-queue-transfer.json",
            vec![
                (Outcome::Begin, Step::Do(Effect::CheckHours(None))),
                (result("True"), staffed()),
                (result("0"), text("There are currently no agents staffed. Goodbye.")),
                (done(), Step::End(Ending::Disconnect)),
            ],
        ),
        (
            "default-queue-transfer.json",
            vec![
                (Outcome::Begin, Step::Do(Effect::CheckHours(None))),
                (Outcome::Failed(ErrorType::NoMatchingError), text("Failed to transfer to queue. Goodbye.")),
                (done(), Step::End(Ending::Disconnect)),
            ],
        ),
        ("queue-agent-whisper.json", vec![(Outcome::Begin, text("Connecting you to Support queue"))]),
        ("queue-customer-whisper.json", vec![(Outcome::Begin, text("Connecting you to Support queue"))]),
        ("default-agent-whisper.json", vec![(Outcome::Begin, text("Support")), (done(), Step::End(Ending::Ended))]),
        (
            "default-customer-whisper.json",
            vec![
                (Outcome::Begin, say(Message::Prompt("Beep.wav".into()))),
                (Outcome::Failed(ErrorType::NoMatchingError), Step::End(Ending::Ended)),
            ],
        ),
        (
            "default-agent-hold.json",
            vec![(Outcome::Begin, Step::Play { messages: vec![hold], repeat: true, interrupt_after: None })],
        ),
    ] {
        let mut run = lab(flow);
        for (number, (outcome, step)) in rest.into_iter().enumerate() {
            assert_eq!(run.step(outcome, &data), step, "{flow}, step {number}");
        }
    }
}

#[test]
fn the_support_line_sets_its_hooks_and_queues() {
    let mut run = lab("support-line.json");
    let mut effects = Vec::new();
    let mut step = run.step(Outcome::Begin, &nothing);
    while !matches!(step, Step::End(_)) {
        effects.push(step);
        step = run.step(Outcome::Done, &nothing);
    }
    assert_eq!(step, Step::End(Ending::Transferred));
    assert!(effects.contains(&hook(Hook::CustomerHold, "Default customer hold")));
    assert!(effects.contains(&Step::Do(Effect::SetTarget(Target::Queue("Support".into())))));
    assert_eq!(effects.last(), Some(&Step::Do(Effect::TransferToQueue)));
}

#[test]
fn what_a_flow_asks_and_says_of_its_turn() {
    let data = |path: &[&str]| (path == ["Attributes", "queue"]).then(|| "Sales".to_owned());
    let failed = Step::End(Ending::Ended);
    for (kind, parameters, step) in [
        ("UpdateContactRoutingBehavior", r#"{"QueuePriority": "1"}"#, Step::Do(Effect::SetPriority(1))),
        ("UpdateContactRoutingBehavior", r#"{"QueuePriority": 999}"#, Step::Do(Effect::SetPriority(255))),
        (
            "UpdateContactRoutingBehavior",
            r#"{"QueueTimeAdjustmentSeconds": "-60"}"#,
            Step::Do(Effect::AdjustQueueTime(-60)),
        ),
        (
            "CheckHoursOfOperation",
            r#"{"HoursOfOperationId": "office"}"#,
            Step::Do(Effect::CheckHours(Some("office".into()))),
        ),
        ("CheckHoursOfOperation", r#"{"HoursOfOperationId": "$.Attributes.none"}"#, failed.clone()),
        (
            "CheckMetricData",
            r#"{"MetricType": "OldestContactInQueueAgeSeconds", "QueueId": "$.Attributes.queue"}"#,
            Step::Do(Effect::Measure(Metric::OldestContactAge, Some(Target::Queue("Sales".into())))),
        ),
        (
            "CheckMetricData",
            r#"{"MetricType": "NumberOfAgentsOnline", "AgentId": "maria"}"#,
            Step::Do(Effect::Measure(Metric::AgentsOnline, Some(Target::Agent("maria".into())))),
        ),
        ("CheckMetricData", r#"{"MetricType": "NumberOfAgentsOnline", "QueueId": "$.Attributes.none"}"#, failed),
    ] {
        let errors = r#"[{"ErrorType": "NoMatchingError", "NextAction": "z"}, {"ErrorType": "NoMatchingCondition", "NextAction": "z"}]"#;
        let test = |result: &str| {
            format!(r#"{{"NextAction": "z", "Condition": {{"Operator": "Equals", "Operands": ["{result}"]}}}}"#)
        };
        let actions = format!(
            r#"{{"Identifier": "a", "Type": "{kind}", "Parameters": {parameters}, "Transitions": {{"NextAction": "z", "Errors": {errors}, "Conditions": [{}, {}]}}}},
            {END}"#,
            test("True"),
            test("False")
        );
        let mut run = Run::start(Arc::new(one("contactFlow", &actions)));
        assert_eq!(run.step(Outcome::Begin, &data), step, "{kind} {parameters}");
    }
}

#[test]
fn a_flow_says_who_is_recorded() {
    let both = Recorded::BOTH;
    let agent = Recorded { agent: true, customer: false };
    for (parameters, recorded, passed_over) in [
        (r#"{"RecordingBehavior": {"RecordedParticipants": ["Agent", "Customer"]}}"#, Some(both), vec![]),
        (r#"{"RecordingBehavior": {"RecordedParticipants": ["Customer", "Agent", "Agent"]}}"#, Some(both), vec![]),
        (r#"{"RecordingBehavior": {"RecordedParticipants": ["Agent"]}}"#, Some(agent), vec![]),
        (
            r#"{"RecordingBehavior": {"RecordedParticipants": [], "IVRRecordingBehavior": "Disabled", "ScreenRecordedParticipants": []}}"#,
            Some(Recorded::NOBODY),
            vec![],
        ),
        (
            r#"{"RecordingBehavior": {"RecordedParticipants": ["Agent"], "IVRRecordingBehavior": "Enabled",
                "ScreenRecordedParticipants": ["Agent"]}, "AnalyticsBehavior": {"Enabled": "True"}}"#,
            Some(agent),
            vec!["IVRRecordingBehavior", "ScreenRecordedParticipants", "AnalyticsBehavior"],
        ),
        (r#"{"RecordingBehavior": {"IVRRecordingBehavior": "Enabled"}}"#, None, vec!["IVRRecordingBehavior"]),
        (r#"{"AnalyticsBehavior": {"Enabled": "True"}}"#, None, vec!["AnalyticsBehavior"]),
    ] {
        for kind in ["contactFlow", "agentTransfer", "queueTransfer", "outboundWhisper", "customerQueue"] {
            // An error branch is tolerated, though nothing can go wrong.
            let actions = format!(
                r#"{{"Identifier": "a", "Type": "UpdateContactRecordingBehavior", "Parameters": {parameters}, "Transitions":
                {{"NextAction": "z", "Errors": [{{"ErrorType": "NoMatchingError", "NextAction": "z"}}]}}}},
                {END}"#
            );
            let mut run = Run::start(Arc::new(one(kind, &actions)));
            let effect = Effect::SetRecording { recorded, passed_over: passed_over.clone() };
            assert_eq!(run.step(Outcome::Begin, &nothing), Step::Do(effect), "{kind} {parameters}");
            assert_eq!(run.step(Outcome::Done, &nothing), Step::End(Ending::Ended));
        }
    }
    for (kind, parameters, problem) in [
        ("contactFlow", r"{}", "no RecordingBehavior"),
        ("contactFlow", r#"{"RecordingBehavior": {"RecordedParticipants": ["Nobody"]}}"#, "nobody is called"),
        ("contactFlow", r#"{"RecordingBehavior": {"RecordedParticipants": "Agent"}}"#, "no list"),
        (
            "contactFlow",
            r#"{"RecordingBehavior": {"RecordedParticipants": [], "IVRRecordingBehavior": "Perhaps"}}"#,
            "neither Enabled nor Disabled",
        ),
        ("agentWhisper", r#"{"RecordingBehavior": {"RecordedParticipants": []}}"#, "may not stand"),
        ("customerHold", r#"{"RecordingBehavior": {"RecordedParticipants": []}}"#, "may not stand"),
    ] {
        let actions = format!(
            r#"{{"Identifier": "a", "Type": "UpdateContactRecordingBehavior", "Parameters": {parameters}, "Transitions": {{"NextAction": "z"}}}},
            {END}"#
        );
        let faults = load("x.json", document(kind, &actions).as_bytes()).unwrap_err();
        assert!(faults.iter().any(|fault| fault.problem.contains(problem)), "{kind} {parameters}: {faults:#?}");
    }
}

#[test]
fn an_error_takes_its_branch_then_the_catch_all_then_ends_the_flow() {
    let targets = |errors: &str| {
        format!(
            r#"{{"Identifier": "a", "Type": "TransferContactToQueue", "Transitions": {{"Errors": [{errors}]}}}},
            {{"Identifier": "full", "Type": "MessageParticipant", "Parameters": {{"Text": "full"}}, "Transitions": {{"NextAction": "z"}}}},
            {{"Identifier": "any", "Type": "MessageParticipant", "Parameters": {{"Text": "any"}}, "Transitions": {{"NextAction": "z"}}}},
            {END}"#
        )
    };
    let both = r#"{"ErrorType": "QueueAtCapacity", "NextAction": "full"}, {"ErrorType": "NoMatchingError", "NextAction": "any"}"#;
    for (error, step) in [
        (ErrorType::QueueAtCapacity, text("full")),
        (ErrorType::NoMatchingError, text("any")),
        (ErrorType::CallFailed, text("any")),
    ] {
        let mut run = Run::start(Arc::new(one("contactFlow", &targets(both))));
        assert_eq!(run.step(Outcome::Begin, &nothing), Step::Do(Effect::TransferToQueue));
        assert_eq!(run.step(Outcome::Failed(error), &nothing), step, "{error:?}");
    }
    let transfer = r#"{"Identifier": "a", "Type": "TransferContactToAgent", "Transitions": {}}"#;
    let mut run = Run::start(Arc::new(one("agentTransfer", transfer)));
    assert_eq!(run.step(Outcome::Begin, &nothing), Step::Do(Effect::TransferToAgent));
    let end = run.step(Outcome::Failed(ErrorType::NoMatchingError), &nothing);
    assert!(matches!(&end, Step::End(Ending::Failed(why)) if why.contains("action a")), "{end:?}");
}

#[test]
fn an_interrupted_loop_takes_its_condition() {
    let actions = format!(
        r#"{{"Identifier": "a", "Type": "MessageParticipantIteratively", "Parameters": {{"Messages": [{{"Text": "wait"}}, {{"PromptId": "$.Attributes.music"}}], "InterruptFrequencySeconds": "30"}},
            "Transitions": {{"NextAction": "z", "Conditions": [{{"NextAction": "b", "Condition": {{"Operator": "Equals", "Operands": ["MessagesInterrupted"]}}}}]}}}},
            {{"Identifier": "b", "Type": "MessageParticipant", "Parameters": {{"Text": "Still there?"}}, "Transitions": {{"NextAction": "a"}}}},
            {END}"#
    );
    let flow = Arc::new(one("customerQueue", &actions));
    let data = |path: &[&str]| (path == ["Attributes", "music"]).then(|| "Jazz.wav".to_owned());
    let wait = Step::Play {
        messages: vec![Message::Text("wait".into()), Message::Prompt("Jazz.wav".into())],
        repeat: true,
        interrupt_after: Some(Duration::from_secs(30)),
    };
    let mut run = Run::start(Arc::clone(&flow));
    assert_eq!(run.step(Outcome::Begin, &data), wait);
    assert_eq!(run.at(), Some("a"));
    // Round after round: sound between the actions, so no circle is suspected.
    for _ in 0..2_000 {
        assert_eq!(run.step(Outcome::Result("MessagesInterrupted".into()), &data), text("Still there?"));
        assert_eq!(run.step(Outcome::Done, &data), wait);
    }
    assert_eq!(run.step(Outcome::Result("Other".into()), &data), Step::End(Ending::Ended));
    // A prompt that the data does not name is an error, and this action has no branch for it.
    assert!(matches!(Run::start(flow).step(Outcome::Begin, &nothing), Step::End(Ending::Failed(_))));
}

#[test]
fn a_circle_without_sound_ends() {
    let actions = r#"{"Identifier": "a", "Type": "UpdateContactEventHooks", "Parameters": {"EventHooks": {"PauseContact": "x"}}, "Transitions": {"NextAction": "b", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "a"}]}},
        {"Identifier": "b", "Type": "UpdateContactEventHooks", "Parameters": {"EventHooks": {"CustomerHold": "x"}}, "Transitions": {"NextAction": "a", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "a"}]}}"#;
    let mut run = Run::start(Arc::new(one("contactFlow", actions)));
    let mut step = run.step(Outcome::Begin, &nothing);
    let mut steps = 0;
    while matches!(step, Step::Do(_)) {
        steps += 1;
        step = run.step(Outcome::Done, &nothing);
    }
    assert!(steps <= crate::limits::FLOW_STEPS);
    assert!(matches!(step, Step::End(Ending::Failed(why)) if why.contains("without a sound")));
}
