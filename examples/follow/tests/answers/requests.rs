use forebay_example_follow::client::Client;
use hyper::body::Bytes;
use hyper::{Method, StatusCode};

use crate::site::{Logged, Site};

#[tokio::test]
async fn a_request_that_makes_no_sense_gets_its_status_and_one_line_in_the_log() {
    let site = Site::start(&[]).await;
    site.set("web/color", "blue").await;
    assert!(site.service.lines().is_empty());
    let long = "x".repeat(65);
    let (put, get) = (Method::PUT, Method::GET);
    let none = Bytes::new();
    let too_long = Bytes::from(vec![b'x'; (64 << 10) + 1]);
    let cases = [
        (put.clone(), "/config/we%20b/color", none.clone(), 400),
        (put.clone(), "/config/web/a%2Fb", none.clone(), 400),
        (put.clone(), "/config/web/%ff", none.clone(), 400),
        (get.clone(), &format!("/config/{long}"), none.clone(), 400),
        (get.clone(), "/watch/we%20b", none.clone(), 400),
        (
            put.clone(),
            "/config/web/color",
            Bytes::from_static(b"\xff"),
            400,
        ),
        (
            put.clone(),
            "/status/worker",
            Bytes::from_static(b"{}"),
            400,
        ),
        (get.clone(), "/log?from=nowhere", none.clone(), 400),
        (put, "/config/web/color", too_long, 413),
        (get.clone(), "/config/web/shape", none.clone(), 404),
        (get.clone(), "/config/nobody", none.clone(), 404),
        (Method::DELETE, "/config/web/shape", none.clone(), 404),
        (get, "/nowhere", none.clone(), 404),
        (Method::POST, "/config/web/color", none, 405),
    ];
    for (method, path, body, expected) in cases {
        let (status, body) = site.answer(method.clone(), path, body).await;
        assert_eq!(status.as_u16(), expected, "{method} {path}");
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        let why = body["error"].as_str().unwrap();
        let line = site.service.line().await;
        assert_eq!(line, format!("WARN {method} {path}: {expected} {why}"));
    }
    // Nothing has come of any of that.
    let (status, value) = site.answer(Method::GET, "/config/web/color", "").await;
    assert_eq!((status, &*value), (StatusCode::OK, "blue"));
    assert!(site.service.lines().is_empty());
}

#[tokio::test]
async fn metrics_say_what_the_page_shows() {
    let site = Site::start(&[]).await;
    site.set("web/color", "blue").await;
    site.set("web/color", "red").await;
    site.set("mail/host", "here").await;
    let report = concat!(
        r#"{"run": 1, "log": null, "applied": null, "#,
        r#""role": {"worker": {"state": "Following", "committed": null}}}"#
    );
    let status = site.ask(Method::PUT, "/status/worker", report).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, text) = site.answer(Method::GET, "/metrics", "").await;
    assert_eq!(status, StatusCode::OK);
    let expected = [
        "follow_head 3",
        "follow_keys 2",
        "follow_changes_total{name=\"mail\"} 1",
        "follow_changes_total{name=\"web\"} 2",
        "follow_watchers{name=\"web\"} 0",
        "follow_starts_total{name=\"worker\"} 1",
    ];
    for line in expected {
        assert!(text.lines().any(|found| found == line), "no {line}: {text}");
    }
    // It has said nothing of this log.
    assert!(!text.contains("follow_lag{"), "{text}");
}

/// What it does not serve, it says as the service does.
#[tokio::test]
async fn replica_refuses_what_it_cannot_do() {
    let site = Site::start(&[]).await;
    let service = format!("--service={}", site.address);
    let arguments = ["replica", "--name=replica", &service].map(str::to_owned);
    let mut replica = Logged::start("replica", &arguments);
    let address = replica.process.wait_for("listening on http://").await;
    let mut client = Client::connect(address.unwrap().parse().unwrap())
        .await
        .unwrap();
    for (method, path, expected) in [
        (
            Method::PUT,
            "/config/web/color",
            StatusCode::METHOD_NOT_ALLOWED,
        ),
        (Method::GET, "/metrics", StatusCode::NOT_FOUND),
    ] {
        let (status, body) = client.request(method, path, "").await.unwrap();
        assert_eq!(status, expected, "{path}");
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert!(body["error"].is_string(), "{path}: {body}");
        let line = replica.line().await;
        assert!(line.ends_with(body["error"].as_str().unwrap()), "{line}");
    }
}
