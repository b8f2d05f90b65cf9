//! `hotcold cache prune --policy`.

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use super::{
    Streams,
    args::Global,
    cache_open,
    cache_removal::{self, Answer, RemovalArgs, Watch},
    exit, progress, table_options,
};
use crate::{
    cache::{
        Error, act,
        model::{Entry, Timestamp},
        policy::{
            file, find,
            plan::{self, CachePlan},
        },
        store::Store,
    },
    render::{
        cache::{
            list,
            policy::{Done, Run, describe, failures, has_failed, json, text, totals},
            removal,
        },
        text::escape,
    },
    signals::die_of,
    units,
};

/// Most entries of a cache of which a line tells why they could not be removed.
const MOST_TOLD: usize = 20;

pub(super) fn run(
    path: &Path,
    args: &RemovalArgs,
    global: &Global,
    now: Timestamp,
    streams: &mut Streams,
) -> anyhow::Result<ExitCode> {
    let places = cache_open::places();
    let opened = file::open(path, places.home.as_deref(), !args.dry_run)?;
    let found = find::find(&opened.policy, &places);
    for (path, error) in &found.skipped {
        streams.tell(&format!("{}: {}", escape(&path.to_string_lossy()), describe(error)));
    }
    let planned = plan::plan(&opened.policy, found, now, &*progress::working(streams));
    for one in &planned.caches {
        for warning in one.warnings.iter().chain(&one.unseen) {
            streams.warn(&shown(warning, streams));
        }
    }
    let place = Place { path, global };
    if args.dry_run { dry_run(place, &planned, streams) } else { carry_out(place, args, &planned, streams) }
}

/// Which policy it is, and how to tell of it.
#[derive(Clone, Copy)]
struct Place<'a> {
    path: &'a Path,
    global: &'a Global,
}

fn shown(text: &str, streams: &Streams) -> String {
    if streams.terminal.err { escape(text).into_owned() } else { text.to_owned() }
}

/// A policy of which nothing has been done.
fn undone<'a>(place: Place<'a>, planned: &'a plan::Outcome, dry: bool) -> Run<'a> {
    Run {
        policy: place.path,
        caches: planned.caches.iter().map(|plan| (plan, None)).collect(),
        volumes: planned.volumes.iter().map(|volume| (volume, None)).collect(),
        failed: &planned.failed,
        dry,
    }
}

fn dry_run(place: Place<'_>, planned: &plan::Outcome, streams: &mut Streams) -> anyhow::Result<ExitCode> {
    let run = undone(place, planned, true);
    if place.global.json {
        let ids: Result<Vec<_>, _> = planned.caches.iter().map(ids).collect();
        json(&mut streams.out, &run, Some(&ids?))?;
    } else {
        if place.global.verbose {
            for one in &planned.caches {
                list_entries(one, streams)?;
            }
        }
        let style = table_options::style_out(streams);
        text(&mut streams.out, &run, style)?;
    }
    Ok(code(&run))
}

fn ids(plan: &CachePlan) -> Result<Vec<String>, Error> {
    let mut ids = Vec::new();
    plan.each(&mut |_, entry| ids.push(entry.id.to_string()))?;
    Ok(ids)
}

fn list_entries(plan: &CachePlan, streams: &mut Streams) -> anyhow::Result<()> {
    let style = table_options::style_out(streams);
    let Some(now) = plan.plans.first().map(|plan| plan.now) else { return Ok(()) };
    let (out, mut table, mut written) = (&mut streams.out, None, Ok(()));
    let mut row = |store: &dyn Store, entry: &Entry| -> io::Result<()> {
        if table.is_none() {
            let root = plan.found.root.to_string_lossy();
            writeln!(out, "{}", if style.escape { escape(&root) } else { root.clone() })?;
        }
        let is_new = table.is_none();
        let table = table.get_or_insert_with(|| list::List::new(store.facts(), now, false, style));
        if is_new {
            table.header(out)?;
        }
        table.row(out, entry)
    };
    plan.each(&mut |store, entry| {
        if written.is_ok() {
            written = row(store, entry);
        }
    })?;
    written?;
    if table.is_some() {
        writeln!(streams.out)?;
    }
    Ok(())
}

