//! What a flow may read of its call, where it may lead it, and what becomes of the call when it cannot go on.

use super::stage::{Stage, catalog};
use cordboard::contact::{Admission, Catalog, Goal, Out, Place, Press, Reason};
use cordboard::flow::{self, Flow, FlowType};
use cordboard::ids::FlowId;
use cordboard::routing::{Hours, Precedence};
use serde_json::{Value, json};
use std::sync::Arc;

/// A flow of actions that follow one another. Any error plays None.wav, a full queue Full.wav.
pub fn flow(name: &str, kind: FlowType, actions: &[(&str, Value)]) -> Flow {
    let says = |name: &str, next: &str| {
        json!({"Identifier": name, "Type": "MessageParticipant", "Parameters": {"PromptId": format!("{name}.wav")},
               "Transitions": {"NextAction": next}})
    };
    let hold = matches!(kind, FlowType::AgentHold | FlowType::CustomerHold);
    let mut all: Vec<Value> = Vec::new();
    for (number, (kind, parameters)) in actions.iter().enumerate() {
        let next = if number + 1 < actions.len() { (number + 1).to_string() } else { "end".into() };
        let lost = if hold { "end" } else { "None" };
        let errors = match *kind {
            "TransferContactToAgent" | "DisconnectParticipant" => json!({}),
            "TransferContactToQueue" => json!({"Errors": [
                {"ErrorType": "QueueAtCapacity", "NextAction": "Full"},
                {"ErrorType": "NoMatchingError", "NextAction": "None"}]}),
            "MessageParticipantIteratively" => json!({"NextAction": next, "Conditions": [{"NextAction": next,
                "Condition": {"Operator": "Equals", "Operands": ["MessagesInterrupted"]}}]}),
            _ => json!({"NextAction": next, "Errors": [{"ErrorType": "NoMatchingError", "NextAction": lost}]}),
        };
        all.push(json!({"Identifier": number.to_string(), "Type": kind, "Parameters": parameters,
                        "Transitions": errors}));
    }
    if !hold {
        all.extend(["Full", "None"].map(|name| says(name, "end")));
    }
    all.push(json!({"Identifier": "end", "Type": "EndFlowExecution", "Parameters": {}, "Transitions": {}}));
    let document = json!({"Version": "2019-10-30", "StartAction": "0",
        "Metadata": {"name": name, "type": kind.metadata()}, "Actions": all});
    flow::load("test.json", document.to_string().as_bytes()).unwrap_or_else(|faults| panic!("{faults:#?}")).remove(0)
}

fn prompt(name: &str) -> (&'static str, Value) {
    ("MessageParticipant", json!({"PromptId": name}))
}

fn queue(name: &str) -> (&'static str, Value) {
    ("UpdateContactTargetQueue", json!({"QueueId": name}))
}

fn agent(name: &str) -> (&'static str, Value) {
    ("UpdateContactTargetQueue", json!({"AgentId": name}))
}

fn hook(hook: &str, flow: &str) -> (&'static str, Value) {
    ("UpdateContactEventHooks", json!({"EventHooks": {hook: flow}}))
}

fn enqueue() -> (&'static str, Value) {
    ("TransferContactToQueue", json!({}))
}

pub fn with(flows: impl IntoIterator<Item = Flow>) -> Catalog {
    let mut catalog = catalog();
    catalog.flows.extend(flows.into_iter().map(|flow| (flow.id.clone(), Arc::new(flow))));
    catalog
}

/// The customer hears an inbound flow of these actions.
fn inbound(actions: &[(&str, Value)]) -> Stage {
    Stage::of(with([flow("Test", FlowType::Inbound, actions)]), "Test")
}

/// What a prompt is called that a reference names.
fn read(stage: &Stage, who: &str) -> String {
    let heard = stage.heard();
    let of_his = heard.split(' ').find_map(|word| word.strip_prefix(who)?.strip_prefix(':')).unwrap_or_default();
    let contacts = stage.call.contacts();
    let mut named = of_his.to_owned();
    for k in contacts.values() {
        let which = if k.previous.is_none() { "the first" } else { "the second" };
        named = named.replace(&k.id.to_string(), which);
    }
    named
}

