use fence::fenced;

#[fenced(timeout = "30s")]
trait T {}

fn main() {}
