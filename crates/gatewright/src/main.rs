//! Gatewright: one binary that runs everything and administers it.
mod config;
mod demo;

fn main() {}
