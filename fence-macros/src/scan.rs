//! Looks at code as tokens, once: it need not be complete, and macros are looked into as well.

mod harmless;

pub(crate) use harmless::{awaits_nothing, returns_nothing};

use proc_macro2::{Delimiter, Group, Ident, Punct, Span, TokenStream, TokenTree};

/// Words that may stand before a `!` that negates.
const BEFORE_A_NOT: &[&str] = &["break", "else", "if", "in", "match", "return", "while"];

/// What is found in a piece of code.
#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a finding of its own"
)]
pub(crate) struct Seen {
    /// It waits for something, or a macro in it might.
    pub(crate) awaits: bool,
    /// It has an `.await` that is not in an `async` block, a closure or a function of its own.
    pub(crate) awaits_itself: bool,
    /// It has a macro in such a place that might await.
    pub(crate) may_await_itself: bool,
    /// There is a `return`, or a macro that might hide one.
    pub(crate) returns: bool,
    /// There is a `?`.
    pub(crate) question_marks: bool,
    /// The first that leaves the code itself, and no closure or block in it.
    pub(crate) question_mark: Option<Span>,
    /// There is a `break` or `continue`, whatever it leaves.
    pub(crate) jumps: bool,
    /// There is a macro, though harmless by its name.
    pub(crate) macros: bool,
    /// The `fenced!` blocks that do not say `nested`.
    pub(crate) fences: Vec<Ident>,
    /// The calls that hold the thread; what closures and functions do is their own business.
    pub(crate) blocking: Vec<(Span, Blocking)>,
}

/// A call that holds the thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blocking {
    /// `std::thread::sleep(…)`
    Sleep,
    /// `block_on(…)`
    BlockOn,
}

pub(crate) fn look(code: &TokenStream) -> Seen {
    let mut seen = Seen::default();
    Walk::new(&mut seen, Around::default()).level(code.clone());
    seen
}

/// Whose code it is, seen from the whole.
#[derive(Clone, Copy, Default)]
struct Around {
    /// In a function, which has a body of its own.
    function: bool,
    /// In a closure, which runs when somebody calls it.
    closure: bool,
    /// In an `async` block, which runs when somebody polls it.
    future: bool,
}

/// One level of brackets. What stands before a token says what it means.
struct Walk<'a> {
    seen: &'a mut Seen,
    around: Around,
    /// The last word, as long as nothing but `::` or `!` came after it.
    word: Option<(String, Ident)>,
    /// The word before it, joined by `::`.
    parent: Option<String>,
    last: Last,
    /// `async` or `async move` came last.
    is_async: bool,
    /// `fn name`, and its body has not come.
    in_signature: bool,
    closure: Closure,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Nothing,
    Word,
    Sign(char),
    /// `::`
    Path,
    Braces,
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Closure {
    None,
    Parameters,
    Body,
}

impl<'a> Walk<'a> {
    fn new(seen: &'a mut Seen, around: Around) -> Self {
        Self {
            seen,
            around,
            word: None,
            parent: None,
            last: Last::Nothing,
            is_async: false,
            in_signature: false,
            closure: Closure::None,
        }
    }

    fn level(&mut self, code: TokenStream) {
        for token in code {
            self.last = match token {
                TokenTree::Ident(ident) => self.ident(ident),
                TokenTree::Punct(punct) => self.sign(&punct),
                TokenTree::Group(group) => self.group(&group),
                TokenTree::Literal(_) => Last::Other,
            };
        }
    }

    fn ident(&mut self, ident: Ident) -> Last {
        let word = ident.to_string();
        match word.as_str() {
            "await" => self.awaits(),
            "return" => self.seen.returns = true,
            "break" | "continue" => self.seen.jumps = true,
            _ if self.is_after("fn") => self.in_signature = true,
            _ => {}
        }
        self.is_async = word == "async" || (self.is_async && word == "move");
        let before = self.word.take().filter(|_| self.last == Last::Path);
        self.parent = before.map(|(word, _)| word);
        self.word = Some((word, ident));
        Last::Word
    }

    fn awaits(&mut self) {
        self.seen.awaits = true;
        self.seen.awaits_itself |= !self.is_elsewhere();
    }

    fn sign(&mut self, punct: &Punct) -> Last {
        let sign = punct.as_char();
        match sign {
            '?' => self.question_mark(punct.span()),
            '|' => self.bar(),
            ',' if self.closure == Closure::Body => self.closure = Closure::None,
            ';' => (self.closure, self.in_signature) = (Closure::None, false),
            ':' if self.last == Last::Sign(':') => return Last::Path,
            _ => {}
        }
        self.is_async = false;
        if !matches!(sign, ':' | '!') {
            self.word = None;
        }
        Last::Sign(sign)
    }

