#!/usr/bin/env python3
"""Writes the hard cases of `tests/vectors`: what a lax, a hasty or a too clever verifier gets wrong.

    generate_vectors.py           writes hard_verify.json and hard_open_api.json
    generate_vectors.py --check   fails where they differ from what would be written

Every case of `hard_verify.json` is written down here together with its verdict, and `model.py` has
to agree before it is kept. Chance plays a part only in the queries that are put together from hard
pieces, and there it is seeded: the same files come out every time.
"""

import base64
import hashlib
import hmac
import itertools
import json
import pathlib
import random
import sys

import model

VECTORS = pathlib.Path(__file__).resolve().parent / "vectors"

NOW = 1_780_000_000
BODY = b'{"event":"test"}'
SECRET = "correct horse battery staple"
TOKEN = "GfKu22TCaj4gULtrA3/OgA=="
OTHER_TOKEN = "kF2bW0xrQ1yO8l5m4Zt3pA=="
WEBHOOKS = ("trustlens", "trustlens_v1", "trustoo_shop", "trustoo_system")
TIMED = ("trustlens", "trustoo_shop")


def b64(data):
    return base64.b64encode(data).decode()


def sign(scheme, secret=SECRET, seconds=NOW, body=BODY):
    return model.signature(scheme, secret.encode(), seconds, body)


def over(scheme, message, secret=SECRET):
    """A signature header over any bytes, however the scheme would have put them together."""
    return model.SCHEMES[scheme].prefix + model.hmac_sha256(secret.encode(), message).hex().encode()


class Cases:
    def __init__(self):
        self.cases = []

    def add(self, note, expect, scheme, headers, body=BODY, secrets=(SECRET,), **rest):
        case = {"id": f"hard-{len(self.cases):04}", "note": note, "scheme": scheme}
        case |= {"secrets": list(secrets), "now": rest.pop("now", NOW)} | rest
        case["headers_b64"] = [[name, b64(value)] for name, value in headers]
        case |= {"body_b64": b64(body), "expect": expect}
        found = model.verdict(case)["verdict"]
        assert found == expect, f"{note}: {found}, not {expect}"
        self.cases.append(case)

    def send(self, note, expect, scheme, timestamp=None, signature=None, token=None, **rest):
        """A request with each header of the scheme once; genuine where nothing else is said."""
        names = model.SCHEMES[scheme]
        body, secrets = rest.get("body", BODY), rest.get("secrets", (SECRET,))
        seconds = NOW
        if isinstance(timestamp, int):
            seconds, timestamp = timestamp, str(timestamp).encode()
        headers = []
        if token is not None or "store" in rest:
            headers.append((names.token, TOKEN.encode() if token is None else token))
        if names.timestamp:
            headers.append((names.timestamp, str(NOW).encode() if timestamp is None else timestamp))
        if signature is None:
            signature = sign(scheme, secrets[0], seconds, body)
        headers.append((names.signature, signature))
        self.add(note, expect, scheme, headers, **rest)


def windows(out):
    """Edges are in; a second past them is out, in either direction, however wide the window."""
    for scheme in TIMED:
        usual = model.SCHEMES[scheme].window
        for window in (None, [0, 0], [0, 5], [5, 0], [1, 1], [model.LATEST, 0], [0, model.LATEST]):
            past, future = window or usual
            rest = {"window": window} if window else {}
            for offset in sorted({-past - 1, -past, -1, 0, 1, future, future + 1}):
                seconds = NOW + offset
                if not 0 <= seconds <= model.LATEST:
                    continue
                expect = "expired" if -offset > past else "from_future" if offset > future else "ok"
                out.send(f"window {past}/{future}, {offset:+} s", expect, scheme, seconds, **rest)
        for now, seconds, expect in [
            (0, 0, "ok"),
            (0, 1, "ok"),
            (0, 901, "from_future"),
            (901, 0, "expired"),
            (0, model.LATEST, "from_future"),
            (model.LATEST, 0, "expired"),
            (model.LATEST, model.LATEST, "ok"),
            (model.LATEST, model.LATEST - 1, "ok"),
            (model.LATEST, model.LATEST - 901, "expired"),
            (model.LATEST - 901, model.LATEST, "from_future"),
        ]:
            out.send(f"now {now}, signed at {seconds}", expect, scheme, seconds, now=now)


