//! The answers that a receiver must give, and how bad each wrong one is.

use std::{collections::BTreeMap, io::Write};

use serde_json::json;
use trusthooks_explain::SchemeName;

use super::{delivery::Delivery, is_success, is_taken};
use crate::{Result, client::Answer, terminal::Paint};

/// A delivery, and what must come of it.
pub(super) struct Case {
    pub(super) name: &'static str,
    /// A strict verifier's.
    pub(super) verdict: &'static str,
    pub(super) expected: Expected,
    pub(super) delivery: Delivery,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// Success, as the vendor sees it.
    Taken,
    /// A duplicate: success, so that the vendor stops, and not processed again.
    NotRunAgain,
    /// No success.
    Refused,
    /// This status.
    Status(u16),
}

/// The faults of an answer, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    ForgeryAccepted,
    GenuineRefused,
    RunTwice,
    AcknowledgedWrongly,
    NoAnswer,
    StatusOnly,
}

impl Case {
    pub(super) fn new(name: &'static str, expected: Expected, delivery: Delivery) -> Self {
        Self { name, verdict: "ok", expected, delivery }
    }

    pub(super) fn judge(&self, answer: &Answer, ran: Option<bool>) -> Option<Severity> {
        let scheme = self.delivery.scheme;
        match self.expected {
            Expected::NotRunAgain if ran == Some(true) => Some(Severity::RunTwice),
            Expected::Taken | Expected::NotRunAgain => {
                if is_success(scheme, answer) {
                    None
                } else if is_taken(scheme, answer) {
                    Some(Severity::AcknowledgedWrongly)
                } else {
                    Some(Severity::GenuineRefused)
                }
            }
            Expected::Refused => is_taken(scheme, answer).then_some(Severity::ForgeryAccepted),
            Expected::Status(status) if answer.status == status => None,
            Expected::Status(_) if is_taken(scheme, answer) => Some(Severity::ForgeryAccepted),
            Expected::Status(_) => Some(Severity::StatusOnly),
        }
    }

    /// Where there was no answer at all.
    pub(super) const fn silence(&self) -> Severity {
        match self.expected {
            Expected::Taken | Expected::NotRunAgain => Severity::GenuineRefused,
            Expected::Refused | Expected::Status(_) => Severity::NoAnswer,
        }
    }

    pub(super) fn expected_text(&self) -> String {
        match self.expected {
            Expected::Status(status) => status.to_string(),
            Expected::Refused => "refused".to_owned(),
            Expected::Taken | Expected::NotRunAgain => match self.delivery.scheme {
                SchemeName::TrustLens | SchemeName::TrustLensV1 => "2xx".to_owned(),
                _ => "200 ack".to_owned(),
            },
        }
    }
}

impl Severity {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::ForgeryAccepted => "forgery_accepted",
            Self::GenuineRefused => "genuine_refused",
            Self::RunTwice => "run_twice",
            Self::AcknowledgedWrongly => "acknowledged_wrongly",
            Self::NoAnswer => "no_answer",
            Self::StatusOnly => "status_only",
        }
    }

    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::ForgeryAccepted => "forgery accepted",
            Self::GenuineRefused => "genuine refused",
            Self::RunTwice => "run twice",
            Self::AcknowledgedWrongly => "acknowledged wrongly",
            Self::NoAnswer => "no answer",
            Self::StatusOnly => "another status",
        }
    }

    /// Advice for it.
    const fn advice(self) -> &'static str {
        match self {
            Self::ForgeryAccepted => {
                "anybody can make such a request: compute the MAC over the raw body, compare all of \
                 it in constant time, and check the time against the window"
            }
            Self::GenuineRefused => {
                "the vendor's own deliveries are lost: check the secret and that the raw body is \
                 verified; `trusthooks record` and `trusthooks explain` say why"
            }
            Self::RunTwice => {
                "a retry or a replay is processed again: remember what was processed by a key of the \
                 signed event, and answer a duplicate like the first"
            }
            Self::AcknowledgedWrongly => {
                "the vendor takes the answer for a failure and retries: Trustoo wants status 200 with \
                 {\"code\":0,\"message\":\"success\"}"
            }
            Self::NoAnswer => {
                "a forgery keeps a connection busy or ends it: answer 400 or 401 before anything else"
            }
            Self::StatusOnly => {
                "refused, with another status than this crate's: 400 for what is malformed, 401 for the rest"
            }
        }
    }
}

/// Answers, counted.
#[derive(Default)]
pub(super) struct Tally {
    sent: usize,
    wrong: BTreeMap<Severity, usize>,
    left_out: Vec<String>,
}

impl Tally {
    pub(super) fn count(&mut self, severity: Option<Severity>) {
        self.sent += 1;
        if let Some(severity) = severity {
            *self.wrong.entry(severity).or_default() += 1;
        }
    }

    pub(super) fn leave_out(&mut self, said: String) {
        self.left_out.push(said);
    }

    pub(super) fn is_right(&self) -> bool {
        self.wrong.is_empty() && self.left_out.is_empty()
    }

    fn right(&self) -> usize {
        self.sent - self.wrong.values().sum::<usize>()
    }

    pub(super) fn as_json(&self) -> serde_json::Value {
        let wrong: serde_json::Map<_, _> =
            self.wrong.iter().map(|(kind, count)| (kind.code().to_owned(), json!(count))).collect();
        json!({ "sent": self.sent, "right": self.right(), "wrong": wrong, "left_out": self.left_out })
    }

    pub(super) fn write(
        &self,
        out: &mut impl Write,
        paint: Paint,
        is_strict: bool,
        has_runs: bool,
    ) -> Result<()> {
        writeln!(out)?;
        for said in &self.left_out {
            writeln!(out, "{}", paint.bad(said))?;
        }
        for (kind, count) in &self.wrong {
            writeln!(out, "{}", paint.bad(&format!("{count} × {}", kind.text())))?;
            writeln!(out, "    {}", kind.advice())?;
        }
        let summary = format!("{} of {} answers are right", self.right(), self.sent);
        let summary = if self.is_right() { paint.good(&summary) } else { paint.bad(&summary) };
        writeln!(out, "{summary}")?;
        if !has_runs {
            let note = "Answers do not show whether a duplicate was processed again; --runs does.";
            writeln!(out, "{}", paint.faint(note))?;
        }
        if !is_strict {
            let note = "Judged by what any receiver must do; --strict looks at statuses and spellings too.";
            writeln!(out, "{}", paint.faint(note))?;
        }
        Ok(())
    }
}
