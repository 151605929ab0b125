//! Who people are at providers of identities. Whoever says so could sign in as them, so that nobody
//! does for a person whose rights exceed their own, nor for longer than they do not.

use gw_model::{ExternalIdentity, ProviderName};
use gw_store::Refused;

use super::{
    super::{Call, Reply, break_glass::leave_signed_in, providers},
    Rights,
    change::{change, done, present},
    link::bounds,
    may_change,
};
use crate::types::{Problem, SetIdentity};

/// The longest subject, in characters (OpenID Connect Core 1.0, 2: `sub`).
const SUBJECT_CHARS_MAX: usize = 255;

pub(in crate::operation) async fn set(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: SetIdentity = call.body()?;
    check_subject(&asked.subject)?;
    let provider = provider(call)?;
    let user = present(call)?;
    may_change(call, &user)?;
    leave_signed_in(call, user.id)?;
    let identity = ExternalIdentity {
        within: bounds(call),
        ..ExternalIdentity::of(provider.clone(), asked.subject.into())
    };
    let rights = Some(Rights::of(call));
    let what = format!("user known at the provider `{provider}`");
    done(
        change(call, what, rights, move |user| {
            let same = |known: &&ExternalIdentity| known.is(&provider, &identity.subject);
            let known = user.identities.iter().find(same).cloned();
            user.identities.retain(|known| known.provider != provider);
            // What holds for good is not made to hold for less long by being said again.
            let off = known.as_ref().is_some_and(|known| known.off);
            let unbounded = known.filter(|known| known.within.is_none());
            user.identities
                .push(unbounded.unwrap_or(ExternalIdentity { off, ..identity }));
            Ok(())
        })
        .await?,
    )
}

pub(in crate::operation) async fn remove(call: &Call<'_>) -> Result<Reply, Problem> {
    let provider = provider(call)?;
    let user = present(call)?;
    may_change(call, &user)?;
    leave_signed_in(call, user.id)?;
    let rights = Some(Rights::of(call));
    let what = format!("user not known at the provider `{provider}` any more");
    done(
        change(call, what, rights, move |user| {
            let before = user.identities.len();
            user.identities.retain(|known| known.provider != provider);
            if user.identities.len() == before {
                let detail = format!("`{}` is not known at the provider `{provider}`", user.name);
                return Err(Refused::Declined(detail));
            }
            user.groups.retain(|m| m.by.as_ref() != Some(&provider));
            Ok(())
        })
        .await?,
    )
}

/// The provider that the path names.
fn provider(call: &Call<'_>) -> Result<ProviderName, Problem> {
    let view = call.engine().view();
    let found = providers::find(&view.facts, call.parameter(1))?;
    Ok(found.name.clone())
}

fn check_subject(subject: &str) -> Result<(), Problem> {
    let fine = (1..=SUBJECT_CHARS_MAX).contains(&subject.chars().count())
        && !subject.chars().any(char::is_control)
        && subject.trim() == subject;
    match fine {
        true => Ok(()),
        false => Err(Problem::invalid(format!(
            "`subject` is not 1 to {SUBJECT_CHARS_MAX} characters of plain text without space around them"
        ))
        .field("subject")
        .help("it is the provider's own id for them, the claim `sub`, and neither their name nor their address")),
    }
}
