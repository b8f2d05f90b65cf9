//! The samples of a file, one at a time.

use pprof::protos::{self as proto, Message};
use rustc_hash::FxHashMap;

use super::{
    Draft, File, Functions, Values, limit,
    parts::Parts,
    tables::{broken, damaged},
    threads::{Threads, Told},
    wire::{field, fields},
};
use crate::profile::model::{Builder, Frame, Function, Origin, Sample, StackId, Waiting};

/// So many lists of locations or labels are remembered.
const MOST_KNOWN: usize = 1 << 21;
/// Name of the stack of a sample that has none.
const NO_STACK: &str = "[no stack]";

/// Adds the samples to `draft` and returns notes about them.
pub(super) fn read(
    file: &File<'_, '_>,
    values: &Values,
    functions: &Functions,
    draft: &mut Draft<'_, '_>,
) -> Result<Vec<String>, String> {
    let File { plain, own, limits, .. } = *file;
    let mut threads = Threads::of(file, &mut draft.builder)?;
    let mut stacks = Stacks::new(functions, limits.stacks);
    let mut message = Decoded::default();
    // By bytes of the file, which are not copied for that.
    let mut known_stacks: FxHashMap<&[u8], StackId> = FxHashMap::default();
    let mut known_labels: FxHashMap<&[u8], Told> = FxHashMap::default();
    let (mut samples, mut negative) = (0, 0);
    let (mut total_count, mut total_weight, mut total_wait) = (0, 0, 0);
    for f in fields(plain) {
        let f = f.map_err(broken)?;
        if f.number != field::SAMPLE {
            continue;
        }
        limit(samples, limits.samples, "samples")?;
        samples += 1;
        message.next();
        let parts = Parts::of(f.bytes).filter(|parts| parts.values(&mut message.sample.value).is_some());
        if parts.is_none() {
            message.decode(f.bytes)?;
        }
        let (count, weight_ns) = values.get(&message.sample.value, &mut negative)?;
        if count == 0 && weight_ns == 0 && own.recording.is_none() {
            continue;
        }
        total_count = add(total_count, count)?;
        total_weight = add(total_weight, weight_ns)?;
        let stack = match parts.and_then(|parts| known_stacks.get(parts.locations)) {
            Some(&stack) => stack,
            None => {
                message.decode(f.bytes)?;
                let stack = stacks.get(&message.sample.location_id, &mut draft.builder)?;
                remember(&mut known_stacks, parts.map(|parts| parts.locations), stack);
                stack
            }
        };
        let told = match parts.and_then(|parts| known_labels.get(parts.labels)) {
            Some(&told) => told,
            None => {
                message.decode(f.bytes)?;
                let told = threads.get(&message.sample.label, draft)?;
                remember(&mut known_labels, parts.map(|parts| parts.labels), told);
                told
            }
        };
        let Told { thread, time, gil, wait } = told;
        let bucket = own.recording.as_ref().map_or(0, |line| time / line.bucket_ns.max(1));
        let bucket = u32::try_from(bucket).unwrap_or(u32::MAX);
        if let Some((wait, _)) = wait.zip(own.recording.as_ref().filter(|line| line.waiting)) {
            let ns = values.wait_ns(&message.sample.value);
            total_wait = add(total_wait, ns)?;
            draft.builder.waiting(Waiting { bucket, thread, stack, wait, ns });
            continue;
        }
        draft.builder.sample(Sample { bucket, thread, stack, gil, count, weight_ns });
    }
    let note =
        || format!("{} count as 0", crate::units::plural(negative, "negative value", "negative values"));
    Ok((negative > 0).then(note).into_iter().chain(threads.note()?).collect())
}

/// Remembers what bytes mean; in a hostile file none are like others, and then everything is forgotten now and then.
fn remember<'a, T>(known: &mut FxHashMap<&'a [u8], T>, bytes: Option<&'a [u8]>, meaning: T) {
    if known.len() >= MOST_KNOWN {
        known.clear();
    }
    known.extend(bytes.map(|bytes| (bytes, meaning)));
}

/// A sample that is decoded once, if at all.
#[derive(Default)]
struct Decoded {
    sample: proto::Sample,
    done: bool,
}

impl Decoded {
    fn next(&mut self) {
        self.done = false;
    }

    fn decode(&mut self, bytes: &[u8]) -> Result<(), String> {
        if !std::mem::replace(&mut self.done, true) {
            self.sample.clear();
            self.sample.merge(bytes).map_err(|_| damaged())?;
        }
        Ok(())
    }
}

/// Sums that readers of the profile can add up again.
fn add(total: u64, value: u64) -> Result<u64, String> {
    let sum = total.checked_add(value).filter(|&sum| sum <= i64::MAX as u64);
    sum.ok_or_else(|| "damaged: its values add up to more than a profile can hold".into())
}

/// Makes stacks of lists of locations.
pub(super) struct Stacks<'f> {
    functions: &'f Functions,
    /// Location and stack of each step of the sample before, outermost first: samples of one thread share most of them.
    path: Vec<(u64, StackId)>,
    limit: usize,
}

impl<'f> Stacks<'f> {
    /// `limit` is the number of distinct stacks that are allowed.
    pub(super) fn new(functions: &'f Functions, limit: usize) -> Self {
        Self { functions, path: Vec::new(), limit }
    }

    /// The stack of these locations (ids, innermost first).
    pub(super) fn get(&mut self, locations: &[u64], builder: &mut Builder) -> Result<StackId, String> {
        let outermost_first = || locations.iter().rev().copied();
        let shared = self.path.iter().zip(outermost_first()).take_while(|((a, _), b)| a == b).count();
        self.path.truncate(shared);
        let mut stack = self.path.last().map(|(_, stack)| *stack);
        for id in outermost_first().skip(shared) {
            let position = self.functions.position(id)?;
            for &frame in self.functions.frames(position).iter().rev() {
                let pushed = builder.stack(stack, frame);
                limit(pushed.index(), self.limit, "distinct stacks")?;
                stack = Some(pushed);
            }
            if let Some(stack) = stack {
                self.path.push((id, stack));
            }
        }
        Ok(stack.unwrap_or_else(|| no_stack(builder)))
    }
}

fn no_stack(builder: &mut Builder) -> StackId {
    let (name, file) = (builder.string(NO_STACK), builder.string(""));
    let function = builder.function(Function {
        name,
        system_name: name,
        file,
        start_line: 0,
        module: None,
        origin: Origin::Marker,
        language: Default::default(),
    });
    let frame = builder.frame(Frame { function, line: 0, inlined: false });
    builder.stack(None, frame)
}
