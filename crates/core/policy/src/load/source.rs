//! One policy as it stands in its file, and what its annotations and scope must be.

use std::{collections::HashMap, sync::Arc};

use cedar_policy::{
    Effect, EntityUid, Policy, PolicyId as CedarId, PolicySet, PrincipalConstraint,
};
use gw_model::{AppName, GroupName, PolicyId, RouteName, TagName, UserId};
use miette::Diagnostic;

use super::{Placed, diagnosed, shape};
use crate::{PolicyFault, PolicyText, base::RESERVED_PREFIX};

/// Longest policy id.
const ID_MAX: usize = 100;

/// Whether a policy decides or only reports what it would have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It decides.
    Enforce,
    /// It is evaluated and recorded.
    Report,
}

/// One policy of a file.
pub(super) struct Source<'f> {
    file: &'f Placed<'f>,
    start: usize,
    /// Whether it is one of the base policies.
    own: bool,
    /// Its id, where that is well formed.
    pub(super) id: Option<PolicyId>,
    pub(super) mode: Mode,
    /// Under its own id where that is well formed, else under one made of its place.
    pub(super) policy: Policy,
}

/// Reads one file: its policies, and what can be said to be wrong without the schema.
pub(super) fn read<'f>(
    file: &'f Placed<'f>,
    own: bool,
    faults: &mut Vec<PolicyFault>,
) -> Vec<Source<'f>> {
    let excesses = shape::excesses(file.places.text());
    if !excesses.is_empty() {
        faults.extend(
            excesses
                .into_iter()
                .map(|excess| at(file, excess.offset, excess.what, excess.help)),
        );
        return Vec::new();
    }
    let set: PolicySet = match file.places.text().parse() {
        Ok(set) => set,
        Err(errors) => {
            faults.extend(errors.iter().map(|e| syntax(file, e)));
            return Vec::new();
        }
    };
    for template in set.templates() {
        let start = place(file, &template.to_cedar(), 0);
        faults.push(at(
            file,
            start,
            "a template, with a slot such as `?principal`, is not a policy".to_owned(),
            "name the person, group or resource in its place",
        ));
    }
    let mut policies: Vec<&Policy> = set.policies().collect();
    policies.sort_by_key(|policy| ordinal(policy.id()));
    let mut from = 0;
    let mut sources = Vec::with_capacity(policies.len());
    for policy in policies {
        let text = policy.to_cedar().unwrap_or_default();
        let start = place(file, &text, from);
        from = start + text.len();
        sources.push(Source::check(file, start, policy, own, faults));
    }
    sources
}

/// A fault of no policy in particular.
fn at(file: &Placed<'_>, offset: usize, what: String, help: &str) -> PolicyFault {
    let (line, column) = file.places.position(offset);
    PolicyFault {
        file: Arc::clone(file.name),
        line,
        column,
        policy: None,
        what,
        help: help.to_owned(),
    }
}

/// The number that Cedar gave a policy by its place in the file.
fn ordinal(id: &CedarId) -> usize {
    let text: &str = id.as_ref();
    text.strip_prefix("policy")
        .and_then(|number| number.parse().ok())
        .unwrap_or(usize::MAX)
}

/// Where a policy's text stands.
fn place(file: &Placed<'_>, text: &str, from: usize) -> usize {
    file.places
        .text()
        .get(from..)
        .and_then(|rest| rest.find(text))
        .map_or(0, |offset| from + offset)
}

fn syntax(file: &Placed<'_>, error: &dyn Diagnostic) -> PolicyFault {
    let mut fault = diagnosed(file, 0, None, error);
    if fault.help.is_empty() {
        fault.help = "see docs/policies.md for the form of a policy".to_owned();
    }
    fault
}

