//! The crate and `model.py`, which shares nothing with it, say the same of every request.

mod common;

use std::{collections::BTreeMap, env, time::Duration};

use common::{Case, Chance, answers, to_base64, verdict};
use serde_json::{Value, json};
use trusthooks::{
    Receipt, ReplayWindow, Secret, Secrets, SignedHeaders, Timestamp, VerifyError, trustlens,
    trustoo::{open_api, shop, system},
};

/// How many random cases there are, unless `MODEL_CASES` says otherwise.
const CASES: usize = 20_000;
const LATEST: u64 = i64::MAX as u64;

const SECRETS: [&str; 12] = [
    "s",
    "correct horse battery staple",
    "line break\n",
    " space",
    "NUL\0inside",
    "NUL at the end\0",
    "NUL at the end",
    "clé-sécrète-🔑",
    "deadbeef",
    "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
    "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a089f86d081884c7d659a2feaa0c55ad0",
];
const TOKENS: [&str; 5] = ["GfKu22TCaj4gULtrA3/OgA==", "GfKu22TCaj4gULtrA3/OgA=", "", "a b", "é"];
const SCHEMES: [&str; 5] =
    ["trustlens", "trustlens_v1", "trustoo_shop", "trustoo_system", "trustoo_open_api"];
const QUERY_PIECES: [&str; 36] = [
    "a",
    "b",
    "A",
    "time",
    "timestamp_",
    "timestampa",
    "Timestamp",
    "timestamp",
    "%74imestamp",
    "zeta",
    "page_size",
    "=",
    "=",
    "=",
    "=",
    "=",
    "&",
    "&",
    "&",
    "&",
    "&",
    "+",
    "%2B",
    "%",
    "%7",
    "%zz",
    "%61",
    "%41",
    "%3D",
    "%26",
    "%ff",
    "%00",
    "é",
    "%C3%A9",
    "|",
    "1",
];

fn query(chance: &mut Chance) -> String {
    (0..chance.below(14)).map(|_| chance.pick(&QUERY_PIECES)).collect()
}

fn any_secrets(chance: &mut Chance) -> Vec<&'static str> {
    (0..=chance.below(3)).map(|_| chance.pick(&SECRETS)).collect()
}

/// A moment, at the edges of what can be read or anywhere.
fn moment(chance: &mut Chance) -> u64 {
    let anywhere = chance.number() >> 1;
    chance.pick(&[1_780_000_000, 1_780_000_000, 1_780_000_000, 0, 1, LATEST, anywhere])
}

/// A request that is genuine, in one half of the cases, or was once.
fn request(chance: &mut Chance) -> Value {
    let scheme = chance.pick(&SCHEMES);
    let body = if chance.percent(20) { Vec::new() } else { chance.bytes(200) };
    let mut case = json!({ "id": "", "note": "", "expect": "", "scheme": scheme });
    let secrets = any_secrets(chance);
    let mut right = secrets.clone();
    let mut token = "one shop";
    if matches!(scheme, "trustoo_shop" | "trustoo_open_api") && chance.percent(50) {
        let mut shops: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for _ in 0..chance.below(4) {
            shops.insert(chance.pick(&TOKENS), any_secrets(chance));
        }
        token = chance.pick(&TOKENS);
        if let Some(secrets) = shops.get(token) {
            right.clone_from(secrets);
        }
        case["store"] = json!(shops);
    }
    let window = chance.percent(40).then(|| {
        let lengths = [0, 1, 5, 300, 86_400, LATEST];
        (chance.pick(&lengths), chance.pick(&lengths))
    });
    if let Some(window) = window {
        case["window"] = json!(window);
    }
    let usual = if scheme == "trustlens" { 300 } else { 900 };
    let (past, future) = window.unwrap_or((usual, usual));
    let now = moment(chance);
    let at = match chance.below(9) {
        0 => now.saturating_sub(past),
        1 => now.saturating_sub(past).saturating_sub(1),
        2 => now.saturating_add(future),
        3 => now.saturating_add(future).saturating_add(1),
        4 => moment(chance),
        _ => now,
    };
    let at = Timestamp::from_unix(at);
    let key = if chance.percent(90) { chance.pick(&right) } else { chance.pick(&SECRETS) };
    let key = Secret::new(key).unwrap();
    let signed = match scheme {
        "trustlens" => trustlens::Signer::new(key).sign_at(&body, at),
        "trustlens_v1" => trustlens::v1::Signer::new(key).sign_at(&body, at),
        "trustoo_shop" => shop::Signer::new(token, key).sign_at(&body, at),
        "trustoo_system" => system::Signer::new(key).sign_at(&body, at),
        _ => {
            let (query, as_sent) = (query(chance), chance.percent(30));
            case["query"] = json!(query);
            case["as_sent"] = json!(as_sent);
            let signer = open_api::Signer::new(token, key);
            let signer = if as_sent { signer.as_sent() } else { signer };
            // A query that cannot be signed is sent all the same.
            let other = || signer.sign_at("", Some(&body), at);
            signer.sign_at(&query, Some(&body), at).or_else(|_| other()).unwrap()
        }
    };
    let mut headers = pairs(&signed);
    let mut body = body;
    if chance.percent(50) {
        for _ in 0..=chance.below(2) {
            spoil(chance, &mut headers, &mut body);
        }
    }
    let headers: Vec<_> =
        headers.into_iter().map(|(name, value)| (name, to_base64(value))).collect();
    case["secrets"] = json!(secrets);
    case["now"] = json!(now);
    case["headers_b64"] = json!(headers);
    case["body_b64"] = json!(to_base64(body));
    case
}

