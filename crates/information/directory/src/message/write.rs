//! What is asked, as bytes.

use super::{Control, Request, Scope, Search};
use crate::ber::{BOOLEAN, ENUMERATED, INTEGER, OCTETS, SEQUENCE, Writer};

/// The operation that begins TLS (RFC 4511, 4.14).
const START_TLS: &str = "1.3.6.1.4.1.1466.20037";

/// The mechanism by which what lies below says who it is (RFC 4422, appendix A).
const EXTERNAL: &str = "EXTERNAL";

const BIND: u8 = 0x60;
const UNBIND: u8 = 0x42;
const SEARCH: u8 = 0x63;
const EXTENDED: u8 = 0x77;
const SIMPLE: u8 = 0x80;
const SASL: u8 = 0xa3;
const EXTENDED_NAME: u8 = 0x80;
const CONTROLS: u8 = 0xa0;
const VERSION: i64 = 3;

/// A request with its number (RFC 4511, 4.1.1).
pub(crate) fn encode(number: i32, request: &Request<'_>, controls: &[Control]) -> Vec<u8> {
    message(number, controls, |writer| match request {
        Request::Bind { dn, secret } => {
            writer.nested(BIND, |bind| {
                bind.integer(INTEGER, VERSION)
                    .text(OCTETS, dn)
                    .text(SIMPLE, secret.reveal());
            });
        }
        // Whoever that is, and nobody else: the name that one would act as is empty.
        Request::BindByCertificate => {
            writer.nested(BIND, |bind| {
                bind.integer(INTEGER, VERSION).text(OCTETS, "");
                bind.nested(SASL, |sasl| {
                    sasl.text(OCTETS, EXTERNAL).element(OCTETS, &[]);
                });
            });
        }
        Request::Search(search) => {
            writer.nested(SEARCH, |inner| write_search(search, inner));
        }
        Request::StartTls => {
            writer.nested(EXTENDED, |inner| {
                inner.text(EXTENDED_NAME, START_TLS);
            });
        }
    })
}

/// Good-bye (RFC 4511, 4.3).
pub(crate) fn unbind(number: i32) -> Vec<u8> {
    message(number, &[], |writer| {
        writer.element(UNBIND, &[]);
    })
}

fn message(number: i32, controls: &[Control], write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.nested(SEQUENCE, |message| {
        message.integer(INTEGER, i64::from(number));
        write(message);
        if !controls.is_empty() {
            message.nested(CONTROLS, |all| {
                controls.iter().for_each(|one| one.write(all))
            });
        }
    });
    writer.into_bytes()
}

fn write_search(search: &Search, writer: &mut Writer) {
    let scope = match search.scope {
        Scope::Base => 0,
        Scope::OneLevel => 1,
        Scope::Subtree => 2,
    };
    // Aliases are followed nowhere, and the server's own limit of time holds.
    writer
        .text(OCTETS, &search.base)
        .integer(ENUMERATED, scope)
        .integer(ENUMERATED, 0)
        .integer(INTEGER, i64::from(search.size_limit))
        .integer(INTEGER, 0)
        .boolean(BOOLEAN, false);
    search.filter.write(writer);
    writer.nested(SEQUENCE, |names| {
        for name in &search.attributes {
            names.text(OCTETS, name);
        }
    });
}
