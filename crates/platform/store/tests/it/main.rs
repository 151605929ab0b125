//! The store from outside: what every implementation promises, and what the embedded one does
//! when it is killed, copied, altered or newer than the program.

mod conformance;
mod crash;
mod reload;
mod sqlite;
mod support;
