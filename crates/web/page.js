"use strict";

const $ = (id) => document.getElementById(id);
const fields = ["scheme", "secret", "previous", "public-token", "now"];

const ready = (async () => {
  const base64 = $("module").textContent.trim();
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  return (await WebAssembly.instantiate(bytes)).instance.exports;
})();

/** A file's bytes, or those of a text. */
async function bytesOf(file, text) {
  return file ? new Uint8Array(await file.arrayBuffer()) : new TextEncoder().encode(text);
}

/** What the module says of the form's content. */
async function ask() {
  const module = await ready;
  const value = Object.fromEntries(fields.map((id) => [id.replace("-", "_"), $(id).value]));
  value.now = value.now || String(Math.floor(Date.now() / 1000));
  const bodyFile = $("body").files[0];
  value.has_body = Boolean(bodyFile);
  const settings = new TextEncoder().encode(JSON.stringify(value));
  const capture = await bytesOf($("file").files[0], $("capture").value);
  const body = await bytesOf(bodyFile, "");
  const at = module.input(settings.length + capture.length + body.length);
  const memory = new Uint8Array(module.memory.buffer);
  memory.set(settings, at);
  memory.set(capture, at + settings.length);
  memory.set(body, at + settings.length + capture.length);
  const length = module.explain(settings.length, capture.length);
  const answer = new Uint8Array(module.memory.buffer, module.output(), length);
  return JSON.parse(new TextDecoder().decode(answer));
}

/** An element with text and children; never markup. */
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A stranger's text with what cannot be seen made visible. */
function visible(text) {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029\u00a0]/gu, (char) => {
    const known = { "\n": "\\n\n", "\r": "\\r", "\t": "\\t" }[char];
    return known ?? `\\u{${char.codePointAt(0).toString(16)}}`;
  });
}

/** A text with what stands between backticks as code. */
function prose(text) {
  return text.split("`").map((piece, i) => (i % 2 ? element("code", {}, piece) : piece));
}

/** A string, with the part marked in which it differs from another one: up to their common end. */
function string(title, [same, rest], other) {
  let end = 0;
  const most = Math.min(rest.length, other.length);
  while (end < most && rest.at(-1 - end) === other.at(-1 - end)) end += 1;
  const cut = rest.length - end;
  const middle = rest.slice(0, cut);
  return [
    element("h3", {}, title),
    element("pre", {}, visible(same), ...(middle ? [element("mark", {}, visible(middle))] : []), visible(rest.slice(cut))),
  ];
}

function show(answer) {
  const into = $("answer");
  into.replaceChildren();
  into.dataset.answer = JSON.stringify(answer);
  if (answer.error) {
    into.append(element("p", { class: "verdict bad" }, "This cannot be used"), element("p", {}, answer.error));
    return;
  }
  const isVerified = answer.verdict === "ok";
  into.append(
    element("p", { class: `verdict ${isVerified ? "good" : "bad"}` },
      isVerified ? "Verified" : `Refused: ${answer.verdict}`),
    element("p", {}, `By the rules of ${answer.rules}${answer.message ? `: ${answer.message}` : ""}.`),
  );
  if (answer.findings.length) {
    into.append(element("h2", {}, "What was found"), element("ol", {}, ...answer.findings.map((finding) =>
      element("li", {},
        element("h3", {}, element("code", {}, finding.code)),
        element("dl", {}, ...["seen", "why", "fix"].flatMap((key) =>
          [element("dt", {}, key), element("dd", {}, ...prose(finding[key]))]))))));
    into.append(answer.recomputed
      ? element("p", { class: "good" },
          `Once ${answer.findings.length > 1 ? "all of these are" : "this is"} fixed, the signature matches.`)
      : element("p", { class: "bad" }, "The signature could not be accounted for."));
  }
  if (answer.strings) {
    const { expected, signed, differ_at: at } = answer.strings;
    into.append(element("h2", {}, "What is signed"));
    if (at !== null) into.append(element("p", {}, `The two differ from byte ${at} on.`));
    const [one, other] = [expected, signed ?? expected].map(([, rest]) => rest);
    into.append(...string("By the rules", expected, other),
      ...(signed ? string("By this signature", signed, one) : []));
  }
}

async function explain(event) {
  event?.preventDefault();
  try {
    show(await ask());
  } catch (error) {
    show({ error: `the module stopped: ${error.message}; reload the page` });
  }
  $("answer").focus({ preventScroll: true });
  $("answer").scrollIntoView({ block: "nearest" });
}

$("form").addEventListener("submit", explain);
$("form").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) explain(event);
});
$("capture").addEventListener("input", () => { $("file").value = ""; });
$("show-secret").addEventListener("change", (event) => {
  for (const id of ["secret", "previous"]) $(id).type = event.target.checked ? "text" : "password";
});
