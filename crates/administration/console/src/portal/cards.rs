//! Which apps a person sees, and what each says.

use std::{collections::BTreeSet, sync::Arc};

use gw_engine::{Circumstances, Engine, OwnedHttp};
use gw_model::{
    Action, App, Lever, Principal, Remedies, Remedy, Resource, SamlClient, Session, Snapshot,
    Timestamp, Upstream,
};
use gw_pages::{Chip, Judged, Tile, next_time, refused::Level};

use super::PortalOptions;

/// Most apps that one page previews.
const MOST: usize = 200;

/// One app.
#[derive(Debug)]
pub(super) struct Card {
    pub(super) title: String,
    pub(super) tile: Tile,
    pub(super) href: String,
    pub(super) line: String,
    pub(super) chip: Option<Chip>,
}

/// The apps that open, now or by what the person can do alone; and those that others can open.
#[derive(Debug, Default)]
pub(super) struct Cards {
    pub(super) open: Vec<Card>,
    pub(super) more: Vec<Card>,
}

/// Previews every app that the portal shows.
pub(super) async fn of(
    engine: &Engine,
    options: &PortalOptions,
    judged: &Judged,
    session: &Session,
) -> Cards {
    let view = engine.view();
    let now = engine.clock().now();
    let shown = |app: &&Arc<App>| app.in_portal && app.name != options.sign_in;
    let mut cards = Cards::default();
    for app in view.facts.apps().filter(shown).take(MOST) {
        let entering = entering(app, judged, session);
        let card = |line: String, chip| Card {
            title: app.title.to_string(),
            tile: Tile::of(&app.title),
            href: start(app, judged, &view.facts, options),
            line,
            chip,
        };
        if engine.preview(&entering).outcome.is_allow() {
            cards.open.push(card(app.description.to_string(), None));
            continue;
        }
        if options.remedies == Level::None {
            continue;
        }
        let remedies = engine.remedies(&entering).await;
        let zone = app
            .time_zone
            .as_deref()
            .unwrap_or(&view.facts.settings().time_zone);
        match offer(&remedies, options.remedies, now, zone) {
            Offer::Alone(chip) => cards
                .open
                .push(card(app.description.to_string(), Some(chip))),
            // Who runs Gatewright is nobody's to ask for.
            Offer::Others(_) if runs_gatewright(app) => {}
            Offer::Others(line) => cards.more.push(card(line, None)),
            Offer::Nothing => {}
        }
    }
    cards
}

/// Where somebody begins with an app.
fn start(app: &App, judged: &Judged, facts: &Snapshot, options: &PortalOptions) -> String {
    match &app.upstream {
        Upstream::Elsewhere(start) => {
            let here = begun_here(app, judged, facts, options);
            here.unwrap_or_else(|| start.to_string())
        }
        _ => format!("{}/", judged.origin_of(&app.host)),
    }
}

/// Where somebody signs in to an app that speaks SAML without its having asked, where that is
/// declared.
fn begun_here(
    app: &App,
    judged: &Judged,
    facts: &Snapshot,
    options: &PortalOptions,
) -> Option<String> {
    let of_app = facts
        .clients()
        .filter(|client| client.app.as_ref() == Some(&app.name) && !client.is_off());
    let mut begins = of_app.filter(|client| {
        let saml = serde_json::from_str::<SamlClient>(&client.registration);
        saml.is_ok_and(|saml| saml.idp_initiated)
    });
    let (client, sign_in) = begins.next().zip(facts.app(&options.sign_in))?;
    let origin = judged.origin_of(&sign_in.host);
    Some(format!("{origin}/saml/start?client={}", client.name))
}

/// Opening the app's first page, by the session with all that it has proven: a cookie of less
/// is replaced on the way. Of one that is elsewhere, signing in to it.
fn entering(app: &App, judged: &Judged, session: &Session) -> Circumstances {
    let asking = asking(app, judged, session, ("GET", "/"));
    match &app.upstream {
        Upstream::Elsewhere(_) => Circumstances {
            action: Action::OidcAuthorize,
            resource: Arc::new(Resource::App(app.name.clone())),
            http: None,
            ..asking
        },
        _ => asking,
    }
}

/// Asking an app for a path, by the session with all that it has proven.
pub(super) fn asking(
    app: &App,
    judged: &Judged,
    session: &Session,
    (method, path): (&str, &str),
) -> Circumstances {
    Circumstances {
        principal: Principal::User(session.user),
        session: Some(session.id),
        rank: session.rank(),
        action: Action::HttpRequest,
        resource: Arc::new(Resource::Route(app.route_of(method, path))),
        address: judged.address,
        country: None,
        http: Some(OwnedHttp {
            method: method.into(),
            path: path.into(),
            host: app.host.clone(),
            websocket: false,
            upgrade: None,
            same_origin: true,
        }),
        device: None,
        risk: None,
        proposal: None,
        token: None,
        factor: None,
    }
}

fn runs_gatewright(app: &App) -> bool {
    matches!(&app.upstream, Upstream::BuiltIn(name) if **name == *"administration")
}

pub(super) enum Offer {
    Alone(Chip),
    Others(String),
    Nothing,
}

pub(super) fn offer(remedies: &Remedies, level: Level, now: Timestamp, zone: &str) -> Offer {
    if let Some(way) = remedies.ways.iter().find(|way| way.alone()) {
        return Offer::Alone(alone(way));
    }
    let ways: BTreeSet<String> = remedies
        .ways
        .iter()
        .map(|way| others(way, level, now, zone))
        .collect();
    match ways
        .into_iter()
        .reduce(|one, other| format!("{one}; or {other}"))
    {
        Some(ways) => Offer::Others(format!("Opens {ways}")),
        None => Offer::Nothing,
    }
}

fn alone(way: &Remedy) -> Chip {
    if way.steps.contains(&Lever::EnrolPasskey) {
        Chip::step_up("asks for a passkey")
    } else if way.steps.contains(&Lever::ConfirmWithPasskey) {
        Chip::step_up("asks again for your passkey")
    } else {
        Chip::step_up("asks you to sign in again")
    }
}

/// What it takes, told as far as the person may know.
fn others(way: &Remedy, level: Level, now: Timestamp, zone: &str) -> String {
    let step = |step: &Lever| match step {
        Lever::SignIn => "after a sign-in".into(),
        Lever::ConfirmWithPasskey => "after you confirm with your passkey".into(),
        Lever::ConfirmWithProvider(_) => "after you confirm with your linked account".into(),
        Lever::ConfirmWithPassword => "after you confirm with your password and a code".into(),
        Lever::EnrolPasskey => "after you add a passkey".into(),
        Lever::FreshLink => "with a fresh sign-in link".into(),
        Lever::Network(name) if level == Level::Full => format!("from the network {name}"),
        Lever::Network(_) => "from a network your organisation knows".into(),
        Lever::Time(at) => format!("from {}", next_time(*at, now, zone)),
        Lever::Group(name) if level == Level::Full => format!("to the group {name}"),
        Lever::Group(_) => "once someone who administers Gatewright gives you access".into(),
    };
    way.steps
        .iter()
        .map(step)
        .collect::<Vec<String>>()
        .join(" and ")
}
