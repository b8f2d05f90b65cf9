//! The reader over memory that is made up: as an interpreter lays it out, and as one that means harm would.

use std::{
    cell::{Cell, RefCell},
    ops::Range,
};

use proptest::prelude::*;

use super::{
    Functions, Interpreter, Reader, Readiness, Refusal, Symbols, Version, examine,
    interpreter::untagged,
    objects::text,
    offsets::{self, COOKIE, Entry, Instructions, Offsets, Position},
};
use crate::profile::{
    frames::{Interpreted, Moment, memory::Memory},
    raw::RawFrame,
};

const BASE: u64 = 0x10_0000;
const SIZE: usize = 1 << 16;
const TID: u32 = 4711;

struct Arena {
    bytes: Vec<u8>,
    used: usize,
    reads: Cell<usize>,
}

impl Memory for Arena {
    fn read(&self, address: u64, buffer: &mut [u8]) -> bool {
        self.reads.set(self.reads.get() + 1);
        let start = address.wrapping_sub(BASE) as usize;
        match start.checked_add(buffer.len()).and_then(|end| self.bytes.get(start..end)) {
            Some(bytes) => {
                buffer.copy_from_slice(bytes);
                true
            }
            None => false,
        }
    }

    fn words(&self, addresses: &[u64], words: &mut [u64]) -> bool {
        addresses.iter().zip(words).all(|(&address, word)| {
            let mut bytes = [0; 8];
            let read = self.read(address, &mut bytes);
            *word = u64::from_le_bytes(bytes);
            read
        })
    }
}

impl Arena {
    fn new() -> Self {
        Self { bytes: vec![0; SIZE], used: 64, reads: Cell::new(0) }
    }

    fn room(&mut self, size: usize) -> u64 {
        let at = self.used.next_multiple_of(16);
        self.used = at + size;
        BASE + at as u64
    }

    fn put(&mut self, address: u64, bytes: &[u8]) {
        let start = (address - BASE) as usize;
        self.bytes[start..start + bytes.len()].copy_from_slice(bytes);
    }

    fn word(&mut self, address: u64, word: u64) {
        self.put(address, &word.to_le_bytes());
    }

    fn text(&mut self, offsets: &Offsets, text: &str) -> u64 {
        let object = self.room(128);
        self.word(object, 1);
        self.word(object + offsets.text.length, text.len() as u64);
        self.put(object + offsets.text.state, &(1_u32 << 2 | 1 << 5 | 1 << 6).to_le_bytes());
        self.put(object + offsets.text.ascii, text.as_bytes());
        object
    }

    fn code(&mut self, offsets: &Offsets, code_type: u64, name: &str, table: &[u8]) -> u64 {
        let (file, name) = (self.text(offsets, "a.py"), self.text(offsets, name));
        let lines = self.room(64);
        self.word(lines + offsets.text.bytes_size, table.len() as u64);
        self.put(lines + offsets.text.bytes, table);
        let object = self.room(256);
        self.word(object, 1);
        self.word(object + offsets::OB_TYPE, code_type);
        self.word(object + offsets::OB_SIZE, 16);
        self.word(object + offsets.code.file, file);
        self.word(object + offsets.code.name, name);
        self.word(object + offsets.code.lines, lines);
        self.put(object + offsets.code.first_line, &10_u32.to_le_bytes());
        if let Instructions::Object(at) = offsets.code.instructions {
            let bytes = self.room(128);
            self.word(bytes + offsets.text.bytes_size, 32);
            self.word(object + at, bytes);
        }
        object
    }
}

fn instructions(arena: &Arena, offsets: &Offsets, code: u64) -> u64 {
    match offsets.code.instructions {
        Instructions::Inside(at) => code + at,
        Instructions::Object(at) => {
            let mut bytes = [0; 8];
            assert!(arena.read(code + at, &mut bytes));
            u64::from_le_bytes(bytes) + offsets.text.bytes
        }
    }
}

/// A frame, innermost first: its code, the index of its instruction, whether an evaluation function begins there.
struct Call(u64, u64, bool);

struct Made {
    arena: Arena,
    symbols: Symbols,
    offsets: Offsets,
    thread: u64,
    innermost: u64,
    /// Where the innermost frame's address stands.
    frame_place: u64,
    codes: Vec<u64>,
    functions: RefCell<Functions>,
}

