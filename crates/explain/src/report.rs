//! A verdict with what explains it, as a value, as text and as JSON.

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeStruct as _};
use trusthooks::{Receipt, VerifyError};

use crate::{Finding, SchemeName};

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The scheme's verifier refuses it.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The server takes it for a request with an OAuth token: see
    /// [`Authentication`](trusthooks::trustoo::open_api::Authentication).
    #[error("the request carries `Authorization`, so its signature is not looked at")]
    BearerToken,
}

impl Refusal {
    /// The verdict's name: an error's [code](VerifyError::code), or `bearer_token`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Verify(error) => error.code(),
            Self::BearerToken => "bearer_token",
        }
    }
}

impl PartialEq<VerifyError> for Refusal {
    fn eq(&self, other: &VerifyError) -> bool {
        matches!(self, Self::Verify(error) if error == other)
    }
}

/// The findings of an [`Explainer`](crate::Explainer) about a request.
///
/// `Display` is for people, [`colored`](Self::colored) for people at a terminal, and `Serialize` for
/// programs: `scheme`, `verdict` (`ok` or a refusal's [code](Refusal::code)), `recomputed` and
/// `findings`, each with `code`, `seen`, `why` and `fix`.
#[derive(Debug, Clone)]
pub struct Report {
    scheme: SchemeName,
    verdict: Result<Receipt, Refusal>,
    pub(super) findings: Vec<Finding>,
    pub(super) recomputed: bool,
    pub(super) macs: usize,
    pub(super) strings: Option<Strings>,
}

/// The strings that were compared, which a signature is over. They hold the body, and so a customer's
/// data; nothing else of a report does.
#[derive(Clone, PartialEq, Eq)]
pub struct Strings {
    /// The string that the scheme signs of this request.
    pub expected: Vec<u8>,
    /// The string that the request's signature is over, where that was found out.
    pub signed: Option<Vec<u8>>,
}

impl Strings {
    /// The first byte in which the two differ, counted from 0. `None` where they are equal, or only
    /// one is known.
    #[must_use]
    pub fn difference(&self) -> Option<usize> {
        let signed = self.signed.as_deref()?;
        let at = self.expected.iter().zip(signed).position(|(one, other)| one != other);
        let shorter = self.expected.len().min(signed.len());
        at.or((self.expected.len() != signed.len()).then_some(shorter))
    }
}

impl fmt::Debug for Strings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Strings")
            .field("expected", &self.expected.len())
            .field("signed", &self.signed.as_ref().map(Vec::len))
            .finish()
    }
}

impl Report {
    pub(super) fn new(scheme: SchemeName, verdict: Result<Receipt, Refusal>) -> Self {
        Self {
            scheme,
            verdict,
            findings: Vec::new(),
            recomputed: verdict.is_ok(),
            macs: 0,
            strings: None,
        }
    }

    /// The scheme whose rules the request was held to.
    #[must_use]
    pub const fn scheme(&self) -> SchemeName {
        self.scheme
    }

    /// The verdict of the scheme's verifier.
    ///
    /// # Errors
    /// Why it refuses.
    pub const fn verdict(&self) -> Result<Receipt, Refusal> {
        self.verdict
    }

    /// The causes of a refusal, most likely first. Empty for a genuine request, and never for a
    /// refused one.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether the signature is accounted for: its maker knew one of the secrets, in some spelling.
    /// `false` where nothing fits, or where there is nothing to recompute.
    #[must_use]
    pub const fn recomputed(&self) -> bool {
        self.recomputed
    }

    /// The number of signatures that were computed to find this, at most [`MAX_MACS`](crate::MAX_MACS).
    #[must_use]
    pub const fn macs(&self) -> usize {
        self.macs
    }

    /// The strings that were compared, for those who may see the body. `None` for bodies longer than
    /// a mebibyte, and where there is no time to sign.
    #[must_use]
    pub const fn strings(&self) -> Option<&Strings> {
        self.strings.as_ref()
    }

    /// The same text with ANSI colours.
    #[must_use]
    pub const fn colored(&self) -> Colored<'_> {
        Colored(self)
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, paint: &Paint) -> fmt::Result {
        let Paint { good, bad, name, faint, off } = paint;
        let Err(refusal) = self.verdict else {
            return write!(f, "{good}verified{off} by the rules of {}", self.scheme);
        };
        writeln!(
            f,
            "{bad}refused{off} by the rules of {}: {bad}{}{off}",
            self.scheme,
            refusal.code()
        )?;
        writeln!(f, "{faint}{refusal}{off}")?;
        for (i, finding) in self.findings.iter().enumerate() {
            writeln!(f, "\n{}. {name}{}{off}", i.saturating_add(1), finding.code())?;
            writeln!(f, "   {faint}seen{off}  {}", finding.seen())?;
            writeln!(f, "   {faint}why{off}   {}", finding.why())?;
            writeln!(f, "   {faint}fix{off}   {}", finding.fix())?;
        }
        let these = if self.findings.len() > 1 { "all of these are" } else { "this is" };
        if self.recomputed {
            write!(f, "\n{good}Once {these} fixed, the signature matches.{off}")
        } else {
            write!(f, "\n{bad}The signature could not be accounted for.{off}")
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, &Paint::default())
    }
}

/// A [`Report`] as a terminal shows it.
#[derive(Debug, Clone, Copy)]
pub struct Colored<'r>(&'r Report);

impl fmt::Display for Colored<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f, &Paint::ANSI)
    }
}

/// The marks before and after a piece of text.
#[derive(Default)]
struct Paint {
    good: &'static str,
    bad: &'static str,
    name: &'static str,
    faint: &'static str,
    off: &'static str,
}

impl Paint {
    const ANSI: Self = Self {
        good: "\x1b[32m",
        bad: "\x1b[31m",
        name: "\x1b[1m",
        faint: "\x1b[2m",
        off: "\x1b[0m",
    };
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let verdict = self.verdict.map_or_else(|refusal| refusal.code(), |_| "ok");
        let mut report = serializer.serialize_struct("Report", 4)?;
        report.serialize_field("scheme", self.scheme.code())?;
        report.serialize_field("verdict", verdict)?;
        report.serialize_field("recomputed", &self.recomputed)?;
        report.serialize_field("findings", &self.findings)?;
        report.end()
    }
}
