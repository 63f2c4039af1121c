use fence::block::fenced;

async fn wait() {}

async fn f() {
    let _ = fenced!(cleanup("x", "2s"), { wait().await });
}

fn main() {
    let _ = f();
}
