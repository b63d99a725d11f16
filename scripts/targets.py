#!/usr/bin/env python3
"""Every test and every bench is a target: tests/ and benches/ hold packages that list theirs."""

import pathlib
import sys
import tomllib

root = pathlib.Path(__file__).resolve().parent.parent
missing = []
manifests = [manifest for folder in ("tests", "benches") for manifest in (root / folder).glob("**/Cargo.toml")]
for folder, kind in (("tests", "test"), ("benches", "bench")):
    listed = set()
    for manifest in manifests:
        for target in tomllib.loads(manifest.read_text()).get(kind, []):
            listed.add((manifest.parent / target["path"]).resolve())
    there = {path for path in (root / folder).glob("*.rs") if path.name != "lib.rs"}
    missing += [str(path.relative_to(root)) for path in sorted(there - listed)]
if missing:
    sys.exit(f"not in a Cargo.toml beside it: {', '.join(missing)}")
print("every test and bench is listed")
