#!/usr/bin/env node
// Signs and checks as a receiver in Node would. The lines that it reads and writes are those of
// sign.py.
"use strict";

const crypto = require("node:crypto");
const readline = require("node:readline");

// Bytes, since what a query decodes to need not be UTF-8.
function percentDecoded(text) {
  const bytes = Buffer.from(text.replaceAll("+", " "));
  const out = [];
  for (let i = 0; i < bytes.length; i += 1) {
    const digits = bytes.toString("latin1", i + 1, i + 3);
    if (bytes[i] === 0x25 && /^[0-9A-Fa-f]{2}$/.test(digits)) {
      out.push(Number.parseInt(digits, 16));
      i += 2;
    } else {
      out.push(bytes[i]);
    }
  }
  return Buffer.from(out);
}

function canonical(query, timestamp, body) {
  const pairs = [[Buffer.from("timestamp"), Buffer.from(timestamp)]];
  for (const piece of query.split("&").filter((piece) => piece !== "")) {
    const equals = piece.indexOf("=");
    const key = equals < 0 ? piece : piece.slice(0, equals);
    const value = equals < 0 ? "" : piece.slice(equals + 1);
    pairs.push([percentDecoded(key), percentDecoded(value)]);
  }
  pairs.sort(([one], [other]) => Buffer.compare(one, other));
  const parts = pairs.flatMap(([key, value]) => [Buffer.from("&"), key, Buffer.from("="), value]);
  const text = Buffer.concat(parts.slice(1));
  return body.length > 0 ? Buffer.concat([text, Buffer.from("|"), body]) : text;
}

function sign(request) {
  const secret = Buffer.from(request.secret_b64, "base64");
  const body = Buffer.from(request.body_b64, "base64");
  const [prefix, message] = {
    trustlens: () => ["sha256=", Buffer.concat([Buffer.from(`${request.timestamp}.`), body])],
    trustlens_v1: () => ["sha256=", body],
    trustoo_shop: () => ["", canonical("", request.timestamp, body)],
    trustoo_system: () => ["", body],
    trustoo_open_api: () => ["", canonical(request.query, request.timestamp, body)],
  }[request.scheme]();
  return prefix + crypto.createHmac("sha256", secret).update(message).digest("hex");
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const request = JSON.parse(line);
  const signature = sign(request);
  if (request.do === "check") {
    const [ours, theirs] = [Buffer.from(signature), Buffer.from(request.signature)];
    console.log(ours.length === theirs.length && crypto.timingSafeEqual(ours, theirs));
  } else {
    console.log(signature);
  }
});
