use super::*;
use crate::testing::{NOW, client, form, named, native_client, request_of, resources, scopes};

fn take(more: &[(&str, &str)]) -> Result<(Secret, DeviceRecord), DeviceFault> {
    let (secret, user_code) = (Secret::generate().unwrap(), UserCode::generate().unwrap());
    let record = DeviceRecord::take(&form(more), &native_client(), &secret, &user_code, NOW)?;
    assert_eq!(record.user_code, user_code.hash());
    Ok((secret, record))
}

fn secs(secs: u64) -> Timestamp {
    NOW.after(Duration::from_secs(secs))
}

fn poll(record: &mut DeviceRecord, secret: &Secret, now: Timestamp) -> Result<Grant, DeviceFault> {
    let hash = secret.hash(Purpose::DeviceCode);
    record.poll(&hash, &native_client(), &Proven::default(), now)
}

fn approval(record: &DeviceRecord) -> DeviceDecision {
    let authorization = Authorization {
        scopes: record.scopes.clone(),
        resources: record.resources.clone(),
        ..crate::testing::authorization(&request_of(&native_client(), &[]))
    };
    DeviceDecision::Approved(Box::new(authorization))
}

#[test]
fn a_device_waits_until_the_person_agrees_and_comes_in_once() {
    let (secret, mut record) = take(&[("scope", "openid read unknown")]).unwrap();
    assert_eq!(record.scopes, scopes("openid read"));
    assert_eq!(
        poll(&mut record, &secret, secs(5)),
        Err(DeviceFault::Pending)
    );
    assert!(record.decide(approval(&record), secs(6)));
    let kept = serde_json::to_string(&record).unwrap();
    let mut record: DeviceRecord = serde_json::from_str(&kept).unwrap();
    let grant = poll(&mut record, &secret, secs(10)).unwrap();
    assert_eq!(grant.authorization.subject, "ana");
    assert_eq!(
        poll(&mut record, &secret, secs(20)),
        Err(DeviceFault::Unknown)
    );
}

#[test]
fn a_device_that_asks_too_often_waits_longer_each_time() {
    let (secret, mut record) = take(&[]).unwrap();
    assert_eq!(
        poll(&mut record, &secret, secs(0)),
        Err(DeviceFault::Pending)
    );
    assert_eq!(
        poll(&mut record, &secret, secs(4)),
        Err(DeviceFault::SlowDown)
    );
    assert_eq!(
        poll(&mut record, &secret, secs(13)),
        Err(DeviceFault::SlowDown)
    );
    assert_eq!(
        poll(&mut record, &secret, secs(28)),
        Err(DeviceFault::Pending)
    );
    record.decide(approval(&record), secs(29));
    assert_eq!(
        poll(&mut record, &secret, secs(30)),
        Err(DeviceFault::SlowDown)
    );
    assert!(poll(&mut record, &secret, secs(60)).is_ok());
}

#[test]
fn a_person_s_no_and_the_end_are_said() {
    let (secret, mut record) = take(&[]).unwrap();
    assert!(record.decide(DeviceDecision::Denied, secs(1)));
    assert!(
        !record.decide(approval(&record), secs(2)),
        "the first decision stays"
    );
    assert_eq!(
        poll(&mut record, &secret, secs(5)),
        Err(DeviceFault::Denied)
    );
    let (secret, mut record) = take(&[]).unwrap();
    let end = NOW.after(DEVICE_LIFETIME);
    assert!(!record.decide(approval(&record), end));
    let over = poll(&mut record, &secret, end).unwrap_err();
    assert_eq!(
        (over.code(), over),
        (ErrorCode::ExpiredToken, DeviceFault::Expired)
    );
}

#[test]
fn nobody_agrees_to_more_than_was_asked_for_or_for_another_client() {
    let (_, mut record) = take(&[("scope", "read")]).unwrap();
    let DeviceDecision::Approved(granted) = approval(&record) else {
        panic!("an approval")
    };
    let more = Authorization {
        scopes: scopes("read write"),
        ..(*granted).clone()
    };
    let elsewhere = Authorization {
        resources: resources(&["https://api.example/"]),
        ..(*granted).clone()
    };
    let other = Authorization {
        client_id: client().id,
        ..(*granted).clone()
    };
    for one in [more, elsewhere, other] {
        assert!(!record.decide(DeviceDecision::Approved(Box::new(one)), NOW));
    }
    assert!(!record.decide(DeviceDecision::Used, NOW));
    assert!(record.is_open(NOW) && record.decide(DeviceDecision::Approved(granted), NOW));
}

#[test]
fn a_device_code_is_its_client_s_alone() {
    let (secret, mut record) = take(&[]).unwrap();
    record.decide(approval(&record), NOW);
    let hash = secret.hash(Purpose::DeviceCode);
    let other = record.poll(
        &hash,
        &named("other", native_client()),
        &Proven::default(),
        NOW,
    );
    assert_eq!(other, Err(DeviceFault::OtherClient));
    let guessed = SecretHash::of(Purpose::DeviceCode, "guess");
    let unknown = record.poll(&guessed, &native_client(), &Proven::default(), NOW);
    assert_eq!(unknown, Err(DeviceFault::Unknown));
    assert!(poll(&mut record, &secret, NOW).is_ok());
}

#[test]
fn what_may_not_be_asked_for_is_refused() {
    let refused = |more: &[(&str, &str)]| take(more).unwrap_err().code();
    assert_eq!(refused(&[("scope", "unknown")]), ErrorCode::InvalidScope);
    assert_eq!(
        refused(&[("resource", "https://evil.example/")]),
        ErrorCode::InvalidTarget
    );
    let (secret, user_code) = (Secret::generate().unwrap(), UserCode::generate().unwrap());
    let spa = crate::testing::public_client();
    let refused = DeviceRecord::take(&form(&[]), &spa, &secret, &user_code, NOW).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::UnauthorizedClient);
    assert_eq!(refused.answer().status(), 400);
}

#[test]
fn the_answer_says_where_to_go_and_what_to_type() {
    let (secret, code) = (
        Secret::generate().unwrap(),
        UserCode::parse("WDJBMJHT").unwrap(),
    );
    let told = DeviceResponse::new(&secret, &code, "https://auth.example/device");
    let told = serde_json::to_value(told).unwrap();
    assert_eq!(told["user_code"], "WDJB-MJHT");
    assert_eq!(
        told["verification_uri_complete"],
        "https://auth.example/device?user_code=WDJB-MJHT"
    );
    assert_eq!(
        (told["interval"].as_u64(), told["expires_in"].as_u64()),
        (Some(5), Some(600))
    );
}
