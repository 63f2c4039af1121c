use fence::block::fenced;

async fn wait() {}

async fn f() {
    let stop = fence::Event::new();
    let _ = fenced!(Some(stop), timeout = "5s", wait());
}

fn main() {
    let _ = f();
}
