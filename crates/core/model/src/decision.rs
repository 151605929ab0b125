//! The answer: an outcome with its reasons, how long it holds, and the way out of a denial.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{GroupName, ProviderName, Timestamp};

/// A policy's stable `@id`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PolicyId(pub Arc<str>);

impl fmt::Display for PolicyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Yes or no. There is no third answer: what cannot be decided is denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A permit holds and no forbid does.
    Allow,
    /// Anything else.
    Deny,
}

impl Outcome {
    /// Whether it is a yes.
    pub const fn is_allow(self) -> bool {
        matches!(self, Self::Allow)
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Yes or no.
    pub outcome: Outcome,
    /// The policies that determined it, sorted. Empty on a deny means: nothing allowed it.
    pub because: Vec<PolicyId>,
    /// What could not be evaluated. An erring `forbid` denies, an erring `permit` permits nothing.
    pub faults: Vec<Fault>,
    /// What report-only policies would have changed.
    pub report: Option<ReportDifference>,
    /// Never later than the first instant at which the same facts could answer differently.
    pub valid_until: Timestamp,
}

impl Decision {
    /// A denial that rests on no policy.
    pub fn denied(fault: Fault) -> Self {
        Self {
            outcome: Outcome::Deny,
            because: Vec::new(),
            faults: vec![fault],
            report: None,
            valid_until: Timestamp::from_millis(0),
        }
    }
}

/// Something that could not be evaluated, and so fell to the safe side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The policy, if one.
    pub policy: Option<PolicyId>,
    /// What happened, for operators.
    pub what: String,
}

/// What the report-only policies would have made of a request, where it differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportDifference {
    /// The outcome with them enforced.
    pub outcome: Outcome,
    /// The policies that would have determined it, sorted.
    pub because: Vec<PolicyId>,
}

/// One thing that can change, from a closed list. Records number them: new ones come last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lever {
    /// A stranger signs in.
    SignIn,
    /// The person confirms with a passkey that they have.
    ConfirmWithPasskey,
    /// The person adds a first passkey, which policy lets this session do, and has then confirmed with it.
    EnrolPasskey,
    /// The person signs in afresh by a new link, which an administrator makes.
    FreshLink,
    /// The request comes from a named network.
    Network(Arc<str>),
    /// The request comes at this time, nothing else having changed.
    Time(Timestamp),
    /// An administrator puts the person into a group, or grants it for a while.
    Group(GroupName),
    /// The person confirms with the account that they have at a provider of identities, as strongly
    /// as it is declared to be able to.
    ConfirmWithProvider(ProviderName),
    /// The person confirms with the password and the authenticator app that they have.
    ConfirmWithPassword,
}

impl Lever {
    /// What it costs, in arbitrary units: lower is offered first. Others' help costs more than one's own.
    pub const fn cost(&self) -> u32 {
        match self {
            Self::SignIn | Self::ConfirmWithPasskey | Self::ConfirmWithProvider(_) => 1,
            Self::EnrolPasskey | Self::ConfirmWithPassword => 2,
            Self::FreshLink => 10,
            Self::Network(_) => 20,
            Self::Time(_) => 30,
            Self::Group(_) => 40,
        }
    }

    /// Whether the person can do it without anybody's help, now.
    pub const fn alone(&self) -> bool {
        matches!(
            self,
            Self::SignIn
                | Self::ConfirmWithPasskey
                | Self::ConfirmWithProvider(_)
                | Self::EnrolPasskey
                | Self::ConfirmWithPassword
        )
    }
}

/// A smallest set of changes that would turn a denial into an allow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    /// What to change, all of it, in the order to do it.
    pub steps: Vec<Lever>,
}

impl Remedy {
    /// The sum of the steps' costs.
    pub fn cost(&self) -> u32 {
        self.steps.iter().map(Lever::cost).sum()
    }

    /// Whether the person can do all of it alone, now.
    pub fn alone(&self) -> bool {
        self.steps.iter().all(Lever::alone)
    }
}

/// What the search for remedies found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedies {
    /// Alternatives, cheapest first. Empty: none was found.
    pub ways: Vec<Remedy>,
    /// The evaluation budget ran out before all pairs were tried.
    #[serde(default)]
    pub exhausted: bool,
}