def timestamps(out):
    """One spelling. Each is signed as it stands, so that whoever reads it laxly accepts it."""
    text = str(NOW)
    odd = [
        "", "00", "-0", "-1", "+0", f"+{text}", f"-{text}", f"0{text}", f"00000000000000{text}",
        f" {text}", f"{text} ", f"\t{text}", f"{text}\t", f"{text}\n", f"{text}\r\n", f"\n{text}",
        f"{text}.0", f"{text}.", f".{text}", f"{text},", f"{text},{text}", f"{text};", f'"{text}"',
        f"{text}\0", f"{text}s", f"{text}abc", f"{text}L", "1_780_000_000", "1,780,000,000",
        "1.78e9", "178e7", "0x6A18A500", "0b1", "0o15206122400", "NaN", "inf", "null", "now",
        "2026-05-28T20:26:40Z", "１７８００００００００", "١٧٨٠٠٠٠٠٠٠", "1780000000²",
        str(2**63), str(2**63 + NOW), str(2**64 - 1), str(2**64), str(2**64 + NOW),
        str(2**65 + NOW), str(2**128 + NOW), str(10**19), "9" * 19, "9" * 20, "1" * 5000,
        "0" * 19, "0" * 5000,
    ]  # fmt: skip
    around = {"trustlens": b"%b." + BODY, "trustoo_shop": b"timestamp=%b|" + BODY}
    for scheme in TIMED:
        for spelling in odd:
            raw = spelling.encode()
            forged = over(scheme, around[scheme] % raw)
            note = f"timestamp {spelling if len(spelling) < 40 else spelling[:9] + '…'!r}"
            out.send(note, "malformed_timestamp", scheme, raw, forged)
        # Read as a number and printed again, as a receiver may do it.
        for spelling in (f"+{text}", f"0{text}", f" {text}", f"{text}\n", f"{text}.0", f"{text}abc"):
            raw, note = spelling.encode(), f"timestamp {spelling!r}, its number signed"
            out.send(note, "malformed_timestamp", scheme, raw, sign(scheme))
        for raw in (b"\xff" + text.encode(), text.encode() + b"\xc2\xa0", b"178000000\xb0"):
            out.send("timestamp not ASCII", "malformed_timestamp", scheme, raw)
        out.send("milliseconds", "from_future", scheme, NOW * 1000)


def signatures(out):
    """One spelling, of exactly the right length."""
    for scheme in WEBHOOKS:
        genuine = sign(scheme)
        prefix = model.SCHEMES[scheme].prefix
        digits = genuine[len(prefix) :]
        mac = bytes.fromhex(digits.decode())
        letter = next(i for i in range(64) if digits[i : i + 1].isalpha())
        odd = {
            "empty": b"",
            "prefix alone": prefix or b"sha256=",
            "one digit short": genuine[:-1],
            "two digits short": genuine[:-2],
            "one digit more": genuine + b"0",
            "two digits more": genuine + b"00",
            "twice the digits": genuine + digits,
            "half the digits": prefix + digits[:32],
            "upper case": prefix + digits.upper(),
            "one letter in upper case": prefix
            + digits[:letter]
            + digits[letter : letter + 1].upper()
            + digits[letter + 1 :],
            "no hex digit at the end": genuine[:-1] + b"g",
            "no hex digit at the start": prefix + b"g" + digits[1:],
            "slash and colon, beside the digits": prefix + b"/:" + digits[2:],
            "grave accent, beside the letters": prefix + b"`" + digits[1:],
            "at sign, beside the capitals": prefix + b"@" + digits[1:],
            "space before": b" " + genuine,
            "space after": genuine + b" ",
            "tab after": genuine + b"\t",
            "line break after": genuine + b"\n",
            "space after the prefix": prefix + b" " + digits,
            "space among the digits": prefix + digits[:32] + b" " + digits[32:],
            "NUL in the last place": genuine[:-1] + b"\0",
            "NUL after": genuine + b"\0",
            "non-ASCII in the last place": genuine[:-1] + b"\xff",
            "two bytes of UTF-8 at the end": genuine[:-2] + "é".encode(),
            "full-width digits": prefix + "０".encode() * 64,
            "full-width digits, 64 bytes and one": prefix + "０".encode() * 21 + b"0" * 2,
            "in quotes": b'"' + genuine + b'"',
            "0x before": prefix + b"0x" + digits,
            "0x instead of two digits": prefix + b"0x" + digits[2:],
            "minus instead of a digit": prefix + b"-" + digits[1:],
            "colons between": prefix + mac.hex(":").encode(),
            "base64": prefix + base64.b64encode(mac),
            "base64url": prefix + base64.urlsafe_b64encode(mac).rstrip(b"="),
            "raw bytes": prefix + mac,
            "twice, with a comma": genuine + b"," + genuine,
            "twice, with a comma and a space": genuine + b", " + genuine,
            "a list of schemes": b"t=1780000000,v1=" + digits,
        }
        if prefix:
            odd |= {
                "prefix missing": digits,
                "prefix doubled": prefix + genuine,
                "prefix in upper case": b"SHA256=" + digits,
                "prefix capitalized": b"Sha256=" + digits,
                "prefix of another spelling": b"sha-256=" + digits,
                "prefix with a colon": b"sha256:" + digits,
                "prefix without =": b"sha256" + digits,
                "prefix cut": b"ha256=" + digits,
                "prefix of SHA-1": b"sha1=" + hmac.digest(b"s", BODY, "sha1").hex().encode(),
                "prefix of SHA-512": b"sha512=" + hmac.digest(b"s", BODY, "sha512").hex().encode(),
                "prefix after": digits + b"sha256=",
                "spaces around =": b"sha256 = " + digits,
                "v1 and prefix": b"v1,sha256=" + digits,
            }
        else:
            odd |= {
                "with the other vendor's prefix": b"sha256=" + digits,
                "with = before": b"=" + digits,
                "with a colon before": b":" + digits,
            }
        for what, value in odd.items():
            out.send(f"signature: {what}", "malformed_signature", scheme, signature=value)


