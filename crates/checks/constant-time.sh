#!/usr/bin/env bash
# Constant time, shown: no branch and no address of the release build depends on the secret or on what
# is computed from it, until the verdict. A refused check takes the same number of instructions
# wherever the signatures differ. `--features aws-lc-rs` shows the same of AWS-LC's HMAC.
#
# Valgrind 3.19 knows no SHA extensions and reports a processor without them. So the portable code of
# `sha2` runs here, and AWS-LC's for AVX2. The extensions have no instruction whose time depends on its
# data.
set -euo pipefail
cd "$(dirname "$0")"

CARGO_PROFILE_RELEASE_DEBUG=line-tables-only cargo build --quiet --release --bin constant_time "$@"
program=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release/constant_time
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The verdict, twice: once for a genuine request and once for a forged one. Besides it, only the check
# of a new secret for NUL bytes.
if ! valgrind -s --error-exitcode=9 --suppressions=verdict.supp "$program" verdict 2>"$scratch/verdict"; then
    cat "$scratch/verdict"
    echo "something besides the verdict depends on the secret"
    exit 1
fi
if ! grep -q 'used_suppression: *2 the verdict ' "$scratch/verdict"; then
    cat "$scratch/verdict"
    echo "the verdict itself was not seen: the secret was not followed"
    exit 1
fi
echo "memcheck: the verdict is the only branch that depends on the secret"

# The same means catch a comparison by ==.
if valgrind --quiet --error-exitcode=9 --suppressions=verdict.supp "$program" control 2>"$scratch/control"; then
    echo "a comparison by == went unnoticed"
    exit 1
fi
grep -q 'compare_as_one_should_not' "$scratch/control"
echo "memcheck: the control, a comparison by ==, is caught"

counts=()
for which in 0 15 31 all; do
    count=$(valgrind --tool=callgrind --collect-atstart=no --callgrind-out-file=/dev/null \
        "$program" count "$which" 2>&1 | sed -n 's/.*Collected : *//p')
    echo "callgrind: $count instructions for a mismatch in byte $which"
    counts+=("$count")
done
if [[ -z ${counts[0]} || $(printf '%s\n' "${counts[@]}" | sort -u | wc -l) != 1 ]]; then
    echo "the number of instructions depends on where the signatures differ"
    exit 1
fi
