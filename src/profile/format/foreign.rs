//! Building a profile from what another tool has written, within bounds.

use rustc_hash::FxHashMap;

use super::{guess, limit};
use crate::profile::{
    model::{
        Builder, Frame, FrameId, Function, FunctionId, Gil, Module, Origin, Process, Profile, Recording,
        Sample, StackId, StrId, Thread, ThreadId,
    },
    process::samples::Samples,
};

/// Bounds on what a file may make of itself; far over what recordings need.
const MOST_STACKS: usize = 1 << 24;
const MOST_ENTRIES: usize = 1 << 22;
/// Bytes of all distinct texts.
const MOST_TEXT: usize = 1 << 29;
/// Where a sample stands for a number alone, it is taken for so much time: a table of zeros would say less.
pub(super) const COUNT_NS: u64 = 1_000_000;
/// What is said of it then.
pub(super) const COUNT_NOTE: &str =
    "the file has numbers of samples and no times: each sample is taken for 1 ms";

/// Nanoseconds that the samples of a file may stand for in all; a little less than a profile can hold, as it is a sum of fractions.
pub(super) const LARGEST: f64 = (1_u64 << 62) as f64;
/// What is said of numbers that would be samples of centuries.
pub(super) const TIMES_NOTE: &str =
    "the file has numbers too large for samples: they are taken for nanoseconds";

/// Sums that readers of the profile can add up again.
///
/// # Errors
/// When it is more than that.
pub(super) fn whole(sum: u64) -> Result<u64, String> {
    if sum <= i64::MAX as u64 {
        return Ok(sum);
    }
    Err("damaged: its values add up to more than a profile can hold".into())
}

/// What a file says of a function; empty and 0 where it does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Described<'a> {
    pub(super) name: &'a str,
    pub(super) file: &'a str,
    pub(super) start_line: u32,
    pub(super) module: &'a str,
    /// `None` to tell it by the names.
    pub(super) origin: Option<Origin>,
}

/// A profile in the making.
#[derive(Debug)]
pub(super) struct Import {
    out: Builder,
    samples: Samples,
    /// Distinct texts so far, and their bytes.
    strings: usize,
    text: usize,
    threads: Vec<ThreadId>,
    thread_numbers: FxHashMap<ThreadId, u32>,
    /// Times of the first and the last sample in the file's own counting.
    span: Option<(u64, u64)>,
    /// Samples, and what they stand for.
    total: (u64, u64),
    /// What weights are multiplied with in the end.
    scale: u64,
}

impl Default for Import {
    fn default() -> Self {
        Self {
            out: Builder::default(),
            samples: Samples::default(),
            strings: 0,
            text: 0,
            threads: Vec::new(),
            thread_numbers: FxHashMap::default(),
            span: None,
            total: (0, 0),
            scale: 1,
        }
    }
}

impl Import {
    fn string(&mut self, text: &str) -> Result<StrId, String> {
        let id = self.out.string(text);
        // Ids are dense: this one is new.
        if id.index() == self.strings {
            self.strings += 1;
            self.text = self.text.saturating_add(text.len());
            limit(self.text, MOST_TEXT, "bytes of names")?;
        }
        Ok(id)
    }

    /// The id of a function.
    ///
    /// # Errors
    /// When there are too many.
    pub(super) fn function(&mut self, described: Described<'_>) -> Result<FunctionId, String> {
        let Described { name, file, start_line, module, origin } = described;
        let path = match module {
            "[kernel.kallsyms]" | "[kernel]" | "[guest.kernel.kallsyms]" => "[kernel]",
            path => path,
        };
        let function = Function {
            name: self.string(name)?,
            system_name: self.string(name)?,
            file: self.string(file)?,
            start_line,
            module: match path {
                "" => None,
                path => {
                    let (path, build_id) = (self.string(path)?, self.string("")?);
                    Some(self.out.module(Module { path, build_id }))
                }
            },
            origin: origin.unwrap_or_else(|| guess::origin(name, file, path)),
            language: guess::language(name, file),
        };
        let id = self.out.function(function);
        limit(id.index(), MOST_ENTRIES, "functions")?;
        Ok(id)
    }

