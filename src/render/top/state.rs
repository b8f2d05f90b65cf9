//! What a live view of a recording shows, and how keys change it. Pure.

use crate::profile::{
    aggregate::{
        By,
        live::{LiveSort, Spent},
    },
    symbolize::NativeFrames,
};

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Char(char),
    /// Return.
    Enter,
    /// Escape.
    Escape,
    /// Delete to the left.
    Backspace,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// None of these.
    Other,
}

/// What a key asks for that is not a matter of the view alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// End the view.
    Quit,
    /// End the program that we have started; `hard` without its consent.
    EndProgram {
        /// It has been asked before.
        hard: bool,
    },
    /// Save the recording so far.
    Save,
    /// Stop or go on showing what is new, as [`State::paused`] says.
    Pause,
    /// Give names anew, with [`State::native_frames`].
    Rename,
}

/// What has to be answered first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    /// Nothing.
    #[default]
    Rows,
    /// The filter is being typed.
    Filter,
    /// The keys are explained.
    Help,
    /// Whether to end the program.
    End,
}

/// How the view is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// What a row stands for.
    pub by: By,
    /// The kind of time shown.
    pub spent: Spent,
    /// The column that orders rows.
    pub sort: LiveSort,
    /// Rows the other way around.
    pub reversed: bool,
    /// Rows have this in their name, file or module, in upper or lower case; empty for all.
    pub filter: String,
    /// Whether new data waits until the user goes on.
    pub paused: bool,
    /// Functions of interpreters that are shown.
    pub native_frames: NativeFrames,
    /// Rows that are scrolled past.
    pub scrolled: usize,
    /// Something to tell, until the next key.
    pub message: String,
    /// Whether waiting is recorded.
    pub(super) waiting: bool,
    /// Whether the program is one that we have started.
    pub(super) started: bool,
    /// Whether the program has been asked to end.
    pub(super) asked_to_end: bool,
    pub(super) mode: Mode,
}

impl State {
    /// A view that has just begun. `waiting` says whether waiting is recorded, `started` whether the program is one that we have
    /// started and is not to be left behind.
    pub fn new(waiting: bool, started: bool, native_frames: NativeFrames) -> Self {
        Self {
            by: By::Function,
            spent: Spent::Cpu,
            sort: LiveSort::default(),
            reversed: false,
            filter: String::new(),
            paused: false,
            native_frames,
            scrolled: 0,
            message: String::new(),
            waiting,
            started,
            asked_to_end: false,
            mode: Mode::Rows,
        }
    }

    /// Takes a key in. `page` is the number of rows on the screen, `rows` of all.
    pub fn press(&mut self, key: Key, page: usize, rows: usize) -> Option<Wish> {
        self.message.clear();
        match self.mode {
            Mode::Rows => self.command(key, page.max(1), rows),
            Mode::Help => {
                self.mode = Mode::Rows;
                None
            }
            Mode::Filter => {
                self.edit(key);
                None
            }
            Mode::End => {
                self.mode = Mode::Rows;
                let yes = matches!(key, Key::Char('y' | 'Y' | 'q' | 'Q'));
                yes.then(|| Wish::EndProgram { hard: std::mem::replace(&mut self.asked_to_end, true) })
            }
        }
    }

    fn edit(&mut self, key: Key) {
        self.scrolled = 0;
        match key {
            Key::Char(c) => self.filter.push(c),
            Key::Backspace => {
                self.filter.pop();
            }
            Key::Enter => self.mode = Mode::Rows,
            Key::Escape => {
                self.filter.clear();
                self.mode = Mode::Rows;
            }
            _ => {}
        }
    }

    fn command(&mut self, key: Key, page: usize, rows: usize) -> Option<Wish> {
        let last = rows.saturating_sub(page);
        match key {
            Key::Char('q' | 'Q') if self.started => self.mode = Mode::End,
            Key::Char('q' | 'Q') => return Some(Wish::Quit),
            Key::Char('?' | 'h') => self.mode = Mode::Help,
            Key::Char('f') => self.show(By::Function),
            Key::Char('l') => self.show(By::Line),
            Key::Char('t') => self.show(By::Thread),
            Key::Char('c') => self.spend(Spent::Cpu),
            Key::Char('w') if self.waiting => self.spend(Spent::Waiting),
            Key::Char('w') => {
                "no waiting is recorded; start with --wall to see it".clone_into(&mut self.message)
            }
            Key::Char('n') => {
                self.native_frames = match self.native_frames {
                    NativeFrames::Merged => NativeFrames::None,
                    NativeFrames::None => NativeFrames::All,
                    NativeFrames::All => NativeFrames::Merged,
                };
                return Some(Wish::Rename);
            }
            Key::Char('s') => self.sort_by(self.neighbour(1)),
            Key::Char('S') => self.sort_by(self.neighbour(LiveSort::ALL.len() - 1)),
            Key::Char(digit @ '1'..='5') => {
                let place = digit.to_digit(10).map_or(0, |digit| digit as usize - 1);
                self.sort_by(LiveSort::ALL[place]);
            }
            Key::Char('r') => self.reversed = !self.reversed,
            Key::Char('/') => self.mode = Mode::Filter,
            Key::Escape => self.filter.clear(),
            Key::Char('p' | ' ') => {
                self.paused = !self.paused;
                return Some(Wish::Pause);
            }
            Key::Char('o') => return Some(Wish::Save),
            Key::Up | Key::Char('k') => self.scrolled = self.scrolled.saturating_sub(1),
            Key::Down | Key::Char('j') => self.scrolled = (self.scrolled + 1).min(last),
            Key::PageUp => self.scrolled = self.scrolled.saturating_sub(page),
            Key::PageDown => self.scrolled = (self.scrolled + page).min(last),
            Key::Home | Key::Char('g') => self.scrolled = 0,
            Key::End | Key::Char('G') => self.scrolled = last,
            Key::Enter | Key::Backspace | Key::Char(_) | Key::Other => {}
        }
        None
    }