#[test]
fn what_a_flow_may_read() {
    for (before, path, found) in [
        (None, "ContactId", "the first"),
        (None, "InitialContactId", "the first"),
        (None, "PreviousContactId", "None.wav"),
        (None, "Channel", "VOICE"),
        (None, "InitiationMethod", "INBOUND"),
        (None, "CustomerEndpoint.Address", "carol"),
        (None, "Queue.Name", "None.wav"),
        (None, "Agent.UserName", "None.wav"),
        (None, "Attributes.colour", "None.wav"),
        (None, "Nothing.Such", "None.wav"),
        (Some(queue("Support")), "Queue.Name", "Support"),
        (Some(queue("Support")), "Queue.ARN", "Support"),
        (Some(queue("Support")), "Agent.UserName", "None.wav"),
        (Some(agent("maria")), "Queue.Name", "Maria"),
        (Some(agent("maria")), "Queue.ARN", "None.wav"),
        (Some(agent("maria")), "Agent.UserName", "maria"),
        (Some(agent("maria")), "Agent.ARN", "maria"),
        (Some(agent("maria")), "Agent.FirstName", "Maria"),
    ] {
        let actions: Vec<_> = before.clone().into_iter().chain([prompt(&format!("$.{path}"))]).collect();
        assert_eq!(read(&inbound(&actions), "customer"), found, "{before:?} {path}");
    }
    // Of a quick connect: he who pressed it hears the flow, of the customer and of her whom he called.
    for (path, found) in [
        ("ContactId", "the second"),
        ("InitialContactId", "the first"),
        ("PreviousContactId", "the first"),
        ("InitiationMethod", "TRANSFER"),
        ("CustomerEndpoint.Address", "carol"),
        ("Agent.UserName", "maria"),
        ("Queue.Name", "Maria"),
    ] {
        let asks = flow("Agent transfer", FlowType::AgentTransfer, &[prompt(&format!("$.{path}"))]);
        let mut s = Stage::talking_with(with([asks]));
        s.press("john", Press::QuickConnect("maria".into()));
        assert_eq!(read(&s, "john"), found, "{path}");
    }
    // In a whisper the agent is who accepted.
    for (path, found) in [("Agent.UserName", "john"), ("Agent.FirstName", "John"), ("Queue.Name", "Support")] {
        let asks = flow("Default agent whisper", FlowType::AgentWhisper, &[prompt(&format!("$.{path}"))]);
        let mut s = Stage::of(with([asks]), "Support line");
        s.played("customer");
        s.offer("john");
        s.answer("john");
        assert_eq!(read(&s, "john"), found, "{path}");
    }
    // With the customer gone, he who stands for him is the customer.
    let asks = flow("Internal call whisper", FlowType::AgentWhisper, &[prompt("$.CustomerEndpoint.Address")]);
    let mut s = Stage::talking_with(with([asks]));
    s.press("john", Press::QuickConnect("maria".into()));
    s.bye("customer");
    s.played("john");
    s.offer("maria");
    s.answer("maria");
    assert_eq!(read(&s, "maria"), "john");
}

#[test]
fn where_a_flow_leads_a_contact() {
    let sales = |s: Stage| s.call.contacts().values().next().and_then(|k| k.queued.clone()).map(|(place, _)| place);
    for (target, place) in [
        (queue("q1"), Some(Place::Queue("q1".into()))),
        (queue("Sales"), Some(Place::Queue("q1".into()))),
        (queue("arn:aws:connect:eu-west-2:1:instance/1/queue/q1"), Some(Place::Queue("q1".into()))),
        (queue("q2"), None),
        (agent("maria"), Some(Place::Agent("maria".into()))),
        (agent("arn:aws:connect:eu-west-2:1:instance/1/agent/maria"), Some(Place::Agent("maria".into()))),
        (agent("zoe"), None),
    ] {
        let mut catalog = with([flow("Test", FlowType::Inbound, &[target.clone(), enqueue()])]);
        let named = cordboard::contact::Queue { name: "Sales".into(), ..Default::default() };
        catalog.queues.insert("q1".into(), named);
        let s = Stage::of(catalog, "Test");
        s.hears(if place.is_some() { "customer:ThankYouForCalling.wav" } else { "customer:None.wav" });
        assert_eq!(sales(s), place, "{target:?}");
    }
    // A contact stays in its queue when its queue flow has no more to say, also while an agent is on the way.
    let end = flow("Default customer queue", FlowType::CustomerQueue, &[prompt("Wait.wav")]);
    for steps in 0..3 {
        let mut s = Stage::of(with([end.clone()]), "Support line");
        s.played("customer");
        if steps > 0 {
            s.offer("john");
        }
        if steps > 1 {
            s.answer("john");
        }
        s.played("customer");
        assert!(!s.call.is_over(), "{steps}");
        if steps == 0 {
            s.offer("john");
        }
        if steps < 2 {
            s.answer("john");
        }
        s.hears("customer:silence john:Support.wav");
    }
    // Without a target there is no queue to go into, and who waits already does not ask again.
    inbound(&[enqueue()]).hears("customer:None.wav");
}

