//! What a shop can subscribe to.

use crate::event::read::open_enum;

open_enum! {
    /// What a shop can subscribe to (Trustoo Open API quick start, "Supported Event Types").
    pub enum Topic {
        /// A review was written.
        ReviewCreated = "review/created",
        /// A review was changed.
        ReviewUpdated = "review/updated",
        /// A review was deleted.
        ReviewDeleted = "review/deleted",
        /// A customer did something with the reviews.
        CustomerEventCreated = "customer_event/created",
    }
}

impl Topic {
    /// The OAuth scope that a platform needs to subscribe to it (Trustoo, "Create Shop Webhook"),
    /// if it is known here.
    #[must_use]
    pub fn required_scope(&self) -> Option<&'static str> {
        match self {
            Self::ReviewCreated | Self::ReviewUpdated | Self::ReviewDeleted => {
                Some("write_reviews")
            }
            Self::CustomerEventCreated => Some("read_customer_events"),
            Self::Other(_) => None,
        }
    }
}
