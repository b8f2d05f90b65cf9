//! Pictures of what is no time: boxes are as wide as what they weigh, not as often as they were sampled.

use std::borrow::Cow;

use crate::profile::model::{Profile, Unit};

/// The profile with its weights as numbers of samples, unless they are time.
pub fn weighed(profile: &Profile) -> Cow<'_, Profile> {
    if profile.recording.unit == Unit::Nanoseconds {
        return Cow::Borrowed(profile);
    }
    let mut weighed = profile.clone();
    for sample in &mut weighed.samples {
        sample.count = sample.weight_ns;
    }
    Cow::Owned(weighed)
}
