use fence::fenced;

#[fenced(timeout = "30s")]
struct S;

fn main() {}
