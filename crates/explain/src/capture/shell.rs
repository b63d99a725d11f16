//! The commands of a shell, in words, without expanding anything.

use std::collections::BTreeMap;

use super::{CaptureError, text::shown};

/// Variables are replaced by no more than this in all.
const MAX_EXPANDED: usize = 1024 * 1024;

type Result<T> = std::result::Result<T, CaptureError>;

/// A word of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: Vec<u8>,
    /// Known to the shell alone: a variable or a substitution, as it stands.
    pub(super) unknown: Option<String>,
}

/// A command, up to what ends it.
#[derive(Debug, Default)]
pub(super) struct Command {
    pub(super) words: Vec<Word>,
    /// Its standard input, where that stands in the text.
    pub(super) input: Option<Word>,
    /// Whether another command writes to its standard input.
    pub(super) is_piped: bool,
}

/// Whose rules a command is written by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Posix,
    Cmd,
    PowerShell,
}

impl Dialect {
    /// By what no other shell would do with the text.
    pub(super) fn of(text: &[u8]) -> Self {
        let ends_lines_with = |mark: &[u8]| {
            text.split(|byte| *byte == b'\n')
                .any(|line| line.trim_ascii_end().ends_with(mark) && line.trim_ascii().len() > 1)
        };
        let has = |piece: &[u8]| text.windows(piece.len()).any(|window| window == piece);
        if has(b"^\"") || ends_lines_with(b" ^") {
            Self::Cmd
        } else if ends_lines_with(b" `") || has(b"`\"") || text.starts_with(b"curl.exe") {
            Self::PowerShell
        } else {
            Self::Posix
        }
    }
}

/// The commands of a text.
pub(super) fn commands(text: &[u8], dialect: Dialect) -> Result<Vec<Command>> {
    match dialect {
        Dialect::Posix => posix(text),
        Dialect::Cmd => Ok(vec![command(cmd(text))]),
        Dialect::PowerShell => Ok(vec![command(power_shell(text)?)]),
    }
}

fn command(words: Vec<Vec<u8>>) -> Command {
    let words = words.into_iter().map(|text| Word { text, unknown: None });
    Command { words: words.collect(), ..Command::default() }
}

/// A text that is read byte by byte.
struct Bytes<'t> {
    rest: &'t [u8],
}

impl<'t> Bytes<'t> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    fn take(&mut self, piece: &[u8]) -> bool {
        let rest = self.rest.strip_prefix(piece);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn take_while(&mut self, is_in: impl Fn(u8) -> bool) -> &'t [u8] {
        let end = self.rest.iter().position(|byte| !is_in(*byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Up to the mark, which is dropped; to the end where there is none.
    fn take_until(&mut self, mark: &[u8]) -> &'t [u8] {
        let at = self.rest.windows(mark.len()).position(|window| window == mark);
        let end = at.unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest.get(mark.len()..).unwrap_or_default();
        taken
    }
}

/// Bourne shells, with bash's `$'…'`, here-documents and here-strings.
struct Posix<'t> {
    bytes: Bytes<'t>,
    done: Vec<Command>,
    command: Command,
    word: Option<Word>,
    /// Where the next word goes, if not into the command.
    redirect: Option<Redirect>,
    /// The here-documents that begin with the next line.
    waiting: Vec<HereDocument>,
    variables: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The bytes that variables have been replaced by: each could hold others, and grow without end.
    expanded: usize,
}

enum Redirect {
    File,
    HereString,
    HereDocument(HereDocument),
}

/// A here-document that is to come.
#[derive(Default)]
struct HereDocument {
    /// The line that ends it.
    mark: Vec<u8>,
    is_indented: bool,
    /// A mark with quotes: nothing in the document is replaced.
    is_literal: bool,
}

fn posix(text: &[u8]) -> Result<Vec<Command>> {
    let mut shell = Posix::new(text);
    while let Some(byte) = shell.bytes.next() {
        shell.step(byte)?;
    }
    shell.end_command(false);
    Ok(shell.done)
}

impl<'t> Posix<'t> {
    fn new(text: &'t [u8]) -> Self {
        Self {
            bytes: Bytes { rest: text },
            done: Vec::new(),
            command: Command::default(),
            word: None,
            redirect: None,
            waiting: Vec::new(),
            variables: BTreeMap::new(),
            expanded: 0,
        }
    }

