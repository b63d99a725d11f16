//! Scopes: permissions that a shop grants to a platform.

use alloc::vec::Vec;
use core::fmt;

use crate::event::read::open_enum;

open_enum! {
    /// A permission that a shop grants to a platform (Quick Start, "OAuth Scopes").
    pub enum Scope {
        /// Read reviews and ratings.
        ReadReviews = "read_reviews",
        /// Create and delete reviews, manage webhooks; read reviews too.
        WriteReviews = "write_reviews",
        /// Read the order history.
        ReadOrders = "read_orders",
        /// Read customers' interactions.
        ReadCustomerEvents = "read_customer_events",
        /// Read the list of excluded customers.
        ReadCustomers = "read_customers",
        /// Exclude and unsubscribe customers; read the list of the excluded too.
        WriteCustomers = "write_customers",
        /// Check whether the app is installed in a shop.
        ReadShopInstallStatus = "read_shop_install_status",
    }
}

impl Scope {
    /// The seven documented scopes.
    pub const ALL: [Self; 7] = [
        Self::ReadReviews,
        Self::WriteReviews,
        Self::ReadOrders,
        Self::ReadCustomerEvents,
        Self::ReadCustomers,
        Self::WriteCustomers,
        Self::ReadShopInstallStatus,
    ];

    /// Whether granting this scope also grants `other`. Each scope includes itself, and a write
    /// scope includes its read scope.
    ///
    /// ```
    /// use trusthooks::trustoo::open_api::Scope;
    ///
    /// assert!(Scope::WriteReviews.includes(&Scope::ReadReviews));
    /// assert!(!Scope::ReadReviews.includes(&Scope::WriteReviews));
    /// ```
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        self == other
            || match self {
                Self::WriteReviews => *other == Self::ReadReviews,
                Self::WriteCustomers => *other == Self::ReadCustomers,
                _ => false,
            }
    }
}

/// Several scopes, as the authorization URL takes them and a grant names them.
///
/// The documents show one scope at a time and say that scopes follow Shopify's convention, which is
/// a comma between them. (Percent-encoding is up to the code that makes the URL.)
///
/// ```
/// use trusthooks::trustoo::{open_api::{Scope, Scopes}, shop::Topic};
///
/// let wanted = [Topic::ReviewCreated, Topic::CustomerEventCreated];
/// let scopes: Scopes = wanted.iter().filter_map(Topic::required_scope).collect();
/// assert_eq!(scopes.to_string(), "write_reviews,read_customer_events");
///
/// let wanted = Scopes::from([Scope::WriteReviews, Scope::ReadOrders]);
/// assert_eq!(wanted.to_string(), "write_reviews,read_orders");
///
/// let granted = Scopes::from("write_reviews");
/// assert!(granted.include(&Scope::ReadReviews));
/// assert!(!granted.include(&Scope::ReadOrders));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Whether one of the scopes is `scope` or includes it.
    #[must_use]
    pub fn include(&self, scope: &Scope) -> bool {
        self.0.iter().any(|granted| granted.includes(scope))
    }

    /// The scopes in the order in which they came, each once.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }
}

impl FromIterator<Scope> for Scopes {
    /// Keeps each scope once. A scope that another one includes stays.
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let mut all = Self::default();
        for scope in scopes {
            if !all.0.contains(&scope) {
                all.0.push(scope);
            }
        }
        all
    }
}

impl<const N: usize> From<[Scope; N]> for Scopes {
    fn from(scopes: [Scope; N]) -> Self {
        scopes.into_iter().collect()
    }
}

impl From<&str> for Scopes {
    /// Reads names with commas or white space between them; unknown ones are kept.
    fn from(names: &str) -> Self {
        let between = |char: char| char == ',' || char.is_whitespace();
        names.split(between).filter(|name| !name.is_empty()).map(Scope::from).collect()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, scope) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{scope}")?;
        }
        Ok(())
    }
}
