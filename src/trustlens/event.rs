//! The events of TrustLens, in whichever of its shapes they come.

use crate::{
    EventTime, Money, Personal,
    json::{Buffered, Key, Leftovers, Lenient, Required, open_enum, optional, record},
};
use alloc::{boxed::Box, string::String, vec::Vec};
use core::fmt;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor},
    ser::SerializeMap,
};

/// An event of a TrustLens webhook (TrustLens webhooks guide, "What a Webhook Payload Looks Like"
/// and "Automation Rule Webhooks vs. Settings Webhooks").
///
/// It is the same type whichever shape arrived. A settings webhook has all at the top level of its
/// body; a rule webhook has, besides, the rule, or puts what its trigger brings in an envelope's
/// `data`. A field is taken from the top level if it stands there, else from `data`; where both
/// have it, that of `data` is kept in [`extra`](Self::extra) under `data`.
///
/// Every field may be missing, as PHP leaves out or sends as `null` what it does not have.
///
/// An event that this version does not know is [`EventKind::Other`] and never an error: where one
/// of its fields has another type than here, the field is `None` and its value in `extra`. In an
/// event that is known, that is an error.
///
/// `Debug` shows neither e-mail addresses nor the values of `extra`; see [`Personal`]. It is
/// serialized in the flat shape, whichever it came in.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// What happened, with the fields that only this event has.
    pub kind: EventKind,
    /// When it happened: `timestamp`. ISO 8601 in settings webhooks, Unix seconds in an envelope.
    pub time: Option<EventTime>,
    /// The UUID of the delivery, the same when it is retried; only in rule webhooks. (Others have
    /// it in a header only, which is not signed.)
    pub delivery_id: Option<String>,
    /// The customer it is about, as of then.
    pub customer: Option<Customer>,
    /// The order it is about.
    pub order: Option<Order>,
    /// The chargeback it is about.
    pub dispute: Option<Dispute>,
    /// The automation rule that sent it.
    pub rule: Option<Rule>,
    /// The rule's action, such as `send_webhook`.
    pub action: Option<String>,
    /// The shop that it comes from.
    pub site: Option<Site>,
    /// What else was sent, by name, be it at the top level or in `data`.
    #[cfg(feature = "json")]
    pub extra: crate::Extra,
}

/// What happened (TrustLens webhooks guide, "The Webhook Event Types").
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// `score_updated`: the trust score was computed again.
    #[non_exhaustive]
    ScoreUpdated {
        /// The score now, from 0 (worst) to 100.
        new_score: Option<u32>,
        /// The segment now.
        new_segment: Option<Segment>,
    },
    /// `customer_blocked`: the customer may no longer check out.
    #[non_exhaustive]
    CustomerBlocked {
        /// Why.
        reason: Option<String>,
    },
    /// `customer_unblocked`: the customer may check out again.
    CustomerUnblocked,
    /// `customer_allowlisted`: the customer was put on the allowlist.
    CustomerAllowlisted,
    /// `customer_allowlist_removed`: the customer was taken off the allowlist.
    CustomerAllowlistRemoved,
    /// `checkout_blocked`: a blocked customer tried to check out.
    #[non_exhaustive]
    CheckoutBlocked {
        /// The address that was entered, if any.
        email: Option<Personal>,
    },
    /// `high_risk_order`: a customer of the segments risk or critical placed an order.
    HighRiskOrder,
    /// `automation_triggered`: an automation rule fired.
    #[non_exhaustive]
    AutomationTriggered {
        /// The order it fired for.
        order_id: Option<u64>,
    },
    /// `test`: somebody clicked on "Test".
    #[non_exhaustive]
    Test {
        /// A text for humans.
        message: Option<String>,
    },
    /// One that this version does not know, by its name: any trigger of a rule may send one, such
    /// as `chargeback_filed` or `segment_changed`.
    Other(String),
}

