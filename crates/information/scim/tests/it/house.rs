//! A service to ask, and what it answers.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use gw_scim::{Service, Settings};
use http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};

use crate::memory::Memory;

pub(crate) const BASE: &str = "https://id.example/scim/v2";
pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

pub(crate) struct House {
    pub(crate) service: Service,
    pub(crate) directory: Memory,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::at(BASE).unwrap();
        change(&mut settings);
        Self {
            service: Service::new(settings),
            directory: Memory::default(),
        }
    }

    pub(crate) fn send(&self, request: Request<Bytes>) -> Answer {
        let response = now(self.service.serve(&self.directory, request));
        let (head, body) = response.into_parts();
        let body = match body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&body).unwrap(),
        };
        Answer {
            status: head.status,
            headers: head.headers,
            body,
        }
    }

    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.ask_if(method, path, &[], body)
    }

    pub(crate) fn ask_if(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/scim/v2{path}"))
            .header("content-type", "application/scim+json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Value::Null => Bytes::new(),
            body => body.to_string().into(),
        };
        self.send(request.body(body).unwrap())
    }

    /// Asks with a body that need not be JSON.
    pub(crate) fn ask_raw(&self, method: &str, path: &str, body: impl Into<Bytes>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(format!("/scim/v2{path}"))
            .header("content-type", "application/scim+json");
        self.send(request.body(body.into()).unwrap())
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &Value::Null)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, body)
    }

    /// Patches with these operations.
    pub(crate) fn patch(&self, path: &str, operations: &Value) -> Answer {
        let schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
        self.ask(
            "PATCH",
            path,
            &json!({"schemas": [schema], "Operations": operations}),
        )
    }

    /// A new person's path.
    pub(crate) fn person(&self, user: &Value) -> String {
        let answer = self.post("/Users", user);
        assert_eq!(answer.status, 201, "{}", answer.body);
        format!("/Users/{}", answer.id())
    }

    /// A new group's path.
    pub(crate) fn group(&self, group: &Value) -> String {
        let answer = self.post("/Groups", group);
        assert_eq!(answer.status, 201, "{}", answer.body);
        format!("/Groups/{}", answer.id())
    }

    /// What is found, by a filter that is not escaped yet.
    pub(crate) fn found(&self, path: &str, filter: &str) -> Answer {
        let query: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("filter", filter)
            .finish();
        self.get(&format!("{path}?{query}"))
    }
}

impl Answer {
    pub(crate) fn id(&self) -> &str {
        self.body["id"].as_str().unwrap()
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    /// A refusal of this kind, and its words.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, kind: &str) -> String {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.body["status"], status.to_string());
        assert_eq!(
            self.body["scimType"].as_str().unwrap_or_default(),
            kind,
            "{}",
            self.body
        );
        assert_eq!(
            self.body["schemas"][0],
            "urn:ietf:params:scim:api:messages:2.0:Error"
        );
        self.body["detail"].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The ids of what is listed.
    pub(crate) fn ids(&self) -> Vec<&str> {
        let resources = self.body["Resources"].as_array().unwrap();
        resources
            .iter()
            .map(|one| one["id"].as_str().unwrap())
            .collect()
    }
}

/// The last segment of a path.
pub(crate) fn id(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

/// What comes of a future that only ever lets others have a turn, of whom there are none.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    for _ in 0..10_000 {
        if let Poll::Ready(value) = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            return value;
        }
    }
    panic!("it waits for something")
}
