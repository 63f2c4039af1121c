use fence::block::fenced;

async fn wait() {}

async fn f() {
    let _ = fenced!(unless(|| true), { wait().await });
}

fn main() {
    let _ = f();
}
