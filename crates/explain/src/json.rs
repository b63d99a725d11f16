//! JSON in every spelling that a serializer gives it.
//!
//! Numbers stay the text they are: a value that went through a float cannot be had back, and is not
//! pretended to be.

use std::fmt::Write as _;

use crate::finding::Rewrite;

/// Longer texts are not rewritten, deeper ones not read.
const MAX_LENGTH: usize = 64 * 1024;
const MAX_DEPTH: usize = 64;
/// Longer spellings are left out: indenting what is nested deeply makes a hundred bytes of one.
const MAX_WRITTEN: usize = 4 * MAX_LENGTH;
/// All spellings together.
const MAX_TOTAL: usize = 12 * 1024 * 1024;
/// More empty objects and lists are exchanged one by one, or all at once.
const MAX_SUBSETS: usize = 5;
/// More documents within a text are not looked at.
const MAX_INSIDE: usize = 100;
/// More empty places are not exchanged one by one.
const MAX_PLACES: usize = 20;

/// The vendors' fields in the order of their documents, as far as they share an object.
///
/// `is_blocked` and `is_allowlisted` stand in it twice: rule webhooks write them early, settings
/// webhooks late.
const FIELDS: &str = "\
    event email_hash id number total delivery_id subtotal shipping_total tax_total coupon_total \
    currency item_count payment_method shipping_country billing_country status reason shop_id \
    platform timestamp customer rule action email trust_score segment is_blocked is_allowlisted \
    total_orders total_refunds return_rate is_blocked is_allowlisted total_disputes \
    linked_accounts_count first_order_date last_order_date order data dispute new_score \
    new_segment message client_id event_type event_source device_type os_type page_url rating \
    author author_email author_phone author_country title content commented_at item_type \
    order_id site variant_id source is_verified is_featured reply_at handle image_src url name \
    trigger thumbnail_url type is_published is_top tag media_type media reply product created_at \
    properties updated_at deleted_at";

/// A field that the customer of a rule webhook has, and that of a settings webhook lacks.
const RULE_ONLY: &str = "total_disputes";

/// The readings of a text that is JSON.
pub(super) struct Readings {
    /// The spellings that PHP, Go, JavaScript and Python write by default or with common options,
    /// each with what was done to it to get the text.
    pub(super) usual: Vec<(String, Vec<Rewrite>)>,
    /// Spellings with other escapes, and with `{}` and `[]` exchanged.
    pub(super) odd: Vec<(String, Vec<Rewrite>)>,
    /// Documents within the text: in its strings, and as they stand.
    pub(super) inside: Vec<Vec<u8>>,
    pub(super) is_complete: bool,
}

/// The other readings of `text`, most likely first.
pub(super) fn readings(text: &[u8]) -> Readings {
    let mut readings =
        Readings { usual: Vec::new(), odd: Vec::new(), inside: Vec::new(), is_complete: true };
    let looks_like_json = matches!(text.trim_ascii_start().first(), Some(b'{' | b'[' | b'"'));
    if !looks_like_json {
        return readings;
    }
    if text.len() > MAX_LENGTH {
        readings.is_complete = false;
        return readings;
    }
    let Ok(text) = str::from_utf8(text) else { return readings };
    let Some(document) = Node::read(text) else {
        // Deeper than is read here, and JSON all the same.
        readings.is_complete = serde_json::from_str::<serde::de::IgnoredAny>(text).is_err();
        return readings;
    };
    document.inside(&mut readings.inside);
    if let Node::Text(_) | Node::Plain(_) = document {
        return readings;
    }
    let mut spellings = Spellings { text, written: 0, is_complete: true };
    for order in [Order::AsIs, Order::Documented, Order::Sorted] {
        let document = document.ordered(order);
        for layout in Layout::ALL {
            for escapes in Escapes::USUAL {
                readings.usual.extend(spellings.write(&document, layout, escapes, order));
            }
        }
    }
    for layout in Layout::ALL {
        for escapes in Escapes::odd() {
            readings.odd.extend(spellings.write(&document, layout, escapes, Order::AsIs));
        }
    }
    for exchanged in document.exchanged() {
        for layout in [Layout::Compact, Layout::Spaced, Layout::Indented("    ")] {
            for escapes in Escapes::USUAL {
                let written = spellings.write(&exchanged, layout, escapes, Order::AsIs);
                readings.odd.extend(written.map(|(signed, mut rewrites)| {
                    rewrites.push(Rewrite::EmptyExchanged);
                    (signed, rewrites)
                }));
            }
        }
    }
    readings.is_complete = spellings.is_complete;
    readings
}

