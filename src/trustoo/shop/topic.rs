//! Topics that a shop can subscribe to.

use crate::{event::read::open_enum, trustoo::open_api::Scope};

open_enum! {
    /// A topic that a shop can subscribe to (Quick Start, "Supported Event Types").
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
    /// The scope that a platform needs to subscribe to it (Quick Start, "Webhook Topic → Scope
    /// Mapping"), if it is known here.
    #[must_use]
    pub fn required_scope(&self) -> Option<Scope> {
        match self {
            Self::ReviewCreated | Self::ReviewUpdated | Self::ReviewDeleted => {
                Some(Scope::WriteReviews)
            }
            Self::CustomerEventCreated => Some(Scope::ReadCustomerEvents),
            Self::Other(_) => None,
        }
    }
}
