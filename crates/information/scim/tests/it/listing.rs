//! Filters, orders and pages.

use serde_json::json;

use crate::house::{ENTERPRISE, House, id};

fn crowd(house: &House, count: usize) -> Vec<String> {
    let person = |n: usize| {
        house.person(&json!({
            "userName": format!("p{n:03}"), "externalId": format!("E{n}"),
            "active": n.is_multiple_of(2), "title": format!("T{}", n % 3),
            "emails": [{"value": format!("p{n}@work.example"), "type": "work"}],
            ENTERPRISE: {"department": format!("D{}", n % 5)},
        }))
    };
    (0..count).map(person).collect()
}

#[test]
fn one_person_is_looked_up_without_looking_at_the_others() {
    let house = House::new();
    let all = crowd(&house, 300);
    house.directory.looked();
    for filter in [
        "userName eq \"P007\"",
        "externalId eq \"E7\"",
        "USERNAME Eq \"p007\" and active eq false",
        &format!("id eq \"{}\"", id(&all[7])),
        "urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"p007\"",
    ] {
        let found = house.found("/Users", filter);
        assert_eq!(found.ids(), [id(&all[7])], "{filter}");
        assert_eq!(found.body["totalResults"], 1);
        assert_eq!(house.directory.looked().users, 1, "{filter}");
    }
    for filter in [
        "userName eq \"p007\" and active eq true",
        "id eq \"x\"",
        "userName eq \"x\"",
    ] {
        let found = house.found("/Users", filter);
        assert_eq!(
            (found.body["totalResults"].as_u64(), found.ids().len()),
            (Some(0), 0)
        );
        assert!(house.directory.looked().users <= 1, "{filter}");
    }
}

#[test]
fn filters_without_an_index_are_asked_of_everybody() {
    let house = House::new();
    crowd(&house, 30);
    let count = |filter: &str| {
        house.found("/Users", filter).ok()["totalResults"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(count("active eq true"), 15);
    assert_eq!(count("active eq true and title eq \"t0\""), 5);
    assert_eq!(count("not (active eq true) or userName eq \"p000\""), 16);
    assert_eq!(count("emails[type eq \"work\" and value sw \"p1@\"]"), 1);
    assert_eq!(count(&format!("{ENTERPRISE}:department eq \"d3\"")), 6);
    assert_eq!(count("userName gt \"p027\" and userName le \"p029\""), 2);
    assert_eq!(
        count("emails[type eq \"work\"].value eq \"P7@work.example\""),
        1
    );
    assert_eq!(count("shoeSize pr"), 0);
}

#[test]
fn a_filter_that_is_not_understood_says_where() {
    let house = House::new();
    let said = house
        .found("/Users", "userName xx \"a\"")
        .refused(400, "invalidFilter");
    assert!(said.contains("at character 10"), "{said}");
    house
        .found("/Users", "active gt true")
        .refused(400, "invalidFilter");
    house
        .found("/Users", "userName eq \"a\" and active gt true")
        .refused(400, "invalidFilter");
}

#[test]
fn pages_follow_one_another_and_count_from_one() {
    let house = House::with(|settings| settings.page_max = 10);
    crowd(&house, 25);
    let page = |query: &str| house.get(&format!("/Users?{query}"));
    let first = page("");
    assert_eq!(first.body["totalResults"], 25);
    assert_eq!(
        (&first.body["startIndex"], &first.body["itemsPerPage"]),
        (&json!(1), &json!(10))
    );
    assert_eq!(page("startIndex=0&count=3").ids(), &first.ids()[..3]);
    assert_eq!(page("startIndex=21").ids().len(), 5);
    assert_eq!(page("startIndex=26").ids().len(), 0);
    assert_eq!(page("count=1000").ids().len(), 10);
    let none = page("count=0");
    assert_eq!(
        (none.ids().len(), &none.body["totalResults"]),
        (0, &json!(25))
    );
    let filtered = house.get("/Users?filter=title+pr&startIndex=24&count=5");
    assert_eq!(
        (filtered.ids().len(), &filtered.body["totalResults"]),
        (2, &json!(25))
    );
    page("startIndex=18446744073709551616").refused(400, "invalidValue");
    assert_eq!(page("startIndex=9223372036854775807").ids().len(), 0);
}

#[test]
fn resources_come_in_the_order_that_is_asked_for() {
    let house = House::new();
    for (name, title) in [("c", "Z"), ("A", ""), ("b", "a")] {
        house.person(&json!({"userName": name, "title": title}));
    }
    let names = |query: &str| -> Vec<String> {
        let all = house.get(&format!("/Users?{query}")).ok();
        let all = all["Resources"].as_array().unwrap();
        all.iter()
            .map(|one| one["userName"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("sortBy=userName"), ["A", "b", "c"]);
    assert_eq!(
        names("sortBy=userName&sortOrder=descending"),
        ["c", "b", "A"]
    );
    assert_eq!(names("sortBy=title"), ["b", "c", "A"]);
    assert_eq!(
        names("sortBy=meta.created&sortOrder=descending"),
        ["b", "A", "c"]
    );
    assert_eq!(names("sortBy=userName&startIndex=2&count=1"), ["b"]);
    house
        .get("/Users?sortBy=shoeSize")
        .refused(400, "invalidPath");
    house.get("/Users?sortBy=name").refused(400, "invalidPath");
}

#[test]
fn a_search_by_post_finds_the_same_and_the_root_finds_both_kinds() {
    let house = House::new();
    let people = crowd(&house, 3);
    let group = house.group(&json!({"displayName": "p001"}));
    let search = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": "userName eq \"p001\" or displayName eq \"p001\"", "attributes": ["userName"],
    });
    assert_eq!(
        house.post("/Users/.search", &search).ids(),
        [id(&people[1])]
    );
    let both = house.post("/.search", &search);
    assert_eq!(both.ids(), [id(&people[1]), id(&group)]);
    assert_eq!(both.body["Resources"][0]["emails"], json!(null));
    assert_eq!(house.get("/?count=2").body["totalResults"], 4);
    let mut seen = Vec::new();
    for start in 1..=4 {
        let page = house.get(&format!("/?startIndex={start}&count=1"));
        seen.extend(page.ids().into_iter().map(str::to_owned));
    }
    let all: Vec<_> = people
        .iter()
        .chain([&group])
        .map(|path| id(path).to_owned())
        .collect();
    assert_eq!(seen, all);
    let kinds = house.found("/", "meta.resourceType eq \"Group\"");
    assert_eq!(kinds.ids(), [id(&group)]);
}

#[test]
fn a_page_of_big_groups_ends_early_and_the_next_one_goes_on() {
    let house = House::with(|settings| settings.listed_members_max = 25);
    let people = crowd(&house, 20);
    let members: Vec<_> = people
        .iter()
        .map(|path| json!({"value": id(path)}))
        .collect();
    let groups: Vec<_> = (0..3)
        .map(|n| house.group(&json!({"displayName": format!("g{n}"), "members": members})))
        .collect();
    let first = house.get("/Groups");
    assert_eq!(first.ids(), [id(&groups[0])]);
    assert_eq!(
        (&first.body["totalResults"], &first.body["itemsPerPage"]),
        (&json!(3), &json!(1))
    );
    assert_eq!(house.get("/Groups?startIndex=2").ids(), [id(&groups[1])]);
    assert_eq!(
        house.get("/Groups?excludedAttributes=members").ids().len(),
        3
    );
}
