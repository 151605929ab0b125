//! Apps: list, show, add, change, remove; and the state of the file that declares some of them.

use std::{collections::BTreeMap, sync::Arc};

use gw_model::{App, AppName, AppOwner, Change, Route, Snapshot, TagName, Upstream};
use gw_store::Refused;

use super::{Call, Reply, expect};
use crate::{
    declared,
    document::FieldFault,
    forms::Host,
    query::SEARCH,
    types::{AppDocument, AppShown, AppView, Apps, Done, ManagedBy, Problem},
};

pub(super) fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let view = call.engine().view();
    let search = call.query.text(SEARCH).map(str::to_lowercase);
    let wanted = |app: &&Arc<App>| {
        search.as_ref().is_none_or(|search| {
            let texts = [app.name.as_str(), &*app.title, &*app.host];
            texts
                .iter()
                .any(|text| text.to_lowercase().contains(search))
        })
    };
    let apps = view.facts.apps().filter(wanted);
    let page = call
        .query
        .page(apps, |app| app.name.to_string(), |app| summary(call, app))?;
    Reply::json(&Apps {
        items: page.items,
        next: page.next,
        total: page.total,
        config: (call.parts.config)(),
    })
}

fn summary(call: &Call<'_>, app: &App) -> AppView {
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
        managed_by: managed_by(call, app),
        built_in: is_built_in(app),
        version: app.version,
    }
}

const fn is_built_in(app: &App) -> bool {
    matches!(app.upstream, Upstream::BuiltIn(_))
}

fn managed_by(call: &Call<'_>, app: &App) -> ManagedBy {
    match (&app.upstream, app.owner) {
        (Upstream::BuiltIn(_), _) => ManagedBy::Gatewright,
        (_, AppOwner::Configuration) => ManagedBy::Configuration,
        (_, AppOwner::Administration) => declared::managed_by(call.declared.has_app(&app.name)),
    }
}

pub(super) fn show(call: &Call<'_>) -> Result<Reply, Problem> {
    shown(call, &named(call)?)
}

fn shown(call: &Call<'_>, name: &AppName) -> Result<Reply, Problem> {
    let view = call.engine().view();
    let app = view.facts.app(name);
    let app = app.ok_or_else(|| Problem::unknown("app", name.as_str()))?;
    let document = AppShown {
        app: AppDocument::of(app),
        url: url(call, &app.host),
        managed_by: managed_by(call, app),
        built_in: is_built_in(app),
        version: app.version,
    };
    Ok(Reply::json(&document)?.at(app.version))
}

/// Where browsers open a host: like the authentication origin, which is beside it.
pub(super) fn url(call: &Call<'_>, host: &str) -> String {
    let origin = &call.parts.authentication_origin;
    let (scheme, authority) = origin.split_once("://").unwrap_or(("https", origin));
    match authority.rsplit_once(':') {
        Some((_, port)) => format!("{scheme}://{host}:{port}/"),
        None => format!("{scheme}://{host}/"),
    }
}

/// The app that the path names.
fn named(call: &Call<'_>) -> Result<AppName, Problem> {
    let named = call.parameter(0);
    let view = call.engine().view();
    let known = named
        .parse()
        .ok()
        .filter(|name| view.facts.app(name).is_some());
    known.ok_or_else(|| Problem::unknown("app", named))
}

/// The app of a request's body, checked by itself.
fn described(document: &AppDocument) -> Result<App, Problem> {
    document
        .app()
        .map_err(|faults| Problem::fields("the app cannot be taken", &faults))
}

/// What an app may not do beside the others: be at or below the host where people sign in (a page
/// there could make and delete passkeys).
pub(crate) fn refuse_host(facts: &Snapshot, app: &App) -> Result<(), FieldFault> {
    let host = Host(app.host.clone());
    let sign_in = facts
        .apps()
        .find(|other| matches!(&other.upstream, Upstream::BuiltIn(name) if **name == *"sign-in"));
    match sign_in {
        Some(sign_in) if host.is_at_or_below(&Host(sign_in.host.clone())) => Err(FieldFault {
            field: "host".into(),
            what: format!(
                "is at or below `{}`, where people sign in: a page there could make and delete passkeys; choose a host beside it",
                sign_in.host
            ),
        }),
        _ => Ok(()),
    }
}

fn check_host(call: &Call<'_>, app: &App) -> Result<(), Problem> {
    refuse_host(&call.engine().view().facts, app)
        .map_err(|fault| Problem::fields("the app cannot be taken", &[fault]))
}