/// A flow that asks something, and plays the prompt of the result: True, False, or 1 for any number.
fn asks(kind: FlowType, before: Option<(&str, Value)>, query: &str, parameters: &Value) -> Flow {
    let when = |operator: &str, operand: &str, next: &str| json!({"NextAction": next, "Condition": {"Operator": operator, "Operands": [operand]}});
    let says = |name: &str| {
        json!({"Identifier": name, "Type": "MessageParticipant", "Parameters": {"PromptId": format!("{name}.wav")},
               "Transitions": {"NextAction": "end"}})
    };
    let failed = json!([{"ErrorType": "NoMatchingError", "NextAction": "None"},
                        {"ErrorType": "NoMatchingCondition", "NextAction": "Else"}]);
    let (first, parameters_before) =
        before.unwrap_or(("UpdateContactEventHooks", json!({"EventHooks": {"PauseContact": "x"}})));
    let document = json!({"Version": "2019-10-30", "StartAction": "before",
        "Metadata": {"name": "Test", "type": kind.metadata()}, "Actions": [
        {"Identifier": "before", "Type": first, "Parameters": parameters_before,
         "Transitions": {"NextAction": "ask", "Errors": failed}},
        {"Identifier": "ask", "Type": query, "Parameters": parameters, "Transitions": {"NextAction": "None", "Errors": failed,
         "Conditions": [when("Equals", "True", "True"), when("Equals", "False", "False"), when("NumberGreaterThan", "3", "More")]}},
        says("True"), says("False"), says("More"), says("Else"), says("None"),
        {"Identifier": "end", "Type": "EndFlowExecution", "Parameters": {}, "Transitions": {}}]});
    flow::load("test.json", document.to_string().as_bytes()).unwrap_or_else(|faults| panic!("{faults:#?}")).remove(0)
}

#[test]
fn a_flow_asks_whether_a_queue_is_open() {
    let named = |hours: &str| json!({"HoursOfOperationId": hours});
    for (before, of_queue, parameters, heard) in [
        (Some(queue("Support")), None, json!({}), "True.wav"),
        (Some(queue("Support")), Some("open"), json!({}), "True.wav"),
        (Some(queue("Support")), Some("shut"), json!({}), "False.wav"),
        // Hours that a reload has taken away.
        (Some(queue("Support")), Some("gone"), json!({}), "None.wav"),
        (Some(queue("Support")), Some("shut"), named("open"), "True.wav"),
        (None, None, named("arn:aws:connect:eu-west-2:1:instance/1/operating-hours/shut"), "False.wav"),
        (None, None, named("never"), "None.wav"),
        (None, None, json!({}), "None.wav"),
        // An agent's own queue has no hours.
        (Some(agent("maria")), None, json!({}), "None.wav"),
    ] {
        let mut catalog = with([asks(FlowType::Inbound, before.clone(), "CheckHoursOfOperation", &parameters)]);
        catalog.hours.insert("open".into(), Hours::always());
        catalog.hours.insert("shut".into(), Hours::closed("UTC").unwrap());
        for support in catalog.queues.values_mut() {
            support.hours = of_queue.map(Into::into);
        }
        let s = Stage::of(catalog, "Test");
        assert_eq!(read(&s, "customer"), heard, "{before:?} {of_queue:?} {parameters}");
    }
}

