//! Requests at the administration's socket, once the kernel has said who is there.

use gw_api::{fuzzing, types};
use http::Method;
use serde::{Serialize, de::DeserializeOwned};

use crate::input;

/// The first line is `METHOD PATH`, the rest is the body.
pub(crate) fn request(data: &[u8]) {
    let (line, body) = input::first_text(data);
    let (method, path) = line.split_once(' ').unwrap_or(("GET", line));
    let Ok(method) = Method::from_bytes(method.as_bytes()) else {
        return;
    };
    if let Some((pattern, parameters)) = fuzzing::endpoint(&method, path) {
        let mut given = parameters.iter();
        let filled: Vec<&str> = pattern
            .split('/')
            .map(|segment| match segment.starts_with('{') {
                true => *given.next().unwrap(),
                false => segment,
            })
            .collect();
        assert_eq!(filled.join("/"), path, "every part of a path is looked at");
        assert!(given.next().is_none() && parameters.iter().all(|p| !p.is_empty()));
    }
    read::<types::AddUser>(body);
    read::<types::MakeLink>(body);
    read::<types::AddGroup>(body);
    read::<types::ApplyPolicies>(body);
    read::<types::Rollback>(body);
    // What the server answers is read by commands of any version.
    read::<types::Problem>(body);
    read::<types::Apps>(body);
    read::<types::LogAccess>(body);
    read::<types::Listing<types::UserView>>(body);
    read::<types::Comparison>(body);
}

fn read<T: Serialize + DeserializeOwned>(body: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<T>(body) {
        let written = serde_json::to_value(&value).unwrap();
        let again: T = serde_json::from_value(written.clone()).expect("what was written is read");
        assert_eq!(serde_json::to_value(&again).unwrap(), written);
    }
}
