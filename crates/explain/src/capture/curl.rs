//! curl commands, as browsers copy them and people type them.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::{
    Capture, CaptureError, Reader, http, options,
    shell::{self, Command, Dialect, Word},
    text::shown,
};

type Result<T> = std::result::Result<T, CaptureError>;

/// The bytes that `--data-urlencode` leaves alone.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The part of a text where a command begins: curl's, behind prompts, comments and assignments.
/// `None` where the text is something else.
pub(super) fn start(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text;
    let mut assignments = None;
    while !rest.is_empty() {
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let bare = line.trim_ascii();
        let at = bare.windows(4).position(|window| window == b"curl");
        if let Some(at) = at
            && is_prompt(bare.get(..at)?)
            && bare.get(at.saturating_add(4)..).is_some_and(|after| {
                after.first().is_none_or(u8::is_ascii_whitespace) || after.starts_with(b".exe ")
            })
        {
            let leading = line.len().saturating_sub(line.trim_ascii_start().len());
            // Assignments are read too, unless a prompt stands before the command.
            let before = bare.get(..at)?.trim_ascii_end();
            let is_next = at == 0 || before.ends_with(b";") || before.ends_with(b"&&");
            let at = if is_next { 0 } else { at };
            let command = rest.get(leading.saturating_add(at)..)?;
            return Some(assignments.filter(|_| is_next).unwrap_or(command));
        }
        let is_assignment = || {
            let name = bare.split(|byte| *byte == b'=').next().unwrap_or_default();
            let name = name.strip_prefix(b"export ").unwrap_or(name);
            name.len() < bare.len()
                && !name.is_empty()
                && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        };
        if !(bare.is_empty() || bare.starts_with(b"#") || bare.starts_with(b"::")) {
            if is_assignment() {
                assignments.get_or_insert(rest);
            } else if !is_prose(bare) {
                return None;
            }
        }
        rest = rest.get(line.len().saturating_add(1)..).unwrap_or_default();
    }
    None
}

/// Whether a line is words of a person: no line of a request, and no JSON.
fn is_prose(line: &[u8]) -> bool {
    !matches!(line.first(), Some(b'{' | b'[' | b'<' | b'>' | b'"'))
        && matches!(http::request_line(line), Ok(None))
        && http::header_line(line, &mut Capture::default()).is_err()
}

/// Whether a text before a command is a prompt, the assignments of its environment, or a path.
fn is_prompt(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    text.is_empty()
        || matches!(text.last(), Some(b'$' | b'>' | b'%' | b'#')) && text.len() < 80
        || ["❯", "➜", "»", "›", "λ"].iter().any(|mark| text.ends_with(mark.as_bytes()))
        || text.ends_with(b"bin/")
        || text.split(u8::is_ascii_whitespace).all(|word| {
            word.contains(&b'=') || matches!(word, b"sudo" | b"time" | b"command" | b"env" | b"&&")
        })
}

/// The requests of the first curl command.
pub(super) fn read(text: &[u8], reader: &Reader<'_>) -> Result<Vec<Capture>> {
    let is_curly = |quote: &&str| {
        let header = format!("-H {quote}");
        text.windows(header.len()).any(|window| window == header.as_bytes())
    };
    if ["‘", "’", "“", "”"].iter().any(is_curly) {
        return Err(CaptureError::new(
            "the command has curly quotes, which no shell takes for quotes; replace them by the \
             straight ones that were typed",
        ));
    }
    let dialect = Dialect::of(text);
    let commands = shell::commands(text, dialect)?;
    let is_curl = |word: &Word| {
        let name = word.text.rsplit(|byte| matches!(byte, b'/' | b'\\')).next();
        name.is_some_and(|name| name == b"curl" || name == b"curl.exe")
    };
    let found = commands.iter().find_map(|command| {
        let at = command.words.iter().position(is_curl)?;
        Some((command, command.words.get(at.saturating_add(1)..)?))
    });
    let (command, words) =
        found.ok_or_else(|| CaptureError::new("there is no curl command in the text"))?;
    let is_cmdlet = |word: &Word| {
        [&b"-uri"[..], b"-headers", b"-method", b"-body"]
            .contains(&&*word.text.to_ascii_lowercase())
    };
    if words.iter().any(is_cmdlet) {
        return Err(CaptureError::new(
            "this is PowerShell's Invoke-WebRequest under the name `curl`; copy the request as \
             cURL or as HAR",
        ));
    }
    let mut requests = Vec::new();
    let mut request = Request::default();
    let mut words = words.iter();
    let mut only_urls = false;
    while let Some(word) = words.next() {
        match &*word.text {
            b"--" if !only_urls => only_urls = true,
            [b'-', b'-', long @ ..] if !only_urls => {
                let name = String::from_utf8_lossy(long);
                let (name, attached) = match name.split_once('=') {
                    Some((name, value)) => (name, Some(value.as_bytes().to_vec())),
                    None => (&*name, None),
                };
                let option = options::long(name).ok_or_else(|| {
                    CaptureError::new(format!("curl has no option `--{}`", shown(name)))
                })?;
                if !option.takes_value {
                    if option.name == "next" {
                        requests.push(std::mem::take(&mut request));
                    }
                    request.flag(option.name);
                    continue;
                }
                let value = match attached {
                    Some(text) => Word { text, unknown: word.unknown.clone() },
                    None => next(&mut words, &format!("--{}", option.name))?,
                };
                request.option(option.name, &value, command, reader)?;
            }
            [b'-', letters @ ..] if !only_urls && !letters.is_empty() => {
                let mut letters = letters;
                while let [letter, rest @ ..] = letters {
                    letters = rest;
                    let option = options::short(char::from(*letter)).ok_or_else(|| {
                        CaptureError::new(format!("curl has no option `-{}`", shown([*letter])))
                    })?;
                    if !option.takes_value {
                        if option.name == "next" {
                            requests.push(std::mem::take(&mut request));
                        }
                        request.flag(option.name);
                        continue;
                    }
                    let value = if rest.is_empty() {
                        next(&mut words, &format!("-{}", char::from(*letter)))?
                    } else {
                        Word { text: rest.to_vec(), unknown: word.unknown.clone() }
                    };
                    request.option(option.name, &value, command, reader)?;
                    break;
                }
            }
            _ => request.url(known(word)?),
        }
    }
    requests.push(request);
    requests.into_iter().map(Request::finish).collect()
}

