//! Gatewright: one binary that runs everything and administers it.
mod config;

fn main() {}
