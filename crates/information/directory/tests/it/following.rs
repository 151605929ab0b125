//! A real directory followed: what changes there changes here.

use std::{collections::BTreeSet, sync::Arc};

use gw_directory::{DirectoryFault, Following, Referrals, read_once};

use crate::{
    house::{House, groups, is_on, mapped, settings, until},
    openldap::{OpenLdap, group, person, removed},
};

const SYNC: &str = "overlay syncprov\nsyncprov-sessionlog 1000\n";

#[tokio::test]
async fn what_is_added_changed_renamed_and_removed_is_told_and_followed() {
    let Some(directory) = OpenLdap::start(20).await else {
        return;
    };
    directory.change(&group("staff", &["p0001", "p0002"])).await;
    let house = House::of(&settings(&[&directory.plain()], false));
    let (handle, _running) = house.follow();
    house
        .until("everybody came", |facts| facts.users().count() == 20)
        .await;
    until(&handle, "told", |status| {
        status.following == Following::Told && status.last_success.is_some()
    })
    .await;
    assert_eq!(groups(&house.facts(), "p0001"), ["staff"]);

    directory.change(&person("ana")).await;
    house.until("ana came", |facts| is_on(facts, "ana")).await;

    let who = "dn: uid=ana,ou=people,dc=lab,dc=test\nchangetype: modify\n";
    directory
        .change(&format!(
            "{who}replace: cn\ncn: Ana Ash\n-\nreplace: mail\nmail: ana.ash@lab.test\n\n"
        ))
        .await;
    house
        .until("ana is called otherwise", |facts| {
            &*facts.user_named("ana").unwrap().display_name == "Ana Ash"
        })
        .await;
    let id = house.facts().user_named("ana").unwrap().id;

    directory.change("dn: cn=staff,ou=groups,dc=lab,dc=test\nchangetype: modify\nadd: member\nmember: uid=ana,ou=people,dc=lab,dc=test\n\n").await;
    house
        .until("ana is in the group", |facts| {
            groups(facts, "ana") == ["staff"]
        })
        .await;

    directory.change("dn: uid=ana,ou=people,dc=lab,dc=test\nchangetype: modrdn\nnewrdn: uid=anna\ndeleteoldrdn: 1\n\n").await;
    house
        .until("ana is renamed", |facts| is_on(facts, "anna"))
        .await;
    assert_eq!(
        house.facts().user_named("anna").unwrap().id,
        id,
        "the same person"
    );
    assert!(house.facts().user_named("ana").is_none());

    directory.change(&removed("uid=anna,ou=people")).await;
    house
        .until("anna is switched off", |facts| !is_on(facts, "anna"))
        .await;
    assert!(
        house.facts().user_named("anna").is_some(),
        "and not removed"
    );
    assert_eq!(handle.status().trouble, None);
}

#[tokio::test]
async fn a_directory_beyond_the_server_s_limit_of_size_is_told_of_as_well() {
    let Some(directory) = OpenLdap::start(1200).await else {
        return;
    };
    let house = House::of(&settings(&[&directory.plain()], false));
    let (handle, _running) = house.follow();
    house
        .until("everybody came", |facts| facts.users().count() == 1200)
        .await;
    assert_eq!(handle.status().following, Following::Told);
    directory.change(&removed("uid=p0777,ou=people")).await;
    house
        .until("one is gone", |facts| !is_on(facts, "p0777"))
        .await;
    let off = house.facts().users().filter(|user| user.disabled).count();
    assert_eq!(off, 1);
}

#[tokio::test]
async fn who_is_taken_out_of_a_group_is_out_of_it_here_also_of_one_within_another() {
    let Some(directory) = OpenLdap::configured(
        5,
        &format!("overlay memberof\noverlay refint\nrefint_attributes member\n{SYNC}"),
    )
    .await
    else {
        return;
    };
    directory.change(&group("team", &["p0001", "p0002"])).await;
    directory
        .change(&group(
            "staff",
            &["p0000", "cn=team,ou=groups,dc=lab,dc=test"],
        ))
        .await;
    let house = House::of(&settings(&[&directory.plain()], false));
    let (_handle, _running) = house.follow();
    house
        .until("in by the inner group", |facts| {
            groups(facts, "p0001") == ["staff"]
        })
        .await;
    directory.change("dn: cn=team,ou=groups,dc=lab,dc=test\nchangetype: modify\ndelete: member\nmember: uid=p0001,ou=people,dc=lab,dc=test\n\n").await;
    house
        .until("out again", |facts| groups(facts, "p0001").is_empty())
        .await;
    assert_eq!(groups(&house.facts(), "p0002"), ["staff"]);
    directory.change(&removed("cn=team,ou=groups")).await;
    house
        .until("the group is gone", |facts| {
            groups(facts, "p0002").is_empty()
        })
        .await;
    assert_eq!(groups(&house.facts(), "p0000"), ["staff"]);
}

#[tokio::test]
async fn what_people_say_of_their_groups_is_followed() {
    let Some(directory) = OpenLdap::configured(3, &format!("overlay memberof\n{SYNC}")).await
    else {
        return;
    };
    let mut settings = settings(&[&directory.plain()], false);
    settings.people.member_of = Some("memberOf".into());
    settings.groups.members.clear();
    let house = House::of(&settings);
    directory.change(&group("staff", &["p0001"])).await;
    let (_handle, _running) = house.follow();
    house
        .until("in by their own word", |facts| {
            groups(facts, "p0001") == ["staff"]
        })
        .await;
}

