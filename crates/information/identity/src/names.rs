//! People and machines by the names that pages show.

use gw_model::{Actor, Snapshot};

/// Who made something, for the person it was made for.
pub(crate) fn actor(facts: &Snapshot, actor: &Actor) -> String {
    match actor {
        Actor::Gatewright => "Gatewright itself".into(),
        Actor::User(id) => facts.user(*id).map_or_else(
            || "somebody who has left".into(),
            |user| user.display_name.to_string(),
        ),
        Actor::Bearer => "nobody that is known".into(),
        Actor::Client(id) => facts.client(*id).map_or_else(
            || "a program that is gone".into(),
            |client| client.title.to_string(),
        ),
        Actor::Local(0) => "an administrator on the server itself".into(),
        Actor::Local(uid) => format!("an administrator on the server itself (user id {uid})"),
    }
}
