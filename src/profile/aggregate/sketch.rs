//! Small profiles for tests, written down as folded stacks.

use crate::profile::model::{
    Builder, Frame, Function, Gil, Language, Module, Origin, Process, Profile, Recording, Sample, Thread,
};

/// Weight of a sample in a sketched profile.
pub(crate) const SAMPLE_NS: u64 = 1_000_000;

/// A profile of one thread from lines such as `main;work@a.c:12;~inlined@a.h:3;[truncated] 5`: a frame is a name and, after an `@`,
/// file and line; `~` marks an inlined one, `k:` the kernel's, `py:` a Python one, brackets a marker. The last number counts samples of 1 ms.
pub(crate) fn profile(lines: &str) -> Profile {
    recorded(lines, Recording::default())
}

/// The same with a recording's facts.
pub(crate) fn recorded(lines: &str, recording: Recording) -> Profile {
    let mut b = Builder::new();
    let name = b.string("app");
    let process = b.process(Process { pid: 100, parent_pid: 1, name });
    let thread = b.thread(Thread { process, tid: 100, name });
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (stack, count) = line.rsplit_once(' ').unwrap();
        let mut id = None;
        for text in stack.split(';') {
            let frame = frame(&mut b, text);
            id = Some(b.stack(id, frame));
        }
        let count = count.parse().unwrap();
        b.sample(Sample {
            bucket: 0,
            thread,
            stack: id.unwrap(),
            gil: Gil::Unknown,
            count,
            weight_ns: count * SAMPLE_NS,
        });
    }
    b.build(recording)
}

fn frame(b: &mut Builder, text: &str) -> crate::profile::model::FrameId {
    let (text, inlined) = text.strip_prefix('~').map_or((text, false), |text| (text, true));
    let (text, origin) = match (text.strip_prefix("k:"), text.strip_prefix("py:")) {
        (Some(text), _) => (text, Origin::Kernel),
        (_, Some(text)) => (text, Origin::Python),
        _ if text.starts_with('[') => (text, Origin::Marker),
        _ => (text, Origin::Native),
    };
    let (name, place) = text.split_once('@').unwrap_or((text, ""));
    let (file, line) = place.rsplit_once(':').unwrap_or((place, "0"));
    let module = match origin {
        Origin::Kernel => "[kernel]",
        Origin::Native => "/usr/bin/app",
        Origin::Python | Origin::Marker => "",
    };
    let (name, file, path, build_id) = (b.string(name), b.string(file), b.string(module), b.string(""));
    let module = (!module.is_empty()).then(|| b.module(Module { path, build_id }));
    let function = b.function(Function {
        name,
        system_name: name,
        file,
        start_line: 0,
        module,
        origin,
        language: Language::Unknown,
    });
    b.frame(Frame { function, line: line.parse().unwrap(), inlined })
}