#[test]
fn a_flow_asks_for_the_figures_of_a_queue() {
    let count = |more: Value| {
        let mut parameters = json!({"MetricType": "NumberOfContactsInQueue"});
        parameters.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        parameters
    };
    let support = || Some(Place::Queue("Support".into()));
    for (before, parameters, asked, figure, heard) in [
        (Some(queue("Support")), count(json!({})), support(), Some(4), "More.wav"),
        (Some(queue("Support")), count(json!({})), support(), Some(3), "Else.wav"),
        (None, count(json!({"QueueId": "Support"})), support(), Some(4), "More.wav"),
        (None, count(json!({"AgentId": "maria"})), Some(Place::Agent("maria".into())), Some(4), "More.wav"),
        (None, count(json!({"QueueId": "Support"})), support(), None, "None.wav"),
        (None, count(json!({"QueueId": "Sales"})), None, None, "None.wav"),
        (None, count(json!({})), None, None, "None.wav"),
    ] {
        let flow = asks(FlowType::Inbound, before, "CheckMetricData", &parameters);
        let mut s = Stage::of(with([flow]), "Test");
        let (contact, found) = match s.out.iter().find(|out| matches!(out, Out::Measure { .. })) {
            Some(Out::Measure { contact, place, .. }) => (*contact, Some(place.clone())),
            _ => (s.pending(), None),
        };
        assert_eq!(found, asked, "{parameters}");
        s.act(|call, cx| call.measured(cx, contact, figure));
        assert_eq!(read(&s, "customer"), heard, "{parameters} {figure:?}");
        // It is told once.
        s.act(|call, cx| call.measured(cx, contact, Some(4)));
        assert_eq!(read(&s, "customer"), heard, "{parameters} {figure:?}");
    }
}

#[test]
fn a_flow_says_when_its_contact_is_to_have_its_turn() {
    let routing = |parameters: Value| ("UpdateContactRoutingBehavior", parameters);
    let mut s = inbound(&[
        routing(json!({"QueuePriority": "2"})),
        routing(json!({"QueueTimeAdjustmentSeconds": "-30"})),
        queue("Support"),
        enqueue(),
    ]);
    let turn = Precedence { priority: 2, adjustment: -30 };
    assert_eq!(s.call.contacts()[&s.pending()].precedence, turn);
    assert!(!s.out.iter().any(|out| matches!(out, Out::Prioritise { .. })), "it does not wait yet");
    // The queue flow of one who waits changes his turn at once.
    let waits = json!({"Messages": [{"PromptId": "Wait.wav"}], "InterruptFrequencySeconds": "4"});
    let promotes = [("MessageParticipantIteratively", waits), routing(json!({"QueuePriority": "1"}))];
    let promotes = flow("Default customer queue", FlowType::CustomerQueue, &promotes);
    s = Stage::of(with([promotes]), "Support line");
    s.played("customer");
    s.wait(4);
    let contact = s.pending();
    let turn = Precedence { priority: 1, adjustment: 0 };
    assert!(s.out.contains(&Out::Prioritise { contact, precedence: turn }));
}

/// A queue flow that plays one prompt for ever.
fn plays(name: &str) -> Flow {
    let messages = json!({"Messages": [{"PromptId": format!("{name}.wav")}]});
    flow(name, FlowType::CustomerQueue, &[("MessageParticipantIteratively", messages)])
}

#[test]
fn the_flow_of_a_moment_is_that_of_its_hook_then_its_queues_then_the_default() {
    for (set, of_queue, heard) in [
        (Some("Jazz"), None, "Jazz.wav"),
        (Some("arn:aws:connect:eu-west-2:1:contact-flow/jazz"), None, "Jazz.wav"),
        (Some("jazz"), None, "Jazz.wav"),
        (Some("zz"), None, "None.wav"),
        (Some("Jazz"), Some("Rock"), "Jazz.wav"),
        (None, Some("Rock"), "Rock.wav"),
        (None, None, "ThankYouForCalling.wav"),
        // A flow that is not there is no flow, and the default does not stand in for it.
        (None, Some("Blues"), ""),
    ] {
        let actions: Vec<_> =
            set.map(|flow| hook("CustomerQueue", flow)).into_iter().chain([queue("Support"), enqueue()]).collect();
        let mut jazz = plays("Jazz");
        jazz.arn = Some("arn:aws:connect:eu-west-2:1:contact-flow/jazz".into());
        let mut catalog = with([flow("Test", FlowType::Inbound, &actions), jazz, plays("Rock")]);
        for support in catalog.queues.values_mut() {
            support.customer_queue_flow = of_queue.map(FlowId::from);
        }
        let s = Stage::of(catalog, "Test");
        assert_eq!(read(&s, "customer"), heard, "{set:?} {of_queue:?}");
        assert_eq!(s.call.is_over(), heard.is_empty());
    }
}

