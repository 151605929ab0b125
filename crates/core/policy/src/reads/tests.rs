use super::*;

fn reads(condition: &str) -> Reads {
    let text = format!("forbid (principal, action, resource) when {{ {condition} }};");
    let policy: cedar_policy::Policy = text.parse().unwrap();
    Reads::of(&Policy::try_from(policy.as_ref().clone()).unwrap())
}

fn at(values: &[i64]) -> Steps {
    Steps::At(values.iter().copied().collect())
}

#[test]
fn comparisons_with_literals_are_thresholds_on_either_side() {
    let reads = reads("context.time.hour >= 8 && 18 > context.time.hour");
    assert_eq!(reads.moving, [(Attribute::TimeHour, at(&[8, 18]))]);
    assert!(!reads.entities);
}

#[test]
fn an_instant_is_a_threshold_in_each_form_that_cedar_has() {
    for (literal, millis) in [
        ("2026-10-25", 1_792_886_400_000),
        ("2026-10-25T00:15:20Z", 1_792_887_320_000),
        ("2026-10-25T00:15:20.500Z", 1_792_887_320_500),
        ("2026-10-25T02:15:20+0200", 1_792_887_320_000),
        ("2026-10-24T22:15:20.500-0200", 1_792_887_320_500),
    ] {
        let reads = reads(&format!("context.time.now < datetime(\"{literal}\")"));
        assert_eq!(
            reads.moving,
            [(Attribute::TimeNow, at(&[millis]))],
            "{literal}"
        );
    }
}

#[test]
fn any_other_use_of_a_moving_value_moves_with_each_of_its_steps() {
    for condition in [
        "context.time.hour * 60 > 90",
        "[8, 9].contains(context.time.hour)",
        "context.time.hour < context.authn.age_secs",
        "context.time.hour < 8 && context.time.hour + 1 < 8",
        "context.time == context.time",
        "{ t: context.time }.t.hour < 8",
    ] {
        let reads = reads(condition);
        let hour = reads.moving.iter().find(|(a, _)| *a == Attribute::TimeHour);
        assert_eq!(
            hour,
            Some(&(Attribute::TimeHour, Steps::Every)),
            "{condition}"
        );
    }
}

#[test]
fn a_record_as_a_whole_reads_all_that_is_in_it() {
    let reads = reads("context.network == context.network");
    let network: AttributeSet = below("network").collect();
    assert_eq!(reads.attributes, network);
    assert_eq!(
        super::tests::reads("context == context").attributes,
        Attribute::ALL.iter().copied().collect()
    );
}

#[test]
fn a_presence_is_mentioned_by_what_stands_still_and_never_moves() {
    let with_age = reads("context has session");
    assert_eq!(
        with_age.attributes,
        AttributeSet::from_iter([Attribute::SessionEnrolment])
    );
    assert!(with_age.needed.contains(Attribute::SessionAgeSecs));
    assert_eq!(with_age.moving, []);
    let optional = reads("context.authn has phishing_resistant_age_secs");
    assert!(
        optional
            .attributes
            .contains(Attribute::AuthnPhishingResistant)
    );
    assert_eq!(optional.moving, []);
    let example = reads("context has device && context.device.compliant");
    assert!(example.attributes.contains(Attribute::DeviceCompliant));
    assert_eq!(example.moving, [], "the age is not read");
}

#[test]
fn what_is_read_of_entities_is_noticed() {
    assert!(reads("principal is User && principal has email").entities);
    assert!(reads("principal is User && principal.hasTag(\"x\")").entities);
    assert!(reads("resource is Route && resource.app in Tag::\"x\"").entities);
    assert!(!reads("principal is User && principal in Group::\"x\"").entities);
}
