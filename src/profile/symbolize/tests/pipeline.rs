//! From a whole recording to a whole profile.

use super::*;
use crate::profile::model::Origin;

#[test]
fn frames_without_files_become_markers() {
    let raw = recording(
        Vec::new(),
        &[&[RawFrame::Truncated, RawFrame::Anonymous, RawFrame::Unknown], &[at(5)], &[RawFrame::Kernel(9)]],
    );
    let profile = symbolize(&raw, &nowhere(), &Silent);
    assert_eq!(
        shown(&profile),
        [
            vec!["[truncated] :0", "[anonymous code] :0", "[unknown] :0"],
            vec!["[unknown] :0"],
            vec!["[kernel] :0"]
        ]
    );
    let facts = |name| (named(&profile, name).origin, named(&profile, name).module);
    assert_eq!(facts("[truncated]"), (Origin::Marker, None));
    assert_eq!(facts("[unknown]"), (Origin::Marker, None));
    assert_eq!(facts("[anonymous code]"), (Origin::Native, None));
}

#[test]
fn code_that_cannot_be_matched_is_never_named() {
    let Some(dir) = compile("cc", "inline.c", &["-g"]) else { return };
    let program = dir.path().join("prog");
    let plain = symbol(&program, "plain").start;
    let closed = ModuleFile { file: None, state: FileState::Unreadable, ..module(&program) };
    let other = RawFrame::Native { module: 1, address: plain };
    let raw = recording(
        vec![module(&program), closed],
        &[&[RawFrame::Unmatched { module: 0, offset: plain }], &[other]],
    );
    let profile = symbolize(&raw, &nowhere(), &Silent);
    let nameless = format!("prog+{plain:#x} :0");
    assert_eq!(shown(&profile), [[nameless]], "both stacks show the same");
    assert_eq!(
        profile.recording.notes,
        [format!("cannot read `{}`: its functions are shown as addresses", program.display())]
    );
}

#[test]
fn kernel_frames_are_named_from_kallsyms() {
    let dir = TempDir::new().unwrap();
    let kallsyms = dir.path().join("kallsyms");
    std::fs::write(&kallsyms, "ffffffff81000000 T do_work\nffffffffc0000000 t read_page\t[ext4]\n").unwrap();
    let stack = [0xffff_ffff_8100_0004, 0xffff_ffff_c000_0004, 0xffff_ffff_8000_0000].map(RawFrame::Kernel);
    let raw = recording(Vec::new(), &[&stack]);
    let options = Options { kallsyms: kallsyms.clone(), ..nowhere() };
    let profile = symbolize(&raw, &options, &Silent);
    assert_eq!(shown(&profile), [["do_work :0", "read_page :0", "[kernel]+0xffffffff80000000 :0"]]);
    let facts = |name| (named(&profile, name).origin, profile.module_path(named(&profile, name)));
    assert_eq!(facts("do_work"), (Origin::Kernel, "[kernel]"));
    assert_eq!(facts("read_page"), (Origin::Kernel, "[ext4]"));

    std::fs::write(&kallsyms, "0000000000000000 T do_work\n").unwrap();
    let hidden = symbolize(&raw, &options, &Silent);
    assert_eq!(shown(&hidden), [["[kernel] :0", "[kernel] :0", "[kernel] :0"]]);
    insta::assert_snapshot!(hidden.recording.notes.join("\n"), @"kernel functions have no names: /proc/kallsyms hides their addresses; run as root, or grant CAP_SYSLOG, or set kernel.kptr_restrict to 0");
}

#[test]
fn stacks_that_differ_only_by_address_merge() {
    let Some(dir) = compile("cc", "inline.c", &["-O2"]) else { return };
    let program = dir.path().join("prog");
    let (main, plain) = (symbol(&program, "main"), symbol(&program, "plain"));
    let raw = recording(
        vec![module(&program)],
        &[
            &[at(main.start), at(plain.start)],
            &[at(main.start + 1), at(plain.start + 1)],
            &[at(main.start + 1)],
        ],
    );
    let profile = symbolize(&raw, &nowhere(), &Silent);
    assert_eq!(shown(&profile), [vec!["main :0"], vec!["main :0", "plain :0"]]);
    let counts: Vec<_> = profile.samples.iter().map(|s| (s.count, s.weight_ns)).collect();
    assert_eq!(counts, [(1, 10), (2, 20)]);
    assert_eq!((profile.processes[0].pid, profile.threads[0].tid), (7, 7));
    assert_eq!(profile.recording.bucket_ns, 1_000_000_000);
}

#[test]
fn an_image_in_memory_is_read_like_a_file() {
    let Some(dir) = compile("cc", "inline.c", &["-O2", "-shared", "-fPIC"]) else { return };
    let program = dir.path().join("prog");
    let vdso = ModuleFile {
        path: "[vdso]".into(),
        file: None,
        state: FileState::Virtual,
        image: Some(std::fs::read(&program).unwrap()),
        ..module(&program)
    };
    let profile = resolve(vdso, &nowhere(), [symbol(&program, "plain").start, 3]);
    assert_eq!(shown(&profile), [["plain :0"], ["[vdso]+0x3 :0"]]);
    assert!(profile.recording.notes.is_empty());
}

#[test]
fn a_growing_recording_is_read_on_and_gives_what_a_fresh_look_gives() {
    let Some(dir) = compile("cc", "inline.c", &["-g", "-O2"]) else { return };
    let program = dir.path().join("prog");
    let all: Vec<u64> = symbol(&program, "outer").chain(symbol(&program, "plain")).collect();
    let raw = |n: usize| {
        let frames: Vec<[RawFrame; 1]> = all[..n].iter().map(|&a| [at(a)]).collect();
        let stacks: Vec<&[RawFrame]> = frames.iter().map(<[RawFrame; 1]>::as_slice).collect();
        recording(vec![module(&program)], &stacks)
    };
    let mut symbolizer = Symbolizer::new(nowhere());
    for n in [1, 5, all.len()] {
        let grown = symbolizer.symbolize(&raw(n), &Silent);
        let fresh = symbolize(&raw(n), &nowhere(), &Silent);
        assert_eq!(shown(&grown), shown(&fresh));
        assert_eq!((grown.frames, grown.strings), (fresh.frames, fresh.strings), "deterministic");
    }
    drop(dir);
    let gone = symbolizer.symbolize(&recording(vec![], &[]), &Silent);
    assert_eq!(gone.sample_count(), 0);
}