def header_lists(out):
    """A header that is needed counts once, whatever its case; any other does not count at all."""
    for scheme in WEBHOOKS:
        names = model.SCHEMES[scheme]
        needed = [(names.signature, sign(scheme))]
        if names.timestamp:
            needed.insert(0, (names.timestamp, str(NOW).encode()))
        bystanders = [("Content-Type", b"application/json"), ("content-type", b"text/plain")]
        out.add("bystanders repeated", "ok", scheme, bystanders + needed + bystanders)
        out.add("names in upper case", "ok", scheme, [(n.upper(), v) for n, v in needed])
        out.add("names in title case", "ok", scheme, [(n.title(), v) for n, v in needed])
        out.add("in reverse order", "ok", scheme, needed[::-1])
        out.add("no headers at all", "missing_header", scheme, [])
        for name, value in needed:
            twice = "repeated_header"
            out.add(f"{name} in two cases", twice, scheme, needed + [(name.upper(), value)])
            out.add(f"{name} three times", twice, scheme, needed + [(name, value)] * 2)
            out.add(f"{name}, then empty", twice, scheme, needed + [(name, b"")])
            out.add(f"{name} after an empty one", twice, scheme, [(name.title(), b"")] + needed)
            out.add(f"{name} after a wrong one", twice, scheme, [(name, b"0")] + needed)
            rest = [pair for pair in needed if pair[0] != name]
            for alike in (name.replace("-", "_"), name + "-", name[:-1], "x-" + name, name + "-256"):
                out.add(f"{alike} instead", "missing_header", scheme, rest + [(alike, value)])
            out.add(f"{name} empty", f"malformed_{'timestamp' if name == names.timestamp else 'signature'}",
                    scheme, rest + [(name, b"")])  # fmt: skip
        # Another scheme's headers are bystanders.
        for other in WEBHOOKS:
            foreign = model.SCHEMES[other]
            headers = [(foreign.signature, sign(other))]
            if foreign.timestamp:
                headers.append((foreign.timestamp, str(NOW).encode()))
            if foreign.signature != names.signature:
                out.add(f"headers of {other}", "missing_header", scheme, headers)
                out.add(f"headers of {other} too", "ok", scheme, headers + needed)
    v1 = model.SCHEMES["trustlens_v1"].signature
    out.add("v1 sent to v2", "missing_header", "trustlens", [(v1, sign("trustlens_v1"))])
    token = model.SCHEMES["trustoo_shop"].token
    headers = [(token, b"one"), (token, b"two"), (token, b"\xff")]
    shop = model.SCHEMES["trustoo_shop"]
    headers += [(shop.timestamp, str(NOW).encode()), (shop.signature, sign("trustoo_shop"))]
    out.add("one shop: its public token is not looked at", "ok", "trustoo_shop", headers)


def orders(out):
    """Several faults at once: the first in the order of the verdicts is the answer."""
    malformed = {"timestamp": b"+1", "signature": b"x"}
    token_faults = ("fine", "missing", "repeated", "unknown")
    time_faults = ("fine", "missing", "repeated", "malformed", "expired", "from_future")
    sign_faults = ("fine", "missing", "repeated", "malformed", "wrong")
    for scheme, several in [
        ("trustoo_shop", True),
        ("trustoo_shop", False),
        ("trustlens", False),
        ("trustlens_v1", False),
        ("trustoo_system", False),
    ]:
        names = model.SCHEMES[scheme]
        for token, time, signature in itertools.product(
            token_faults if several else ("fine",),
            time_faults if names.timestamp else ("fine",),
            sign_faults,
        ):
            faults = [token, time, signature]
            if sum(fault != "fine" for fault in faults) < 2:
                continue
            seconds = NOW + {"expired": -1000, "from_future": 1000}.get(time, 0)
            headers = []

            def put(name, fault, value):
                count = {"missing": 0, "repeated": 2}.get(fault, 1)
                headers.extend([(name, value)] * count)

            genuine = sign(scheme, seconds=seconds)
            wrong = names.prefix + b"0" * 64
            put(names.signature, signature,
                {"malformed": malformed["signature"], "wrong": wrong}.get(signature, genuine))  # fmt: skip
            if names.timestamp:
                text = malformed["timestamp"] if time == "malformed" else str(seconds).encode()
                put(names.timestamp, time, text)
            rest = {}
            if several:
                put(names.token, token, b"unknown" if token == "unknown" else TOKEN.encode())
                rest["store"] = {TOKEN: [SECRET], OTHER_TOKEN: ["another"]}

            counts = [f"{fault}_header" for fault in faults if fault in ("missing", "repeated")]
            if counts:
                expect = counts[0]
            elif time == "malformed":
                expect = "malformed_timestamp"
            elif signature == "malformed":
                expect = "malformed_signature"
            elif token == "unknown":
                expect = "unknown_public_token"
            else:
                expect = time if time != "fine" else "signature_mismatch"
            said = ", ".join(
                f"{what} {fault}"
                for what, fault in zip(("token", "timestamp", "signature"), faults)
                if fault != "fine"
            )
            out.add(f"several faults: {said}", expect, scheme, headers, **rest)


