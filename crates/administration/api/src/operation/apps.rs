//! Apps, and the state of the file that declares them.

use std::sync::Arc;

use gw_model::App;

use super::{Call, Reply};
use crate::types::{AppView, Apps, Problem};

pub(super) fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let view = call.parts.engine.view();
    Reply::json(&Apps {
        items: view.facts.apps().map(shown).collect(),
        config: (call.parts.config)(),
    })
}

fn shown(app: &Arc<App>) -> AppView {
    AppView {
        name: app.name.clone(),
        title: app.title.clone(),
        host: app.host.clone(),
        upstream: app.upstream.to_string(),
        tags: app.tags.iter().map(ToString::to_string).collect(),
        routes: app
            .routes
            .iter()
            .map(|route| route.name.to_string())
            .collect(),
    }
}