    fn show(&mut self, by: By) {
        (self.by, self.scrolled) = (by, 0);
    }

    fn spend(&mut self, spent: Spent) {
        (self.spent, self.scrolled) = (spent, 0);
    }

    fn sort_by(&mut self, sort: LiveSort) {
        (self.sort, self.scrolled) = (sort, 0);
    }

    fn neighbour(&self, steps: usize) -> LiveSort {
        let place = LiveSort::ALL.iter().position(|&sort| sort == self.sort).unwrap_or(0);
        LiveSort::ALL[(place + steps) % LiveSort::ALL.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(waiting: bool, started: bool) -> State {
        State::new(waiting, started, NativeFrames::Merged)
    }

    fn press(state: &mut State, keys: &str) -> Option<Wish> {
        keys.chars().filter_map(|c| state.press(Key::Char(c), 10, 25)).last()
    }

    #[test]
    fn views_times_and_columns_are_chosen() {
        let mut s = state(true, false);
        assert_eq!(press(&mut s, "l3r"), None);
        assert_eq!((s.by, s.sort, s.reversed), (By::Line, LiveSort::WholeSelf, true));
        press(&mut s, "tsrw");
        assert_eq!((s.by, s.sort, s.reversed), (By::Thread, LiveSort::WholeTotal, false));
        assert_eq!(s.spent, Spent::Waiting);
        press(&mut s, "fSSSSc");
        assert_eq!((s.by, s.sort, s.spent), (By::Function, LiveSort::Name, Spent::Cpu));
        assert_eq!((press(&mut s, "p"), s.paused), (Some(Wish::Pause), true));
        assert_eq!((press(&mut s, " "), s.paused), (Some(Wish::Pause), false));
        assert_eq!(press(&mut s, "o"), Some(Wish::Save));
        let mut cpu_only = state(false, false);
        press(&mut cpu_only, "w");
        assert_eq!(cpu_only.spent, Spent::Cpu);
        assert!(cpu_only.message.contains("--wall"));
        press(&mut cpu_only, "x");
        assert_eq!(cpu_only.message, "");
    }

    #[test]
    fn interpreters_functions_go_around() {
        let mut s = state(false, false);
        let seen: Vec<_> = (0..3)
            .map(|_| {
                assert_eq!(press(&mut s, "n"), Some(Wish::Rename));
                s.native_frames
            })
            .collect();
        assert_eq!(seen, [NativeFrames::None, NativeFrames::All, NativeFrames::Merged]);
    }

    #[test]
    fn while_a_filter_is_typed_letters_are_letters() {
        let mut s = state(false, false);
        assert_eq!(press(&mut s, "/qp"), None);
        s.press(Key::Backspace, 10, 25);
        s.press(Key::Enter, 10, 25);
        assert_eq!((s.filter.as_str(), s.paused), ("q", false));
        press(&mut s, "p");
        assert!(s.paused);
        press(&mut s, "/x");
        s.press(Key::Escape, 10, 25);
        assert_eq!((s.filter.as_str(), s.mode), ("", Mode::Rows));
    }

    #[test]
    fn scrolling_ends_at_both_ends() {
        let mut s = state(false, false);
        let mut at = |key| {
            s.press(key, 10, 25);
            s.scrolled
        };
        assert_eq!([Key::Up, Key::Down, Key::PageDown, Key::PageDown].map(&mut at), [0, 1, 11, 15]);
        assert_eq!([Key::Down, Key::PageUp, Key::Home, Key::End].map(&mut at), [15, 5, 0, 15]);
        assert_eq!(s.press(Key::Down, 0, 0), None);
        assert_eq!(s.scrolled, 0);
    }

    #[test]
    fn a_program_of_ours_is_ended_only_when_that_is_confirmed() {
        assert_eq!(press(&mut state(false, false), "q"), Some(Wish::Quit));
        let mut s = state(false, true);
        assert_eq!(press(&mut s, "qx"), None);
        assert_eq!(press(&mut s, "qy"), Some(Wish::EndProgram { hard: false }));
        assert_eq!(press(&mut s, "qq"), Some(Wish::EndProgram { hard: true }));
        assert_eq!(press(&mut s, "?q"), None, "the help is closed first");
    }
}
