//! What a client finds out before it begins: RFC 7644, section 4; RFC 7643, sections 5 to 7.

use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    answer::Answer,
    endpoint::Endpoint,
    id::ResourceKind,
    query::Query,
    refusal::Refusal,
    schema::{Schema, announced},
    settings::Settings,
};

const CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
const TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

pub(super) fn answer(
    settings: &Settings,
    endpoint: &Endpoint,
    query: &str,
) -> Result<Answer, Refusal> {
    if Query::of_address(query)?.filter.is_some() {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "what the service can do is not filtered: ask without a filter",
        ));
    }
    let base = settings.base();
    Ok(Answer::of(match endpoint {
        Endpoint::Config => config(settings),
        Endpoint::Types => all(ResourceKind::ALL
            .iter()
            .map(|kind| resource_type(base, *kind))),
        Endpoint::Type(kind) => resource_type(base, *kind),
        Endpoint::Schemas => all(Schema::ALL.iter().map(|schema| shown(base, schema))),
        Endpoint::Schema(one) => shown(base, one),
        _ => return Err(Refusal::absent()),
    }))
}

fn all(resources: impl Iterator<Item = Value>) -> Value {
    let resources: Vec<_> = resources.collect();
    json!({
        "schemas": [LIST],
        "totalResults": resources.len(),
        "startIndex": 1,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    })
}

fn shown(base: &str, schema: &Schema) -> Value {
    announced(schema, &format!("{base}/Schemas/{}", schema.urn))
}

fn resource_type(base: &str, kind: ResourceKind) -> Value {
    let extensions: Vec<_> = kind
        .extension()
        .into_iter()
        .map(|extension| json!({"schema": extension.urn, "required": false}))
        .collect();
    json!({
        "schemas": [TYPE],
        "id": kind.name(),
        "name": kind.name(),
        "description": kind.schema().description,
        "endpoint": format!("/{}", kind.segment()),
        "schema": kind.schema().urn,
        "schemaExtensions": extensions,
        "meta": {
            "resourceType": "ResourceType",
            "location": format!("{base}/ResourceTypes/{}", kind.name()),
        },
    })
}

fn config(settings: &Settings) -> Value {
    json!({
        "schemas": [CONFIG],
        "patch": {"supported": true},
        "bulk": {
            "supported": true,
            "maxOperations": settings.bulk_operations_max,
            "maxPayloadSize": settings.payload_max,
        },
        "filter": {"supported": true, "maxResults": settings.page_max},
        "changePassword": {"supported": false},
        "sort": {"supported": true},
        "etag": {"supported": true},
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A token of this directory's administration, in the Authorization header",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{}/ServiceProviderConfig", settings.base()),
        },
    })
}