#[test]
fn a_message_list_is_interrupted_and_goes_on() {
    let interrupted = json!({"Messages": [{"PromptId": "Wait.wav"}], "InterruptFrequencySeconds": "4"});
    let waits = [("MessageParticipantIteratively", interrupted), prompt("Still.wav")];
    let queue_flow = flow("Default customer queue", FlowType::CustomerQueue, &waits);
    // In the queue, while an agent's phone rings, and while she hears her whisper.
    for steps in 0..3 {
        let mut s = Stage::of(with([queue_flow.clone()]), "Support line");
        s.played("customer");
        if steps > 0 {
            s.offer("john");
        }
        if steps > 1 {
            s.answer("john");
        }
        assert_eq!(s.call.deadline(), Some(s.waits(4)), "{steps}");
        s.wait(3);
        assert_eq!(read(&s, "customer"), "Wait.wav");
        s.wait(1);
        assert_eq!(read(&s, "customer"), "Still.wav");
        assert_ne!(s.call.deadline(), Some(s.waits(4)));
    }
    // On hold.
    let first = json!({"Messages": [{"PromptId": "Hold.wav"}], "InterruptFrequencySeconds": "4"});
    let then = json!({"Messages": [{"PromptId": "Held.wav"}]});
    let twice = [("MessageParticipantIteratively", first), ("MessageParticipantIteratively", then)];
    let mut s = Stage::talking_with(with([flow("Default customer hold", FlowType::CustomerHold, &twice)]));
    s.press("john", Press::HoldAll);
    assert_eq!(s.call.deadline(), Some(s.waits(4)));
    s.wait(3);
    s.hears("customer:Hold.wav(held) john:silence");
    s.wait(1);
    s.hears("customer:Held.wav(held) john:silence");
    assert_eq!(s.call.deadline(), None);
}

#[test]
fn whoever_waits_hears_the_default_when_the_flow_he_waits_with_is_over() {
    let unspoken = || ("MessageParticipantIteratively", json!({"Messages": [{"Text": "Nobody has recorded this"}]}));
    let waits = |hook_of: &str, short: Flow| {
        let actions = [hook(hook_of, "Short"), queue("Support"), enqueue()];
        Stage::of(with([short, flow("Test", FlowType::Inbound, &actions)]), "Test")
    };
    // In a queue, while an agent's phone rings, and while she hears her whisper.
    for steps in 0..3 {
        let mut s = waits("CustomerQueue", flow("Short", FlowType::CustomerQueue, &[prompt("Once.wav")]));
        if steps > 0 {
            s.offer("john");
        }
        if steps > 1 {
            s.answer("john");
        }
        assert_eq!(read(&s, "customer"), "Once.wav");
        s.played("customer");
        assert_eq!(read(&s, "customer"), "ThankYouForCalling.wav", "{steps}");
    }
    // Of which nothing can be played, too.
    waits("CustomerQueue", flow("Short", FlowType::CustomerQueue, &[unspoken()]))
        .hears("customer:ThankYouForCalling.wav");
    // Where that goes for the default itself there is nothing left to hear, and he waits all the same.
    let mut s = Stage::of(
        with([flow("Default customer queue", FlowType::CustomerQueue, &[prompt("Once.wav")])]),
        "Support line",
    );
    s.played("customer");
    s.played("customer");
    s.hears("customer:silence");
    assert!(!s.call.is_over());
    // On hold, and while somebody is called for him.
    let once = json!({"Messages": [{"PromptId": "Once.wav"}], "InterruptFrequencySeconds": "4"});
    for action in [("MessageParticipantIteratively", once), unspoken()] {
        let talking = || {
            let mut s = waits("CustomerHold", flow("Short", FlowType::CustomerHold, &[action.clone()]));
            s.offer("john");
            s.answer("john");
            s.played("john");
            s.played("customer");
            s
        };
        let mut s = talking();
        s.press("john", Press::HoldAll);
        s.wait(4);
        s.hears("customer:CustomerHold.wav(held) john:silence");
        let mut s = talking();
        s.transfer("john", Goal::Agent("maria".into())).unwrap();
        s.newest("maria");
        s.ring("maria");
        s.wait(4);
        s.hears("customer:CustomerHold.wav john:silence");
        s.answer("maria");
        s.hears("customer:maria maria:customer");
    }
}

