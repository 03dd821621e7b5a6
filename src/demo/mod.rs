//! The stories played by built-in phones over real sockets against a running switch.
