//! Text of others in one line of ours.

use std::fmt::{self, Write};

/// Passes text on with what would begin a new line, or steer a terminal, escaped: a cause that
/// comes from outside must not forge a line of a log.
pub(crate) struct OneLine<W>(pub(crate) W);

impl<W: Write> Write for OneLine<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(steers) {
            let (plain, after) = rest.split_at(at);
            self.0.write_str(plain)?;
            let mut chars = after.chars();
            for char in chars.by_ref().take(1) {
                write!(self.0, "{}", char.escape_default())?;
            }
            rest = chars.as_str();
        }
        self.0.write_str(rest)
    }
}

/// Control characters, what separates lines, and what turns the direction of writing.
fn steers(char: char) -> bool {
    char.is_control() || matches!(char, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
