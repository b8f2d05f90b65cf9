//! Large recordings, the same every time.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
};

use hotcold::profile::{
    format::pprof,
    model::{
        Builder, Frame, FrameId, Function, Gil, Language, Module, Origin, Process, Recording, Sample, Thread,
    },
};

const FUNCTIONS: u32 = 3_000;
const STACKS: usize = 20_000;
/// Distinct stacks of a pprof file.
const MANY_STACKS: usize = 100_000;
const DEEPEST: usize = 60;
const THREADS: u32 = 4;

/// Writes one sample: the file, its number, its stack's number, functions outermost first.
pub(crate) type Write = fn(&mut BufWriter<File>, u64, usize, &[u32]) -> std::io::Result<()>;

/// Numbers without a pattern (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// Distinct stacks that share their outer frames, as those of a program do.
fn stacks(count: usize, random: &mut Random) -> Vec<Vec<u32>> {
    let mut stacks = vec![vec![0]];
    while stacks.len() < count {
        let mut stack = stacks[random.below(stacks.len())].clone();
        stack.truncate(1 + random.below(stack.len().min(DEEPEST)));
        for _ in 0..1 + random.below(24) {
            stack.push(1 + random.below(FUNCTIONS as usize - 1) as u32);
        }
        stacks.push(stack);
    }
    stacks
}

fn name(function: u32) -> String {
    let part =
        ["alloc::vec::Vec<T,A>", "core::iter::adapters::map::Map<I,F>", "std::sys::thread", "app::store"];
    format!("{}::step_{function}", part[function as usize % part.len()])
}

/// A text of about so many bytes.
pub(crate) fn text(path: &Path, bytes: usize, write: Write) {
    let mut random = Random(88_172_645_463_325_252);
    let stacks = stacks(STACKS, &mut random);
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path).expect("a file can be made"));
    for number in 0.. {
        if number % 1000 == 0 && std::fs::metadata(path).is_ok_and(|about| about.len() >= bytes as u64) {
            break;
        }
        let stack = random.below(stacks.len());
        write(&mut out, number, stack, &stacks[stack]).expect("the file can be written");
    }
    out.flush().expect("the file can be written");
}

/// A line of folded stacks.
pub(crate) fn folded(
    out: &mut BufWriter<File>,
    number: u64,
    _: usize,
    functions: &[u32],
) -> std::io::Result<()> {
    for (i, &function) in functions.iter().enumerate() {
        write!(out, "{}{}", if i > 0 { ";" } else { "" }, name(function))?;
    }
    writeln!(out, " {}", 1 + number % 7)
}

/// A sample as `perf script` prints it.
pub(crate) fn perf_script(
    out: &mut BufWriter<File>,
    number: u64,
    stack: usize,
    functions: &[u32],
) -> std::io::Result<()> {
    let (second, micros) = (100 + number / 1000, number % 1000 * 1000);
    let tid = 4000 + number % u64::from(THREADS);
    writeln!(out, "app  4000/{tid} [001] {second}.{micros:06}:    1000000 cpu-clock:pppH: ")?;
    for (depth, &function) in functions.iter().enumerate().rev() {
        // As many places in all as in a tenth of it, in which each stack stands a few times.
        let offset = 16 + (stack as u64 * 31 + depth as u64) % 5 * 8;
        let address = 0x5555_5555_0000 + u64::from(function) * 256 + offset;
        writeln!(out, "\t    {address:x} {}+{offset:#x} (/usr/lib/app/libapp.so.1)", name(function))?;
    }
    writeln!(out)
}

/// A file of the save format with so many samples, no two of one thread, stack and time.
pub(crate) fn pprof(path: &Path, samples: u32, change: u64) {
    let mut random = Random(88_172_645_463_325_252);
    let mut out = Builder::new();
    let (module, empty) = (out.string("/usr/lib/app/libapp.so.1"), out.string(""));
    let module = out.module(Module { path: module, build_id: empty });
    let frames: Vec<FrameId> = (0..FUNCTIONS)
        .map(|n| {
            let (name, file) = (out.string(&name(n)), out.string(&format!("src/part_{}.rs", n / 20)));
            let function = out.function(Function {
                name,
                system_name: name,
                file,
                start_line: n % 20 * 30 + 1,
                module: Some(module),
                origin: Origin::Native,
                language: Language::Rust,
            });
            out.frame(Frame { function, line: n % 20 * 30 + 7, inlined: false })
        })
        .collect();
    let stacks: Vec<_> = (stacks(MANY_STACKS, &mut random).into_iter())
        .map(|stack| {
            let push = |caller, &function: &u32| Some(out.stack(caller, frames[function as usize]));
            stack.iter().fold(None, push).expect("frames")
        })
        .collect();
    let process = out.process(Process { pid: 4000, parent_pid: 1, name: empty });
    let threads: Vec<_> =
        (0..THREADS).map(|n| out.thread(Thread { process, tid: 4000 + n, name: empty })).collect();
    for number in 0..samples {
        let thread = threads[random.below(threads.len())];
        // Every stack once in each bucket.
        let (bucket, stack) = (number / MANY_STACKS as u32, number as usize % MANY_STACKS);
        let weight_ns = 1_000_000 + change * random.below(200_000) as u64;
        out.sample(Sample { bucket, thread, stack: stacks[stack], gil: Gil::Unknown, count: 1, weight_ns });
    }
    let duration_ns = u64::from(samples) * 1_000_000;
    let recording = Recording {
        backend: "perf".into(),
        rate_hz: 1000,
        bucket_ns: 1_000_000_000,
        duration_ns,
        ..Recording::default()
    };
    std::fs::write(path, pprof::write(&out.build(recording))).expect("the file can be written");
}
