//! Rows and trees of a [`Profile`](super::model::Profile). Pure.
