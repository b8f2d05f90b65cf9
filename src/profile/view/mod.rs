//! Which part of a recording to look at: a profile in, the profile to show out. Pure; what is saved stays whole.
//!
//! * **Imports.** What Python does to import a module, from the first frame of its import machinery inwards, is one frame
//!   [`IMPORTS`], but for frames of the program's own tree: code of its own that an import runs is shown where it stands.
//! * **Project.** Frames outside of the program's own tree are left out, and their time counts for the innermost frame of it
//!   around them; without one, for [`OUTSIDE`].
//! * **GIL.** Samples of threads that did not hold their interpreter's lock are left out.

mod project;

use std::borrow::Cow;

use project::Project;

use super::{
    aggregate::Totals,
    model::{
        Builder, Frame, FrameId, Function, Gil, Language, Module, Origin, Profile, Sample, StackId, StrId,
        Waiting,
    },
};
use crate::units;

/// Name of the frame that stands for imports.
pub const IMPORTS: &str = "[imports]";
/// Name of the frame that stands for stacks without a frame of the program's own tree.
pub const OUTSIDE: &str = "[outside the project]";

/// What to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// What to do with imports.
    pub imports: Imports,
    /// Only frames of the program's own tree.
    pub only_project: bool,
    /// Only samples whose thread held its interpreter's lock.
    pub gil: bool,
}

/// What to do with imports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Imports {
    /// One frame stands for all that an import does.
    #[default]
    Folded,
    /// Each function is shown.
    Shown,
    /// The samples in them are left out.
    LeftOut,
}

impl View {
    /// The part of a profile that this shows; the profile itself where that is all of it.
    pub fn of<'p>(&self, profile: &'p Profile) -> Cow<'p, Profile> {
        let imports =
            self.imports != Imports::Shown && profile.functions.iter().any(|f| is_machinery(profile, f));
        if !(imports || self.only_project || self.gil) {
            return Cow::Borrowed(profile);
        }
        let imports = if imports { self.imports } else { Imports::Shown };
        Cow::Owned(View { imports, ..*self }.rebuild(profile))
    }

    fn rebuild(&self, profile: &Profile) -> Profile {
        let mut copy = Copy::new(profile);
        let places = self.places(profile, &mut copy);
        for sample in &profile.samples {
            let Some(place) = places.get(sample.stack.index()) else { continue };
            let left_out =
                self.gil && sample.gil != Gil::Held || self.imports == Imports::LeftOut && place.importing;
            if left_out {
                continue;
            }
            let stack = place.stack.unwrap_or_else(|| copy.marker(None, OUTSIDE));
            copy.out.sample(Sample { stack, ..*sample });
        }
        for waiting in &profile.waits {
            let Some(place) = places.get(waiting.stack.index()) else { continue };
            // Who waits does not hold the lock.
            if self.gil || self.imports == Imports::LeftOut && place.importing {
                continue;
            }
            let stack = place.stack.unwrap_or_else(|| copy.marker(None, OUTSIDE));
            copy.out.waiting(Waiting { stack, ..*waiting });
        }
        let shown = copy.out.build(profile.recording.clone());
        self.tell(profile, shown)
    }

    /// A part has no coverage: the CPU time that the kernel charged is known of the whole alone.
    fn tell(&self, whole: &Profile, mut part: Profile) -> Profile {
        let (all, left) = (Totals::of(whole), Totals::of(&part));
        if left == all {
            return part;
        }
        let flags = [(self.imports == Imports::LeftOut, "--no-imports"), (self.gil, "--gil")];
        let flags: Vec<&str> = flags.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag).collect();
        let note = format!(
            "{} leaves {} of {} samples, {:.1}% of the time; the facts above are those of the whole recording",
            flags.join(" "),
            units::count(left.samples),
            units::count(all.samples),
            all.share(left.ns) * 100.0
        );
        (part.recording.user_cpu_ns, part.recording.system_cpu_ns) = (None, None);
        part.recording.notes.push(note);
        part
    }

    /// Where each stack of the profile is in the copy.
    fn places(&self, profile: &Profile, copy: &mut Copy<'_>) -> Vec<Place> {
        let project = Project::of(profile);
        let machinery: Vec<bool> = profile.functions.iter().map(|f| is_machinery(profile, f)).collect();
        let has = |flags: &[bool], index: usize| flags.get(index).copied().unwrap_or(false);
        let mut places: Vec<Place> = Vec::with_capacity(profile.stacks.len());
        for node in profile.stacks.nodes() {
            let outer = node.parent.and_then(|p| places.get(p.index()).copied()).unwrap_or_default();
            let function = profile.frames[node.frame.index()].function.index();
            let own = has(&project.functions, function);
            let importing =
                self.imports != Imports::Shown && (has(&machinery, function) || outer.importing && !own);
            let stack = match (importing, outer.importing) {
                (true, true) => outer.stack,
                (true, false) if self.imports == Imports::LeftOut => outer.stack,
                (true, false) => Some(copy.marker(outer.stack, IMPORTS)),
                (false, _) if self.only_project && !own => outer.stack,
                (false, _) => Some(copy.frame(outer.stack, node.frame)),
            };
            places.push(Place { stack, importing });
        }
        places
    }
}

