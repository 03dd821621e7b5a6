//! The engine thread's end of a media thread.

use crate::audio::Library;
use crate::media::MediaCommand;
use mio::Waker;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};

/// What a media thread is told.
pub(in crate::io) enum Order {
    Command(MediaCommand),
    Library(Arc<Library>),
    Stop,
}

/// The engine thread's end of a media thread. It never waits, and nothing it is given is lost.
pub(in crate::io) struct Shard {
    orders: SyncSender<Order>,
    waker: Arc<Waker>,
    held: VecDeque<Order>,
    sent: bool,
}

impl Shard {
    pub(super) fn new(orders: SyncSender<Order>, waker: Arc<Waker>) -> Shard {
        Shard { orders, waker, held: VecDeque::new(), sent: false }
    }

    pub fn order(&mut self, order: Order) {
        if !self.held.is_empty() {
            return self.hold(order);
        }
        self.sent = true;
        match self.orders.try_send(order) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(order)) => self.hold(order),
        }
    }

    /// Only the latest wish for a port counts.
    fn hold(&mut self, order: Order) {
        if let Order::Command(MediaCommand::Set { port: wanted, spec: new }) = &order {
            let earlier = self.held.iter_mut().find_map(|held| match held {
                Order::Command(MediaCommand::Set { port, spec }) if port == wanted => Some(spec),
                _ => None,
            });
            if let Some(spec) = earlier {
                spec.clone_from(new);
                return;
            }
        }
        self.held.push_back(order);
    }

    /// After a batch: what was held back goes first, then the thread is woken. True when something is still held.
    pub fn flush(&mut self) -> bool {
        while let Some(order) = self.held.pop_front() {
            match self.orders.try_send(order) {
                Ok(()) => self.sent = true,
                Err(TrySendError::Disconnected(_)) => {}
                Err(TrySendError::Full(order)) => {
                    self.held.push_front(order);
                    break;
                }
            }
        }
        if std::mem::take(&mut self.sent)
            && let Err(fault) = self.waker.wake()
        {
            tracing::error!(%fault, "media thread cannot be woken");
        }
        !self.held.is_empty()
    }
}
