use forebay_example_follow::client::Client;
use forebay_example_follow::process::free_addresses;
use hyper::Method;

use crate::site::{Logged, Site, applied, start_service, wait_until};

#[tokio::test]
async fn who_follows_a_service_that_is_killed_waits_for_it_and_goes_on() {
    let [address, reads] = free_addresses().unwrap();
    let mut site = Site::start_at(address, &[]).await;
    let worker = Logged::start("worker", &site.worker_arguments());
    let arguments = [
        "replica".to_owned(),
        "--name=replica".to_owned(),
        format!("--service={address}"),
        format!("--listen={reads}"),
    ];
    let replica = Logged::start("replica", &arguments);
    site.set("web/color", "blue").await;
    let read = async || {
        let mut client = Client::connect(reads).await.ok()?;
        let (_, body) = client.request(Method::GET, "/config", "").await.ok()?;
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        Some(body["topics"]["web"]["color"].as_str()?.to_owned())
    };
    let file = site.path("applied.jsonl");
    wait_until("the replica has it", async || {
        read().await.as_deref() == Some("blue")
    })
    .await;
    wait_until("the worker has it", async || applied(&file) == ["blue"]).await;
    for follower in [&worker, &replica] {
        assert_eq!(follower.lines(), [""; 0]);
    }

    site.service.process.kill().await.unwrap();
    for follower in [&worker, &replica] {
        let mut lines = Vec::new();
        wait_until("it is told that the service is gone", async || {
            lines.extend(follower.lines());
            !lines.is_empty()
        })
        .await;
        assert!(
            lines[0].contains("no connection to the service"),
            "{lines:?}"
        );
        assert_eq!(lines.len(), 1, "{lines:#?}");
    }
    // A replica is there to be read.
    assert_eq!(read().await.as_deref(), Some("blue"));

    (site.service, _) = start_service(&site.folder, address, &[]).await;
    site.set("web/color", "green").await;
    wait_until("the replica has it", async || {
        read().await.as_deref() == Some("green")
    })
    .await;
    wait_until("the worker has it", async || {
        applied(&file) == ["blue", "green"]
    })
    .await;
}

#[tokio::test]
async fn of_two_workers_with_one_name_the_later_one_takes_over() {
    let site = Site::start(&[]).await;
    let mut early = Logged::start("worker", &site.worker_arguments());
    let file = site.path("applied.jsonl");
    site.set("web/color", "blue").await;
    wait_until("the early one has it", async || applied(&file) == ["blue"]).await;

    let mut arguments = site.worker_arguments();
    let others = site.path("others.jsonl");
    arguments[2] = format!("--applied={}", others.display());
    let _late = Logged::start("worker", &arguments);
    wait_until("the early one ends", async || {
        // It learns of the other one when it commits.
        site.set("web/color", "green").await;
        early.process.has_ended()
    })
    .await;
    assert!(!early.process.wait().await.unwrap());
    let line = early.line().await;
    assert!(line.contains("another one claimed it later"), "{line}");
    wait_until("the late one goes on", async || {
        !applied(&others).is_empty()
    })
    .await;
}

#[tokio::test]
async fn who_follows_is_told_when_the_service_ends() {
    let mut site = Site::start(&[]).await;
    site.set("web/color", "blue").await;
    let mut streams = Vec::new();
    for path in ["/watch/web", "/watch/web/color", "/log"] {
        let client = Client::connect(site.address).await.unwrap();
        streams.push(client.events(path, None).await.unwrap());
    }
    assert!(site.service.process.end().await.unwrap());
    for mut events in streams {
        let mut last = None;
        while let Ok(Some(come)) = events.next().await {
            last = come.into_iter().next_back();
        }
        assert_eq!(last.unwrap().name, "closed");
    }
    assert!(site.service.lines().is_empty());
}
