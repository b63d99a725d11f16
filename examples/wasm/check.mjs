// Verifies deliveries in the module under Node, with signatures that Node made.
import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";

const { instance } = await WebAssembly.instantiate(await readFile(process.argv[2]));
const { memory, input, verify, output } = instance.exports;

function check(secret, timestamp, signature, body, now) {
  const parts = [secret, timestamp, signature, body].map((part) => Buffer.from(part));
  const all = Buffer.concat(parts);
  const at = input(all.length); // The memory may grow here, so it is looked at afterwards.
  new Uint8Array(memory.buffer).set(all, at);
  const length = verify(parts[0].length, parts[1].length, parts[2].length, now);
  return Buffer.from(memory.buffer, output(), length).toString();
}

const now = Math.floor(Date.now() / 1000);
const body = '{"event":"score_updated","new_score":34}';
const sign = (secret, at) => "sha256=" + createHmac("sha256", secret).update(`${at}.${body}`).digest("hex");

const cases = [
  [check("secret", `${now}`, sign("secret", now), body, now), "ok score_updated"],
  [check("secret", `${now}`, sign("secret", now), body + " ", now), "signature_mismatch"],
  [check("other", `${now}`, sign("secret", now), body, now), "signature_mismatch"],
  [check("secret", `${now - 301}`, sign("secret", now - 301), body, now), "expired"],
  [check("secret", `${now + 301}`, sign("secret", now + 301), body, now), "from_future"],
  [check("secret", `+${now}`, sign("secret", now), body, now), "malformed_timestamp"],
  [check("secret", `${now}`, sign("secret", now).toUpperCase(), body, now), "malformed_signature"],
  [check("", `${now}`, sign("secret", now), body, now), "bad call"],
];
const failed = cases.filter(([got, expected]) => got !== expected);
for (const [got, expected] of failed) console.error(`expected ${expected}, got ${got}`);
console.log(`${cases.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length ? 1 : 0;