/// An interpreter of a version with one thread that runs `inner`, called by `outer`, called by C, called by `inner`.
fn made(minor: u8) -> Made {
    let version = Version { major: 3, minor };
    let offsets = offsets::fixed(version).unwrap();
    let mut arena = Arena::new();
    let (runtime, hex, code_type) = (arena.room(64), arena.room(8), arena.room(8));
    arena.word(hex, 3 << 24 | u64::from(minor) << 16);
    let (interpreter, thread) = (arena.room(512), arena.room(512));
    arena.word(runtime + offsets.interpreters, interpreter);
    arena.word(interpreter + offsets.threads, thread);
    arena.word(thread + offsets.thread.interpreter, interpreter);
    match offsets.thread.native_id {
        Some(place) => arena.word(thread + place, TID.into()),
        None => {
            let pthread = arena.room(1024);
            arena.word(thread + offsets.thread.pthread, pthread);
            arena.put(pthread + 720, &TID.to_le_bytes());
        }
    }
    // Two instructions of line 10, the rest of line 11: in the format of the version.
    let table: &[u8] = match minor {
        9 => &[4, 1],
        10 => &[4, 0, 12, 1],
        _ => &[0x81, 0, 0x80 | 11 << 3 | 5, 0, 0],
    };
    let codes: Vec<u64> =
        ["inner", "Outer.call"].map(|name| arena.code(&offsets, code_type, name, table)).into();
    let calls = [Call(codes[0], 3, false), Call(codes[1], 0, true), Call(codes[0], 1, true)];
    let chunk = arena.room(1024);
    let mut innermost = 0;
    for (i, Call(code, index, entry)) in calls.into_iter().enumerate().rev() {
        if entry && let Entry::Shim(owner) = offsets.frame.entry {
            let shim = arena.room(128);
            arena.word(shim + offsets.frame.previous, innermost);
            arena.put(shim + owner, &[offsets::FIRST_SHIM]);
            innermost = shim;
        }
        let frame = chunk + 128 * (6 - i as u64);
        arena.word(frame + offsets.frame.previous, innermost);
        arena.word(frame + offsets.frame.code, code);
        let position = match offsets.frame.kind {
            Position::Index { unit } => index * 2 / unit as u64,
            Position::Address => instructions(&arena, &offsets, code) + index * 2,
        };
        arena.word(frame + offsets.frame.position, position);
        if let Entry::Flag(at) = offsets.frame.entry {
            arena.put(frame + at, &[u8::from(entry)]);
        }
        innermost = frame;
    }
    if let Some(place) = offsets.thread.chunk {
        arena.word(thread + place, chunk);
    }
    let frame_place = match offsets.thread.indirect {
        Some(offset) => {
            let cframe = arena.room(32);
            arena.word(thread + offsets.thread.frame, cframe);
            cframe + offset
        }
        None => thread + offsets.thread.frame,
    };
    arena.word(frame_place, innermost);
    let symbols = Symbols {
        runtime: runtime - BASE,
        version: (minor > 10).then_some(hex - BASE),
        code_type: code_type - BASE,
        minor,
        ..Symbols::default()
    };
    Made { arena, symbols, offsets, thread, innermost, frame_place, codes, functions: RefCell::default() }
}

impl Made {
    fn reader(&self) -> Reader {
        match examine(&self.arena, &self.symbols, BASE) {
            Readiness::Ready(interpreter) => Reader::new(*interpreter),
            other => panic!("{other:?}"),
        }
    }

    fn read(&self, reader: &mut Reader, words: &[u64]) -> (Interpreted, Vec<String>) {
        let mut functions = self.functions.borrow_mut();
        assert!(reader.capture(&self.arena, TID));
        let read = reader
            .frames(&self.arena, Moment { registers: words, ..Moment::default() }, &mut functions)
            .unwrap();
        let list = functions.clone().into_list();
        let name = |frame: &RawFrame| match *frame {
            RawFrame::Python { function, line } => {
                let function = &list[function as usize];
                format!("{} {}:{line}", function.name, function.file)
            }
            other => format!("{other:?}"),
        };
        let names = read.frames.iter().map(name).collect();
        (read, names)
    }
}

#[test]
fn each_version_is_read_by_its_own_table() {
    for minor in 9..=12 {
        let made = made(minor);
        let (read, names) = made.read(&mut made.reader(), &[]);
        assert_eq!(names, ["inner a.py:11", "Outer.call a.py:10", "inner a.py:10"], "3.{minor}");
        let groups: &[usize] = if minor < 11 { &[1, 1, 1] } else { &[2, 1] };
        assert_eq!(read.groups, groups, "3.{minor}");
        assert!(read.sure, "3.{minor}");
    }
}

