#!/usr/bin/env python3
"""A second opinion on what this crate does: the protocol, in nothing but Python's standard library.

It shares no code with the crate and spells out even HMAC (RFC 2104), so that a mistake has to be
made twice to go unseen. The rules are those of `tests/vectors/README.md`.

    model.py vectors FILE...   derives every expectation of these vector files anew
    model.py check             reads cases, one JSON object a line, and answers each with a line

A case for `check` has the fields of the vector files, without the expectation. One with a `scheme`
is a request to be judged: `{"verdict": "ok", "secret_index": 0}` or `{"verdict": "expired"}`. One
without is a query to be signed: `{"decoded": …, "as_sent": …}`, as in `hard_open_api.json`.
"""

import base64
import hashlib
import json
import sys

BLOCK = 64
LATEST = 2**63 - 1
DIGITS = b"0123456789"
HEX_DIGITS = b"0123456789abcdef"


class Refused(Exception):
    """A verdict other than "ok"; its one argument is the error's name."""


# --- The MAC ---


def hmac_sha256(key, message):
    """RFC 2104, section 2, as it is written there."""
    if len(key) > BLOCK:
        key = hashlib.sha256(key).digest()
    key = key.ljust(BLOCK, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + message).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in key) + inner).digest()


# --- The canonical string of the Open API ---


def percent_decoded(text):
    """`+` is a space; a `%` that starts no escape stays itself."""
    out, at = bytearray(), 0
    while at < len(text):
        byte = text[at]
        pair = text[at + 1 : at + 3].lower()
        if byte == ord("%") and len(pair) == 2 and all(digit in HEX_DIGITS for digit in pair):
            out.append(HEX_DIGITS.index(pair[0]) * 16 + HEX_DIGITS.index(pair[1]))
            at += 3
        else:
            out.append(ord(" ") if byte == ord("+") else byte)
            at += 1
    return bytes(out)


def canonical(query, seconds, body, decoded=True):
    """All parameters and the time, by key in byte order; then `|` and the body, if there is one."""
    entries = []
    for place, piece in enumerate(piece for piece in query.split(b"&") if piece):
        equals = piece.find(b"=")
        key, value = (piece, b"") if equals < 0 else (piece[:equals], piece[equals + 1 :])
        if decoded:
            key, value = percent_decoded(key), percent_decoded(value)
        if key == b"timestamp":
            raise Refused("reserved_parameter")
        # The place decides between equal keys: they keep their order.
        entries.append((key, place, value))
    entries.append((b"timestamp", 0, str(seconds).encode()))
    joined = b"&".join(key + b"=" + value for key, _, value in sorted(entries))
    return joined + b"|" + body if body else joined


# --- The schemes ---


class Scheme:
    """Where a scheme's headers are, what it signs, and how long it lasts."""

    def __init__(self, signature, prefix=b"", timestamp=None, token=None, length=None, signed=None):
        self.signature = signature
        self.prefix = prefix
        self.timestamp = timestamp
        self.token = token
        self.window = (length, length)
        self.signed = signed or (lambda case, seconds, body: body)


def signed_by_trustlens(_case, seconds, body):
    return b".".join([str(seconds).encode(), body])


def signed_by_shop(_case, seconds, body):
    return canonical(b"", seconds, body)


def signed_by_open_api(case, seconds, body):
    return canonical(case["query"].encode(), seconds, body, not case.get("as_sent", False))


SCHEMES = {
    "trustlens": Scheme(
        "x-trustlens-signature",
        prefix=b"sha256=",
        timestamp="x-trustlens-timestamp",
        length=300,
        signed=signed_by_trustlens,
    ),
    "trustlens_v1": Scheme("x-trustlens-signature", prefix=b"sha256="),
    "trustoo_shop": Scheme(
        "open-trustoo-webhook-sign",
        timestamp="open-trustoo-webhook-timestamp",
        token="open-trustoo-webhook-public-token",
        length=900,
        signed=signed_by_shop,
    ),
    "trustoo_system": Scheme("x-trustoo-signature"),
    # The server's side of the Open API: the fields `query` and `as_sent` come with the request.
    "trustoo_open_api": Scheme(
        "sign", timestamp="timestamp", token="public-token", length=900, signed=signed_by_open_api
    ),
}


# --- What a strict verifier answers ---


def ascii_lower(name):
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in name)


