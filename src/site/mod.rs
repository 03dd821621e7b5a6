//! The checked picture of the installation: agents, queues, quick connects, numbers, flows, prompts.
//!
//! `config` reads and checks; what stands here is right. One struct per table of the configuration.

use crate::audio::Library;
use crate::contact::Catalog;
use crate::ids::{AgentId, FlowId, PromptId};
use crate::media::{self, Codec};
use crate::routing;
use crate::sip::{OfferBy, Text, Transport};
use crate::time::Duration;
use crate::trunk::TrunkSetup;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub struct Site {
    pub sip: Sip,
    pub media: Media,
    pub http: Http,
    /// Where contact records go; nowhere in a switch that is for show.
    pub store: Option<Store>,
    pub agents: BTreeMap<AgentId, Agent>,
    pub numbers: Vec<Number>,
    /// In the order of the configuration.
    pub trunks: Vec<TrunkSetup>,
    /// What routing knows: agents, profiles, queues.
    pub routing: routing::Setup,
    /// What calls know: flows, queues, quick connects, feature codes.
    pub catalog: Arc<Catalog>,
    pub library: Arc<Library>,
}

#[derive(Clone, Debug)]
pub struct Sip {
    pub domain: String,
    pub listen: Vec<(Transport, SocketAddr)>,
    /// The address in Via, Contact and SDP behind NAT, except towards `local_nets`.
    pub advertise: Option<IpAddr>,
    pub local_nets: Vec<Net>,
    /// Who may send as much as he likes: generators of load, other switches.
    pub unlimited_nets: Vec<Net>,
    pub guests: Guests,
    pub drain: Duration,
}

/// A network in CIDR notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net {
    pub address: IpAddr,
    pub prefix: u8,
}

/// Who may call a number without an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Guests {
    None,
    #[default]
    Loopback,
    Any,
}

impl Guests {
    /// As the configuration has it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Guests::None => "none",
            Guests::Loopback => "loopback",
            Guests::Any => "any",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Media {
    pub listen: IpAddr,
    pub ports: RangeInclusive<u16>,
    /// Without RTP and RTCP for so long, once there was some, a leg ends. `None`: never.
    pub rtp_timeout: Option<Duration>,
    pub codecs: Vec<Codec>,
    /// The folder of the recordings.
    pub recordings: PathBuf,
}

#[derive(Clone, Debug)]
pub struct Http {
    pub listen: SocketAddr,
    pub admin_token_file: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// `sqlite:` and a file, or `postgres://`.
    pub url: String,
    /// Written before the database is.
    pub journal: PathBuf,
    /// `None`: for ever.
    pub retention: Option<Duration>,
}

#[derive(Clone, Debug)]
pub struct Agent {
    pub name: String,
    pub password: String,
    pub role: Role,
    /// How his phone is told that it is held; `None`: not at all, the hold is on our side only.
    pub hold_signalling: Option<OfferBy>,
    /// His phone is told to answer offered contacts by itself.
    pub auto_accept: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    #[default]
    Agent,
    Supervisor,
}

/// What can be dialled: exactly this, or everything that begins so.
#[derive(Clone, Debug)]
pub struct Number {
    pub dialled: String,
    pub prefix: bool,
    pub to: NumberTo,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NumberTo {
    Flow(FlowId),
    Dial(String),
    Play { prompt: PromptId, repeat: bool },
    Room,
    Echo,
}

impl Site {
    /// What a dialled number leads to: the exact one before the longest prefix.
    #[must_use]
    pub fn number(&self, dialled: &str) -> Option<&Number> {
        self.numbers.iter().find(|n| !n.prefix && n.dialled == dialled).or_else(|| {
            self.numbers.iter().filter(|n| n.prefix && dialled.starts_with(&n.dialled)).max_by_key(|n| n.dialled.len())
        })
    }

    /// What a media thread must know of the installation.
    #[must_use]
    pub fn plane_settings(&self) -> media::Settings {
        let rtp_timeout = self.media.rtp_timeout.unwrap_or_default();
        media::Settings { rtp_timeout, cname: format!("switch@{}", self.sip.domain) }
    }
}

impl Sip {
    /// What a peer at `remote` is told instead of our address `local`.
    #[must_use]
    pub fn shown_ip(&self, local: IpAddr, remote: IpAddr) -> IpAddr {
        match self.advertise {
            Some(ip) if !self.local_nets.iter().any(|net| net.contains(remote)) => ip,
            _ => local,
        }
    }

    /// What Via names where an address is advertised. Peers answer to where a request came from (RFC 3581), so this
    /// holds towards everybody.
    #[must_use]
    pub fn local_names(&self, locals: &[(Transport, SocketAddr)]) -> BTreeMap<SocketAddr, Text> {
        let Some(ip) = self.advertise else { return BTreeMap::new() };
        locals
            .iter()
            .filter(|(_, local)| !local.ip().is_loopback())
            .map(|(_, local)| (*local, Text::from(SocketAddr::new(ip, local.port()).to_string())))
            .collect()
    }
}

impl Net {
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        fn same(a: u128, b: u128, bits: u32, prefix: u8) -> bool {
            let shift = bits.saturating_sub(u32::from(prefix));
            a.checked_shr(shift).unwrap_or(0) == b.checked_shr(shift).unwrap_or(0)
        }
        match (self.address, ip) {
            (IpAddr::V4(a), IpAddr::V4(b)) => same(u32::from(a).into(), u32::from(b).into(), 32, self.prefix),
            (IpAddr::V6(a), IpAddr::V6(b)) => same(a.into(), b.into(), 128, self.prefix),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_contain_what_their_prefix_says() {
        for (address, prefix, ip, inside) in [
            ("127.0.0.0", 8, "127.255.0.1", true),
            ("127.0.0.0", 8, "128.0.0.1", false),
            ("192.168.1.0", 24, "192.168.2.1", false),
            ("0.0.0.0", 0, "8.8.8.8", true),
            ("10.1.2.3", 32, "10.1.2.3", true),
            ("10.1.2.3", 32, "10.1.2.4", false),
            ("fd00::", 8, "fd12::1", true),
            ("fd00::", 8, "fe80::1", false),
            ("fd00::", 8, "10.0.0.1", false),
        ] {
            let net = Net { address: address.parse().unwrap(), prefix };
            assert_eq!(net.contains(ip.parse().unwrap()), inside, "{address}/{prefix} {ip}");
        }
    }
}
