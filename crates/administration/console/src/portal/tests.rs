use std::sync::Arc;

use gw_engine::testing::{START, TestEngine, app, group, policies, session, user};
use gw_model::{
    AuthnMethod, Change, DecisionId, Factor, FactorId, FactorKind, Session, SessionKind, Upstream,
    User, UserId,
};
use gw_pages::Judged;
use http::HeaderMap;
use tower::util::ServiceExt;

use super::*;

const POLICIES: &str = r#"
    @id("wiki") permit (principal in Group::"staff", action, resource in App::"wiki");
    @id("payroll") permit (principal in Group::"staff", action, resource in App::"payroll")
        when { context.authn.phishing_resistant };
    @id("finance") permit (principal in Group::"finance", action, resource in App::"books");
"#;

struct House {
    tested: TestEngine,
    user: User,
    session: Session,
}

async fn house(method: AuthnMethod, passkey: bool) -> House {
    let mut user = user(1, "ana", &["staff"]);
    user.display_name = "Ana <Ruiz>".into();
    if passkey {
        user.factors.push(Factor {
            id: FactorId::from_bits(5),
            kind: FactorKind::Passkey,
            name: "key".into(),
            enrolled_at: START,
            authenticator: None,
        });
    }
    let session = session(9, &user, method, START);
    let mut own = app("sign-in");
    own.upstream = Upstream::BuiltIn("sign-in".into());
    let mut portal = app("portal");
    portal.in_portal = false;
    let mut hidden = app("engine-room");
    hidden.in_portal = false;
    let apps = [
        own,
        portal,
        hidden,
        app("wiki"),
        app("payroll"),
        app("books"),
    ];
    let mut changes = vec![group("staff"), group("finance"), policies(POLICIES)];
    changes.extend(apps.map(|app| Change::AppPut(Arc::new(app))));
    changes.push(Change::UserPut(Arc::new(user.clone())));
    changes.push(Change::SessionStarted(Arc::new(session.clone())));
    let tested = TestEngine::with(changes).await;
    House {
        tested,
        user,
        session,
    }
}

fn request(house: &House, path: &str) -> JudgedRequest {
    JudgedRequest {
        method: Method::GET,
        path: path.into(),
        query: None,
        headers: HeaderMap::new(),
        body: Bytes::new(),
        judged: Judged {
            decision: DecisionId::from_bits(1),
            because: Vec::new(),
            at: START,
            epoch: house.tested.engine.view().facts.epoch,
            address: [127, 0, 0, 1].into(),
            scheme: "http",
            host: "portal.test".into(),
            port: Some(8080),
            user: Some(Arc::new(house.user.clone())),
            session: Some(Arc::new(house.session.clone())),
            rank: 1,
            ended: None,
            navigation: true,
            certificates: None,
        },
    }
}

async fn page(house: &House, level: Level) -> String {
    page_at(house, level, "/").await
}

/// What Ana did, as the ledger would tell it.
fn history() -> History {
    let access = |path: &str, app: &str, became| Access {
        at: START,
        became,
        app: app.into(),
        method: "GET".into(),
        path: path.into(),
        why: "An administrator ended this session.".into(),
        decision: Some(DecisionId::from_bits(7)),
    };
    Arc::new(move |user| {
        assert_eq!(user, UserId::from_bits(1));
        let accesses = vec![
            access("/<b>", "payroll", Became::Refused),
            access("/<b>", "payroll", Became::Refused),
            access("/live", "wiki", Became::Ended),
            access("/ledgers", "books", Became::Refused),
            access("/a", "wiki", Became::Allowed),
            access("/b", "wiki", Became::Allowed),
            access("/gone", "no-longer-there", Became::Refused),
        ];
        Box::pin(std::future::ready(Lately {
            since: START,
            accesses,
        }))
    })
}

async fn page_at(house: &House, level: Level, path: &str) -> String {
    let options = PortalOptions {
        sign_in: "sign-in".parse().unwrap(),
        remedies: level,
        history: history(),
        news: Arc::new(|_, _| Box::pin(async { 3 })),
    };
    let service = service(house.tested.engine.clone(), options);
    let answer = service.oneshot(request(house, path)).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    String::from_utf8(answer.body().to_vec()).unwrap()
}

