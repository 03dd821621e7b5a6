//! A binding as it is written down, to be there again when the switch is.

use super::binding::{Binding, Flow};
use crate::sip::{Link, NameAddr, Transport, Uri};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    uri: String,
    q: u16,
    /// In microseconds since 1970.
    expires: u64,
    source: Option<Source>,
    path: Vec<String>,
    flow: Option<(String, u32)>,
    call_id: String,
    cseq: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Source {
    transport: String,
    local: SocketAddr,
    remote: SocketAddr,
}

impl From<&Binding> for Kept {
    fn from(binding: &Binding) -> Self {
        let source = |link: Link| Source {
            transport: link.transport.param().to_owned(),
            local: link.local,
            remote: link.remote,
        };
        Kept {
            uri: binding.uri.to_string(),
            q: binding.q,
            expires: binding.expires.micros(),
            source: binding.source.map(source),
            path: binding.path.iter().map(ToString::to_string).collect(),
            flow: binding.flow.as_ref().map(|flow| (flow.instance.clone(), flow.reg_id)),
            call_id: binding.call_id.clone(),
            cseq: binding.cseq,
        }
    }
}

impl Kept {
    /// Where the phone is, whenever it registered last.
    #[must_use]
    pub fn place(&self) -> (&str, Option<SocketAddr>) {
        (&self.uri, self.source.as_ref().map(|source| source.remote))
    }

    /// As it was; nothing, when it was written by a switch that knew more.
    #[must_use]
    pub fn binding(&self) -> Option<Binding> {
        let source = match &self.source {
            None => None,
            Some(source) => {
                let transport =
                    [Transport::Udp, Transport::Tcp].into_iter().find(|known| known.param() == source.transport)?;
                Some(Link { transport, local: source.local, remote: source.remote })
            }
        };
        Some(Binding {
            uri: Uri::parse(&self.uri).ok()?,
            q: self.q,
            expires: Time::from_micros(self.expires),
            source,
            path: self.path.iter().map(|hop| NameAddr::parse(hop)).collect::<Result<_, _>>().ok()?,
            flow: self.flow.clone().map(|(instance, reg_id)| Flow { instance, reg_id }),
            call_id: self.call_id.clone(),
            cseq: self.cseq,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_comes_back_as_it_was() {
        for (transport, path, flow) in [
            (Transport::Udp, vec![], None),
            (Transport::Tcp, vec!["<sip:edge.example;lr>"], Some(Flow { instance: "<urn:uuid:1>".into(), reg_id: 2 })),
        ] {
            let source = Link {
                transport,
                local: "127.0.0.1:5060".parse().unwrap(),
                remote: "[2001:db8::1]:5070".parse().unwrap(),
            };
            let binding = Binding {
                uri: Uri::parse("sip:john@192.0.2.7:5070;ob").unwrap(),
                q: 700,
                expires: Time::from_micros(42),
                source: Some(source),
                path: path.into_iter().map(|hop| NameAddr::parse(hop).unwrap()).collect(),
                flow,
                call_id: "a@b".into(),
                cseq: 7,
            };
            let text = serde_json::to_string(&Kept::from(&binding)).unwrap();
            assert_eq!(serde_json::from_str::<Kept>(&text).unwrap().binding(), Some(binding), "{text}");
        }
    }
}
