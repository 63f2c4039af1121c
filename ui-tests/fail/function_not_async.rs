use fence::fenced;

async fn wait() {}

#[fenced(timeout = "30s")]
fn f() {
    
}

fn main() {}
