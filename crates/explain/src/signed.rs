//! Strings that may have been signed around a body: by the scheme's own rule, and by rules that senders
//! follow by mistake.

use std::{
    collections::{HashSet, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
};

use percent_encoding::percent_decode;

use crate::{
    SchemeName, convert,
    finding::{Finding, Variation},
};

/// Longer queries and paths are signed by the scheme's own rule alone.
const MAX_QUERY: usize = 8 * 1024;

/// A way to put what is signed together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) before: Vec<u8>,
    /// The bytes between the rest and a body; left out where the body is empty.
    separator: &'static [u8],
    pub(super) has_body: bool,
    after: Vec<u8>,
    /// SHA-256 with the secret behind it, in place of HMAC.
    pub(super) is_old: bool,
    /// The finding if this is the rule that was followed.
    pub(super) findings: Vec<Finding>,
}

impl Rule {
    fn new(before: impl Into<Vec<u8>>, separator: &'static [u8]) -> Self {
        Self {
            before: before.into(),
            separator,
            has_body: true,
            after: Vec::new(),
            is_old: false,
            findings: Vec::new(),
        }
    }

    fn bodiless(before: impl Into<Vec<u8>>) -> Self {
        Self { has_body: false, ..Self::new(before, b"") }
    }

    fn but(mut self, variation: Variation) -> Self {
        self.findings.push(Finding::SignedOtherwise { how: variation });
        self
    }

    /// The pieces that are signed, in order.
    pub(super) fn pieces<'r>(&'r self, body: &'r [u8]) -> [&'r [u8]; 4] {
        match self.has_body {
            false => [&self.before, b"", b"", &self.after],
            true if body.is_empty() => [&self.before, b"", b"", &self.after],
            true => [&self.before, self.separator, body, &self.after],
        }
    }
}

/// The parts of a request that are signed besides its body.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) times: &'a [Vec<u8>],
    pub(super) query: &'a str,
    pub(super) path: &'a str,
    pub(super) host: &'a str,
    /// Whether the body takes part in the signature of an Open API request.
    pub(super) is_post: bool,
}

impl Parts<'_> {
    /// Whether every rule is tried.
    pub(super) const fn is_short(&self) -> bool {
        self.query.len() <= MAX_QUERY && self.path.len() <= MAX_QUERY
    }
}

/// The rules for a request of `scheme` at an endpoint for `endpoint`: the scheme's own for each time
/// that may have been signed, then what is commonly done instead, then the other schemes' own.
pub(super) fn rules(scheme: SchemeName, endpoint: SchemeName, parts: Parts<'_>) -> Vec<Rule> {
    let mut rules = own(scheme, parts);
    if parts.is_short() {
        rules.extend(variations(scheme, parts));
    }
    // TrustLens v1 and Trustoo's system webhooks sign the same, so the vendor's own come first.
    let mut others = SchemeName::ALL;
    others.sort_by_key(|other| (*other != endpoint, other.is_trustoo() != scheme.is_trustoo()));
    for other in others.into_iter().filter(|other| *other != scheme) {
        for mut rule in own(other, parts) {
            rule.findings.push(Finding::OtherScheme { scheme: other, fits: true });
            rules.push(rule);
        }
    }
    for time in parts.times {
        let old = Shape::default().text(parts.query, time);
        let old = old.map(|text| Rule { is_old: true, ..Rule::bodiless(text) });
        rules.extend(old.map(|mut rule| {
            rule.findings.push(Finding::OldAlgorithm);
            rule
        }));
    }
    // The simplest reading of what comes out the same.
    rules.sort_by_key(|rule| rule.findings.len());
    let mut known = HashSet::new();
    rules.retain(|rule| {
        let mut hash = DefaultHasher::new();
        (&rule.before, rule.separator, rule.has_body, &rule.after, rule.is_old).hash(&mut hash);
        known.insert(hash.finish())
    });
    rules
}

/// A scheme's own rule.
fn own(scheme: SchemeName, parts: Parts<'_>) -> Vec<Rule> {
    let timed = |time: &Vec<u8>| match scheme {
        // The point is signed even where the body is empty.
        SchemeName::TrustLens => Some(Rule::new([time, &b"."[..]].concat(), b"")),
        SchemeName::TrustooShop => Some(Rule::new([b"timestamp=", &**time].concat(), b"|")),
        SchemeName::TrustooOpenApi => {
            // A query that cannot be signed counts as none.
            let shape = Shape::default();
            let text = shape.text(parts.query, time).or_else(|| shape.text("", time))?;
            Some(if parts.is_post { Rule::new(text, b"|") } else { Rule::bodiless(text) })
        }
        SchemeName::TrustLensV1 | SchemeName::TrustooSystem => None,
    };
    match scheme {
        SchemeName::TrustLensV1 | SchemeName::TrustooSystem => vec![Rule::new("", b"")],
        _ => parts.times.iter().filter_map(timed).collect(),
    }
}

