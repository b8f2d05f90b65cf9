//! The samples of a file, one at a time.

use pprof::protos::{self as proto, Message};

use super::{
    Draft, File, Functions, Values, limit,
    tables::{broken, damaged},
    threads::{Threads, Told},
    wire::{field, fields},
};
use crate::profile::model::{Builder, Frame, Function, Origin, Sample, StackId, Waiting};

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
    let mut message = proto::Sample::default();
    let (mut samples, mut negative) = (0, 0);
    let (mut total_count, mut total_weight, mut total_wait) = (0, 0, 0);
    for f in fields(plain) {
        let f = f.map_err(broken)?;
        if f.number != field::SAMPLE {
            continue;
        }
        limit(samples, limits.samples, "samples")?;
        samples += 1;
        message.clear();
        message.merge(f.bytes).map_err(|_| damaged())?;
        let (count, weight_ns) = values.get(&message.value, &mut negative)?;
        if count == 0 && weight_ns == 0 && own.recording.is_none() {
            continue;
        }
        total_count = add(total_count, count)?;
        total_weight = add(total_weight, weight_ns)?;
        let stack = stacks.get(&message.location_id, &mut draft.builder)?;
        let Told { thread, time, gil, wait } = threads.get(&message.label, draft)?;
        let bucket = own.recording.as_ref().map_or(0, |line| time / line.bucket_ns.max(1));
        let bucket = u32::try_from(bucket).unwrap_or(u32::MAX);
        if let Some((wait, _)) = wait.zip(own.recording.as_ref().filter(|line| line.waiting)) {
            let ns = values.wait_ns(&message.value);
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
