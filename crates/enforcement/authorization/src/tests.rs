//! The server as clients and browsers meet it, over a real store, engine and ledger.

mod attacks;
mod certificates;
mod codes;
mod cross_origin;
mod devices;
mod endings;
mod harness;
mod issuing;
mod machines;
mod pages;
mod pairwise;
mod plans;
mod refreshing;
mod registrations;
mod saml;
mod workloads;
