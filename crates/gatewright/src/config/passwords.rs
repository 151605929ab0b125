//! Passwords with codes of authenticator apps: whether people have them, and what is asked of them.

use std::path::{Path, PathBuf};

use gw_identity::{HashCost, PasswordOptions};

use super::{reader::Section, value::Size};

/// Whether people have passwords, and what is asked of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PasswordsConfig {
    /// Whether anybody may sign in with one.
    pub(crate) enabled: bool,
    /// What is asked of them.
    pub(crate) options: PasswordOptions,
}

pub(super) fn passwords(section: &mut Section<'_>, folder: &Path) -> PasswordsConfig {
    let enabled = section.or("enabled", false);
    let length_min = section.or("length_min", 12);
    let breached = section.optional::<PathBuf>("breached");
    let Size(memory) = section.or("memory", Size(19 << 20));
    let passes = section.or("passes", 2);
    let lanes = section.or("lanes", 1);
    if !(8..=64).contains(&length_min) {
        section.fault(
            "length_min",
            format!("is {length_min}, expected 8 to 64: a password of fewer characters is guessed, and one of 64 is taken by whoever wants it"),
        );
    }
    if !(8 << 20..=1 << 30).contains(&memory) {
        section.fault("memory", "must be from 8MiB to 1GiB");
    }
    if !(1..=20).contains(&passes) {
        section.fault("passes", format!("is {passes}, expected 1 to 20"));
    }
    if !(1..=8).contains(&lanes) {
        section.fault("lanes", format!("is {lanes}, expected 1 to 8"));
    }
    PasswordsConfig {
        enabled,
        options: PasswordOptions {
            length_min,
            breached: breached.map(|file| folder.join(file)),
            cost: HashCost {
                memory_kib: u32::try_from(memory >> 10).unwrap_or(u32::MAX),
                passes,
                lanes,
            },
        },
    }
}
