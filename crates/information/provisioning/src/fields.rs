//! What a source tells of somebody, as we keep it; and what of it cannot be.

use std::{collections::BTreeMap, sync::Arc};

use gw_model::{GroupName, ProviderName, SIGN_IN_NAME_MAX, Snapshot, UserId, is_sign_in_name};
use gw_scim::{User, WriteFault};

/// The longest text that pages show or policies read, in characters: as for people who are added
/// here.
const TEXT_CHARS_MAX: usize = 120;
/// How the attributes begin that sources tell: nobody else's are touched.
const PREFIX: &str = "scim.";
/// The longest name of a group.
const GROUP_NAME_MAX: usize = 64;

/// What policies and pages read of somebody.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) name: Arc<str>,
    pub(crate) display_name: Arc<str>,
    pub(crate) email: Option<Arc<str>>,
    attributes: BTreeMap<Arc<str>, Arc<str>>,
}

impl Fields {
    pub(crate) fn of(told: &User) -> Result<Self, WriteFault> {
        Ok(Self {
            name: sign_in_name(&told.user_name)?,
            display_name: display_name(told)?,
            email: email(told),
            attributes: attributes(told)?,
        })
    }

    /// The attributes of somebody, with what the source tells in the place of what it told before.
    pub(crate) fn attributes(
        &self,
        before: &BTreeMap<Arc<str>, Arc<str>>,
    ) -> BTreeMap<Arc<str>, Arc<str>> {
        let mut after = without_told(before);
        after.extend(self.attributes.clone());
        after
    }
}

