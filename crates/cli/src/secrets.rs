//! Where `send` and `record` find the secrets: in the environment, a variable for each.

use std::env;

use trusthooks_explain::SchemeName;

pub(crate) const PUBLIC_TOKEN: &str = "TRUSTOO_PUBLIC_TOKEN";

/// The variable with a scheme's secret.
pub(crate) const fn variable(scheme: SchemeName) -> &'static str {
    match scheme {
        SchemeName::TrustLens | SchemeName::TrustLensV1 => "TRUSTLENS_SECRET",
        SchemeName::TrustooSystem => "TRUSTOO_CLIENT_SECRET",
        _ => "TRUSTOO_PRIVATE_TOKEN",
    }
}

/// A variable that is set and not empty.
pub(crate) fn get(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// The variables that a scheme's deliveries are made from.
pub(crate) fn needed(scheme: SchemeName) -> impl Iterator<Item = &'static str> {
    let is_shop = matches!(scheme, SchemeName::TrustooShop | SchemeName::TrustooOpenApi);
    [Some(variable(scheme)), is_shop.then_some(PUBLIC_TOKEN)].into_iter().flatten()
}
