//! Frames grouped into pprof locations: inlined frames together with the frame they were inlined into.

use pprof::protos as proto;
use rustc_hash::FxHashMap;

use super::id;
use crate::profile::model::{FrameId, Profile, StackId};

/// Inlined frames and their real frame, as a list that shares its tail: `frame` was inlined into what `outer` lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Group {
    frame: FrameId,
    outer: Option<u32>,
}

/// What stands above a stack node in terms of locations.
#[derive(Clone, Copy, Debug)]
struct Step {
    /// The group that begins (innermost) with the node's frame.
    group: u32,
    /// The node that called the group.
    caller: Option<StackId>,
}

/// The locations of a profile and how its stacks are made of them.
#[derive(Debug, Default)]
pub(super) struct Locations {
    groups: Vec<Group>,
    /// Location id of a group; 0 where no sample needs it.
    ids: Vec<u64>,
    steps: Vec<Step>,
    open_inlines: Vec<u64>,
}

impl Locations {
    pub(super) fn of(profile: &Profile) -> Self {
        let mut locations = Self::default();
        locations.group(profile);
        locations.number(profile);
        locations
    }

    fn group(&mut self, profile: &Profile) {
        let mut known: FxHashMap<Group, u32> = FxHashMap::default();
        self.steps.reserve(profile.stacks.len());
        for node in profile.stacks.nodes() {
            let inlined = profile.frames[node.frame.index()].inlined;
            let outer = node.parent.filter(|_| inlined).map(|parent| self.steps[parent.index()]);
            let group = Group { frame: node.frame, outer: outer.map(|step| step.group) };
            let group = *known.entry(group).or_insert_with(|| {
                self.groups.push(group);
                u32::try_from(self.groups.len() - 1).unwrap_or(u32::MAX)
            });
            let caller = outer.map_or(node.parent.filter(|_| !inlined), |step| step.caller);
            self.steps.push(Step { group, caller });
        }
    }

    /// Numbers the groups that samples need, in the order in which their stacks were first seen.
    fn number(&mut self, profile: &Profile) {
        let mut needed = vec![false; self.steps.len()];
        let waits = profile.waits.iter().map(|waiting| waiting.stack);
        for stack in profile.samples.iter().map(|sample| sample.stack).chain(waits) {
            needed[stack.index()] = true;
        }
        // Callers stand before what they call, so one pass backwards reaches all of them.
        for node in (0..self.steps.len()).rev() {
            if let Some(caller) = self.steps[node].caller.filter(|_| needed[node]) {
                needed[caller.index()] = true;
            }
        }
        self.ids = vec![0; self.groups.len()];
        let mut next = 1;
        for (step, _) in self.steps.iter().zip(needed).filter(|(_, needed)| *needed) {
            let slot = &mut self.ids[step.group as usize];
            if *slot == 0 {
                *slot = next;
                next += 1;
            }
        }
        for (group, &id) in self.ids.iter().enumerate().filter(|(_, id)| **id != 0) {
            let outermost = self.frames(group).last();
            if outermost.is_some_and(|frame| profile.frames[frame.index()].inlined) {
                self.open_inlines.push(id);
            }
        }
    }

    /// The frames of a group, innermost first.
    fn frames(&self, group: usize) -> impl Iterator<Item = FrameId> + '_ {
        let mut next = Some(group);
        std::iter::from_fn(move || {
            let group = self.groups[next?];
            next = group.outer.map(|g| g as usize);
            Some(group.frame)
        })
    }

    /// Location ids of a stack, innermost first.
    pub(super) fn stack(&self, stack: StackId, ids: &mut Vec<u64>) {
        ids.clear();
        let mut next = Some(stack);
        while let Some(node) = next {
            let step = self.steps[node.index()];
            ids.push(self.ids[step.group as usize]);
            next = step.caller;
        }
    }

    /// Groups that samples need, as location messages.
    pub(super) fn messages(&self, profile: &Profile) -> Vec<proto::Location> {
        self.used()
            .map(|(group, location)| {
                let line = |frame: FrameId| {
                    let frame = profile.frames[frame.index()];
                    proto::Line { function_id: id(frame.function.index()), line: i64::from(frame.line) }
                };
                proto::Location {
                    id: location,
                    mapping_id: self.mapping(profile, group),
                    line: self.frames(group).map(line).collect(),
                    ..Default::default()
                }
            })
            .collect()
    }

    /// Function and mapping id (0: none) of the functions whose module is not that of every location they stand in.
    pub(super) fn unclear_modules(&self, profile: &Profile) -> Vec<(u64, u64)> {
        let mut told: Vec<bool> = profile.functions.iter().map(|f| f.module.is_none()).collect();
        let mut unclear = vec![false; told.len()];
        for (group, _) in self.used() {
            let mapping = self.mapping(profile, group);
            for frame in self.frames(group) {
                let function = profile.frames[frame.index()].function;
                told[function.index()] = true;
                unclear[function.index()] |= mapping != module_of(profile, frame);
            }
        }
        let functions = profile.functions.iter().enumerate();
        functions
            .filter(|(i, _)| unclear[*i] || !told[*i])
            .map(|(i, f)| (id(i), f.module.map_or(0, |m| id(m.index()))))
            .collect()
    }

    pub(super) fn open_inlines(&self) -> Vec<u64> {
        self.open_inlines.clone()
    }

    fn used(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        self.ids.iter().copied().enumerate().filter(|(_, id)| *id != 0)
    }

    /// Mapping id of a group: that of its outermost frame.
    fn mapping(&self, profile: &Profile, group: usize) -> u64 {
        self.frames(group).last().map_or(0, |frame| module_of(profile, frame))
    }
}

fn module_of(profile: &Profile, frame: FrameId) -> u64 {
    let function = profile.frames[frame.index()].function;
    profile.functions[function.index()].module.map_or(0, |m| id(m.index()))
}