/// Writes spellings as long as there is room.
struct Spellings<'t> {
    text: &'t str,
    written: usize,
    is_complete: bool,
}

impl Spellings<'_> {
    fn write(
        &mut self,
        document: &Node,
        layout: Layout,
        escapes: Escapes,
        order: Order,
    ) -> Option<(String, Vec<Rewrite>)> {
        if self.written > MAX_TOTAL {
            self.is_complete = false;
            return None;
        }
        let mut signed = String::with_capacity(self.text.len());
        Writer { layout, escapes, out: &mut signed }.node(document, 0);
        self.written = self.written.saturating_add(signed.len());
        if signed.len() > MAX_WRITTEN {
            return None;
        }
        let rewrites = rewrites(&signed, self.text, order);
        Some((signed, rewrites))
    }
}

/// The rewrites that lead from `signed` to `received`.
fn rewrites(signed: &str, received: &str, order: Order) -> Vec<Rewrite> {
    let (signed, received) = (Looks::of(signed), Looks::of(received));
    let pick = |signed: usize, received: usize, less, more| match signed.cmp(&received) {
        std::cmp::Ordering::Greater => Some(less),
        std::cmp::Ordering::Less => Some(more),
        std::cmp::Ordering::Equal => None,
    };
    let layout = pick(signed.blanks, received.blanks, Rewrite::Compacted, Rewrite::Spaced);
    let slashes =
        pick(signed.slashes, received.slashes, Rewrite::SlashesUnescaped, Rewrite::SlashesEscaped);
    let unicode =
        pick(signed.unicode, received.unicode, Rewrite::UnicodeUnescaped, Rewrite::UnicodeEscaped);
    let html = pick(signed.html, received.html, Rewrite::HtmlUnescaped, Rewrite::HtmlEscaped);
    let is_same = signed.unicode == received.unicode && signed.html == received.html;
    let case = (is_same && signed.upper != received.upper).then_some(Rewrite::EscapeCase);
    let keys = (order != Order::AsIs).then_some(Rewrite::KeysReordered);
    [layout, keys, slashes, unicode, html, case].into_iter().flatten().collect()
}

/// The look of a text, apart from its content.
#[derive(Default)]
struct Looks {
    /// White space; what is inside strings is the same in all spellings.
    blanks: usize,
    /// `\/`
    slashes: usize,
    /// `\uXXXX` of what is beyond ASCII.
    unicode: usize,
    /// `\u00XX` of what could stand for itself.
    html: usize,
    /// Capital hex digits of these.
    upper: usize,
}

impl Looks {
    fn of(text: &str) -> Self {
        let mut looks = Self::default();
        let mut rest = text.as_bytes();
        while let Some((byte, after)) = rest.split_first() {
            rest = after;
            let count = match byte {
                b'\\' => {
                    let Some((escaped, after)) = rest.split_first() else { break };
                    rest = after;
                    match escaped {
                        b'/' => &mut looks.slashes,
                        b'u' => {
                            let digits = rest.get(..4).unwrap_or_default();
                            let upper = digits.iter().filter(|byte| byte.is_ascii_uppercase());
                            looks.upper = looks.upper.saturating_add(upper.count());
                            let is_ascii = digits.starts_with(b"00")
                                && digits.get(2).is_some_and(|digit| (b'2'..=b'7').contains(digit));
                            if is_ascii { &mut looks.html } else { &mut looks.unicode }
                        }
                        _ => continue,
                    }
                }
                b' ' | b'\t' | b'\r' | b'\n' => &mut looks.blanks,
                _ => continue,
            };
            *count = count.saturating_add(1);
        }
        looks
    }
}

/// The order of an object's keys.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    AsIs,
    Documented,
    Sorted,
}

