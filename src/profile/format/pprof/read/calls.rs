//! Samples that are calls, as [`write`](super::super::write_calls_to) puts them.

use rustc_hash::FxHashMap;

use super::{super::unit, Draft, File, Functions, Tables, cut, samples::Stacks};
use crate::profile::{
    calls::{CallGraph, Calls, Counted, Edge},
    model::{Clock, FunctionId, Profile, StackId, Unit},
};

/// Values of each stack.
pub(super) type Rows = FxHashMap<StackId, [i128; 4]>;

/// What a file's samples count if they are calls: the sample types are those that we write, in that order. They are still there when
/// another tool has merged such files.
pub(super) fn counted(tables: &Tables<'_>) -> Result<Option<Counted>, String> {
    let mut names = Vec::new();
    for ty in &tables.header.sample_type {
        names.push(tables.short(ty.ty)?);
    }
    let [total, primitive, tottime, cumtime] = names.as_slice() else { return Ok(None) };
    if (tottime.as_ref(), cumtime.as_ref()) != (unit::TOTTIME, unit::CUMTIME) {
        return Ok(None);
    }
    let is = |counted| unit::counts(counted) == [total.as_ref(), primitive.as_ref()];
    Ok([Counted::Calls, Counted::Samples].into_iter().find(|counted| is(*counted)))
}

/// The clock, which no sample type tells.
pub(super) fn clock(tables: &Tables<'_>) -> Result<Clock, String> {
    let Some(period) = &tables.header.period_type else { return Ok(Clock::default()) };
    Ok(if tables.short(period.ty)? == unit::WALL { Clock::Wall } else { Clock::Cpu })
}

/// What the times are, as the type of tottime tells.
pub(super) fn unit(tables: &Tables<'_>) -> Result<Unit, String> {
    let Some(tottime) = tables.header.sample_type.get(super::super::write::TOTTIME) else {
        return Ok(Unit::default());
    };
    Ok(match tables.short(tottime.unit)?.as_ref() {
        unit::BYTES => Unit::Bytes,
        unit::COUNT => Unit::Count,
        _ => Unit::Nanoseconds,
    })
}

/// The samples, added up by stack.
pub(super) fn read(
    file: &File<'_, '_>,
    functions: &Functions,
    draft: &mut Draft<'_, '_>,
) -> Result<Rows, String> {
    let mut stacks = Stacks::new(file, functions);
    let mut rows = Rows::default();
    let mut values = Vec::new();
    for sample in file.scanned.samples.iter() {
        cut::values(sample.values, &mut values)?;
        let &[total, primitive, tottime, cumtime] = values.as_slice() else {
            return Err(super::values::WRONG_COUNT.into());
        };
        let stack = stacks.get(sample.locations, &mut draft.builder)?;
        let sum = rows.entry(stack).or_default();
        for (sum, value) in sum.iter_mut().zip([total, primitive, tottime, cumtime]) {
            *sum += i128::from(value);
        }
    }
    Ok(rows)
}

/// The graph of these rows; `profile` has the names and the stacks. A function's own numbers are those of all its rows.
pub(super) fn graph(profile: Profile, rows: &Rows, counted: Counted) -> CallGraph {
    let function = |stack: StackId| -> Option<FunctionId> {
        let node = profile.stacks.nodes().get(stack.index())?;
        Some(profile.frames.get(node.frame.index())?.function)
    };
    let mut sums = vec![[0_i128; 4]; profile.functions.len()];
    let mut edges: FxHashMap<(FunctionId, FunctionId), [i128; 4]> = FxHashMap::default();
    for (&stack, values) in rows {
        let Some(callee) = function(stack) else { continue };
        let caller = profile.stacks.nodes().get(stack.index()).and_then(|node| function(node.parent?));
        let edge = caller.map(|caller| edges.entry((callee, caller)).or_default());
        for target in [sums.get_mut(callee.index()), edge].into_iter().flatten() {
            for (sum, value) in target.iter_mut().zip(values) {
                *sum += value;
            }
        }
    }
    let mut edges: Vec<Edge> = (edges.into_iter())
        .map(|((callee, caller), values)| Edge { caller, callee, calls: calls(values) })
        .collect();
    edges.sort_unstable_by_key(|edge| (edge.callee, edge.caller));
    CallGraph {
        recording: profile.recording,
        counted,
        strings: profile.strings,
        modules: profile.modules,
        functions: profile.functions,
        calls: sums.into_iter().map(calls).collect(),
        edges,
    }
}

fn calls(values: [i128; 4]) -> Calls {
    let most = |value: i128| value.clamp(0, i128::from(i64::MAX)) as u64;
    let [total, primitive, tottime_ns, cumtime_ns] = values.map(most);
    Calls { total, primitive, tottime_ns, cumtime_ns }
}