#[tokio::test]
async fn an_emptied_directory_switches_nobody_off_until_it_is_allowed() {
    let Some(directory) = OpenLdap::start(10).await else {
        return;
    };
    let mut settings = settings(&[&directory.plain()], false);
    settings.groups.mapped = vec![mapped("staff", "staff")];
    let house = House::of(&settings);
    let (_, running) = house.follow();
    house
        .until("everybody came", |facts| facts.users().count() == 10)
        .await;
    // All at once, as far as anybody sees who follows.
    drop(running);
    let all: String = (1..10)
        .map(|n| removed(&format!("uid=p{n:04},ou=people")))
        .collect();
    directory.change(&all).await;
    let (handle, _running) = house.follow();
    until(&handle, "it is asked", |status| {
        let trouble = status.trouble.as_ref();
        let needs = trouble.and_then(|trouble| trouble.needs.as_ref());
        needs.is_some_and(|needs| needs.tally().people == 9)
    })
    .await;
    assert!(house.facts().users().all(|user| !user.disabled));

    let waits = handle.status().trouble.clone();
    house.allow(waits.and_then(|trouble| trouble.needs).unwrap());
    handle.read_now();
    house
        .until("it is done", |facts| {
            facts.users().filter(|user| user.disabled).count() == 9
        })
        .await;
    until(&handle, "and fine", |status| status.trouble.is_none()).await;

    directory.change(&removed("uid=p0000,ou=people")).await;
    until(&handle, "an empty one is no whole reading", |status| {
        status.trouble.is_some()
    })
    .await;
    assert!(is_on(&house.facts(), "p0000"));
}

#[tokio::test]
async fn who_is_missing_where_a_real_server_names_places_elsewhere_stays() {
    let Some(directory) = OpenLdap::start(3).await else {
        return;
    };
    let settings = settings(&[&directory.plain()], false);
    let house = House::of(&settings);
    let (handle, _running) = house.follow();
    house
        .until("everybody came", |facts| facts.users().count() == 3)
        .await;
    directory
        .change(
            "dn: ou=far,ou=people,dc=lab,dc=test\nchangetype: add\nobjectClass: referral\n\
             objectClass: extensibleObject\nou: far\nref: ldap://127.0.0.1:1/dc=far,dc=test\n\n",
        )
        .await;
    directory.change(&removed("uid=p0001,ou=people")).await;
    handle.read_now();
    until(&handle, "it is told", |status| {
        let why = status.conflicts.iter().map(ToString::to_string);
        status.is_partial && why.into_iter().any(|why| why.contains("1 of them stay"))
    })
    .await;
    assert!(is_on(&house.facts(), "p0001"));

    // What is elsewhere as a whole is a fault.
    let mut within = settings.clone();
    within.people.base = "ou=far,ou=people,dc=lab,dc=test".parse().unwrap();
    let fault = read_once(&within, &BTreeSet::new()).await.unwrap_err();
    assert!(
        matches!(fault, DirectoryFault::Refused { code: 10, .. }),
        "{fault}"
    );

    let mut ignoring = settings;
    ignoring.referrals = Referrals::Ignore;
    let expected = BTreeSet::from([Arc::from("00000000-0000-4000-8000-000000000001")]);
    let reading = read_once(&ignoring, &expected).await.unwrap();
    assert_eq!((reading.people.len(), reading.elsewhere.people), (2, 1));
}

#[tokio::test]
async fn a_server_that_stops_and_starts_again_is_followed_on() {
    let Some(mut directory) = OpenLdap::start(3).await else {
        return;
    };
    let house = House::of(&settings(&[&directory.plain()], false));
    let (handle, _running) = house.follow();
    house
        .until("everybody came", |facts| facts.users().count() == 3)
        .await;
    until(&handle, "told", |status| {
        status.following == Following::Told
    })
    .await;
    directory.stop().await;
    until(&handle, "it is seen", |status| status.unwatched.is_some()).await;
    handle.read_now();
    until(&handle, "and told", |status| status.trouble.is_some()).await;
    assert!(
        house.facts().users().all(|user| !user.disabled),
        "nobody is gone with the server"
    );
    directory.serve().await;
    directory.change(&person("ana")).await;
    house
        .until("what changed meanwhile is found", |facts| {
            is_on(facts, "ana")
        })
        .await;
    until(&handle, "told again", |status| {
        status.trouble.is_none() && status.unwatched.is_none()
    })
    .await;
    directory.change(&person("bo")).await;
    house
        .until("and what changes from now on", |facts| is_on(facts, "bo"))
        .await;
}

#[tokio::test]
async fn a_server_that_tells_nothing_is_read_from_time_to_time() {
    let Some(directory) = OpenLdap::configured(3, "").await else {
        return;
    };
    let mut settings = settings(&[&directory.plain()], false);
    settings.timing.interval = std::time::Duration::from_millis(200);
    let house = House::of(&settings);
    let (handle, _running) = house.follow();
    house
        .until("everybody came", |facts| facts.users().count() == 3)
        .await;
    assert_eq!(handle.status().following, Following::Interval);
    directory.change(&person("ana")).await;
    house.until("ana came", |facts| is_on(facts, "ana")).await;
}

#[tokio::test]
async fn changes_elsewhere_are_no_reason_to_read() {
    let Some(directory) = OpenLdap::start(3).await else {
        return;
    };
    let house = House::of(&settings(&[&directory.plain()], false));
    let (handle, _running) = house.follow();
    until(&handle, "told", |status| {
        status.following == Following::Told && status.last_success.is_some()
    })
    .await;
    directory.change(&person("ana")).await;
    house.until("ana came", |facts| is_on(facts, "ana")).await;
    let before = house.readings();
    directory.change("dn: uid=sync,dc=lab,dc=test\nchangetype: modify\nadd: description\ndescription: reads\n\n").await;
    directory.change(&person("bo")).await;
    house.until("bo came", |facts| is_on(facts, "bo")).await;
    assert!(house.readings() <= before + 1, "once for bo");
}
