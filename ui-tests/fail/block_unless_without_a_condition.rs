use fence::block::fenced;

async fn wait() {}

async fn f() {
    let _ = fenced!(unless("stop"), { wait().await });
}

fn main() {
    let _ = f();
}