impl EventKind {
    /// The event's name as the vendor writes it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::ScoreUpdated { .. } => "score_updated",
            Self::CustomerBlocked { .. } => "customer_blocked",
            Self::CustomerUnblocked => "customer_unblocked",
            Self::CustomerAllowlisted => "customer_allowlisted",
            Self::CustomerAllowlistRemoved => "customer_allowlist_removed",
            Self::CheckoutBlocked { .. } => "checkout_blocked",
            Self::HighRiskOrder => "high_risk_order",
            Self::AutomationTriggered { .. } => "automation_triggered",
            Self::Test { .. } => "test",
            Self::Other(name) => name,
        }
    }

    /// The kind of that name, its own fields still empty.
    fn named(name: String) -> Self {
        match &*name {
            "score_updated" => Self::ScoreUpdated { new_score: None, new_segment: None },
            "customer_blocked" => Self::CustomerBlocked { reason: None },
            "customer_unblocked" => Self::CustomerUnblocked,
            "customer_allowlisted" => Self::CustomerAllowlisted,
            "customer_allowlist_removed" => Self::CustomerAllowlistRemoved,
            "checkout_blocked" => Self::CheckoutBlocked { email: None },
            "high_risk_order" => Self::HighRiskOrder,
            "automation_triggered" => Self::AutomationTriggered { order_id: None },
            "test" => Self::Test { message: None },
            _ => Self::Other(name),
        }
    }
}

impl Event {
    /// The event's name as the vendor writes it, such as `score_updated`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.kind.name()
    }
}

open_enum! {
    /// How far a customer is to be trusted, best first.
    pub enum Segment {
        /// The best.
        Vip = "vip",
        /// Good.
        Trusted = "trusted",
        /// Neither good nor bad.
        Normal = "normal",
        /// To be watched.
        Caution = "caution",
        /// A risk.
        Risk = "risk",
        /// The worst.
        Critical = "critical",
    }
}

record! {
    /// A customer as TrustLens sees them (TrustLens webhooks guide).
    pub struct Customer {
        /// HMAC-SHA256 of the e-mail address, 64 hex digits: the same customer has the same in all
        /// events of a site. `Debug` shows it.
        pub email_hash: Option<String>,
        /// The e-mail address.
        pub email: Option<Personal>,
        /// From 0 (worst) to 100.
        pub trust_score: Option<u32>,
        /// The segment that the score falls in.
        pub segment: Option<Segment>,
        /// How many orders they placed.
        pub total_orders: Option<u64>,
        /// How many refunds they had.
        pub total_refunds: Option<u64>,
        /// How many of their orders ended in a refund, in percent (0 to 100).
        pub return_rate: Option<f64>,
        /// Whether they may not check out.
        pub is_blocked: Option<bool>,
        /// Whether they are on the allowlist.
        pub is_allowlisted: Option<bool>,
        /// How many chargebacks they filed.
        pub total_disputes: Option<u64>,
        /// How many other accounts seem to be theirs.
        pub linked_accounts_count: Option<u64>,
        /// When they ordered first.
        pub first_order_date: Option<EventTime>,
        /// When they ordered last.
        pub last_order_date: Option<EventTime>,
    }
}

record! {
    /// An order (TrustLens webhooks guide, `high_risk_order`, and the envelope of rule webhooks).
    #[derive(Eq)]
    pub struct Order {
        /// WooCommerce's id.
        pub id: Option<u64>,
        /// The number that customers see; a text, since plugins change it.
        pub number: Option<String>,
        /// What is to be paid, in `currency`.
        pub total: Option<Money>,
        /// The items alone.
        pub subtotal: Option<Money>,
        /// Shipping.
        pub shipping_total: Option<Money>,
        /// Taxes.
        pub tax_total: Option<Money>,
        /// What coupons took off.
        pub coupon_total: Option<Money>,
        /// ISO 4217, such as `USD`.
        pub currency: Option<String>,
        /// How many items it has.
        pub item_count: Option<u64>,
        /// The payment gateway, such as `stripe`.
        pub payment_method: Option<String>,
        /// Country as a code of two letters (ISO 3166-1).
        pub shipping_country: Option<String>,
        /// Country as a code of two letters (ISO 3166-1).
        pub billing_country: Option<String>,
        /// WooCommerce's status, such as `processing`; plugins add their own.
        pub status: Option<String>,
        /// When it was placed.
        pub created_at: Option<EventTime>,
    }
}

record! {
    /// A chargeback (in the envelope of rule webhooks).
    #[derive(Eq)]
    pub struct Dispute {
        /// The payment provider's id.
        pub id: Option<String>,
        /// The provider's reason, such as `fraudulent`.
        pub reason: Option<String>,
    }
}

