//! The lab loads; every fault is found, with its place and its cure.

use super::*;
use crate::contact::{FeatureCode, QuickConnectTo};
use crate::flow::FlowType;
use crate::ids::{AgentId, Mint};
use crate::routing::AfterCallWork;
use crate::sip::Transport;
use crate::site::{Guests, NumberTo};
use crate::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};

fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn loaded(source: &Source) -> Site {
    load(source).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

#[test]
fn the_lab_is_the_same_from_the_folder_and_from_the_binary() {
    let file = loaded(&Source::File(in_repository("sip-configs/cordboard.toml")));
    let lab = loaded(&Source::Lab);
    for site in [&file, &lab] {
        let john = &site.catalog.agents[&AgentId::from("john")];
        assert_eq!(john.quick_connects, ["maria", "peter", "anna", "password-reset", "bank"].map(Into::into));
        assert_eq!(john.default_outbound_queue, Some("Support".into()));
        assert_eq!(site.agents.len(), 4);
        assert_eq!(site.routing.agents[&AgentId::from("maria")].initial_status, "Available");
        let maria = &site.catalog.quick_connects["maria"];
        assert_eq!(maria.code.as_deref(), Some("11"));
        assert_eq!(maria.to, QuickConnectTo::Agent { agent: "maria".into(), flow: "Agent transfer".into() });
        for (dialled, to) in [
            ("1000", Some(NumberTo::Flow("Support line".into()))),
            ("9001", Some(NumberTo::Play { prompt: "CustomerHold.wav".into(), repeat: true })),
            ("9002", Some(NumberTo::Echo)),
            ("conf1", Some(NumberTo::Room)),
            ("confetti", Some(NumberTo::Room)),
            ("con", None),
            ("4711", None),
        ] {
            assert_eq!(site.number(dialled).map(|number| number.to.clone()), to, "{dialled}");
        }
        let prompts = site.library.prompts.keys();
        assert!(prompts.into_iter().any(|prompt| prompt.as_str() == "Beep.wav"));
        let kinds: Vec<_> = site.catalog.defaults.keys().copied().collect();
        assert!(kinds.contains(&FlowType::CustomerHold) && kinds.contains(&FlowType::AgentTransfer));
    }
    assert_eq!(file.library, lab.library);
    assert_eq!(file.catalog.flows.keys().collect::<Vec<_>>(), lab.catalog.flows.keys().collect::<Vec<_>>());
}

#[test]
fn the_bench_loads() {
    let site = loaded(&Source::File(in_repository("sip-configs/bench.toml")));
    assert_eq!(site.agents.len(), 500);
    assert_eq!(site.agents["agent500"].password, "secret500");
    let short = site.number("short").map(|number| number.to.clone());
    let Some(NumberTo::Play { prompt, repeat: false }) = short else { panic!("short plays once: {short:?}") };
    assert_eq!(site.library.clip(&prompt).unwrap().duration(), Duration::from_secs(5));
    assert_eq!(site.number("bridge").unwrap().to, NumberTo::Dial("sip:uas@127.0.0.1:21070".into()));
}

#[test]
fn a_trunk_is_read_with_all_it_can_say() {
    let small = Small::new("trunk");
    let text = "[[trunks]]\nid = \"t\"\nhost = [\"192.0.2.9:5070\", \"[2001:db8::9]\", \"sip.example.com\"]\n\
        transport = \"tcp\"\nprefixes = [\"+\", \"110\"]\nto_e164 = [{ strip = \"0\", add = \"+49\" }]\n\
        from_e164 = [{ strip = \"+\" }]\nmax_calls = 3\nusername = \"u\"\npassword = \"p\"\nregister = true\n\
        trusted = true\noptions_seconds = 0\nhold_signalling = \"none\"\n\
        [[trunks]]\nid = \"v\"\nhost = \"a\"\nusername = \"\"\npassword = \"\"\nregister = false\n\
        [[numbers]]\nnumber = \"7\"\ndial = \"+4420\"\n";
    let site = small.load(&format!("{text}{NEEDED}")).unwrap_or_else(|faults| panic!("{faults:?}"));
    let [t, v] = site.trunks.as_slice() else { panic!("{:?}", site.trunks) };
    let hosts: Vec<String> = t.hosts.iter().map(|place| format!("{} {:?}", place.host, place.port)).collect();
    assert_eq!(hosts, ["192.0.2.9 Some(5070)", "[2001:db8::9] None", "sip.example.com None"]);
    assert_eq!((t.transport, t.max_calls, t.probe, t.hold_signalling), (Some(Transport::Tcp), Some(3), None, None));
    assert!(t.register && t.trusted && t.is_login("u") && t.allows("110") && t.allows("+4420") && !t.allows("112"));
    assert_eq!((t.e164("0301"), t.written("+49301")), ("+49301".into(), "49301".into()));
    assert!(!format!("{t:?}").contains("\"p\""), "no password is in a log");
    assert_eq!((v.transport, v.max_calls, v.login.is_none(), v.register, v.trusted), (None, None, true, false, false));
    assert_eq!(v.probe, Some(Duration::from_secs(30)));
    assert!(v.prefixes.is_empty(), "nothing is allowed that is not said");
}

#[test]
fn on_a_network_the_lab_gets_other_addresses_and_passwords() {
    let mut site = loaded(&Source::Lab);
    let fresh = on_lan(&mut site, "192.168.1.5".parse().unwrap(), &mut Mint::new(1));
    assert_eq!(fresh.len(), 4);
    for (id, password) in fresh {
        assert!(password.len() >= 10 && site.agents[&id].password == password);
    }
    assert!(site.sip.listen.iter().all(|(_, address)| address.to_string() == "192.168.1.5:5060"));
    assert_eq!(site.http.listen.to_string(), "192.168.1.5:8080");
    assert_eq!(site.media.listen.to_string(), "192.168.1.5");
    assert_eq!(site.sip.guests, Guests::Any, "a customer calls from any phone of the network");
    site.sip.guests = Guests::None;
    on_lan(&mut site, "192.168.1.5".parse().unwrap(), &mut Mint::new(1));
    assert_eq!(site.sip.guests, Guests::None, "whoever has shut them out has a reason");
}

/// The lab with every prompt a beep, so that many installations are read in a short time.
struct Small(PathBuf);

impl Small {
    fn new(name: &str) -> Small {
        let beep = lab::PROMPTS.iter().find(|file| file.name == "Beep.wav").unwrap().bytes;
        let prompts = lab::PROMPTS.iter().map(|file| {
            (format!("prompts/{}", file.name), if file.name.ends_with(".wav") { beep } else { file.bytes })
        });
        let flows = lab::FLOWS.iter().map(|file| (format!("lab/flows/{}", file.name), file.bytes));
        let files: Vec<_> = prompts.chain(flows).collect();
        Small(folder(name, &files.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect::<Vec<_>>()))
    }

    fn load(&self, text: &str) -> Result<Site, Vec<Fault>> {
        load_text(&Source::File(self.0.join("lab/lab.toml")), text)
    }

    /// Every fault as `line:column problem | cure`.
    fn faults(&self, text: &str) -> Vec<String> {
        let said = |f: Fault| format!("{}:{} {} | {}", f.line.unwrap_or(0), f.column.unwrap_or(0), f.problem, f.cure);
        self.load(text).err().into_iter().flatten().map(said).collect()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What the built-in flows need, in lines that follow the fragment of a test.
const NEEDED: &str = "\n[[queues]]\nid = \"Support\"\n\n[[queues]]\nid = \"PasswordReset\"\n";

#[test]
fn each_fault_has_its_place_and_its_cure() {
    let small = Small::new("each");
    let mut wrong = Vec::new();
    let agent = "[[agents]]\nid = \"ann\"\npassword = \"x\"\n";
    for (fragment, place, problem, cure) in [
        // TOML itself
        ("[sip]\ndomain =\n", "2:9", "", "Mend the TOML"),
        // keys
        ("[sip]\nregister = 1\n", "2:1", "[sip] has no key register", "It has domain, listen"),
        ("[sip]\nlissten = []\n", "2:1", "[sip] has no key lissten", "Did you mean listen?"),
        ("[trunk]\n", "1:2", "the configuration has no key trunk", ""),
        ("sip = 5\n", "1:7", "sip is not a table", "Write sip = { … }"),
        // [sip]
        (
            "[sip]\nlisten = [\"udp:127.0.0.1:5060\", \"tcp:127.0.0.1:5060\", \"udp:127.0.0.1:5060\"]\n",
            "2:55",
            "\"udp:127.0.0.1:5060\" stands there twice",
            "Name it once.",
        ),
        // [[trunks]]
        ("[[trunks]]\nid = \"t\"\n", "1:1", "[[trunks]] has no host", "192.0.2.9:5060"),
        ("[[trunks]]\nhost = \"a.example\"\n", "1:1", "[[trunks]] has no id", ""),
        ("[[trunks]]\nid = \"t\"\nhost = []\n", "3:8", "host is not a list of 1 to 16", ""),
        ("[[trunks]]\nid = \"t\"\nhost = [\"a.example\", \"192.0.2\"]\n", "3:22", "\"192.0.2\" is no host", ""),
        ("[[trunks]]\nid = \"t\"\nhost = \"a.example:0\"\n", "3:8", "\"a.example:0\" is no host", "5060"),
        ("[[trunks]]\nid = \"t\"\nhost = \"sip:a.example\"\n", "3:8", "is no host", ""),
        (
            "[[trunks]]\nid = \"t\"\nhost = \"a\"\ntransport = \"tls\"\n",
            "4:13",
            "transport cannot be \"tls\"",
            "\"tcp\"",
        ),
        ("[[trunks]]\nid = \"t\"\nhost = \"a\"\nprefixes = [\"+1\", \"\"]\n", "4:19", "\"\" is no prefix", "+1555"),
        ("[[trunks]]\nid = \"t\"\nhost = \"a\"\nprefixes = [\"+1*\"]\n", "4:13", "\"+1*\" is no prefix", ""),
        ("[[trunks]]\nid = \"t\"\nhost = \"a\"\nprefixes = [\"+1abc\"]\n", "4:13", "\"+1abc\" is no prefix", "+1555"),
        ("[[trunks]]\nid = \"t\"\nhost = \"a\"\nmax_calls = 0\n", "4:13", "max_calls is 0", "no limit"),
        ("[[trunks]]\nid = \"t\"\nhost = \"a\"\nusername = \"u\"\n", "4:12", "username without password", ""),
        ("[[trunks]]\nid = \"t\"\nhost = \"a\"\npassword = \"p\"\n", "4:12", "password without username", ""),
        ("[[trunks]]\nid = \"t\"\nhost = \"a\"\nregister = true\n", "4:12", "register without username", ""),
        (
            "[[trunks]]\nid = \"t\"\nhost = \"a\"\nto_e164 = [{ strip = \"x\" }]\n",
            "4:22",
            "\"x\" is no beginning",
            "+49",
        ),
        (
            "[[trunks]]\nid = \"t\"\nhost = \"a\"\nfrom_e164 = [{ add = \"0\" }, { add = \"00\" }]\n",
            "4:29",
            "what begins with \"\" is changed already",
            "",
        ),
        ("[[trunks]]\nid = \"t\"\nhost = \"a\"\nprefix = \"+1\"\n", "4:1", "has no key prefix", "prefixes"),
        (
            "[[trunks]]\nid = \"t\"\nhost = \"a\"\n[[trunks]]\nid = \"t\"\nhost = \"b\"\n",
            "5:6",
            "t is there already",
            "",
        ),
        (
            "[[trunks]]\nid = \"t\"\nhost = \"a\"\nusername = \"u\"\npassword = \"p\"\n[[trunks]]\nid = \"v\"\n\
             host = \"b\"\nusername = \"u\"\npassword = \"p\"\n",
            "9:12",
            "u is the username of the trunk t already",
            "hosts of both",
        ),
        (
            "[[trunks]]\nid = \"t\"\nhost = \"a\"\nusername = \"ann\"\npassword = \"p\"\n[[agents]]\nid = \"ann\"\n\
             password = \"x\"\n",
            "7:6",
            "ann is the username of the trunk t",
            "another id",
        ),
        (
            "[[trunks]]\nid = \"t\"\nhost = \"a\"\nprefixes = [\"+1\"]\n[[numbers]]\nnumber = \"7\"\ndial = \"+4420\"\n",
            "7:8",
            "no trunk leads to +4420",
            "prefixes",
        ),
        // [sip]
        ("[sip]\ndomain = 5\n", "2:10", "domain is not a text", "Write domain = \"…\""),
        ("[sip]\ndomain = \"a b\"\n", "2:10", "domain is no host name", "cordboard.lab"),
        (
            "[sip]\nlisten = [\"udp:127.0.0.1:5060\", \"tls:127.0.0.1:5061\"]\n",
            "2:33",
            "\"tls:127.0.0.1:5061\" is nothing to listen on",
            "udp:127.0.0.1:5060",
        ),
        ("[sip]\nlisten = []\n", "2:10", "listen is empty", "at least one"),
        ("[sip]\nadvertise = \"me\"\n", "2:13", "advertise is not an IP address", "203.0.113.7"),
        ("[sip]\nlocal_nets = [\"10.0.0.0/33\"]\n", "2:15", "\"10.0.0.0/33\" is no network", "192.168.0.0/16"),
        ("[sip]\nunlimited_nets = [\"everybody\"]\n", "2:19", "\"everybody\" is no network", "192.168.0.0/16"),
        ("[sip]\nguests = \"all\"\n", "2:10", "guests cannot be \"all\"", "\"none\" or \"loopback\" or \"any\""),
        ("[sip]\nguests = \"loopbak\"\n", "2:10", "guests cannot be", "Did you mean \"loopback\"?"),
        ("[sip]\ndrain_seconds = -1\n", "2:17", "drain_seconds is not a whole number", ""),
        // [media], [http]
        ("[media]\nports = \"100-200\"\n", "2:9", "ports is no range", "16384-32767"),
        ("[media]\ncodecs = [\"opus\"]\n", "2:11", "there is no codec \"opus\" here", "PCMU"),
        ("[media]\ncodecs = [\"PCMU\", \"pcmu\"]\n", "2:19", "pcmu stands there twice", "once"),
        ("[media]\nrecord = \"yes\"\n", "2:10", "record is not true or false", ""),
        ("[media]\nrecording = \"x\"\n", "2:1", "[media] has no key recording", "recordings"),
        ("[http]\nlisten = \"8080\"\n", "2:10", "listen is not an address and port", "127.0.0.1:8080"),
        // [store]
        ("[store]\nurl = \"mysql://a\"\n", "2:7", "url is no database", "sqlite:cordboard.db"),
        ("[store]\nurl = \"sqlite:\"\n", "2:7", "url is no database", "postgres://"),
        ("[store]\nretention_days = 100000\n", "2:18", "retention_days is too much", "at most 18250"),
        ("[store]\nretention_days = -1\n", "2:18", "retention_days is not a whole number", ""),
        // [feature_codes]
        ("[feature_codes]\njoin = \"1\"\n", "2:8", "join is no feature code", "as \"*1\""),
        ("[feature_codes]\nswap = \"*11\"\n", "2:8", "swap cannot be told from the code *1", "no other begins with"),
        // [flows], [prompts]
        ("[flows]\ndirectory = \"x\"\n", "2:1", "[flows] has no key directory", ""),
        // [[agents]]
        ("[[agents]]\npassword = \"x\"\n", "1:1", "[[agents]] has no id", "Add id"),
        ("[[agents]]\nid = \"ann\"\n", "1:1", "[[agents]] has no password", "Add password"),
        ("[[agents]]\nid = \"ann\"\npassword = \"\"\n", "3:12", "password is empty", ""),
        ("[[agents]]\nid = \"a nn\"\npassword = \"x\"\n", "2:6", "\"a nn\" cannot be an agent's id", "user part"),
        (
            "[[agents]]\nid = \"bea\"\npassword = \"x\"\ninitial_status = \"Busy\"\n",
            "4:18",
            "\"Busy\" cannot be a status",
            "\"Available\", \"Offline\" or a name of your own",
        ),
        ("[[agents]]\nid = \"qc-a\"\npassword = \"x\"\n", "2:6", "\"qc-a\" cannot be an agent's id", "quick connects"),
        (
            "[[agents]]\nid = \"ann\"\npassword = \"x\"\nrole = \"boss\"\n",
            "4:8",
            "role cannot be \"boss\"",
            "\"agent\" or \"supervisor\"",
        ),
        (
            "[[agents]]\nid = \"ann\"\npassword = \"x\"\nafter_call_work = \"long\"\n",
            "4:19",
            "after_call_work is no time",
            "manual",
        ),
        (
            "[[agents]]\nid = \"ann\"\npassword = \"x\"\nrouting_profile = \"none\"\n",
            "4:19",
            "there is no routing profile none",
            "[[routing_profiles]]",
        ),
        (
            "[[agents]]\nid = \"ann\"\npassword = \"x\"\n[[agents]]\nid = \"ann\"\npassword = \"y\"\n",
            "5:6",
            "ann is there already",
            "",
        ),
        (
            "[[agents]]\nid = \"ann\"\npassword = \"x\"\nauto_accept = 1\n",
            "4:15",
            "auto_accept is not true or false",
            "",
        ),
        // lab passwords
        (
            "[sip]\nlisten = [\"udp:0.0.0.0:5060\"]\n[[agents]]\nid = \"ann\"\npassword = \"Ann\"\n",
            "5:12",
            "ann has a lab password",
            "--lan",
        ),
        (
            "[http]\nlisten = \"10.0.0.1:80\"\n[[agents]]\nid = \"ann\"\npassword = \"ann\"\n",
            "5:12",
            "ann has a lab password",
            "127.0.0.1",
        ),
        // [[routing_profiles]], [[queues]]
        (
            "[[routing_profiles]]\nid = \"p\"\nqueues = [{ queue = \"Suport\" }]\n",
            "3:21",
            "there is no queue Suport",
            "Did you mean \"Support\"?",
        ),
        (
            "[[routing_profiles]]\nid = \"p\"\nqueues = [{ queue = \"Support\", priority = 0 }]\n",
            "3:43",
            "priority is not between 1 and 255",
            "",
        ),
        (
            "[[routing_profiles]]\nid = \"p\"\nqueues = [{ queue = \"Support\", dealy = 0 }]\n",
            "3:32",
            "queues has no key dealy",
            "Did you mean delay?",
        ),
        (
            "[[queues]]\nid = \"Q\"\nquick_connects = [\"zoe\"]\n",
            "3:19",
            "there is no quick connect zoe",
            "[[quick_connects]]",
        ),
        (
            "[[queues]]\nid = \"Q\"\nflows = { customer_queue = \"Default customer hold\" }\n",
            "3:28",
            "Default customer hold is a CUSTOMER_HOLD flow",
            "Name a CUSTOMER_QUEUE flow",
        ),
        ("[[queues]]\nid = \"Support\"\n", "5:6", "Support is there already", ""),
        ("[[queues]]\nid = \"Q\"\nhours = \"office\"\n", "3:9", "there are no hours office", "Add a [[hours]]"),
        ("[[queues]]\nid = \"Q\"\nenabled = \"no\"\n", "3:11", "enabled is not true or false", ""),
        ("[[queues]]\nid = \"Q\"\nmax_contacts = -1\n", "3:16", "max_contacts is not a whole number", ""),
        // [[hours]]
        ("[[hours]]\nweek = { monday = [] }\n", "1:1", "[[hours]] has no id", "Add id"),
        (
            "[[hours]]\nid = \"h\"\ntime_zone = \"Europe/Atlantis\"\n",
            "3:13",
            "there is no time zone Europe/Atlantis",
            "Europe/Berlin",
        ),
        ("[[hours]]\nid = \"h\"\nweek = { monday = [\"9-17\"] }\n", "3:20", "\"9-17\" are no hours", "09:00-17:30"),
        ("[[hours]]\nid = \"h\"\nweek = { mondy = [] }\n", "3:10", "week has no key mondy", "Did you mean monday?"),
        ("[[hours]]\nid = \"h\"\n[[hours]]\nid = \"h\"\n", "4:6", "h is there already", ""),
        // [[quick_connects]]
        (
            "[[quick_connects]]\nid = \"q\"\nagent = \"ann\"\n",
            "1:1",
            "[[quick_connects]] has no type",
            "type = \"agent\", type = \"queue\" or type = \"external\"",
        ),
        (
            "[[quick_connects]]\nid = \"q\"\ntype = \"queu\"\nagent = \"ann\"\n",
            "3:8",
            "type cannot be \"queu\"",
            "Did you mean \"queue\"?",
        ),
        (
            "[[quick_connects]]\nid = \"q\"\ntype = \"queue\"\nqueue = \"Sales\"\n",
            "4:9",
            "there is no queue Sales",
            "[[queues]]",
        ),
        (
            "[[quick_connects]]\nid = \"q\"\ntype = \"queue\"\nqueue = \"Support\"\nflow = \"Agent transfer\"\n",
            "5:8",
            "Agent transfer is a AGENT_TRANSFER flow",
            "QUEUE_TRANSFER",
        ),
        (
            "[[quick_connects]]\nid = \"q\"\ntype = \"external\"\n",
            "1:1",
            "[[quick_connects]] has no destination",
            "Add destination",
        ),
        (
            "[[quick_connects]]\nid = \"q\"\ntype = \"external\"\ndestination = \"+15550199\"\n",
            "4:15",
            "no trunk leads to +15550199",
            "prefixes",
        ),
        (
            "[[quick_connects]]\nid = \"q\"\ntype = \"external\"\ndestination = \"sip:a@example.com\"\n",
            "4:15",
            "\"sip:a@example.com\" cannot be called",
            "+15550199",
        ),
        (
            "[[quick_connects]]\nid = \"q\"\ntype = \"external\"\ndestination = \"sip:a@192.0.2.9\"\ncaller_id = \"me\"\n",
            "5:13",
            "caller_id is nobody's: \"me\"",
            "\"customer\"",
        ),
        (
            "[[quick_connects]]\nid = \"q\"\ntype = \"external\"\ndestination = \"sip:a@192.0.2.9\"\ncaller_id = { name = \"x\" }\n",
            "5:13",
            "caller_id has no number",
            "",
        ),
        (
            "[[quick_connects]]\nid = \"q\"\ntype = \"external\"\ndestination = \"sip:a@192.0.2.9\"\ncaller_id = { number = \"1-2\" }\n",
            "5:24",
            "\"1-2\" is no number to call with",
            "+15550100",
        ),
        (
            "[[quick_connects]]\nid = \"q\"\ntype = \"external\"\ndestination = \"sip:a@192.0.2.9\"\nflow = \"Agent transfer\"\n",
            "5:1",
            "has no key flow",
            "destination",
        ),
        (
            "[[queues]]\nid = \"Q\"\noutbound_caller_id = \"+15550100\"\n",
            "3:1",
            "outbound_caller_id is not a table",
            "",
        ),
        (
            "[[queues]]\nid = \"Q\"\nflows = { outbound_whisper = \"Default customer hold\" }\n",
            "3:30",
            "Default customer hold is a CUSTOMER_HOLD flow",
            "OUTBOUND_WHISPER",
        ),
        (
            "[[quick_connects]]\nid = \"q\"\ntype = \"agent\"\nagent = \"zoe\"\n",
            "4:9",
            "there is no agent zoe",
            "[[agents]]",
        ),
        (
            "[[quick_connects]]\nid = \"q\"\ntype = \"agent\"\nagent = \"ann\"\nflow = \"Agent transfr\"\n",
            "5:8",
            "there is no flow Agent transfr",
            "Did you mean \"Agent transfer\"?",
        ),
        (
            "[[quick_connects]]\nid = \"q\"\ntype = \"agent\"\nagent = \"ann\"\ncode = \"1*\"\n",
            "5:8",
            "code is not made of digits",
            "",
        ),
        // [[numbers]]
        ("[[numbers]]\nnumber = \"1\"\n", "2:10", "this number leads nowhere", "exactly one"),
        (
            "[[numbers]]\nnumber = \"1\"\necho = true\nroom = true\n",
            "2:10",
            "this number leads to several places",
            "exactly one",
        ),
        ("[[numbers]]\nnumber = \"1\"\nroom = false\n", "3:8", "room is false", "Take room out"),
        ("[[numbers]]\nnumber = \"1\"\necho = true\nloop = true\n", "4:8", "loop without play", "Add play"),
        (
            "[[numbers]]\nnumber = \"1\"\nplay = \"Customerhold.wav\"\n",
            "3:8",
            "there is no prompt Customerhold.wav",
            "Did you mean \"CustomerHold.wav\"?",
        ),
        (
            "[[numbers]]\nnumber = \"1\"\nflow = \"Default customer hold\"\n",
            "3:8",
            "Default customer hold is a CUSTOMER_HOLD flow",
            "CONTACT_FLOW",
        ),
        (
            "[[numbers]]\nnumber = \"1\"\ndial = \"sip:a@example.com\"\n",
            "3:8",
            "\"sip:a@example.com\" cannot be called",
            "sip:uas@127.0.0.1:5070",
        ),
        ("[[numbers]]\nnumber = \"qc-1\"\necho = true\n", "2:10", "\"qc-1\" cannot be dialled", "quick connects"),
        ("[[numbers]]\nnumber = \"qc-*\"\necho = true\n", "2:10", "\"qc-*\" cannot be dialled", "quick connects"),
        ("[[numbers]]\nnumber = \"a*b\"\necho = true\n", "2:10", "\"a*b\" cannot be dialled", "conf*"),
        (
            "[[numbers]]\nnumber = \"1\"\necho = true\n[[numbers]]\nnumber = \"1\"\nroom = true\n",
            "5:10",
            "1 is there already",
            "",
        ),
    ] {
        let needed = if fragment.contains("agent = \"ann\"") { format!("{agent}{NEEDED}") } else { NEEDED.to_owned() };
        let list = small.faults(&format!("{fragment}{needed}"));
        let right = list.len() == 1
            && list[0]
                .split_once(" | ")
                .is_some_and(|(said, way)| said.starts_with(place) && said.contains(problem) && way.contains(cure));
        if !right {
            wrong.push(format!("{fragment}  wanted {place} {problem} | {cure}\n  got {list:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn all_faults_are_told_at_once() {
    let list = Small::new("all")
        .faults("[sip]\nguests = \"x\"\nzzz = 1\n[[numbers]]\nnumber = \"1\"\n[[agents]]\nid = \"ann\"\n");
    let places: Vec<_> = list.iter().map(|fault| fault.split(' ').next().unwrap_or_default()).collect();
    // The last two are the queues that the built-in flows name.
    assert_eq!(places, ["2:10", "3:1", "5:10", "6:1", "46:0", "174:0"], "{list:#?}");
}

#[test]
fn what_is_not_said_has_its_default() {
    let text = format!("[[agents]]\nid = \"ann\"\npassword = \"x\"\nafter_call_work = 30\n{NEEDED}");
    let site = Small::new("defaults").load(&text).unwrap();
    assert_eq!(site.sip.listen.len(), 2);
    assert!(site.sip.listen.iter().all(|(_, address)| address.to_string() == "127.0.0.1:5060"));
    assert_eq!(site.sip.domain, "cordboard.lab");
    assert_eq!(site.media.rtp_timeout, Some(Duration::from_secs(60)));
    assert_eq!(site.catalog.feature_codes.0[0], ("*1".to_owned(), FeatureCode::Join));
    let ann = &site.routing.agents[&AgentId::from("ann")];
    assert_eq!(ann.after_call_work, AfterCallWork::For(Duration::from_secs(30)));
    assert_eq!(site.agents["ann"].name, "ann");
}

/// Port 0 is another one each time.
#[test]
fn several_free_ports_of_one_address_are_no_fault() {
    let listen = "[sip]\nlisten = [\"udp:127.0.0.1:0\", \"udp:127.0.0.1:0\", \"tcp:127.0.0.1:0\", \"udp:[::1]:0\"]\n";
    let site = Small::new("free-ports").load(&format!("{listen}{NEEDED}")).unwrap();
    assert_eq!(site.sip.listen.len(), 4);
}

#[test]
fn queues_have_hours_limits_and_can_be_switched_off() {
    let text = format!(
        "[[queues]]\nid = \"Q\"\nhours = \"h\"\nmax_contacts = 7\nenabled = false\n[[queues]]\nid = \"R\"\n\
         [[hours]]\nid = \"h\"\ntime_zone = \"Asia/Kolkata\"\nweek = {{ sunday = [\"21:30-21:31\"] }}\n\
         [[hours]]\nid = \"always\"\n\
         [[quick_connects]]\nid = \"q\"\ntype = \"queue\"\nqueue = \"Q\"\n{NEEDED}"
    );
    let site = Small::new("queues").load(&text).unwrap();
    let queue = |id: &str| site.routing.queues[id];
    assert_eq!(queue("Q"), crate::routing::QueueSetup { max_contacts: 7, disabled: true });
    assert_eq!(queue("R"), crate::routing::QueueSetup::default());
    assert_eq!(site.catalog.queues["Q"].hours, Some("h".into()));
    let sunday = crate::time::Time::from_micros(1_795_363_200_000_000);
    assert!(site.catalog.hours["h"].is_open(sunday) && site.catalog.hours["always"].is_open(sunday));
    assert!(!site.catalog.hours["h"].is_open(sunday + Duration::from_secs(60)));
    let to = QuickConnectTo::Queue { queue: "Q".into(), flow: "Default queue transfer".into() };
    assert_eq!(site.catalog.quick_connects["q"].to, to);
}

/// A folder of its own under the build's, filled with these files.
fn folder(name: &str, files: &[(&str, &[u8])]) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("cordboard-{}-{name}", std::process::id()));
    for (file, bytes) in files {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

#[test]
fn broken_flows_and_prompts_are_faults_of_their_files() {
    let config = b"[flows]\ndir = \"flows\"\n[prompts]\ndir = \"sounds\"\n";
    let flow = br#"{"Version": "2019-10-30", "StartAction": "a",
        "Metadata": {"name": "Default customer hold", "type": "customerHold"},
        "Actions": [
          {"Identifier": "a", "Type": "MessageParticipantIteratively", "Parameters": {"Messages": [{"PromptId": "None.wav"}, {"Text": "Unheard of"}]}, "Transitions": {}}]}"#;
    let folder = folder(
        "broken",
        &[
            ("lab.toml", config),
            ("flows/hold.json", flow),
            ("flows/bad.json", b"{\n  nonsense"),
            ("sounds/bad.wav", b"not a sound"),
            ("sounds/index.toml", b"\"Hello\" = \"hello.wav\"\n"),
        ],
    );
    let list = load(&Source::File(folder.join("lab.toml"))).unwrap_err();
    let told: Vec<String> = list.iter().map(ToString::to_string).collect();
    fs::remove_dir_all(&folder).unwrap();
    for (file, words) in [
        ("flows/bad.json:2:3", "no JSON"),
        ("flows/hold.json:4", "there is no prompt None.wav"),
        ("flows/hold.json:4", "no recording speaks \"Unheard of\""),
        ("sounds/bad.wav", "not a WAV file"),
        ("sounds/index.toml:1:11", "there is no prompt hello.wav"),
    ] {
        assert!(told.iter().any(|line| line.contains(file) && line.contains(words)), "{file} {words}: {told:#?}");
    }
    assert_eq!(told.len(), 5, "{told:#?}");
}

/// A configuration without records, with days to keep them, and with nothing said.
#[test]
fn records_are_kept_where_the_configuration_says() {
    for (name, text, kept) in [
        ("nothing", "", Some(("sqlite:cordboard.db", "cordboard.journal", None))),
        ("none", "[store]\nurl = \"none\"\n", None),
        (
            "all",
            "[store]\nurl = \"postgres://a@b/c\"\njournal = \"/var/j\"\nretention_days = 2\n",
            Some(("postgres://a@b/c", "/var/j", Some(172_800))),
        ),
    ] {
        let site = Small::new(&format!("store-{name}")).load(&format!("{text}{NEEDED}")).unwrap();
        let store = site.store.map(|s| (s.url, s.journal.display().to_string(), s.retention.map(|r| r.as_secs())));
        assert_eq!(store, kept.map(|(url, journal, kept)| (url.to_owned(), journal.to_owned(), kept)), "{name}");
    }
}

#[test]
fn folders_that_are_not_there() {
    let folder = folder("missing", &[("lab.toml", b"[flows]\ndir = \"nowhere\"\n[prompts]\ndir = \"nothing\"\n")]);
    let list = load(&Source::File(folder.join("lab.toml"))).unwrap_err();
    fs::remove_dir_all(&folder).unwrap();
    let places: Vec<_> = list.iter().map(|fault| (fault.line, fault.column)).collect();
    assert_eq!(places, [(Some(2), Some(7)), (Some(4), Some(7))], "{list:#?}");
    assert!(load(&Source::File("no/such.toml".into())).unwrap_err()[0].problem.contains("cannot be read"));
}

#[test]
fn check_says_so_when_all_is_well_and_when_not() {
    let report = check(&Source::Lab, &[]);
    assert!(report.ok && report.text.contains("4 agents, 2 queues, 5 quick connects, 5 numbers"), "{}", report.text);
    let good = in_repository("sip-configs/flows/agent-transfer.json");
    let report = check(&Source::Lab, std::slice::from_ref(&good));
    assert!(report.ok && report.text.contains("Agent transfer (AGENT_TRANSFER): no faults"), "{}", report.text);
    let report = check(&Source::Lab, &[good, "no/such.json".into()]);
    assert!(!report.ok && report.text.ends_with("1 fault\n"), "{}", report.text);
    assert!(!check(&Source::File("no/such.toml".into()), &[]).ok);
}