BODIES = {
    "empty": b"",
    "one space": b" ",
    "line break": b"\n",
    "a line break more": BODY + b"\n",
    "CRLF": b'{"event":\r\n"test"}\r\n',
    "NUL": b"\0",
    "NULs around": b"\0" + BODY + b"\0",
    "byte order mark": b"\xef\xbb\xbf" + BODY,
    "UTF-16": '{"event":"test"}'.encode("utf-16"),
    "not UTF-8": b"\xff\xfe\x80\xc3(",
    "half a surrogate": b"\xed\xa0\x80",
    "overlong slash": b"\xc0\xaf",
    "composed é": "caf\u00e9".encode(),
    "decomposed é": "cafe\u0301".encode(),
    "every byte": bytes(range(256)),
    "separators": b"|",
    "a dot": b".",
    "a preamble": b"1780000000.",
    "a shop's preamble": b"timestamp=1780000000|",
    "ampersands": b"&timestamp=1780000000&a=b|c",
    "escaped slashes": b'{"url":"https:\\/\\/example.com\\/","n":1.0}',
    "escaped non-ASCII": b'{"name":"Caf\\u00e9"}',
    "a repeated key": b'{"event":"test","event":"other"}',
    "no JSON": b"event=test&customer=1",
    "gzip": bytes.fromhex("1f8b08000000000000ff"),
    "55 bytes": b"x" * 55,
    "56 bytes": b"x" * 56,
    "63 bytes": b"x" * 63,
    "64 bytes": b"x" * 64,
    "65 bytes": b"x" * 65,
    "4096 bytes": b"y" * 4096,
}


def bodies(out):
    """The bytes as they came, every one of them."""
    for scheme in WEBHOOKS:
        for what, body in BODIES.items():
            out.send(f"body: {what}", "ok", scheme, body=body)
        for what, signed, sent in [
            ("line break cut off", BODY + b"\n", BODY),
            ("line break added", BODY, BODY + b"\n"),
            ("byte order mark cut off", b"\xef\xbb\xbf" + BODY, BODY),
            ("line breaks converted", b"a\nb", b"a\r\nb"),
            ("serialized anew", b'{"a":1.0}', b'{"a": 1.0}'),
            ("unescaped", b'{"a":"\\/"}', b'{"a":"/"}'),
            ("composed otherwise", "caf\u00e9".encode(), "cafe\u0301".encode()),
            ("replaced by U+FFFD", b"\xff", "\ufffd".encode()),
            ("cut at a NUL", b"a", b"a\0b"),
            ("emptied", BODY, b""),
            ("no longer empty", b"", b"{}"),
            ("empty but for a separator", b"", b"|"),
        ]:
            genuine = sign(scheme, body=signed)
            out.send(f"body {what}", "signature_mismatch", scheme, signature=genuine, body=sent)


def wrong_macs(out):
    """MACs that are right for something else."""
    text, key = str(NOW).encode(), SECRET.encode()
    for scheme in WEBHOOKS:
        prefix = model.SCHEMES[scheme].prefix
        right = {
            "trustlens": text + b"." + BODY,
            "trustoo_shop": b"timestamp=" + text + b"|" + BODY,
        }.get(scheme, BODY)
        for what, message in {
            "the body alone": BODY,
            "the time and the body, joined": text + BODY,
            "the time, a dot, the body": text + b"." + BODY,
            "the body, a dot, the time": BODY + b"." + text,
            "the time, a colon, the body": b"v0:" + text + b":" + BODY,
            "the time, a line break, the body": text + b"\n" + BODY,
            "the time with a leading zero": b"0" + text + b"." + BODY,
            "a shop's string": b"timestamp=" + text + b"|" + BODY,
            "a shop's string without |": b"timestamp=" + text + BODY,
            "a shop's string without a body": b"timestamp=" + text,
            "a shop's string with an empty body's |": b"timestamp=" + text + b"|",
            "a shop's string with the body as a parameter": b"body=" + BODY + b"&timestamp=" + text,
            "nothing": b"",
            "the body's digest": hashlib.sha256(BODY).digest(),
            "the body's digest in hex": hashlib.sha256(BODY).hexdigest().encode(),
            "the secret": key,
        }.items():
            if message != right:
                value = over(scheme, message)
                out.send(f"signed: {what}", "signature_mismatch", scheme, signature=value)
        for what, digest in {
            "SHA-256 without a key": hashlib.sha256(right).digest(),
            "secret before the message": hashlib.sha256(key + right).digest(),
            "message before the secret": hashlib.sha256(right + key).digest(),
            "key and message swapped": model.hmac_sha256(right, key),
            "HMAC twice": model.hmac_sha256(key, model.hmac_sha256(key, right)),
            "HMAC-SHA512, cut": hmac.digest(key, right, "sha512")[:32],
            "HMAC-SHA3-256": hmac.digest(key, right, "sha3_256"),
            "HMAC-SHA1, filled up": hmac.digest(key, right, "sha1").ljust(32, b"\0"),
            "zeros": bytes(32),
            "bytes in reverse": model.hmac_sha256(key, right)[::-1],
            "inverted": bytes(byte ^ 255 for byte in model.hmac_sha256(key, right)),
            "first bit": bytes([model.hmac_sha256(key, right)[0] ^ 0x80])
            + model.hmac_sha256(key, right)[1:],
            "last bit": model.hmac_sha256(key, right)[:-1]
            + bytes([model.hmac_sha256(key, right)[-1] ^ 1]),
        }.items():
            value = prefix + digest.hex().encode()
            out.send(f"MAC: {what}", "signature_mismatch", scheme, signature=value)


