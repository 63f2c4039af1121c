use fence::block::fenced;

async fn wait() {}

async fn f() {
    loop {
        let _ = fenced!(timeout = "30s", {
            tokio::select! {
                () = wait() => return,
                () = wait() => break,
                _ = wait() => Some(())?,
            }
        });
    }
}

fn main() {
    let _ = f();
}