/// Strings that are commonly signed in place of a scheme's own.
fn variations(scheme: SchemeName, parts: Parts<'_>) -> Vec<Rule> {
    use Variation::{
        BodyLeftOut, QueryIncluded, SeparatorAdded, SeparatorMissing, SeparatorOther,
        TimestampBare, TimestampLast, TimestampLeftOut,
    };
    let mut rules = Vec::new();
    for time in parts.times {
        match scheme {
            SchemeName::TrustLens => {
                let before = |separator: &[u8]| Rule::new([&**time, separator].concat(), b"");
                rules.push(before(b"").but(SeparatorMissing));
                for other in [&b"|"[..], b":", b"\n", b" ", b",", b"-", b"_"] {
                    rules.push(before(other).but(SeparatorOther));
                }
                for joint in [&b"."[..], b"", b"|"] {
                    let after = [joint, time].concat();
                    rules.push(Rule { after, ..Rule::new("", b"") }.but(TimestampLast));
                }
                rules.push(Rule::bodiless([&**time, b"."].concat()).but(BodyLeftOut));
                rules.push(Rule::bodiless(&**time).but(BodyLeftOut));
            }
            SchemeName::TrustooShop => {
                let text = [b"timestamp=", &**time].concat();
                let before = |joint: &[u8]| Rule::new([&*text, joint].concat(), b"");
                rules.push(before(b"").but(SeparatorMissing));
                rules.push(before(b"|").but(SeparatorAdded));
                for other in [&b"&"[..], b".", b"\n", b":"] {
                    rules.push(before(other).but(SeparatorOther));
                }
                rules.push(Rule::new(&**time, b"|").but(TimestampBare));
                rules.push(Rule::bodiless(&*text).but(BodyLeftOut));
                let after = [b"|", &*text].concat();
                rules.push(Rule { after, ..Rule::new("", b"") }.but(TimestampLast));
                if !parts.query.is_empty() {
                    for values in [Values::Decoded, Values::AsSent] {
                        let shape = Shape { values, ..Shape::default() };
                        let text = shape.text(parts.query, time);
                        rules.extend(text.map(|text| Rule::new(text, b"|").but(QueryIncluded)));
                    }
                }
            }
            SchemeName::TrustooOpenApi => rules.extend(open_api(parts, time)),
            SchemeName::TrustLensV1 | SchemeName::TrustooSystem => {}
        }
    }
    match scheme {
        SchemeName::TrustooShop => rules.push(Rule::new("|", b"").but(TimestampLeftOut)),
        SchemeName::TrustLens => rules.push(Rule::new(".", b"").but(TimestampLeftOut)),
        _ => {}
    }
    rules
}

/// How keys and values enter the canonical string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Values {
    Decoded,
    AsSent,
    /// Decoded, but `+` stays.
    PlusLiteral,
    /// Encoded again, a space as `%20`.
    Encoded,
    /// Encoded again, a space as `+`.
    FormEncoded,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Sorted,
    AsGiven,
    /// By key and value, so that repeated keys change places.
    ByPair,
    /// Letters compared without regard to case.
    IgnoringCase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Sorted,
    Last,
    First,
    LeftOut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Empty {
    Kept,
    LeftOut,
    /// A key that was sent without `=` is signed without one.
    Bare,
}

/// The canonical string, and what may be different about it.
#[derive(Debug, Clone, Copy)]
struct Shape {
    values: Values,
    order: Order,
    place: Place,
    empty: Empty,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            values: Values::Decoded,
            order: Order::Sorted,
            place: Place::Sorted,
            empty: Empty::Kept,
        }
    }
}

impl Shape {
    /// The parameters with the time among them; `None` where the query has a `timestamp` itself.
    fn text(self, query: &str, time: &[u8]) -> Option<Vec<u8>> {
        let mut pairs = Vec::new();
        for piece in query.split('&').filter(|piece| !piece.is_empty()) {
            let (key, value) = match piece.split_once('=') {
                Some((key, value)) => (key, Some(value)),
                None => (piece, None),
            };
            let is_empty = value.is_none_or(str::is_empty);
            if self.empty == Empty::LeftOut && is_empty {
                continue;
            }
            let value = match (value, self.empty) {
                (None, Empty::Bare) => None,
                (value, _) => Some(self.read(value.unwrap_or_default())),
            };
            pairs.push((self.read(key), value));
        }
        let is_reserved = |(key, _): &(Vec<u8>, Option<Vec<u8>>)| key == b"timestamp";
        if pairs.iter().any(is_reserved) {
            return None;
        }
        let time = (b"timestamp".to_vec(), Some(time.to_vec()));
        let place = match (self.place, self.order) {
            // Among unsorted ones it has no place of its own.
            (Place::Sorted, Order::AsGiven) => Place::Last,
            (place, _) => place,
        };
        if place == Place::Sorted {
            pairs.push(time.clone());
        }
        match self.order {
            Order::Sorted => pairs.sort_by(|(one, _), (other, _)| one.cmp(other)),
            Order::ByPair => pairs.sort(),
            Order::IgnoringCase => pairs.sort_by_key(|(key, _)| key.to_ascii_lowercase()),
            Order::AsGiven => {}
        }
        match place {
            Place::Last => pairs.push(time),
            Place::First => pairs.insert(0, time),
            Place::Sorted | Place::LeftOut => {}
        }
        let texts: Vec<_> = pairs
            .into_iter()
            .map(|(key, value)| match value {
                Some(value) => [&*key, b"=", &*value].concat(),
                None => key,
            })
            .collect();
        Some(texts.join(&b'&'))
    }

