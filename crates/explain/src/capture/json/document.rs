//! JSON that keeps what a parser usually drops: the order of keys, keys that come twice, and the
//! text of each value.

use crate::capture::CaptureError;

type Result<T> = std::result::Result<T, CaptureError>;

const MAX_DEPTH: usize = 100;
/// More values are not kept: in memory each takes many times its text.
const MAX_VALUES: usize = 500_000;

#[derive(Debug, Clone)]
pub(super) struct Value<'t> {
    /// As it stands.
    pub(super) raw: &'t str,
    pub(super) kind: Kind<'t>,
}

#[derive(Debug, Clone)]
pub(super) enum Kind<'t> {
    Null,
    /// A number, `true` or `false`.
    Plain,
    Text(String),
    List(Vec<Value<'t>>),
    Map(Vec<(String, Value<'t>)>),
}

impl<'t> Value<'t> {
    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_map(&self) -> Option<Map<'_, 't>> {
        match &self.kind {
            Kind::Map(entries) => Some(Map(entries)),
            _ => None,
        }
    }

    /// Text, or what else has one value.
    pub(super) fn scalar(&self) -> Option<String> {
        match &self.kind {
            Kind::Text(text) => Some(text.clone()),
            Kind::Plain => Some(self.raw.to_owned()),
            _ => None,
        }
    }
}

/// An object.
#[derive(Clone, Copy)]
pub(super) struct Map<'v, 't>(pub(super) &'v [(String, Value<'t>)]);

impl<'v, 't> Map<'v, 't> {
    /// The value of a field that is there and not null.
    pub(super) fn get(self, name: &str) -> Option<&'v Value<'t>> {
        let is_it = |(key, value): &&(String, Value<'t>)| {
            key == name && (!matches!(value.kind, Kind::Null) || name == "body")
        };
        self.0.iter().find(is_it).map(|(_, value)| value)
    }

    /// The text of the first of these fields that is one.
    pub(super) fn text(self, names: &[&str]) -> Option<&'v str> {
        names.iter().find_map(|name| self.get(name).and_then(Value::as_text))
    }
}

pub(super) fn read(text: &str) -> Result<Value<'_>> {
    let mut reader = Reader { text, at: 0, values: 0 };
    let value = reader.value(MAX_DEPTH)?;
    // The rest is not part of it: a prompt, another line of a log.
    Ok(value)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    values: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn error(&self, expected: &str) -> CaptureError {
        let line = self.text.bytes().take(self.at).filter(|byte| *byte == b'\n').count();
        CaptureError::new(format!(
            "not JSON (line {}): {expected} is expected",
            line.saturating_add(1)
        ))
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        let blanks =
            rest.len().saturating_sub(rest.trim_start_matches([' ', '\t', '\r', '\n']).len());
        self.at = self.at.saturating_add(blanks);
    }

    fn take(&mut self, mark: char) -> bool {
        self.skip_blanks();
        let found = self.rest().starts_with(mark);
        self.at = self.at.saturating_add(usize::from(found));
        found
    }

    fn value(&mut self, depth: usize) -> Result<Value<'t>> {
        let depth = depth.checked_sub(1).ok_or_else(|| self.error("less nesting"))?;
        self.values = self.values.saturating_add(1);
        if self.values > MAX_VALUES {
            return Err(CaptureError::new(
                "the JSON has too many values; cut the request out of it",
            ));
        }
        self.skip_blanks();
        let start = self.at;
        let kind = if self.rest().starts_with('"') {
            Kind::Text(self.string()?)
        } else if self.take('[') {
            let mut items = Vec::new();
            if !self.take(']') {
                loop {
                    items.push(self.value(depth)?);
                    if self.take(']') {
                        break;
                    }
                    if !self.take(',') {
                        return Err(self.error("`,` or `]`"));
                    }
                }
            }
            Kind::List(items)
        } else if self.take('{') {
            let mut entries = Vec::new();
            if !self.take('}') {
                loop {
                    self.skip_blanks();
                    let key = self.string()?;
                    if !self.take(':') {
                        return Err(self.error("`:`"));
                    }
                    entries.push((key, self.value(depth)?));
                    if self.take('}') {
                        break;
                    }
                    if !self.take(',') {
                        return Err(self.error("`,` or `}`"));
                    }
                }
            }
            Kind::Map(entries)
        } else {
            self.plain()?
        };
        Ok(Value { raw: self.text.get(start..self.at).unwrap_or_default(), kind })
    }

    fn plain(&mut self) -> Result<Kind<'t>> {
        let rest = self.rest();
        let end = rest.find([',', ']', '}', ' ', '\t', '\r', '\n']).unwrap_or(rest.len());
        let plain = rest.get(..end).unwrap_or_default();
        if serde_json::from_str::<serde::de::IgnoredAny>(plain).is_err() {
            return Err(self.error("a value"));
        }
        self.at = self.at.saturating_add(end);
        Ok(if plain == "null" { Kind::Null } else { Kind::Plain })
    }

    fn string(&mut self) -> Result<String> {
        let rest = self.rest();
        if !rest.starts_with('"') {
            return Err(self.error("a text in quotes"));
        }
        let mut escaped = false;
        let closing = |(_, byte): &(usize, u8)| {
            let closes = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            closes
        };
        let end = rest.bytes().enumerate().skip(1).find(closing);
        let (end, _) = end.ok_or_else(|| self.error("the end of a text"))?;
        let string = rest.get(..=end).unwrap_or_default();
        let text = serde_json::from_str(string).map_err(|_| self.error("a text"))?;
        self.at = self.at.saturating_add(string.len());
        Ok(text)
    }
}

/// JSON without the white space between its values.
pub(super) fn compact(json: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    json.chars()
        .filter(|char| {
            let keep = in_string || !matches!(char, ' ' | '\t' | '\r' | '\n');
            in_string ^= *char == '"' && !escaped;
            escaped = *char == '\\' && !escaped;
            keep
        })
        .collect()
}
