//! What hostile pickles do: nothing but to be shown as what they are.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::{Action, Limits, Pickle, notation};

fn read(bytes: &[u8]) -> Pickle<'_> {
    Pickle::read(bytes, Limits::VALUE)
}

fn shown(bytes: &[u8]) -> String {
    let pickle = read(bytes);
    pickle.damage().map_or_else(|| pickle.text(300).text, |damage| format!("! {damage}"))
}

/// What the audit says, a line a finding.
fn findings(bytes: &[u8]) -> String {
    let line = |f: &super::Finding| {
        let mark = if f.dangerous { " !" } else { "" };
        format!("{} {} {} at {}{mark}", f.opcode, f.action.verb(), f.name, f.offset)
    };
    read(bytes).findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn damage_is_named_with_its_place() {
    let cases: [(&[u8], &str); 17] = [
        (b"", "the data ends early at byte 0"),
        (b"\x80\x04N", "the data ends early at byte 3"),
        (b"\x80\x06N.", "the protocol is not known at byte 0"),
        (b"\x80\x04B\xff\xff\xff\x7fabc.", "the data ends early at byte 2"),
        (b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xffabc.", "the data ends early at byte 2"),
        (b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7fK\x01.", "a frame is longer than the data at byte 2"),
        (b"\x80\x02h\xff.", "a memo place is read that was not written at byte 2"),
        (b"\x80\x02\x8b\xff\xff\xff\x7f\x00.", "the data ends early at byte 2"),
        (b"\x80\x02\x85R.", "an opcode needs more values than there are at byte 2"),
        (b"t.", "there is no mark at byte 0"),
        (b"N(0.", ""),
        (b"K\x01(u.", "a plain value is given elements at byte 3"),
        (b"}(]u.", "a dict is given a key without a value at byte 3"),
        (b"K\x01K\x02a.", "a plain value is given elements at byte 4"),
        (b"]}b.", "a plain value is given a state at byte 2"),
        (b"Ix\n.", "a number is none at byte 0"),
        (b"\xff", "an opcode is not known at byte 0"),
    ];
    for (bytes, damage) in cases {
        let found = read(bytes).damage().map_or_else(String::new, |damage| damage.to_string());
        assert_eq!(found, damage, "{}", bytes.escape_ascii());
    }
}

#[test]
fn names_are_escaped_whatever_is_in_them() {
    assert_eq!(shown(b"cbuiltins\nf\0\x1b[31m\n(K\x01tR."), r"f\x00\x1b[31m(1)");
}

#[test]
fn what_would_run_code_is_shown_and_found() {
    let system = b"\x80\x04\x95\x1d\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94.";
    assert_eq!(shown(system), "posix.system('id')");
    assert_snapshot!(findings(system), @r"
    STACK_GLOBAL imports posix.system at 28 !
    REDUCE calls posix.system at 37 !
    ");
    assert!(read(system).runs_code);
    assert_eq!(shown(b"c__builtin__\neval\n(S'print(1)'\ntR."), "eval('print(1)')");
    assert_snapshot!(findings(b"c__builtin__\neval\n(S'print(1)'\ntR."), @r"
    GLOBAL imports builtins.eval at 0 !
    REDUCE calls builtins.eval at 32 !
    ");
    assert_snapshot!(findings(b"(S'id'\nios\nsystem\n."), @r"
    GLOBAL imports os.system at 7 !
    INST calls os.system at 7 !
    ");
    // Python runs what stands before the damage.
    assert_snapshot!(findings(b"cos\nsystem\n(S'id'\ntR"), @r"
    GLOBAL imports os.system at 0 !
    REDUCE calls os.system at 19 !
    ");
    // Something found by calling is called.
    assert_snapshot!(findings(b"cbuiltins\ngetattr\n(cbuiltins\ndict\nS'get'\ntR(S'x'\ntR."), @r"
    REDUCE calls builtins.getattr at 42 !
    REDUCE calls <something made while reading> at 50 !
    ");
    assert_snapshot!(findings(b"capp.models\nPoint\n)\x81}b."), @r"
    GLOBAL imports app.models.Point at 0
    BUILD restores app.models.Point at 21
    ");
    assert!(!read(b"capp.models\nPoint\n)\x81}b.").runs_code);
    assert_snapshot!(findings(b"csys\npath\nS'/tmp'\na."), @r"
    GLOBAL imports sys.path at 0 !
    APPEND changes sys.path at 18 !
    ");
    assert_snapshot!(findings(b"capp\nC\n}b."), @r"
    GLOBAL imports app.C at 0
    BUILD changes app.C at 8 !
    ");
    assert_snapshot!(findings(b"\x82\x05."), @"EXT imports <extension 5> at 0");
    assert_snapshot!(findings(b"capp\nColor\nS'RED'\n\x86cbuiltins\ngetattr\n."), @"GLOBAL imports app.Color at 0");
}

#[test]
fn plain_data_has_no_findings() {
    let date = b"\x80\x04cdatetime\ndate\nC\x04\x07\xe8\x02\x1d\x85R.";
    assert_eq!((shown(date).as_str(), findings(date).as_str()), ("datetime.date(2024, 2, 29)", ""));
    let kinds = b"(ccollections\nOrderedDict\n)R}S'a'\nK\x01scbuiltins\ntype\n(NtRl.";
    assert_eq!(shown(kinds), "[OrderedDict(), {'a': 1}, <class 'NoneType'>]");
    assert_eq!(findings(kinds), "");
}

#[test]
fn what_only_the_writer_can_know_is_said_so() {
    assert_eq!(shown(b"Pabc\n."), "<persistent id 'abc'>");
    assert_eq!(shown(b"\x80\x02\x82\x01."), "<extension 1>");
    assert_eq!(shown(b"\x80\x05\x97\x98."), "<buffer beside the pickle>");
    assert_eq!(shown(b"\x80\x03X\x02\0\0\0\xff\xfe."), r"<no UTF-8: b'\xff\xfe'>");
    assert_eq!(shown(b"cx\x1b[2J\ny\n."), r"x\x1b[2J.y");
}

#[test]
fn cycles_depth_and_width_are_cut() {
    assert_eq!(shown(b"\x80\x02]q\x00h\x00a."), "[[...]]");
    let deep = [b"\x80\x02".as_slice(), &b"]".repeat(200_000), &b"a".repeat(199_999), b"."].concat();
    let text = read(&deep).text(2000);
    assert_eq!(text.text, format!("{}…{}", "[".repeat(40), "]".repeat(40)));
    assert!(text.cut);
    let mut laughs = b"\x80\x02(K\x01tq\x00".to_vec();
    for i in 1..40 {
        laughs.extend([b'0', b'(', b'h', i - 1, b'h', i - 1, b't', b'q', i]);
    }
    laughs.push(b'.');
    let text = read(&laughs).text(2000);
    assert!(text.cut && text.text.chars().count() <= 2001 && text.text.ends_with('…'), "{text:?}");
    let wide = [b"(".as_slice(), &b"K\x01".repeat(50_000), b"l."].concat();
    let text = read(&wide).text(1_000_000);
    assert!(text.cut && text.text.ends_with("1, 1, …]"));
    assert_eq!(text.text.matches('1').count(), Limits::VALUE.kept_items);
}

#[test]
fn memory_is_bounded_whatever_is_asked_for() {
    let limits = Limits { memory: 1 << 16, ..Limits::KEY };
    for unit in [b"]".as_slice(), b"(", b"N", b"]\x94", b"K\x01\x94", b"cos\nsystem\n", b"]0", b"(((111"] {
        let bytes = unit.repeat(200_000 / unit.len());
        let pickle = Pickle::read(&bytes, limits);
        assert!(pickle.damage().is_some(), "{}", unit.escape_ascii());
        assert!(pickle.findings.len() <= limits.findings);
        assert!(pickle.heap.nodes.len() <= limits.memory / 16, "{}", unit.escape_ascii());
    }
}

#[test]
fn memoized_calls_are_told_from_tuples() {
    // ('app.fetch', 'http://x', None, 'page', 2) and so on, in protocol 0.
    let call = |items: &str| {
        let bytes = format!("({items}t.");
        let pickle = read(bytes.as_bytes());
        match pickle.memoized(300) {
            Some(call) => format!("{} [{}]", call.call.text, call.function),
            None => format!("{} []", pickle.text(300).text),
        }
    };
    assert_eq!(
        call("S'app.fetch'\nS'http://x'\nNS'page'\nI2\n"),
        "app.fetch('http://x', page=2) [app.fetch]"
    );
    assert_eq!(call("S'app.f'\nN"), "app.f() [app.f]");
    assert_eq!(call("S'app.f'\nI1\nNN"), "app.f(1, None) [app.f]");
    assert_eq!(call("S'app.f'\nNNS'x'\nI1\n"), "app.f(None, x=1) [app.f]");
    assert_eq!(
        call("S'app.f.<locals>.<lambda>'\nNS'a'\nNS'b'\nN"),
        "app.f.<locals>.<lambda>(a=None, b=None) [app.f.<locals>.<lambda>]"
    );
    assert_eq!(call("S'app.f'\nI1\nNS'x'\nI2\ncbuiltins\nint\ncbuiltins\nint\n"), "app.f(1, x=2) [app.f]");
    let no_value = "cdiskcache.core\nConstant\n(S'ENOVAL'\ntR";
    assert_eq!(call(&format!("S'app.f'\nI1\n{no_value}S'x'\nI2\n")), "app.f(1, x=2) [app.f]");
    assert_eq!(call(&format!("S'app.f'\nI1\nN{no_value}")), "app.f(1), being computed [app.f]");
    assert_eq!(call("S'user'\nN"), "('user', None) []");
    assert_eq!(call("S'a.b c'\nN"), "('a.b c', None) []");
    assert_eq!(call("S'a.b'\nI1\nNS'z'\nI1\nS'a'\nI1\n"), "('a.b', 1, None, 'z', 1, 'a', 1) []");
    assert_eq!(call("S'a.b'\nI1\n"), "('a.b', 1) []");
}

#[test]
fn numbers_text_and_bytes_stand_alone() {
    assert_eq!(notation::text("it's".as_bytes(), 80).text, "\"it's\"");
    let cut = notation::text("abcdef".as_bytes(), 4);
    assert_eq!((cut.text.as_str(), cut.cut), ("'abc…", true));
    assert_eq!(notation::text(b"abcdef", 8).text, "'abcdef'");
    assert_eq!(notation::bytes(b"\0a", 80).text, "b'\\x00a'");
    for (x, text) in
        [(1e16, "1e+16"), (1e15, "1000000000000000.0"), (-0.0, "-0.0"), (1e-5, "1e-05"), (f64::NAN, "nan")]
    {
        assert_eq!(notation::float(x), text);
    }
}

#[test]
fn objects_with_everything_are_written_out() {
    let bytes = b"capp\nC\n(K\x01t\x81(K\x02e(S'k'\nK\x03uK\x04b.";
    assert_eq!(shown(bytes), "app.C(1) <state 4> <elements [2]> <items {'k': 3}>");
    assert_eq!(shown(b"capp\nC\nK\x01R."), "app.C(*1)");
    assert_eq!(shown(b"capp\nC\n)}S'a b'\nK\x01s\x92."), "app.C('a b': 1)");
    assert_eq!(Action::State.verb(), "restores");
}

/// Opcodes that do something, with arguments, so that random programs get further than random bytes.
fn opcode() -> impl Strategy<Value = Vec<u8>> {
    let fixed = [
        b"(".as_slice(),
        b"0",
        b"1",
        b"2",
        b"N",
        b"K\x05",
        b"M\x01\x02",
        b"J\xff\xff\xff\xff",
        b")",
        b"]",
        b"}",
        b"\x8f",
        b"t",
        b"l",
        b"d",
        b"\x85",
        b"\x86",
        b"\x87",
        b"\x91",
        b"a",
        b"e",
        b"s",
        b"u",
        b"\x90",
        b"b",
        b"R",
        b"\x81",
        b"\x92",
        b"o",
        b"\x94",
        b"q\x00",
        b"h\x00",
        b"h\x01",
        b"r\xff\xff\xff\xff",
        b"S'a'\n",
        b"Va\\u0301\n",
        b"X\x01\0\0\0x",
        b"\x8c\x03int",
        b"C\x04\x07\xe8\x02\x1d",
        b"\x93",
        b"cdatetime\ndate\n",
        b"ccollections\ndeque\n",
        b"ccollections\nOrderedDict\n",
        b"cuuid\nUUID\n",
        b"cbuiltins\nset\n",
        b"cbuiltins\ncomplex\n",
        b"ccopyreg\n_reconstructor\n",
        b"cnumpy\ndtype\n",
        b"cnumpy.core.multiarray\nscalar\n",
        b"cpandas\nDataFrame\n",
        b"cpathlib\nPosixPath\n",
        b"cos\nsystem\n",
        b"F1.5\n",
        b"G\x3f\xf0\0\0\0\0\0\0",
        b"I12\n",
        b"L99999999999999999999L\n",
        b"\x8a\x09\0\0\0\0\0\0\0\0\x80",
        b"Pid\n",
        b"Q",
        b"\x82\x01",
        b"\x97",
        b"\x98",
        b"\x80\x04",
        b"U\x02\xffa",
        b"cre\n_compile\n",
    ];
    prop_oneof![
        20 => proptest::sample::select(fixed.to_vec()).prop_map(<[u8]>::to_vec),
        1 => proptest::collection::vec(any::<u8>(), 1..4),
    ]
}

fn survives(bytes: &[u8]) {
    let limits = Limits { opcodes: 5000, memory: 1 << 18, kept_items: 50, findings: 5 };
    let pickle = Pickle::read(bytes, limits);
    for budget in [0, 1, 7, 200] {
        let text = pickle.text(budget);
        assert!(text.text.chars().count() <= budget + 1);
        assert!(text.text.chars().all(|c| !c.is_control()));
    }
    let _ = (pickle.memoized(100), pickle.type_name());
    assert!(pickle.findings.len() <= limits.findings);
    assert!(pickle.findings.iter().all(|f| f.offset < bytes.len() as u64));
    assert!(pickle.findings_left_out == 0 || pickle.findings.len() == limits.findings);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        survives(&bytes);
    }

    #[test]
    fn any_program_is_survived(program in proptest::collection::vec(opcode(), 0..60)) {
        let mut bytes = program.concat();
        survives(&bytes);
        bytes.push(b'.');
        survives(&bytes);
    }

    #[test]
    fn a_cut_pickle_is_damaged_and_keeps_its_findings(at in 0_usize..60) {
        let whole = b"\x80\x04(cos\nsystem\n(S'id'\ntR]q\x00(K\x01K\x02K\x03e}(S'a'\nh\x00ucos\nsystem\n)Rt.";
        let at = at.min(whole.len() - 1);
        let cut = read(&whole[..at]);
        prop_assert!(cut.damage().is_some());
        prop_assert!(read(whole).findings.starts_with(&cut.findings));
    }

    #[test]
    fn text_fits_its_budget(text in any::<String>(), budget in 0_usize..50) {
        let shown = notation::text(text.as_bytes(), budget);
        prop_assert!(shown.text.chars().count() <= budget + usize::from(shown.cut));
        let whole = notation::text(text.as_bytes(), usize::MAX / 8);
        prop_assert!(!whole.cut);
        prop_assert!(whole.text.starts_with(shown.text.trim_end_matches('…')));
    }

    #[test]
    fn numbers_read_back(x in any::<f64>(), n in any::<i128>()) {
        let back: f64 = notation::float(x).parse().unwrap();
        prop_assert!(back == x || back.is_nan() && x.is_nan());
        prop_assert_eq!(notation::big_int(&n.to_le_bytes()), n.to_string());
    }
}
