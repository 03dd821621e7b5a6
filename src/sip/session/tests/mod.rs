//! What sessions promise: single calls by the rule, and storms of calls over a bad link.

mod calls;
mod login;
mod offers;
mod reliable;
mod requests;
mod storm;
mod strangers;
mod timer;
mod tricks;
mod world;
