//! Who gets the next contact: queues, agents, routing profiles, offers.
