#!/usr/bin/env python3
"""Keeps the inputs that reach new code: `fuzz/keep.py [TARGET …]`, after a long `scripts/fuzz`.

Minimizes what is in fuzz/corpus against the seeds. Writes fuzz/found/TARGET, one input a line, in
base64. `seed_corpus.py` makes seeds of them for the next run.
"""

import base64
import pathlib
import subprocess
import sys
import tempfile

FUZZ = pathlib.Path(__file__).resolve().parent
CORPUS, FOUND = FUZZ / "corpus", FUZZ / "found"


def keep(target, seeds):
    before = set(seeds.iterdir())
    # New edges alone. With how often each is taken, ten times as many would count as new.
    command = ["cargo", "+nightly", "fuzz", "run", target, seeds, CORPUS / target, "--", "-merge=1", "-use_counters=0"]
    subprocess.run(command, cwd=FUZZ.parent, check=True, capture_output=True)
    found = {base64.b64encode(path.read_bytes()) for path in set(seeds.iterdir()) - before}
    kept = FOUND / target
    found |= set(kept.read_bytes().splitlines()) if kept.exists() else set()
    if found:
        FOUND.mkdir(exist_ok=True)
        kept.write_bytes(b"".join(line + b"\n" for line in sorted(found)))
    print(f"{target}: {len(found)} kept")


with tempfile.TemporaryDirectory() as scratch:
    scratch = pathlib.Path(scratch)
    subprocess.run([FUZZ / "seed_corpus.py", scratch], check=True, stdout=subprocess.DEVNULL)
    for target in sys.argv[1:] or sorted(folder.name for folder in scratch.iterdir()):
        keep(target, scratch / target)
