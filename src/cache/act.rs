//! Carries out a plan, the very one that was shown.
