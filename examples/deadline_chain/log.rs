//! What the services tell: how much time a request has where it arrives, and how it ended there.

use std::io::{self, Write};

use tokio::sync::mpsc;

/// A channel, so that whoever makes a request can wait for what is told of it.
pub fn new() -> (Log, Lines) {
    let (send, receive) = mpsc::unbounded_channel();
    (Log(send), Lines(receive))
}

#[derive(Clone)]
pub struct Log(mpsc::UnboundedSender<String>);

impl Log {
    /// Rounded up, so that the lines are the same each time.
    pub fn arrived(&self, at: &str) {
        let time = fence::remaining().map_or("no deadline".to_owned(), |time| {
            format!("up to {}ms", time.as_millis().div_ceil(100) * 100)
        });
        self.tell(format!("{at}: has {time}"));
    }

    pub fn ended(&self, at: &str, failure: Option<String>) {
        let how = failure.unwrap_or_else(|| "done".to_owned());
        self.tell(format!("{at}: {how}"));
    }

    pub fn tell(&self, line: String) {
        // Nobody listens once the program ends.
        let _ = self.0.send(line);
    }
}

pub struct Lines(mpsc::UnboundedReceiver<String>);

impl Lines {
    /// Waits for so many lines.
    pub async fn show(&mut self, count: usize) {
        for _ in 0..count {
            if let Some(line) = self.0.recv().await {
                say(&line);
            }
        }
    }

    /// Shows what there is already.
    pub fn show_ready(&mut self) {
        while let Ok(line) = self.0.try_recv() {
            say(&line);
        }
    }

    /// Waits for lines until no service is left.
    pub async fn show_all(&mut self) {
        while let Some(line) = self.0.recv().await {
            say(&line);
        }
    }
}

/// Does not panic where nobody reads any more.
pub fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