SECRETS = {
    "one byte": "s",
    "a line break at the end": "secret\n",
    "CRLF at the end": "secret\r\n",
    "a space at the end": "secret ",
    "a space at the start": " secret",
    "a tab": "sec\tret",
    "only a space": " ",
    "NUL first": "\0secret",
    "NUL inside": "sec\0ret",
    "byte order mark": "\ufeffsecret",
    "hex": "0123456789abcdef" * 4,
    "hex in upper case": "0123456789ABCDEF" * 4,
    "base64": "3q2+796tvu/erb7v3q2+7w==",
    "the prefix": "sha256=",
    "quotes and backslashes": "\"\\'`$(x)%41+",
    "non-ASCII": "clé-sécrète-🔑",
    "decomposed": "cle\u0301",
    "63 bytes": "k" * 63,
    "64 bytes": "k" * 64,
    "65 bytes": "k" * 65,
    "64 bytes of UTF-8": "é" * 32,
    "66 bytes of UTF-8": "é" * 33,
    "1000 bytes": "k" * 1000,
}


def secrets(out):
    """The secret's bytes as they are: not trimmed, not decoded, not cut to a block."""
    for scheme in WEBHOOKS:
        for what, secret in SECRETS.items():
            out.send(f"secret: {what}", "ok", scheme, secrets=[secret])
        for what, key, held in [
            ("trimmed", "secret", "secret\n"),
            ("not trimmed", "secret\n", "secret"),
            ("trimmed in front", "secret", " secret"),
            ("in lower case", "Secret".lower(), "Secret"),
            ("cut at NUL", "sec", "sec\0ret"),
            ("cut at 64 bytes", "k" * 64, "k" * 65),
            ("composed", "cl\u00e9", "cle\u0301"),
            ("without its byte order mark", "secret", "\ufeffsecret"),
            ("unquoted", "secret", '"secret"'),
        ]:
            forged = sign(scheme, key)
            note = f"secret {what}"
            out.send(note, "signature_mismatch", scheme, signature=forged, secrets=[held])
        seconds = NOW
        for what, held, key in [
            ("hex decoded", "deadbeef", bytes.fromhex("deadbeef")),
            ("base64 decoded", "3q2+7w==", base64.b64decode("3q2+7w==")),
            ("as Latin-1", "clé", "clé".encode("latin-1")),
            ("as UTF-16", "secret", "secret".encode("utf-16-le")),
            ("hashed, though short", "secret", hashlib.sha256(b"secret").digest()),
            ("empty", "secret", b""),
        ]:
            forged = model.signature(scheme, key, seconds, BODY)
            note = f"secret {what}"
            out.send(note, "signature_mismatch", scheme, signature=forged, secrets=[held])
        # RFC 2104 fills short keys up with zeros, so these are one key.
        padded = sign(scheme, "secret")
        out.send("a NUL more at the end is the same key", "ok", scheme, signature=padded,
                 secrets=["secret\0"])  # fmt: skip


def rotations(out):
    """Any of the configured secrets, and none but them."""
    three = ["this month's", "last month's", "the one before"]
    for scheme in WEBHOOKS:
        for place, secret in enumerate(three):
            out.send(f"rotation: secret {place} of three signed", "ok", scheme,
                     signature=sign(scheme, secret), secrets=three)  # fmt: skip
        out.send("rotation: the same secret three times", "ok", scheme, secrets=["s", "s", "s"])
        for what, secret in [
            ("a fourth", "a fourth"),
            ("all three joined", "".join(three)),
            ("all three in lines", "\n".join(three)),
        ]:
            out.send(f"rotation: {what} signed", "signature_mismatch", scheme,
                     signature=sign(scheme, secret), secrets=three)  # fmt: skip
        mixed = bytearray(sign(scheme, three[0]))
        mixed[-32:] = sign(scheme, three[1])[-32:]
        out.send("rotation: half a MAC of each of two", "signature_mismatch", scheme,
                 signature=bytes(mixed), secrets=three)  # fmt: skip
    for scheme in TIMED:
        for seconds, expect in [(NOW - 5000, "expired"), (NOW + 5000, "from_future")]:
            out.send("rotation: the last secret signed, out of the window", expect, scheme, seconds,
                     sign(scheme, three[2], seconds), secrets=three)  # fmt: skip
    store = {TOKEN: three, OTHER_TOKEN: ["another"]}
    for place, secret in enumerate(three):
        out.send(f"rotation: a shop's secret {place} of three signed", "ok", "trustoo_shop",
                 signature=sign("trustoo_shop", secret), store=store)  # fmt: skip


