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
    assert_eq!(needs.tally(), tally(5, 0, 0));
    let provider = house.settings.provider.clone();
    let present = Present::of(&house.facts, &provider);
    let allowing = |reading| plan_allowing(&present, &reading, &house.settings, &needs);
    assert!(allowing(still(15)).is_ok());
    assert!(allowing(still(14)).is_err(), "and no more than that");
    let others = names.iter().skip(5).map(|name| somebody(name)).collect();
    let refused = allowing(reading(others, vec![])).unwrap_err();
    assert!(
        refused.to_string().contains("not what was allowed"),
        "and nobody else: {refused}"
    );
}

const fn tally(people: usize, memberships: usize, returns: usize) -> Tally {
    Tally {
        people,
        memberships,
        returns,
    }
}

/// Twenty people whom the directory has, and of whom three may be lost without asking, or a fifth.
fn twenty() -> (House, Vec<String>) {
    let names: Vec<String> = (0..20).map(|n| format!("p{n:02}")).collect();
    let users = names.iter().zip(1..);
    let mut house = House::of(users.map(|(name, id)| linked(id, name)).collect());
    house.settings.safety.loss_always = 3;
    (house, names)
}

/// All but the first of them.
fn without(names: &[String], gone: usize) -> Reading {
    let still = names.iter().skip(gone);
    reading(still.map(|name| somebody(name)).collect(), vec![])
}

const HOUR: u64 = 60 * 60;

impl House {
    /// Takes a reading at an hour, as whoever keeps the facts does.
    fn take(&mut self, hour: u64, reading: &Reading, allowed: &Effects) -> Result<Plan, Refused> {
        let provider = self.settings.provider.clone();
        let facts = self.facts.clone();
        let present =
            Present::of(&facts, &provider).at(Timestamp::from_secs(1_000_000 + hour * HOUR));
        let plan = plan_allowing(&present, reading, &self.settings, allowed)?;
        self.apply(&plan);
        let kept: Vec<_> = recorded(&present, &plan.steps, allowed)
            .into_iter()
            .collect();
        self.facts = self.facts.apply(Epoch::default(), &kept).unwrap();
        Ok(plan)
    }
}

#[test]
fn a_drip_of_small_losses_is_a_large_one() {
    let (mut house, names) = twenty();
    let none = Effects::default();
    for gone in 1..=4 {
        assert!(
            house
                .take(gone, &without(&names, gone as usize), &none)
                .is_ok()
        );
    }
    let refused = house.take(5, &without(&names, 5), &none).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("1 more, after 4 in the last 24 h, of 20 (at most 4 without"),
        "{refused}"
    );
    assert_eq!(
        refused.needs().map(|needs| needs.tally()),
        Some(tally(1, 0, 0))
    );
    assert!(house.take(24, &without(&names, 5), &none).is_err());
    // A day and an hour after the second, these two count no more; of eighteen, three may go.
    assert!(house.take(27, &without(&names, 5), &none).is_ok());
    assert!(house.take(27, &without(&names, 6), &none).is_err());
}

#[test]
fn what_was_allowed_begins_the_counting_anew() {
    let (mut house, names) = twenty();
    let none = Effects::default();
    house.take(0, &without(&names, 4), &none).unwrap();
    let needs = house
        .take(0, &without(&names, 10), &none)
        .unwrap_err()
        .needs();
    house
        .take(0, &without(&names, 10), &needs.unwrap())
        .unwrap();
    // Ten are left, and of those three may go again.
    assert!(house.take(0, &without(&names, 13), &none).is_ok());
    assert!(house.take(0, &without(&names, 14), &none).is_err());
}

#[test]
fn who_comes_in_between_does_not_make_more_losses_small() {
    let (mut house, names) = twenty();
    let none = Effects::default();
    let with = |gone: usize| {
        let mut all = without(&names, gone);
        all.people
            .extend((0..100).map(|n| somebody(&format!("new{n}"))));
        all
    };
    house.settings.people.provision = Provision::Everybody;
    house.take(0, &with(0), &none).unwrap();
    assert!(house.take(2, &with(4), &none).is_ok());
    assert!(house.take(4, &with(5), &none).is_err());
}

#[test]
fn whoever_is_on_again_all_at_once_is_asked_about() {
    let (mut house, names) = twenty();
    let none = Effects::default();
    let off_first = |count: usize| {
        let people = names.iter().enumerate().map(|(n, name)| Person {
            is_disabled: n < count,
            ..somebody(name)
        });
        reading(people.collect(), vec![])
    };
    let needs = house.take(0, &off_first(8), &none).unwrap_err().needs();
    house.take(0, &off_first(8), &needs.unwrap()).unwrap();
    // What says that they are off is not read any more.
    let refused = house.take(0, &off_first(0), &none).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "too many people would be switched on again at once: 8 of 8 (at most 3 without asking)"
    );
    let needs = refused.needs().unwrap();
    assert_eq!(needs.tally(), tally(0, 0, 8));
    assert!(house.user("p00").disabled);
    // Nor one after another.
    assert!(house.take(1, &off_first(5), &none).is_ok());
    assert!(house.take(2, &off_first(4), &none).is_err());
    let plan = house.take(2, &off_first(0), &needs).unwrap();
    assert_eq!(plan.counts.enabled, 5);
    assert!(
        house
            .take(3, &without(&names, 0), &none)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_digest_tells_who_it_is_and_not_how_they_are_called() {
    let (house, names) = twenty();
    let needs = |gone: &Reading| house.plan(gone).unwrap_err().needs().unwrap();
    let first = needs(&without(&names, 5));
    assert_eq!(first.digest(), needs(&without(&names, 5)).digest());
    let others = names.iter().take(15).map(|name| somebody(name)).collect();
    let others = needs(&reading(others, vec![]));
    assert_eq!(first.tally(), others.tally());
    assert_ne!(first.digest(), others.digest());
    assert_eq!(first.digest().len(), 32);
    let who: Vec<_> = first.iter().map(|(_, name)| &**name).collect();
    assert_eq!(who, ["p00", "p01", "p02", "p03", "p04"]);
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
        refused.needs().map(|needs| needs.tally()),
        Some(tally(0, 20, 0))
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
