//! Sign-in as browsers meet it, over a real store, engine and ledger.

mod authenticator;
mod break_glass;
mod browser;
mod codes;
mod hand_over;
mod links;
mod news;
mod pages;
mod passkeys;
mod passwords;
mod saml;
mod sessions;
