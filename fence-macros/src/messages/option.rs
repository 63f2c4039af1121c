//! About single options.

use super::{at, here, write_it};
use crate::grammar::{Spec, Value};
use proc_macro2::{Ident, Span};
use quote::ToTokens;
use syn::Error;

/// What a time limit looks like, wherever one is missing or wrong.
const LIMIT: &str = r#"write a string such as `"30s"`, or an expression of type `Duration`"#;
const INSTANT: &str =
    "write an expression of type `Instant`, such as `Instant::now() + Duration::from_secs(30)`";

pub(crate) fn unknown(key: &Ident, meant: Option<&str>, all: &str) -> Error {
    let help = match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("the options are {all}"),
    };
    at(key, format!("unknown option `{key}`"), help)
}

pub(crate) fn twice(key: &Ident, first: &Ident, spec: &Spec) -> Error {
    let help = match spec.value {
        Value::Trigger => {
            r#"list the triggers in one option: `on = ["shutdown", "disconnect"]`"#.to_owned()
        }
        Value::Limit | Value::Instant if spec.has_code() => {
            format!(
                "keep one of them, or give the other a code: `{}`",
                spec.coded
            )
        }
        _ => "keep one of them".to_owned(),
    };
    let mut error = at(key, format!("`{key}` is given twice"), help);
    error.combine(Error::new(
        first.span(),
        format!("`{first}` is first given here"),
    ));
    error
}

/// A cooperative fence never drops its body, so nothing would come after the grace.
pub(crate) fn grace_and_cooperative(key: &Ident) -> Error {
    at(
        key,
        "`grace` and `cooperative` exclude each other",
        "leave out `cooperative` to drop the body after the grace, or `grace` to never drop it",
    )
}

pub(crate) fn value_missing(key: &Ident, spec: &Spec) -> Error {
    let what = match spec.value {
        Value::Condition => "a code and a condition",
        _ => "a value",
    };
    at(key, format!("`{key}` needs {what}"), write_it(spec))
}

pub(crate) fn value_unwanted(key: &Ident, value: Span) -> Error {
    here(
        value,
        format!("`{key}` takes no value"),
        format!("write `{key}` alone"),
    )
}

/// `timeout: "5s"`, `timeout => "5s"`.
pub(crate) fn no_equals(key: &Ident, sign: Span, spec: &Spec) -> Error {
    here(
        sign,
        format!("the value of `{key}` comes after `=`"),
        write_it(spec),
    )
}

/// `timeout["5s"]`, `name("x")`.
pub(crate) fn wrong_bracket(key: &Ident, bracket: Span, spec: &Spec) -> Error {
    here(
        bracket,
        format!("`{key}` takes its value after `=`"),
        write_it(spec),
    )
}

/// `timeout("5s")`, `on(self.stop)`, `on("a", x, y)`.
pub(crate) fn bracket_needs_two(key: &Ident, bracket: Span, spec: &Spec) -> Error {
    here(
        bracket,
        format!("`{key}(…)` takes a code and a value"),
        format!(
            "{}, or with a code of its own `{}`",
            write_it(spec),
            spec.coded
        ),
    )
}

pub(crate) fn wrong_block(key: &Ident, spec: &Spec) -> Error {
    let name = spec.name;
    match name {
        "nested" => at(
            key,
            "`nested` belongs to the block `fenced!(nested, …)`",
            "leave it out: a fenced function may call another one",
        ),
        "try" => at(
            key,
            "`try` belongs to the attribute `#[fenced(…, try)]`",
            "in a block, write `fenced!(…).into_result()?`",
        ),
        _ => at(
            key,
            format!("`{name}` belongs to the attribute `#[fenced(…)]`"),
            "leave it out: the block finds its crate by itself",
        ),
    }
}

