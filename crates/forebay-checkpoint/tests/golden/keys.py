"""Prints keys.json: keys derived anew from their description, by other code than the crate's.

python3 keys.py > keys.json
"""

import hashlib
import json
import math
import struct


def number(value):
    """A double as ECMAScript writes it; `repr` has the shortest digits."""
    value = float(value)
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = whole + fraction
    point = len(whole) + int(exponent or 0)
    point -= len(digits) - len(digits.lstrip("0"))
    digits = digits.strip("0")
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return sign + digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    power = point - 1
    tail = "." + digits[1:] if count > 1 else ""
    return f"{sign}{digits[0]}{tail}e{'+' if power > 0 else '-'}{abs(power)}"


def string(text):
    short = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
    return '"' + "".join(
        short.get(ord(c), f"\\u{ord(c):04x}" if ord(c) < 32 else c) for c in text) + '"'


def canonical(value):
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        assert math.isfinite(float(value))
        return number(value)
    if isinstance(value, str):
        return string(value)
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    names = sorted(value, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(string(name) + ":" + canonical(value[name]) for name in names) + "}"


def blockd(data):
    return struct.pack("<Q", len(data)) + data


def key_v1(normal_url, event_type, filter_text, fingerprint):
    data = struct.pack("<I", 1)
    data += blockd(normal_url.encode()) + blockd(event_type.encode())
    data += blockd(canonical(json.loads(filter_text)).encode())
    data += b"\0" if fingerprint is None else b"\1" + blockd(fingerprint)
    return hashlib.sha256(data).hexdigest()


def key_v2(parts):
    data = struct.pack("<IQ", 2, len(parts))
    for name, kind, content in sorted(parts, key=lambda part: part[0].encode()):
        if kind == "json":
            content = canonical(json.loads(content)).encode()
        elif kind == "hex":
            content = bytes.fromhex(content)
        else:
            content = content.encode()
        data += blockd(name.encode()) + bytes([kind == "json"]) + blockd(content)
    return hashlib.sha256(data).hexdigest()


# The address as it is given, as the client has it in its key, and the other parts.
V1 = [
    ("https://events.example.org", "https://events.example.org/", "order", "{}", None),
    ("HTTPS://Me:secret@Events.Example.ORG:443?all=1#top", "https://events.example.org/",
     "order", " {} ", b""),
    ("http://localhost:8080/api/v1/", "http://localhost:8080/api/v1/", "", "null", b"\x00\xff"),
    ("http://[2001:DB8:0:0:0:0:0:1]:80/a%20b", "http://[2001:db8::1]/a%20b", "caf\u00e9",
     '{"b":[1.0,1e21,-0.0,1e-7],"a":{"\u20ac":1,"\U0001d11e":2,"\ufb33":3}}', None),
    ("http://192.0.2.1:00443", "http://192.0.2.1:443/", "order",
     '{"n":9007199254740993,"m":18446744073709551615}', None),
    ("http://192.0.2.1:443", "http://192.0.2.1:443/", "order",
     '{"m":18446744073709551614,"n":9007199254740992}', None),
    ("https://h.example/", "https://h.example/", "order", '{"a":1,"a":2}', b"x" * 300),
]

V2 = [
    [],
    [("", "text", "")],
    [("", "json", "null")],
    [("topic", "text", "orders")],
    [("topic", "text", "orders"), ("consumer", "text", "billing"),
     ("filter", "json", '{"region": "eu", "min": 10}')],
    [("a", "text", "bc"), ("d", "text", "")],
    [("ab", "text", "c"), ("d", "text", "")],
    [("bytes", "hex", "00ff80"), ("\u00e9", "text", "\U0001d11e")],
    [("json", "json", '[9007199254740992,-9007199254740992,0.1,1e-7,-0.0,"\\u000f\\/\\"\\n\\u20ac"]')],
    [("json", "text", '{"a":1}')],
    [("json", "json", '{"a":1}')],
]

print(json.dumps({
    "v1": [dict(base_url=given, event_type=event_type, filter=text,
                fingerprint=None if fingerprint is None else fingerprint.hex(),
                key=key_v1(normal, event_type, text, fingerprint))
           for given, normal, event_type, text, fingerprint in V1],
    "v2": [dict(parts=parts, key=key_v2(parts)) for parts in V2],
}, indent=1, ensure_ascii=True))
