//! The Cedar context of an access: typed values, and only what the slice can ask for.

use std::{collections::BTreeMap, sync::Arc};

use cedar_policy::{RestrictedExpression, pst::SmolStr};
use cedar_policy_core::{
    ast::{Context as CedarContext, Value},
    evaluator::RestrictedEvaluator,
    extensions::Extensions,
};
use gw_model::{Attribute, AttributeSet, Context, Fault, GroupName, Timestamp};

use crate::clock::{Local, instant};

/// Builds the context with those of the needed attributes that are known.
pub(crate) fn build(
    needed: AttributeSet,
    context: &Context<'_>,
    local: Option<Local>,
    now: Timestamp,
) -> Result<CedarContext, Fault> {
    let mut records = BTreeMap::new();
    for attribute in needed.iter() {
        let value = value(attribute, context, local, now)?;
        if value.is_none() && !is_sometimes_absent(attribute) {
            // What has no such record has no such attribute.
            continue;
        }
        let (record, name) = attribute.path().split_once('.').unwrap_or_default();
        let fields = records
            .entry(SmolStr::new_static(record))
            .or_insert_with(BTreeMap::new);
        if let Some(value) = value {
            fields.insert(SmolStr::new_static(name), value);
        }
    }
    let records = records
        .into_iter()
        .map(|(name, fields)| (name, Value::record_arc(Arc::new(fields), None)))
        .collect();
    Ok(CedarContext::Value(Arc::new(records)))
}

/// Whether the schema lets it be absent from a record that is there.
const fn is_sometimes_absent(attribute: Attribute) -> bool {
    matches!(
        attribute,
        Attribute::AuthnPhishingResistantAgeSecs
            | Attribute::AuthnMultiFactorAgeSecs
            | Attribute::NetworkCountry
    )
}

/// An attribute's value, where it is known.
fn value(
    attribute: Attribute,
    context: &Context<'_>,
    local: Option<Local>,
    now: Timestamp,
) -> Result<Option<Value>, Fault> {
    let authn = context.authn;
    let network = &context.network;
    let device = context.device.as_ref();
    let age = |since: Timestamp| age(since, now);
    Ok(match attribute {
        Attribute::AuthnMethods => Some(texts(authn.events.iter().map(|e| e.method.as_str()))),
        Attribute::AuthnPhishingResistant => Some(authn.is_phishing_resistant().into()),
        Attribute::AuthnMultiFactor => Some(authn.is_multi_factor().into()),
        Attribute::AuthnProviders => Some(texts(
            authn.by_providers().map(|said| said.provider.as_str()),
        )),
        Attribute::AuthnAcr => Some(texts(authn.by_providers().filter_map(|p| p.acr.as_deref()))),
        Attribute::AuthnAmr => {
            let said = authn.by_providers().flat_map(|said| said.amr.iter());
            Some(texts(said.map(|word| &**word)))
        }
        Attribute::AuthnAgeSecs => Some(authn.latest().map_or(i64::MAX, age).into()),
        Attribute::AuthnPhishingResistantAgeSecs => {
            authn.latest_phishing_resistant().map(|at| age(at).into())
        }
        Attribute::AuthnMultiFactorAgeSecs => authn.latest_multi_factor().map(|at| age(at).into()),
        Attribute::SessionAgeSecs => context.session.map(|s| age(s.started).into()),
        Attribute::SessionEnrolment => context.session.map(|s| s.enrolment.into()),
        Attribute::NetworkAddress => {
            let address = network.address.to_canonical().to_string();
            Some(extension(&RestrictedExpression::new_ip(address))?)
        }
        Attribute::NetworkCountry => network
            .country
            .map(|code| String::from_utf8_lossy(&code).into_owned().into()),
        Attribute::NetworkNames => Some(texts(network.names.iter().map(|name| &**name))),
        Attribute::DeviceCompliant => device.map(|d| d.compliant.into()),
        Attribute::DeviceManaged => device.map(|d| d.managed.into()),
        Attribute::DeviceDiskEncrypted => device.map(|d| d.disk_encrypted.into()),
        Attribute::DevicePlatform => device.map(|d| (&*d.platform).into()),
        Attribute::DeviceAgeSecs => device.map(|d| age(d.reported_at).into()),
        Attribute::RiskScore => context.risk.map(|risk| i64::from(risk.score).into()),
        Attribute::HttpMethod => context.http.map(|http| http.method.into()),
        Attribute::HttpPath => context.http.map(|http| http.path.into()),
        Attribute::HttpHost => context.http.map(|http| http.host.into()),
        Attribute::HttpWebsocket => context.http.map(|http| http.websocket.into()),
        Attribute::HttpSameOrigin => context.http.map(|http| http.same_origin.into()),
        Attribute::TimeHour => local.map(|l| l.hour().into()),
        Attribute::TimeMinute => local.map(|l| l.minute().into()),
        Attribute::TimeMinuteOfDay => local.map(|l| l.minute_of_day().into()),
        Attribute::TimeWeekday => local.map(|l| l.weekday.into()),
        Attribute::TimeNow => {
            let second = instant(Timestamp::from_secs(now.as_secs()))?.to_string();
            Some(extension(&RestrictedExpression::new_datetime(second))?)
        }
        Attribute::ProposalBy => context.proposal.map(|proposal| proposal.by.into()),
        Attribute::ProposalGroups => context
            .proposal
            .map(|proposal| texts(proposal.groups.iter().map(GroupName::as_str))),
        Attribute::ProposalAction => context.proposal.map(|p| p.action.as_str().into()),
        Attribute::TokenClient => context.token.map(|token| token.client.into()),
        Attribute::TokenScopes => context.token.map(|token| texts_of(token.scopes)),
        Attribute::TokenActors => context.token.map(|token| texts_of(token.actors)),
        Attribute::TokenSenderConstrained => {
            context.token.map(|token| token.sender_constrained.into())
        }
        Attribute::TokenWorkload => context.token.map(|token| texts_of(token.workload)),
        Attribute::FactorKind => context.factor.map(|kind| kind.as_str().into()),
    })
}

fn texts_of(texts: &[Arc<str>]) -> Value {
    self::texts(texts.iter().map(|text| &**text))
}

fn texts<'t>(texts: impl Iterator<Item = &'t str>) -> Value {
    Value::set(texts.map(Value::from), None)
}

/// A value of an extension type, which only its constructor makes.
fn extension(expression: &RestrictedExpression) -> Result<Value, Fault> {
    RestrictedEvaluator::new(Extensions::all_available())
        .interpret(expression.as_ref().as_borrowed())
        .map_err(|error| Fault {
            policy: None,
            what: format!("the circumstances cannot be put to policy: {error}"),
        })
}

/// Whole seconds that have passed; none before the beginning.
pub(crate) fn age(since: Timestamp, now: Timestamp) -> i64 {
    i64::try_from(now.since(since).as_secs()).unwrap_or(i64::MAX)
}