#[test]
fn other_threads_have_no_frames() {
    let made = made(12);
    assert!(!made.reader().capture(&made.arena, TID + 1));
}

#[test]
fn what_the_sample_shows_decides_which_function_is_innermost() {
    for minor in 9..=12 {
        let made = made(minor);
        let mut reader = made.reader();
        made.read(&mut reader, &[]);
        // The reader came late: at the sample, the other function was about to execute its fourth instruction.
        let next = instructions(&made.arena, &made.offsets, made.codes[1]) + 6;
        let (read, names) = made.read(&mut reader, &[7, next]);
        assert_eq!(names[0], "Outer.call a.py:11", "3.{minor}");
        // Where one evaluation function runs both, what it had called then was not there yet.
        let calls = if minor < 11 { 3 } else { 2 };
        assert!(read.sure && names.len() == calls, "3.{minor}: {names:?}");
        assert!(!made.read(&mut reader, &[7]).0.sure, "nothing bears it out");
    }
}

#[test]
fn the_beginning_that_the_evaluation_function_keeps_outweighs_other_addresses() {
    let made = made(10);
    let mut reader = made.reader();
    made.read(&mut reader, &[]);
    let start = |code: usize| instructions(&made.arena, &made.offsets, made.codes[code]);
    // A caller's next instruction stands before it on the stack.
    let stack = [start(0) + 4, start(1), start(0) + 2];
    assert!(reader.capture(&made.arena, TID));
    let moment = Moment {
        registers: &[7],
        stack: &stack,
        evaluations: 3,
        fresh: true,
        compiled: false,
        ..Moment::default()
    };
    let read = reader.frames(&made.arena, moment, &mut made.functions.borrow_mut()).unwrap();
    assert_eq!(read.frames[0], RawFrame::Python { function: 1, line: 10 });
    assert!(read.sure && read.frames.len() == 3);
}

#[test]
fn a_call_that_was_seen_before_is_put_back_inside_of_its_caller() {
    let mut made = made(12);
    let mut reader = made.reader();
    let next = |made: &Made, code: usize| instructions(&made.arena, &made.offsets, made.codes[code]) + 4;
    // `inner` is being executed, called by `Outer.call`.
    made.read(&mut reader, &[next(&made, 0)]);
    // Read again after it has returned.
    let outer = made.innermost - 128;
    made.arena.word(made.frame_place, outer);
    let (read, names) = made.read(&mut reader, &[next(&made, 0)]);
    assert_eq!(names, ["inner a.py:10", "Outer.call a.py:10", "inner a.py:10"]);
    assert_eq!((&read.groups[..], read.sure), (&[2, 1][..], true));
}

#[test]
fn what_earlier_calls_left_on_the_stack_makes_a_late_reading_doubtful() {
    let made = made(12);
    let mut reader = made.reader();
    made.read(&mut reader, &[]);
    let at = |code: usize| instructions(&made.arena, &made.offsets, made.codes[code]) + 4;
    let mut sure = |stack: &[u64], fresh: bool| {
        assert!(reader.capture(&made.arena, TID));
        let moment =
            Moment { registers: &[7], stack, evaluations: 2, fresh, compiled: false, ..Moment::default() };
        reader.frames(&made.arena, moment, &mut made.functions.borrow_mut()).unwrap().sure
    };
    assert!(sure(&[at(0)], false));
    assert!(sure(&[at(1), at(0)], true));
    assert!(!sure(&[at(1), at(0)], false));
    assert!(!sure(&[9], true));
}

#[test]
fn calls_that_began_or_ended_meanwhile_are_made_up_for() {
    let made = made(12);
    let mut reader = made.reader();
    made.read(&mut reader, &[]);
    let next = |code: usize| instructions(&made.arena, &made.offsets, made.codes[code]) + 4;
    let mut fit = |registers: &[u64], evaluations: usize| {
        assert!(reader.capture(&made.arena, TID));
        let moment = Moment { registers, evaluations, ..Moment::default() };
        reader.frames(&made.arena, moment, &mut made.functions.borrow_mut()).unwrap()
    };
    let fewer = fit(&[next(0)], 1);
    assert_eq!((fewer.frames.len(), &fewer.groups[..], fewer.sure), (1, &[1][..], true));
    let more = fit(&[next(1)], 3);
    assert_eq!((&more.groups[..], more.sure), (&[1, 2, 1][..], true));
    assert_eq!(more.frames[0], RawFrame::Python { function: 1, line: 10 });
    assert!(!fit(&[7], 3).sure);
}

