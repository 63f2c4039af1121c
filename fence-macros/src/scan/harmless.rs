//! Macros of which the name says enough.

/// They await nothing, and leave nothing.
const PLAIN: &[&str] = &[
    "addr_of",
    "addr_of_mut",
    "assert",
    "assert_eq",
    "assert_matches",
    "assert_ne",
    "cfg",
    "column",
    "concat",
    "dbg",
    "debug",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "debug_span",
    "env",
    "eprint",
    "eprintln",
    "error",
    "error_span",
    "event",
    "file",
    "format",
    "format_args",
    "include_bytes",
    "include_str",
    "info",
    "info_span",
    "json",
    "line",
    "matches",
    "module_path",
    "option_env",
    "print",
    "println",
    "span",
    "stringify",
    "trace",
    "trace_span",
    "vec",
    "warn",
    "warn_span",
    "write",
    "writeln",
];

/// They leave nothing but what their arguments leave.
const TRANSPARENT: &[&str] = &[
    "fenced",
    "join",
    "panic",
    "pin",
    "select",
    "select_biased",
    "todo",
    "try_join",
    "unimplemented",
    "unreachable",
];

/// Whether the macro surely awaits nothing by itself. Any unknown one might.
pub(crate) fn awaits_nothing(name: &str) -> bool {
    PLAIN.contains(&name)
}

/// Whether the macro surely leaves neither the function nor a loop by itself. A macro of the same
/// name that does so is noticed by the compiler, as the type does not fit.
pub(crate) fn returns_nothing(name: &str) -> bool {
    PLAIN.contains(&name) || TRANSPARENT.contains(&name)
}
