#!/usr/bin/env python3
"""Puts page, style, script and module into one file: build.py MODULE.wasm OUT.html"""

import base64
import hashlib
import pathlib
import sys

here = pathlib.Path(__file__).resolve().parent
module, out = map(pathlib.Path, sys.argv[1:])
style = (here / "page.css").read_text(encoding="utf-8")
script = (here / "page.js").read_text(encoding="utf-8")


def digest(text):
    """What a Content-Security-Policy calls an inline script or style by."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


page = (here / "page.html").read_text(encoding="utf-8")
for name, value in {
    "style-hash": digest(style),
    "script-hash": digest(script),
    "style": style,
    "script": script,
    "module": base64.b64encode(module.read_bytes()).decode(),
}.items():
    assert page.count("{{" + name + "}}") == 1, name
    page = page.replace("{{" + name + "}}", value)
out.parent.mkdir(parents=True, exist_ok=True)
out.write_text(page, encoding="utf-8")
print(f"{out}: {out.stat().st_size} bytes")