/// Where a stack of the profile is in the copy.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    stack: Option<StackId>,
    /// Whether its innermost frame is a part of an import.
    importing: bool,
}

/// Whether a function is one of Python's import machinery. The interpreter's own function tells imports in stacks, too, whose
/// Python frames are not known.
fn is_machinery(profile: &Profile, function: &Function) -> bool {
    match function.origin {
        Origin::Python => profile.str(function.file).starts_with("<frozen importlib._bootstrap"),
        Origin::Native => profile.str(function.system_name) == "PyImport_ImportModuleLevelObject",
        Origin::Kernel | Origin::Marker => false,
    }
}

/// A profile with the same processes and threads, under the same numbers, and stacks to come.
struct Copy<'p> {
    from: &'p Profile,
    out: Builder,
    frames: Vec<Option<FrameId>>,
}

impl<'p> Copy<'p> {
    fn new(from: &'p Profile) -> Self {
        let mut out = Builder::new();
        // Equal texts and values are one in the profile already, so that these keep their numbers.
        for text in &from.strings {
            out.string(text);
        }
        for &Module { path, build_id } in &from.modules {
            out.module(Module { path, build_id });
        }
        from.processes.iter().for_each(|&process| _ = out.process(process));
        from.threads.iter().for_each(|&thread| _ = out.thread(thread));
        Self { from, out, frames: vec![None; from.frames.len()] }
    }

    fn frame(&mut self, outer: Option<StackId>, frame: FrameId) -> StackId {
        let copied = match self.frames[frame.index()] {
            Some(copied) => copied,
            None => {
                let original = self.from.frames[frame.index()];
                let function = self.out.function(self.from.functions[original.function.index()]);
                let copied = self.out.frame(Frame { function, ..original });
                self.frames[frame.index()] = Some(copied);
                copied
            }
        };
        self.out.stack(outer, copied)
    }

