#!/usr/bin/env python3
"""A receiver of both vendors with one fault: `faulty.py FAULT`.

forgery: it compares only the start of a TrustLens signature
acknowledgement: it answers Trustoo with `ok`
duplicates: it processes whatever verifies, again and again
hangs: it never answers a system webhook
none: it is sound
"""

import hashlib
import hmac
import http.server
import os
import sys
import threading
import time

FAULT = sys.argv[1]
ACK = b'{"code":0,"message":"success"}'
SEEN, RUNS = set(), []


def mac(variable, *pieces):
    return hmac.new(os.environ[variable].encode(), b"".join(pieces), hashlib.sha256).hexdigest()


def fresh(text, window):
    return text.isascii() and text.isdigit() and abs(time.time() - int(text)) <= window


class Receiver(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, str(len(RUNS)).encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        header = lambda name: self.headers.get(name, "")
        is_trustoo = self.path.startswith("/trustoo/")
        if self.path == "/trustlens":
            at, sent = header("X-TrustLens-Timestamp"), header("X-TrustLens-Signature")
            right = "sha256=" + mac("TRUSTLENS_SECRET", at.encode(), b".", body)
            if FAULT == "forgery":
                sent, right = sent[:7], right[:7]
            genuine = fresh(at, 300) and hmac.compare_digest(sent, right)
        elif self.path == "/trustoo/shop":
            at, sent = (header("Open-Trustoo-Webhook-" + name) for name in ("Timestamp", "Sign"))
            separator = b"|" if body else b""
            right = mac("TRUSTOO_PRIVATE_TOKEN", b"timestamp=", at.encode(), separator, body)
            genuine = fresh(at, 900) and hmac.compare_digest(sent, right)
        elif self.path == "/trustoo/system":
            if FAULT == "hangs":
                time.sleep(3600)
            genuine = hmac.compare_digest(header("X-Trustoo-Signature"), mac("TRUSTOO_CLIENT_SECRET", body))
        else:
            return self.answer(404)
        if not genuine:
            return self.answer(401)
        key = hashlib.sha256(body).digest()
        if key not in SEEN or FAULT == "duplicates":
            SEEN.add(key)
            RUNS.append(key)
        if not is_trustoo:
            return self.answer(204)
        self.answer(200, b"ok" if FAULT == "acknowledgement" else ACK)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(f"listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
sys.stdin.read()
