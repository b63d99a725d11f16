#!/usr/bin/env bash
# The example receiver under load, beside the same endpoint without verification:
#
#     benches/load/run.sh [seconds a run, 10 by default; each kind runs five times]
#
# Both route, time out, and read the event. The receiver also verifies, deduplicates, counts and logs.
# Its guard has room for the whole run: a full one answers 503.
# Needs wrk. Server and client share the machine, so look at the ratios, not at the rates.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=${1:-10}
export TRUSTLENS_SECRET=load-secret LOG=error CAPACITY=1000000000
CRYPTO=$(ldconfig -p | awk '/libcrypto\.so/ { print $NF; exit }')
export CRYPTO

cargo build --quiet --release --package trusthooks-receiver
# By itself, so that its features stay its own.
cargo build --quiet --release --package trusthooks-load --target-dir target/load

LISTEN=127.0.0.1:8791 target/release/trusthooks-receiver &
receiver=$!
LISTEN=127.0.0.1:8792 target/load/release/trusthooks-load &
plain=$!
trap 'kill $receiver $plain; wait' EXIT
sleep 1

printf '%-12s %10s %9s %9s %9s %9s %6s\n' '' 'requests/s' 'p50 ms' 'p99 ms' accepted refused wrong
run() { # name, port
    local result
    result=$(wrk --threads 1 --connections 32 --duration "${seconds}s" --script benches/load/load.lua \
        "http://127.0.0.1:$2" | sed -n 's/^RESULT //p')
    # shellcheck disable=SC2086
    printf '%-12s %10s %9s %9s %9s %9s %6s\n' "$1" $result
}
# In turns, since a shared machine is faster at one time than at another.
for _ in 1 2 3 4 5; do
    MODE=genuine PLAIN=1 run unverified 8792
    MODE=genuine run genuine 8791
    MODE=forged run forged 8791
    MODE=mixed run mixed 8791
done | tee "${TMPDIR:-/tmp}/load.$$"

awk '{ rate[$1] = rate[$1] " " $2; p99[$1] = p99[$1] " " $4; wrong += $7 }
    function middle(list, v, n, i, j, t) {
        n = split(list, v, " ")
        for (i = 1; i < n; i++) for (j = i + 1; j <= n; j++) if (v[i] + 0 > v[j] + 0) { t = v[i]; v[i] = v[j]; v[j] = t }
        return v[int((n + 1) / 2)]
    }
    END {
        base = middle(rate["unverified"])
        for (name in rate) printf "%-12s %.2f of the rate unverified, p99 %s ms\n", name, middle(rate[name]) / base, middle(p99[name])
        printf "%d wrong answers\n", wrong
    }' "${TMPDIR:-/tmp}/load.$$"
rm "${TMPDIR:-/tmp}/load.$$"