/// The attributes of somebody without what a source told.
pub(crate) fn without_told(before: &BTreeMap<Arc<str>, Arc<str>>) -> BTreeMap<Arc<str>, Arc<str>> {
    let others = before.iter().filter(|(name, _)| !name.starts_with(PREFIX));
    others.map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// The name that somebody signs in with: the source's, in lower case.
pub(crate) fn sign_in_name(user_name: &str) -> Result<Arc<str>, WriteFault> {
    let name = user_name.to_ascii_lowercase();
    match is_sign_in_name(&name) {
        true => Ok(name.into()),
        false => Err(WriteFault::Invalid {
            attribute: "userName",
            reason: format!(
                "is no sign-in name here: send 1 to {SIGN_IN_NAME_MAX} of the characters a-z, 0-9 and -_.@+, starting with a letter or digit"
            )
            .into(),
        }),
    }
}

fn display_name(told: &User) -> Result<Arc<str>, WriteFault> {
    let parts = [&told.name.given, &told.name.family];
    let parts: Vec<&str> = parts
        .into_iter()
        .flatten()
        .map(|part| part.trim())
        .collect();
    let joined = parts.join(" ");
    let names = [told.display_name.as_deref(), told.name.formatted.as_deref()];
    let shown = names
        .into_iter()
        .flatten()
        .chain([joined.as_str(), &told.user_name])
        .map(str::trim)
        .find(|name| !name.is_empty())
        .unwrap_or_default();
    short("displayName", shown)
}

/// The preferred address, else the one for work, else the first.
fn email(told: &User) -> Option<Arc<str>> {
    let all = &told.emails;
    let primary = all.iter().find(|email| email.primary == Some(true));
    let of_work = |email: &&gw_scim::Email| {
        email
            .kind
            .as_deref()
            .is_some_and(|kind| kind.eq_ignore_ascii_case("work"))
    };
    let found = primary.or_else(|| all.iter().find(of_work)).or(all.first());
    found.map(|email| Arc::from(&*email.value))
}

fn attributes(told: &User) -> Result<BTreeMap<Arc<str>, Arc<str>>, WriteFault> {
    let place = &told.enterprise;
    let told = [
        ("title", &told.title),
        ("userType", &told.user_type),
        ("employeeNumber", &place.employee_number),
        ("costCenter", &place.cost_center),
        ("organization", &place.organization),
        ("division", &place.division),
        ("department", &place.department),
        ("manager", &place.manager),
    ];
    let mut attributes = BTreeMap::new();
    for (name, value) in told {
        let value = value.as_deref().map(str::trim).unwrap_or_default();
        if !value.is_empty() {
            let value = short(name, value)?;
            attributes.insert(format!("{PREFIX}{name}").into(), value);
        }
    }
    Ok(attributes)
}

fn short(attribute: &'static str, text: &str) -> Result<Arc<str>, WriteFault> {
    match text.chars().count() <= TEXT_CHARS_MAX {
        true => Ok(text.into()),
        false => Err(WriteFault::Invalid {
            attribute,
            reason: format!("is longer than {TEXT_CHARS_MAX} characters, which is too long for what policies and pages read").into(),
        }),
    }
}

/// A free name, in policies, for a group that a source calls so: `okta-finance-team`. It begins
/// with the source's, so that no policy means it without meaning the source.
pub(crate) fn group_name(
    facts: &Snapshot,
    source: &ProviderName,
    display_name: &str,
) -> Result<GroupName, WriteFault> {
    let base = format!(
        "{}-{}",
        source.as_str().replace('.', "-"),
        slug(display_name)
    );
    for number in 1_u32.. {
        let suffix = match number {
            1 => String::new(),
            number => format!("-{number}"),
        };
        let room = GROUP_NAME_MAX.saturating_sub(suffix.len());
        let base = base.get(..room).unwrap_or(&base).trim_end_matches('-');
        let text = format!("{base}{suffix}");
        // An id is either a person's or a group's.
        let is_free = |name: &GroupName| {
            facts.group(name).is_none() && name.as_str().parse::<UserId>().is_err()
        };
        match text.parse() {
            Ok(name) if is_free(&name) => return Ok(name),
            Ok(_) => {}
            Err(_) => break,
        }
    }
    Err(WriteFault::Invalid {
        attribute: "displayName",
        reason: "cannot be made a name for policies".into(),
    })
}

/// The letters and digits of a name that policies can name, in lower case, with a dash for what is
/// between them.
fn slug(display_name: &str) -> String {
    let lower = display_name.to_ascii_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    match words.is_empty() {
        true => "group".to_owned(),
        false => words.join("-"),
    }
}

#[cfg(test)]
mod tests {
    use gw_engine::testing::group;
    use gw_model::Epoch;

    use super::*;

    fn named(facts: &Snapshot, display_name: &str) -> String {
        let source = "corp.okta".parse().unwrap();
        group_name(facts, &source, display_name)
            .unwrap()
            .to_string()
    }

    #[test]
    fn a_group_has_a_name_for_policies_that_begins_with_the_sources() {
        let facts = Snapshot::empty(Epoch::default());
        assert_eq!(named(&facts, "Finance & Tax"), "corp-okta-finance-tax");
        assert_eq!(named(&facts, "\u{674e}"), "corp-okta-group");
        assert_eq!(named(&facts, "owners"), "corp-okta-owners");
        assert_eq!(named(&facts, &"x".repeat(200)).len(), GROUP_NAME_MAX);
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let taken = [group("corp-okta-it"), group("corp-okta-it-2")];
        let facts = Snapshot::empty(Epoch::default());
        let facts = facts.apply(Epoch::default(), &taken).unwrap();
        assert_eq!(named(&facts, "IT"), "corp-okta-it-3");
    }

    #[test]
    fn what_pages_show_is_the_first_name_that_there_is() {
        let mut told = User {
            user_name: "Ana@Corp.example".into(),
            ..User::default()
        };
        let fields = Fields::of(&told).unwrap();
        assert_eq!(&*fields.name, "ana@corp.example");
        assert_eq!(&*fields.display_name, "Ana@Corp.example");
        told.name.given = Some("Ana".into());
        told.name.family = Some("Lima".into());
        assert_eq!(&*Fields::of(&told).unwrap().display_name, "Ana Lima");
        told.display_name = Some("Ana L.".into());
        assert_eq!(&*Fields::of(&told).unwrap().display_name, "Ana L.");
    }

    #[test]
    fn attributes_of_others_stay() {
        let told = User {
            user_name: "ana".into(),
            title: Some("Head of tax".into()),
            ..User::default()
        };
        let before = [("team", "red"), ("scim.title", "x"), ("scim.division", "y")];
        let before = before.map(|(k, v)| (Arc::from(k), Arc::from(v))).into();
        let after = Fields::of(&told).unwrap().attributes(&before);
        let after: Vec<_> = after.iter().map(|(k, v)| (&**k, &**v)).collect();
        assert_eq!(after, [("scim.title", "Head of tax"), ("team", "red")]);
    }
}