    fn question_mark(&mut self, place: Span) {
        self.seen.question_marks = true;
        if !self.is_elsewhere() {
            self.seen.question_mark.get_or_insert(place);
        }
    }

    /// A `|` that could not be an "or" opens the parameters of a closure, and the next closes them.
    fn bar(&mut self) {
        let opens = match self.last {
            Last::Nothing | Last::Braces => true,
            Last::Sign(sign) => matches!(sign, ',' | '=' | ';' | '>' | '&'),
            Last::Word => ["move", "return", "async"]
                .iter()
                .any(|word| self.is_after(word)),
            Last::Path | Last::Other => false,
        };
        self.closure = match self.closure {
            Closure::Parameters => Closure::Body,
            Closure::None if opens => Closure::Parameters,
            other => other,
        };
    }

    fn group(&mut self, group: &Group) -> Last {
        let is_block = group.delimiter() == Delimiter::Brace;
        match self.last {
            Last::Sign('!') => self.call_of_a_macro(group),
            Last::Word if group.delimiter() == Delimiter::Parenthesis => self.call(),
            _ => {}
        }
        let around = Around {
            function: self.around.function || (self.in_signature && is_block),
            closure: self.around.closure || self.closure == Closure::Body,
            future: self.around.future || (is_block && self.is_async),
        };
        self.in_signature &= !is_block;
        (self.word, self.is_async) = (None, false);
        Walk::new(self.seen, around).level(group.stream());
        if is_block { Last::Braces } else { Last::Other }
    }

    /// `name!(…)`, unless it is `if !(…)`.
    fn call_of_a_macro(&mut self, arguments: &Group) {
        let Some((name, ident)) = self.word.take() else {
            return;
        };
        if BEFORE_A_NOT.contains(&name.as_str()) {
            return;
        }
        self.seen.macros = true;
        if name == "fenced" && !self.around.function && !says_nested(&arguments.stream()) {
            self.seen.fences.push(ident);
        }
        self.seen.returns |= !returns_nothing(&name);
        if !awaits_nothing(&name) {
            self.seen.awaits = true;
            self.seen.may_await_itself |= !self.is_elsewhere();
        }
    }

    /// `name(…)`
    fn call(&mut self) {
        let Some((name, ident)) = &self.word else {
            return;
        };
        let found = match name.as_str() {
            "sleep" if self.parent.as_deref() == Some("thread") => Blocking::Sleep,
            "block_on" if !self.in_signature => Blocking::BlockOn,
            _ => return,
        };
        let aside = self.around.function || self.around.closure || self.closure == Closure::Body;
        if !aside {
            self.seen.blocking.push((ident.span(), found));
        }
    }

    fn is_after(&self, word: &str) -> bool {
        self.last == Last::Word && self.word.as_ref().is_some_and(|(last, _)| last == word)
    }

    fn is_elsewhere(&self) -> bool {
        let Around {
            function,
            closure,
            future,
        } = self.around;
        function || closure || future || self.closure == Closure::Body
    }
}

/// Whether `nested` is one of the options.
fn says_nested(arguments: &TokenStream) -> bool {
    let mut starts = true;
    arguments.clone().into_iter().any(|token| {
        let says = starts && is_ident(Some(&token), "nested");
        starts = is_punct(Some(&token), ',');
        says
    })
}

/// Whether the name occurs anywhere.
pub(crate) fn mentions(tokens: &TokenStream, name: &str) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Group(group) => mentions(&group.stream(), name),
        TokenTree::Literal(literal) => inlined(&literal.to_string(), name),
        TokenTree::Punct(_) => false,
    })
}

/// `format!("{name}")`
fn inlined(literal: &str, name: &str) -> bool {
    literal.starts_with('"') && literal.contains(&format!("{{{name}"))
}

/// The braces of a `$body:block`, which are in an invisible group.
pub(crate) fn braces_in_nothing(token: &TokenTree) -> Option<Group> {
    let TokenTree::Group(group) = token else {
        return None;
    };
    let mut inside = group.stream().into_iter();
    match (group.delimiter(), inside.next(), inside.next()) {
        (Delimiter::None, Some(TokenTree::Group(inner)), None) => {
            let is_brace = inner.delimiter() == Delimiter::Brace;
            is_brace.then_some(inner)
        }
        _ => None,
    }
}

pub(crate) fn is_brace(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace)
}

pub(crate) fn is_punct(token: Option<&TokenTree>, character: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

pub(crate) fn is_ident(token: Option<&TokenTree>, name: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if ident == name)
}

#[cfg(test)]
mod tests;
