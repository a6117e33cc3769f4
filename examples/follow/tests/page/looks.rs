//! Whether it can be read.

use serde_json::{Value, json};

use crate::browser::{Browser, WHOLE};
use crate::site::{Site, replica, status, watcher, worker};

/// The least contrast of any text with what is behind it, and whose that is.
const LEAST_CONTRAST: &str = r"(() => {
  const parse = (color) => (color.match(/[\d.]+/g) || []).map(Number);
  const light = ([red, green, blue]) => [red, green, blue]
    .map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, nth) => sum + part * [0.2126, 0.7152, 0.0722][nth], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const isText = (node) => node.nodeType === 3 && node.data.trim() !== '';
  let least = [21, ''];
  for (const element of document.body.querySelectorAll('*')) {
    const isSeen = element.checkVisibility() && element.getClientRects().length > 0;
    if (!isSeen || !Array.from(element.childNodes).some(isText)) continue;
    const two = [light(parse(getComputedStyle(element).color)), light(behind(element))];
    const contrast = (Math.max(...two) + 0.05) / (Math.min(...two) + 0.05);
    if (contrast < least[0]) least = [contrast, element.outerHTML];
  }
  return least;
})()";

fn open() -> Option<(Browser, Site)> {
    let mut browser = Browser::start()?;
    let mut first = status();
    let long = "a-name-as-long-as-nobody-would-choose-it-but-which-may-well-be-chosen";
    first.subscribers = vec![watcher(1, long, 9_000), watcher(2, "web", 0)];
    first.workers = vec![worker(long, 12_000), worker("other", 12_345)];
    first.workers[1].silent_seconds = Some(7);
    first.replicas = vec![replica(long, "Fetching"), replica("other", "Following")];
    first.replicas[0].starts = 2;
    let site = Site::start(first, None);
    browser.open(&site.address);
    browser.until(WHOLE);
    assert_eq!(browser.texts(".item").len(), 4);
    Some((browser, site))
}

#[test]
fn text_stands_out_in_light_and_in_dark() {
    let Some((mut browser, _site)) = open() else {
        return;
    };
    for scheme in ["light", "dark"] {
        browser.prefer(scheme);
        let least = browser.evaluate(LEAST_CONTRAST);
        // The least that the accessibility guidelines of the web ask for.
        assert!(least[0].as_f64().unwrap() >= 4.5, "{scheme}: {least}");
    }
    let ground = "getComputedStyle(document.body).backgroundColor";
    let dark = browser.evaluate(ground);
    browser.prefer("light");
    assert_ne!(browser.evaluate(ground), dark);
}

#[test]
fn nothing_is_wider_than_the_screen() {
    let Some((mut browser, _site)) = open() else {
        return;
    };
    for width in [320, 400, 861, 1_200] {
        browser.resize(width, 800);
        let needed = browser.evaluate("document.documentElement.scrollWidth");
        assert_eq!(needed, width);
        let beyond = "Array.from(document.querySelectorAll('main *')).filter((found) => \
             found.getBoundingClientRect().right > innerWidth + 1).length";
        assert_eq!(browser.evaluate(beyond), 0, "{width}");
    }
}

/// What assistive technology is told.
#[test]
fn page_can_be_read_aloud() {
    let Some((mut browser, _site)) = open() else {
        return;
    };
    browser.call("Accessibility.enable", json!({}));
    let tree = browser.call("Accessibility.getFullAXTree", json!({}));
    let nodes: Vec<_> = tree["nodes"].as_array().unwrap().iter().collect();
    let named = |role: &str| -> Vec<&str> {
        let of_role = nodes.iter().filter(|node| node["role"]["value"] == role);
        of_role
            .filter_map(|node| node["name"]["value"].as_str())
            .collect()
    };
    assert_eq!(
        named("table"),
        ["Topics and their changes", "Watchers, the slowest first"]
    );
    let titles = named("heading");
    for title in [
        "The follow path",
        "Topics",
        "Watchers",
        "Workers",
        "Replicas",
        "What happened",
    ] {
        assert!(titles.contains(&title), "{titles:?}");
    }
    assert_eq!(named("progressbar"), ["Fetched of the snapshot"]);
    assert!(named("columnheader").contains(&"Behind"));
    assert!(named("rowheader").contains(&"web"));
    // What changes by itself is read when there is time, and the numbers are not read at all.
    for role in ["status", "log"] {
        let live = nodes
            .iter()
            .find(|node| node["role"]["value"] == role)
            .unwrap();
        let is_polite =
            |property: &Value| property["name"] == "live" && property["value"]["value"] == "polite";
        let properties = live["properties"].as_array().unwrap();
        assert!(properties.iter().any(is_polite), "{role}");
    }
    assert_eq!(
        browser.evaluate("document.querySelectorAll('[aria-live]').length"),
        0
    );
    assert_eq!(browser.evaluate("document.documentElement.lang"), "en");
}
