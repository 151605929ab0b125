//! A request, and what is done about it.

mod bulk;
mod change;
mod discovery;
mod groups;
mod listing;
mod users;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use serde_json::{Map, Value};

use crate::{
    answer::{Answer, is_json, media_type, without_body},
    conditional::Conditions,
    directory::Directory,
    endpoint::{Action, Endpoint},
    id::{ResourceId, ResourceKind},
    json::read_object,
    projection::Projection,
    query::Query,
    refusal::Refusal,
    resource::Locations,
    settings::Settings,
};

/// A SCIM 2.0 service provider.
#[derive(Debug, Clone)]
pub struct Service {
    settings: Settings,
}

/// What is to be done with a resource, or with all of a kind.
struct Call<'c> {
    action: Action,
    kind: ResourceKind,
    id: Option<&'c ResourceId>,
    projection: &'c Projection,
    conditions: &'c Conditions,
    body: Map<String, Value>,
}

impl Service {
    /// A service with these settings.
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// How it is set up.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Answers a request, from who may ask and of whom the directory is a view.
    ///
    /// Its body has been read in full, no further than [`Settings::payload_max`]. Nothing is
    /// logged; the answer to a request that is refused names attributes and ids, never values.
    pub async fn serve<D: Directory>(
        &self,
        directory: &D,
        request: Request<Bytes>,
    ) -> Response<Bytes> {
        let media_type = media_type(request.headers());
        let response = match self.answer(directory, &request).await {
            Ok(answer) => answer.into_response(media_type),
            Err(refusal) => refusal.into_response(media_type),
        };
        match *request.method() {
            Method::HEAD => without_body(response),
            _ => response,
        }
    }

    /// The answer to a request that is refused before it is served.
    pub fn refused(
        headers: &HeaderMap,
        status: StatusCode,
        detail: &str,
        again_after: Option<Duration>,
    ) -> Response<Bytes> {
        let refusal = Refusal {
            again_after: again_after.map(|after| after.as_secs().max(1)),
            ..Refusal::new(status, detail)
        };
        refusal.into_response(media_type(headers))
    }

    async fn answer<D: Directory>(
        &self,
        directory: &D,
        request: &Request<Bytes>,
    ) -> Result<Answer, Refusal> {
        let path = request.uri().path().strip_prefix(self.settings.path());
        let endpoint = path.and_then(Endpoint::of).ok_or_else(Refusal::absent)?;
        let action = endpoint.action(request.method());
        let action = action.ok_or_else(|| Refusal::method(endpoint.methods()))?;
        let query = request.uri().query().unwrap_or_default();
        match endpoint {
            Endpoint::Root => self.list(directory, None, Query::of_address(query)?).await,
            Endpoint::Search(kind) => {
                let query = Query::of_message(self.body(request)?)?;
                self.list(directory, kind, query).await
            }
            Endpoint::All(kind) if action == Action::Read => {
                self.list(directory, Some(kind), Query::of_address(query)?)
                    .await
            }
            Endpoint::All(kind) => {
                self.of_request(directory, request, action, kind, None)
                    .await
            }
            Endpoint::One(kind, id) => {
                self.of_request(directory, request, action, kind, Some(&id))
                    .await
            }
            Endpoint::Bulk => self.bulk(directory, self.body(request)?).await,
            Endpoint::Me => Err(Refusal::new(
                StatusCode::NOT_IMPLEMENTED,
                "who asks is not a person here: address people by their id",
            )),
            discovered => discovery::answer(&self.settings, &discovered, query),
        }
    }

    async fn of_request<D: Directory>(
        &self,
        directory: &D,
        request: &Request<Bytes>,
        action: Action,
        kind: ResourceKind,
        id: Option<&ResourceId>,
    ) -> Result<Answer, Refusal> {
        let body = match action {
            Action::Read | Action::Remove => Map::new(),
            Action::Create | Action::Replace | Action::Patch => self.body(request)?,
        };
        let query = Query::of_address(request.uri().query().unwrap_or_default())?;
        let call = Call {
            action,
            kind,
            id,
            projection: &query.projection,
            conditions: &Conditions::of(request.headers()),
            body,
        };
        self.perform(directory, call).await
    }

    /// Does one thing with one resource, or creates one: by itself or as a part of a bulk.
    async fn perform<D: Directory>(
        &self,
        directory: &D,
        call: Call<'_>,
    ) -> Result<Answer, Refusal> {
        match call.kind {
            ResourceKind::User => self.of_users(directory, call).await,
            ResourceKind::Group => self.of_groups(directory, call).await,
        }
    }

    fn body(&self, request: &Request<Bytes>) -> Result<Map<String, Value>, Refusal> {
        if request.body().len() > self.settings.payload_max {
            let most = self.settings.payload_max;
            let detail = format!("the body is larger than {most} bytes: send it in parts");
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
        }
        if !is_json(request.headers()) {
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body is not said to be application/scim+json or application/json",
            ));
        }
        Ok(read_object(request.body())?)
    }

    fn locations(&self) -> Locations<'_> {
        Locations {
            base: self.settings.base(),
        }
    }
}
