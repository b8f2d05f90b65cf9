//! The program that is profiled: starting it, finding it, passing signals on to it, learning how it ended. It must not notice
//! that it is watched.

mod attach;
mod child;
mod cpu_time;
mod launch;
mod launch_hint;

pub use attach::{Running, running_tree, thread_count, threads_of};
pub use child::{Change, Child, Ended};
pub use cpu_time::{CpuTime, charged};
pub use launch::{Launch, LaunchError, Redirect};
pub use launch_hint::launch_hint;
