//! The checked picture of the installation: agents, queues, quick connects, numbers, flows, prompts.