    fn read(self, text: &str) -> Vec<u8> {
        let decoded = || -> Vec<u8> { percent_decode(text.replace('+', " ").as_bytes()).collect() };
        let encoded = |index: usize| {
            let decoded = decoded();
            convert::url_encoded(&decoded).into_iter().nth(index).unwrap_or(decoded)
        };
        match self.values {
            Values::AsSent => text.as_bytes().to_vec(),
            Values::PlusLiteral => percent_decode(text.as_bytes()).collect(),
            Values::Decoded => decoded(),
            Values::Encoded => encoded(0),
            Values::FormEncoded => {
                let decoded = decoded();
                convert::url_encoded(&decoded).pop().unwrap_or(decoded)
            }
        }
    }
}

/// Canonical strings with one thing or two done otherwise.
fn open_api(parts: Parts<'_>, time: &[u8]) -> Vec<Rule> {
    use Variation::{
        BareParameter, EmptyLeftOut, ParametersAsSent, ParametersEncoded, ParametersUnsorted,
        PathIncluded, PlusLiteral, QuestionMark, SortedOtherwise, TimestampFirst, TimestampLast,
        TimestampLeftOut, UrlIncluded,
    };
    let values = [
        (Values::Decoded, None),
        (Values::AsSent, Some(ParametersAsSent)),
        (Values::PlusLiteral, Some(PlusLiteral)),
        (Values::Encoded, Some(ParametersEncoded)),
        (Values::FormEncoded, Some(ParametersEncoded)),
    ];
    let orders = [
        (Order::Sorted, None),
        (Order::AsGiven, Some(ParametersUnsorted)),
        (Order::ByPair, Some(SortedOtherwise)),
        (Order::IgnoringCase, Some(SortedOtherwise)),
    ];
    let places = [
        (Place::Sorted, None),
        (Place::Last, Some(TimestampLast)),
        (Place::First, Some(TimestampFirst)),
        (Place::LeftOut, Some(TimestampLeftOut)),
    ];
    let empties = [
        (Empty::Kept, None),
        (Empty::LeftOut, Some(EmptyLeftOut)),
        (Empty::Bare, Some(BareParameter)),
    ];
    let mut texts = Vec::new();
    for (values, one) in values {
        for (order, two) in orders {
            for (place, three) in places {
                for (empty, four) in empties {
                    let how: Vec<_> = [one, two, three, four].into_iter().flatten().collect();
                    let shape = Shape { values, order, place, empty };
                    if how.len() <= MAX_VARIATIONS
                        && let Some(text) = shape.text(parts.query, time)
                    {
                        texts.push((text, how));
                    }
                }
            }
        }
    }
    let mut rules = Vec::new();
    for (text, how) in texts {
        let url = |start: &str| [start.as_bytes(), b"?", &*text].concat();
        let full = format!("https://{}{}", parts.host, parts.path);
        let starts = [
            (text.clone(), None),
            (url(""), Some(QuestionMark)),
            (url(parts.path), Some(PathIncluded)),
            ([parts.path.as_bytes(), &*text].concat(), Some(PathIncluded)),
            (url(&full), Some(UrlIncluded)),
        ];
        for (before, five) in starts {
            for (rule, six) in ends(&before, parts.is_post) {
                let all: Vec<_> = how.iter().copied().chain(five).chain(six).collect();
                if (1..=MAX_VARIATIONS).contains(&all.len()) {
                    rules.push(all.into_iter().fold(rule, Rule::but));
                }
            }
        }
    }
    rules
}

/// More than so many things done otherwise at once are not looked for.
const MAX_VARIATIONS: usize = 2;

/// The ends that can follow the parameters: a body or none, and the bytes before it.
fn ends(before: &[u8], is_post: bool) -> Vec<(Rule, Option<Variation>)> {
    use Variation::{BodyIncluded, BodyLeftOut, SeparatorAdded, SeparatorMissing, SeparatorOther};
    let with = |separator| Rule::new(before, separator);
    let parted = [before, b"|"].concat();
    if is_post {
        vec![
            (with(b"|"), None),
            (with(b""), Some(SeparatorMissing)),
            (with(b"&"), Some(SeparatorOther)),
            (with(b"\n"), Some(SeparatorOther)),
            (Rule::bodiless(before), Some(BodyLeftOut)),
            (Rule::new(parted, b""), Some(SeparatorAdded)),
        ]
    } else {
        vec![
            (Rule::bodiless(before), None),
            (with(b"|"), Some(BodyIncluded)),
            (Rule::bodiless(parted), Some(SeparatorAdded)),
        ]
    }
}
