//! Waiting: what threads wait for, with which stack, and for how long.

pub(super) mod kind;
pub(super) mod look;
