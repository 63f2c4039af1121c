//! What is bound around code, and what code asks of it.

mod checks;
mod context;
mod offers;