def the_one(headers, name):
    values = [value for sent, value in headers if ascii_lower(sent) == name]
    if not values:
        raise Refused("missing_header")
    if len(values) > 1:
        raise Refused("repeated_header")
    return values[0]


def read_timestamp(text):
    well_formed = text and all(byte in DIGITS for byte in text)
    # Nineteen digits are enough for any; the length is looked at before a number is made.
    if not well_formed or len(text) > 19 or (text[:1] == b"0" and text != b"0"):
        raise Refused("malformed_timestamp")
    seconds = int(text)
    if seconds > LATEST:
        raise Refused("malformed_timestamp")
    return seconds


def read_signature(text, prefix):
    digits = text[len(prefix) :]
    if text[: len(prefix)] != prefix or len(digits) != 64:
        raise Refused("malformed_signature")
    if any(byte not in HEX_DIGITS for byte in digits):
        raise Refused("malformed_signature")
    return bytes.fromhex(digits.decode())


def judge(case):
    """The index of the secret that fits; `Refused` where none does or the headers are wrong."""
    scheme = SCHEMES[case["scheme"]]
    headers = [(name, base64.b64decode(value)) for name, value in case["headers_b64"]]
    body = base64.b64decode(case["body_b64"])
    store = case.get("store")

    # 1. All headers are there, once.
    token = the_one(headers, scheme.token) if store is not None else None
    timestamp = the_one(headers, scheme.timestamp) if scheme.timestamp else None
    signature = the_one(headers, scheme.signature)
    # 2. and 3. They are well formed. So is, for the Open API, the query.
    seconds = read_timestamp(timestamp) if scheme.timestamp else None
    claimed = read_signature(signature, scheme.prefix)
    message = scheme.signed(case, seconds, body)
    # 4. The shop is known.
    secrets = case["secrets"]
    if store is not None:
        known = {name.encode(): texts for name, texts in store.items()}
        if token not in known:
            raise Refused("unknown_public_token")
        secrets = known[token]
    # 5. The time is right.
    if scheme.timestamp:
        past, future = case.get("window") or scheme.window
        if seconds < case["now"] - past:
            raise Refused("expired")
        if seconds > case["now"] + future:
            raise Refused("from_future")
    # 6. A secret fits.
    for index, secret in enumerate(secrets):
        if hmac_sha256(secret.encode(), message) == claimed:
            return index
    raise Refused("signature_mismatch")


def verdict(case):
    try:
        return {"verdict": "ok", "secret_index": judge(case)}
    except Refused as refused:
        return {"verdict": refused.args[0]}


# --- What a signer makes ---


def signature(scheme, secret, seconds, body, case=None):
    """The text of a genuine signature header."""
    scheme = SCHEMES[scheme]
    mac = hmac_sha256(secret, scheme.signed(case or {}, seconds, body))
    return scheme.prefix + mac.hex().encode()


def signed_query(case):
    """What stands under `decoded` and under `as_sent`."""
    answer = {}
    for name in ("decoded", "as_sent"):
        try:
            string = canonical(
                case["query"].encode(),
                case["timestamp"],
                base64.b64decode(case["body_b64"]),
                name == "decoded",
            )
            answer[name] = {
                "canonical_b64": base64.b64encode(string).decode(),
                "sign": hmac_sha256(case["private_token"].encode(), string).hex(),
            }
        except Refused as refused:
            answer[name] = {"error": refused.args[0]}
    return answer


def answer(case):
    return verdict(case) if "scheme" in case else signed_query(case)


# --- The command line ---


def expectation(case):
    if "scheme" in case:
        return case["expect"]
    return {name: case[name] for name in ("decoded", "as_sent")}


def check_vectors(paths):
    failed = 0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            cases = json.load(file)["cases"]
        wrong = []
        for case in cases:
            found = answer(case)
            if (found.get("verdict") or found) != expectation(case):
                wrong.append(case["id"])
        print(f"{path}: {len(cases) - len(wrong)} of {len(cases)}", *wrong[:20])
        failed += len(wrong)
    return 1 if failed else 0


def main(arguments):
    if arguments[:1] == ["vectors"] and len(arguments) > 1:
        return check_vectors(arguments[1:])
    if arguments == ["check"]:
        for line in sys.stdin:
            print(json.dumps(answer(json.loads(line))))
        return 0
    print(__doc__.strip(), file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