    fn marker(&mut self, outer: Option<StackId>, name: &str) -> StackId {
        let (name, file): (StrId, StrId) = (self.out.string(name), self.out.string(""));
        let function = self.out.function(Function {
            name,
            system_name: name,
            file,
            start_line: 0,
            module: None,
            origin: Origin::Marker,
            language: Language::Unknown,
        });
        let frame = self.out.frame(Frame { function, line: 0, inlined: false });
        self.out.stack(outer, frame)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::profile::aggregate::sketch::profile;

    const LINES: &str = "
        py:<module>@/app/main.py:1;py:load@/app/main.py:9;memcpy 3
        py:<module>@/app/main.py:1;py:_find_and_load@<frozen importlib._bootstrap>:5;py:<module>@/usr/lib/python3.11/json.py:1 4
        py:<module>@/app/main.py:1;py:_find_and_load@<frozen importlib._bootstrap>:5;py:_load@<frozen importlib._bootstrap_external>:5;py:<module>@/app/models.py:1;py:build@/app/models.py:3 2
        py:_bootstrap@/usr/lib/python3.11/threading.py:9;k:read 1
        main;PyImport_ImportModuleLevelObject;read 2
    ";

    /// Stacks, outermost first, with their samples.
    fn lines(profile: &Profile) -> Vec<String> {
        let name = |frame: FrameId| {
            profile.str(profile.functions[profile.frames[frame.index()].function.index()].name)
        };
        let line = |sample: &Sample| {
            let mut frames: Vec<&str> = profile.stacks.frames(sample.stack).map(name).collect();
            frames.reverse();
            format!("{} {}", frames.join(";"), sample.count)
        };
        profile.samples.iter().map(line).collect()
    }

    fn shown(view: View) -> Vec<String> {
        let mut lines = lines(&view.of(&profile(LINES)));
        lines.sort();
        lines
    }

    #[test]
    fn an_import_is_one_frame_but_for_what_it_runs_of_the_project() {
        assert_eq!(
            shown(View::default()),
            [
                "<module>;[imports] 4",
                "<module>;[imports];<module>;build 2",
                "<module>;load;memcpy 3",
                "_bootstrap;read 1",
                "main;[imports] 2",
            ]
        );
        let left_out = View { imports: Imports::LeftOut, ..View::default() };
        assert_eq!(
            shown(left_out),
            ["<module>;<module>;build 2", "<module>;load;memcpy 3", "_bootstrap;read 1"]
        );
        let all = View { imports: Imports::Shown, ..View::default() };
        assert!(matches!(all.of(&profile(LINES)), Cow::Borrowed(_)));
    }

    #[test]
    fn time_outside_the_project_belongs_to_who_called_for_it() {
        let only = View { only_project: true, ..View::default() };
        assert_eq!(
            shown(only),
            [
                "<module>;[imports] 4",
                "<module>;[imports];<module>;build 2",
                "<module>;load 3",
                "[imports] 2",
                "[outside the project] 1",
            ]
        );
    }

    #[test]
    fn only_who_holds_the_lock_counts() {
        let mut profile = profile(LINES);
        profile.samples[0].gil = Gil::Held;
        profile.samples[1].gil = Gil::Released;
        let view = View { imports: Imports::Shown, gil: true, ..View::default() };
        let shown = view.of(&profile);
        assert_eq!(shown.samples.len(), 1);
        assert!(shown.recording.notes[0].starts_with("--gil leaves 3 of 12 samples, 25.0% of the time; "));
        assert_eq!(shown.threads, profile.threads);
        assert_eq!(shown.processes, profile.processes);
    }

    proptest! {
        /// Folding loses no sample and no time.
        #[test]
        fn what_is_not_left_out_counts(stacks in prop::collection::vec((prop::collection::vec(0..5_usize, 1..8), 1..9_u32), 1..10)) {
            let frames = [
                "py:own@/app/a.py:1",
                "py:_find_and_load@<frozen importlib._bootstrap>:1",
                "py:library@/v/lib/python3.11/site-packages/b.py:1",
                "native",
                "[truncated]",
            ];
            let line = |(stack, count): &(Vec<usize>, u32)| {
                let names: Vec<&str> = stack.iter().map(|&i| frames[i]).collect();
                format!("{} {count}\n", names.join(";"))
            };
            let profile = profile(&stacks.iter().map(line).collect::<String>());
            for only_project in [false, true] {
                let view = View { only_project, ..View::default() };
                prop_assert_eq!(Totals::of(&view.of(&profile)), Totals::of(&profile));
            }
        }
    }
}
