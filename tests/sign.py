#!/usr/bin/env python3
"""Signs and checks as a receiver in Python would. Reads requests as JSON lines, answers in lines.

    {"do": "sign", "scheme": …, "secret_b64": …, "timestamp": "1780000000", "query": …, "body_b64": …}
        -> the signature header's value
    {"do": "check", …the same…, "signature": …}
        -> "true" or "false"
"""

import base64
import hashlib
import hmac
import json
import sys
from urllib.parse import unquote_to_bytes


def canonical(query, timestamp, body):
    pairs = [(b"timestamp", timestamp)]
    for piece in query.encode().split(b"&"):
        if piece:
            key, _, value = piece.partition(b"=")
            pairs.append(tuple(unquote_to_bytes(text.replace(b"+", b" ")) for text in (key, value)))
    pairs.sort(key=lambda pair: pair[0])
    text = b"&".join(key + b"=" + value for key, value in pairs)
    return text + b"|" + body if body else text


def sign(request):
    secret = base64.b64decode(request["secret_b64"])
    body = base64.b64decode(request["body_b64"])
    timestamp = request["timestamp"].encode()
    prefix, message = {
        "trustlens": lambda: ("sha256=", timestamp + b"." + body),
        "trustlens_v1": lambda: ("sha256=", body),
        "trustoo_shop": lambda: ("", canonical("", timestamp, body)),
        "trustoo_system": lambda: ("", body),
        "trustoo_open_api": lambda: ("", canonical(request["query"], timestamp, body)),
    }[request["scheme"]]()
    return prefix + hmac.new(secret, message, hashlib.sha256).hexdigest()


for line in sys.stdin:
    request = json.loads(line)
    signature = sign(request)
    if request["do"] == "check":
        fits = hmac.compare_digest(signature.encode(), request["signature"].encode())
        print("true" if fits else "false")
    else:
        print(signature)
