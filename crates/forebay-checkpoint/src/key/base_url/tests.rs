use super::normalize;

/// What a parser by the standard makes of many addresses, which is what older clients have.
const STANDARD: &str = include_str!("../../../tests/golden/base_urls.txt");

#[test]
fn what_is_taken_is_as_the_standard_has_it() {
    let mut taken = 0;
    for line in STANDARD.lines() {
        let (given, normal): (String, String) = serde_json::from_str(line).unwrap();
        if let Ok(found) = normalize(&given) {
            assert_eq!(found, normal, "{given:?}");
            taken += 1;
        }
    }
    // Enough of them, so that not everything is refused.
    assert!(taken > 80, "{taken}");
}

#[test]
fn everything_usual_is_taken() {
    for (given, expected) in [
        ("http://h", "http://h/"),
        ("http://h:80", "http://h/"),
        ("http://h:443/", "http://h:443/"),
        ("https://h:443/", "https://h/"),
        ("https://h:80/", "https://h:80/"),
        ("https://h:/", "https://h/"),
        (
            "https://Me:p@ss@API.Example.org/v1?x=y#z",
            "https://api.example.org/v1",
        ),
        ("http://h/a/b/", "http://h/a/b/"),
        ("http://h/A%2fb;c=d", "http://h/A%2fb;c=d"),
        ("http://h?/../", "http://h/"),
        ("http://h#@x", "http://h/"),
        ("http://10.0.0.1:9000/", "http://10.0.0.1:9000/"),
        ("http://[::1]:80", "http://[::1]/"),
        ("http://[FE80::0:1]:81", "http://[fe80::1]:81/"),
        ("http://my_host-1.svc.", "http://my_host-1.svc./"),
    ] {
        assert_eq!(normalize(given).as_deref(), Ok(expected), "{given:?}");
    }
}

#[test]
fn everything_unusual_is_refused_with_a_reason() {
    for (given, reason) in [
        ("example.org/a", "has no scheme"),
        ("ftp://h/", "is neither of http nor of https"),
        (" http://h/", "is neither of http nor of https"),
        ("http:///a", "has an unusual host"),
        ("http://me@", "has an unusual host"),
        ("http://127.1/", "has an unusual host"),
        ("http://0x7f000001/", "has an unusual host"),
        ("http://b\u{fc}cher/", "has an unusual host"),
        ("http://h%41/", "has an unusual host"),
        ("http://[::ffff:1.2.3.4]/", "has an unusual host"),
        ("http://[::1", "has a port that is no number"),
        ("http://h:x/", "has a port that is no number"),
        ("http://h:65536/", "has a port beyond the last"),
        ("http://h\\@g/", "has an unusual character before its path"),
        ("http://h/a b", "has an unusual character in its path"),
        ("http://h/\u{e9}", "has an unusual character in its path"),
        ("http://h/a\\b", "has an unusual character in its path"),
        ("http://h/../a", "has dots for a segment of its path"),
        ("http://h/a/%2E", "has dots for a segment of its path"),
    ] {
        assert_eq!(normalize(given), Err(reason), "{given:?}");
    }
}