    fn word(&mut self) -> &mut Word {
        self.word.get_or_insert_default()
    }

    fn push(&mut self, byte: u8) {
        self.word().text.push(byte);
    }

    fn step(&mut self, byte: u8) -> Result<()> {
        match byte {
            b'\\' => {
                if !self.bytes.take(b"\r\n")
                    && let Some(escaped) = self.bytes.next().filter(|byte| *byte != b'\n')
                {
                    self.push(escaped);
                }
            }
            b'\'' => self.single_quoted()?,
            b'"' => self.double_quoted()?,
            b'$' => self.dollar(false)?,
            b'`' => self.substitution(),
            b' ' | b'\t' | b'\r' => self.end_word(),
            b'\n' => {
                self.end_command(false);
                self.here_documents()?;
            }
            b'#' if self.word.is_none() => {
                self.bytes.take_while(|byte| byte != b'\n');
            }
            b';' => self.end_command(false),
            b'|' => {
                let is_or = self.bytes.take(b"|");
                self.bytes.take(b"&");
                self.end_command(!is_or);
            }
            b'&' if self.bytes.take(b">") => {
                self.bytes.take(b">");
                self.end_word();
                self.redirect = Some(Redirect::File);
            }
            b'&' => {
                self.bytes.take(b"&");
                self.end_command(false);
            }
            b'<' | b'>' => self.redirection(byte),
            byte => self.push(byte),
        }
        Ok(())
    }

    fn single_quoted(&mut self) -> Result<()> {
        let open = || CaptureError::new("a single quote in the command is not closed");
        let end = self.bytes.rest.iter().position(|byte| *byte == b'\'').ok_or_else(open)?;
        let inner = self.bytes.rest.get(..end).unwrap_or_default();
        self.word().text.extend_from_slice(inner);
        self.bytes.rest = self.bytes.rest.get(end.saturating_add(1)..).unwrap_or_default();
        Ok(())
    }

    fn double_quoted(&mut self) -> Result<()> {
        let open = || CaptureError::new("a double quote in the command is not closed");
        self.word();
        loop {
            match self.bytes.next().ok_or_else(open)? {
                b'"' => return Ok(()),
                byte => self.quoted(byte, b"\"\\$`")?,
            }
        }
    }

    /// Takes a byte within double quotes or a here-document, where a backslash escapes only these.
    fn quoted(&mut self, byte: u8, escaped: &[u8]) -> Result<()> {
        match byte {
            b'\\' if self.bytes.take(b"\n") || self.bytes.take(b"\r\n") => {}
            b'\\' if self.bytes.peek().is_some_and(|next| escaped.contains(&next)) => {
                let next = self.bytes.next();
                self.word().text.extend(next);
            }
            b'$' => self.dollar(true)?,
            b'`' => self.substitution(),
            byte => self.push(byte),
        }
        Ok(())
    }

    /// The output of another command, up to the second backtick.
    fn substitution(&mut self) {
        let inner = self.bytes.take_until(b"`");
        self.word().unknown = Some(format!("`{}`", shown(inner)));
    }

