use fence::fenced;
struct S;
#[fenced(timeout = "30s")]
impl S {
    async fn f() {}
}

fn main() {}
