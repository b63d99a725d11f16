//! Where a field of each type may stand, and what becomes of a value there.

use serde_json::{Map, Value};
use trusthooks::{
    trustlens,
    trustoo::{shop, system},
};

use super::{Delivered, paths, read, round_trip};

/// A body with a place for one value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    scheme: Scheme,
    /// With `@` where the value goes.
    body: &'static str,
    /// The place in the event as it is written again.
    path: &'static str,
}

#[derive(Clone, Copy, Debug)]
enum Scheme {
    Lens,
    Shop,
    System,
}

/// What became of a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// It fits, and is written so.
    Fits(Value),
    /// Nothing was sent.
    Missing,
    /// It does not fit. It is kept as it was sent, and listed.
    Mismatch,
}

use Scheme::{Lens, Shop, System};

const fn place(scheme: Scheme, body: &'static str, path: &'static str) -> Place {
    Place { scheme, body, path }
}

pub(super) const WHOLE: &[Place] = &[
    place(Lens, r#"{"event":"automation_triggered","order_id":@,"message":"m"}"#, "order_id"),
    place(Lens, r#"{"message":"m","order_id":@,"event":"novel"}"#, "order_id"),
    place(
        Lens,
        r#"{"event":"automation_triggered","data":{"message":"m","order_id":@}}"#,
        "order_id",
    ),
    place(Lens, r#"{"data":{"order_id":@,"message":"m"},"event":"novel"}"#, "order_id"),
    place(Lens, r#"{"event":"score_updated","new_score":@,"new_segment":"vip"}"#, "new_score"),
    place(Lens, r#"{"event":"score_changed","data":{"old_score":@}}"#, "old_score"),
    place(Lens, r#"{"event":"score_changed","score_delta":@,"new_score":4}"#, "score_delta"),
    place(
        Lens,
        r#"{"event":"test","customer":{"segment":"vip","trust_score":@}}"#,
        "customer.trust_score",
    ),
    place(
        Lens,
        r#"{"event":"novel","customer":{"trust_score":@,"segment":"vip"}}"#,
        "customer.trust_score",
    ),
    place(
        Lens,
        r#"{"event":"novel","data":{"order":{"id":@,"currency":"USD"},"new":1}}"#,
        "order.id",
    ),
    place(
        Lens,
        r#"{"event":"high_risk_order","order":{"item_count":@,"currency":"USD"}}"#,
        "order.item_count",
    ),
    place(Lens, r#"{"event":"test","rule":{"name":"n","id":@},"action":"a"}"#, "rule.id"),
    place(
        Shop,
        r#"{"event":"review/created","shop_id":"1","data":{"id":"2","rating":@,"author":"A"}}"#,
        "data.rating",
    ),
    place(
        Shop,
        r#"{"data":{"rating":@,"id":"2"},"shop_id":"1","event":"review/updated"}"#,
        "data.rating",
    ),
    place(
        Shop,
        r#"{"event":"review/created","shop_id":1,"data":{"id":2,"media":[{"url":"u"},{"type":@,"url":"v"}]}}"#,
        "data.media[1].type",
    ),
    place(
        Shop,
        r#"{"event":"review/created","shop_id":1,"data":{"id":2,"media":{"0":{"url":"u","type":@}}}}"#,
        "data.media[0].type",
    ),
    place(
        Shop,
        r#"{"event":"review/created","shop_id":1,"data":{"id":2,"media_type":@}}"#,
        "data.media_type",
    ),
];

pub(super) const FRACTION: &[Place] = &[
    place(
        Lens,
        r#"{"event":"test","customer":{"return_rate":@,"segment":"vip"}}"#,
        "customer.return_rate",
    ),
    place(
        Lens,
        r#"{"event":"novel","data":{"customer":{"segment":"vip","return_rate":@}}}"#,
        "customer.return_rate",
    ),
];

pub(super) const MONEY: &[Place] = &[
    place(
        Lens,
        r#"{"event":"high_risk_order","order":{"id":1,"total":@,"currency":"USD"}}"#,
        "order.total",
    ),
    place(
        Lens,
        r#"{"event":"order_refunded","data":{"order":{"subtotal":@,"id":1}}}"#,
        "order.subtotal",
    ),
    place(
        Lens,
        r#"{"event":"novel","customer":{"id":1,"total_order_value":@}}"#,
        "customer.total_order_value",
    ),
];

pub(super) const BOOLEAN: &[Place] = &[
    place(
        Lens,
        r#"{"event":"test","customer":{"is_blocked":@,"segment":"vip"}}"#,
        "customer.is_blocked",
    ),
    place(
        Lens,
        r#"{"event":"novel","data":{"customer":{"segment":"vip","is_allowlisted":@}}}"#,
        "customer.is_allowlisted",
    ),
    place(
        Shop,
        r#"{"event":"review/created","shop_id":"1","data":{"id":"2","is_verified":@}}"#,
        "data.is_verified",
    ),
    place(
        Shop,
        r#"{"event":"review/updated","shop_id":"1","data":{"media":[{"is_published":@,"url":"u"}],"id":"2"}}"#,
        "data.media[0].is_published",
    ),
];

pub(super) const TEXT: &[Place] = &[
    place(Lens, r#"{"event":"customer_blocked","reason":@,"action":"a"}"#, "reason"),
    place(Lens, r#"{"event":"novel","data":{"message":@,"action":"a"}}"#, "message"),
    place(Lens, r#"{"event":"checkout_blocked","email":@}"#, "email"),
    place(Lens, r#"{"event":"test","delivery_id":@}"#, "delivery_id"),
    place(Lens, r#"{"event":"test","customer":{"email":@,"segment":"vip"}}"#, "customer.email"),
    place(Lens, r#"{"event":"novel","data":{"order":{"number":@,"id":1}}}"#, "order.number"),
    place(Lens, r#"{"event":"test","site":{"url":"u","name":@}}"#, "site.name"),
    place(
        Shop,
        r#"{"event":"review/created","shop_id":"1","data":{"id":"2","title":@,"rating":5}}"#,
        "data.title",
    ),
    place(
        Shop,
        r#"{"event":"review/updated","shop_id":"1","data":{"id":"2","author_phone":@}}"#,
        "data.author_phone",
    ),
    place(
        Shop,
        r#"{"event":"review/created","shop_id":"1","data":{"id":"2","reply":{"id":@,"content":"c"}}}"#,
        "data.reply.id",
    ),
    place(
        Shop,
        r#"{"event":"review/created","shop_id":"1","data":{"id":"2","product":{"handle":@,"id":"3"}}}"#,
        "data.product.handle",
    ),
    place(
        Shop,
        r#"{"event":"review/created","shop_id":"1","data":{"id":"2","media":[{"type":1},{"url":@,"type":1}]}}"#,
        "data.media[1].url",
    ),
    place(
        Shop,
        r#"{"event":"customer_event/created","shop_id":"1","data":{"id":@,"page_url":"u"}}"#,
        "data.id",
    ),
    place(
        System,
        r#"{"event":"app/authorized","shop_id":1,"platform":@,"timestamp":2}"#,
        "platform",
    ),
    place(System, r#"{"event":"novel","timestamp":2,"shop_id":1,"platform":@}"#, "platform"),
];

pub(super) const NAMES: &[Place] = &[
    place(Lens, r#"{"event":"score_updated","new_segment":@,"new_score":5}"#, "new_segment"),
    place(Lens, r#"{"event":"segment_changed","data":{"old_segment":@}}"#, "old_segment"),
    place(
        Lens,
        r#"{"event":"novel","customer":{"segment":@,"trust_score":5}}"#,
        "customer.segment",
    ),
    place(
        Shop,
        r#"{"event":"review/created","shop_id":"1","data":{"id":"2","source":@}}"#,
        "data.source",
    ),
    place(
        Shop,
        r#"{"event":"customer_event/created","shop_id":"1","data":{"id":"2","event_type":@}}"#,
        "data.event_type",
    ),
    place(
        Shop,
        r#"{"event":"customer_event/created","shop_id":"1","data":{"id":"2","os_type":@}}"#,
        "data.os_type",
    ),
];

pub(super) const TIMES: &[Place] = &[
    place(Lens, r#"{"event":"test","timestamp":@,"message":"m"}"#, "timestamp"),
    place(Lens, r#"{"event":"novel","data":{"timestamp":@}}"#, "timestamp"),
    place(
        Lens,
        r#"{"event":"test","customer":{"last_order_date":@,"segment":"vip"}}"#,
        "customer.last_order_date",
    ),
    place(
        Lens,
        r#"{"event":"novel","data":{"order":{"id":1,"created_at":@}}}"#,
        "order.created_at",
    ),
    place(
        Shop,
        r#"{"event":"review/created","shop_id":"1","data":{"id":"2","updated_at":@}}"#,
        "data.updated_at",
    ),
    place(
        Shop,
        r#"{"event":"review/deleted","shop_id":"1","data":{"deleted_at":@,"id":"2"}}"#,
        "data.deleted_at",
    ),
    place(
        Shop,
        r#"{"event":"customer_event/created","shop_id":"1","data":{"created_at":@,"id":"2"}}"#,
        "data.created_at",
    ),
    place(
        Shop,
        r#"{"event":"review/created","shop_id":"1","data":{"id":"2","reply":{"id":"3","reply_at":@}}}"#,
        "data.reply.reply_at",
    ),
];

pub(super) const OBJECTS: &[Place] = &[
    place(Lens, r#"{"event":"high_risk_order","customer":@,"message":"m"}"#, "customer"),
    place(Lens, r#"{"event":"novel","data":{"order":@,"message":"m"}}"#, "order"),
    place(Lens, r#"{"event":"novel","message":"m","dispute":@}"#, "dispute"),
    place(Lens, r#"{"event":"automation_triggered","rule":@}"#, "rule"),
    place(Lens, r#"{"event":"test","site":@}"#, "site"),
    place(
        Shop,
        r#"{"event":"review/created","shop_id":"1","data":{"id":"2","reply":@,"title":"t"}}"#,
        "data.reply",
    ),
    place(
        Shop,
        r#"{"event":"review/updated","shop_id":"1","data":{"product":@,"id":"2"}}"#,
        "data.product",
    ),
];

pub(super) const LISTS: &[Place] = &[
    place(
        Shop,
        r#"{"event":"review/created","shop_id":"1","data":{"id":"2","media":@,"title":"t"}}"#,
        "data.media",
    ),
    place(
        Shop,
        r#"{"event":"review/updated","shop_id":"1","data":{"media":@,"id":"2"}}"#,
        "data.media",
    ),
];

/// Fields without a type: unknown ones, and the `data` of events that are unknown.
pub(super) const UNTYPED: &[Place] = &[
    place(Lens, r#"{"event":"test","new":@}"#, "new"),
    place(Lens, r#"{"event":"novel","data":{"new":@}}"#, "new"),
    place(Lens, r#"{"event":"test","customer":{"trust_score":5,"new":@}}"#, "customer.new"),
    place(Lens, r#"{"event":"novel","data":{"order":{"new":@}}}"#, "order.new"),
    place(
        Shop,
        r#"{"event":"review/created","shop_id":"1","data":{"id":"2","new":@}}"#,
        "data.new",
    ),
    place(Shop, r#"{"event":"review/created","shop_id":"1","data":{"id":"2"},"new":@}"#, "new"),
    place(
        Shop,
        r#"{"event":"review/created","shop_id":"1","data":{"id":"2","media":[{"new":@}]}}"#,
        "data.media[0].new",
    ),
    place(
        Shop,
        r#"{"event":"review/deleted","shop_id":"1","data":{"id":"2","new":@}}"#,
        "data.new",
    ),
    place(
        Shop,
        r#"{"event":"customer_event/created","shop_id":"1","data":{"id":"2","new":@}}"#,
        "data.new",
    ),
    place(Shop, r#"{"event":"novel","shop_id":"1","data":{"new":@}}"#, "data.new"),
    place(System, r#"{"event":"app/authorized","shop_id":1,"timestamp":2,"new":@}"#, "new"),
    place(System, r#"{"event":"novel","shop_id":1,"timestamp":2,"data":@}"#, "data"),
];

impl Place {
    /// What becomes of this JSON here. Whatever it is, it costs nothing else.
    pub(super) fn outcome(&self, sent: &str) -> Outcome {
        match self.scheme {
            Lens => self.outcome_of::<trustlens::Event>(sent),
            Shop => self.outcome_of::<shop::Event>(sent),
            System => self.outcome_of::<system::Event>(sent),
        }
    }

    pub(super) fn body(&self, sent: &str) -> String {
        self.body.replace('@', sent)
    }

    /// What is listed, and what is written here again.
    pub(super) fn read(&self, sent: &str) -> (Vec<String>, Option<Value>) {
        match self.scheme {
            Lens => self.read_of::<trustlens::Event>(sent),
            Shop => self.read_of::<shop::Event>(sent),
            System => self.read_of::<system::Event>(sent),
        }
    }

    fn read_of<E: Delivered>(&self, sent: &str) -> (Vec<String>, Option<Value>) {
        let event = super::event::<E>(&self.body(sent));
        let mut written = serde_json::to_value(&event).unwrap();
        let found = take(&mut written, self.path);
        (paths(&event).into_iter().map(str::to_owned).collect(), found)
    }

    fn outcome_of<E: Delivered>(&self, sent: &str) -> Outcome {
        let body = self.body(sent);
        let event = read::<E>(body.as_bytes()).unwrap_or_else(|error| panic!("{body}: {error}"));
        round_trip(&event);
        let mut written = serde_json::to_value(&event).unwrap();
        let found = take(&mut written, self.path);
        let without = read::<E>(self.body("null").as_bytes()).unwrap();
        let mut without = serde_json::to_value(&without).unwrap();
        take(&mut without, self.path);
        assert_eq!(without_empty(written), without_empty(without), "the rest of {body}");
        // Of a list the items are listed, not the list.
        let listed = paths(&event);
        match (found, &listed[..]) {
            (None, []) => Outcome::Missing,
            (Some(value), []) => Outcome::Fits(plain(value)),
            (Some(value), [path]) if *path == self.path => {
                assert_eq!(plain(value), plain(serde_json::from_str(sent).unwrap()), "{body}");
                let expected = event.mismatches()[0].expected();
                assert!(!expected.is_empty());
                Outcome::Mismatch
            }
            (found, listed) => panic!("{body}: found {found:?}, listed {listed:?}"),
        }
    }
}

pub(super) fn fits(written: impl Into<Value>) -> Outcome {
    Outcome::Fits(plain(written.into()))
}

pub(super) fn check(places: &[Place], outcomes: &[(&str, Outcome)]) {
    let mut wrong = Vec::new();
    for place in places {
        for (sent, expected) in outcomes {
            let outcome = place.outcome(sent);
            if outcome != *expected {
                wrong.push(format!("{}: {outcome:?}, expected {expected:?}", place.body(sent)));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Takes out what stands at a path such as `data.media[1].type`.
fn take(value: &mut Value, path: &str) -> Option<Value> {
    let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
    let parent = parent.replace('[', ".").replace(']', "");
    let parent = parent.split('.').filter(|step| !step.is_empty()).try_fold(
        value,
        |value, step| match value {
            Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?),
            other => other.get_mut(step),
        },
    )?;
    parent.as_object_mut()?.remove(name)
}

/// Objects that are empty without the value in question are missing with it or without.
fn without_empty(value: Value) -> Value {
    let is_empty = |value: &Value| {
        value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
    };
    match value {
        Value::Object(map) => {
            let map = map.into_iter().map(|(key, value)| (key, without_empty(value)));
            Value::Object(map.filter(|(_, value)| !is_empty(value)).collect())
        }
        Value::Array(items) => items.into_iter().map(without_empty).collect(),
        other => other,
    }
}

/// Numbers as `serde_json` holds them without `arbitrary_precision`, which keeps their spelling.
pub(super) fn plain(value: Value) -> Value {
    match value {
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => number.into(),
            (_, Some(number)) => number.into(),
            _ => number.as_f64().unwrap().into(),
        },
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, plain(value))).collect(),
        other => other,
    }
}
