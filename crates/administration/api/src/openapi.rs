//! The OpenAPI 3.1 document, made from the table of endpoints and the types that they speak.

use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    endpoint::{ENDPOINTS, Endpoint},
    query::Parameter,
    types::{Problem, ProposalView},
};

/// What may go wrong with any request.
const REFUSALS: &[(&str, &str)] = &[
    (
        "400",
        "It could not be read in one way only, or not at all.",
    ),
    ("401", "Nobody is signed in, or the session is over."),
    ("403", "Policy does not let it happen."),
    ("404", "There is no such thing."),
    ("405", "The path has other methods; `Allow` names them."),
    ("408", "It took too long to arrive."),
    ("409", "It does not fit what is there."),
    (
        "412",
        "It was changed by somebody else meanwhile (`If-Match`).",
    ),
    ("413", "It is too much."),
    ("415", "The body is not said to be JSON."),
    ("414", "The address is too long."),
    ("421", "It was sent on a connection for another host."),
    (
        "422",
        "It cannot be understood; `field` names what is wrong.",
    ),
    ("429", "It is too much at once."),
    ("431", "Its headers are too large."),
    ("500", "It failed; the log says more."),
    ("503", "It cannot be decided or recorded now."),
];

/// The document.
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = SchemaGenerator::new(settings);
    let problem = generator.subschema_for::<Problem>();
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in ENDPOINTS {
        let operation = operation(endpoint, &mut generator);
        let path = paths
            .entry(endpoint.path)
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(methods) = path {
            methods.insert(endpoint.method.as_str().to_lowercase(), operation);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Gatewright administration",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Times are milliseconds since the Unix epoch. A browser is let in by the cookie of this origin; on the machine itself the same is served over a Unix socket. Each operation is a question to policy: `x-action` names its action.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "responses": refusals(&problem),
            "schemas": generator.take_definitions(true),
        },
    })
}

fn refusals(problem: &schemars::Schema) -> Map<String, Value> {
    let content = json!({ "application/problem+json": { "schema": problem } });
    REFUSALS
        .iter()
        .map(|(status, what)| {
            let response = json!({ "description": what, "content": content });
            ((*status).to_owned(), response)
        })
        .collect()
}

fn operation(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Value {
    let mut parameters: Vec<Value> = in_path(endpoint.path).map(path_parameter).collect();
    parameters.extend(endpoint.query.iter().map(query_parameter));
    if endpoint.method != http::Method::GET && endpoint.method != http::Method::POST {
        parameters.push(header("If-Match", "Only if it still has this entity tag."));
    }
    if endpoint.status == 201 || endpoint.is_proposable() {
        let what = "The same key again gets the first answer; kept for an hour.";
        parameters.push(header("Idempotency-Key", what));
    }
    let mut responses: Map<String, Value> = REFUSALS
        .iter()
        .map(|(status, _)| {
            let declared = json!({ "$ref": format!("#/components/responses/{status}") });
            ((*status).to_owned(), declared)
        })
        .collect();
    let answer = (endpoint.gives)(generator);
    responses.insert(
        endpoint.status.to_string(),
        json!({ "description": "Done.", "content": { "application/json": { "schema": answer } } }),
    );
    if endpoint.is_proposable() {
        let proposal = generator.subschema_for::<ProposalView>();
        let what = "Proposed, with `propose`: nothing is changed until somebody else approves it.";
        let content = json!({ "application/json": { "schema": proposal } });
        responses.insert(
            "202".into(),
            json!({ "description": what, "content": content }),
        );
    }
    let mut operation = json!({
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "tags": [tag(endpoint.path)],
        "x-action": endpoint.action.as_str(),
        "parameters": parameters,
        "responses": responses,
    });
    if let (Some(takes), Value::Object(said)) = (endpoint.takes, &mut operation) {
        let schema = takes(generator);
        let body = json!({ "content": { "application/json": { "schema": schema } } });
        said.insert("requestBody".into(), body);
    }
    operation
}

/// The first segment behind the version.
fn tag(path: &str) -> &str {
    path.split('/').nth(2).unwrap_or_default()
}

fn in_path(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

fn path_parameter(name: &str) -> Value {
    json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } })
}

fn query_parameter(parameter: &Parameter) -> Value {
    let mut schema = json!({ "type": parameter.kind });
    if let Value::Object(said) = &mut schema {
        if !parameter.words.is_empty() {
            said.insert("enum".into(), json!(parameter.words));
        }
        if parameter.kind == "integer" {
            said.insert("minimum".into(), json!(parameter.least));
            said.insert("maximum".into(), json!(parameter.most));
        }
    }
    json!({ "name": parameter.name, "in": "query", "description": parameter.what, "schema": schema })
}

fn header(name: &str, what: &str) -> Value {
    json!({ "name": name, "in": "header", "description": what, "schema": { "type": "string" } })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the document is kept for people and tools that have no Gatewright running.
    const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/openapi.json");

    #[test]
    fn the_committed_document_is_the_one_that_is_served() {
        let made = serde_json::to_string_pretty(&document()).unwrap() + "\n";
        if std::env::var_os("GATEWRIGHT_WRITE").is_some() {
            std::fs::write(COMMITTED, &made).unwrap();
        }
        let committed = std::fs::read_to_string(COMMITTED).unwrap_or_default();
        assert!(
            committed == made,
            "docs/openapi.json is not what the code says: `GATEWRIGHT_WRITE=1 cargo test -p gw-api openapi` writes it"
        );
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_endpoint_is_there() {
        let document = document();
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
        for endpoint in ENDPOINTS {
            let method = endpoint.method.as_str().to_lowercase();
            let operation = &document["paths"][endpoint.path][method];
            assert_eq!(operation["x-action"], endpoint.action.as_str());
        }
    }
}
