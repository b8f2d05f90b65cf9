//! Files of other tools.
