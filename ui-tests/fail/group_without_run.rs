#![deny(unused_must_use)]

fn main() {
    fence::group();
    fence::try_group::<String>();
}
