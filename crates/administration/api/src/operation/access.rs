//! Who reaches what: of a person, of an app, and the whole as a map.

use std::{collections::BTreeSet, sync::Arc};

use gw_model::{
    App, Change, Epoch, Group, GroupName, Membership, Principal, Snapshot, Timestamp, User, UserId,
};

use super::{Call, Reply, user_named};
use crate::{
    access::{Looking, members, routes},
    heavy::Patience,
    query::SEARCH,
    types::{
        AccessMap, AccessWord, AppAccessView, Listing, MapApp, MapEdge, MapGroup, MapRoute,
        Problem, UserAccessView, WhoView,
    },
};

/// Pairs of a group and a route that a map looks at at most.
const PAIRS_MAX: usize = 400_000;
/// Routes that are looked at for one person.
const ROUTES_MAX: usize = 2_000;

pub(super) async fn of_user(call: &Call<'_>) -> Result<Reply, Problem> {
    let (view, now) = (call.engine().view(), call.engine().clock().now());
    let user = user_named(&view.facts, call.parameter(0))?.id;
    let looked = move |_: &Patience| {
        let looking = Looking::new(&view.policies, &view.facts, now);
        let asked = view.facts.apps().flat_map(routes).take(ROUTES_MAX);
        let items = asked.map(|route| {
            let found = looking.at(Principal::User(user), &route, true);
            UserAccessView {
                app: route.app.name.clone(),
                title: route.app.title.clone(),
                host: route.app.host.clone(),
                route: route.name,
                access: found.word,
                conditions: found.conditions,
                because: found.because,
                ways: found.ways,
            }
        });
        Listing::whole(items.collect())
    };
    Reply::json(&call.computed(looked).await?)
}

pub(super) async fn of_app(call: &Call<'_>) -> Result<Reply, Problem> {
    let (view, now) = (call.engine().view(), call.engine().clock().now());
    let named = call.parameter(0).parse().ok();
    let app = named.and_then(|name| view.facts.app(&name)).cloned();
    let app = app.ok_or_else(|| Problem::unknown("app", call.parameter(0)))?;
    let looked = move |_: &Patience| {
        let map = Drawing::new(&view.facts, now).draw(&view.policies, std::slice::from_ref(&app));
        let items = map.edges.into_iter().map(|edge| AppAccessView {
            route: edge.route,
            who: match edge.group {
                Some(group) => WhoView::Group {
                    group,
                    people: edge.people,
                },
                None => WhoView::Strangers,
            },
            access: edge.access,
            conditions: edge.conditions,
            because: edge.because,
        });
        Listing::whole(items.collect())
    };
    Reply::json(&call.computed(looked).await?)
}

pub(super) async fn map(call: &Call<'_>) -> Result<Reply, Problem> {
    let (view, now) = (call.engine().view(), call.engine().clock().now());
    let search = call.query.text(SEARCH).map(str::to_lowercase);
    let looked = move |_: &Patience| {
        let wanted = |app: &&Arc<App>| {
            search.as_ref().is_none_or(|search| {
                let texts = [app.name.as_str(), &*app.title, &*app.host];
                let tags = app.tags.iter().map(|tag| tag.as_str());
                texts
                    .into_iter()
                    .chain(tags)
                    .any(|text| text.to_lowercase().contains(search))
            })
        };
        let apps: Vec<_> = view.facts.apps().filter(wanted).cloned().collect();
        Drawing::new(&view.facts, now).draw(&view.policies, &apps)
    };
    Reply::json(&call.computed(looked).await?)
}

/// Groups, each stood for by somebody who is in that group alone.
struct Drawing {
    facts: Snapshot,
    now: Timestamp,
    groups: Vec<(Arc<Group>, UserId, BTreeSet<UserId>)>,
}

impl Drawing {
    fn new(facts: &Snapshot, now: Timestamp) -> Self {
        let mut people = members(facts, now);
        let groups: Vec<_> = facts
            .groups()
            .map(|group| {
                let members = people.remove(&group.name).unwrap_or_default();
                (
                    group.clone(),
                    UserId::from_bits(gw_engine::random::bits()),
                    members,
                )
            })
            .collect();
        let stand_ins: Vec<_> = groups
            .iter()
            .map(|(group, id, _)| Change::UserPut(Arc::new(somebody(*id, &group.name))))
            .collect();
        // They are in groups that exist, under names that nobody can have.
        let with_them = facts.apply(Epoch::default(), &stand_ins);
        Self {
            facts: with_them.unwrap_or_else(|_| facts.clone()),
            now,
            groups,
        }
    }

    fn draw(&self, policies: &gw_policy::Policies, apps: &[Arc<App>]) -> AccessMap {
        let looking = Looking::new(policies, &self.facts, self.now);
        let (mut map, mut left) = (AccessMap::default(), PAIRS_MAX);
        for app in apps {
            let mut reached = BTreeSet::new();
            let mut shown = Vec::new();
            for route in routes(app) {
                shown.push(MapRoute {
                    name: route.name.clone(),
                    label: route.label.clone(),
                });
                let groups = self
                    .groups
                    .iter()
                    .map(|(group, id, people)| (Principal::User(*id), Some((&group.name, people))));
                for (principal, group) in groups.chain([(Principal::Anonymous, None)]) {
                    left = match left.checked_sub(1) {
                        Some(left) => left,
                        None => {
                            map.incomplete = true;
                            return map;
                        }
                    };
                    let found = looking.at(principal, &route, false);
                    if found.word == AccessWord::Never {
                        continue;
                    }
                    reached.extend(group.iter().flat_map(|(_, people)| people.iter().copied()));
                    map.edges.push(MapEdge {
                        group: group.map(|(name, _)| name.clone()),
                        route: route.name.clone(),
                        app: app.name.clone(),
                        access: found.word,
                        people: group.map_or(0, |(_, people)| people.len()),
                        conditions: found.conditions,
                        because: found.because,
                    });
                }
            }
            map.apps.push(MapApp {
                name: app.name.clone(),
                title: app.title.clone(),
                people: reached.len(),
                routes: shown,
            });
        }
        map.groups = self
            .groups
            .iter()
            .map(|(group, _, people)| MapGroup {
                name: group.name.clone(),
                title: group.title.clone(),
                people: people.len(),
            })
            .collect();
        map
    }
}

fn somebody(id: UserId, group: &GroupName) -> User {
    // No sign-in name begins with a colon.
    let name: Arc<str> = format!(":{id}").into();
    User {
        id,
        name: name.clone(),
        display_name: name,
        email: None,
        attributes: Default::default(),
        groups: vec![Membership::of(group.clone())],
        factors: Vec::new(),
        identities: Vec::new(),
        disabled: false,
        verified_email: None,
        tokens_from: gw_model::Timestamp::default(),
        version: 0,
    }
}
