//! The API behind the door: requests that were judged and let in like those of any app.

use bytes::Bytes;
use gw_pages::JudgedRequest;
use http::{Response, StatusCode};

use crate::{
    caller::Caller,
    service::{Administration, ApiRequest},
    types::Problem,
};

/// Where the API begins on its origin.
const PREFIX: &str = "/v1/";

impl Administration {
    /// Whether a path is the API's.
    pub fn is_api(path: &str) -> bool {
        path.starts_with(PREFIX)
    }

    /// The answer to a request that the door let in.
    pub async fn judged(&self, request: JudgedRequest) -> Response<Bytes> {
        let Some(caller) = Caller::person(&request.judged) else {
            let mut problem = Problem::denied("nobody is signed in");
            problem.status = StatusCode::UNAUTHORIZED.as_u16();
            return problem.response();
        };
        self.answer(ApiRequest {
            caller,
            method: request.method,
            path: (*request.path).into(),
            query: request.query.as_deref().unwrap_or_default().into(),
            headers: request.headers,
            body: request.body,
        })
        .await
    }
}
