use fence::fenced;

async fn wait() {}

#[fenced(timeout = "30s")]
const fn f() {
    
}

fn main() {}
