//! Recordings of calls instead of stacks: what a tracing profiler such as cProfile knows. Plain data, no I/O.
//!
//! A [`CallGraph`] has numbers for each function and for each pair of caller and callee. It has no stacks, so it has no call tree,
//! no flamegraph and no lines. [`Measurements`] is either kind of recording.

#[cfg(test)]
pub(crate) mod sketch;

use rustc_hash::FxHashMap;

use super::model::{Builder, Function, FunctionId, Module, ModuleId, Profile, Recording, StrId};

/// What a recording measured.
#[derive(Clone, Debug)]
pub enum Measurements {
    /// Stacks, now and then.
    Sampled(Profile),
    /// Calls, each of them.
    Traced(CallGraph),
}

impl Measurements {
    /// How it was recorded.
    pub fn recording(&self) -> &Recording {
        match self {
            Self::Sampled(profile) => &profile.recording,
            Self::Traced(graph) => &graph.recording,
        }
    }
}

/// Numbers of calls and of the time they took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// All calls.
    pub total: u64,
    /// Calls that were not made, directly or through others, by the function itself.
    pub primitive: u64,
    /// Nanoseconds in the function itself.
    pub tottime_ns: u64,
    /// Nanoseconds in the function and everything it called, counted once under recursion.
    pub cumtime_ns: u64,
}

impl Calls {
    /// Both added up, each number at most `u64::MAX`.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            total: self.total.saturating_add(other.total),
            primitive: self.primitive.saturating_add(other.primitive),
            tottime_ns: self.tottime_ns.saturating_add(other.tottime_ns),
            cumtime_ns: self.cumtime_ns.saturating_add(other.cumtime_ns),
        }
    }
}

/// What [`Calls::total`] and [`Calls::primitive`] count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Counted {
    /// Calls.
    #[default]
    Calls,
    /// Samples, in a file whose format has room for calls alone.
    Samples,
}

/// Calls from one function to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The function that called.
    pub caller: FunctionId,
    /// The function that was called.
    pub callee: FunctionId,
    /// The callee's numbers, as far as this caller is behind them.
    pub calls: Calls,
}

/// Functions and who called whom. Ids point into its tables. Build one with [`CallGraphBuilder`].
#[derive(Clone, Debug, Default)]
pub struct CallGraph {
    /// How it was recorded.
    pub recording: Recording,
    /// What is counted.
    pub counted: Counted,
    /// Strings by [`StrId`].
    pub strings: Vec<String>,
    /// Modules by [`ModuleId`].
    pub modules: Vec<Module>,
    /// Functions by [`FunctionId`].
    pub functions: Vec<Function>,
    /// Numbers of each function.
    pub calls: Vec<Calls>,
    /// Edges, one for each (callee, caller), in that order.
    pub edges: Vec<Edge>,
}

impl CallGraph {
    /// Text of a string id.
    pub fn str(&self, id: StrId) -> &str {
        &self.strings[id.index()]
    }

    /// Path of a function's module, or empty.
    pub fn module_path(&self, function: &Function) -> &str {
        function.module.map_or("", |m| self.str(self.modules[m.index()].path))
    }

    /// The functions with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (&Function, Calls)> {
        self.functions.iter().zip(self.calls.iter().copied())
    }

    /// The sum over all functions; its cumtime means nothing.
    pub fn total(&self) -> Calls {
        self.calls.iter().fold(Calls::default(), |sum, calls| sum.plus(*calls))
    }
}

/// Builds a [`CallGraph`], giving each distinct function one id.
#[derive(Debug, Default)]
pub struct CallGraphBuilder {
    names: Builder,
    calls: Vec<Calls>,
    edges: FxHashMap<(FunctionId, FunctionId), Calls>,
}

impl CallGraphBuilder {
    /// The id of a string.
    pub fn string(&mut self, text: &str) -> StrId {
        self.names.string(text)
    }

    /// The id of a module.
    pub fn module(&mut self, module: Module) -> ModuleId {
        self.names.module(module)
    }

    /// The id of a function.
    pub fn function(&mut self, function: Function) -> FunctionId {
        let id = self.names.function(function);
        if self.calls.len() <= id.index() {
            self.calls.resize(id.index() + 1, Calls::default());
        }
        id
    }

    /// Adds to the numbers of a function.
    pub fn add(&mut self, function: FunctionId, calls: Calls) {
        if let Some(sum) = self.calls.get_mut(function.index()) {
            *sum = sum.plus(calls);
        }
    }

    /// Adds to the numbers between two functions.
    pub fn add_edge(&mut self, caller: FunctionId, callee: FunctionId, calls: Calls) {
        let sum = self.edges.entry((callee, caller)).or_default();
        *sum = sum.plus(calls);
    }

    /// The id of a function of other tables.
    pub fn copy(&mut self, function: &Function, strings: &[String], modules: &[Module]) -> FunctionId {
        let mut text = |id: StrId| self.names.string(&strings[id.index()]);
        let [name, system_name, file] = [function.name, function.system_name, function.file].map(&mut text);
        let module = function.module.map(|module| {
            let Module { path, build_id } = modules[module.index()];
            Module { path: text(path), build_id: text(build_id) }
        });
        let module = module.map(|module| self.module(module));
        self.function(Function { name, system_name, file, module, ..*function })
    }

    /// Adds all of a graph.
    pub fn absorb(&mut self, graph: &CallGraph) {
        let ids: Vec<FunctionId> =
            graph.functions.iter().map(|f| self.copy(f, &graph.strings, &graph.modules)).collect();
        for (&id, &calls) in ids.iter().zip(&graph.calls) {
            self.add(id, calls);
        }
        for edge in &graph.edges {
            self.add_edge(ids[edge.caller.index()], ids[edge.callee.index()], edge.calls);
        }
    }

    /// The graph.
    pub fn build(self, recording: Recording, counted: Counted) -> CallGraph {
        let names = self.names.build(recording);
        let mut edges: Vec<Edge> = (self.edges.into_iter())
            .map(|((callee, caller), calls)| Edge { caller, callee, calls })
            .collect();
        edges.sort_unstable_by_key(|edge| (edge.callee, edge.caller));
        CallGraph {
            recording: names.recording,
            counted,
            strings: names.strings,
            modules: names.modules,
            functions: names.functions,
            calls: self.calls,
            edges,
        }
    }
}
