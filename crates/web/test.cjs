// The page in a headless Chromium: each handed capture gives the findings of the command, no request
// leaves, and it works by keyboard. Screenshots are in target/web.
const { chromium } = require("playwright-core");
const { execFileSync } = require("node:child_process");
const { readFileSync } = require("node:fs");
const { createServer } = require("node:net");
const { join, resolve } = require("node:path");
const assert = require("node:assert/strict");

const root = resolve(__dirname, "../..");
const page_url = `file://${join(root, "target/web/explain.html")}`;
const captures = join(root, "crates/explain/tests/captures/handed");
const now = "1780000010";

/** What the command says, in the form of the page. */
function command(path, scheme, secret) {
  const args = ["explain", "--json", "--show", "--now", now, "--secret-env", "SECRET"];
  if (scheme) args.push("--scheme", scheme);
  let text;
  try {
    text = execFileSync(join(root, "target/debug/trusthooks"), [...args, path], { env: { SECRET: secret }, stdio: "pipe" });
  } catch (error) {
    text = error.stdout;
  }
  const said = JSON.parse(text);
  return said.error ? { error: said.error.replace(`${path}: `, "") } : said;
}

/** What both say, so that they can be compared. */
const core = ({ error, scheme, verdict, recomputed, findings, strings }) =>
  ({ error, scheme, verdict, recomputed, findings, differ_at: strings?.differ_at });

async function main() {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
  const context = await browser.newContext({ offline: true, colorScheme: "light" });
  const page = await context.newPage();
  const requests = [], problems = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => { if (message.type() === "error") problems.push(message.text()); });
  await page.goto(page_url);
  const answer = async () => {
    await page.click("#explain");
    await page.waitForFunction(() => document.getElementById("answer").dataset.answer);
    return JSON.parse(await page.evaluate(() => {
      const into = document.getElementById("answer"), text = into.dataset.answer;
      delete into.dataset.answer;
      return text;
    }));
  };

  let count = 0;
  const cases = JSON.parse(readFileSync(join(captures, "manifest.json"), "utf8"));
  for (const { file, scheme, secret } of cases) {
    const path = join(captures, file);
    for (const chosen of [scheme, ""]) {
      await page.selectOption("#scheme", chosen);
      await page.fill("#secret", secret);
      await page.fill("#now", now);
      await page.setInputFiles("#file", path);
      assert.deepEqual(core(await answer()), core(command(path, chosen, secret)), `${file}, ${chosen}`);
      count += 1;
    }
    // Pasted, where a text field changes nothing of it.
    const text = readFileSync(path, "utf8");
    if (!text.includes("\r")) {
      await page.fill("#capture", text.replace(/^\ufeff/, ""));
      assert.deepEqual(core(await answer()), core(command(path, "", secret)), `${file}, pasted`);
      count += 1;
    }
  }

  // By keyboard alone: the fields in their order, and Ctrl+Enter.
  await page.reload();
  await page.focus("#capture");
  await page.keyboard.insertText(readFileSync(join(captures, "body_empty_object.http"), "utf8"));
  const order = [];
  for (let i = 0; i < 6; i += 1) {
    await page.keyboard.press("Tab");
    order.push(await page.evaluate(() => document.activeElement.id || document.activeElement.tagName));
    if (order.at(-1) === "secret") await page.keyboard.type("lens");
    if (order.at(-1) === "now") await page.keyboard.type(now);
  }
  assert.deepEqual(order, ["file", "scheme", "secret", "now", "SUMMARY", "explain"]);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".verdict");
  assert.equal(await page.textContent("li h3"), "body_rewritten");
  assert.ok(await page.locator("mark").count());
  await page.screenshot({ path: join(root, "target/web/light.png"), fullPage: true });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.screenshot({ path: join(root, "target/web/dark.png"), fullPage: true });
  await page.setViewportSize({ width: 360, height: 740 });
  await page.screenshot({ path: join(root, "target/web/phone.png"), fullPage: true });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 360, `the page is ${wide} pixels wide on a phone`);

  // Markup in a capture stays text.
  await page.fill("#capture", "X-TrustLens-Signature: <img src=x onerror=alert(1)>\n\n<script>alert(1)</script>");
  await answer();
  assert.equal(await page.locator("#answer img, #answer script").count(), 0);

  // Nothing was asked for but the page itself, and nothing could be.
  assert.deepEqual([...new Set(requests)], [page_url]);
  assert.deepEqual(problems, []);
  await context.setOffline(false);
  // Chromium may open a connection for a frame before it asks the policy; it sends nothing over it.
  let received = "";
  const server = createServer((socket) => {
    socket.on("data", (data) => { received += data; });
    socket.on("error", () => {});
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  const blocked = await page.evaluate(async (port) => {
    const url = `http://127.0.0.1:${port}/?secret`;
    const blocked = [];
    document.addEventListener("securitypolicyviolation", (event) => blocked.push(event.effectiveDirective));
    await fetch(url).catch(() => {});
    new Image().src = url;
    navigator.sendBeacon(url);
    try { new WebSocket(`ws://127.0.0.1:${port}/`); } catch {}
    const frame = document.createElement("iframe");
    frame.src = url;
    document.body.append(frame);
    const script = document.createElement("script");
    script.textContent = "globalThis.ran = true";
    document.body.append(script);
    await new Promise((done) => setTimeout(done, 300));
    return { blocked: [...new Set(blocked)].sort(), ran: Boolean(globalThis.ran) };
  }, port);
  assert.deepEqual(blocked, { blocked: ["connect-src", "frame-src", "img-src", "script-src-elem"], ran: false });
  await browser.close();
  server.close();
  assert.equal(received, "");
  console.log(`${count} answers are the command's; no request left the page`);
}

main().catch((error) => { console.error(error); process.exit(1); });
