use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use form_urlencoded::byte_serialize;
use gw_model::{Authn, AuthnMethod, EndReason, FactorKind, SessionKind, UserId};
use gw_store::LinkKind;
use http::{Response, StatusCode};

use super::{
    authenticator::Authenticator,
    browser::{ANA, BO, Browser, CHEAP, HOST, House, body, location, options},
};
use crate::{HashCost, Identity, IdentityOptions, OpenError, PasswordOptions, totp};

const PASSWORD: &str = "nine blue Größen, walking";

fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

/// What stands between two texts of a page.
fn between<'t>(page: &'t str, from: &str, to: &str) -> &'t str {
    let start = page.find(from).unwrap_or_else(|| panic!("{page}")) + from.len();
    &page[start..start + page[start..].find(to).unwrap()]
}

/// An authenticator app that read a key from a page.
struct App {
    secret: Vec<u8>,
}

impl App {
    fn of(page: &str) -> Self {
        let key = between(page, "<code class=\"whole\">", "<").replace(' ', "");
        Self {
            secret: BASE32_NOPAD.decode(key.as_bytes()).unwrap(),
        }
    }

    /// The code that it shows, so many steps from now.
    fn code(&self, house: &House, steps: i64) -> String {
        let present = house.identity.now().as_secs() / 30;
        totp::code(&self.secret, present.checked_add_signed(steps).unwrap())
    }
}

async fn set(browser: &mut Browser<'_>, password: &str) -> Response<bytes::Bytes> {
    let form = format!("password={}", encoded(password));
    browser.post("/account/password", &form).await
}

async fn add_app(browser: &mut Browser<'_>) -> (App, Response<bytes::Bytes>) {
    let page = body(&browser.get("/account/authenticator").await);
    let app = App::of(&page);
    let sealed = between(&page, "name=\"app\" value=\"", "\"").to_owned();
    let code = app.code(browser.house, 0);
    let form = format!("app={sealed}&code={code}");
    let answer = browser.post("/account/authenticator", &form).await;
    (app, answer)
}

/// Somebody who has a password and an app, in the session in which they set them.
async fn enrolled(house: &House, bits: u64) -> (Browser<'_>, App) {
    let mut browser = house.signed_in(bits, LinkKind::Enrolment).await;
    let answer = set(&mut browser, PASSWORD).await;
    assert_eq!(location(&answer), "/account/authenticator");
    let (app, answer) = add_app(&mut browser).await;
    assert_eq!(location(&answer), "/", "{}", body(&answer));
    house.tested.clock.advance(Duration::from_secs(30));
    (browser, app)
}

async fn sign_in(browser: &mut Browser<'_>, name: &str, code: &str) -> Response<bytes::Bytes> {
    let form = format!("name={name}&password={}&code={code}", encoded(PASSWORD));
    browser.post("/password", &form).await
}

fn methods(browser: &Browser<'_>) -> Vec<AuthnMethod> {
    let session = browser.session().unwrap();
    session.authn.iter().map(|proof| proof.method).collect()
}

#[tokio::test]
async fn a_password_and_an_app_from_a_link_are_two_factors_that_can_be_phished() {
    let house = House::with_passwords().await;
    let (ana, app) = enrolled(&house, ANA).await;
    let session = ana.session().unwrap();
    assert_eq!(session.kind, SessionKind::Ordinary);
    let authn = Authn {
        events: &session.authn,
    };
    assert!(authn.is_multi_factor() && !authn.is_phishing_resistant());
    let mut elsewhere = house.browser();
    let answer = sign_in(&mut elsewhere, "Ana", &app.code(&house, 0)).await;
    assert_eq!(
        location(&answer),
        "https://portal.test/",
        "{}",
        body(&answer)
    );
    assert_eq!(
        methods(&elsewhere),
        [AuthnMethod::Password, AuthnMethod::Totp]
    );
    let page = body(&elsewhere.get("/").await);
    assert!(page.contains("with a password and a code"), "{page}");
}