fn next<'w>(words: &mut impl Iterator<Item = &'w Word>, option: &str) -> Result<Word> {
    let missing = || CaptureError::new(format!("{option} has no value"));
    words.next().cloned().ok_or_else(missing)
}

/// A word's text, unless only the shell knew all of it.
fn known(word: &Word) -> Result<&[u8]> {
    match &word.unknown {
        None => Ok(&word.text),
        Some(unknown) => Err(CaptureError::new(format!(
            "the command uses {unknown}, whose value is not in it; put the value in its place"
        ))),
    }
}

/// A request in the making.
#[derive(Default)]
struct Request {
    method: Option<String>,
    target: Option<String>,
    headers: Capture,
    url: Option<Vec<u8>>,
    data: Option<Vec<u8>>,
    query: Vec<u8>,
    kind: Kind,
    is_json: bool,
}

/// The effect of an option on the request.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A POST where there is data, otherwise a GET.
    #[default]
    Usual,
    Get,
    Head,
    Put,
}

impl Request {
    fn url(&mut self, url: &[u8]) {
        self.url.get_or_insert_with(|| url.to_vec());
    }

    fn flag(&mut self, name: &str) {
        match name {
            "get" => self.kind = Kind::Get,
            "head" => self.kind = Kind::Head,
            _ => {}
        }
    }

    fn option(
        &mut self,
        name: &str,
        value: &Word,
        command: &Command,
        reader: &Reader<'_>,
    ) -> Result<()> {
        let file = |path: &[u8]| content(path, command, reader);
        match name {
            "header" => match known(value)? {
                [b'@', path @ ..] => {
                    for line in file(path)?.split(|byte| *byte == b'\n') {
                        if !line.trim_ascii().is_empty() {
                            self.header(line.strip_suffix(b"\r").unwrap_or(line))?;
                        }
                    }
                }
                line => self.header(line)?,
            },
            "data" | "data-ascii" | "data-binary" | "data-raw" | "json" => {
                let data = match known(value)? {
                    [b'@', path @ ..] if name != "data-raw" => {
                        let mut data = file(path)?;
                        if !matches!(name, "data-binary" | "json") {
                            data.retain(|byte| !matches!(byte, b'\r' | b'\n' | 0));
                        }
                        data
                    }
                    data => data.to_vec(),
                };
                let joint: &[u8] = if name == "json" { b"" } else { b"&" };
                self.is_json |= name == "json";
                self.append(&data, joint);
            }
            "data-urlencode" => {
                let data = url_encoded(known(value)?, file)?;
                self.append(&data, b"&");
            }
            "url-query" => {
                let piece = match known(value)? {
                    [b'+', piece @ ..] => piece.to_vec(),
                    piece => url_encoded(piece, file)?,
                };
                if !self.query.is_empty() {
                    self.query.push(b'&');
                }
                self.query.extend(piece);
            }
            "form" | "form-string" => {
                return Err(CaptureError::new(
                    "the command sends a form (-F), whose boundary curl makes up each time; \
                     capture the request as it arrives",
                ));
            }
            "config" => {
                return Err(CaptureError::new(
                    "the command takes options from a file (-K); put them into the command",
                ));
            }
            "upload-file" => {
                self.kind = Kind::Put;
                self.data = Some(file(known(value)?)?);
            }
            "request" => self.method = Some(text(known(value)?)),
            "request-target" => self.target = Some(text(known(value)?)),
            "url" => self.url(known(value)?),
            "user-agent" => self.implied("User-Agent", known(value)?),
            "referer" => self.implied("Referer", known(value)?),
            "cookie" if value.text.contains(&b'=') => self.implied("Cookie", known(value)?),
            "user" => {
                let value = format!("Basic {}", BASE64_STANDARD.encode(&value.text));
                self.implied("Authorization", value.as_bytes());
            }
            "oauth2-bearer" => {
                self.implied("Authorization", &[b"Bearer ", &*value.text].concat());
            }
            _ => {}
        }
        Ok(())
    }

