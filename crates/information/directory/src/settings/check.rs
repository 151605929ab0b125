//! What is wrong between settings.

use std::collections::BTreeSet;

use super::{GroupMatch, MAPPED_MAX, NESTING_MAX, Provision, Security, Server, Settings};
use crate::dn::is_attribute;

/// Settings that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsFault {
    /// Nobody to ask.
    #[error("no server is named")]
    NoServer,
    /// Without a secret, servers take everybody for anybody (RFC 4513, 5.1.2).
    #[error("`{0}` has no secret: servers would let it in as nobody, and say that all is well")]
    NoSecret(String),
    /// A secret of nobody.
    #[error("there is a secret, but nobody whose it is")]
    NobodysSecret,
    /// No attribute's name.
    #[error("`{0}` is no attribute's name")]
    Attribute(String),
    /// One page holds nothing, or more than any server gives.
    #[error("a page of {0} entries: use 1 to 10000")]
    PageSize(u32),
    /// More than everybody.
    #[error("a loss of {0} per cent: use 0 to 100")]
    Percent(u8),
    /// Too many groups are mapped.
    #[error("{0} groups are mapped: the most are {MAPPED_MAX}")]
    Mapped(usize),
    /// Too deep.
    #[error("{0} levels of groups are followed: the most are {NESTING_MAX}")]
    Nesting(usize),
    /// Nobody could come.
    #[error("who is in a mapped group becomes a person here, but no group is mapped")]
    NobodyComes,
    /// Memberships cannot be known.
    #[error("groups are mapped, but no attribute says who is in them")]
    NoMembers,
    /// The same mapping twice.
    #[error("`{0}` is mapped to the same group twice")]
    Twice(String),
    /// Time that never passes or is none.
    #[error("`{0}` is no time at all")]
    NoTime(&'static str),
    /// Who reads would be said twice, and proven once.
    #[error(
        "`{0}` has no secret: give it one, or leave it out, so that servers know by the certificate alone who reads"
    )]
    NoSecretBesideCertificate(String),
    /// A certificate that is shown to nobody, and that would prove nothing.
    #[error("`{0}` is spoken to without TLS, where no certificate can be shown")]
    CertificateInTheOpen(String),
}

impl Settings {
    /// Everything that is wrong; nothing where they can be used.
    pub fn faults(&self) -> Vec<SettingsFault> {
        let mut faults = Vec::new();
        if self.servers.is_empty() {
            faults.push(SettingsFault::NoServer);
        }
        self.account_faults(&mut faults);
        let is_no_name = |name: &&str| !is_attribute(name);
        let names = self.attributes();
        let wrong = names.into_iter().filter(is_no_name);
        faults.extend(wrong.map(|name| SettingsFault::Attribute(name.to_owned())));
        if !(1..=10_000).contains(&self.page_size) {
            faults.push(SettingsFault::PageSize(self.page_size));
        }
        if self.safety.loss_percent > 100 {
            faults.push(SettingsFault::Percent(self.safety.loss_percent));
        }
        self.group_faults(&mut faults);
        self.time_faults(&mut faults);
        faults
    }

    /// Whether servers know by the certificate alone who reads.
    pub(crate) fn is_known_by_certificate(&self) -> bool {
        let is_named = !self.bind_dn.is_empty() || !self.secret.is_empty();
        self.certificate.is_some() && !is_named
    }

    fn account_faults(&self, faults: &mut Vec<SettingsFault>) {
        let has_certificate = self.certificate.is_some();
        match (self.bind_dn.is_empty(), self.secret.is_empty()) {
            (false, true) if has_certificate => {
                faults.push(SettingsFault::NoSecretBesideCertificate(
                    self.bind_dn.clone(),
                ));
            }
            (false, true) => faults.push(SettingsFault::NoSecret(self.bind_dn.clone())),
            (true, false) => faults.push(SettingsFault::NobodysSecret),
            _ => {}
        }
        let is_open = |server: &&Server| server.security() == Security::Loopback;
        let open = self.servers.iter().filter(is_open);
        faults.extend(
            open.filter(|_| has_certificate)
                .map(|server| SettingsFault::CertificateInTheOpen(server.to_string())),
        );
    }

    fn attributes(&self) -> Vec<&str> {
        let people = &self.people;
        let mut names = vec![&*people.unique_id.name, &people.name, &people.display_name];
        names.extend(people.email.as_deref());
        names.extend(people.member_of.as_deref());
        names.extend(people.disabled.iter().map(|by| by.attribute()));
        names.push(&self.groups.name);
        names.extend(self.groups.members.iter().map(|member| member.attribute()));
        names
    }

    fn group_faults(&self, faults: &mut Vec<SettingsFault>) {
        let groups = &self.groups;
        if groups.mapped.len() > MAPPED_MAX {
            faults.push(SettingsFault::Mapped(groups.mapped.len()));
        }
        if groups.nesting > NESTING_MAX {
            faults.push(SettingsFault::Nesting(groups.nesting));
        }
        if groups.mapped.is_empty() && self.people.provision == Provision::InMappedGroups {
            faults.push(SettingsFault::NobodyComes);
        }
        let is_silent = groups.members.is_empty() && self.people.member_of.is_none();
        if !groups.mapped.is_empty() && is_silent {
            faults.push(SettingsFault::NoMembers);
        }
        let mut seen = BTreeSet::new();
        for mapped in &groups.mapped {
            let there = match &mapped.there {
                GroupMatch::Dn(dn) => dn.to_string(),
                GroupMatch::Name(name) => name.to_string(),
            };
            if !seen.insert((there.clone(), &mapped.here)) {
                faults.push(SettingsFault::Twice(there));
            }
        }
    }

    fn time_faults(&self, faults: &mut Vec<SettingsFault>) {
        let timing = &self.timing;
        let times = [
            ("answer", timing.answer),
            ("reading", timing.reading),
            ("interval", timing.interval),
            ("poll", timing.poll),
        ];
        let none = times.into_iter().filter(|(_, time)| time.is_zero());
        faults.extend(none.map(|(name, _)| SettingsFault::NoTime(name)));
    }
}
