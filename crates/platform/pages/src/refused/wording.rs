//! The words of a refusal, derived from the levers alone.

use gw_model::{AuthnEvent, Lever, Remedy};

use super::{Level, View};
use crate::next_time;

/// One step in the person's words: what to do, what it takes, and the button for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepWords<'a> {
    /// What to do.
    pub what: String,
    /// What it takes.
    pub detail: String,
    /// The button: what it says and where it leads.
    pub button: Option<(&'static str, &'a str)>,
    /// Whether it is the thing to do first.
    pub first: bool,
}

/// "Payroll needs a stronger sign-in": what is closed, as a title.
pub fn headline(view: &View<'_>) -> String {
    let app = view.app;
    match kind(view) {
        Kind::SignIn => format!("Sign in to open {app}"),
        Kind::Stronger => format!("{app} needs a stronger sign-in"),
        Kind::Fresher => format!("{app} needs a fresher sign-in"),
        Kind::Closed => format!("{app} is not open to you"),
    }
}

/// The one-sentence reason.
pub fn reason(view: &View<'_>) -> String {
    let app = view.app;
    match kind(view) {
        Kind::SignIn => format!("{app} opens only for people that it knows."),
        Kind::Stronger if any(view, |lever| *lever == Lever::ConfirmWithPassword) => {
            format!("{app} opens once you have confirmed with more than a link.")
        }
        Kind::Stronger => format!("{app} opens once you have confirmed with a passkey."),
        Kind::Fresher => format!("{app} opens for a while after each sign-in."),
        Kind::Closed if view.remedies.ways.is_empty() => {
            format!("No way was found to open {app} for you.")
        }
        Kind::Closed => format!("{app} does not open for you as things are."),
    }
}

/// Whether any way has such a step.
fn any(view: &View<'_>, lever: fn(&Lever) -> bool) -> bool {
    let mut ways = view.remedies.ways.iter();
    ways.any(|way| way.steps.iter().any(lever))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    SignIn,
    Stronger,
    Fresher,
    Closed,
}

fn kind(view: &View<'_>) -> Kind {
    let fresh = any(view, |lever| *lever == Lever::FreshLink);
    let proof = any(view, |lever| {
        matches!(
            lever,
            Lever::ConfirmWithPasskey
                | Lever::ConfirmWithProvider(_)
                | Lever::ConfirmWithPassword
                | Lever::EnrolPasskey
        )
    });
    let proven = view.authn.iter().any(AuthnEvent::is_phishing_resistant);
    if view.person.is_none() {
        Kind::SignIn
    } else if proof && !proven && !fresh {
        Kind::Stronger
    } else if proof || fresh {
        Kind::Fresher
    } else {
        Kind::Closed
    }
}

/// One step of a way, told as far as the person may know.
pub fn step_words<'a>(lever: &Lever, view: &View<'a>) -> StepWords<'a> {
    let links = &view.links;
    match lever {
        Lever::SignIn => StepWords {
            what: "Sign in".into(),
            detail: "A few seconds. You come back to this page.".into(),
            button: links.sign_in.map(|href| ("Sign in", href)),
            first: true,
        },
        Lever::ConfirmWithPasskey => StepWords {
            what: "Confirm with your passkey".into(),
            detail: "A few seconds. You come back to this page.".into(),
            button: links.confirm.map(|href| ("Confirm", href)),
            first: true,
        },
        Lever::ConfirmWithProvider(_) => StepWords {
            what: "Confirm with your linked account".into(),
            detail: "You sign in there once more, and come back to this page.".into(),
            button: links.confirm.map(|href| ("Confirm", href)),
            first: true,
        },
        Lever::ConfirmWithPassword => StepWords {
            what: "Confirm with your password and a code".into(),
            detail: "Both are asked for. You come back to this page.".into(),
            button: links.confirm.map(|href| ("Confirm", href)),
            first: true,
        },
        Lever::EnrolPasskey => StepWords {
            what: "Add a passkey".into(),
            detail: "Takes a minute: your fingerprint, face or screen lock, or a security key. You come back to this page.".into(),
            button: links.enrol.map(|href| ("Add a passkey", href)),
            first: true,
        },
        Lever::FreshLink => StepWords {
            what: "Sign in with a fresh link".into(),
            detail: view
                .ask
                .unwrap_or("Ask whoever gave you your last link for a new one, open it, and come back to this page.")
                .into(),
            button: None,
            first: false,
        },
        Lever::Network(name) => StepWords {
            what: match view.level {
                Level::Full => format!("Open it from the network {name}"),
                Level::None | Level::Own => "Open it from a network your organisation knows".into(),
            },
            detail: "Then check again.".into(),
            button: again(view),
            first: false,
        },
        Lever::Time(at) => StepWords {
            what: format!("Open it again from {}", next_time(*at, view.now, view.zone)),
            detail: "It opens by itself; nothing else is needed.".into(),
            button: again(view),
            first: false,
        },
        Lever::Group(name) => StepWords {
            what: match view.level {
                Level::Full => format!("Be put into the group {name}"),
                Level::None | Level::Own => "Be given access".into(),
            },
            detail: "Someone who administers Gatewright can do it.".into(),
            button: None,
            first: false,
        },
    }
}

fn again<'a>(view: &View<'a>) -> Option<(&'static str, &'a str)> {
    view.links.again.map(|href| ("Check again", href))
}

/// Whether all of a way is somebody else's to do: it belongs to "whom to ask".
pub(super) fn is_only_for_others(way: &Remedy) -> bool {
    way.steps.iter().all(|step| matches!(step, Lever::Group(_)))
}

/// Whom to ask, as sentences.
pub(super) fn whom_to_ask(view: &View<'_>) -> Vec<String> {
    if view.level == Level::None {
        return Vec::new();
    }
    let mut sentences = Vec::new();
    let given = view
        .remedies
        .ways
        .iter()
        .filter(|way| is_only_for_others(way));
    for way in given {
        let sentence = match view.level {
            Level::Full => format!("Being in {} opens it.", groups(way)),
            Level::None | Level::Own => {
                "Someone who administers Gatewright can give you access.".into()
            }
        };
        if !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
    if sentences.is_empty() && !view.remedies.ways.iter().any(Remedy::alone) {
        sentences.push(
            "If you think it should be open to you, ask someone who administers Gatewright, and give them the decision below.".into(),
        );
    }
    sentences
}

fn groups(way: &Remedy) -> String {
    let names: Vec<String> = way
        .steps
        .iter()
        .filter_map(|step| match step {
            Lever::Group(name) => Some(format!("the group {name}")),
            _ => None,
        })
        .collect();
    names.join(" and ")
}