    fn header(&mut self, line: &[u8]) -> Result<()> {
        // `Name:` takes a header away that curl would send; `Name;` sends one without a value.
        let line = match line.split_last() {
            Some((b':', _)) => return Ok(()),
            Some((b';', name)) if !name.contains(&b':') => &[name, b":"].concat(),
            _ => line,
        };
        let said = |problem| CaptureError::new(format!("what follows -H {problem}"));
        http::header_line(line, &mut self.headers).map_err(said)
    }

    fn implied(&mut self, name: &str, value: &[u8]) {
        self.headers.headers.push((name.to_owned(), value.trim_ascii().to_vec()));
    }

    fn append(&mut self, data: &[u8], joint: &[u8]) {
        let all = self.data.get_or_insert_default();
        if !all.is_empty() {
            all.extend_from_slice(joint);
        }
        all.extend_from_slice(data);
    }

    fn finish(self) -> Result<Capture> {
        let Self { mut headers, mut data, .. } = self;
        let mut query = self.query;
        let default = match self.kind {
            Kind::Get => {
                query = data.take().unwrap_or(query);
                "GET"
            }
            Kind::Head => {
                data = None;
                "HEAD"
            }
            Kind::Put => "PUT",
            Kind::Usual if data.is_some() => "POST",
            Kind::Usual => "GET",
        };
        let mut target = target_of(&text(&self.url.unwrap_or_default()));
        if !query.is_empty() {
            target.push(if target.contains('?') { '&' } else { '?' });
            target.push_str(&text(&query));
        }
        if data.is_some() && self.kind != Kind::Put && headers.header("content-type").is_none() {
            let kind =
                if self.is_json { "application/json" } else { "application/x-www-form-urlencoded" };
            headers.headers.push(("Content-Type".to_owned(), kind.into()));
        }
        if headers.headers.is_empty() {
            return Err(CaptureError::new(
                "the curl command has no headers (-H), so nothing in it is signed",
            ));
        }
        Ok(Capture {
            method: Some(self.method.unwrap_or_else(|| default.to_owned())),
            target: self.target.unwrap_or(target),
            body: data.unwrap_or_default(),
            ..headers
        })
    }
}

/// The path and the query of a URL.
fn target_of(url: &str) -> String {
    let url = url.split('#').next().unwrap_or_default();
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    match rest.find(['/', '?']) {
        Some(at) => {
            let (_, target) = rest.split_at(at);
            if target.starts_with('?') { format!("/{target}") } else { target.to_owned() }
        }
        None => "/".to_owned(),
    }
}

/// The content of a file that the command names; `-` is standard input.
fn content(path: &[u8], command: &Command, reader: &Reader<'_>) -> Result<Vec<u8>> {
    if path == b"-" {
        if let Some(input) = &command.input {
            return Ok(known(input)?.to_vec());
        }
        if reader.body.is_none() {
            let from = if command.is_piped { "another command" } else { "standard input" };
            return Err(CaptureError::new(format!(
                "the command takes its body from {from}; pass the body with --body FILE"
            )));
        }
    }
    reader.file(path)
}

fn url_encoded(data: &[u8], file: impl Fn(&[u8]) -> Result<Vec<u8>>) -> Result<Vec<u8>> {
    let at = data.iter().position(|byte| matches!(byte, b'=' | b'@'));
    let (name, kind, rest) = match at {
        None => (&b""[..], b'=', data),
        Some(at) => {
            let (name, rest) = data.split_at(at);
            (name, rest.first().copied().unwrap_or_default(), rest.get(1..).unwrap_or_default())
        }
    };
    let content = if kind == b'@' { file(rest)? } else { rest.to_vec() };
    let encoded = percent_encode(&content, ENCODED).to_string().replace("%20", "+");
    let name = if name.is_empty() { Vec::new() } else { [name, b"="].concat() };
    Ok([name, encoded.into_bytes()].concat())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