pub(crate) fn bare_literal(literal: &syn::Lit, is_time: bool) -> Error {
    let value = literal.to_token_stream();
    let help = match literal {
        syn::Lit::Str(_) if is_time => format!("write `timeout = {value}`"),
        syn::Lit::Str(_) => format!("write `on = {value}`"),
        _ => r#"write `timeout = "30s"`"#.to_owned(),
    };
    at(literal, "options are written `key = value`", help)
}

pub(crate) fn not_an_option(span: Span) -> Error {
    here(
        span,
        "expected an option",
        r#"options are written `key = value`: `timeout = "30s"`"#,
    )
}

pub(crate) fn comma_missing(span: Span) -> Error {
    here(
        span,
        "expected `,` between options",
        r#"write `timeout = "30s", on = "shutdown"`"#,
    )
}

pub(crate) fn empty_text(key: &Ident, literal: impl ToTokens) -> Error {
    match key.to_string().as_str() {
        "on" => at(
            literal,
            "the name of the trigger is empty",
            r#"name the trigger: `on = "shutdown"`"#,
        ),
        _ => at(
            literal,
            format!("the {key} is empty"),
            format!(r#"write `{key} = "fetch"`, or leave it out"#),
        ),
    }
}

pub(crate) fn empty_code(key: &Ident, literal: impl ToTokens, spec: &Spec) -> Error {
    at(
        literal,
        format!("the code of `{key}` is empty"),
        format!("write `{}`", spec.coded),
    )
}

pub(crate) fn empty_list(list: impl ToTokens) -> Error {
    at(
        list,
        "`on` lists no trigger",
        r#"write `on = ["shutdown", "disconnect"]`"#,
    )
}

/// The value cannot be what the option wants, whatever its type.
pub(crate) fn wrong_kind(key: &Ident, value: impl ToTokens, spec: &Spec) -> Error {
    let (wants, help) = match spec.value {
        Value::Limit => ("a duration", LIMIT),
        Value::Instant => ("an instant", INSTANT),
        Value::Trigger => (
            "a trigger",
            r#"write the name of an event, `on = "shutdown"`, or an expression, `on = SHUTDOWN`"#,
        ),
        Value::Condition => ("a condition", "write a closure such as `|| BUSY.is_set()`"),
        Value::Text => ("a name", r#"write a string such as `"fetch"`"#),
        Value::Switch => ("`true` or `false`", "write `inherit = false`"),
        Value::Path => ("a path", "write `crate = renamed`"),
        Value::Flag => ("no value", "write it alone"),
    };
    at(value, format!("`{key}` needs {wants}"), help)
}

pub(crate) fn duration_as_deadline(value: impl ToTokens) -> Error {
    at(
        value,
        "`deadline` is an instant, not a duration",
        r#"for a duration write `timeout = "30s"` or `budget = "30s"`"#,
    )
}

/// `on = format!("…")`, `on = self.0`, `on = triggers[0]`.
pub(crate) fn no_code(expression: impl ToTokens) -> Error {
    at(
        expression,
        "no code can be derived from this trigger",
        r#"give it one: `on("code", …)`"#,
    )
}

/// `on("stop", "shutdown")`.
pub(crate) fn named_under_code(literal: impl ToTokens) -> Error {
    at(
        literal,
        "a trigger given by name has that name as its code",
        r#"write `on = "shutdown"`, or give the trigger itself: `on("stop", SHUTDOWN)`"#,
    )
}

/// The 65th `on = "…"`.
pub(crate) fn too_many_names(key: &Ident, name: impl ToTokens) -> Error {
    at(
        name,
        format!("`{key}` takes at most 64 names"),
        "bind the others around the call: `Fencing::new().on(…).bind(…)`",
    )
}

/// `timeout("5s", "db")`.
pub(crate) fn code_comes_first(key: &Ident, value: impl ToTokens, spec: &Spec) -> Error {
    at(
        value,
        format!("the code of `{key}` comes before its value"),
        format!("write `{}`", spec.coded),
    )
}
