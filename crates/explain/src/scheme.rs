//! The schemes, as far as they differ for someone who looks at them from outside.

use std::{fmt, str::FromStr, time::Duration};

use crate::header::{Names, name};
use trusthooks::ReplayWindow;

/// Whose rules a request is to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// TrustLens from plugin 1.2.3 on.
    TrustLens,
    /// TrustLens before 1.2.3.
    TrustLensV1,
    /// Trustoo's webhooks that a shop subscribed to.
    TrustooShop,
    /// Trustoo's webhooks on the OAuth lifecycle.
    TrustooSystem,
    /// A request to Trustoo's Open API.
    TrustooOpenApi,
}

impl Scheme {
    /// Every scheme.
    pub const ALL: [Self; 5] = [
        Self::TrustLens,
        Self::TrustLensV1,
        Self::TrustooShop,
        Self::TrustooSystem,
        Self::TrustooOpenApi,
    ];

    /// The scheme's name for command lines and JSON: `trustlens`, `trustlens-v1`, `trustoo-shop`,
    /// `trustoo-system` or `trustoo-open-api`. [`FromStr`] reads it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TrustLens => "trustlens",
            Self::TrustLensV1 => "trustlens-v1",
            Self::TrustooShop => "trustoo-shop",
            Self::TrustooSystem => "trustoo-system",
            Self::TrustooOpenApi => "trustoo-open-api",
        }
    }

    pub(super) const fn names(self) -> Names {
        match self {
            Self::TrustLens => Names {
                public_token: None,
                timestamp: Some(name!("x" "trustlens" "timestamp")),
                signature: name!("x" "trustlens" "signature"),
                prefix: "sha256=",
            },
            Self::TrustLensV1 => Names { timestamp: None, ..Self::TrustLens.names() },
            Self::TrustooShop => Names {
                public_token: Some(name!("open" "trustoo" "webhook" "public" "token")),
                timestamp: Some(name!("open" "trustoo" "webhook" "timestamp")),
                signature: name!("open" "trustoo" "webhook" "sign"),
                prefix: "",
            },
            Self::TrustooSystem => Names {
                public_token: None,
                timestamp: None,
                signature: name!("x" "trustoo" "signature"),
                prefix: "",
            },
            Self::TrustooOpenApi => Names {
                public_token: Some(name!("public" "token")),
                timestamp: Some(name!("timestamp")),
                signature: name!("sign"),
                prefix: "",
            },
        }
    }

    pub(super) const fn is_trustoo(self) -> bool {
        matches!(self, Self::TrustooShop | Self::TrustooSystem | Self::TrustooOpenApi)
    }

    /// The window that the scheme's verifier has by default.
    pub(super) const fn window(self) -> ReplayWindow {
        match self {
            Self::TrustLens => ReplayWindow::symmetric(Duration::from_secs(300)),
            Self::TrustooShop | Self::TrustooOpenApi => {
                ReplayWindow::symmetric(Duration::from_secs(900))
            }
            Self::TrustLensV1 | Self::TrustooSystem => ReplayWindow::UNBOUNDED,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::TrustLens => "TrustLens",
            Self::TrustLensV1 => "TrustLens before 1.2.3",
            Self::TrustooShop => "a Trustoo shop webhook",
            Self::TrustooSystem => "a Trustoo system webhook",
            Self::TrustooOpenApi => "a Trustoo Open API request",
        })
    }
}

/// Why text is not a [`Scheme`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error(
    "not a scheme: `trustlens`, `trustlens-v1`, `trustoo-shop`, `trustoo-system` or `trustoo-open-api`"
)]
#[non_exhaustive]
pub struct SchemeError;

impl FromStr for Scheme {
    type Err = SchemeError;

    /// Reads what [`code`](Self::code) gives.
    fn from_str(text: &str) -> Result<Self, SchemeError> {
        Self::ALL.into_iter().find(|scheme| scheme.code() == text).ok_or(SchemeError)
    }
}