#[tokio::test]
async fn apps_that_open_are_links_and_step_up_is_told_beforehand() {
    let house = house(AuthnMethod::SignInLink, true).await;
    let page = page(&house, Level::Own).await;
    assert!(
        page.contains(r#"<a class="app" href="http://wiki.test:8080/">"#),
        "{page}"
    );
    assert!(
        page.contains(r#"<a class="app" href="http://payroll.test:8080/">"#),
        "{page}"
    );
    assert!(page.contains("asks again for your passkey"));
    assert!(!page.contains("engine-room") && !page.contains("portal.test"));
}

#[tokio::test]
async fn what_only_others_can_open_is_folded_and_names_no_group() {
    let house = house(AuthnMethod::SignInLink, true).await;
    let own = page(&house, Level::Own).await;
    let (before, folded) = own.split_once("<details>").unwrap();
    assert!(before.contains("payroll") && !before.contains("books"));
    assert!(folded.contains("books") && folded.contains("someone who administers Gatewright"));
    assert!(!own.contains("finance"));
    let full = page(&house, Level::Full).await;
    assert!(full.contains("to the group finance"), "{full}");
    let none = page(&house, Level::None).await;
    assert!(none.contains("wiki") && !none.contains("payroll") && !none.contains("books"));
}

#[tokio::test]
async fn the_head_leads_to_what_is_ones_own_and_names_are_text() {
    let house = house(AuthnMethod::Passkey, true).await;
    let page = page(&house, Level::Own).await;
    assert!(page.contains("Ana &#60;Ruiz&#62;"), "{page}");
    for link in ["#sessions", "#passkeys", "sign-out"] {
        assert!(
            page.contains(&format!(r#"href="http://sign-in.test:8080/{link}""#)),
            "{link}"
        );
    }
    assert!(page.contains("Signed in with a passkey just now"));
    assert!(!page.contains("asks again"));
}

#[tokio::test]
async fn who_came_by_a_link_that_enrols_is_asked_to_add_a_passkey_until_there_is_one() {
    for (kind, method, passkey, asked) in [
        (
            SessionKind::Enrolment,
            AuthnMethod::EnrolmentLink,
            false,
            true,
        ),
        (
            SessionKind::Enrolment,
            AuthnMethod::EnrolmentLink,
            true,
            false,
        ),
        (
            SessionKind::Ordinary,
            AuthnMethod::EnrolmentLink,
            false,
            false,
        ),
        (SessionKind::Ordinary, AuthnMethod::SignInLink, false, false),
    ] {
        let mut house = house(method, passkey).await;
        house.session.kind = kind;
        let page = page(&house, Level::Own).await;
        let what = (kind, method, passkey);
        assert_eq!(page.contains("Add a passkey"), asked, "{what:?}");
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_told_so() {
    let house = house(AuthnMethod::Passkey, true).await;
    let options = PortalOptions {
        sign_in: "sign-in".parse().unwrap(),
        remedies: Level::Own,
        history: history(),
        news: Arc::new(|_, _| Box::pin(async { 3 })),
    };
    let service = service(house.tested.engine.clone(), options);
    let answer = service
        .clone()
        .oneshot(request(&house, "/other"))
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    let mut posted = request(&house, "/");
    posted.method = Method::POST;
    let answer = service.clone().oneshot(posted).await.unwrap();
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    let mut stranger = request(&house, "/");
    (stranger.judged.user, stranger.judged.session) = (None, None);
    let answer = service.oneshot(stranger).await.unwrap();
    assert!(String::from_utf8_lossy(answer.body()).contains("You are not signed in"));
}

#[tokio::test]
async fn what_was_refused_or_ended_says_what_opens_it_now() {
    let house = house(AuthnMethod::SignInLink, true).await;
    let page = page_at(&house, Level::Own, "/history").await;
    let (refused, opened) = page.split_once(r#"id="opened""#).unwrap();
    assert!(refused.contains("GET /&#60;b&#62;"), "{page}");
    assert!(refused.contains(", 2 times") && refused.contains("asks again for your passkey"));
    assert!(refused.contains("An administrator ended this session."));
    assert!(refused.contains(r#"It opens now: <a href="http://wiki.test:8080/">"#));
    assert!(refused.contains("someone who administers Gatewright"));
    assert!(refused.contains(&DecisionId::from_bits(7).to_string()));
    assert!(!page.contains("no-longer-there"));
    assert!(opened.contains("2 requests, last <time"), "{opened}");
    let untold = page_at(&house, Level::None, "/history").await;
    assert!(untold.contains("Nothing you can do opens it now."));
    assert!(!untold.contains("asks again"));
}
