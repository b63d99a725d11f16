#!/usr/bin/env node
// Signs calls of the Open API as its clients in TypeScript do: the parameters' values and the time,
// sorted by name and joined; the URL is encoded afterwards. Reads lines of
// {"parameters", "body", "encoder"} and writes lines of {"query", "sign", "body"}.
"use strict";

const crypto = require("node:crypto");
const readline = require("node:readline");

const SECRET = "private token";
const TIMESTAMP = "1732180800";

const encoders = {
  URLSearchParams: (parameters) => new URLSearchParams(parameters).toString(),
  encodeURIComponent: (parameters) =>
    Object.entries(parameters)
      .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
      .join("&"),
};

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { parameters, body, encoder } = JSON.parse(line);
  const all = { ...parameters, timestamp: TIMESTAMP };
  const joined = Object.keys(all)
    .sort()
    .map((key) => `${key}=${all[key]}`)
    .join("&");
  const signed = body === "" ? joined : `${joined}|${body}`;
  const sign = crypto.createHmac("sha256", SECRET).update(signed).digest("hex");
  console.log(JSON.stringify({ query: encoders[encoder](parameters), sign, body }));
});