pub(super) async fn add(call: &Call<'_>) -> Result<Reply, Problem> {
    let app = described(&call.body()?)?;
    check_host(call, &app)?;
    // What was removed and is added again would have them.
    if is_labelled(&app) {
        may_label(call, &app.name)?;
    }
    let (name, commit) = (app.name.clone(), call.commit("app added"));
    let propose = move |facts: &Snapshot| match facts.app(&app.name) {
        Some(_) => Err(Refused::Declined(format!(
            "there is already an app `{}`",
            app.name
        ))),
        None => Ok(commit.change(Change::AppPut(Arc::new(app)))),
    };
    call.engine().propose(propose).await?;
    shown(call, &name)
}

pub(super) async fn put(call: &Call<'_>) -> Result<Reply, Problem> {
    let name = named(call)?;
    refuse_owned(call, &name)?;
    let document: AppDocument = call.body()?;
    if document.name != name {
        return Err(Problem::invalid(format!(
            "`name` is `{}`, but the address names `{name}`",
            document.name
        ))
        .field("name")
        .help("an app keeps its name: add another one, and remove this"));
    }
    let app = described(&document)?;
    check_host(call, &app)?;
    if let Some(present) = call.engine().view().facts.app(&name)
        && labels(present) != labels(&app)
    {
        may_label(call, &name)?;
    }
    let (precondition, commit) = (call.precondition, call.commit("app changed"));
    let propose = move |facts: &Snapshot| {
        let present = facts.app(&app.name).ok_or_else(|| gone(&app.name))?;
        expect(precondition, present.version)?;
        Ok(commit.change(Change::AppPut(Arc::new(app))))
    };
    call.engine().propose(propose).await?;
    shown(call, &name)
}

pub(super) async fn remove(call: &Call<'_>) -> Result<Reply, Problem> {
    let name = named(call)?;
    refuse_owned(call, &name)?;
    // Gone and added again it would be without them.
    let view = call.engine().view();
    let is_plain = |app: &Arc<App>| labels(app) == Labels::default();
    if !view.facts.app(&name).is_none_or(is_plain) {
        may_label(call, &name)?;
    }
    let (precondition, commit) = (call.precondition, call.commit("app removed"));
    let propose = move |facts: &Snapshot| {
        let present = facts.app(&name).ok_or_else(|| gone(&name))?;
        expect(precondition, present.version)?;
        Ok(commit.change(Change::AppRemoved(name)))
    };
    let done = call.engine().propose(propose).await?;
    Reply::json(&Done { epoch: done.epoch })
}

/// What of an app decides which policies apply to it, and when: its tags, its attributes, its
/// routes, its time zone.
type Labels<'a> = (
    &'a [TagName],
    Option<&'a BTreeMap<Arc<str>, Arc<str>>>,
    &'a [Route],
    Option<&'a str>,
);

fn labels(app: &App) -> Labels<'_> {
    let attributes = Some(&app.attributes).filter(|attributes| !attributes.is_empty());
    (&app.tags, attributes, &app.routes, app.time_zone.as_deref())
}

/// Whether a new app has anything that policies for others may let people in by. Routes that only
/// have names are parts that no policy knows yet.
fn is_labelled(app: &App) -> bool {
    let (tags, attributes, routes, zone) = labels(app);
    let tagged = !tags.is_empty() || routes.iter().any(|route| !route.tags.is_empty());
    tagged || attributes.is_some() || zone.is_some()
}

/// Taking a label off can take a policy off, which who changes it must be able to do.
fn may_label(call: &Call<'_>, name: &AppName) -> Result<(), Problem> {
    if call.caller.is_owner_equal(call.engine()) {
        return Ok(());
    }
    let detail = format!(
        "tags, attributes, routes and the time zone of `{name}` decide which policies apply to it, which {} may not change",
        call.caller.words()
    );
    Err(Problem::denied(detail)
        .help("have an owner do it, or leave them as they are: a new app has none")
        .of_rights())
}

/// What a file owns is read-only here.
fn refuse_owned(call: &Call<'_>, name: &AppName) -> Result<(), Problem> {
    let view = call.engine().view();
    match view.facts.app(name).map(|app| managed_by(call, app)) {
        Some(ManagedBy::Configuration) => {
            let problem =
                Problem::conflict(format!("the app `{name}` stands in the configuration file"));
            Err(problem.help(format!("change it there: {}", (call.parts.config)().file())))
        }
        Some(ManagedBy::Gatewright) => Err(Problem::conflict(format!(
            "the app `{name}` is part of Gatewright"
        ))
        .help("its host is set in the configuration file")),
        _ => Ok(()),
    }
}

fn gone(name: &AppName) -> Refused {
    Refused::Declined(format!("the app `{name}` was removed meanwhile"))
}