record! {
    /// An automation rule (TrustLens webhooks guide, `automation_triggered`).
    #[derive(Eq)]
    pub struct Rule {
        /// Its id.
        pub id: Option<u64>,
        /// Its name, as the merchant wrote it.
        pub name: Option<String>,
        /// What makes it fire, such as `order_placed`.
        pub trigger: Option<String>,
    }
}

record! {
    /// The shop that an event comes from (TrustLens webhooks guide).
    #[derive(Eq)]
    pub struct Site {
        /// Its address.
        pub url: Option<String>,
        /// Its name.
        pub name: Option<String>,
    }
}

/// All names that have a meaning; the first of them (`COMMON`) have it in every event.
const NAMES: &[&str] = &[
    "event",
    "timestamp",
    "delivery_id",
    "customer",
    "order",
    "dispute",
    "rule",
    "action",
    "site",
    "data",
    "new_score",
    "new_segment",
    "reason",
    "email",
    "order_id",
    "message",
];
#[cfg(feature = "json")]
const COMMON: usize = 10;

/// A field that was met: with a value, or as `null`.
type Slot<T> = Option<Option<T>>;

/// What one level of the body, the top or `data`, has said so far.
#[derive(Default)]
struct Level {
    time: Slot<EventTime>,
    delivery_id: Slot<String>,
    customer: Slot<Customer>,
    order: Slot<Order>,
    dispute: Slot<Dispute>,
    rule: Slot<Rule>,
    action: Slot<String>,
    site: Slot<Site>,
    new_score: Slot<u32>,
    new_segment: Slot<Segment>,
    reason: Slot<String>,
    email: Slot<Personal>,
    order_id: Slot<u64>,
    message: Slot<String>,
    extra: Leftovers,
}

/// What fields are read into.
trait Fields {
    fn read<'de, D: Deserializer<'de>>(
        &mut self,
        kind: &EventKind,
        key: &str,
        value: D,
    ) -> Result<(), D::Error>;
}

/// As the seed of a map's value: reads it as a field.
struct Field<'a, F> {
    of: &'a mut F,
    kind: &'a EventKind,
    key: &'a str,
}

impl<'de, F: Fields> DeserializeSeed<'de> for Field<'_, F> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        self.of.read(self.kind, self.key, value)
    }
}

impl Fields for Level {
    fn read<'de, D: Deserializer<'de>>(
        &mut self,
        kind: &EventKind,
        key: &str,
        value: D,
    ) -> Result<(), D::Error> {
        if !matches!(kind, EventKind::Other(_)) {
            return self.read_typed(kind, key, value);
        }
        // An event that is not known says what it likes, so the value must outlive the attempt. Of
        // repeated fields the last counts, whether it fits or not.
        self.extra.forget(key);
        let mut value = Buffered::deserialize(value)?;
        if self.read_typed(kind, key, value.read::<D::Error>()).is_ok() {
            return Ok(());
        }
        // So it does within a field, or the event would be another once it was written and read.
        value.keep_last_of_repeated();
        if self.read_typed(kind, key, value.read::<D::Error>()).is_err() {
            self.extra.keep(key, value.read())?;
        }
        Ok(())
    }
}

impl Level {
    fn read_typed<'de, D: Deserializer<'de>>(
        &mut self,
        kind: &EventKind,
        key: &str,
        value: D,
    ) -> Result<(), D::Error> {
        use EventKind as K;

        let once = !matches!(kind, K::Other(_));
        match (key, kind) {
            ("timestamp", _) => fill(&mut self.time, once, "timestamp", value),
            ("delivery_id", _) => fill(&mut self.delivery_id, once, "delivery_id", value),
            ("customer", _) => fill(&mut self.customer, once, "customer", value),
            ("order", _) => fill(&mut self.order, once, "order", value),
            ("dispute", _) => fill(&mut self.dispute, once, "dispute", value),
            ("rule", _) => fill(&mut self.rule, once, "rule", value),
            ("action", _) => fill(&mut self.action, once, "action", value),
            ("site", _) => fill(&mut self.site, once, "site", value),
            ("new_score", K::ScoreUpdated { .. }) => {
                fill(&mut self.new_score, once, "new_score", value)
            }
            ("new_segment", K::ScoreUpdated { .. }) => {
                fill(&mut self.new_segment, once, "new_segment", value)
            }
            ("reason", K::CustomerBlocked { .. }) => fill(&mut self.reason, once, "reason", value),
            ("email", K::CheckoutBlocked { .. }) => fill(&mut self.email, once, "email", value),
            ("order_id", K::AutomationTriggered { .. }) => {
                fill(&mut self.order_id, once, "order_id", value)
            }
            ("message", K::Test { .. }) => fill(&mut self.message, once, "message", value),
            _ => self.extra.keep(key, value),
        }
    }

