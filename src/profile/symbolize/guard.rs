//! Keeps hostile files from ending the process: mapped files that shrink while they are read, and panics of parsers.
//!
//! Reading a mapped page that its file no longer has raises SIGBUS. While a [`Session`] lives, a handler replaces such
//! pages by zeros and remembers it, so that the reader goes on and [`Mapping::is_torn`] tells that what was read is worthless.

use std::{
    cell::Cell,
    fs::File,
    io,
    mem::MaybeUninit,
    ops::Deref,
    panic::{self, AssertUnwindSafe},
    ptr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering},
    },
};

use memmap2::Mmap;

/// A file mapped for reading whose pages may vanish.
#[derive(Debug)]
pub(super) struct Mapping {
    map: Mmap,
    slot: &'static Slot,
}

impl Mapping {
    /// Maps a whole file.
    pub(super) fn new(file: &File) -> io::Result<Self> {
        // SAFETY: the mapping is private and only read. Other processes may change the file's bytes; every reader of them
        // is a bounds-checking parser, pages that vanish are replaced by `on_sigbus`, and the result is thrown away when
        // the file turns out to have changed.
        let map = unsafe { Mmap::map(file)? };
        let start = map.as_ptr() as usize;
        Ok(Self { slot: Slot::take(start, start.saturating_add(map.len())), map })
    }

    /// Whether a page of it vanished and reads as zeros since.
    pub(super) fn is_torn(&self) -> bool {
        self.slot.torn.load(Ordering::Acquire)
    }
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        self.slot.release();
    }
}

/// Address range of a live [`Mapping`]. Slots are reused and never freed, because a signal handler walks their list.
#[derive(Debug)]
struct Slot {
    taken: AtomicBool,
    start: AtomicUsize,
    end: AtomicUsize,
    torn: AtomicBool,
    next: AtomicPtr<Slot>,
}

static SLOTS: AtomicPtr<Slot> = AtomicPtr::new(ptr::null_mut());
static PAGE: AtomicUsize = AtomicUsize::new(4096);

impl Slot {
    fn take(start: usize, end: usize) -> &'static Self {
        let free = Self::all()
            .find(|s| s.taken.compare_exchange(false, true, Ordering::AcqRel, Ordering::Relaxed).is_ok());
        let slot = free.unwrap_or_else(Self::push);
        slot.torn.store(false, Ordering::Release);
        slot.start.store(start, Ordering::Release);
        slot.end.store(end, Ordering::Release);
        slot
    }

    fn push() -> &'static Self {
        let slot: &'static Self = Box::leak(Box::new(Self {
            taken: AtomicBool::new(true),
            start: AtomicUsize::new(0),
            end: AtomicUsize::new(0),
            torn: AtomicBool::new(false),
            next: AtomicPtr::new(ptr::null_mut()),
        }));
        let mut head = SLOTS.load(Ordering::Acquire);
        loop {
            slot.next.store(head, Ordering::Release);
            let new = ptr::from_ref(slot).cast_mut();
            match SLOTS.compare_exchange(head, new, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return slot,
                Err(current) => head = current,
            }
        }
    }

    fn release(&self) {
        self.end.store(0, Ordering::Release);
        self.start.store(0, Ordering::Release);
        self.taken.store(false, Ordering::Release);
    }

    fn all() -> impl Iterator<Item = &'static Self> {
        let mut next = SLOTS.load(Ordering::Acquire);
        std::iter::from_fn(move || {
            // SAFETY: the list holds null or leaked slots, which live for ever.
            let slot: &'static Self = unsafe { next.as_ref() }?;
            next = slot.next.load(Ordering::Acquire);
            Some(slot)
        })
    }

    /// Puts zeros from the page of `address` to the end of the mapping.
    fn blank_from(&self, address: usize) -> bool {
        let page = address & !(PAGE.load(Ordering::Relaxed) - 1);
        let length = self.end.load(Ordering::Acquire).saturating_sub(page);
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED | libc::MAP_NORESERVE;
        // SAFETY: the range lies within a mapping that this slot stands for, which is only read and lives as long as
        // something reads it: the faulting thread does right now.
        let got = unsafe { libc::mmap(page as *mut _, length, libc::PROT_READ, flags, -1, 0) };
        got != libc::MAP_FAILED
    }
}

