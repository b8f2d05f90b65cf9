//! `hotcold cache watch`.

use std::{
    io::Write,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use super::{
    Streams,
    args::Global,
    cache_clock, cache_filters, cache_open,
    live_terminal::{Ends, Event, Screen, Suspends},
    table_options::style_out,
};
use crate::{
    cache::{
        Error,
        meter::Meter,
        model::Timestamp,
        store::{Access, Store},
    },
    render::{
        Style,
        cache::watch::{self, View},
    },
};

/// Watch a cache at work
///
/// Shows entries, size, expired entries, and what happens each second: hits and misses, where the cache counts them, and writes. Only
/// reads. Where standard output is no terminal, prints a line for each look.
#[derive(clap::Args, Debug)]
#[command(before_long_help = "\
Examples:
  hotcold cache watch ~/.cache/app
  hotcold cache watch --interval 10s --count 6 DIR | tee log
  hotcold cache watch --json DIR | jq .hits_per_s")]
pub(super) struct Args {
    /// Directory of the cache
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Look every D
    #[arg(long, value_name = "D", value_parser = interval, default_value = "1s")]
    interval: Duration,
    /// End after N looks
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = cache_filters::duration(text)?;
    if interval < Duration::from_millis(50) { Err("less than 50ms".to_owned()) } else { Ok(interval) }
}

pub(super) fn run(
    args: &Args,
    global: &Global,
    now: Timestamp,
    streams: &mut Streams,
) -> anyhow::Result<ExitCode> {
    let store = cache_open::open(&args.dir, Access::Look, &[], streams)?;
    let watch = Watch { args, store: store.as_ref(), start: Instant::now(), now };
    let ends = Ends::new()?;
    let end = if streams.terminal.out && !global.json {
        watch.on_screen(&ends, style_out(streams))?
    } else {
        watch.in_lines(&ends, global.json, streams)?
    };
    if let Event::Signal(signal) = end {
        // As if it had never been taken in.
        signal_hook::low_level::emulate_default_handler(signal)?;
    }
    Ok(ExitCode::SUCCESS)
}

struct Watch<'a> {
    args: &'a Args,
    store: &'a dyn Store,
    start: Instant,
    now: Timestamp,
}

impl Watch<'_> {
    /// How things stand; an error if the cache has vanished, which its open database does not tell.
    fn look(&self, meter: &mut Meter) -> Result<View<'_>, Error> {
        let dir = &self.args.dir;
        std::fs::metadata(dir).map_err(|source| Error::Read { path: dir.clone(), source })?;
        let elapsed = self.start.elapsed().as_secs_f64();
        let at =
            Timestamp::from_seconds((self.now.seconds() + elapsed).floor()).unwrap_or_else(cache_clock::now);
        let pulse = self.store.pulse(at)?;
        let rates = meter.look(elapsed, pulse);
        Ok(View { kind: self.store.kind(), root: self.store.root(), at, pulse, rates })
    }

    fn is_last(&self, looks: u64) -> bool {
        self.args.count.is_some_and(|count| looks >= count)
    }

    fn on_screen(&self, ends: &Ends, style: Style) -> anyhow::Result<Event> {
        let mut meter = Meter::default();
        // The first look may fail, which belongs on the ordinary screen.
        let mut view = self.look(&mut meter)?;
        let screen = Screen::open(Suspends::No)?;
        let (mut looks, mut due) = (1, Instant::now() + self.args.interval);
        loop {
            let (columns, rows) = Screen::size();
            let style = Style { width: Some(columns), ..style };
            screen.draw(&watch::screen(&view, &meter, usize::from(rows), style))?;
            if self.is_last(looks) {
                return Ok(Event::Quit);
            }
            match ends.wait(due, screen.has_keys()) {
                // The same once more, as it fits now.
                Event::Resized => {}
                Event::Tick => {
                    view = self.look(&mut meter)?;
                    (looks, due) = (looks + 1, Instant::now() + self.args.interval);
                }
                end => return Ok(end),
            }
        }
    }

    fn in_lines(&self, ends: &Ends, json: bool, streams: &mut Streams) -> anyhow::Result<Event> {
        let mut meter = Meter::default();
        if !json {
            watch::titles(&mut streams.out)?;
        }
        for looks in 1.. {
            let view = self.look(&mut meter)?;
            if json {
                watch::json(&view, &mut streams.out)?;
            } else {
                watch::line(&view, &mut streams.out)?;
            }
            streams.out.flush()?;
            if self.is_last(looks) {
                break;
            }
            let due = Instant::now() + self.args.interval;
            let event = loop {
                match ends.wait(due, false) {
                    Event::Resized => {}
                    event => break event,
                }
            };
            if event != Event::Tick {
                return Ok(event);
            }
        }
        Ok(Event::Quit)
    }
}
