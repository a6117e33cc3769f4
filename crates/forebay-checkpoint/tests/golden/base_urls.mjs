// Prints base_urls.txt: addresses, and what a parser by the URL standard has of them, without user,
// query and fragment; `-` where it refuses them.
//
// node base_urls.mjs > base_urls.txt

const schemes = ["http://", "HTTPS://", "http:", "https:///", "ftp://", "x://"];
const users = ["", "me@", "me:p@ss:w@", ":@"];
const hosts = ["example.org", "Example.ORG.", "a..b", "-a_b-", "127.0.0.1", "127.1", "0x7f.1", "1.2.3.04",
  "1.2.3.4.", "09", "1.2.3.4.5", "a.0xg", "a.0x", "a.1", "1.a", "[::1]", "[2001:DB8::0:1:0]", "[::ffff:1.2.3.4]",
  "[::1.2.3.4]", "[1::2::3]", "[::1", "xn--bcher-kva.example", "b\u00fccher.example", "ex%41mple.org", "a b", "",
  "a|b", "a,b", "[1:0:0:2:0:0:0:3]", "[1:0:0:2:3:0:0:4]", "[1:0:2:3:4:5:6:7]"];
const ports = ["", ":", ":80", ":443", ":0443", ":8080", ":0", ":65535", ":65536", ":8a", ":-1", ":8:0"];
const paths = ["", "/", "/a", "/A/b/", "//", "/a//b", "/./a", "/a/..", "/a/%2E%2e/b", "/.%2e", "/...", "/a%2fb%",
  "/\u00e9", "/a b", "/a\\b", "\\a", "/a;b=c,d&e!$'()*+:@~", "/{a}", "/a|b", "/^", "/`a`", "/\"a\"", "/<a>",
  "?a=b#c", "/a?b/../c", "#/../a", "/[a]", "/a\tb", "/a "];

function normal(text) {
  try {
    const url = new URL(text);
    url.username = "";
    url.password = "";
    url.search = "";
    url.hash = "";
    return url.href;
  } catch {
    return "-";
  }
}

function print(text) {
  console.log(JSON.stringify([text, normal(text)]));
}

for (const scheme of schemes) {
  for (const user of users) {
    print(`${scheme}${user}example.org:8080/a`);
  }
}
for (const host of hosts) {
  for (const port of ["", ":8080"]) {
    print(`https://${host}${port}/a`);
  }
}
for (const port of ports) {
  for (const scheme of ["http://", "https://"]) {
    print(`${scheme}me@h${port}`);
    print(`${scheme}[::1]${port}/a`);
  }
}
for (const path of paths) {
  print(`http://h${path}`);
  print(`http://h:80${path}`);
}
for (const text of ["", "h", "/a", "http", "http://", "//h/a", " http://h/a", "http://h/a\n", "ht\ttp://h", "http://@h",
  "http://a@", "http://a/@b", "http://a?b@c/d", "http://a\\@b", "http://a#b@c"]) {
  print(text);
}
