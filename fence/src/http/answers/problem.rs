//! A problem in the form of RFC 9457, and the texts that carry a code over the wire.

use std::fmt::Write;

use http::StatusCode;

use crate::http::answers::table::CLIENT_CLOSED_REQUEST;

/// The body: what the status says anyway, and the code.
pub(super) fn body(status: StatusCode, code: &str) -> String {
    format!(
        r#"{{"type":"about:blank","title":{},"status":{},"code":{}}}"#,
        quoted(title(status)),
        status.as_u16(),
        quoted(code),
    )
}

/// With `about:blank` the title is that of the status.
fn title(status: StatusCode) -> &'static str {
    match status.canonical_reason() {
        Some(reason) => reason,
        None if status.as_u16() == CLIENT_CLOSED_REQUEST => "Client Closed Request",
        None => "Cancelled",
    }
}

/// A string of JSON.
fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => json.extend(['\\', char]),
            // Writing to a `String` cannot fail.
            '\0'..' ' => write!(json, "\\u{:04x}", u32::from(char)).unwrap_or_default(),
            _ => json.push(char),
        }
    }
    json.push('"');
    json
}

/// The value of `grpc-message`: what is not printable ASCII is escaped, and so is `%`.
pub(super) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => encoded.push(char::from(byte)),
            _ => write!(encoded, "%{byte:02X}").unwrap_or_default(),
        }
    }
    encoded
}
