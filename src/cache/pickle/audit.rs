//! What Python would import and call if it read a pickle, with the place of the opcode.

use super::{
    allow::{Trust, trust},
    heap::{Heap, Node, Value},
};

/// Something that reading the pickle would do with a name outside of the allow-list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Byte of the opcode in the pickle.
    pub offset: u64,
    /// Name of the opcode, as `pickletools` has it.
    pub opcode: &'static str,
    /// What it does.
    pub action: Action,
    /// `module.name`, or words in angle brackets where there is no name; at most 200 characters, unescaped.
    pub name: String,
    /// Whether the name is known to run programs or code.
    pub dangerous: bool,
}

/// What an opcode does with a class or function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Imports its module, which runs the module's code.
    Import,
    /// Calls it.
    Call,
    /// Hands an object of it a state, which runs its `__setstate__`.
    State,
    /// Changes the class, function or module itself.
    Change,
}

impl Action {
    /// The verb for a sentence: `imports`, `calls`, `restores`, `changes`.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Import => "imports",
            Self::Call => "calls",
            Self::State => "restores",
            Self::Change => "changes",
        }
    }
}

impl Finding {
    /// Whether it is more than the import of a class and the making of its objects: a call, a change, or a name known as dangerous.
    pub fn runs_code(&self) -> bool {
        self.dangerous || matches!(self.action, Action::Call | Action::Change)
    }
}

pub(super) struct Audit {
    pub(super) findings: Vec<Finding>,
    /// Findings beyond the limit.
    pub(super) left_out: u64,
    /// Whether one of all, left out or not, runs code.
    pub(super) runs_code: bool,
    limit: usize,
}

impl Audit {
    pub(super) fn new(limit: usize) -> Self {
        Self { findings: Vec::new(), left_out: 0, runs_code: false, limit }
    }

    pub(super) fn import(&mut self, module: &str, name: &str, offset: u64, opcode: &'static str) {
        // By itself `getattr` only gets at what is named; members of enumerations are pickled so. The call is judged below.
        if (module, name) == ("builtins", "getattr") {
            return;
        }
        let dangerous = match trust(module, name) {
            Trust::Callable | Trust::Mention => return,
            Trust::Unknown => false,
            Trust::Dangerous => true,
        };
        self.report(Finding {
            offset,
            opcode,
            action: Action::Import,
            name: qualified(module, name),
            dangerous,
        });
    }

    pub(super) fn extension(&mut self, code: usize, offset: u64) {
        let name = format!("<extension {code}>");
        self.report(Finding { offset, opcode: "EXT", action: Action::Import, name, dangerous: false });
    }

    /// A call, or for NEWOBJ the making of an object, which the import of its class has told already.
    pub(super) fn call(
        &mut self,
        heap: &Heap,
        function: Value,
        args: Value,
        offset: u64,
        opcode: &'static str,
    ) {
        let Some(global) = heap.global(function) else {
            let name = "<something made while reading>".to_owned();
            self.report(Finding { offset, opcode, action: Action::Call, name, dangerous: true });
            return;
        };
        if (global.module.as_str(), global.name.as_str()) == ("builtins", "getattr")
            && is_enum_member(heap, args)
        {
            return;
        }
        let single = heap.tuple(args).is_some_and(|args| args.len() == 1);
        if single && (global.module.as_str(), global.name.as_str()) == ("builtins", "type") {
            return;
        }
        let dangerous = match trust(&global.module, &global.name) {
            Trust::Callable => return,
            Trust::Unknown if opcode.starts_with("NEWOBJ") => return,
            Trust::Unknown => false,
            Trust::Mention | Trust::Dangerous => true,
        };
        let name = qualified(&global.module, &global.name);
        self.report(Finding { offset, opcode, action: Action::Call, name, dangerous });
    }

    pub(super) fn change(&mut self, heap: &Heap, target: Value, offset: u64, opcode: &'static str) {
        let name = heap.global(target).map_or_else(String::new, |g| qualified(&g.module, &g.name));
        self.report(Finding { offset, opcode, action: Action::Change, name, dangerous: true });
    }

    /// A state for an object made by calling `function`; told once for each import of the class.
    pub(super) fn state(&mut self, heap: &mut Heap, function: Value, args: Value, offset: u64) {
        let Some(class) = made_class(heap, function, args) else { return };
        let Value::Node(id) = class else { return };
        let Some(Node::Global(global)) = heap.nodes.get_mut(id as usize) else { return };
        if global.state_reported || matches!(trust(&global.module, &global.name), Trust::Callable) {
            return;
        }
        global.state_reported = true;
        let dangerous = trust(&global.module, &global.name) == Trust::Dangerous;
        let name = qualified(&global.module, &global.name);
        self.report(Finding { offset, opcode: "BUILD", action: Action::State, name, dangerous });
    }

    fn report(&mut self, finding: Finding) {
        self.runs_code |= finding.runs_code();
        if self.findings.len() < self.limit {
            self.findings.push(finding);
        } else {
            self.left_out += 1;
        }
    }
}

/// The class of an object that a function made, as far as it stands in the pickle.
fn made_class(heap: &Heap, function: Value, args: Value) -> Option<Value> {
    let global = heap.global(function)?;
    if global.module == "copyreg" { heap.tuple(args)?.first().copied() } else { Some(function) }
}

/// `getattr(CLASS, 'NAME')` with a class that is told as an import of its own: Python 3.11 pickles enumerations so.
fn is_enum_member(heap: &Heap, args: Value) -> bool {
    let Some([class, name]) = heap.tuple(args) else { return false };
    let unknown = heap.global(*class).is_some_and(|g| trust(&g.module, &g.name) == Trust::Unknown);
    unknown && heap.name(*name).is_some_and(|name| !name.starts_with('_') && !name.contains('.'))
}

fn qualified(module: &str, name: &str) -> String {
    format!("{module}.{name}").chars().take(200).collect()
}
