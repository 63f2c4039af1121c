use fence::block::fenced;

async fn wait() {}

// The name says that it returns nothing: the type does not let it.
macro_rules! info {
    ($text:literal) => {
        return $text
    };
}

async fn f() -> &'static str {
    let _ = fenced!(timeout = "30s", {
        wait().await;
        if true {
            info!("text");
        }
        "value"
    });
    ""
}

fn main() {
    let _ = f();
}
