//! The frames that were read, which come a little late, against what the sample itself shows of the innermost call.

use rustc_hash::FxHashSet;

use super::{code::Code, interpreter::Version, offsets::Entry, reader::Reader};
use crate::profile::{
    frames::{Interpreted, Moment},
    raw::RawFrame,
};

/// From the next one on there is no need for the beginning.
const LAST_TO_KEEP_BEGINNINGS: Version = Version { major: 3, minor: 11 };
/// What a sample says to the function that was read as the innermost one.
enum Evidence<'a> {
    /// It was that one, and what its next instruction was where that can be seen.
    For(Option<u64>),
    /// It was another one, with this next instruction.
    Another(&'a Code, u64),
    /// It may have been that one.
    Weak,
    None,
}

/// How often what stood at a place on the evaluation function's stack was what was read, by its distance from the outer end.
#[derive(Debug, Default)]
pub(super) struct Homes(Vec<Tally>);

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    right: u32,
    seen: u32,
}

impl Homes {
    /// The evaluation function's own part of the stack is smaller than this.
    const WORDS: usize = 256;
    /// Then what was seen counts half, so that sums stay small.
    const MANY: u32 = 1 << 12;

    fn saw(&mut self, at: usize, right: bool) {
        if self.0.len() <= at {
            self.0.resize(Self::WORDS.max(at + 1), Tally::default());
        }
        if let Some(tally) = self.0.get_mut(at) {
            tally.seen += 1;
            tally.right += u32::from(right);
            if tally.seen > Self::MANY {
                *tally = Tally { right: tally.right / 2, seen: tally.seen / 2 };
            }
        }
    }

    /// Share of what was right there; a half at first.
    fn trust(&self, at: usize) -> f64 {
        let Tally { right, seen } = self.0.get(at).copied().unwrap_or_default();
        f64::from(right + 1) / f64::from(seen + 2)
    }
}

/// Which code was seen to call which.
#[derive(Debug, Default)]
pub(super) struct Calls(FxHashSet<(u64, u64)>);

/// More calls are not remembered; then it starts anew.
const MOST_CALLS: usize = 1 << 16;

impl Calls {
    /// The callee was seen with this caller around it.
    pub(super) fn saw(&mut self, caller: Option<u64>, callee: u64) {
        if self.0.len() >= MOST_CALLS {
            self.0.clear();
        }
        self.0.extend(caller.map(|caller| (caller, callee)));
    }

    /// Whether this call was ever seen.
    pub(super) fn has(&self, caller: u64, callee: u64) -> bool {
        self.0.contains(&(caller, callee))
    }
}

impl Reader {
    /// Makes the frames those of the sample as far as it tells. Calls that began after it are left out; one that has ended
    /// since is put back. Whether the sample bears the frames out.
    pub(super) fn fit(&mut self, moment: Moment<'_>, mut origins: Vec<u64>, out: &mut Interpreted) -> bool {
        if moment.compiled {
            return false;
        }
        if moment.registers.is_empty() {
            return self.stable;
        }
        let surplus = out.groups.len().saturating_sub(moment.evaluations);
        if surplus > 0 && moment.evaluations > 0 {
            let frames: usize = out.groups.drain(..surplus).sum();
            out.frames.drain(..frames);
            origins.drain(..frames);
        }
        let missing = moment.evaluations.saturating_sub(out.groups.len());
        // Where something was read that is no code, what was read and what the stack has do not go by the same numbers.
        let told_by_stack = self.each_call_has_its_evaluation() && origins.len() == out.groups.len();
        if missing == 1 || (missing > 0 && told_by_stack) {
            return self.put_back(missing, moment, &origins, out);
        }
        let Some((&expected, innermost)) = origins.first().zip(out.frames.first().copied()) else {
            return true;
        };
        self.learn_homes(moment.stack, expected);
        let Some(code) = self.codes.get(expected) else { return true };
        match self.evidence(moment, code) {
            Evidence::For(next) => {
                let found = next.map_or(innermost, |next| self.executing(code, next));
                out.frames.iter_mut().take(1).for_each(|frame| *frame = found);
                self.calls.saw(origins.get(1).copied(), expected);
                true
            }
            Evidence::Another(..) if told_by_stack => self.put_back(0, moment, &origins, out),
            Evidence::Another(code, next) => {
                let found = self.executing(code, next);
                let object = code.object;
                self.put(object, found, &origins, out);
                true
            }
            Evidence::Weak => self.stable && moment.fresh,
            Evidence::None => false,
        }
    }

    /// Whether each evaluation function runs a single call, so that the stack alone can tell of all of them.
    pub fn each_call_has_its_evaluation(&self) -> bool {
        self.interpreter.offsets.frame.entry == Entry::Always
    }

    /// Puts back so many calls that have ended since, and those in the place of calls that have begun since, innermost first, as far out
    /// as the stack tells another function than was read. Whether it is known how far that is.
    fn put_back(&self, missing: usize, moment: Moment<'_>, origins: &[u64], out: &mut Interpreted) -> bool {
        let begun = self.begun(moment).map(|(code, next)| (code, self.next(code, next, moment)));
        let shown = begun.or_else(|| self.shown(moment.registers)).or_else(|| self.shown(moment.stack));
        let mut calls: Vec<(&Code, u64)> = shown.into_iter().collect();
        let mut met = calls.len() >= moment.evaluations || moment.callers.is_empty();
        let callers = if calls.is_empty() { &[] } else { moment.callers };
        for stack in callers {
            // None of the registers is theirs.
            let caller = Moment { stack, registers: &[], ..moment };
            let read = calls.len().checked_sub(missing).and_then(|at| origins.get(at));
            let Some((code, next)) = self.begun(caller) else { break };
            met = read == Some(&code.object);
            if met {
                break;
            }
            calls.push((code, self.next(code, next, caller)));
            met = calls.len() == moment.evaluations;
        }
        let Some(instead) = calls.len().checked_sub(missing).filter(|_| !calls.is_empty()) else {
            return false;
        };
        out.groups.splice(0..0, std::iter::repeat_n(1, missing));
        let calls = calls.into_iter().map(|(code, next)| self.executing(code, next));
        out.frames.splice(0..instead.min(out.frames.len()), calls);
        met
    }

