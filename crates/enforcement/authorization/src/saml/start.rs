//! Somebody begins here, at an app's card in the portal, without a request of the app.

use super::{
    asked::{PendingSaml, new_attempt},
    sign_in,
};
use crate::{
    pages,
    visit::{Answer, Visit},
};

/// Where it is declared, and to the app's usual address alone.
pub(crate) async fn start(visit: &Visit) -> Answer {
    visit.server.admits(visit)?;
    let query = visit.query()?;
    let app = visit.saml(query.value("client").unwrap_or_default());
    let app = app.filter(|app| app.read.declared.idp_initiated);
    let app = app.ok_or_else(|| Box::new(pages::nothing_here(visit)))?;
    let consumers = &app.read.declared.consumers;
    let usual = consumers.iter().find(|one| one.is_default);
    let usual = usual.or_else(|| consumers.first());
    let usual = usual.ok_or_else(|| Box::new(pages::nothing_here(visit)))?;
    let pending = PendingSaml::unasked(&app, &usual.location, visit.now);
    sign_in::go_on(visit, &new_attempt()?, pending).await
}
