//! Nothing lost: a grader that is killed, interrupted, out of disk or started twice, and notebooks that mean harm.
//! The program's own `grade` runs in processes of their own, mostly with made-up values in place of the kernel.

mod child;
mod ci;
mod class;
mod damage;
mod gradescope;
mod hostile;
mod interchange;
mod kill;
mod late;
mod page;
mod regrade;