    /// Makes another function the innermost one: one that has called what was read, one that has returned since, or one that
    /// was in the place of what was read.
    fn put(&self, object: u64, found: RawFrame, origins: &[u64], out: &mut Interpreted) {
        let group = out.groups.first().copied().unwrap_or(0);
        let outer = origins.iter().take(group).position(|&origin| origin == object).unwrap_or(0);
        out.frames.drain(..outer);
        out.groups.iter_mut().take(1).for_each(|frames| *frames -= outer);
        let called_by = |at: usize| origins.get(at).is_some_and(|&caller| self.calls.has(caller, object));
        let can_have_more = !self.each_call_has_its_evaluation();
        if outer == 0 && can_have_more && called_by(0) && !called_by(1) {
            out.frames.insert(0, found);
            out.groups.iter_mut().take(1).for_each(|frames| *frames += 1);
        } else {
            out.frames.iter_mut().take(1).for_each(|frame| *frame = found);
        }
    }

    /// The first known code object that a word leads into, and the word.
    fn shown(&self, words: &[u64]) -> Option<(&Code, u64)> {
        words.iter().find_map(|&word| Some((self.codes.at_instruction(word)?, word)))
    }

    /// The code object whose beginning the innermost evaluation function keeps, as those up to 3.11 do, and its next
    /// instruction: an address in the middle may be a caller's or an earlier call's, one of a beginning is its own. Where an
    /// earlier call has left a beginning, too, the place tells that was right more often.
    fn begun(&self, moment: Moment<'_>) -> Option<(&Code, Option<u64>)> {
        let beginnings = self.beginnings(moment.stack);
        let (_, code) =
            beginnings.max_by(|(a, _), (b, _)| self.homes.trust(*a).total_cmp(&self.homes.trust(*b)))?;
        let inside = |word: &u64| *word != code.instructions && code.has_instruction(*word);
        Some((code, moment.registers.iter().copied().find(inside)))
    }

    /// Where on the stack there are beginnings of code, and whose.
    fn beginnings(&self, stack: &[u64]) -> impl Iterator<Item = (usize, &Code)> {
        let kept = self.interpreter.version <= LAST_TO_KEEP_BEGINNINGS;
        let words = stack.iter().take(if kept { Homes::WORDS } else { 0 }).copied();
        let begins = |word: u64| self.codes.at_instruction(word).filter(|code| code.instructions == word);
        words.enumerate().filter_map(move |(at, word)| Some((at, begins(word)?)))
    }

    /// Learns which places tell what is being executed.
    fn learn_homes(&mut self, stack: &[u64], expected: u64) {
        let seen: Vec<(usize, bool)> =
            self.beginnings(stack).map(|(at, code)| (at, code.object == expected)).collect();
        for (at, right) in seen {
            self.homes.saw(at, right);
        }
    }

    /// The next instruction of a function that has begun: if no register tells, what else is on the stack, or its first one.
    fn next(&self, code: &Code, next: Option<u64>, moment: Moment<'_>) -> u64 {
        let inside = |word: &u64| *word != code.instructions && code.has_instruction(*word);
        next.or_else(|| moment.stack.iter().copied().find(inside)).unwrap_or(code.instructions)
    }

    /// The frame of which a word is the next instruction's address: the one before it is being executed.
    fn executing(&self, code: &Code, next: u64) -> RawFrame {
        let offset = next.saturating_sub(code.instructions).saturating_sub(2) as i64;
        RawFrame::Python { function: code.function, line: code.line(&self.interpreter.offsets, offset) }
    }

    /// What the sample, which is never too late, says to the function that was read as the innermost one.
    fn evidence(&self, moment: Moment<'_>, expected: &Code) -> Evidence<'_> {
        if let Some((code, next)) = self.begun(moment) {
            let same = code.instructions == expected.instructions;
            return if same {
                Evidence::For(next)
            } else {
                Evidence::Another(code, self.next(code, next, moment))
            };
        }
        let own = |words: &[u64]| words.iter().copied().find(|&word| expected.has_instruction(word));
        if let Some(next) = own(moment.registers) {
            return Evidence::For(Some(next));
        }
        if let Some((code, next)) = self.shown(moment.registers) {
            return Evidence::Another(code, next);
        }
        // The stack also has what earlier calls have left there.
        if own(moment.stack).is_some() {
            let is_expected = |code: &Code| code.instructions == expected.instructions;
            let known = |word: &u64| self.codes.at_instruction(*word);
            let alone = moment.stack.iter().filter_map(known).all(is_expected);
            return if alone { Evidence::For(None) } else { Evidence::Weak };
        }
        match self.shown(moment.stack) {
            Some((code, next)) => Evidence::Another(code, next),
            None => Evidence::None,
        }
    }
}
