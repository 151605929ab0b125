use serde_json::json;

use super::*;

fn attribute(name: &str, values: &[&str]) -> Attribute {
    Attribute {
        name: name.into(),
        name_format: None,
        friendly_name: Some("groups".into()),
        values: values.iter().map(|value| (*value).into()).collect(),
    }
}

#[test]
fn attributes_are_claims_by_their_name_and_not_by_what_people_call_them() {
    let claims = attributes(&[
        attribute("memberOf", &["a", "b"]),
        attribute("uid", &["ana"]),
        attribute("memberOf", &["c"]),
        attribute("empty", &[]),
    ]);
    let claims = Value::Object(claims);
    let expected = json!({ "memberOf": ["a", "b", "c"], "uid": "ana", "empty": [] });
    assert_eq!(claims, expected);
}

#[test]
fn what_pages_show_of_somebody_is_found_by_its_usual_names_where_it_has_no_plain_one() {
    let email = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
    let claims = attributes(&[attribute(email, &["ana@corp.test"])]);
    assert_eq!(claims.get("email"), Some(&json!("ana@corp.test")));
    let both = [
        attribute("mail", &["x@corp.test"]),
        attribute("email", &["y@corp.test"]),
    ];
    assert_eq!(attributes(&both).get("email"), Some(&json!("y@corp.test")));
    assert_eq!(attributes(&[]), Map::new());
}
