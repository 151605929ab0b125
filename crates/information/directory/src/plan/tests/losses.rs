//! What is taken away, and when somebody is asked.

use super::*;

#[test]
fn an_emptied_directory_is_refused() {
    let house = House::of(vec![linked(1, "ana")]);
    let refused = house.plan(&reading(vec![], vec![])).unwrap_err();
    assert_eq!(refused, Refused::TooFewPeople { read: 0, least: 1 });
}

#[test]
fn too_much_at_once_is_refused_until_it_is_allowed() {
    let names: Vec<String> = (0..20).map(|n| format!("p{n}")).collect();
    let mut house = House::of(
        names
            .iter()
            .zip(1..)
            .map(|(name, id)| linked(id, name))
            .collect(),
    );
    house.settings.safety.loss_always = 3;
    let still = |count: usize| {
        reading(
            names
                .iter()
                .take(count)
                .map(|name| somebody(name))
                .collect(),
            vec![],
        )
    };
    assert!(house.plan(&still(16)).is_ok(), "4 of 20 are 20 %");
    let refused = house.plan(&still(15)).unwrap_err();
    let needs = refused.needs().unwrap();
    assert_eq!(
        needs,
        Allowed {
            people: 5,
            memberships: 0
        }
    );
    let provider = house.settings.provider.clone();
    let present = Present::of(&house.facts, &provider);
    assert!(plan_allowing(&present, &still(15), &house.settings, needs).is_ok());
    assert!(
        plan_allowing(&present, &still(14), &house.settings, needs).is_err(),
        "and no more than that"
    );
}

#[test]
fn too_many_memberships_at_once_are_refused() {
    let names: Vec<String> = (0..20).map(|n| format!("p{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let everybody = || names.iter().map(|name| somebody(name)).collect();
    let mut house = House::of(vec![]);
    house.settings.safety.loss_always = 3;
    house.follow(&reading(everybody(), vec![group("staff", &names)]));
    assert!(
        house
            .plan(&reading(everybody(), vec![group("staff", &names[4..])]))
            .is_ok()
    );
    let refused = house.plan(&reading(everybody(), vec![])).unwrap_err();
    assert_eq!(
        refused.needs(),
        Some(Allowed {
            people: 0,
            memberships: 20
        })
    );
}

#[test]
fn a_provider_that_is_off_plans_nothing() {
    let mut house = House::of(vec![]);
    house.settings.provider = "nobody".parse().unwrap();
    assert!(matches!(
        house.plan(&reading(vec![somebody("ana")], vec![])),
        Err(Refused::Off(_))
    ));
}

#[test]
fn what_takes_away_comes_first_and_a_part_of_a_plan_can_be_made_alone() {
    let mut house = House::of(vec![linked(1, "ana"), linked(2, "bo"), linked(3, "cy")]);
    let mut renamed = somebody("bo");
    renamed.name = Ok("b".into());
    let said = reading(
        vec![renamed, somebody("cy"), somebody("dee"), somebody("eve")],
        vec![group("staff", &["cy"])],
    );
    let whole = house.plan(&said).unwrap();
    assert!(whole.steps[0].takes_away());
    for _ in 0..whole.steps.len() {
        let one = house.plan(&said).unwrap().first(1);
        assert_eq!(one.steps.len(), 1);
        house.apply(&one);
    }
    assert!(house.plan(&said).unwrap().is_empty());
}
