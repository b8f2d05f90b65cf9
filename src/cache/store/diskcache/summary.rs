//! A cache as a whole, from its settings and one pass over its rows.

use super::DiskStore;
use crate::cache::{
    Error,
    model::{Summary, Timestamp},
    store::{By, Pulse},
};

/// The cache as a whole.
pub(super) fn summary(_store: &DiskStore, _now: Timestamp, _by: Option<By>) -> Result<Summary, Error> {
    Ok(Summary::default())
}

/// How things stand now.
pub(super) fn pulse(store: &DiskStore, now: Timestamp) -> Result<Pulse, Error> {
    let mut pulse = Pulse::default();
    let (mut hits, mut misses) = (0, 0);
    let mut counts = true;
    for part in &store.parts {
        let connection = &part.database.connection;
        let read = || {
            let settings = super::Settings::read(connection)?;
            let expired: u64 = connection
                .prepare_cached("SELECT count(*) FROM Cache WHERE expire_time < ?1")?
                .query_row([now.seconds()], |row| row.get(0))?;
            let pages: u64 = connection.query_row(
                "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
                [],
                |row| row.get(0),
            )?;
            Ok((settings, expired, pages))
        };
        let (settings, expired, pages) = read().map_err(|error| part.error(error))?;
        pulse.entries += settings.number("count").unwrap_or(0);
        pulse.bytes += pages + settings.number("size").unwrap_or(0);
        pulse.expired += expired;
        counts &= settings.counts();
        hits += settings.number("hits").unwrap_or(0);
        misses += settings.number("misses").unwrap_or(0);
    }
    (pulse.hits, pulse.misses) = if counts { (Some(hits), Some(misses)) } else { (None, None) };
    Ok(pulse)
}
