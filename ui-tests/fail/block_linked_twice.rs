use fence::block::fenced;

async fn wait() {}

async fn f() {
    let _ = fenced!(linked, linked, { wait().await });
}

fn main() {
    let _ = f();
}