/// A JSON value whose numbers are text and whose keys have an order.
#[derive(Clone)]
enum Node {
    /// A number, `true`, `false` or `null`, as it stands.
    Plain(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    fn read(text: &str) -> Option<Self> {
        let mut reader = Reader { rest: text };
        let node = reader.node(MAX_DEPTH)?;
        reader.skip_blanks();
        reader.rest.is_empty().then_some(node)
    }

    /// The documents within: texts that look like one, and the values of objects.
    fn inside(&self, found: &mut Vec<Vec<u8>>) {
        if found.len() >= MAX_INSIDE {
            return;
        }
        match self {
            Self::Plain(_) => {}
            Self::Text(text) => found.push(text.clone().into_bytes()),
            Self::List(items) => items.iter().for_each(|item| item.inside(found)),
            Self::Map(entries) => {
                for (_, value) in entries {
                    if let Self::Map(_) | Self::List(_) = value {
                        for layout in [Layout::Compact, Layout::Spaced, Layout::Indented("    ")] {
                            for escapes in Escapes::USUAL {
                                let mut inner = String::new();
                                Writer { layout, escapes, out: &mut inner }.node(value, 0);
                                found.push(inner.into_bytes());
                            }
                        }
                    }
                    value.inside(found);
                }
            }
        }
    }

    /// The same with `{}` in place of `[]` and the reverse: each set of places where there are few,
    /// otherwise all, all that are lists, all that are objects, and each one.
    fn exchanged(&self) -> Vec<Self> {
        let kinds = {
            let mut kinds = Vec::new();
            self.empties(&mut kinds);
            kinds
        };
        let count = kinds.len();
        let mut sets: Vec<Vec<bool>> = Vec::new();
        if count <= MAX_SUBSETS {
            for set in 1..1_usize << count {
                sets.push((0..count).map(|place| set >> place & 1 == 1).collect());
            }
            // Few exchanges before many.
            sets.sort_by_key(|set| set.iter().filter(|it| **it).count());
        } else {
            sets.push(vec![true; count]);
            sets.push(kinds.clone());
            sets.push(kinds.iter().map(|is_list| !is_list).collect());
            for place in 0..count.min(MAX_PLACES) {
                sets.push((0..count).map(|other| other == place).collect());
            }
        }
        sets.into_iter().map(|set| self.with_exchanged(&mut set.into_iter())).collect()
    }

    /// Whether each empty list or object is a list.
    fn empties(&self, kinds: &mut Vec<bool>) {
        match self {
            Self::Plain(_) | Self::Text(_) => {}
            Self::List(items) if items.is_empty() => kinds.push(true),
            Self::Map(entries) if entries.is_empty() => kinds.push(false),
            Self::List(items) => items.iter().for_each(|item| item.empties(kinds)),
            Self::Map(entries) => entries.iter().for_each(|(_, value)| value.empties(kinds)),
        }
    }

    fn with_exchanged(&self, set: &mut impl Iterator<Item = bool>) -> Self {
        match self {
            Self::Plain(_) | Self::Text(_) => self.clone(),
            Self::List(items) if items.is_empty() => match set.next() {
                Some(true) => Self::Map(Vec::new()),
                _ => self.clone(),
            },
            Self::Map(entries) if entries.is_empty() => match set.next() {
                Some(true) => Self::List(Vec::new()),
                _ => self.clone(),
            },
            Self::List(items) => {
                Self::List(items.iter().map(|item| item.with_exchanged(set)).collect())
            }
            Self::Map(entries) => Self::Map(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone(), value.with_exchanged(set)))
                    .collect(),
            ),
        }
    }

    fn ordered(&self, order: Order) -> Self {
        match self {
            Self::Plain(_) | Self::Text(_) => self.clone(),
            Self::List(items) => Self::List(items.iter().map(|item| item.ordered(order)).collect()),
            Self::Map(entries) => {
                let mut entries: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| (key.clone(), value.ordered(order)))
                    .collect();
                match order {
                    Order::AsIs => {}
                    Order::Sorted => entries.sort_by(|(one, _), (other, _)| one.cmp(other)),
                    Order::Documented => {
                        let of_rule = entries.iter().any(|(key, _)| key == RULE_ONLY);
                        entries.sort_by_key(|(key, _)| place(key, of_rule));
                    }
                }
                Self::Map(entries)
            }
        }
    }
}

