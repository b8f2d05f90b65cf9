//! A cache as a whole, for people and as JSON.