    /// Reads on after a `$`: a quoted text, a variable, a substitution or nothing of the kind.
    fn dollar(&mut self, is_quoted: bool) -> Result<()> {
        match self.bytes.peek() {
            Some(b'\'') if !is_quoted => {
                self.bytes.next();
                let open = || CaptureError::new("a $'…' in the command is broken or not closed");
                let word = self.word.get_or_insert_default();
                ansi_c(&mut self.bytes, &mut word.text).ok_or_else(open)
            }
            Some(b'"') if !is_quoted => Ok(()),
            Some(b'(') => {
                let inner = self.bytes.take_until(b")");
                self.word().unknown = Some(format!("${})", shown(inner)));
                Ok(())
            }
            Some(b'{') => {
                self.bytes.next();
                let name = self.bytes.take_until(b"}");
                self.variable(name);
                Ok(())
            }
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => {
                let name =
                    self.bytes.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                self.variable(name);
                Ok(())
            }
            // Arguments of the shell, the status of the last command, and the like.
            Some(byte @ (b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!')) => {
                self.bytes.next();
                self.variable(&[byte]);
                Ok(())
            }
            _ => {
                self.push(b'$');
                Ok(())
            }
        }
    }

    fn variable(&mut self, name: &[u8]) {
        let value = self.variables.get(name);
        let length = value.map_or(0, Vec::len);
        self.expanded = self.expanded.saturating_add(length);
        let word = self.word.get_or_insert_default();
        match value.filter(|_| self.expanded <= MAX_EXPANDED) {
            Some(value) => word.text.extend_from_slice(value),
            None => word.unknown = Some(format!("${}", shown(name))),
        }
    }

    fn redirection(&mut self, byte: u8) {
        // The number of what is redirected.
        let is_number = |word: &Word| word.text.iter().all(u8::is_ascii_digit);
        if self.word.as_ref().is_some_and(is_number) {
            self.word = None;
        }
        self.end_word();
        self.redirect = Some(if byte == b'<' && self.bytes.take(b"<<") {
            Redirect::HereString
        } else if byte == b'<' && self.bytes.take(b"<") {
            let is_indented = self.bytes.take(b"-");
            let mark = self.bytes.rest.trim_ascii_start().split(u8::is_ascii_whitespace).next();
            let is_quote = |byte: &u8| matches!(byte, b'\'' | b'"' | b'\\');
            let is_literal = mark.is_some_and(|mark| mark.iter().any(is_quote));
            Redirect::HereDocument(HereDocument { is_indented, is_literal, ..Default::default() })
        } else {
            self.bytes.take_while(|byte| matches!(byte, b'>' | b'|' | b'&'));
            Redirect::File
        });
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        match self.redirect.take() {
            None => self.command.words.push(word),
            Some(Redirect::File) => {}
            Some(Redirect::HereString) => {
                let text = [&*word.text, b"\n"].concat();
                self.command.input = Some(Word { text, ..word });
            }
            Some(Redirect::HereDocument(document)) => {
                self.waiting.push(HereDocument { mark: word.text, ..document });
            }
        }
    }

    fn end_command(&mut self, is_pipe: bool) {
        self.end_word();
        let command = std::mem::take(&mut self.command);
        let is_piped = is_pipe && !command.words.is_empty();
        // Assignments by themselves.
        let words = match command.words.as_slice() {
            [first, rest @ ..] if first.text == b"export" => rest,
            words => words,
        };
        let assignments: Option<Vec<_>> = words.iter().map(assignment).collect();
        for (name, value) in assignments.into_iter().flatten() {
            match value {
                Some(value) => self.variables.insert(name.to_vec(), value.to_vec()),
                None => self.variables.remove(name),
            };
        }
        if !command.words.is_empty() {
            self.done.push(command);
        }
        self.command.is_piped = is_piped;
    }

    /// The lines up to the mark, for the last command.
    fn here_documents(&mut self) -> Result<()> {
        for HereDocument { mark, is_indented, is_literal } in std::mem::take(&mut self.waiting) {
            let mut document = Vec::new();
            while !self.bytes.rest.is_empty() {
                let line = self.bytes.take_until(b"\n");
                let tabs = line.iter().take_while(|byte| is_indented && **byte == b'\t').count();
                let line = line.get(tabs..).unwrap_or_default();
                if line.strip_suffix(b"\r").unwrap_or(line) == mark {
                    break;
                }
                document.extend_from_slice(line);
                document.push(b'\n');
            }
            let document = if is_literal {
                Word { text: document, unknown: None }
            } else {
                self.replaced(&document)?
            };
            // Behind a pipe, `jq` say, the command before it has the document.
            let last =
                self.done.iter_mut().rev().find(|command| {
                    command.words.iter().any(|word| word.text.starts_with(b"curl"))
                });
            if let Some(command) = last {
                command.input = Some(document);
            }
        }
        Ok(())
    }

    /// A here-document with its variables replaced.
    fn replaced(&mut self, document: &[u8]) -> Result<Word> {
        let mut inner = Posix::new(document);
        inner.variables = std::mem::take(&mut self.variables);
        inner.expanded = self.expanded;
        while let Some(byte) = inner.bytes.next() {
            inner.quoted(byte, b"\\$`")?;
        }
        (self.variables, self.expanded) = (inner.variables, inner.expanded);
        Ok(inner.word.unwrap_or_default())
    }
}

/// The name and the value of `NAME=value`; no value where only the shell knows it.
fn assignment(word: &Word) -> Option<(&[u8], Option<&[u8]>)> {
    let at = word.text.iter().position(|byte| *byte == b'=')?;
    let (name, value) = word.text.split_at(at);
    let is_name = name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let is_known = word.unknown.is_none();
    is_name.then_some((name, value.get(1..).filter(|_| is_known)))
}

/// The inside of `$'…'`, as browsers write a body that has a quote in it.
fn ansi_c(bytes: &mut Bytes<'_>, word: &mut Vec<u8>) -> Option<()> {
    loop {
        match bytes.next()? {
            b'\'' => {
                // A NUL ends the text.
                word.truncate(word.iter().position(|byte| *byte == 0).unwrap_or(word.len()));
                return Some(());
            }
            b'\\' => match bytes.next()? {
                b'a' => word.push(0x07),
                b'b' => word.push(0x08),
                b'e' | b'E' => word.push(0x1b),
                b'f' => word.push(0x0c),
                b'n' => word.push(b'\n'),
                b'r' => word.push(b'\r'),
                b't' => word.push(b'\t'),
                b'v' => word.push(0x0b),
                b'c' => word.push(bytes.next()? & 0x1f),
                first @ b'0'..=b'7' => {
                    let (rest, digits) = code(bytes, 8, 2).unwrap_or((0, 0));
                    let place = 8_u32.saturating_pow(digits);
                    let code = u32::from(first & 7).saturating_mul(place).saturating_add(rest);
                    // As bash does with `\777`.
                    word.extend(code.to_le_bytes().first());
                }
                kind @ (b'x' | b'u' | b'U') => {
                    let most = match kind {
                        b'x' => 2,
                        b'u' => 4,
                        _ => 8,
                    };
                    match code(bytes, 16, most) {
                        None => word.extend([b'\\', kind]),
                        Some((code, _)) if kind == b'x' => word.push(u8::try_from(code).ok()?),
                        Some((code, _)) => {
                            word.extend(char::from_u32(code)?.encode_utf8(&mut [0; 4]).bytes());
                        }
                    }
                }
                byte @ (b'\'' | b'"' | b'\\' | b'?') => word.push(byte),
                byte => word.extend([b'\\', byte]),
            },
            byte => word.push(byte),
        }
    }
}

/// A number of at most so many digits, and how many it has. `None` where there is none.
fn code(bytes: &mut Bytes<'_>, radix: u32, most: u32) -> Option<(u32, u32)> {
    let (mut code, mut digits) = (0_u32, 0_u32);
    while digits < most
        && let Some(digit) = bytes.peek().and_then(|byte| char::from(byte).to_digit(radix))
    {
        code = code.checked_mul(radix)?.checked_add(digit)?;
        digits = digits.saturating_add(1);
        bytes.next();
    }
    (digits > 0).then_some((code, digits))
}

/// Windows: first the carets of cmd, then what the C library makes of quotes and backslashes.
fn cmd(text: &[u8]) -> Vec<Vec<u8>> {
    let mut line = Vec::new();
    let mut bytes = Bytes { rest: text };
    let mut in_quotes = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'^' if !in_quotes => {
                // At the end of a line the caret takes the line break away, and the byte after it
                // stands for itself: a line break too.
                if bytes.take(b"\r\n") || bytes.take(b"\n") {
                    if bytes.take(b"\r\n") || bytes.take(b"\n") {
                        line.push(b'\n');
                    }
                } else {
                    line.extend(bytes.next());
                }
            }
            b'\r' | b'\n' | b'|' | b'&' | b'>' | b'<' if !in_quotes => break,
            byte => {
                in_quotes ^= byte == b'"';
                line.push(byte);
            }
        }
    }
    arguments(&undoubled(line))
}