macro_rules! attributes {
    ($($(#[$doc:meta])* $variant:ident => $path:literal),* $(,)?) => {
        /// A context attribute that policies can mention. The paths are those of the schema.
        /// Records number them: new ones come last.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[repr(u8)]
        pub enum Attribute { $($(#[$doc])* $variant),* }

        impl Attribute {
            /// All attributes.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The path below `context`.
            pub const fn path(self) -> &'static str {
                match self { $(Self::$variant => $path),* }
            }

            /// The attribute of a path below `context`.
            pub fn from_path(path: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|a| a.path() == path)
            }
        }
    };
}

attributes! {
    /// Words of [`crate::AuthnMethod`].
    AuthnMethods => "authn.methods",
    /// Whether any proof resists phishing.
    AuthnPhishingResistant => "authn.phishing_resistant",
    /// Seconds since the latest proof; `i64::MAX` for strangers. Moves with time.
    AuthnAgeSecs => "authn.age_secs",
    /// Seconds since the latest phishing-resistant proof, where there is one. Moves with time.
    AuthnPhishingResistantAgeSecs => "authn.phishing_resistant_age_secs",
    /// Seconds since the session began. Moves with time.
    SessionAgeSecs => "session.age_secs",
    /// Whether the session is one for enrolment.
    SessionEnrolment => "session.enrolment",
    /// The client's address.
    NetworkAddress => "network.address",
    /// The country code, when known.
    NetworkCountry => "network.country",
    /// Named networks.
    NetworkNames => "network.names",
    /// Healthy.
    DeviceCompliant => "device.compliant",
    /// Managed.
    DeviceManaged => "device.managed",
    /// Disk encrypted.
    DeviceDiskEncrypted => "device.disk_encrypted",
    /// Operating system family.
    DevicePlatform => "device.platform",
    /// Seconds since the device reported. Moves with time.
    DeviceAgeSecs => "device.age_secs",
    /// 0 to 100.
    RiskScore => "risk.score",
    /// The method.
    HttpMethod => "http.method",
    /// The canonical path.
    HttpPath => "http.path",
    /// The host.
    HttpHost => "http.host",
    /// Whether it is a WebSocket handshake.
    HttpWebsocket => "http.websocket",
    /// Whether the sending page is of the same origin.
    HttpSameOrigin => "http.same_origin",
    /// 0 to 23 in the app's zone. Moves with time.
    TimeHour => "time.hour",
    /// 0 to 59. Moves with time.
    TimeMinute => "time.minute",
    /// 0 to 1439: hour * 60 + minute. Moves with time.
    TimeMinuteOfDay => "time.minute_of_day",
    /// 1 (Monday) to 7 (Sunday). Moves with time.
    TimeWeekday => "time.weekday",
    /// The instant. Moves with time.
    TimeNow => "time.now",
    /// What is called who proposed the change, where it was proposed.
    ProposalBy => "proposal.by",
    /// The groups that they are in.
    ProposalGroups => "proposal.groups",
    /// The action that the change is.
    ProposalAction => "proposal.action",
    /// Whether any proof is of more than one factor.
    AuthnMultiFactor => "authn.multi_factor",
    /// Providers of identities whose word it is.
    AuthnProviders => "authn.providers",
    /// Authentication context classes that providers named.
    AuthnAcr => "authn.acr",
    /// Authentication methods that providers named.
    AuthnAmr => "authn.amr",
    /// The client that the access token was issued to.
    TokenClient => "token.client",
    /// What it is limited to.
    TokenScopes => "token.scopes",
    /// Who acts for whom it is about.
    TokenActors => "token.actors",
    /// Whether its holder proved a key.
    TokenSenderConstrained => "token.sender_constrained",
    /// Seconds since more than one factor was last proven, where one was. Moves with time.
    AuthnMultiFactorAgeSecs => "authn.multi_factor_age_secs",
    /// What kind of factor is enrolled or removed.
    FactorKind => "factor.kind",
    /// What a workload's own token says of it, where one asks by it.
    TokenWorkload => "token.workload",
}

impl Attribute {
    /// Whether its value changes by itself as time passes; `valid_until` covers those.
    pub const fn moves_with_time(self) -> bool {
        matches!(
            self,
            Self::AuthnAgeSecs
                | Self::AuthnPhishingResistantAgeSecs
                | Self::AuthnMultiFactorAgeSecs
                | Self::SessionAgeSecs
                | Self::DeviceAgeSecs
        ) || self.is_absolute_time()
    }

    /// Whether it reads the wall clock, which a faulty clock makes unanswerable.
    pub const fn is_absolute_time(self) -> bool {
        matches!(
            self,
            Self::TimeHour
                | Self::TimeMinute
                | Self::TimeMinuteOfDay
                | Self::TimeWeekday
                | Self::TimeNow
        )
    }
}

/// A set of attributes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct AttributeSet(u64);

impl AttributeSet {
    /// No attribute.
    pub const EMPTY: Self = Self(0);

    /// Adds one.
    pub const fn insert(&mut self, attribute: Attribute) {
        self.0 |= 1 << attribute as u8;
    }

    /// Whether it holds one.
    pub const fn contains(self, attribute: Attribute) -> bool {
        self.0 & (1 << attribute as u8) != 0
    }

    /// Both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Its members.
    pub fn iter(self) -> impl Iterator<Item = Attribute> {
        Attribute::ALL
            .iter()
            .copied()
            .filter(move |a| self.contains(*a))
    }
}

impl FromIterator<Attribute> for AttributeSet {
    fn from_iter<I: IntoIterator<Item = Attribute>>(attributes: I) -> Self {
        let mut set = Self::EMPTY;
        for attribute in attributes {
            set.insert(attribute);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_fit_their_set_and_have_distinct_paths() {
        assert!(Attribute::ALL.len() <= 64);
        for attribute in Attribute::ALL {
            assert_eq!(Attribute::from_path(attribute.path()), Some(*attribute));
        }
    }
}