    /// Adds what `data` has, which gives way to what the top level has.
    fn add(&mut self, data: Self) {
        let mut add = Add { extra: &self.extra, twice: Leftovers::default() };
        add.slot("timestamp", &mut self.time, data.time);
        add.slot("delivery_id", &mut self.delivery_id, data.delivery_id);
        add.slot("customer", &mut self.customer, data.customer);
        add.slot("order", &mut self.order, data.order);
        add.slot("dispute", &mut self.dispute, data.dispute);
        add.slot("rule", &mut self.rule, data.rule);
        add.slot("action", &mut self.action, data.action);
        add.slot("site", &mut self.site, data.site);
        add.slot("new_score", &mut self.new_score, data.new_score);
        add.slot("new_segment", &mut self.new_segment, data.new_segment);
        add.slot("reason", &mut self.reason, data.reason);
        add.slot("email", &mut self.email, data.email);
        add.slot("order_id", &mut self.order_id, data.order_id);
        add.slot("message", &mut self.message, data.message);
        #[cfg(feature = "json")]
        {
            let mut twice = add.twice;
            for (key, value) in data.extra {
                // A name with a meaning would mean something at the top.
                let common = NAMES.iter().take(COMMON).any(|name| *name == key);
                let to = if common || self.extra.has(&key) { &mut twice } else { &mut self.extra };
                to.insert(key, value);
            }
            if !twice.is_empty() {
                self.extra.insert("data".into(), twice.into());
            }
        }
    }
}

/// Merges two levels, field by field.
struct Add<'a> {
    /// The top level's other fields: among them may be one of this name, but of another type.
    extra: &'a Leftovers,
    /// What both levels have.
    twice: Leftovers,
}

impl Add<'_> {
    fn slot<T: Serialize>(&mut self, name: &str, top: &mut Slot<T>, data: Slot<T>) {
        let Some(Some(data)) = data else { return };
        if matches!(top, Some(Some(_))) || self.extra.has(name) {
            self.twice.put(name, &data);
        } else {
            *top = Some(Some(data));
        }
    }
}

fn fill<'de, T: Lenient, D: Deserializer<'de>>(
    slot: &mut Slot<T>,
    once: bool,
    name: &'static str,
    value: D,
) -> Result<(), D::Error> {
    if once && slot.is_some() {
        return Err(Error::duplicate_field(name));
    }
    *slot = None;
    *slot = Some(optional(value)?);
    Ok(())
}

/// Both levels of a body.
#[derive(Default)]
struct Body {
    top: Level,
    data: Option<Box<Level>>,
}

impl Fields for Body {
    fn read<'de, D: Deserializer<'de>>(
        &mut self,
        kind: &EventKind,
        key: &str,
        value: D,
    ) -> Result<(), D::Error> {
        if key != "data" {
            return self.top.read(kind, key, value);
        }
        if self.data.is_some() {
            return Err(Error::duplicate_field("data"));
        }
        let data = Data { level: self.data.insert(Box::default()), kind };
        if !matches!(kind, EventKind::Other(_)) {
            return value.deserialize_any(data);
        }
        let value = Buffered::deserialize(value)?;
        if value.read::<D::Error>().deserialize_any(data).is_err() {
            self.top.extra.keep(key, value.read())?;
        }
        Ok(())
    }
}

