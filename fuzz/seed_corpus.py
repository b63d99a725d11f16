#!/usr/bin/env python3
"""Writes the fuzz targets' first inputs, from the vectors, the sample events and what earlier runs
found (fuzz/found), to fuzz/corpus or to the folder that is given.

The requests are in the form that `fuzz/src/input.rs` reads.
"""

import base64
import hashlib
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
import model  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
CORPUS = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "fuzz" / "corpus"
SCHEMES = ("trustlens", "trustlens_v1", "trustoo_shop", "trustoo_system")
SIGNED, WINDOW, STORE = 1, 2, 4


def seed(target, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


def sized(data):
    if len(data) < 255:
        return bytes([len(data)]) + data
    return b"\xff" + len(data).to_bytes(2, "little") + data


def number(value):
    return min(value, 2**64 - 1).to_bytes(8, "little")


def request(case, flags=0):
    past, future = case.get("window", (0, 0))
    flags |= WINDOW if "window" in case else 0
    flags |= STORE if "store" in case else 0
    keys = case["store"] if "store" in case else {"one shop": case["secrets"]}
    out = [bytes([SCHEMES.index(case["scheme"]), flags])]
    out += [number(case["now"]), number(past), number(future), bytes([len(keys)])]
    for token, secrets in keys.items():
        out += [sized(token.encode()), bytes([len(secrets) - 1])]
        out += [sized(secret.encode()) for secret in secrets]
    out.append(bytes([len(case["headers_b64"])]))
    for name, value in case["headers_b64"]:
        out += [sized(name.encode()), sized(base64.b64decode(value))]
    return b"".join(out) + base64.b64decode(case["body_b64"])


def cases(name):
    return json.loads((TESTS / "vectors" / name).read_text(encoding="utf-8"))["cases"]


for case in cases("verify.json") + cases("hard_verify.json"):
    if len(case["headers_b64"]) > 7 or len(case.get("store", {})) > 3 or len(case["body_b64"]) > 2000:
        continue
    scheme = model.SCHEMES[case["scheme"]]
    for name, value in case["headers_b64"]:
        if name.lower() == scheme.signature:
            seed("signature", base64.b64decode(value))
        if name.lower() == scheme.timestamp:
            seed("timestamp", base64.b64decode(value))
    for flags in (0, SIGNED):
        seed("begin", request(case, flags))
        seed("verify", request(case, flags))
    seed("streaming", b"\x03\x01\x00\x3f" + request(case, SIGNED))
for case in cases("open_api.json") + cases("hard_open_api.json"):
    if len(case["body_b64"]) < 2000:
        body = base64.b64decode(case["body_b64"])
        time = (case["timestamp"] * 2).to_bytes(8, "little")
        seed("canonical", time + case["query"].encode() + (b"\0" + body if body else b""))
for path in sorted((TESTS / "events").glob("trust*_*.json")):
    seed("event_" + path.name.split("_")[0], path.read_bytes())
    seed("event_json", path.read_bytes())
for case in json.loads((TESTS / "events" / "cases.json").read_text(encoding="utf-8"))["cases"]:
    if len(case["body"]) < 4096:
        seed("event_" + case["scheme"].split("_")[0], case["body"].encode())
        seed("event_json", case["body"].encode())
for path in sorted((ROOT / "crates" / "explain" / "tests" / "captures").rglob("*.*")):
    seed("capture", path.read_bytes())
# Claim, claim again, commit, claim again, a day later; and one that is released.
seed("replay_guard", bytes([4, 0, 1, 0, 0, 1, 0, 3, 0, 0, 0, 1, 0, 5, 0, 1, 0, 1, 0, 4, 0, 0, 0, 1, 0]))
for path in sorted((ROOT / "fuzz" / "found").glob("*")):
    for line in path.read_bytes().splitlines():
        seed(path.name, base64.b64decode(line))

for folder in sorted(CORPUS.iterdir()):
    print(f"{folder.name}: {len(list(folder.iterdir()))} seeds")