def tokens(out):
    """The public token selects, byte for byte, and proves nothing."""
    store = {TOKEN: ["first"], OTHER_TOKEN: ["second"]}
    mac = {name: sign("trustoo_shop", name) for name in ("first", "second")}
    for token, signed, expect in [
        (TOKEN, "first", "ok"),
        (OTHER_TOKEN, "second", "ok"),
        (TOKEN, "second", "signature_mismatch"),
        (OTHER_TOKEN, "first", "signature_mismatch"),
    ]:
        out.send(f"token of the {'right' if expect == 'ok' else 'other'} shop", expect,
                 "trustoo_shop", token=token.encode(), signature=mac[signed], store=store)  # fmt: skip
    raw = TOKEN.encode()
    for what, token in {
        "empty": b"",
        "cut": raw[:-1],
        "without its =": raw.rstrip(b"="),
        "longer": raw + b"=",
        "twice": raw + raw,
        "in a list": raw + b", " + OTHER_TOKEN.encode(),
        "in lower case": raw.lower(),
        "with a space before": b" " + raw,
        "with a space after": raw + b" ",
        "with a tab after": raw + b"\t",
        "with a line break after": raw + b"\n",
        "with a NUL after": raw + b"\0",
        "in quotes": b'"' + raw + b'"',
        "percent-encoded": raw.replace(b"/", b"%2F"),
        "base64url": raw.replace(b"/", b"_"),
        "decoded": base64.b64decode(raw),
        "not ASCII": raw[:-1] + b"\xff",
        "not UTF-8": b"\xc3\x28",
        "U+FFFD": "\ufffd".encode(),
        "a name of every object": b"__proto__",
        "a method of every object": b"constructor",
        "a number": b"0",
    }.items():
        out.send(f"token {what}", "unknown_public_token", "trustoo_shop", token=token,
                 signature=mac["first"], store=store)  # fmt: skip
    for name in ("", " ", "a b", "a\tb", "*", ":;,|&=%41+", "0", "__proto__", "null"):
        out.send(f"a shop called {name!r}", "ok", "trustoo_shop", token=name.encode(),
                 store={name: [SECRET], TOKEN: ["first"]})  # fmt: skip
    out.send("no shops", "unknown_public_token", "trustoo_shop", token=raw, store={})
    out.send("the fallback secret is none", "unknown_public_token", "trustoo_shop", token=b"x",
             store={TOKEN: ["first"]})  # fmt: skip


# --- The canonical string ---

