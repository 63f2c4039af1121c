use fence::block::fenced;

async fn wait() {}

macro_rules! twice {
    ($body:block) => {
        $body
        $body
    };
}

async fn f() {
    loop {
        let _ = fenced!(timeout = "30s", {
            wait().await;
            twice!({ break });
        });
    }
}

fn main() {
    let _ = f();
}