#[test]
fn a_place_that_is_refused() {
    // A queue's flow says so; who was called directly is gone.
    let mut s = Stage::talking_with(with([
        flow("Agent transfer", FlowType::AgentTransfer, &[agent("$.Agent.ARN"), prompt("First.wav"), enqueue()]),
        flow("Direct", FlowType::AgentTransfer, &[("TransferContactToAgent", json!({}))]),
    ]));
    s.admission = Admission::AtCapacity(Reason::Busy);
    s.press("john", Press::QuickConnect("maria".into()));
    s.played("john");
    s.hears("customer:CustomerHold.wav(held) john:Full.wav");
    // A queue that is disabled, or gone with a reload, is an error.
    s.press("john", Press::DropLast);
    s.admission = Admission::Refused(Reason::Failed);
    s.press("john", Press::QuickConnect("maria".into()));
    s.played("john");
    s.hears("customer:CustomerHold.wav(held) john:None.wav");
    s.admission = Admission::Refused(Reason::Busy);
    s.press("john", Press::DropLast);
    let peter = s.catalog.quick_connects.get_mut("peter").unwrap();
    peter.to = cordboard::contact::QuickConnectTo::Agent { agent: "peter".into(), flow: "Direct".into() };
    s.press("john", Press::QuickConnect("peter".into()));
    s.hears("customer:CustomerHold.wav(held) john:Busy");
    // A flow that hangs up on him who called fails, too.
    let gives_up = flow("Agent transfer", FlowType::AgentTransfer, &[("DisconnectParticipant", json!({}))]);
    let mut s = Stage::talking_with(with([gives_up]));
    s.press("john", Press::QuickConnect("maria".into()));
    s.hears("customer:CustomerHold.wav(held) john:Congestion");
    // An answer that nobody waits for any more changes nothing.
    let waiting = Stage::ringing();
    let (contact, before) = (waiting.pending(), format!("{:?}", waiting.call));
    let mut s = waiting;
    s.act(|call, cx| call.enqueued(cx, contact, Place::Agent("peter".into()), true, Admission::Refused(Reason::Busy)));
    assert_eq!(format!("{:?}", s.call), before);
    // She may have no phone: he sees it, and waits.
    let mut s = Stage::talking();
    s.admission = Admission::Unreachable;
    s.press("john", Press::QuickConnect("maria".into()));
    let row = s.call.connections().values().next_back().unwrap().id;
    assert_eq!(s.call.connections()[&row].last_offer, None);
    s.played("john");
    assert_eq!(s.call.connections()[&row].last_offer, Some(Reason::Unreachable));
}

#[test]
fn messages_that_cannot_be_played() {
    let text = |text: &str| ("MessageParticipant", json!({"Text": text}));
    // No recording speaks it: the error branch. An empty one is over at once.
    inbound(&[text("Nobody has recorded this"), prompt("Next.wav")]).hears("customer:None.wav");
    inbound(&[text("$.Nothing.Such"), prompt("Next.wav")]).hears("customer:Next.wav");
    // Of a list the others are played.
    let list = json!({"Messages": [{"Text": "Nobody has recorded this"}, {"PromptId": "Jazz.wav"}]});
    let half = flow("Default customer queue", FlowType::CustomerQueue, &[("MessageParticipantIteratively", list)]);
    let s = Stage::of(with([half, flow("Test", FlowType::Inbound, &[queue("Support"), enqueue()])]), "Test");
    s.hears("customer:Jazz.wav");
    // A circle of empty ones ends the call.
    let circle = json!({"Version": "2019-10-30", "StartAction": "a",
        "Metadata": {"name": "Test", "type": "contactFlow"}, "Actions": [
        {"Identifier": "a", "Type": "MessageParticipant", "Parameters": {"Text": "$.Nothing.Such"},
         "Transitions": {"NextAction": "a"}}]});
    let circle = flow::load("test.json", circle.to_string().as_bytes()).unwrap().remove(0);
    let s = Stage::of(with([circle]), "Test");
    assert!(s.call.is_over());
    assert!(s.out.iter().any(|out| matches!(out, Out::HangUp { .. })));
    // So does a number whose flow is not there.
    assert!(Stage::of(catalog(), "No such flow").call.is_over());
}