TIME = "timestamp=1780000000"
# Query, its string decoded, its string as sent; `None` for a refusal.
STRINGS = [
    ("", f"{TIME}", f"{TIME}"),
    ("&", TIME, TIME),
    ("&&&", TIME, TIME),
    ("=", f"=&{TIME}", f"=&{TIME}"),
    ("=v", f"=v&{TIME}", f"=v&{TIME}"),
    ("==", f"==&{TIME}", f"==&{TIME}"),
    ("a", f"a=&{TIME}", f"a=&{TIME}"),
    ("a=", f"a=&{TIME}", f"a=&{TIME}"),
    ("a==b", f"a==b&{TIME}", f"a==b&{TIME}"),
    ("a=b=c", f"a=b=c&{TIME}", f"a=b=c&{TIME}"),
    ("&&a=1&&", f"a=1&{TIME}", f"a=1&{TIME}"),
    ("b=2&a=1", f"a=1&b=2&{TIME}", f"a=1&b=2&{TIME}"),
    ("a=2&a=1", f"a=2&a=1&{TIME}", f"a=2&a=1&{TIME}"),
    ("a=2&b=0&a=1", f"a=2&a=1&b=0&{TIME}", f"a=2&a=1&b=0&{TIME}"),
    ("a&a=&a=0", f"a=&a=&a=0&{TIME}", f"a=&a=&a=0&{TIME}"),
    ("a=1&%61=2&a=3", f"a=1&a=2&a=3&{TIME}", f"%61=2&a=1&a=3&{TIME}"),
    ("a-b=1&a=2", f"a=2&a-b=1&{TIME}", f"a=2&a-b=1&{TIME}"),
    ("a=1&A=2&_=3&B=4", f"A=2&B=4&_=3&a=1&{TIME}", f"A=2&B=4&_=3&a=1&{TIME}"),
    ("k10=1&k9=2&k1=3", f"k1=3&k10=1&k9=2&{TIME}", f"k1=3&k10=1&k9=2&{TIME}"),
    ("10=a&9=b&-1=c", f"-1=c&10=a&9=b&{TIME}", f"-1=c&10=a&9=b&{TIME}"),
    ("zeta=1&time=2", f"time=2&{TIME}&zeta=1", f"time=2&{TIME}&zeta=1"),
    ("timestamp_=1", f"{TIME}&timestamp_=1", f"{TIME}&timestamp_=1"),
    ("timestampa=1", f"{TIME}&timestampa=1", f"{TIME}&timestampa=1"),
    ("timestamp0=1&timestam=2", f"timestam=2&{TIME}&timestamp0=1", f"timestam=2&{TIME}&timestamp0=1"),
    ("Timestamp=1", f"Timestamp=1&{TIME}", f"Timestamp=1&{TIME}"),
    ("TIMESTAMP=1", f"TIMESTAMP=1&{TIME}", f"TIMESTAMP=1&{TIME}"),
    ("timestamps=1&timeſtamp=2", f"{TIME}&timestamps=1&timeſtamp=2", f"{TIME}&timestamps=1&timeſtamp=2"),
    ("timestamp", None, None),
    ("timestamp=", None, None),
    ("timestamp=1780000000", None, None),
    ("a=1&timestamp=1&b=2", None, None),
    ("timestamp=1&timestamp=2", None, None),
    ("&timestamp&", None, None),
    ("%74imestamp=1", None, f"%74imestamp=1&{TIME}"),
    ("timestam%70", None, f"timestam%70=&{TIME}"),
    ("%74%69%6d%65%73%74%61%6D%70=1", None, f"%74%69%6d%65%73%74%61%6D%70=1&{TIME}"),
    ("%2574imestamp=1", f"%74imestamp=1&{TIME}", f"%2574imestamp=1&{TIME}"),
    ("timestamp+=1", f"{TIME}&timestamp =1", f"{TIME}&timestamp+=1"),
    ("+timestamp=1", f" timestamp=1&{TIME}", f"+timestamp=1&{TIME}"),
    ("timestamp%00=1", f"{TIME}&timestamp\0=1", f"{TIME}&timestamp%00=1"),
    ("timestamp%3D=1", f"{TIME}&timestamp==1", f"{TIME}&timestamp%3D=1"),
    ("a=timestamp=1", f"a=timestamp=1&{TIME}", f"a=timestamp=1&{TIME}"),
    ("a=1%26timestamp=2", f"a=1&timestamp=2&{TIME}", f"a=1%26timestamp=2&{TIME}"),
    ("a=1;timestamp=2", f"a=1;timestamp=2&{TIME}", f"a=1;timestamp=2&{TIME}"),
    ("a=+", f"a= &{TIME}", f"a=+&{TIME}"),
    ("a=%2B", f"a=+&{TIME}", f"a=%2B&{TIME}"),
    ("a=%2b+%2B", f"a=+ +&{TIME}", f"a=%2b+%2B&{TIME}"),
    ("a=%20", f"a= &{TIME}", f"a=%20&{TIME}"),
    ("a=%252B", f"a=%2B&{TIME}", f"a=%252B&{TIME}"),
    ("a=%", f"a=%&{TIME}", f"a=%&{TIME}"),
    ("a=%%", f"a=%%&{TIME}", f"a=%%&{TIME}"),
    ("a=%7", f"a=%7&{TIME}", f"a=%7&{TIME}"),
    ("a=%zz", f"a=%zz&{TIME}", f"a=%zz&{TIME}"),
    ("a=%7g", f"a=%7g&{TIME}", f"a=%7g&{TIME}"),
    ("a=%g7", f"a=%g7&{TIME}", f"a=%g7&{TIME}"),
    ("a=%%41", f"a=%A&{TIME}", f"a=%%41&{TIME}"),
    ("a=%4%31", f"a=%41&{TIME}", f"a=%4%31&{TIME}"),
    ("a=% 1", f"a=% 1&{TIME}", f"a=% 1&{TIME}"),
    ("a=%+1", f"a=% 1&{TIME}", f"a=%+1&{TIME}"),
    ("a=%-1", f"a=%-1&{TIME}", f"a=%-1&{TIME}"),
    ("a=%0x", f"a=%0x&{TIME}", f"a=%0x&{TIME}"),
    ("a=%u0041", f"a=%u0041&{TIME}", f"a=%u0041&{TIME}"),
    ("%=%", f"%=%&{TIME}", f"%=%&{TIME}"),
    ("a%3Db=1", f"a=b=1&{TIME}", f"a%3Db=1&{TIME}"),
    ("a%26b=1", f"a&b=1&{TIME}", f"a%26b=1&{TIME}"),
    ("a%3D%3D&a=", f"a=&a===&{TIME}", f"a=&a%3D%3D=&{TIME}"),
    ("%26=%26&%3D=%3D", f"&=&&===&{TIME}", f"%26=%26&%3D=%3D&{TIME}"),
    ("%FF=1&a=2", f"a=2&{TIME}&\udcff=1", f"%FF=1&a=2&{TIME}"),
    ("a=%ff%FE%80", f"a=\udcff\udcfe\udc80&{TIME}", f"a=%ff%FE%80&{TIME}"),
    ("a=%C3", f"a=\udcc3&{TIME}", f"a=%C3&{TIME}"),
    ("a=%C3%A9", f"a=é&{TIME}", f"a=%C3%A9&{TIME}"),
    ("a=é", f"a=é&{TIME}", f"a=é&{TIME}"),
    ("é=1&z=2", f"{TIME}&z=2&é=1", f"{TIME}&z=2&é=1"),
    ("%C3%A9=1&é=2", f"{TIME}&é=1&é=2", f"%C3%A9=1&{TIME}&é=2"),
    ("％41=1", f"{TIME}&％41=1", f"{TIME}&％41=1"),
    ("a=%00", f"a=\0&{TIME}", f"a=%00&{TIME}"),
    ("a=%0A%0d", f"a=\n\r&{TIME}", f"a=%0A%0d&{TIME}"),
    ("a=1|b", f"a=1|b&{TIME}", f"a=1|b&{TIME}"),
    ("a[]=2&a[]=1", f"a[]=2&a[]=1&{TIME}", f"a[]=2&a[]=1&{TIME}"),
    ("a%5B%5D=2&a[]=1", f"a[]=2&a[]=1&{TIME}", f"a%5B%5D=2&a[]=1&{TIME}"),
    ("a=?1", f"a=?1&{TIME}", f"a=?1&{TIME}"),
    ("a=1%23b", f"a=1#b&{TIME}", f"a=1%23b&{TIME}"),
    (" a = 1 ", f" a = 1 &{TIME}", f" a = 1 &{TIME}"),
    ("a=１２", f"a=１２&{TIME}", f"a=１２&{TIME}"),
]  # fmt: skip

