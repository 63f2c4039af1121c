use fence::fenced;

async fn wait() {}

#[fenced(unless("stop", move || busy.get()))]
async fn f(busy: std::cell::Cell<bool>) {
    wait().await
}

fn main() {}
