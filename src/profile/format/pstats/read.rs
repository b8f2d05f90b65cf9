//! A marshalled dictionary as a [`CallGraph`].

use rustc_hash::FxHashMap;

use super::{
    NO_FILE, SAMPLES_MARK,
    marshal::{Id, Marshalled, Object, Span},
};
use crate::profile::{
    calls::{CallGraph, CallGraphBuilder, Calls, Counted},
    frames::python::functions::module_name,
    model::{Clock, Function, FunctionId, Language, Module, Origin, Recording},
};

const NOT_PSTATS: &str = "not a pstats file";
const WRONG_KEY: &str = "damaged: a function is not a tuple of file, line and name";
const WRONG_VALUE: &str = "damaged: a function has no counts, times and callers";
const WRONG_CALLER: &str = "damaged: a caller has no counts and times";
/// Key of the sampling profiler of CPython 3.15, a tuple of its own.
const SAMPLED: &[u8] = b"__sampled__";
/// Callers of all functions together. A dictionary of callers may be referred to by many functions.
const MAX_EDGES: usize = 1 << 22;

/// Whether a file begins with a dictionary whose first key is a tuple, or with an empty one.
pub(super) fn detect(beginning: &[u8]) -> bool {
    let plain = |byte: &u8| byte & 0x7f;
    let mut bytes = beginning.iter();
    bytes.next().map(plain) == Some(b'{')
        && matches!(bytes.next().map(plain), Some(b')' | b'(' | b'0') | None)
}

pub(super) fn read(bytes: &[u8]) -> Result<CallGraph, String> {
    if bytes.is_empty() {
        return Err("the file is empty".into());
    }
    if bytes.first().is_none_or(|byte| byte & 0x7f != b'{') {
        return Err(NOT_PSTATS.into());
    }
    let file = Marshalled::read(bytes)?;
    let Object::Dict(functions) = file.root() else { return Err(NOT_PSTATS.into()) };
    let mut reader = Reader {
        file: &file,
        known: FxHashMap::default(),
        out: CallGraphBuilder::default(),
        facts: Facts::default(),
    };
    for pair in file.items(functions).chunks_exact(2) {
        reader.function_and_callers(pair[0], pair[1])?;
    }
    Ok(reader.finish())
}

/// What there is to say about a file as a whole.
#[derive(Default)]
struct Facts {
    sampled: bool,
    negative: u64,
    total_ns: u64,
    total_calls: u64,
    edges: usize,
}

struct Reader<'f, 'a> {
    file: &'f Marshalled<'a>,
    /// Functions by the object that names them: a key that many callers refer to is looked at once.
    known: FxHashMap<Id, FunctionId>,
    out: CallGraphBuilder,
    facts: Facts,
}

impl Reader<'_, '_> {
    fn function_and_callers(&mut self, key: Id, value: Id) -> Result<(), String> {
        if self.is_mark(key) {
            self.facts.sampled = true;
            return Ok(());
        }
        let function = self.function(key)?;
        let Object::Items(value) = self.file.get(value) else { return Err(WRONG_VALUE.into()) };
        let &[primitive, total, tottime, cumtime, callers] = self.file.items(value) else {
            return Err(WRONG_VALUE.into());
        };
        let calls = self.calls([total, primitive, tottime, cumtime])?.ok_or(WRONG_VALUE)?;
        self.facts.total_ns = bounded(self.facts.total_ns, calls.tottime_ns)?;
        self.facts.total_calls = bounded(self.facts.total_calls, calls.total)?;
        self.out.add(function, calls);
        let Object::Dict(callers) = self.file.get(callers) else { return Err(WRONG_VALUE.into()) };
        self.callers(function, callers)
    }

    fn callers(&mut self, callee: FunctionId, callers: Span) -> Result<(), String> {
        for pair in self.file.items(callers).chunks_exact(2) {
            self.facts.edges += 1;
            if self.facts.edges > MAX_EDGES {
                return Err(format!("it holds more than {} callers", crate::units::count(MAX_EDGES as u64)));
            }
            let caller = self.function(pair[0])?;
            let calls = match self.file.get(pair[1]) {
                Object::Items(value) => match *self.file.items(value) {
                    [total, primitive, tottime, cumtime] => {
                        self.calls([total, primitive, tottime, cumtime])?
                    }
                    _ => None,
                },
                Object::Int(_) | Object::HugeInt => {
                    let total = self.count(pair[1])?;
                    total.map(|total| Calls { total, primitive: total, ..Calls::default() })
                }
                _ => None,
            };
            self.out.add_edge(caller, callee, calls.ok_or(WRONG_CALLER)?);
        }
        Ok(())
    }