KEYS = [
    "a", "b", "A", "page", "page_size", "product_ids", "time", "timestam", "timestamp_", "timestampa",
    "timestamp0", "Timestamp", "t", "u", "zeta", "", "%", "%7", "%zz", "%61", "%41", "%2B", "+", "a+",
    "a%20", "a%3D", "a%26", "é", "%C3%A9", "%ff", "%00", "a[]", "a%5B%5D", "10", "9", "~", "*", "%74ime",
]  # fmt: skip
VALUES = [
    "", "1", "9228589138176", "a b", "a+b", "a%20b", "a%2Bb", "%", "%%", "%7", "%zz", "%252B", "=", "==",
    "x%3Dy", "x%26y", "é", "%C3%A9", "%c3", "%FF%fe", "%00", "%0A", "|", "😀", "%F0%9F%98%80", "timestamp",
]  # fmt: skip
RESERVED = ["timestamp", "%74imestamp", "timestam%70", "time%73tamp"]


def open_api_case(number, note, query, token, seconds=NOW, body=b""):
    case = {
        "id": f"hard-canonical-{number:04}",
        "note": note,
        "query": query,
        "timestamp": seconds,
        "private_token": token,
        "body_b64": b64(body),
    }
    return case | model.signed_query(case)


def open_api_cases():
    cases = []

    def add(*arguments, **rest):
        cases.append(open_api_case(len(cases), *arguments, **rest))

    for query, decoded, as_sent in STRINGS:
        add(f"query {query!r}", query, SECRET)
        for name, expected in (("decoded", decoded), ("as_sent", as_sent)):
            found = cases[-1][name]
            if expected is None:
                assert found == {"error": "reserved_parameter"}, query
            else:
                string = expected.encode(errors="surrogateescape")
                assert base64.b64decode(found["canonical_b64"]) == string, query
    for what, body in BODIES.items():
        add(f"body: {what}", "b=2&a=1", SECRET, body=body)
    for what, secret in SECRETS.items():
        add(f"private token: {what}", "zeta=1", secret, body=BODY)
    for seconds in (0, 1, 9, 10, 2**31 - 1, 2**31, 2**32, 2**53, 2**53 + 1, model.LATEST):
        add(f"timestamp {seconds}", "a=1&zeta=2", SECRET, seconds)
    pick = random.Random("hard queries")
    tokens, contents = list(SECRETS.values())[:22], list(BODIES.values())[:-1]
    for _ in range(250):
        keys = pick.choices(KEYS, k=pick.randrange(1, 9))
        if pick.random() < 0.15:
            keys.insert(pick.randrange(len(keys)), pick.choice(RESERVED))
        pieces = [
            f"{key}={pick.choice(VALUES)}" if pick.random() < 0.8 else key for key in keys
        ]
        query = pick.choice(["&", "&", "&", "&&"]).join(pieces)
        add("hard pieces", query, pick.choice(tokens), pick.choice([NOW, 0, model.LATEST]),
            pick.choice(contents + [b""] * 20))  # fmt: skip
    return cases


def verify_cases():
    out = Cases()
    for family in (
        windows, timestamps, signatures, header_lists, orders, bodies, wrong_macs, secrets, rotations, tokens,
    ):  # fmt: skip
        family(out)
    return out.cases


def text(about, cases):
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    return f'{{"about": {json.dumps(about)},\n"cases": [\n{lines}\n]}}\n'


def main(arguments):
    files = {
        "hard_verify.json": text(
            "Hard verification cases with the expected verdict. Header values and bodies are base64.",
            verify_cases(),
        ),
        "hard_open_api.json": text(
            "Hard Trustoo Open API canonical strings and signatures, query decoded and as sent.",
            open_api_cases(),
        ),
    }
    status = 0
    for name, content in files.items():
        path = VECTORS / name
        if arguments == ["--check"]:
            same = path.exists() and path.read_text(encoding="utf-8") == content
            print(f"{name}: {'as generated' if same else 'differs from what is generated'}")
            status |= not same
        else:
            path.write_text(content, encoding="utf-8")
            print(f"{name}: {content.count(chr(10)) - 3} cases")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
