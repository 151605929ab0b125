//! Over whom rights are judged: somebody of each group that matters to a change, people whom
//! policies name, and oneself.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use gw_model::{Action, BreakGlass, GroupName, Membership, PolicyId, Principal, User, UserId};
use gw_policy::{Mentions, Policies};

use super::Changing;

/// Groups that are looked at beside the owners.
const GROUPS_MAX: usize = 24;
/// People that are looked at since policies name them.
const NAMED_MAX: usize = 8;

/// Over whom a right is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whom {
    /// Somebody in no group, who stands for anybody.
    Anybody(UserId),
    /// Somebody of a group.
    Of(GroupName, UserId),
    /// Somebody whom a policy names.
    One(Arc<str>, UserId),
    /// Whoever asks.
    Themselves,
}

impl Whom {
    fn standing(user: &User) -> Self {
        match user.groups.first() {
            Some(membership) => Self::Of(membership.group.clone(), user.id),
            None => Self::Anybody(user.id),
        }
    }

    /// Who it is; none where it is whoever asks.
    pub(super) const fn user(&self) -> Option<UserId> {
        match self {
            Self::Anybody(user) | Self::Of(_, user) | Self::One(_, user) => Some(*user),
            Self::Themselves => None,
        }
    }

    /// Whether an owner is among them.
    pub(super) fn is_owner(&self, changing: &Changing<'_>) -> bool {
        match self {
            Self::Of(group, _) => group.as_str() == BreakGlass::GROUP,
            Self::One(_, user) => changing.is_owner(Principal::User(*user)),
            Self::Anybody(_) | Self::Themselves => false,
        }
    }
}

/// Several of them in words; none for nobody.
pub(super) fn words<'a>(all: impl Iterator<Item = &'a Whom> + Clone) -> Option<String> {
    let groups: Vec<&str> = all
        .clone()
        .filter_map(|whom| match whom {
            Whom::Of(group, _) => Some(group.as_str()),
            _ => None,
        })
        .collect();
    let groups = (!groups.is_empty()).then(|| format!("people in {}", groups.join(", ")));
    let others = all.filter_map(|whom| match whom {
        Whom::One(name, _) => Some(name.to_string()),
        Whom::Themselves => Some("themselves".to_owned()),
        Whom::Of(..) | Whom::Anybody(_) => None,
    });
    let parts: Vec<String> = groups.into_iter().chain(others).collect();
    (!parts.is_empty()).then(|| parts.join(" and "))
}

/// Whom and what policies name that matter to a change.
#[derive(Default)]
pub(super) struct Mentioned {
    groups: BTreeSet<GroupName>,
    people: BTreeSet<UserId>,
    /// The actions of the rights that some policy beside Gatewright's own is about.
    actions: BTreeSet<Action>,
    /// Policies that change and read what else is known of whom something is done on.
    pub(super) read_of_whom: BTreeSet<PolicyId>,
    /// Whether more is named than is looked at.
    pub(super) is_cut_short: bool,
}

impl Mentioned {
    /// Those of the policies that change; of all, where people or groups do.
    pub(super) fn of(changing: &Changing<'_>, actions: &[Action], moves: bool) -> Self {
        let mut all = Self::default();
        let [(old, _), (new, _)] = changing.states;
        let changed = changed(old, new);
        for policies in [old, new] {
            let about = policies.about(actions);
            for text in policies.texts().iter().filter(|text| !text.built_in) {
                let Some(actions) = about.get(&text.id) else {
                    continue;
                };
                all.actions.extend(actions);
                let changes = changed.contains(&text.id);
                if !moves && !changes {
                    continue;
                }
                let mentions = Mentions::of(text);
                if changes && mentions.reads_of_resource {
                    all.read_of_whom.insert(text.id.clone());
                }
                all.names_in(&mentions);
            }
        }
        all
    }

    fn names_in(&mut self, mentions: &Mentions) {
        let groups = mentions.groups.iter();
        self.groups
            .extend(groups.filter_map(|name| name.parse::<GroupName>().ok()));
        let users = mentions.users.iter();
        self.people
            .extend(users.filter_map(|id| id.parse::<UserId>().ok()));
        while self.groups.len() > GROUPS_MAX {
            self.groups.pop_last();
            self.is_cut_short = true;
        }
        while self.people.len() > NAMED_MAX {
            self.people.pop_last();
            self.is_cut_short = true;
        }
    }

    /// Whether a right can shift. Gatewright's own policies about factors let everybody change
    /// their own: where no other is about them, nobody gains anything.
    pub(super) fn may_shift(&self, action: Action) -> bool {
        let is_factor = matches!(action, Action::FactorEnrol | Action::FactorRemove);
        !is_factor || self.actions.contains(&action)
    }

    /// Over whom rights are judged, and who stands for them: in no group first.
    pub(super) fn whom(&self, changing: &Changing<'_>) -> (Vec<Whom>, Vec<User>) {
        let owners = BreakGlass::GROUP.parse::<GroupName>().ok();
        let is_other = |group: &&GroupName| Some(*group) != owners.as_ref();
        let others = self.groups.iter().filter(is_other);
        let exists = |group: &&GroupName| {
            let states = changing.states.iter();
            states
                .into_iter()
                .any(|(_, facts)| facts.group(group).is_some())
        };
        let groups = owners.iter().chain(others).filter(exists);
        let stand_ins: Vec<User> = std::iter::once(stand_in(None))
            .chain(groups.map(|group| stand_in(Some(group.clone()))))
            .collect();
        let people = self.people.iter().filter_map(|id| {
            let mut states = changing.states.iter();
            let user = states.find_map(|(_, facts)| facts.user(*id))?;
            Some(Whom::One(user.name.clone(), *id))
        });
        let whom = stand_ins.iter().map(Whom::standing);
        let whom = whom.chain(people).chain([Whom::Themselves]).collect();
        (whom, stand_ins)
    }
}

fn stand_in(group: Option<GroupName>) -> User {
    let id = UserId::from_bits(gw_engine::random::bits());
    // No sign-in name begins with a colon.
    let name: Arc<str> = format!(":{id}").into();
    User {
        id,
        name: name.clone(),
        display_name: name,
        email: None,
        attributes: BTreeMap::new(),
        groups: group.into_iter().map(Membership::of).collect(),
        factors: Vec::new(),
        identities: Vec::new(),
        disabled: false,
        verified_email: None,
        tokens_from: gw_model::Timestamp::default(),
        version: 0,
    }
}

/// The policies that come, go, or say something else.
fn changed(old: &Policies, new: &Policies) -> BTreeSet<PolicyId> {
    let [before, after] = [old, new].map(|set| set.ids().cloned().collect::<BTreeSet<_>>());
    let mut all: BTreeSet<_> = before.symmetric_difference(&after).cloned().collect();
    all.extend(new.changed_since(old));
    all
}
