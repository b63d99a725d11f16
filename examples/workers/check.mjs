// Sends requests to the Worker, which runs in `workerd`. `scripts/worker` puts this file beside the module.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { Miniflare } from "miniflare";

const SECRET = "the secret";
const root = dirname(fileURLToPath(import.meta.url));

// What `worker-build` generates, as far as a Worker that only fetches needs it.
const entry = `
import module from "./trusthooks_workers_bg.wasm";
import * as imports from "./trusthooks_workers_bg.js";

const { exports } = new WebAssembly.Instance(module, { "./trusthooks_workers_bg.js": imports });
imports.__wbg_set_wasm(exports);
exports.__wbindgen_start();
export default { fetch: imports.fetch };
`;

const snippets = readdirSync(join(root, "snippets"), { recursive: true })
    .filter((name) => name.endsWith(".js"))
    .map((name) => ({ type: "ESModule", path: join(root, "snippets", name) }));

function worker(options) {
    return new Miniflare({
        modules: [
            { type: "ESModule", path: join(root, "entry.mjs"), contents: entry },
            { type: "ESModule", path: join(root, "trusthooks_workers_bg.js") },
            { type: "CompiledWasm", path: join(root, "trusthooks_workers_bg.wasm") },
            ...snippets,
        ],
        modulesRoot: root,
        compatibilityDate: "2026-01-01",
        ...options,
    });
}

const now = () => Math.floor(Date.now() / 1000);

async function send(miniflare, body, { at = now(), sent = body, signed = true } = {}) {
    const mac = createHmac("sha256", SECRET).update(`${at}.`).update(body).digest("hex");
    const headers = { "X-TrustLens-Timestamp": `${at}`, "X-TrustLens-Signature": `sha256=${mac}` };
    const request = { method: "POST", body: sent, headers: signed ? headers : {} };
    const answer = await fetch(await miniflare.ready, request);
    await answer.arrayBuffer();
    return answer.status;
}

const complete = worker({ bindings: { TRUSTLENS_SECRET: SECRET }, kvNamespaces: ["UNREAD"] });
assert.equal(await send(complete, '{"event":"score_updated","new_score":"high"}'), 204);
assert.equal(await send(complete, "{}", { sent: "not the same" }), 401);
assert.equal(await send(complete, "{}", { at: 1 }), 401);
assert.equal(await send(complete, "{}", { signed: false }), 400);
assert.equal(await send(complete, " ".repeat(1024 * 1024 + 1)), 413);

// Genuine, and no event: kept, byte for byte, for 30 days.
const unread = [Buffer.from("not JSON"), Buffer.from([0, 255, 254, 10])];
for (const body of unread) {
    assert.equal(await send(complete, body), 422);
}
const kept = await complete.getKVNamespace("UNREAD");
const { keys } = await kept.list();
const bodies = await Promise.all(keys.map(({ name }) => kept.get(name, "arrayBuffer")));
const texts = (list) => list.map((body) => Buffer.from(body).toString("hex")).sort();
assert.deepEqual(texts(bodies), texts(unread));
for (const { name, expiration } of keys) {
    assert.match(name, /^[0-9a-f]{64}$/);
    assert.ok(Math.abs(expiration - now() - 30 * 24 * 60 * 60) < 3600);
}
await complete.dispose();

// It cannot be kept, so it has to come again.
const forgetful = worker({ bindings: { TRUSTLENS_SECRET: SECRET } });
assert.equal(await send(forgetful, '{"event":"test"}'), 204);
assert.equal(await send(forgetful, "not JSON"), 503);
await forgetful.dispose();

const misconfigured = worker({ kvNamespaces: ["UNREAD"] });
assert.equal(await send(misconfigured, '{"event":"test"}'), 500);
await misconfigured.dispose();

console.log("the Worker answers as it should");