/// Chrome doubles each backslash of a text, and the C library halves only those before a quote. So
/// where all others come in pairs, one of each is Chrome's.
fn undoubled(line: Vec<u8>) -> Vec<u8> {
    let mut halved = Vec::with_capacity(line.len());
    let mut bytes = Bytes { rest: &line };
    while let Some(byte) = bytes.next() {
        halved.push(byte);
        if byte == b'\\' {
            let count = bytes.take_while(|byte| byte == b'\\').len().saturating_add(1);
            let is_quote = bytes.peek() == Some(b'"');
            if !is_quote && !count.is_multiple_of(2) {
                return line;
            }
            let kept = if is_quote { count } else { count / 2 };
            halved.extend(std::iter::repeat_n(b'\\', kept.saturating_sub(1)));
        }
    }
    halved
}

/// A command line as the C library of Windows takes it apart.
fn arguments(line: &[u8]) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut bytes = Bytes { rest: line };
    let mut in_quotes = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                let more = bytes.take_while(|byte| byte == b'\\').len();
                let count = more.saturating_add(1);
                let word = word.get_or_insert_default();
                let is_quote = bytes.peek() == Some(b'"');
                let kept = if is_quote { count / 2 } else { count };
                word.extend(std::iter::repeat_n(b'\\', kept));
                if is_quote && !count.is_multiple_of(2) {
                    word.extend(bytes.next());
                }
            }
            b'"' => {
                let word = word.get_or_insert_default();
                if in_quotes && bytes.take(b"\"") {
                    word.push(b'"');
                } else {
                    in_quotes = !in_quotes;
                }
            }
            b' ' | b'\t' if !in_quotes => words.extend(word.take()),
            byte => word.get_or_insert_default().push(byte),
        }
    }
    words.extend(word);
    words
}

