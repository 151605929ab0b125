//! The Cedar context of an access: typed values, and only what the slice can ask for.

use cedar_policy::{Context as CedarContext, RestrictedExpression as Value};
use gw_model::{Attribute, AttributeSet, Context, Fault, Timestamp};
use jiff::tz::TimeZone;

use crate::{
    clock::{Local, instant},
    reads::Reads,
};

/// Fields of one record, of which only the mentioned are kept.
struct Fields {
    mentioned: AttributeSet,
    fields: Vec<(String, Value)>,
}

impl Fields {
    const fn of(mentioned: AttributeSet) -> Self {
        Self {
            mentioned,
            fields: Vec::new(),
        }
    }

    fn put(&mut self, attribute: Attribute, value: impl FnOnce() -> Value) {
        if self.mentioned.contains(attribute) {
            let path = attribute.path();
            let name = path.rsplit_once('.').map_or(path, |(_, name)| name);
            self.fields.push((name.to_owned(), value()));
        }
    }

    fn put_if<T>(&mut self, attribute: Attribute, value: Option<T>, make: impl FnOnce(T) -> Value) {
        if let Some(value) = value {
            self.put(attribute, || make(value));
        }
    }

    fn record(self) -> Result<Value, Fault> {
        Value::new_record(self.fields).map_err(|e| fault(&e))
    }
}

/// Builds the context that policies with these reads evaluate over.
pub(crate) fn build(
    reads: &Reads,
    context: &Context<'_>,
    zone: Option<&TimeZone>,
    now: Timestamp,
) -> Result<(CedarContext, Option<Local>), Fault> {
    let mentioned = reads.needed;
    let local = zone.map(|zone| Local::at(zone, now)).transpose()?;
    let mut records = vec![
        ("authn", authn(mentioned, context, now).record()?),
        ("network", network(mentioned, context).record()?),
        ("time", time(mentioned, local, now)?.record()?),
    ];
    if let Some(fields) = session(mentioned, context, now) {
        records.push(("session", fields.record()?));
    }
    if let Some(fields) = device(mentioned, context, now) {
        records.push(("device", fields.record()?));
    }
    if let Some(fields) = risk(mentioned, context) {
        records.push(("risk", fields.record()?));
    }
    if let Some(fields) = http(mentioned, context) {
        records.push(("http", fields.record()?));
    }
    let records = records
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    let built = CedarContext::from_pairs(records).map_err(|e| fault(&e))?;
    Ok((built, local))
}

fn authn(mentioned: AttributeSet, context: &Context<'_>, now: Timestamp) -> Fields {
    let authn = context.authn;
    let mut fields = Fields::of(mentioned);
    fields.put(Attribute::AuthnMethods, || {
        Value::new_set(authn.events.iter().map(|e| text(e.method.as_str())))
    });
    let resistant = authn.latest_phishing_resistant();
    fields.put(Attribute::AuthnPhishingResistant, || {
        Value::new_bool(resistant.is_some())
    });
    fields.put(Attribute::AuthnAgeSecs, || {
        Value::new_long(authn.latest().map_or(i64::MAX, |at| age(at, now)))
    });
    fields.put_if(Attribute::AuthnPhishingResistantAgeSecs, resistant, |at| {
        Value::new_long(age(at, now))
    });
    fields
}

fn network(mentioned: AttributeSet, context: &Context<'_>) -> Fields {
    let network = &context.network;
    let mut fields = Fields::of(mentioned);
    fields.put(Attribute::NetworkAddress, || {
        Value::new_ip(network.address.to_canonical().to_string())
    });
    fields.put_if(Attribute::NetworkCountry, network.country, |code| {
        Value::new_string(String::from_utf8_lossy(&code).into_owned())
    });
    fields.put(Attribute::NetworkNames, || {
        Value::new_set(network.names.iter().map(|name| text(name)))
    });
    fields
}

fn session(mentioned: AttributeSet, context: &Context<'_>, now: Timestamp) -> Option<Fields> {
    let session = context.session?;
    let mut fields = Fields::of(mentioned);
    fields.put(Attribute::SessionAgeSecs, || {
        Value::new_long(age(session.started, now))
    });
    fields.put(Attribute::SessionEnrolment, || {
        Value::new_bool(session.enrolment)
    });
    Some(fields)
}

fn device(mentioned: AttributeSet, context: &Context<'_>, now: Timestamp) -> Option<Fields> {
    let device = context.device.as_ref()?;
    let mut fields = Fields::of(mentioned);
    fields.put(Attribute::DeviceCompliant, || {
        Value::new_bool(device.compliant)
    });
    fields.put(Attribute::DeviceManaged, || Value::new_bool(device.managed));
    fields.put(Attribute::DeviceDiskEncrypted, || {
        Value::new_bool(device.disk_encrypted)
    });
    fields.put(Attribute::DevicePlatform, || text(&device.platform));
    fields.put(Attribute::DeviceAgeSecs, || {
        Value::new_long(age(device.reported_at, now))
    });
    Some(fields)
}

fn risk(mentioned: AttributeSet, context: &Context<'_>) -> Option<Fields> {
    let risk = context.risk?;
    let mut fields = Fields::of(mentioned);
    fields.put(Attribute::RiskScore, || {
        Value::new_long(i64::from(risk.score))
    });
    Some(fields)
}

fn http(mentioned: AttributeSet, context: &Context<'_>) -> Option<Fields> {
    let http = context.http?;
    let mut fields = Fields::of(mentioned);
    fields.put(Attribute::HttpMethod, || text(http.method));
    fields.put(Attribute::HttpPath, || text(http.path));
    fields.put(Attribute::HttpHost, || text(http.host));
    fields.put(Attribute::HttpWebsocket, || Value::new_bool(http.websocket));
    fields.put(Attribute::HttpSameOrigin, || {
        Value::new_bool(http.same_origin)
    });
    Some(fields)
}

fn time(mentioned: AttributeSet, local: Option<Local>, now: Timestamp) -> Result<Fields, Fault> {
    let mut fields = Fields::of(mentioned);
    fields.put_if(Attribute::TimeHour, local, |l| Value::new_long(l.hour()));
    fields.put_if(Attribute::TimeMinute, local, |l| {
        Value::new_long(l.minute())
    });
    fields.put_if(Attribute::TimeMinuteOfDay, local, |l| {
        Value::new_long(l.minute_of_day())
    });
    fields.put_if(Attribute::TimeWeekday, local, |l| {
        Value::new_long(l.weekday)
    });
    if mentioned.contains(Attribute::TimeNow) {
        let second = instant(Timestamp::from_secs(now.as_secs()))?;
        fields.put(Attribute::TimeNow, || {
            Value::new_datetime(second.to_string())
        });
    }
    Ok(fields)
}

fn text(text: &str) -> Value {
    Value::new_string(text.to_owned())
}

/// Whole seconds that have passed; none before the beginning.
pub(crate) fn age(since: Timestamp, now: Timestamp) -> i64 {
    i64::try_from(now.since(since).as_secs()).unwrap_or(i64::MAX)
}

fn fault(error: &dyn std::fmt::Display) -> Fault {
    Fault {
        policy: None,
        what: format!("the circumstances cannot be put to policy: {error}"),
    }
}