/// Where a field stands among the documented ones; unknown ones come last, in the order they have.
fn place(key: &str, of_rule: bool) -> usize {
    let places: Vec<_> = FIELDS.split_ascii_whitespace().collect();
    let is_key = |field: &&str| *field == key;
    let place =
        if of_rule { places.iter().position(is_key) } else { places.iter().rposition(is_key) };
    place.unwrap_or(usize::MAX)
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }

    /// Takes `mark`, and the blanks before it, where it comes next.
    fn take(&mut self, mark: char) -> bool {
        self.skip_blanks();
        let rest = self.rest.strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn cut(&mut self, length: usize) -> Option<&'a str> {
        let (head, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(head)
    }

    fn node(&mut self, depth: usize) -> Option<Node> {
        let depth = depth.checked_sub(1)?;
        self.skip_blanks();
        if self.rest.starts_with('"') {
            return self.text().map(Node::Text);
        }
        if self.take('[') {
            let read = |reader: &mut Self| reader.node(depth);
            return self.items(']', read).map(Node::List);
        }
        if self.take('{') {
            let read = |reader: &mut Self| {
                reader.skip_blanks();
                let key = reader.text()?;
                reader.take(':').then_some(())?;
                Some((key, reader.node(depth)?))
            };
            return self.items('}', read).map(Node::Map);
        }
        let end = self.rest.find([',', ']', '}', ' ', '\t', '\r', '\n']);
        let plain = self.cut(end.unwrap_or(self.rest.len()))?;
        serde_json::from_str::<serde::de::IgnoredAny>(plain).ok()?;
        Some(Node::Plain(plain.to_string()))
    }

    /// The items between commas, up to `end`.
    fn items<T>(&mut self, end: char, read: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut items = Vec::new();
        if self.take(end) {
            return Some(items);
        }
        loop {
            items.push(read(self)?);
            if self.take(end) {
                return Some(items);
            }
            self.take(',').then_some(())?;
        }
    }

    fn text(&mut self) -> Option<String> {
        let mut escaped = false;
        let closing = |(_, byte): &(usize, u8)| {
            let closes = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            closes
        };
        let (end, _) = self.rest.bytes().enumerate().skip(1).find(closing)?;
        serde_json::from_str(self.cut(end.checked_add(1)?)?).ok()
    }
}

/// The places where a serializer puts white space.
#[derive(Clone, Copy)]
enum Layout {
    /// None.
    Compact,
    /// `", "` and `": "`, Python's default.
    Spaced,
    /// A line for each item.
    Indented(&'static str),
}

impl Layout {
    const ALL: [Self; 5] = [
        Self::Compact,
        Self::Spaced,
        Self::Indented("    "),
        Self::Indented("  "),
        Self::Indented("\t"),
    ];
}

/// The characters that a serializer escapes beyond those that it must.
#[derive(Clone, Copy)]
struct Escapes {
    slashes: bool,
    unicode: bool,
    html: Html,
    /// Hex digits in capitals.
    upper: bool,
}

/// ASCII characters that are escaped nevertheless.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Html {
    No,
    /// `<`, `>`, `&` and the two line separators.
    Go,
    /// Java's Gson: `<`, `>`, `&`, `=` and `'`.
    Gson,
    /// .NET: `<`, `>`, `&`, `'`, `"`, `+` and backticks.
    DotNet,
    /// PHP's `JSON_HEX_TAG`.
    Tag,
    /// And `JSON_HEX_AMP`.
    TagAmp,
    /// And `JSON_HEX_APOS`.
    TagAmpApos,
    /// And `JSON_HEX_QUOT`.
    All,
}

impl Html {
    const fn escaped(self) -> &'static str {
        match self {
            Self::No => "",
            Self::Go => "<>&\u{2028}\u{2029}",
            Self::Gson => "<>&='\u{2028}\u{2029}",
            Self::DotNet => "<>&'\"+`",
            Self::Tag => "<>",
            Self::TagAmp => "<>&",
            Self::TagAmpApos => "<>&'",
            Self::All => "<>&'\"",
        }
    }

    /// Whether the digits of this escape are capitals.
    const fn is_upper(self) -> bool {
        matches!(self, Self::DotNet | Self::Tag | Self::TagAmp | Self::TagAmpApos | Self::All)
    }
}