    /// The id of a place in a function.
    ///
    /// # Errors
    /// When there are too many.
    pub(super) fn frame(
        &mut self,
        function: FunctionId,
        line: u32,
        inlined: bool,
    ) -> Result<FrameId, String> {
        let id = self.out.frame(Frame { function, line, inlined });
        limit(id.index(), MOST_ENTRIES, "places in functions")?;
        Ok(id)
    }

    /// The id of a frame on top of its caller's stack.
    ///
    /// # Errors
    /// When there are too many.
    pub(super) fn stack(&mut self, caller: Option<StackId>, frame: FrameId) -> Result<StackId, String> {
        let id = self.out.stack(caller, frame);
        limit(id.index(), MOST_STACKS, "distinct stacks")?;
        Ok(id)
    }

    /// The stack of a sample without frames.
    ///
    /// # Errors
    /// As [`stack`](Self::stack).
    pub(super) fn no_stack(&mut self) -> Result<StackId, String> {
        let function = self.function(Described {
            name: "[no stack]",
            origin: Some(Origin::Marker),
            ..Described::default()
        })?;
        let frame = self.frame(function, 0, false)?;
        self.stack(None, frame)
    }

    /// The id of a thread; ids are 0 where they are not known.
    ///
    /// # Errors
    /// When there are too many.
    pub(super) fn thread(
        &mut self,
        (pid, process): (u32, &str),
        (tid, name): (u32, &str),
    ) -> Result<ThreadId, String> {
        let (process, name) = (self.string(process)?, self.string(name)?);
        let process = self.out.process(Process { pid, parent_pid: 0, name: process });
        let id = self.out.thread(Thread { process, tid, name });
        limit(id.index(), MOST_ENTRIES, "threads")?;
        Ok(id)
    }

    /// Adds samples at a time, in nanoseconds on any clock, 0 where times are not known.
    pub(super) fn sample(
        &mut self,
        time_ns: u64,
        thread: ThreadId,
        stack: StackId,
        count: u64,
        weight_ns: u64,
    ) {
        let (first, last) = self.span.unwrap_or((time_ns, time_ns));
        self.span = Some((first, last.max(time_ns)));
        let next = self.threads.len() as u32;
        let number = *self.thread_numbers.entry(thread).or_insert_with(|| {
            self.threads.push(thread);
            next
        });
        let time = time_ns.saturating_sub(first);
        self.total = (self.total.0.saturating_add(count), self.total.1.saturating_add(weight_ns));
        self.samples.add_many(time, number, stack, Gil::Unknown, (count, weight_ns));
    }

    /// Nanoseconds between the first sample and the last.
    pub(super) fn span_ns(&self) -> u64 {
        self.span.map_or(0, |(first, last)| last - first)
    }

    /// Takes weights for numbers of things that take so many nanoseconds each; whether they can be, or are too large for that.
    pub(super) fn scale(&mut self, ns: u64) -> bool {
        let fits = self.total.1.checked_mul(ns).is_some_and(|sum| sum <= i64::MAX as u64);
        if fits {
            self.scale = ns;
        }
        fits
    }

    /// The profile. `backend` is the tool or format it comes from. Where samples have no times there is one bucket.
    ///
    /// # Errors
    /// When the samples add up to more than other formats can hold.
    pub(super) fn finish(mut self, backend: &str, recording: Recording) -> Result<Profile, String> {
        whole(self.total.0)?;
        whole(self.total.1)?;
        let timed = self.span_ns() > 0;
        let bucket_ns = if timed { self.samples.bucket_ns() } else { recording.duration_ns };
        for row in self.samples.into_rows().samples {
            let Some(&thread) = self.threads.get(row.thread as usize) else { continue };
            self.out.sample(Sample {
                bucket: row.bucket,
                thread,
                stack: row.stack,
                gil: row.gil,
                count: row.count,
                weight_ns: row.weight_ns.saturating_mul(self.scale),
            });
        }
        let mut profile = self.out.build(Recording { bucket_ns, ..recording });
        guess::complete(&mut profile, backend);
        Ok(profile)
    }
}
