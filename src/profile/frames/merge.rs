//! Native and interpreted frames become one stack. Pure.

use super::Interpreted;
use crate::profile::raw::RawFrame;

/// A native frame and whether it is one of the interpreter's evaluation functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NativeFrame {
    /// The frame.
    pub frame: RawFrame,
    /// Whether it runs interpreted code.
    pub evaluates: bool,
}

/// How well the two stacks went together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Each evaluation function stands next to the frames that it runs.
    Aligned,
    /// They did not match: the interpreted stack with the native leaf, or one of them alone.
    Approximate,
}

/// Fills `into` with the merged stack, innermost first. `complete` says whether the native stack reaches its root.
///
/// An evaluation function stays, after (outside of) the frames it runs, as [`RawFrame::Interpreter`], and so does everything
/// that it was called through: whoever names the frames can fold them away.
pub fn merge(
    native: &[NativeFrame],
    complete: bool,
    interpreted: &Interpreted,
    into: &mut Vec<RawFrame>,
) -> Fit {
    into.clear();
    let evaluations = native.iter().filter(|frame| frame.evaluates).count();
    if evaluations == interpreted.groups.len() {
        aligned(native, interpreted, into);
        let all_known = complete && interpreted.sure;
        return if all_known { Fit::Aligned } else { Fit::Approximate };
    }
    if evaluations == 0 && complete {
        // No evaluation function was running: what was read came later.
        into.extend(native.iter().map(|n| n.frame));
        return Fit::Approximate;
    }
    let leaf = native.iter().take_while(|n| !n.evaluates && n.frame != RawFrame::Truncated);
    into.extend(leaf.map(|n| n.frame));
    into.extend_from_slice(&interpreted.frames);
    Fit::Approximate
}

fn aligned(native: &[NativeFrame], interpreted: &Interpreted, into: &mut Vec<RawFrame>) {
    let mut frames = interpreted.frames.iter().copied();
    let mut groups = interpreted.groups.iter();
    let mut inside = false;
    for native in native {
        if native.evaluates {
            inside = true;
            into.extend(frames.by_ref().take(groups.next().copied().unwrap_or(0)));
        }
        into.push(if inside { passed_through(native.frame) } else { native.frame });
    }
}

fn passed_through(frame: RawFrame) -> RawFrame {
    match frame {
        RawFrame::Native { module, address } => RawFrame::Interpreter { module, address },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn native(address: u64, evaluates: bool) -> NativeFrame {
        NativeFrame { frame: RawFrame::Native { module: 0, address }, evaluates }
    }

    fn python(line: u32) -> RawFrame {
        RawFrame::Python { function: 0, line }
    }

    fn interpreted(groups: &[usize]) -> Interpreted {
        let total: usize = groups.iter().sum();
        Interpreted { frames: (1..=total as u32).map(python).collect(), groups: groups.to_vec(), sure: true }
    }

    fn passed(address: u64) -> RawFrame {
        RawFrame::Interpreter { module: 0, address }
    }

    #[test]
    fn frames_stand_inside_the_evaluation_function_that_runs_them() {
        let stack = [native(1, false), native(2, true), native(3, false), native(4, true), native(5, false)];
        let mut out = Vec::new();
        assert_eq!(merge(&stack, true, &interpreted(&[2, 1]), &mut out), Fit::Aligned);
        let leaf = RawFrame::Native { module: 0, address: 1 };
        let expected = [leaf, python(1), python(2), passed(2), passed(3), python(3), passed(4), passed(5)];
        assert_eq!(out, expected);
    }

    #[test]
    fn a_mismatch_keeps_the_native_leaf_and_the_interpreted_stack() {
        let stack = [native(1, false), native(2, true), native(3, false)];
        let mut out = Vec::new();
        assert_eq!(merge(&stack, true, &interpreted(&[1, 1]), &mut out), Fit::Approximate);
        assert_eq!(out, [RawFrame::Native { module: 0, address: 1 }, python(1), python(2)]);
    }

    #[test]
    fn a_complete_native_stack_without_evaluation_is_the_truth() {
        let stack = [native(1, false), native(3, false)];
        let mut out = Vec::new();
        assert_eq!(merge(&stack, true, &interpreted(&[1]), &mut out), Fit::Approximate);
        assert_eq!(out.len(), 2);
        merge(&[native(1, false)], false, &interpreted(&[1]), &mut out);
        assert_eq!(out, [RawFrame::Native { module: 0, address: 1 }, python(1)]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_where_they_match(kinds in prop::collection::vec(any::<bool>(), 0..20), sizes in prop::collection::vec(0..4_usize, 20)) {
            let stack: Vec<_> = kinds.iter().enumerate().map(|(i, &evaluates)| native(i as u64, evaluates)).collect();
            let evaluations = kinds.iter().filter(|&&e| e).count();
            let groups = interpreted(&sizes[..evaluations]);
            let mut out = Vec::new();
            prop_assert_eq!(merge(&stack, true, &groups, &mut out), Fit::Aligned);
            prop_assert_eq!(out.len(), stack.len() + groups.frames.len());
            let kept: Vec<_> = out.into_iter().filter(|f| matches!(f, RawFrame::Python { .. })).collect();
            prop_assert_eq!(kept, groups.frames);
        }
    }
}
