use serde_json::json;

use super::*;
use crate::testing::{NOW, client, form, issued, issuer, named, public_client, resources};

fn asked_by(client: &Client, token: Option<&IssuedToken>) -> serde_json::Value {
    serde_json::to_value(Introspection::new(token, client, &issuer(), NOW)).unwrap()
}

#[test]
fn who_has_or_serves_a_token_hears_what_it_is() {
    let told = asked_by(&client(), Some(&issued()));
    assert_eq!(told["active"], json!(true));
    assert_eq!(
        (&told["scope"], &told["token_type"]),
        (&json!("read"), &json!("Bearer"))
    );
    assert_eq!(told["aud"], json!(["https://api.example/"]));
    let mut api = named("api", client());
    api.serves = resources(&["https://api.example/"]);
    assert_eq!(asked_by(&api, Some(&issued()))["active"], json!(true));
}

#[test]
fn nobody_else_hears_more_than_that_it_is_not_active() {
    let nothing = json!({"active": false});
    assert_eq!(asked_by(&client(), None), nothing);
    assert_eq!(
        asked_by(&named("other", client()), Some(&issued())),
        nothing
    );
    let mut own = issued();
    own.client_id = public_client().id;
    assert_eq!(
        asked_by(&public_client(), Some(&own)),
        nothing,
        "anybody can say that they are it"
    );
    let mut over = issued();
    over.expires = NOW;
    assert_eq!(asked_by(&client(), Some(&over)), nothing);
    let mut refresh = issued();
    refresh.kind = IssuedKind::Refresh;
    let mut api = named("api", client());
    api.serves = resources(&["https://api.example/"]);
    assert_eq!(asked_by(&api, Some(&refresh)), nothing);
}

#[test]
fn bindings_and_actors_are_told() {
    let mut token = issued();
    token.binding.dpop_key = Some(gw_jose::Thumbprint::of_certificate(b"k"));
    token.actor = Some(Actor {
        sub: "app".into(),
        act: None,
    });
    let told = asked_by(&client(), Some(&token));
    assert_eq!(told["token_type"], json!("DPoP"));
    assert!(told["cnf"]["jkt"].is_string());
    assert_eq!(told["act"], json!({"sub": "app"}));
}

#[test]
fn a_question_names_a_token() {
    assert!(TokenQuestion::read(&form(&[("token", "x"), ("token_type_hint", "unknown")])).is_ok());
    assert!(TokenQuestion::read(&form(&[])).is_err());
    assert!(TokenQuestion::read(&form(&[("token", "ä")])).is_err());
}
