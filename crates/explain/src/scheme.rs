//! The schemes, and how they differ for an observer.

use std::{fmt, str::FromStr, sync::LazyLock};

use trusthooks::{
    HeaderName, Headers, ReplayWindow, trustlens,
    trustoo::{open_api, shop, system},
};

/// The scheme whose rules a request is to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SchemeName {
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

/// The names of a scheme's headers, and what stands before the digits of its signature.
#[derive(Clone, Copy)]
pub(crate) struct Names {
    pub(crate) public_token: Option<&'static str>,
    pub(crate) timestamp: Option<&'static str>,
    pub(crate) signature: &'static str,
    pub(crate) prefix: &'static str,
}

impl SchemeName {
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
    pub fn code(self) -> &'static str {
        self.data().name()
    }

    /// The scheme whose signature a request carries, under its own name or one that proxies give
    /// it. TrustLens from 1.2.3 on and before differ by the header with the time.
    ///
    /// ```
    /// use trusthooks_explain::SchemeName;
    ///
    /// let headers = [("X-Trustoo-Signature", "00")];
    /// assert_eq!(SchemeName::of(&headers), Some(SchemeName::TrustooSystem));
    /// assert_eq!(SchemeName::of(&[("x-trustlens-event", "test")]), Some(SchemeName::TrustLens));
    /// assert_eq!(SchemeName::of(&[("accept", "*/*")]), None);
    /// ```
    #[must_use]
    pub fn of<H: Headers + ?Sized>(headers: &H) -> Option<Self> {
        let is_in = |name: &'static str| headers.values(name).next().is_some();
        let by_own = Self::ALL.into_iter().find(|scheme| is_in(scheme.names().signature));
        let by_spelling =
            || Self::ALL.into_iter().find(|scheme| spellings(scheme.names().signature).any(is_in));
        // A request that lost its signature is known by what else the vendor sends.
        let by_others = || {
            let is_known = |scheme: &Self| {
                let Names { public_token, timestamp, .. } = scheme.names();
                let timestamp = timestamp.filter(|_| *scheme != Self::TrustooOpenApi);
                [public_token, timestamp].into_iter().flatten().any(is_in)
            };
            let by_event = || is_in("x-trustlens-event").then_some(Self::TrustLens);
            Self::ALL.into_iter().find(is_known).or_else(by_event)
        };
        let Some(found) = by_own.or_else(by_spelling) else { return by_others() };
        let is_timed =
            || Self::TrustLens.names().timestamp.is_some_and(|name| spellings(name).any(is_in));
        Some(if found == Self::TrustLens && !is_timed() { Self::TrustLensV1 } else { found })
    }

    /// Whether a header's name is that of a signature, or what proxies make of one.
    pub(crate) fn has_signature_name(name: &str) -> bool {
        let is_it = |known: &'static str| name.eq_ignore_ascii_case(known);
        Self::ALL.into_iter().any(|scheme| spellings(scheme.names().signature).any(is_it))
    }

    /// The scheme as the library has it.
    fn data(self) -> &'static trusthooks::Scheme {
        match self {
            Self::TrustLens => &trustlens::SCHEME,
            Self::TrustLensV1 => &trustlens::v1::SCHEME,
            Self::TrustooShop => &shop::SCHEME,
            Self::TrustooSystem => &system::SCHEME,
            Self::TrustooOpenApi => &open_api::SCHEME,
        }
    }

    pub(crate) fn names(self) -> Names {
        let data = self.data();
        Names {
            public_token: data.id().filter(|_| self.is_trustoo()).map(HeaderName::as_str),
            timestamp: data.timestamp().map(HeaderName::as_str),
            signature: data.signature().as_str(),
            prefix: data.prefix(),
        }
    }

    pub(crate) const fn is_trustoo(self) -> bool {
        matches!(self, Self::TrustooShop | Self::TrustooSystem | Self::TrustooOpenApi)
    }

    /// The window that the scheme's verifier has by default.
    pub(crate) fn window(self) -> ReplayWindow {
        self.data().window()
    }
}

/// A header's name, then what PHP and CGI, nginx, Amazon's API Gateway and other proxies make of it.
pub(crate) fn spellings(own: &'static str) -> impl Iterator<Item = &'static str> {
    /// Look-ups ask for names that live as long as the program; these few do.
    static ALIASES: LazyLock<Vec<(&'static str, Vec<&'static str>)>> = LazyLock::new(|| {
        let names = SchemeName::ALL.map(SchemeName::names);
        let own = names.iter().flat_map(|names| {
            [Some(names.signature), names.timestamp, names.public_token].into_iter().flatten()
        });
        own.map(|own| (own, aliases(own))).collect()
    });
    let known = ALIASES.iter().find(|(name, _)| *name == own);
    std::iter::once(own).chain(known.into_iter().flat_map(|(_, aliases)| aliases.iter().copied()))
}

fn aliases(own: &'static str) -> Vec<&'static str> {
    let underscored = own.replace('-', "_");
    let mut aliases: Vec<&'static str> = [
        format!("http_{underscored}"),
        format!("http-{own}"),
        underscored,
        format!("x-amzn-remapped-{own}"),
        format!("x-forwarded-{own}"),
        format!("x-original-{own}"),
        format!("x-{own}"),
    ]
    .into_iter()
    .map(|alias| &*alias.leak())
    .collect();
    aliases.extend(own.strip_prefix("x-"));
    aliases
}

impl fmt::Display for SchemeName {
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

/// Why text is not a [`SchemeName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error(
    "not a scheme: `trustlens`, `trustlens-v1`, `trustoo-shop`, `trustoo-system` or `trustoo-open-api`"
)]
#[non_exhaustive]
pub struct SchemeError;

impl FromStr for SchemeName {
    type Err = SchemeError;

    /// Reads what [`code`](Self::code) gives.
    fn from_str(text: &str) -> Result<Self, SchemeError> {
        Self::ALL.into_iter().find(|scheme| scheme.code() == text).ok_or(SchemeError)
    }
}
