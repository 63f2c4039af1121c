use fence::block::fenced;

async fn wait() {}

async fn f() {
    let _ = fenced!();
}

fn main() {
    let _ = f();
}