fn carry_out(
    place: Place<'_>,
    args: &RemovalArgs,
    planned: &plan::Outcome,
    streams: &mut Streams,
) -> anyhow::Result<ExitCode> {
    let mut run = undone(place, planned, false);
    let entries: u64 = planned.caches.iter().map(CachePlan::entries).sum();
    if entries > 0 && !args.yes {
        let plan = undone(place, planned, true);
        let touched = planned.caches.iter().filter(|plan| plan.entries() > 0).count() as u64;
        let style = table_options::style_out(streams);
        text(&mut streams.out, &plan, style)?;
        streams.out.flush()?;
        let amount = removal::amount(entries, totals(&plan).1);
        match cache_removal::ask(streams, &amount, &units::plural(touched, "cache", "caches"))? {
            Answer::Yes => {}
            Answer::No => return Ok(ExitCode::FAILURE),
            Answer::Nobody => return Ok(exit::usage()),
        }
    }
    let mut watch = Watch::new();
    for (plan, done) in &mut run.caches {
        if !watch.go_on() {
            break;
        }
        if plan.entries() > 0 {
            *done = Some(carry_out_one(plan, args, &mut watch, streams));
        }
    }
    for (volume, free) in &mut run.volumes {
        *free = plan::free(&volume.path).ok();
    }
    let ended_by = watch.end();
    tell(&run, place.global, streams)?;
    if let Some(signal) = ended_by {
        streams.out.flush()?;
        die_of(signal);
    }
    Ok(code(&run))
}

fn carry_out_one(plan: &CachePlan, args: &RemovalArgs, watch: &mut Watch, streams: &mut Streams) -> Done {
    let mut done = Done::default();
    let store = match plan.found.open(args.access(), &plan.apps) {
        Ok(store) => store,
        Err(error) => return Done { error: Some(describe(&error)), ..done },
    };
    let progress = progress::working(streams);
    for plan in &plan.plans {
        let mut outcome = act::act(&*store, plan, args.pace(), &mut || watch.go_on(), &*progress);
        done.error = outcome.error.take().map(|error| describe(&error));
        done.outcomes.push(outcome);
        if done.error.is_some() || !watch.go_on() {
            return done;
        }
    }
    if args.vacuum {
        let refused = match store.reclaim() {
            Ok(reclaimed) => reclaimed.refused,
            Err(error) => Some(describe(&error)),
        };
        if let Some(why) = refused {
            let root = plan.found.root.to_string_lossy();
            streams.warn(&format!("{}: cannot give space back: {why}", escape(&root)));
        }
    }
    let root = plan.found.root.to_string_lossy();
    if let Some(aftermath) = store.aftermath().filter(|_| done.removed() > 0) {
        streams.note(&format!("{}: {aftermath}", escape(&root)));
    }
    for text in store.unseen() {
        streams.warn(&shown(&text, streams));
    }
    done
}

/// The summary, or only what failed.
fn tell(run: &Run<'_>, global: &Global, streams: &mut Streams) -> anyhow::Result<()> {
    for (plan, done) in run.caches.iter().filter_map(|(plan, done)| Some((plan, done.as_ref()?))) {
        let root = plan.found.root.to_string_lossy();
        for outcome in &done.outcomes {
            for (id, why) in outcome.failed.first.iter().take(MOST_TOLD) {
                streams.warn(&format!(
                    "{}: entry {}: {}",
                    escape(&root),
                    escape(&id.to_string()),
                    escape(why)
                ));
            }
            for (id, why) in outcome.refused.first.iter().take(MOST_TOLD) {
                streams.tell(&format!(
                    "{}: entry {} stays: {}",
                    escape(&root),
                    escape(&id.to_string()),
                    escape(why)
                ));
            }
        }
    }
    if global.json {
        json(&mut streams.out, run, None)?;
    } else if !streams.is_quiet() {
        let style = table_options::style_out(streams);
        text(&mut streams.out, run, style)?;
    }
    if global.json || streams.is_quiet() {
        let style = table_options::style_err(streams);
        failures(&mut streams.err, run, style)?;
    }
    Ok(())
}

/// What a run comes to.
fn code(run: &Run<'_>) -> ExitCode {
    let failed = run.caches.iter().filter(|(plan, done)| has_failed(plan, done.as_ref())).count();
    let nothing = failed == run.caches.len();
    let short = run.volumes.iter().any(|(volume, free)| free.is_some_and(|free| free < volume.wanted));
    let unseen = run.caches.iter().any(|(plan, _)| !plan.unseen.is_empty());
    match failed + run.failed.len() {
        0 if short || unseen => exit::partly(),
        0 => ExitCode::SUCCESS,
        _ if nothing => ExitCode::FAILURE,
        _ => exit::partly(),
    }
}
