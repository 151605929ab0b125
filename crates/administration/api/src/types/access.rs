//! Who reaches what, and on which conditions.

use std::sync::Arc;

use gw_model::{AppName, GroupName, PolicyId, RouteName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether something opens.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum AccessWord {
    /// However somebody has signed in.
    Always,
    /// Only on conditions.
    Condition,
    /// Not at all.
    Never,
}

/// What a person can reach.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct UserAccessView {
    /// The app.
    #[schemars(with = "String")]
    pub app: AppName,
    /// What pages call it.
    pub title: Arc<str>,
    /// The host it is reached by.
    pub host: Arc<str>,
    /// The route.
    #[schemars(with = "String")]
    pub route: RouteName,
    /// Whether it opens.
    pub access: AccessWord,
    /// On which conditions.
    pub conditions: Vec<String>,
    /// The policies that say so.
    #[schemars(with = "Vec<String>")]
    pub because: Vec<PolicyId>,
    /// What would open it, where it does not.
    pub ways: Vec<String>,
}

/// Who can reach a part of an app.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AppAccessView {
    /// The route.
    #[schemars(with = "String")]
    pub route: RouteName,
    /// Who.
    pub who: WhoView,
    /// Whether it opens.
    pub access: AccessWord,
    /// On which conditions.
    pub conditions: Vec<String>,
    /// The policies that say so.
    #[schemars(with = "Vec<String>")]
    pub because: Vec<PolicyId>,
}

/// A group, or strangers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum WhoView {
    /// Whoever is in a group.
    Group {
        /// The group.
        #[schemars(with = "String")]
        group: GroupName,
        /// How many people are in it now.
        people: usize,
    },
    /// Whoever has not signed in.
    Strangers,
}

/// Groups, apps, and what leads from one to the other.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AccessMap {
    /// The groups.
    pub groups: Vec<MapGroup>,
    /// The apps.
    pub apps: Vec<MapApp>,
    /// Who reaches what.
    pub edges: Vec<MapEdge>,
    /// Whether there were too many groups and routes to look at all.
    pub incomplete: bool,
}

/// A group on the map.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MapGroup {
    /// Its name.
    #[schemars(with = "String")]
    pub name: GroupName,
    /// What pages call it.
    pub title: Arc<str>,
    /// How many people are in it now.
    pub people: usize,
}

/// An app on the map.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MapApp {
    /// Its name.
    #[schemars(with = "String")]
    pub name: AppName,
    /// What pages call it.
    pub title: Arc<str>,
    /// How many people reach some part of it, through the groups of the map.
    pub people: usize,
    /// Its parts.
    pub routes: Vec<MapRoute>,
}

/// A part of an app on the map.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MapRoute {
    /// Its name.
    #[schemars(with = "String")]
    pub name: RouteName,
    /// Its paths, or that it is the rest.
    pub label: String,
}

/// That a group, or strangers, reach a route.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MapEdge {
    /// The group; strangers where absent.
    #[schemars(with = "Option<String>")]
    pub group: Option<GroupName>,
    /// The route.
    #[schemars(with = "String")]
    pub route: RouteName,
    /// Its app.
    #[schemars(with = "String")]
    pub app: AppName,
    /// Whether it opens.
    pub access: AccessWord,
    /// How many people are in the group now.
    pub people: usize,
    /// On which conditions.
    pub conditions: Vec<String>,
    /// The policies that say so.
    #[schemars(with = "Vec<String>")]
    pub because: Vec<PolicyId>,
}
