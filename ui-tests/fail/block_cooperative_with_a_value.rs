use fence::block::fenced;

async fn f() {
    let _ = fenced!(cooperative = "yes", std::future::ready(()));
}

fn main() {}