extern "C" fn on_sigbus(_signal: libc::c_int, info: *mut libc::siginfo_t, _context: *mut libc::c_void) {
    // SAFETY: the kernel passes a valid siginfo of a SIGBUS, and errno's address is valid in every thread.
    let (address, errno) = unsafe { ((*info).si_addr() as usize, *libc::__errno_location()) };
    let mine = Slot::all()
        .find(|s| s.start.load(Ordering::Acquire) <= address && address < s.end.load(Ordering::Acquire));
    match mine {
        Some(slot) if slot.blank_from(address) => slot.torn.store(true, Ordering::Release),
        // SAFETY: `signal` is async-signal-safe; the fault happens again on return and now ends the process as it would have.
        _ => unsafe {
            libc::signal(libc::SIGBUS, libc::SIG_DFL);
        },
    }
    // SAFETY: as above; the interrupted code must not see errno change.
    unsafe { *libc::__errno_location() = errno };
}

type Hook = Box<dyn Fn(&panic::PanicHookInfo<'_>) + Send + Sync>;

#[derive(Default)]
struct Active {
    sessions: usize,
    previous_action: Option<libc::sigaction>,
    previous_hook: Option<Arc<Hook>>,
}

static ACTIVE: Mutex<Option<Active>> = Mutex::new(None);

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

fn active() -> MutexGuard<'static, Option<Active>> {
    ACTIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// While one lives, torn mappings read as zeros and [`quietly`] prints nothing.
#[derive(Debug)]
pub(super) struct Session(());

impl Session {
    /// Installs the SIGBUS handler and the panic hook, once for all sessions that overlap.
    pub(super) fn start() -> Self {
        let mut guard = active();
        let state = guard.get_or_insert_default();
        state.sessions += 1;
        if state.sessions == 1 {
            PAGE.store(rustix::param::page_size(), Ordering::Relaxed);
            state.previous_action = install_handler();
            state.previous_hook = Some(install_hook());
        }
        Self(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let mut guard = active();
        let Some(state) = guard.as_mut() else { return };
        state.sessions -= 1;
        if state.sessions > 0 {
            return;
        }
        if let Some(action) = state.previous_action.take() {
            // SAFETY: the action was in force before and is put back as it was.
            unsafe { libc::sigaction(libc::SIGBUS, &action, ptr::null_mut()) };
        }
        // Taking or setting a hook while panicking would abort.
        if let Some(hook) = state.previous_hook.take().filter(|_| !std::thread::panicking()) {
            drop(panic::take_hook());
            if let Some(hook) = Arc::into_inner(hook) {
                panic::set_hook(hook);
            }
        }
    }
}

fn install_handler() -> Option<libc::sigaction> {
    // SAFETY: all-zero is a valid sigaction.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = on_sigbus as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    let mut previous = MaybeUninit::uninit();
    // SAFETY: both pointers are valid for the call, and the handler only does what is async-signal-safe.
    let set = unsafe { libc::sigaction(libc::SIGBUS, &action, previous.as_mut_ptr()) };
    // SAFETY: on success the kernel has filled it in.
    (set == 0).then(|| unsafe { previous.assume_init() })
}

fn install_hook() -> Arc<Hook> {
    let previous = Arc::new(panic::take_hook());
    let fallback = Arc::clone(&previous);
    panic::set_hook(Box::new(move |info| {
        if !QUIET.get() {
            fallback(info);
        }
    }));
    previous
}

/// Runs a parser of foreign data; `None` if it panicked. Within a [`Session`] nothing is printed.
pub(super) fn quietly<T>(work: impl FnOnce() -> T) -> Option<T> {
    let before = QUIET.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    QUIET.set(before);
    result.ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_file_cut_while_mapped_reads_as_zeros_and_is_torn() {
        let _session = Session::start();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[7; 40_000]).unwrap();
        let whole = Mapping::new(&file).unwrap();
        assert_eq!((whole[0], whole[39_999]), (7, 7));
        file.set_len(5000).unwrap();
        assert!(!whole.is_torn());
        assert_eq!((whole[30_000], whole[39_999]), (0, 0));
        assert!(whole.is_torn());
        assert_eq!(whole[4000], 7, "pages that are still there stay");
        drop(whole);
        let again = Mapping::new(&file).unwrap();
        assert!(!again.is_torn(), "a reused slot starts clean");
        assert_eq!(again.len(), 5000);
    }

    #[test]
    fn a_parser_that_panics_is_none_and_the_rest_goes_on() {
        let _session = Session::start();
        assert_eq!(quietly(|| [1][std::hint::black_box(3)]), None);
        assert_eq!(quietly(|| 5), Some(5));
    }

    #[test]
    fn an_empty_file_is_empty() {
        assert!(Mapping::new(&tempfile::tempfile().unwrap()).unwrap().is_empty());
    }
}
