//! A request as a vendor sends it.

use std::error::Error;

use trusthooks::{
    Secret, SignedHeaders, Timestamp, trustlens,
    trustoo::{open_api, shop, system},
};
use trusthooks_explain::SchemeName;

macro_rules! events {
    ($($scheme:ident $name:literal $file:literal,)*) => {
        /// Sample events: whose, what they are called, and the body.
        pub(crate) const EVENTS: &[(SchemeName, &str, &str)] = &[$((
            SchemeName::$scheme,
            $name,
            include_str!(concat!("events/", $file, ".json")).trim_ascii_end(),
        ),)*];
    };
}

// The first of each scheme is its default.
events! {
    TrustLens "test" "trustlens_test",
    TrustLens "score_updated" "trustlens_score_updated",
    TrustLens "high_risk_order" "trustlens_high_risk_order",
    TrustLens "checkout_blocked" "trustlens_checkout_blocked",
    TrustLens "automation_triggered" "trustlens_automation_triggered",
    TrustLens "chargeback_filed" "trustlens_rule_envelope_chargeback_filed",
    TrustooShop "review/created" "trustoo_review_created",
    TrustooShop "review/deleted" "trustoo_review_deleted",
    TrustooShop "customer_event/created" "trustoo_customer_event_created",
    TrustooSystem "app/authorized" "trustoo_app_authorized",
}

/// The sample events that a scheme delivers. Both versions of TrustLens deliver the same.
pub(crate) fn events(scheme: SchemeName) -> impl Iterator<Item = (&'static str, &'static str)> {
    let whose = if scheme == SchemeName::TrustLensV1 { SchemeName::TrustLens } else { scheme };
    EVENTS.iter().filter(move |(of, ..)| *of == whose).map(|(_, name, body)| (*name, *body))
}

/// The secret that a scheme shares with the receiver, and the shop's public token.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) secret: Vec<u8>,
    pub(crate) public_token: String,
}

/// A request in the making. A fault changes one thing of it.
#[derive(Clone)]
pub(crate) struct Delivery {
    pub(crate) scheme: SchemeName,
    /// The key that signs.
    pub(crate) key: Vec<u8>,
    pub(crate) public_token: String,
    /// The bytes that are signed, and those that are sent.
    pub(crate) signed: Vec<u8>,
    pub(crate) body: Vec<u8>,
    pub(crate) at: u64,
    /// Headers, in lower case.
    pub(crate) headers: Vec<(String, String)>,
}

impl Delivery {
    /// A genuine delivery of a sample event, not signed yet.
    pub(crate) fn new(scheme: SchemeName, account: &Account, event: (&str, &str), at: u64) -> Self {
        let (name, body) = event;
        let id = format!("6f0d2a52-6e6b-4b0e-9d7b-{at:012x}");
        let of_vendor: &[(&str, &str)] = match scheme {
            SchemeName::TrustLens | SchemeName::TrustLensV1 => &[
                ("user-agent", "WordPress/6.9; https://yourstore.com"),
                ("x-trustlens-event", name),
                ("x-trustlens-delivery", &id),
                ("x-trustlens-webhook-id", "0d9b1f0e-5a34-4c62-8f7e-2b1a9c3d4e5f"),
            ],
            // Trustoo's user agent is not documented; this is that of its language.
            SchemeName::TrustooShop => {
                &[("user-agent", "Go-http-client/1.1"), ("open-trustoo-webhook-requestid", &id)]
            }
            _ => &[("user-agent", "Go-http-client/1.1")],
        };
        let headers = [("content-type", "application/json")].iter().chain(of_vendor);
        Self {
            scheme,
            key: account.secret.clone(),
            public_token: account.public_token.clone(),
            signed: body.into(),
            body: body.into(),
            at,
            headers: headers.map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        }
    }

    /// Puts the headers in that the key makes for what is to be signed.
    pub(crate) fn sign(&mut self) -> Result<(), Box<dyn Error + Send + Sync>> {
        let account = Account { secret: self.key.clone(), public_token: self.public_token.clone() };
        let signed = signed(self.scheme, &account, "", &self.signed, self.at)?;
        self.headers.extend(signed.iter().map(|(name, value)| (name.into(), value.into())));
        Ok(())
    }

    /// The same delivery once more, as a retry is: re-signed at another time.
    pub(crate) fn again(&self, at: u64) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let mut again = Self { at, ..self.clone() };
        let own = [Some(signature_header(self.scheme)), time_header(self.scheme)];
        let is_own =
            |name: &str| own.contains(&Some(name)) || name == "open-trustoo-webhook-public-token";
        again.headers.retain(|(name, _)| !is_own(name));
        again.sign()?;
        Ok(again)
    }

    /// A header that is there.
    pub(crate) fn header(&mut self, name: &str) -> &mut String {
        let at = self.headers.iter().position(|(sent, _)| sent == name);
        let at = at.unwrap_or_else(|| {
            self.headers.push((name.to_owned(), String::new()));
            self.headers.len() - 1
        });
        &mut self.headers[at].1
    }
}

/// The headers that sign a body, and the query of an Open API request.
pub(crate) fn signed(
    scheme: SchemeName,
    account: &Account,
    query: &str,
    body: &[u8],
    at: u64,
) -> Result<SignedHeaders, Box<dyn Error + Send + Sync>> {
    let (secret, at) = (Secret::new(&account.secret)?, Timestamp::from_unix(at));
    let token = &*account.public_token;
    Ok(match scheme {
        SchemeName::TrustLens => trustlens::Signer::new(secret).sign_at(body, at),
        SchemeName::TrustLensV1 => trustlens::v1::Signer::new(secret).sign_at(body, at),
        SchemeName::TrustooSystem => system::Signer::new(secret).sign_at(body, at),
        SchemeName::TrustooOpenApi => {
            open_api::Signer::new(token, secret).sign_at(query, Some(body), at)?
        }
        _ => shop::Signer::new(token, secret).sign_at(body, at),
    })
}

/// The header that carries a scheme's signature.
pub(crate) const fn signature_header(scheme: SchemeName) -> &'static str {
    match scheme {
        SchemeName::TrustLens | SchemeName::TrustLensV1 => "x-trustlens-signature",
        SchemeName::TrustooSystem => "x-trustoo-signature",
        SchemeName::TrustooOpenApi => "sign",
        _ => "open-trustoo-webhook-sign",
    }
}

/// The header that carries the time, where a scheme signs one.
pub(crate) const fn time_header(scheme: SchemeName) -> Option<&'static str> {
    match scheme {
        SchemeName::TrustLens => Some("x-trustlens-timestamp"),
        SchemeName::TrustooShop => Some("open-trustoo-webhook-timestamp"),
        SchemeName::TrustooOpenApi => Some("timestamp"),
        _ => None,
    }
}
