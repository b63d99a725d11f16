//! A verdict with what explains it, as a value, as text and as JSON.

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use trusthooks::{Receipt, VerifyError};

use crate::{Finding, Scheme};

/// What an [`Explainer`](super::Explainer) says about a request.
///
/// `Display` is for people, [`colored`](Self::colored) for people at a terminal, and `Serialize` for
/// programs: `scheme`, `verdict` (`ok` or an error's [code](VerifyError::code)), `recomputed` and
/// `findings`, each with `code`, `seen`, `why` and `fix`.
#[derive(Debug, Clone)]
pub struct Report {
    scheme: Scheme,
    verdict: Result<Receipt, VerifyError>,
    pub(super) findings: Vec<Finding>,
    pub(super) recomputed: bool,
    pub(super) macs: usize,
}

impl Report {
    pub(super) fn new(scheme: Scheme, verdict: Result<Receipt, VerifyError>) -> Self {
        Self { scheme, verdict, findings: Vec::new(), recomputed: verdict.is_ok(), macs: 0 }
    }

    /// Whose rules the request was held to.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// What the scheme's verifier says.
    ///
    /// # Errors
    /// Why it refuses.
    pub const fn verdict(&self) -> Result<Receipt, VerifyError> {
        self.verdict
    }

    /// What explains a refusal, most likely first. Empty for a genuine request, and never for a
    /// refused one.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether the signature is accounted for: who made it knew one of the secrets, in some
    /// spelling. `false` where nothing fits, or where there is nothing to recompute.
    #[must_use]
    pub const fn recomputed(&self) -> bool {
        self.recomputed
    }

    /// How many signatures were computed to find this, at most [`MAX_MACS`](super::MAX_MACS).
    #[must_use]
    pub const fn macs(&self) -> usize {
        self.macs
    }

    /// The same text with ANSI colours.
    #[must_use]
    pub const fn colored(&self) -> Colored<'_> {
        Colored(self)
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, paint: &Paint) -> fmt::Result {
        let Paint { good, bad, name, faint, off } = paint;
        let Err(error) = self.verdict else {
            return write!(f, "{good}verified{off} by the rules of {}", self.scheme);
        };
        writeln!(
            f,
            "{bad}refused{off} by the rules of {}: {bad}{}{off}",
            self.scheme,
            error.code()
        )?;
        writeln!(f, "{faint}{error}{off}")?;
        for (i, finding) in self.findings.iter().enumerate() {
            writeln!(f, "\n{}. {name}{}{off}", i.saturating_add(1), finding.code())?;
            writeln!(f, "   {faint}seen{off}  {}", finding.seen())?;
            writeln!(f, "   {faint}why{off}   {}", finding.why())?;
            writeln!(f, "   {faint}fix{off}   {}", finding.fix())?;
        }
        let mended = if self.findings.len() > 1 { "all of this" } else { "this" };
        if self.recomputed {
            write!(f, "\n{good}With {mended} mended, the signature fits.{off}")
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

/// What to write before a piece of text, and after it.
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
        let verdict = self.verdict.map_or_else(|error| error.code(), |_| "ok");
        let mut report = serializer.serialize_struct("Report", 4)?;
        report.serialize_field("scheme", self.scheme.code())?;
        report.serialize_field("verdict", verdict)?;
        report.serialize_field("recomputed", &self.recomputed)?;
        report.serialize_field("findings", &self.findings)?;
        report.end()
    }
}