    /// Whether a key says that the counts are samples.
    fn is_mark(&self, key: Id) -> bool {
        let Object::Items(key) = self.file.get(key) else { return false };
        match *self.file.items(key) {
            [only] => self.file.get(only) == Object::Text(SAMPLED),
            [_, _, name] => self.file.get(name) == Object::Text(SAMPLES_MARK.as_bytes()),
            _ => false,
        }
    }

    fn function(&mut self, key: Id) -> Result<FunctionId, String> {
        if let Some(&known) = self.known.get(&key) {
            return Ok(known);
        }
        let Object::Items(parts) = self.file.get(key) else { return Err(WRONG_KEY.into()) };
        let &[file, line, name] = self.file.items(parts) else { return Err(WRONG_KEY.into()) };
        let (Object::Text(file), Object::Int(line), Object::Text(name)) =
            (self.file.get(file), self.file.get(line), self.file.get(name))
        else {
            return Err(WRONG_KEY.into());
        };
        let (file, name) = (String::from_utf8_lossy(file), String::from_utf8_lossy(name));
        let line = u32::try_from(line).unwrap_or(0);
        let function =
            if file == NO_FILE && line == 0 { self.builtin(&name) } else { self.python(&file, line, &name) };
        self.known.insert(key, function);
        Ok(function)
    }

    /// A function of the interpreter or of an extension module.
    fn builtin(&mut self, name: &str) -> FunctionId {
        let inner = name.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
        let shown = inner.map_or_else(|| name.to_owned(), |inner| format!("{{{inner}}}"));
        let (name, system_name, file) = (self.out.string(&shown), self.out.string(name), self.out.string(""));
        let (module, origin, language) = (None, Origin::Native, Language::Python);
        self.out.function(Function { name, system_name, file, start_line: 0, module, origin, language })
    }

    fn python(&mut self, file: &str, start_line: u32, name: &str) -> FunctionId {
        let module = module_name(file);
        let shown = if name == "<module>" { format!("<module {module}>") } else { name.to_owned() };
        let (path, build_id) = (self.out.string(&module), self.out.string(""));
        let module = (!module.is_empty()).then(|| self.out.module(Module { path, build_id }));
        let (name, system_name, file) =
            (self.out.string(&shown), self.out.string(name), self.out.string(file));
        let (origin, language) = (Origin::Python, Language::Python);
        self.out.function(Function { name, system_name, file, start_line, module, origin, language })
    }

    /// Counts and times; `None` where these are none.
    fn calls(&mut self, [total, primitive, tottime, cumtime]: [Id; 4]) -> Result<Option<Calls>, String> {
        let counts = (self.count(total)?, self.count(primitive)?);
        let times = (self.nanoseconds(tottime)?, self.nanoseconds(cumtime)?);
        let ((Some(total), Some(primitive)), (Some(tottime_ns), Some(cumtime_ns))) = (counts, times) else {
            return Ok(None);
        };
        Ok(Some(Calls { total, primitive, tottime_ns, cumtime_ns }))
    }

    fn count(&mut self, id: Id) -> Result<Option<u64>, String> {
        match self.file.get(id) {
            Object::Int(n) => Ok(Some(self.positive(n))),
            Object::HugeInt => Err("damaged: a count is larger than a profile can hold".into()),
            _ => Ok(None),
        }
    }

    fn nanoseconds(&mut self, id: Id) -> Result<Option<u64>, String> {
        let seconds = match self.file.get(id) {
            Object::Float(seconds) => seconds,
            Object::Int(seconds) => seconds as f64,
            Object::HugeInt => f64::INFINITY,
            _ => return Ok(None),
        };
        let ns = (seconds * 1e9).round();
        if !ns.is_finite() || ns.abs() >= i64::MAX as f64 {
            return Err("damaged: a time is larger than a profile can hold".into());
        }
        Ok(Some(self.positive(ns as i64)))
    }

    fn positive(&mut self, n: i64) -> u64 {
        self.facts.negative += u64::from(n < 0);
        u64::try_from(n).unwrap_or(0)
    }

    fn finish(self) -> CallGraph {
        let mut notes = Vec::new();
        if self.facts.negative > 0 {
            let values =
                crate::units::plural(self.facts.negative, "negative value counts", "negative values count");
            notes.push(format!("{values} as 0"));
        }
        let counted = if self.facts.sampled { Counted::Samples } else { Counted::Calls };
        let recording =
            Recording { backend: "pstats".into(), clock: Clock::Wall, notes, ..Recording::default() };
        self.out.build(recording, counted)
    }
}

/// Sums that readers of the graph can add up again.
fn bounded(sum: u64, value: u64) -> Result<u64, String> {
    let sum = sum.checked_add(value).filter(|&sum| sum <= i64::MAX as u64);
    sum.ok_or_else(|| "damaged: its values add up to more than a profile can hold".into())
}
