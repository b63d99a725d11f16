#!/usr/bin/env python3
"""Every test and every bench is a target: tests/ and benches/ are packages that list theirs."""

import pathlib
import sys
import tomllib

root = pathlib.Path(__file__).resolve().parent.parent
missing = []
for folder, kind in (("tests", "test"), ("benches", "bench")):
    manifest = tomllib.loads((root / folder / "Cargo.toml").read_text())
    listed = {target["path"] for target in manifest[kind]}
    there = {path.name for path in (root / folder).glob("*.rs")} - {"lib.rs"}
    missing += [f"{folder}/{name}" for name in sorted(there - listed)]
if missing:
    sys.exit(f"not in the Cargo.toml beside it: {', '.join(missing)}")
print("every test and bench is listed")
