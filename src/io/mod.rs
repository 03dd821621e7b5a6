//! Sockets, threads and the clock: the only room with any of them.
