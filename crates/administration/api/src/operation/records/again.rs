//! What was refused, asked once more: which ways there are now.

use std::sync::Arc;

use gw_engine::{Circumstances, OwnedHttp};
use gw_ledger::{
    Entry, ExchangeKind, ExchangeRecord, JudgementRecord, PersonalFields, PersonalState, Record,
};
use gw_model::{Attribute, FactorKind, Principal, Snapshot, Timestamp};

/// The circumstances of a refusal, as far as the record tells them, with all that the session has
/// proven by now.
///
/// None where it was no refusal of a person who is still there, or where what is personal in the
/// record was removed.
pub(super) fn circumstances(
    facts: &Snapshot,
    entry: &Entry,
    judgement: &JudgementRecord,
    now: Timestamp,
) -> Option<Circumstances> {
    let Principal::User(user) = judgement.principal else {
        return None;
    };
    let is_here = facts.user(user).is_some_and(|user| !user.disabled);
    if judgement.decision.outcome.is_allow() || !is_here {
        return None;
    }
    let PersonalState::Present(personal) = &entry.personal else {
        return None;
    };
    let http = match &entry.record {
        Record::Exchange(exchange) => Some(http(exchange, judgement, personal)?),
        _ => None,
    };
    let session = judgement.session.and_then(|id| facts.session(id));
    let session = session.filter(|session| session.over(now).is_none());
    Some(Circumstances {
        principal: judgement.principal,
        session: session.map(|session| session.id),
        rank: session.map_or(0, |session| session.rank()),
        action: judgement.action,
        resource: Arc::new(judgement.resource.clone()),
        address: personal.address?,
        country: None,
        http,
        device: None,
        risk: None,
        proposal: None,
        token: None,
        factor: factor(judgement),
    })
}

/// What was to be enrolled or removed, where that was read.
fn factor(judgement: &JudgementRecord) -> Option<FactorKind> {
    let mut attributes = judgement.attributes.iter();
    let told = attributes.find(|told| *told.path == *Attribute::FactorKind.path())?;
    FactorKind::from_word(told.value.as_deref()?)
}

fn http(
    exchange: &ExchangeRecord,
    judgement: &JudgementRecord,
    personal: &PersonalFields,
) -> Option<OwnedHttp> {
    let mut attributes = judgement.attributes.iter();
    let same_origin =
        attributes.find(|attribute| *attribute.path == *Attribute::HttpSameOrigin.path());
    let is_false = |value: &Arc<str>| **value == *"false";
    Some(OwnedHttp {
        method: exchange.method.word()?.into(),
        path: personal.path.as_str().into(),
        host: personal.host.as_str().into(),
        websocket: exchange.kind == ExchangeKind::Websocket,
        upgrade: None,
        same_origin: same_origin
            .and_then(|told| told.value.as_ref())
            .is_none_or(|value| !is_false(value)),
    })
}
