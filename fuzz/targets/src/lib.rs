//! Every parser of outside bytes, each as one plain function of bytes.
//!
//! A target holds more than "it does not panic": what it read once it reads again, what it
//! wrote it reads back, two readers of the same bytes agree, what is refused is refused by a
//! typed fault. It says by panicking what does not hold. Plain `cargo test` replays the
//! corpus and every past finding through them (`tests/replay.rs`); `fuzz/libfuzzer` runs the
//! same functions on inputs that grow with what they reach.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a property that does not hold is told by panicking"
)]

mod acme;
mod administration;
mod assertion;
mod backups;
mod canonical;
mod client_address;
mod configuration;
mod cookies;
mod directory;
mod facts;
mod fetch_site;
mod form;
mod framing;
mod header_blocks;
mod headers;
mod input;
mod ledger;
mod names;
mod oauth;
mod passkeys;
mod policies;
mod providers;
mod saml;
mod scim;
mod seals;
mod signed;
mod tokens;
mod websocket;

/// A parser of outside bytes, with what must be true of it.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, and that of its folder in `fuzz/corpus` and `fuzz/findings`.
    pub name: &'static str,
    /// Panics where something does not hold.
    pub run: fn(&[u8]),
}

/// Calls a macro with the name and function of every target.
#[macro_export]
macro_rules! for_each_target {
    ($each:ident) => {
        $each! {
            canonical_path => canonical::path,
            canonical_request => canonical::request,
            framing => framing::framing,
            header_blocks => header_blocks::header_blocks,
            cookies => cookies::request,
            set_cookie => cookies::answer,
            request_headers => headers::request,
            answer_headers => headers::answer,
            fetch_site => fetch_site::fetch_site,
            client_address => client_address::client_address,
            proxy_protocol => client_address::proxy_protocol,
            websocket_handshake => websocket::handshake,
            extended_connect => websocket::extended,
            websocket_frames => websocket::frames,
            attempt_cookie => seals::attempt,
            sealed_secret => seals::secret,
            form => form::form,
            scim_filter => scim::filter,
            scim_patch => scim::operations,
            scim_body => scim::body,
            credentials => form::credentials,
            passkey_sign_in => passkeys::sign_in,
            passkey_enrolment => passkeys::enrolment,
            assertion => assertion::assertion,
            access_token => tokens::access_token,
            access_token_claims => tokens::claims,
            signed_tokens => signed::tokens,
            signed_claims => signed::claims,
            key_set => signed::key_set,
            authorization_request => oauth::authorization,
            token_request => oauth::token,
            client_registration => oauth::registration,
            claims_request => oauth::claims_request,
            client_credentials => oauth::client_credentials,
            client_logout => oauth::logout,
            provider_answers => providers::answers,
            breached_list => providers::breached_list,
            saml_document => saml::document,
            saml_response => saml::response,
            saml_request => saml::request,
            saml_metadata => saml::metadata,
            directory_message => directory::message,
            directory_names => directory::names,
            names => names::names,
            ledger_frames => ledger::frames::frames,
            ledger_records => ledger::records::records,
            ledger_personal => ledger::personal::personal,
            ledger_heads => ledger::heads::heads,
            ledger_log => ledger::log::log,
            ledger_reader => ledger::reader::reader,
            shown_text => ledger::text::shown,
            policy_files => policies::files,
            policy_cases => policies::cases,
            configuration => configuration::file,
            configuration_values => configuration::values,
            command_line => configuration::command_line,
            country_database => configuration::country_database,
            administration => administration::request,
            acme_answers => acme::answers,
            backup_archive => backups::archive,
            stored_facts => facts::rows,
            stored_changes => facts::changes,
        }
    };
}

macro_rules! listed {
    ($($name:ident => $($path:ident)::+),* $(,)?) => {
        /// All of them.
        pub const TARGETS: &[Target] = &[$(Target {
            name: stringify!($name),
            run: $($path)::+,
        }),*];
    };
}

for_each_target!(listed);

/// The target of a name.
pub fn named(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