#[tokio::test]
async fn a_code_counts_once_whoever_shows_it_again() {
    let house = House::with_passwords().await;
    let (_ana, app) = enrolled(&house, ANA).await;
    let code = app.code(&house, 0);
    let first = sign_in(&mut house.browser(), "ana", &code).await;
    assert_eq!(first.status(), StatusCode::SEE_OTHER);
    let again = sign_in(&mut house.browser(), "ana", &code).await;
    assert_eq!(again.status(), StatusCode::FORBIDDEN);
    let earlier = sign_in(&mut house.browser(), "ana", &app.code(&house, -1)).await;
    assert_eq!(earlier.status(), StatusCode::FORBIDDEN, "nor one before it");
    let next = sign_in(&mut house.browser(), "ana", &app.code(&house, 1)).await;
    assert_eq!(next.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn whatever_is_wrong_is_answered_alike() {
    let house = House::with_passwords().await;
    let (_ana, app) = enrolled(&house, ANA).await;
    let right = app.code(&house, 0);
    let mut pages = Vec::new();
    for (name, password, code) in [
        ("ana", PASSWORD, "000000"),
        ("ana", "something else entirely", &*right),
        ("ana", "", ""),
        ("bo", PASSWORD, &*right),
        ("zoe", PASSWORD, &*right),
    ] {
        let form = format!("name={name}&password={}&code={code}", encoded(password));
        let answer = house.browser().post("/password", &form).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
        let page = body(&answer);
        assert!(!page.contains("something else") && !page.contains(&right));
        pages.push(page.replace(&format!(r#"value="{name}""#), ""));
    }
    assert!(pages.iter().all(|page| *page == pages[0]));
    let fine = sign_in(&mut house.browser(), "ana", &right).await;
    assert_eq!(
        fine.status(),
        StatusCode::SEE_OTHER,
        "no try used the code up"
    );
}

#[tokio::test]
async fn where_people_have_no_passwords_none_of_it_is_there() {
    let house = House::open().await;
    let (mut ana, _key) = house.with_passkey(ANA).await;
    assert!(!body(&house.browser().get("/sign-in").await).contains("password"));
    assert!(!body(&ana.get("/").await).contains("assword"));
    for path in ["/password", "/account/password", "/account/authenticator"] {
        assert_eq!(ana.get(path).await.status(), StatusCode::NOT_FOUND);
        assert_eq!(
            house.browser().get(path).await.status(),
            StatusCode::NOT_FOUND
        );
        let form = format!("name=ana&password={}&code=1", encoded(PASSWORD));
        assert_eq!(ana.post(path, &form).await.status(), StatusCode::NOT_FOUND);
    }
    let answer = ana.post("/password/confirm", "password=a&code=1").await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert_eq!(house.factors(ANA).len(), 1);
}

#[tokio::test]
async fn off_is_off_at_once_and_ends_what_rests_on_a_password() {
    let house = House::with_passwords().await;
    let (ana, app) = enrolled(&house, ANA).await;
    let (bo, _key) = house.with_passkey(BO).await;
    house.allow_passwords(false).await;
    let ended = ana.session().unwrap().ended.unwrap();
    assert_eq!(ended.reason, EndReason::PasswordsOff);
    assert!(bo.session().unwrap().ended.is_none());
    let answer = sign_in(&mut house.browser(), "ana", &app.code(&house, 0)).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    house.allow_passwords(true).await;
    let answer = sign_in(&mut house.browser(), "ana", &app.code(&house, 0)).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn neither_adds_a_passkey_and_both_replace_themselves_while_they_are_fresh() {
    let house = House::with_passwords().await;
    let (_first, app) = enrolled(&house, ANA).await;
    let mut ana = house.browser();
    sign_in(&mut ana, "ana", &app.code(&house, 0)).await;
    assert_eq!(ana.get("/enrol").await.status(), StatusCode::FORBIDDEN);
    let begun = ana
        .json("/passkey/enrol/start", &serde_json::json!({}))
        .await;
    assert_eq!(begun.status(), StatusCode::FORBIDDEN);
    assert_eq!(ana.get("/account/password").await.status(), StatusCode::OK);
    house.tested.clock.advance(Duration::from_secs(901));
    assert_eq!(
        ana.get("/account/password").await.status(),
        StatusCode::FORBIDDEN
    );
    let stale = set(&mut ana, "another long password").await;
    assert_eq!(stale.status(), StatusCode::FORBIDDEN);
    // A sign-in link is fresh, and no password.
    let link = house.link(ANA, LinkKind::SignIn).await;
    ana.post(&link, "").await;
    let still = set(&mut ana, "another long password").await;
    assert_eq!(still.status(), StatusCode::FORBIDDEN);
    let form = format!(
        "password={}&code={}",
        encoded(PASSWORD),
        app.code(&house, 0)
    );
    let confirmed = ana.post("/password/confirm", &form).await;
    assert_eq!(location(&confirmed), "/", "{}", body(&confirmed));
    let changed = set(&mut ana, "another long password").await;
    assert_eq!(location(&changed), "/", "{}", body(&changed));
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_that_rest_on_the_old_one() {
    let house = House::with_passwords().await;
    let (mut ana, app) = enrolled(&house, ANA).await;
    let mut thief = house.browser();
    sign_in(&mut thief, "ana", &app.code(&house, 0)).await;
    let page = body(&ana.get("/account/password").await);
    assert!(page.contains("there is <b>1</b>"), "{page}");
    let changed = set(&mut ana, "another long password").await;
    assert_eq!(changed.status(), StatusCode::SEE_OTHER);
    assert_eq!(
        thief.session().unwrap().ended.unwrap().reason,
        EndReason::FactorRemoved
    );
    assert!(ana.session().unwrap().ended.is_none());
    let old = sign_in(&mut house.browser(), "ana", &app.code(&house, 1)).await;
    assert_eq!(old.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_is_removed_ends_the_sessions_that_rest_on_it_and_lets_nobody_in() {
    let house = House::with_passwords().await;
    let (mut ana, app) = enrolled(&house, ANA).await;
    let factor = house.factors(ANA);
    let of = |kind| factor.iter().find(|f| f.kind == kind).unwrap().id;
    let id = of(FactorKind::Totp);
    let page = body(
        &ana.get(&format!("/account/factors/remove?factor={id}"))
            .await,
    );
    assert!(page.contains("the authenticator app") && page.contains("this one among them"));
    let answer = ana
        .post("/account/factors/remove", &format!("factor={id}"))
        .await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert!(ana.session().unwrap().ended.is_some());
    let answer = sign_in(&mut house.browser(), "ana", &app.code(&house, 0)).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let reader = house.identity.engine().reader().clone();
    let left = reader.factor_secrets_of(UserId::from_bits(ANA)).unwrap();
    assert_eq!(left.len(), 1, "the secret goes with its factor");
}

#[tokio::test]
async fn a_confirmation_is_for_ones_own_session_and_a_wrong_one_is_recorded() {
    let house = House::with_passwords().await;
    let (_first, app) = enrolled(&house, ANA).await;
    let mut ana = house.signed_in(ANA, LinkKind::SignIn).await;
    let page = body(&ana.get("/confirm").await);
    assert!(page.contains("With your password") && !page.contains("data-ceremony"));
    let before = ana.cookie().unwrap().to_owned();
    let wrong = ana
        .post("/password/confirm", "password=no&code=123456")
        .await;
    assert_eq!(wrong.status(), StatusCode::FORBIDDEN);
    assert!(body(&wrong).contains("do not match"));
    assert_eq!(methods(&ana), [AuthnMethod::SignInLink]);
    let form = format!(
        "password={}&code={}",
        encoded(PASSWORD),
        app.code(&house, 0)
    );
    let right = ana.post("/password/confirm", &form).await;
    assert_eq!(location(&right), "/");
    assert_eq!(
        methods(&ana),
        [
            AuthnMethod::SignInLink,
            AuthnMethod::Password,
            AuthnMethod::Totp
        ]
    );
    assert_ne!(ana.cookie().unwrap(), before, "each rank has its own token");
    // Bo has neither: Ana's are nothing in his session.
    let mut bo = house.signed_in(BO, LinkKind::SignIn).await;
    let form = format!(
        "password={}&code={}",
        encoded(PASSWORD),
        app.code(&house, 1)
    );
    let answer = bo.post("/password/confirm", &form).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let nobody = house.browser().post("/password/confirm", &form).await;
    assert_eq!(location(&nobody), "/sign-in");
}

#[tokio::test]
async fn a_password_that_does_not_do_says_why_and_keeps_what_there_was() {
    let house = House::with_passwords().await;
    let mut ana = house.signed_in(ANA, LinkKind::Enrolment).await;
    for (password, why) in [
        ("qzxjkv", "at least 12 characters"),
        ("with\ta tab inside it", "cannot be typed"),
        (&*"x".repeat(1025), "too long"),
    ] {
        let answer = set(&mut ana, password).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(body(&answer).contains(why), "{}", body(&answer));
        assert!(!body(&answer).contains(&encoded(password)));
    }
    assert!(house.factors(ANA).is_empty());
    // However a keyboard composes it, it is the same one.
    set(&mut ana, "nine blue Gro\u{308}ßen").await;
    let (app, _) = add_app(&mut ana).await;
    house.tested.clock.advance(Duration::from_secs(30));
    let form = format!(
        "name=ana&password={}&code={}",
        encoded("nine blue Größen"),
        app.code(&house, 0)
    );
    let answer = house.browser().post("/password", &form).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
}

async fn with_options(house: &House, passwords: PasswordOptions) -> Result<Identity, OpenError> {
    let options = IdentityOptions {
        passwords,
        ..options()
    };
    Identity::open(house.tested.engine.clone(), options, Vec::new()).await
}

#[tokio::test]
async fn a_breached_password_is_refused_and_so_is_any_while_the_list_cannot_be_read() {
    let mut house = House::with_passwords().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("breached.txt");
    let breached = PasswordOptions {
        breached: Some(file.clone()),
        cost: CHEAP,
        ..PasswordOptions::default()
    };
    let missing = with_options(&house, breached.clone()).await;
    assert!(matches!(missing, Err(OpenError::Breached(_))));
    std::fs::write(&file, "correcthorsebatterystaple\npassword1234\n").unwrap();
    house.identity = with_options(&house, breached).await.unwrap();
    let mut ana = house.signed_in(ANA, LinkKind::Enrolment).await;
    let answer = set(&mut ana, "correcthorsebatterystaple").await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(body(&answer).contains("became known in a breach"));
    std::fs::remove_file(&file).unwrap();
    let answer = set(&mut ana, PASSWORD).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(house.factors(ANA).is_empty());
    std::fs::write(&file, "correcthorsebatterystaple\n").unwrap();
    let answer = set(&mut ana, PASSWORD).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_password_is_hashed_anew_at_another_cost_as_its_person_signs_in() {
    let mut house = House::with_passwords().await;
    let (_ana, app) = enrolled(&house, ANA).await;
    let hash = |house: &House| {
        let reader = house.identity.engine().reader().clone();
        let all = reader.factor_secrets_of(UserId::from_bits(ANA)).unwrap();
        let mut texts = all
            .iter()
            .filter_map(|kept| String::from_utf8(kept.secret.expose().clone()).ok());
        texts.find(|text| text.starts_with("$argon2id$")).unwrap()
    };
    assert!(hash(&house).contains("m=64,t=1,p=1"));
    let dearer = PasswordOptions {
        cost: HashCost { passes: 2, ..CHEAP },
        ..PasswordOptions::default()
    };
    house.identity = with_options(&house, dearer).await.unwrap();
    let code = app.code(&house, 0);
    let answer = sign_in(&mut house.browser(), "ana", &code).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert!(hash(&house).contains("m=64,t=2,p=1"));
    house.tested.clock.advance(Duration::from_secs(30));
    let code = app.code(&house, 0);
    let answer = sign_in(&mut house.browser(), "ana", &code).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_picture_is_good_for_one_session_and_a_while() {
    let house = House::with_passwords().await;
    let mut ana = house.signed_in(ANA, LinkKind::Enrolment).await;
    let page = body(&ana.get("/account/authenticator").await);
    let (app, sealed) = (
        App::of(&page),
        between(&page, "name=\"app\" value=\"", "\"").to_owned(),
    );
    assert!(page.contains("<svg viewBox=\"0 0 ") && page.contains("role=\"img\""));
    let form = |code: &str| format!("app={sealed}&code={code}");
    let wrong = ana.post("/account/authenticator", &form("000000")).await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        App::of(&body(&wrong)).secret,
        app.secret,
        "it need not be read in again"
    );
    let mut bo = house.signed_in(BO, LinkKind::Enrolment).await;
    let stolen = bo
        .post("/account/authenticator", &form(&app.code(&house, 0)))
        .await;
    assert_eq!(stolen.status(), StatusCode::CONFLICT);
    house.tested.clock.advance(Duration::from_secs(15 * 60));
    let late = ana
        .post("/account/authenticator", &form(&app.code(&house, 0)))
        .await;
    assert_eq!(late.status(), StatusCode::CONFLICT);
    assert!(house.factors(ANA).is_empty() && house.factors(BO).is_empty());
}

#[tokio::test]
async fn tries_are_bounded_and_leave_every_other_way_in() {
    let house = House::with_passwords().await;
    let (mut ana, mut key) = house.with_passkey(ANA).await;
    set(&mut ana, PASSWORD).await;
    let (app, _) = add_app(&mut ana).await;
    house.tested.clock.advance(Duration::from_secs(30));
    let mut refused = 0;
    for n in 0..120_u8 {
        let mut browser = house.browser();
        browser.address = [198, 51, 100, n].into();
        let answer = sign_in(&mut browser, "ana", "000000").await;
        refused += u32::from(answer.status() == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(
        refused, 20,
        "a hundred of one name, wherever they come from"
    );
    let barred = sign_in(&mut house.browser(), "ana", &app.code(&house, 0)).await;
    assert_eq!(barred.status(), StatusCode::TOO_MANY_REQUESTS);
    let form = format!(
        "password={}&code={}",
        encoded(PASSWORD),
        app.code(&house, 0)
    );
    let confirmed = ana.post("/password/confirm", &form).await;
    assert_eq!(
        confirmed.status(),
        StatusCode::SEE_OTHER,
        "who is signed in may"
    );
    let mut fresh = house.browser();
    assert_eq!(fresh.sign_in(&mut key).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_recovery_link_takes_them_away_and_says_so() {
    let house = House::with_passwords().await;
    let (ana, app) = enrolled(&house, ANA).await;
    let link = house.link(ANA, LinkKind::Recovery).await;
    let mut fresh = house.browser();
    let page = body(&fresh.get(&link).await);
    assert!(page.contains("the password") && page.contains("the authenticator app"));
    fresh.post(&link, "").await;
    assert!(ana.session().unwrap().ended.is_some());
    assert!(house.factors(ANA).is_empty());
    let answer = sign_in(&mut house.browser(), "ana", &app.code(&house, 0)).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert_eq!(
        set(&mut fresh, PASSWORD).await.status(),
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn who_has_a_passkey_adds_them_after_a_fresh_proof_of_it() {
    let house = House::with_passwords().await;
    let (mut ana, mut key) = house.with_passkey(ANA).await;
    house.tested.clock.advance(Duration::from_secs(900));
    assert_eq!(
        set(&mut ana, PASSWORD).await.status(),
        StatusCode::FORBIDDEN
    );
    ana.confirm(&mut key).await;
    assert_eq!(
        set(&mut ana, PASSWORD).await.status(),
        StatusCode::SEE_OTHER
    );
    let mut spare = Authenticator::new(HOST);
    assert_eq!(
        ana.enrol(&mut spare, "spare").await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn no_record_and_no_fact_has_a_secret_in_it() {
    let house = House::with_passwords().await;
    let (_ana, app) = enrolled(&house, ANA).await;
    let facts = format!("{:?}", house.identity.engine().view().facts);
    let key = BASE32_NOPAD.encode(&app.secret);
    assert!(!facts.contains("argon2") && !facts.contains(&key));
    let recorded = house.recorded();
    assert!(recorded.iter().any(|what| what == "password set"));
    assert!(
        recorded
            .iter()
            .any(|what| what == "authenticator app added")
    );
    let folder = house.tested.folder.path();
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().collect();
    while let Some(entry) = files.pop() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap());
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let has = |wanted: &[u8]| bytes.windows(wanted.len()).any(|found| found == wanted);
        assert!(
            !has(b"$argon2id$") && !has(&app.secret),
            "{}",
            path.display()
        );
    }
}
