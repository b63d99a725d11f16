//! The events of TrustLens, in each of their shapes.

use alloc::string::String;

use crate::{
    error::VerifyError,
    event::{
        EventTime, Money, Personal,
        read::{
            Mismatches, Required, Zone, deserialize_for, event, open_enum, record, serialize_for,
        },
    },
    fingerprint::ReplayKey,
    time::{ReplayWindow, Timestamp},
};

record! {
    /// An event of a TrustLens webhook (TrustLens webhooks guide, "What a Webhook Payload Looks
    /// Like" and "Automation Rule Webhooks vs. Settings Webhooks").
    ///
    /// It is the same type for both shapes, and is written in the flat one. A field is taken from
    /// the top level of the body, or from an envelope's `data` if the top level says nothing. If
    /// both say something, the value from `data` is kept in [`extra`](Self::extra) under `data`.
    ///
    /// Every field but the event's name may be missing: PHP leaves out a value that it does not
    /// have, or sends it as `null`, `""` or `false`. A field that does not fit is `None`; see
    /// [`mismatches`](Self::mismatches).
    ///
    /// `Debug` shows neither e-mail addresses nor the values of `extra`; see [`Personal`].
    pub struct Event [pub(super) mismatches: Mismatches,] {
        /// The kind of event.
        pub kind: EventKind = "event",
        /// When it happened; in an envelope, when this attempt was made.
        pub time: Option<EventTime> = "timestamp",
        /// The UUID of the delivery, the same when it is retried. Only envelopes sign one.
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
        /// The score before, from 0 (worst) to 100.
        pub old_score: Option<u32>,
        /// The score now.
        pub new_score: Option<u32>,
        /// The score now less the score before.
        pub score_delta: Option<i64>,
        /// The segment before.
        pub old_segment: Option<Segment>,
        /// The segment now.
        pub new_segment: Option<Segment>,
        /// The reason for which a customer was blocked.
        pub reason: Option<String>,
        /// The address that was entered at the checkout, if any.
        pub email: Option<Personal>,
        /// The order that a rule fired for.
        pub order_id: Option<u64>,
        /// A text for humans.
        pub message: Option<String>,
    }
}

open_enum! {
    /// The kinds of events (TrustLens webhooks guide, "The Webhook Event Types"). Any trigger of a
    /// rule may send another name, such as `order_refunded`.
    pub enum EventKind {
        /// The trust score was computed again: `new_score`, `new_segment`.
        ScoreUpdated = "score_updated",
        /// The trust score is another one: `old_score`, `new_score`, `score_delta`.
        ScoreChanged = "score_changed",
        /// The customer is in another segment: `old_segment`, `new_segment`.
        SegmentChanged = "segment_changed",
        /// The customer may no longer check out: `reason`.
        CustomerBlocked = "customer_blocked",
        /// The customer may check out again.
        CustomerUnblocked = "customer_unblocked",
        /// The customer was put on the allowlist.
        CustomerAllowlisted = "customer_allowlisted",
        /// The customer was taken off the allowlist.
        CustomerAllowlistRemoved = "customer_allowlist_removed",
        /// A blocked customer tried to check out: `email`.
        CheckoutBlocked = "checkout_blocked",
        /// A customer of the segments risk or critical placed an order.
        HighRiskOrder = "high_risk_order",
        /// An automation rule fired: `order_id`.
        AutomationTriggered = "automation_triggered",
        /// Somebody clicked on "Test": `message`.
        Test = "test",
    }
}

impl Event {
    /// The event's name as the vendor writes it, such as `score_updated`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.kind.as_str()
    }

    /// The key that this delivery shares with its retries: its id. `None` where the body has none.
    #[must_use]
    pub fn retry_key(&self) -> Option<ReplayKey> {
        let id = self.delivery_id.as_deref().filter(|id| !id.is_empty())?;
        Some(ReplayKey::derive(["trustlens", id]))
    }

    /// Refuses an event whose [`time`](Self::time) the window does not hold. For [`v1`](super::v1),
    /// whose headers sign no time.
    ///
    /// # Errors
    /// As [`ReplayWindow::check`]; [`VerifyError::UnknownTime`] for no time, or one without a zone.
    pub fn check_age(&self, window: &ReplayWindow, now: Timestamp) -> Result<(), VerifyError> {
        EventTime::check(self.time.as_ref(), window, now)
    }
}

event!(Event);

open_enum! {
    /// A level of trust in a customer, best first.
    pub enum Segment {
        Vip = "vip",
        Trusted = "trusted",
        Normal = "normal",
        Caution = "caution",
        Risk = "risk",
        Critical = "critical",
    }
}

record! {
    /// A customer, in webhooks and in the answer of the REST API's lookup (TrustLens webhooks
    /// guide).
    pub struct Customer {
        /// The id; only in the REST API.
        pub id: Option<u64>,
        /// HMAC-SHA256 of the e-mail address, 64 hex digits: the customer's pseudonym in a site.
        pub email_hash: Option<String>,
        pub email: Option<Personal>,
        /// From 0 (worst) to 100.
        pub trust_score: Option<u32>,
        /// The segment that the score falls in.
        pub segment: Option<Segment>,
        /// The segment's name for humans; only in the REST API.
        pub segment_label: Option<String>,
        pub total_orders: Option<u64>,
        pub total_refunds: Option<u64>,
        /// The share of their orders that ended in a refund, in percent (0 to 100).
        pub return_rate: Option<f64>,
        /// The total of their orders, in the shop's currency; only in the REST API.
        pub total_order_value: Option<Money>,
        /// The total of their refunds, in the shop's currency; only in the REST API.
        pub total_refund_value: Option<Money>,
        /// Whether they may not check out.
        pub is_blocked: Option<bool>,
        pub is_allowlisted: Option<bool>,
        /// The number of chargebacks that they filed.
        pub total_disputes: Option<u64>,
        /// The number of other accounts that seem to be theirs.
        pub linked_accounts_count: Option<u64>,
        pub first_order_date: Option<EventTime>,
        pub last_order_date: Option<EventTime>,
        /// When TrustLens first saw them; only in the REST API.
        pub created_at: Option<EventTime>,
        /// When TrustLens last changed what it knows; only in the REST API.
        pub updated_at: Option<EventTime>,
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
        /// The amount to be paid, in `currency`.
        pub total: Option<Money>,
        /// The items alone.
        pub subtotal: Option<Money>,
        pub shipping_total: Option<Money>,
        pub tax_total: Option<Money>,
        /// The discount by coupons.
        pub coupon_total: Option<Money>,
        /// ISO 4217, such as `USD`.
        pub currency: Option<String>,
        /// The number of items.
        pub item_count: Option<u64>,
        /// The payment gateway, such as `stripe`.
        pub payment_method: Option<String>,
        /// Country as a code of two letters (ISO 3166-1).
        pub shipping_country: Option<String>,
        /// Country as a code of two letters (ISO 3166-1).
        pub billing_country: Option<String>,
        /// WooCommerce's status, such as `processing`; plugins add their own.
        pub status: Option<String>,
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
        /// The trigger that makes it fire, such as `order_placed`.
        pub trigger: Option<String>,
    }
}

record! {
    /// The shop that an event comes from (TrustLens webhooks guide).
    #[derive(Eq)]
    pub struct Site {
        pub url: Option<String>,
        pub name: Option<String>,
    }
}

impl Required for EventKind {}
serialize_for!(Event Customer Order Dispute Rule Site);
deserialize_for!(Zone::Unknown; Customer Order Dispute Rule Site);
