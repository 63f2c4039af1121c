use fence::{Fenced, fenced};

async fn wait() {}

#[fenced(timeout = "30s")]
async fn f() -> u8 {
    wait().await;
    5
}

async fn g() {
    match f() {
        Fenced::Completed(_) | Fenced::Cancelled(_) => {}
    }
}

fn main() {
    let _ = g();
}