#[test]
fn several_calls_that_have_ended_are_put_back_where_each_has_its_own_place_on_the_stack() {
    let made = made(10);
    let mut reader = made.reader();
    made.read(&mut reader, &[]);
    let start = |code: usize| instructions(&made.arena, &made.offsets, made.codes[code]);
    // Read: `inner` in `Outer.call` in `inner`; at the sample, `Outer.call` had called `inner`, and that `Outer.call`.
    let own = |code: usize| vec![start(code), start(code) + 4];
    let mut fit = |callers: &[Vec<u64>]| {
        assert!(reader.capture(&made.arena, TID));
        let moment = Moment { registers: &[7], stack: &own(1), callers, evaluations: 6, ..Moment::default() };
        reader.frames(&made.arena, moment, &mut made.functions.borrow_mut()).unwrap()
    };
    let whole = fit(&[own(0), own(1), own(0)]);
    let functions: Vec<u32> = whole
        .frames
        .iter()
        .map(|frame| match *frame {
            RawFrame::Python { function, .. } => function,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(functions, [1, 0, 1, 0, 1, 0]);
    assert_eq!((&whole.groups[..], whole.sure), (&[1; 6][..], true));
    assert!(!fit(&[own(0), own(1), own(1)]).sure, "another one stands around them than was read");
    assert!(!fit(&[own(0)]).sure, "one is not known");
}

#[test]
fn memory_given_to_another_code_object_is_noticed() {
    let mut made = made(11);
    let mut reader = made.reader();
    made.read(&mut reader, &[]);
    let other = made.arena.text(&made.offsets, "another");
    let place = made.codes[0] + made.offsets.code.name;
    made.arena.word(place, other);
    assert_eq!(made.read(&mut reader, &[]).1[0], "another a.py:11");
}

#[test]
fn a_chain_without_end_is_cut_and_read_with_less_effort_for_a_while() {
    for minor in [9, 12] {
        let mut made = made(minor);
        let mut reader = made.reader();
        let place = made.innermost + made.offsets.frame.previous;
        made.arena.word(place, made.innermost);
        let (read, names) = made.read(&mut reader, &[]);
        assert!(read.frames.len() <= 4096 && !read.sure);
        assert_eq!(names.first().map(String::as_str), Some("inner a.py:11"), "3.{minor}");
        let before = made.arena.reads.get();
        let (read, names) = made.read(&mut reader, &[]);
        assert!(read.frames.len() <= 64 && !read.sure);
        assert_eq!(names.first().map(String::as_str), Some("inner a.py:11"), "3.{minor}");
        let reads = made.arena.reads.get() - before;
        assert!(reads <= 32, "{reads}");
    }
}

#[test]
fn a_deep_recursion_is_read_by_the_page() {
    const DEPTH: u64 = 300;
    for minor in [9, 12] {
        let mut made = made(minor);
        let mut reader = made.reader();
        let (offsets, code) = (made.offsets, made.codes[0]);
        let frames = made.arena.room(128 * DEPTH as usize);
        let frame = |i: u64| frames + 128 * (DEPTH - 1 - i);
        for i in 0..DEPTH {
            let previous = if i + 1 < DEPTH { frame(i + 1) } else { made.innermost };
            made.arena.word(frame(i) + offsets.frame.previous, previous);
            made.arena.word(frame(i) + offsets.frame.code, code);
            if let Position::Address = offsets.frame.kind {
                let first = instructions(&made.arena, &offsets, code);
                made.arena.word(frame(i) + offsets.frame.position, first);
            }
        }
        made.arena.word(made.frame_place, frame(0));
        assert!(reader.capture(&made.arena, TID));
        let before = made.arena.reads.get();
        let (read, _) = made.read(&mut reader, &[]);
        assert_eq!(read.frames.len(), DEPTH as usize + 3, "3.{minor}");
        assert!(read.sure);
        let reads = made.arena.reads.get() - before;
        assert!(reads < 60, "3.{minor}: {reads} reads");
    }
}

#[test]
fn only_a_known_and_proved_layout_is_ready() {
    let refusal = |made: &Made| match examine(&made.arena, &made.symbols, BASE) {
        Readiness::Refused(refusal) => Some(refusal),
        _ => None,
    };
    let mut unknown = made(12);
    let hex = BASE + unknown.symbols.version.unwrap();
    for (minor, known) in [(12, true), (16, false), (8, false)] {
        unknown.arena.word(hex, 3 << 24 | minor << 16);
        let expected = Refusal::Unknown(Version { major: 3, minor: minor as u8 });
        assert_eq!(refusal(&unknown), (!known).then_some(expected));
    }
    // It says 3.11, and is laid out as 3.12.
    unknown.arena.word(hex, 3 << 24 | 11 << 16);
    assert_ne!(
        format!("{:?}", examine(&unknown.arena, &unknown.symbols, BASE)).split('(').next(),
        Some("Ready")
    );
    let mut wrong = made(12);
    wrong.arena.word(wrong.thread + wrong.offsets.thread.interpreter, 8);
    assert_eq!(refusal(&wrong), Some(Refusal::Different(Version { major: 3, minor: 12 })));
}

#[test]
fn an_interpreter_without_a_global_lock_is_refused_by_name() {
    let mut made = made(12);
    let hex = BASE + made.symbols.version.unwrap();
    made.arena.word(hex, 3 << 24 | 14 << 16);
    let runtime = made.arena.room(1024);
    made.symbols.runtime = runtime - BASE;
    made.arena.put(runtime, COOKIE);
    made.arena.word(runtime + 8, 3 << 24 | 14 << 16);
    made.arena.word(runtime + 16, 1);
    let Readiness::Refused(refusal) = examine(&made.arena, &made.symbols, BASE) else { panic!() };
    assert_eq!(refusal.to_string(), "it is a free-threaded build of Python 3.14");
}

#[test]
fn references_lose_their_marks() {
    assert_eq!(untagged(0x1001), 0x1000);
}

/// Words of which many lead back into the arena.
fn hostile_words() -> impl Strategy<Value = Vec<u64>> {
    let inside: Range<u64> = BASE..BASE + SIZE as u64;
    let word = prop_oneof![
        4 => inside.prop_map(|address| address & !7),
        2 => 0..64_u64,
        1 => any::<u64>(),
        1 => Just(u64::from(TID)),
    ];
    prop::collection::vec(word, 512)
}

#[test]
fn what_was_given_back_is_no_text() {
    let offsets = offsets::fixed(Version { major: 3, minor: 11 }).unwrap();
    let mut arena = Arena::new();
    let object = arena.text(&offsets, "a");
    assert_eq!(text(&arena, &offsets, object).as_deref(), Some("a"));
    for link in [0, 0x7f12_3456_7890] {
        arena.word(object, link);
        assert_eq!(text(&arena, &offsets, object), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn hostile_memory_ends_bounded(words in hostile_words(), minor in 9..=12_u8, entry in 0..512_u64) {
        let mut arena = Arena::new();
        for (i, chunk) in arena.bytes.chunks_exact_mut(8).enumerate() {
            let word = words[(i * 7 + i / 512) % words.len()];
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        let version = Version { major: 3, minor };
        let offsets = offsets::fixed(version).unwrap();
        let interpreter = Interpreter { offsets, runtime: BASE + entry * 8, code_type: words[0], version };
        let mut reader = Reader::new(interpreter);
        let mut functions = Functions::default();
        for _ in 0..3 {
            if reader.capture(&arena, TID) {
                let read = reader.frames(&arena, Moment { registers: &words[..15], stack: &words, evaluations: 0, fresh: false, compiled: false, ..Moment::default() }, &mut functions);
                let frames = read.map_or(0, |read| read.frames.len());
                prop_assert!(frames <= 4096);
            }
        }
        let symbols = Symbols { runtime: entry * 8, version: Some(entry * 8), code_type: 8, ..Symbols::default() };
        examine(&arena, &symbols, BASE);
        prop_assert!(arena.reads.get() < 200_000, "{} reads", arena.reads.get());
    }

    #[test]
    fn a_hostile_description_gives_offsets_in_bounds_or_none(words in prop::collection::vec(any::<u64>(), 0..100), minor in 13..=15_u8) {
        let description = offsets::description(Version { major: 3, minor }).unwrap();
        if let Some(offsets) = description.offsets(&words) {
            prop_assert!(offsets.frame.size <= 4104 && offsets.code.size <= 4104);
        }
    }
}