impl Body {
    fn finish(self, mut kind: EventKind) -> Event {
        let mut all = self.top;
        if let Some(data) = self.data {
            all.add(*data);
        }
        match &mut kind {
            EventKind::ScoreUpdated { new_score, new_segment } => {
                *new_score = all.new_score.flatten();
                *new_segment = all.new_segment.flatten();
            }
            EventKind::CustomerBlocked { reason } => *reason = all.reason.flatten(),
            EventKind::CheckoutBlocked { email } => *email = all.email.flatten(),
            EventKind::AutomationTriggered { order_id } => *order_id = all.order_id.flatten(),
            EventKind::Test { message } => *message = all.message.flatten(),
            EventKind::CustomerUnblocked
            | EventKind::CustomerAllowlisted
            | EventKind::CustomerAllowlistRemoved
            | EventKind::HighRiskOrder
            | EventKind::Other(_) => {}
        }
        Event {
            kind,
            time: all.time.flatten(),
            delivery_id: all.delivery_id.flatten(),
            customer: all.customer.flatten(),
            order: all.order.flatten(),
            dispute: all.dispute.flatten(),
            rule: all.rule.flatten(),
            action: all.action.flatten(),
            site: all.site.flatten(),
            #[cfg(feature = "json")]
            extra: all.extra,
        }
    }
}

/// Reads the `data` of an envelope, which may be `null` or, as PHP writes an empty object, `[]`.
struct Data<'a> {
    level: &'a mut Level,
    kind: &'a EventKind,
}

impl<'de> Visitor<'de> for Data<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        match seq.next_element::<IgnoredAny>()? {
            None => Ok(()),
            Some(_) => Err(Error::invalid_type(Unexpected::Seq, &self)),
        }
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(Key(NAMES))? {
            map.next_value_seed(Field { of: &mut *self.level, kind: self.kind, key: &key })?;
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EventVisitor)
    }
}

struct EventVisitor;

impl<'de> Visitor<'de> for EventVisitor {
    type Value = Event;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Event, A::Error> {
        let mut kind = None;
        let mut body = Body::default();
        // What stands before `event`, which the vendor writes first.
        let mut early = Vec::new();
        while let Some(key) = map.next_key_seed(Key(NAMES))? {
            match (&*key, &kind) {
                ("event", None) => {
                    let Required(name) = map.next_value()?;
                    kind = Some(EventKind::named(name));
                }
                ("event", Some(_)) => return Err(Error::duplicate_field("event")),
                (_, None) => early.push((key, map.next_value::<Buffered>()?)),
                (key, Some(kind)) => map.next_value_seed(Field { of: &mut body, kind, key })?,
            }
        }
        let kind = kind.ok_or_else(|| Error::missing_field("event"))?;
        for (key, value) in &early {
            body.read(&kind, key, value.read())?;
        }
        Ok(body.finish(kind))
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("event", self.name())?;
        entry(&mut map, "timestamp", self.time.as_ref())?;
        entry(&mut map, "delivery_id", self.delivery_id.as_ref())?;
        entry(&mut map, "customer", self.customer.as_ref())?;
        match &self.kind {
            EventKind::ScoreUpdated { new_score, new_segment } => {
                entry(&mut map, "new_score", new_score.as_ref())?;
                entry(&mut map, "new_segment", new_segment.as_ref())?;
            }
            EventKind::CustomerBlocked { reason } => entry(&mut map, "reason", reason.as_ref())?,
            EventKind::CheckoutBlocked { email } => entry(&mut map, "email", email.as_ref())?,
            EventKind::AutomationTriggered { order_id } => {
                entry(&mut map, "order_id", order_id.as_ref())?;
            }
            EventKind::Test { message } => entry(&mut map, "message", message.as_ref())?,
            EventKind::CustomerUnblocked
            | EventKind::CustomerAllowlisted
            | EventKind::CustomerAllowlistRemoved
            | EventKind::HighRiskOrder
            | EventKind::Other(_) => {}
        }
        entry(&mut map, "order", self.order.as_ref())?;
        entry(&mut map, "dispute", self.dispute.as_ref())?;
        entry(&mut map, "rule", self.rule.as_ref())?;
        entry(&mut map, "action", self.action.as_ref())?;
        entry(&mut map, "site", self.site.as_ref())?;
        #[cfg(feature = "json")]
        for (key, value) in self.extra.iter() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

fn entry<M: SerializeMap, T: Serialize>(
    map: &mut M,
    name: &'static str,
    value: Option<&T>,
) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| map.serialize_entry(name, value))
}