/// Faults for ids that are used more than once.
pub(super) fn refuse_duplicates(sources: &[Source<'_>], faults: &mut Vec<PolicyFault>) {
    let mut first: HashMap<&PolicyId, &Source<'_>> = HashMap::new();
    for source in sources {
        let Some(id) = &source.id else { continue };
        if let Some(earlier) = first.get(id) {
            let (line, _) = earlier.file.places.position(earlier.start);
            let what = format!(
                "the id is taken by a policy at {}:{line}",
                earlier.file.name
            );
            faults.push(source.fault(what, "give each policy an id of its own"));
        } else {
            first.insert(id, source);
        }
    }
}

impl<'f> Source<'f> {
    fn check(
        file: &'f Placed<'f>,
        start: usize,
        policy: &Policy,
        own: bool,
        faults: &mut Vec<PolicyFault>,
    ) -> Self {
        let mut source = Self {
            file,
            start,
            own,
            id: None,
            mode: Mode::Enforce,
            policy: policy.clone(),
        };
        source.id = source.read_id(own, faults);
        source.mode = source.read_mode(faults);
        source.refuse_annotations(faults);
        source.refuse_strangers(faults);
        let name = match &source.id {
            Some(id) => id.to_string(),
            None => format!("{}#{start}", file.name),
        };
        source.policy = policy.new_id(CedarId::new(name));
        source
    }

    fn read_id(&self, own: bool, faults: &mut Vec<PolicyFault>) -> Option<PolicyId> {
        let Some(id) = self.policy.annotation("id") else {
            faults.push(self.fault(
                "the policy has no id".to_owned(),
                "put `@id(\"a-stable-name\")` before it",
            ));
            return None;
        };
        if !well_formed(id) {
            let id: String = id.chars().take(ID_MAX).collect();
            faults.push(self.fault(
                format!("`{id}` is not a policy id"),
                "use 1 to 100 of the characters a-z, 0-9, `-`, `_` and `.`, starting with a letter or digit",
            ));
            return None;
        }
        if !own && id.starts_with(RESERVED_PREFIX) {
            faults.push(self.fault(
                format!("the id `{id}` is reserved"),
                "ids that begin with `gatewright-` are Gatewright's own; choose another",
            ));
            return None;
        }
        Some(PolicyId(Arc::from(id)))
    }

    fn read_mode(&self, faults: &mut Vec<PolicyFault>) -> Mode {
        match self.policy.annotation("mode") {
            None | Some("enforce") => Mode::Enforce,
            Some("report") => Mode::Report,
            Some(other) => {
                let other: String = other.chars().take(40).collect();
                faults.push(self.fault(
                    format!("`{other}` is not a mode"),
                    "write `@mode(\"enforce\")` or `@mode(\"report\")`",
                ));
                Mode::Enforce
            }
        }
    }

    fn refuse_annotations(&self, faults: &mut Vec<PolicyFault>) {
        for (name, _) in self.policy.annotations() {
            if !matches!(name, "id" | "mode" | "description") {
                faults.push(self.fault(
                    format!("`@{name}` is not an annotation"),
                    "the annotations are `@id`, `@mode` and `@description`",
                ));
            }
        }
    }

    fn refuse_strangers(&self, faults: &mut Vec<PolicyFault>) {
        if self.policy.effect() == Effect::Permit
            && self.policy.principal_constraint() == PrincipalConstraint::Any
        {
            faults.push(self.fault(
                "a permit for any principal would admit strangers".to_owned(),
                "write `principal in Group::\"…\"` or `principal is User`; to admit strangers, say `principal is Anonymous`",
            ));
        }
    }

    /// Warnings for entities that are named and cannot exist.
    pub(super) fn impossible_names(&self) -> Vec<PolicyFault> {
        self.policy
            .entity_literals()
            .iter()
            .filter_map(impossible)
            .map(|(what, help)| self.fault(what, help))
            .collect()
    }

    /// The policy as it was written; none without an id.
    pub(super) fn text(&self) -> Option<PolicyText> {
        let (line, _) = self.file.places.position(self.start);
        let text = self.policy.to_cedar().unwrap_or_default();
        Some(PolicyText {
            id: self.id.clone()?,
            file: Arc::clone(self.file.name),
            built_in: self.own,
            line,
            effect: self.policy.effect(),
            mode: self.mode,
            description: self.policy.annotation("description").map(Arc::from),
            text: text.into(),
        })
    }

    /// A fault at the policy's beginning.
    pub(super) fn fault(&self, what: String, help: &str) -> PolicyFault {
        PolicyFault {
            policy: self.id.clone(),
            ..at(self.file, self.start, what, help)
        }
    }

    /// A fault where Cedar's validator points to.
    pub(super) fn diagnosed(&self, diagnostic: &dyn Diagnostic) -> PolicyFault {
        let mut fault = diagnosed(self.file, self.start, self.id.as_ref(), diagnostic);
        let prefix = format!("for policy `{}`, ", self.policy.id());
        if let Some(rest) = fault.what.strip_prefix(&prefix) {
            fault.what = rest.to_owned();
        }
        if fault.help.is_empty() {
            fault.help = "compare with the schema, policies/gatewright.cedarschema".to_owned();
        }
        fault
    }
}

fn well_formed(id: &str) -> bool {
    (1..=ID_MAX).contains(&id.len())
        && id
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'))
        && id.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
}

/// Why an entity cannot exist, if so.
fn impossible(uid: &EntityUid) -> Option<(String, &'static str)> {
    let id = uid.id().unescaped();
    let possible = match uid.type_name().basename() {
        "Group" => id.parse::<GroupName>().is_ok(),
        "App" => id.parse::<AppName>().is_ok(),
        "Tag" => id.parse::<TagName>().is_ok(),
        "Route" => id.parse::<RouteName>().is_ok(),
        "User" => id.parse::<UserId>().is_ok(),
        "Local" => id.parse::<u32>().is_ok(),
        "System" => id == "gatewright",
        _ => true,
    };
    (!possible).then(|| {
        (
            format!("`{uid}` cannot exist, so nothing that names it applies"),
            "names are lower case; a route is `APP/ROUTE`, a user an id such as `u-…`",
        )
    })
}