/// PowerShell, and what it hands to a program: before 7.3 a quote has to be escaped for that once
/// more, with a backslash.
fn power_shell(text: &[u8]) -> Result<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut bytes = Bytes { rest: text };
    let open = || CaptureError::new("a quote in the command is not closed");
    while let Some(byte) = bytes.next() {
        match byte {
            b'`' => {
                if !bytes.take(b"\r\n")
                    && let Some(escaped) = bytes.next().filter(|byte| *byte != b'\n')
                {
                    word.get_or_insert_default().push(escaped);
                }
            }
            b'@' if word.is_none() && matches!(bytes.peek(), Some(b'\'' | b'"')) => {
                let quote = bytes.next().unwrap_or_default();
                bytes.take_until(b"\n");
                let at = bytes.rest.windows(3).position(|window| window == [b'\n', quote, b'@']);
                let at = at.ok_or_else(open)?;
                let inner = bytes.rest.get(..at).unwrap_or_default();
                let inner = inner.strip_suffix(b"\r").unwrap_or(inner);
                word.get_or_insert_default().extend_from_slice(inner);
                bytes.rest = bytes.rest.get(at.saturating_add(3)..).unwrap_or_default();
            }
            quote @ (b'\'' | b'"') => {
                let word = word.get_or_insert_default();
                loop {
                    match bytes.next().ok_or_else(open)? {
                        byte if byte == quote => {
                            if !bytes.take(&[quote]) {
                                break;
                            }
                            word.push(quote);
                        }
                        b'`' if quote == b'"' => match bytes.next().ok_or_else(open)? {
                            b'n' => word.push(b'\n'),
                            b'r' => word.push(b'\r'),
                            b't' => word.push(b'\t'),
                            b'0' => word.push(0),
                            byte => word.push(byte),
                        },
                        b'$' if quote == b'"'
                            && bytes.peek().is_some_and(|byte| {
                                byte.is_ascii_alphabetic() || matches!(byte, b'(' | b'{' | b'_')
                            }) =>
                        {
                            return Err(CaptureError::new(
                                "the command has a variable of PowerShell in it, whose value is \
                                 not known here; put the value in its place",
                            ));
                        }
                        byte => word.push(byte),
                    }
                }
            }
            b'\n' | b'|' | b';' | b'>' | b'<' => break,
            b' ' | b'\t' | b'\r' => words.extend(word.take()),
            byte => word.get_or_insert_default().push(byte),
        }
    }
    words.extend(word);
    Ok(words.into_iter().map(handed_over).collect())
}

/// A word with `\"` in it and no other quote is written for PowerShell before 7.3.
fn handed_over(word: Vec<u8>) -> Vec<u8> {
    let is_bare = |at: usize| at.checked_sub(1).and_then(|at| word.get(at)) != Some(&b'\\');
    let mut quotes = (0..word.len()).filter(|at| word.get(*at) == Some(&b'"')).peekable();
    if quotes.peek().is_none() || quotes.any(is_bare) {
        return word;
    }
    // As the C library reads it within quotes.
    let mut arguments = arguments(&[b"\"", &*word, b"\""].concat());
    if arguments.len() == 1 { arguments.swap_remove(0) } else { word }
}
