//! What the grader and the sandbox say to each other: frames over two pipes, and the plan a box is built by.
//! The sandbox itself is the program `spikelab-box`; nothing here runs code of a student.

pub mod frame;
pub mod message;
pub mod plan;
pub mod tree;
