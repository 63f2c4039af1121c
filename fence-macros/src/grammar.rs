//! The table of options. A new option is a new row, and an arm in `options::value` if its value is
//! of a new kind.

pub(crate) mod duration;

use proc_macro2::Ident;

/// What one option is.
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) value: Value,
    pub(crate) place: Place,
    /// The option as it is usually written.
    pub(crate) example: &'static str,
    /// The option with a code of its own; empty if it has none.
    pub(crate) coded: &'static str,
}

/// What kind of value an option takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    /// A duration: a string, or an expression.
    Limit,
    /// An instant.
    Instant,
    /// A trigger: a name, an expression, or a list of both.
    Trigger,
    /// A closure that returns a `bool`, in brackets behind the code it is asked about.
    Condition,
    /// A non-empty string.
    Text,
    /// A boolean expression.
    Switch,
    /// A path.
    Path,
    /// None at all.
    Flag,
}

/// Which of the macros knows an option.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Both,
    Attribute,
    Block,
}

#[rustfmt::skip]
const TABLE: &[Spec] = &[
    row("timeout", Value::Limit, Place::Both, r#"timeout = "30s""#, r#"timeout("db", "5s")"#),
    row("budget", Value::Limit, Place::Both, r#"budget = "30s""#, r#"budget("request", "30s")"#),
    row("deadline", Value::Instant, Place::Both, "deadline = at", r#"deadline("request", at)"#),
    row("idle", Value::Limit, Place::Both, r#"idle = "60s""#, r#"idle("silence", "60s")"#),
    row("on", Value::Trigger, Place::Both, r#"on = "shutdown""#, r#"on("stop", self.stop)"#),
    row("unless", Value::Condition, Place::Both, UNLESS, UNLESS),
    row("grace", Value::Limit, Place::Both, r#"grace = "2s""#, ""),
    row("cooperative", Value::Flag, Place::Both, "cooperative", ""),
    row("cleanup", Value::Limit, Place::Both, r#"cleanup = "2s""#, ""),
    row("name", Value::Text, Place::Both, r#"name = "fetch""#, ""),
    row("inherit", Value::Switch, Place::Both, "inherit = false", ""),
    row("linked", Value::Flag, Place::Both, "linked", ""),
    row("nested", Value::Flag, Place::Block, "nested", ""),
    row("try", Value::Flag, Place::Attribute, "try", ""),
    row("crate", Value::Path, Place::Attribute, "crate = renamed", ""),
];

/// The one way to write it.
const UNLESS: &str = r#"unless("shutdown", || BUSY.is_set())"#;

/// What people call the options who know other libraries.
const SYNONYMS: &[(&str, &str)] = &[
    ("after", "timeout"),
    ("at", "deadline"),
    ("bubble", "linked"),
    ("cancel", "on"),
    ("cancel_on", "on"),
    ("check", "cooperative"),
    ("cleanup_limit", "cleanup"),
    ("cleanup_timeout", "cleanup"),
    ("cleanup_within", "cleanup"),
    ("decline", "unless"),
    ("event", "on"),
    ("events", "on"),
    ("except", "unless"),
    ("expires", "deadline"),
    ("fallible", "try"),
    ("grace_period", "grace"),
    ("graceful", "grace"),
    ("guard", "unless"),
    ("idle_timeout", "idle"),
    ("if", "unless"),
    ("if_not", "unless"),
    ("inactivity", "idle"),
    ("limit", "timeout"),
    ("link", "linked"),
    ("link_to_parent", "linked"),
    ("max", "timeout"),
    ("never_drop", "cooperative"),
    ("on_cancel", "cleanup"),
    ("path", "crate"),
    ("propagate", "linked"),
    ("read_timeout", "idle"),
    ("result", "try"),
    ("signal", "on"),
    ("signals", "on"),
    ("silence", "idle"),
    ("soft", "cooperative"),
    ("time_limit", "timeout"),
    ("token", "on"),
    ("trigger", "on"),
    ("triggers", "on"),
    ("until", "deadline"),
    ("wait", "grace"),
    ("when", "on"),
    ("within", "timeout"),
];

const fn row(
    name: &'static str,
    value: Value,
    place: Place,
    example: &'static str,
    coded: &'static str,
) -> Spec {
    Spec {
        name,
        value,
        place,
        example,
        coded,
    }
}

impl Spec {
    pub(crate) fn of(key: &Ident) -> Option<&'static Self> {
        TABLE.iter().find(|spec| key == spec.name)
    }

    /// Whether `timeout("db", "5s")` is a way to write it.
    pub(crate) fn has_code(&self) -> bool {
        !self.coded.is_empty()
    }

    /// The option that it cannot stand next to.
    pub(crate) fn excluded(&self) -> Option<&'static str> {
        match self.name {
            "grace" => Some("cooperative"),
            "cooperative" => Some("grace"),
            _ => None,
        }
    }

    pub(crate) fn is_known_to(&self, place: Place) -> bool {
        self.place == Place::Both || self.place == place
    }
}

/// The option that an unknown name probably stands for.
pub(crate) fn meant(key: &Ident, place: Place) -> Option<&'static str> {
    let key = key.to_string().to_lowercase();
    let synonym = SYNONYMS
        .iter()
        .find(|(other, _)| *other == key)
        .map(|(_, name)| *name);
    let known = || {
        TABLE
            .iter()
            .filter(|spec| spec.is_known_to(place))
            .map(|spec| spec.name)
    };
    let nearest = known().map(|name| (distance(&key, name), name)).min()?;
    synonym
        .filter(|synonym| known().any(|name| name == *synonym))
        .or((nearest.0 <= allowed(&key)).then_some(nearest.1))
}

/// All options of one macro, for a message.
pub(crate) fn all(place: Place) -> String {
    let known = TABLE.iter().filter(|spec| spec.is_known_to(place));
    known
        .map(|spec| format!("`{}`", spec.name))
        .collect::<Vec<_>>()
        .join(", ")
}

/// How many slips of the pen a name of this length may have.
fn allowed(key: &str) -> usize {
    key.chars().count() / 3
}

/// Levenshtein's distance.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (j, b) in to.iter().enumerate() {
            let above = row[j + 1];
            let here = (diagonal + usize::from(a != *b))
                .min(above + 1)
                .min(left + 1);
            row[j] = left;
            (diagonal, left) = (above, here);
        }
        row[to.len()] = left;
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::{Place, distance, meant};
    use proc_macro2::{Ident, Span};

    #[test]
    fn distances() {
        for (from, to, expected) in [
            ("timout", "timeout", 1),
            ("", "on", 2),
            ("on", "", 2),
            ("deadlien", "deadline", 2),
        ] {
            assert_eq!(distance(from, to), expected, "{from} → {to}");
        }
    }

    #[test]
    fn what_an_unknown_name_stands_for() {
        for (key, expected) in [
            ("timout", Some("timeout")),
            ("Timeout", Some("timeout")),
            ("signal", Some("on")),
            ("budgte", Some("budget")),
            ("grave", Some("grace")),
            ("if", Some("unless")),
            ("idl", Some("idle")),
            ("read_timeout", Some("idle")),
            ("on_cancel", Some("cleanup")),
            ("retries", None),
            ("x", None),
            // An option of the other macro is not suggested.
            ("nestd", None),
        ] {
            let key = Ident::new(key, Span::call_site());
            assert_eq!(meant(&key, Place::Attribute), expected, "{key}");
        }
    }
}
