use std::net::{Ipv4Addr, Ipv6Addr};

/// Returns an address as older clients have it in their keys, or what is unusual about it.
///
/// Their parser mends much: it encodes, decodes and moves characters, reads numbers in several
/// bases as hosts, and takes dots out of paths. Only what passes through it unmended is taken here.
pub(super) fn normalize(url: &str) -> Result<String, &'static str> {
    let (scheme, rest) = url.split_once("://").ok_or("has no scheme")?;
    let scheme = scheme.to_ascii_lowercase();
    let scheme_port = match &*scheme {
        "http" => 80,
        "https" => 443,
        _ => return Err("is neither of http nor of https"),
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let place = authority
        .rsplit_once('@')
        .map_or(authority, |(_, place)| place);
    if authority.contains(['\\', '\t', '\n', '\r']) {
        return Err("has an unusual character before its path");
    }
    let (host, port) = split_port(place)?;
    let host = normalize_host(host)?;
    check_path(path)?;
    let mut normal = format!("{scheme}://{host}");
    if let Some(port) = port.filter(|port| *port != scheme_port) {
        normal.push(':');
        normal.push_str(&port.to_string());
    }
    normal.push_str(if path.is_empty() { "/" } else { path });
    Ok(normal)
}

/// A colon without digits after it is as good as none.
fn split_port(place: &str) -> Result<(&str, Option<u16>), &'static str> {
    let host_end = place.rfind(']').map_or(0, |bracket| bracket + 1);
    let Some(colon) = place[host_end..].find(':') else {
        return Ok((place, None));
    };
    let (host, port) = place.split_at(host_end + colon);
    let digits = &port[1..];
    if digits.is_empty() {
        return Ok((host, None));
    }
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("has a port that is no number");
    }
    let port = digits.parse().map_err(|_| "has a port beyond the last")?;
    Ok((host, Some(port)))
}

fn normalize_host(host: &str) -> Result<String, &'static str> {
    let in_brackets = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Some(address) = in_brackets {
        let address: Ipv6Addr = address.parse().map_err(|_| "has an unusual host")?;
        // These have two forms, and which one is written is not agreed on.
        if address.to_ipv4_mapped().is_some() {
            return Err("has an unusual host");
        }
        return Ok(format!("[{address}]"));
    }
    let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if host.is_empty() || !host.bytes().all(is_usual) {
        return Err("has an unusual host");
    }
    let host = host.to_ascii_lowercase();
    // With a number at its end, a host is an address in the eyes of that parser.
    let without_dot = host.strip_suffix('.').unwrap_or(&host);
    let last = without_dot.rsplit('.').next().unwrap_or_default();
    let is_number = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit())
        || last
            .strip_prefix("0x")
            .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if is_number && host.parse::<Ipv4Addr>().is_err() {
        return Err("has an unusual host");
    }
    Ok(host)
}

fn check_path(path: &str) -> Result<(), &'static str> {
    let is_usual =
        |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@%".contains(&byte);
    if !path.bytes().all(is_usual) {
        return Err("has an unusual character in its path");
    }
    let is_dots = |segment: &str| {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        plain == "." || plain == ".."
    };
    if path.split('/').any(is_dots) {
        return Err("has dots for a segment of its path");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