impl Escapes {
    const NONE: Self = Self { slashes: false, unicode: false, html: Html::No, upper: false };
    const UNICODE: Self = Self { unicode: true, ..Self::NONE };
    const PHP: Self = Self { slashes: true, ..Self::UNICODE };
    const USUAL: [Self; 5] = [
        Self::PHP,
        // JavaScript; PHP with both flags.
        Self::NONE,
        // Go.
        Self { html: Html::Go, ..Self::NONE },
        // Python; PHP with JSON_UNESCAPED_SLASHES.
        Self::UNICODE,
        // PHP with JSON_UNESCAPED_UNICODE.
        Self { slashes: true, ..Self::NONE },
    ];

    /// Each other way in which letters, slashes and HTML are escaped together.
    fn odd() -> Vec<Self> {
        let mut odd = Vec::new();
        for html in [Html::All, Html::Tag, Html::TagAmp, Html::TagAmpApos] {
            for base in [Self::PHP, Self::UNICODE, Self { slashes: true, ..Self::NONE }, Self::NONE]
            {
                odd.push(Self { html, ..base });
            }
        }
        odd.extend([
            Self { upper: true, html: Html::DotNet, ..Self::UNICODE },
            Self { html: Html::Gson, ..Self::NONE },
        ]);
        for html in [Html::No, Html::Go, Html::Gson] {
            for base in [Self::PHP, Self::UNICODE, Self { slashes: true, ..Self::NONE }, Self::NONE]
            {
                for upper in [true, false] {
                    odd.push(Self { html, upper, ..base });
                }
            }
        }
        odd
    }
}

struct Writer<'a> {
    layout: Layout,
    escapes: Escapes,
    out: &'a mut String,
}

impl Writer<'_> {
    fn node(&mut self, node: &Node, depth: usize) {
        match node {
            Node::Plain(text) => self.out.push_str(text),
            Node::Text(text) => self.text(text),
            Node::List(items) => self.items('[', ']', items, depth, |writer, item, depth| {
                writer.node(item, depth);
            }),
            Node::Map(entries) => self.items('{', '}', entries, depth, |writer, entry, depth| {
                let (key, value) = entry;
                writer.text(key);
                writer.out.push(':');
                if !matches!(writer.layout, Layout::Compact) {
                    writer.out.push(' ');
                }
                writer.node(value, depth);
            }),
        }
    }

    fn items<T>(
        &mut self,
        open: char,
        close: char,
        items: &[T],
        depth: usize,
        write: impl Fn(&mut Self, &T, usize),
    ) {
        let inside = depth.saturating_add(1);
        self.out.push(open);
        for (i, item) in items.iter().enumerate() {
            if self.out.len() > MAX_WRITTEN {
                return;
            }
            if i > 0 {
                self.out.push(',');
                if matches!(self.layout, Layout::Spaced) {
                    self.out.push(' ');
                }
            }
            self.line(inside);
            write(self, item, inside);
        }
        if !items.is_empty() {
            self.line(depth);
        }
        self.out.push(close);
    }

    fn line(&mut self, depth: usize) {
        if let Layout::Indented(indent) = self.layout {
            self.out.push('\n');
            self.out.push_str(&indent.repeat(depth));
        }
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        for char in text.chars() {
            match char {
                char if self.escapes.html.escaped().contains(char) => {
                    self.unicode(char, self.escapes.html.is_upper());
                }
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\u{8}' => self.out.push_str("\\b"),
                '\u{c}' => self.out.push_str("\\f"),
                '/' if self.escapes.slashes => self.out.push_str("\\/"),
                '\0'..' ' => self.unicode(char, false),
                '\u{80}'.. if self.escapes.unicode => self.unicode(char, false),
                _ => self.out.push(char),
            }
        }
        self.out.push('"');
    }

    fn unicode(&mut self, char: char, is_upper: bool) {
        for unit in char.encode_utf16(&mut [0; 2]) {
            // A `String` takes all that is written to it.
            let _ = if self.escapes.upper || is_upper {
                write!(self.out, "\\u{unit:04X}")
            } else {
                write!(self.out, "\\u{unit:04x}")
            };
        }
    }
}