type Pairs = Vec<(String, Vec<u8>)>;

fn pairs(signed: &SignedHeaders) -> Pairs {
    signed.iter().map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).collect()
}

fn spoil(chance: &mut Chance, headers: &mut Pairs, body: &mut Vec<u8>) {
    let bytes: [&[u8]; 10] =
        [b" ", b"\t", b"\n", b"\0", b"0", b"+", b"A", b"g", b"sha256=", b"\xff"];
    let inserted = chance.pick(&bytes);
    if headers.is_empty() {
        return;
    }
    let at = chance.below(headers.len());
    let (name, value) = &mut headers[at];
    match chance.below(9) {
        0 => drop(headers.remove(at)),
        1 => {
            let twin = (name.to_uppercase(), value.clone());
            headers.push(twin);
        }
        2 => *name = name.to_uppercase(),
        3 => name.push('-'),
        4 => value.make_ascii_uppercase(),
        5 => {
            let place = chance.below(value.len() + 1);
            value.splice(place..place, inserted.iter().copied());
        }
        6 if !value.is_empty() => {
            let place = chance.below(value.len());
            value[place] ^= 1 << chance.below(8);
        }
        7 => drop(value.pop()),
        _ => body.extend_from_slice(inserted),
    }
}

/// What the crate answers to a request.
fn verified(case: &Value) -> Result<Receipt, VerifyError> {
    let request: Case = serde_json::from_value(case.clone()).unwrap();
    let (headers, body, now) = (request.pairs(), request.body(), request.now());
    if request.scheme != "trustoo_open_api" {
        return request.verifier().whole(&headers, &body, now);
    }
    let verifier = match case.get("store") {
        None => open_api::Verifier::new(secrets(&case["secrets"])),
        Some(shops) => {
            let shops = shops.as_object().unwrap();
            let store: BTreeMap<_, _> =
                shops.iter().map(|(token, texts)| (token.clone(), secrets(texts))).collect();
            open_api::Verifier::with_store(store)
        }
    };
    let verifier = if case["as_sent"] == true { verifier.as_sent() } else { verifier };
    let verifier = match case.get("window") {
        None => verifier,
        Some(window) => {
            let length = |i: usize| Duration::from_secs(window[i].as_u64().unwrap());
            verifier.with_window(ReplayWindow::new(length(0), length(1)))
        }
    };
    verifier.verify_at(&headers, case["query"].as_str().unwrap(), Some(&body), now)
}

fn secrets(texts: &Value) -> Secrets {
    let texts = texts.as_array().unwrap();
    let mut keys = texts.iter().map(|text| Secret::new(text.as_str().unwrap()).unwrap());
    let current = Secrets::from(keys.next().unwrap());
    keys.fold(current, Secrets::and)
}

/// What the crate answers to a query that is to be signed.
fn signed(case: &Value, body: &[u8]) -> Value {
    let query = case["query"].as_str().unwrap();
    let at = Timestamp::from_unix(case["timestamp"].as_u64().unwrap());
    let key = Secret::new(case["private_token"].as_str().unwrap()).unwrap();
    let signer = open_api::Signer::new("public", key);
    let answer = |string: Result<open_api::CanonicalString, _>, signer: &open_api::Signer| match (
        string,
        signer.sign_at(query, Some(body), at),
    ) {
        (Ok(string), Ok(signed)) => {
            let (_, sign) = signed.iter().last().unwrap();
            json!({ "canonical_b64": to_base64(string.as_bytes()), "sign": sign })
        }
        (Err(_), Err(_)) => json!({ "error": "reserved_parameter" }),
        _ => panic!("the string and its signature disagree on {query:?}"),
    };
    json!({
        "decoded": answer(open_api::CanonicalString::new(query, Some(body), at), &signer),
        "as_sent":
            answer(open_api::CanonicalString::as_sent(query, Some(body), at), &signer.clone().as_sent()),
    })
}

#[test]
fn random_cases() {
    let cases = env::var("MODEL_CASES").map_or(CASES, |count| count.parse().expect("a number"));
    let mut chance = Chance(20_251_121);
    let mut lines = String::new();
    let mut expected = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..cases {
        let (case, answer) = if chance.percent(80) {
            let case = request(&mut chance);
            let result = verified(&case);
            let verdict = verdict(result);
            *seen.entry(format!("{}: {verdict}", case["scheme"])).or_default() += 1;
            let answer = match result {
                Ok(receipt) => {
                    json!({ "verdict": verdict, "secret_index": receipt.secret_index() })
                }
                Err(_) => json!({ "verdict": verdict }),
            };
            (case, answer)
        } else {
            let body = if chance.percent(50) { Vec::new() } else { chance.bytes(200) };
            let case = json!({
                "query": query(&mut chance),
                "timestamp": moment(&mut chance),
                "private_token": chance.pick(&SECRETS),
                "body_b64": to_base64(&body),
            });
            let answer = signed(&case, &body);
            (case, answer)
        };
        lines.push_str(&case.to_string());
        lines.push('\n');
        expected.push((case, answer));
    }
    // Chance reaches every verdict of every scheme, and often.
    assert_eq!(seen.len(), 8 + 5 + 9 + 5 + 10, "{seen:#?}");
    assert!(seen.values().all(|count| *count >= 20), "{seen:#?}");

    let Some(answers) = answers("python3", &["model.py", "check"], &lines) else { return };
    let answers: Vec<Value> =
        answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), cases);
    for (answer, (case, expected)) in answers.iter().zip(&expected) {
        assert_eq!(answer, expected, "the model (left) and the crate (right) on {case}");
    }
}
