//! The ledger's shell on real files.

mod append;
mod erase;
mod full;
mod kill;
mod read;
mod recover;
mod strangers;
mod support;
