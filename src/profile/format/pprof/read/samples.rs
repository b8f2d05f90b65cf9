//! The samples of a file.

use super::{
    Draft, File, Functions, Values, cut, limit,
    scan::Samples,
    threads::{Threads, Told},
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
    let File { scanned, own, .. } = *file;
    let mut threads = Threads::of(file, &mut draft.builder)?;
    let mut stacks = Stacks::new(file, functions);
    let mut told: Vec<Option<Told>> = vec![None; scanned.samples.labels.len()];
    let mut own_values = Vec::new();
    let mut negative = 0;
    let (mut total_count, mut total_weight, mut total_wait) = (0, 0, 0);
    for sample in scanned.samples.iter() {
        cut::values(sample.values, &mut own_values)?;
        let (count, weight_ns) = values.get(&own_values, &mut negative)?;
        if count == 0 && weight_ns == 0 && own.recording.is_none() {
            continue;
        }
        total_count = add(total_count, count)?;
        total_weight = add(total_weight, weight_ns)?;
        let stack = stacks.get(sample.locations, &mut draft.builder)?;
        let told = match told.get(sample.labels as usize) {
            Some(&Some(told)) => told,
            _ => {
                let labels = cut::labels(scanned.samples.labels.get(sample.labels))?;
                let new = threads.get(&labels, draft)?;
                told.get_mut(sample.labels as usize).map(|told| told.insert(new));
                new
            }
        };
        let Told { thread, time, gil, wait } = told;
        let bucket = own.recording.as_ref().map_or(0, |line| time / line.bucket_ns.max(1));
        let bucket = u32::try_from(bucket).unwrap_or(u32::MAX);
        if let Some((wait, _)) = wait.zip(own.recording.as_ref().filter(|line| line.waiting)) {
            let ns = values.wait_ns(&own_values);
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

/// Makes stacks of the distinct lists of locations.
pub(super) struct Stacks<'f> {
    samples: &'f Samples,
    functions: &'f Functions,
    /// By number of the list.
    known: Vec<Option<StackId>>,
    /// Location and stack of each step of the list before, outermost first: samples of one thread share most of them.
    path: Vec<(u64, StackId)>,
    locations: Vec<u64>,
    limit: usize,
}

impl<'f> Stacks<'f> {
    pub(super) fn new(file: &File<'f, '_>, functions: &'f Functions) -> Self {
        let samples = &file.scanned.samples;
        let known = vec![None; samples.locations.len()];
        let limit = file.limits.stacks;
        Self { samples, functions, known, path: Vec::new(), locations: Vec::new(), limit }
    }

    /// The stack of the list with this number.
    pub(super) fn get(&mut self, list: u32, builder: &mut Builder) -> Result<StackId, String> {
        if let Some(&Some(known)) = self.known.get(list as usize) {
            return Ok(known);
        }
        let stack = self.add(list, builder)?;
        self.known.get_mut(list as usize).map(|known| known.insert(stack));
        Ok(stack)
    }

    fn add(&mut self, list: u32, builder: &mut Builder) -> Result<StackId, String> {
        self.locations.clear();
        for id in cut::numbers(self.samples.locations.get(list)) {
            self.locations.push(id?);
        }
        let outermost_first = || self.locations.iter().rev().copied();
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
