//! Functions of many kinds, without a warning.

#![deny(warnings, missing_docs, clippy::pedantic)]

use fence::fenced;
use std::fmt::Display;

async fn wait() {}

/// Documented.
pub struct Server {
    name: String,
}

impl Server {
    /// Documented.
    #[fenced(timeout = "5s")]
    pub async fn name(&self) -> &str {
        wait().await;
        &self.name
    }

    /// Documented.
    #[fenced(timeout = "5s")]
    pub async fn close(mut self, (first, _): (u8, u8), _ignored: u8) -> String {
        wait().await;
        self.name.push_str(&first.to_string());
        self.name
    }
}

/// Documented.
#[fenced(timeout = "5s")]
pub async fn unit(_: u8, mut count: String) {
    count.push('!');
    wait().await;
    drop(count);
}

/// Documented.
#[fenced(timeout = "5s")]
#[must_use]
pub async fn show<T: Display + ?Sized>(value: &T) -> impl Display {
    wait().await;
    if value.to_string().is_empty() {
        return String::from("empty");
    }
    value.to_string()
}

/// Documented.
///
/// # Safety
///
/// None.
#[fenced(timeout = "5s")]
pub async unsafe fn dangerous() {
    wait().await;
}

#[fenced(timeout = "5s")]
#[allow(unused_must_use)]
async fn allowed() {
    std::thread::sleep(std::time::Duration::ZERO);
}

#[fenced(timeout = "5s")]
async fn stub() -> u8 {
    if true {
        wait().await;
    }
    tokio::task::spawn_blocking(|| std::thread::sleep(std::time::Duration::ZERO)).await.ok();
    5
}

fn main() {
    let server = Server { name: String::new() };
    drop((server.name(), unit(1, String::new()), show("x"), allowed(), stub()));
    drop(server.close((1, 2), 3));
}
