"""Counts the calls of this process with the interpreter's own profiler, and writes them where hotcold finds them.

Old versions, which are left alone, must be able to read this file, to say so.

One profiler a thread. Up to CPython 3.11 a profiler sees the thread that enables it. From 3.12 on it sees all threads and
takes them for one, so there its callbacks are registered by us: directly as long as there is one thread, and then through
functions that choose the profiler of the thread. That leaves the interpreter's place for a profiler to the program.
"""
import os
import sys

_DIRECTORY = os.path.dirname(os.path.abspath(__file__))
_OUT = os.path.join(_DIRECTORY, "out")


def _why_not():
    """Why this interpreter is left alone, or None."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info < (3, 9):
        return "Python " + version + " is older than 3.9"
    if sys.implementation.name != "cpython":
        return "it is " + sys.implementation.name + ", not CPython"
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return "a free-threaded build of CPython " + version
    return None


def _command():
    try:
        with open("/proc/self/cmdline", "rb") as file:
            return file.read(4096)
    except OSError:
        return b""


def _write(name, data):
    """Writes a file as a whole, or none."""
    part = os.path.join(_OUT, "part." + name)
    try:
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0), 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        os.rename(part, os.path.join(_OUT, name))
    except OSError:
        # The directory is gone: nobody waits for it any more.
        pass


class _Threads(dict):
    """Profilers by thread."""

    def __init__(self, make):
        self._make = make

    def __missing__(self, thread):
        made = self[thread] = self._make()
        return made


class _Old:
    """CPython 3.9 to 3.11: a profiler is enabled in the thread that it sees."""

    def __init__(self, profiler_type, get_ident):
        self._get_ident = get_ident
        self._threads = _Threads(profiler_type)
        # The program has put a profiler of its own in our place.
        self.displaced = False
        self._ended = False

    def start(self):
        import threading

        threading.setprofile(self._enter)
        self._threads[self._get_ident()].enable()

    def _enter(self, frame, event, arg):
        # A thread with the number of one that has ended goes on with its profiler.
        self._threads[self._get_ident()].enable()

    def forked(self):
        thread = self._get_ident()
        profiler = self._threads[thread]
        self._threads.clear()
        self._threads[thread] = profiler
        profiler.clear()

    def profilers(self):
        """The profilers, with all that has begun ended."""
        # A signal may ask once more while the end is being written: there is none in our place then because we have left it.
        if not self._ended:
            self.displaced |= sys.getprofile() is not self._threads[self._get_ident()]
        self._ended = True
        profilers = list(self._threads.values())
        for profiler in profilers:
            profiler.disable()
        return profilers

    def resume(self):
        self._ended = False
        self._threads[self._get_ident()].enable()


class _New:
    """CPython 3.12 and later: the profilers' callbacks hang on events of the interpreter."""

    # 0 to 2 and 5 have names and owners: see sys.monitoring.
    _TOOL = 4
    _LOOKOUT = 3
    displaced = False

    def __init__(self, profiler_type, get_ident):
        self._get_ident = get_ident
        self._profiler_type = profiler_type
        self._monitoring = sys.monitoring
        self._threads = _Threads(lambda: self._callbacks(profiler_type()))
        events = sys.monitoring.events
        throw = "_pythrow_callback" if hasattr(profiler_type, "_pythrow_callback") else "_pystart_callback"
        self._table = (
            (events.PY_START, "_pystart_callback"),
            (events.PY_RESUME, "_pystart_callback"),
            (events.PY_THROW, throw),
            (events.PY_RETURN, "_pyreturn_callback"),
            (events.PY_YIELD, "_pyreturn_callback"),
            (events.PY_UNWIND, "_pyreturn_callback"),
            (events.CALL, "_ccall_callback"),
            (events.C_RETURN, "_creturn_callback"),
            (events.C_RAISE, "_creturn_callback"),
        )
        self._looking_out = False

    def _callbacks(self, profiler):
        """The profiler and its callbacks in the order of the table."""
        return (profiler,) + tuple(getattr(profiler, name) for _, name in self._table)

    def start(self):
        monitoring = self._monitoring
        monitoring.use_tool_id(self._TOOL, "hotcold")
        self._alone()
        self._resume_events()

    def _resume_events(self):
        events = 0
        for event, _ in self._table:
            events |= event
        # The ends of calls of C functions come with the calls.
        unasked = self._monitoring.events.C_RETURN | self._monitoring.events.C_RAISE
        self._monitoring.set_events(self._TOOL, events & ~unasked)

    def _alone(self):
        """Registers the callbacks of this thread's profiler, for as long as no other thread starts."""
        for (event, _), callback in zip(self._table, self._threads[self._get_ident()][1:]):
            self._monitoring.register_callback(self._TOOL, event, callback)
        self._look_out()

    def _look_out(self):
        import threading

        if self._looking_out:
            return
        monitoring = self._monitoring
        self._looking_out = True
        start = threading.Thread.start.__code__
        monitoring.use_tool_id(self._LOOKOUT, "hotcold threads")
        monitoring.register_callback(self._LOOKOUT, monitoring.events.PY_START, self._thread_starts)
        monitoring.set_local_events(self._LOOKOUT, start, monitoring.events.PY_START)

    def _thread_starts(self, code, offset):
        if self._looking_out:
            self._looking_out = False
            self._several()
            self._monitoring.set_local_events(self._LOOKOUT, code, 0)
            self._monitoring.free_tool_id(self._LOOKOUT)

    def _several(self):
        for position, (event, _) in enumerate(self._table, 1):
            self._monitoring.register_callback(self._TOOL, event, self._chooser(position))

    def _chooser(self, position):
        threads, get_ident = self._threads, self._get_ident

        def choose(*event):
            threads[get_ident()][position](*event)

        return choose

    def forked(self):
        thread = self._get_ident()
        callbacks = self._threads[thread]
        self._threads.clear()
        self._threads[thread] = callbacks
        self._alone()
        callbacks[0].clear()

    def profilers(self):
        self._monitoring.set_events(self._TOOL, 0)
        profilers = [callbacks[0] for callbacks in list(self._threads.values())]
        for profiler in profilers:
            # Only what has been enabled ends, when it is disabled, the calls that are going on.
            try:
                profiler.enable()
            except (ValueError, RuntimeError):
                break  # The program profiles itself.
            profiler.disable()
        return profilers

    def resume(self):
        self._resume_events()


def _pool_queues(process):
    """The queues of tasks and results of a worker of a `multiprocessing.Pool`; None for other processes."""
    target, args = getattr(process, "_target", None), getattr(process, "_args", ())
    worker = getattr(target, "__module__", None) == "multiprocessing.pool" and target.__name__ == "worker"
    return args[:2] if worker else None


def _label(code):
    if isinstance(code, str):
        return ("~", 0, code)
    return (code.co_filename, code.co_firstlineno, getattr(code, "co_qualname", code.co_name))


def _is_ours(code):
    if isinstance(code, str):
        return code.endswith(" of '_lsprof.Profiler' objects>")
    return code.co_filename.startswith(_DIRECTORY)


def _statistics(profilers):
    """What cProfile would write, for all threads; code of one name and line is one function."""
    stats = {}
    for profiler in profilers:
        for entry in profiler.getstats():
            if _is_ours(entry.code):
                _take_back(stats, entry)
                continue
            _function(stats, entry.code, entry)
            for called in entry.calls or ():
                if not _is_ours(called.code):
                    callers = _function(stats, called.code, None)[4]
                    old = callers.get(_label(entry.code), (0, 0, 0.0, 0.0))
                    count, own = called.callcount, called.callcount - called.reccallcount
                    new = (count, own, called.inlinetime, called.totaltime)
                    callers[_label(entry.code)] = tuple(a + b for a, b in zip(old, new))
    return {label: tuple(numbers) for label, numbers in stats.items() if numbers[1]}


def _take_back(stats, ours):
    """Functions of the interpreter that we have called ourselves."""
    for called in ours.calls or ():
        if isinstance(called.code, str):
            numbers = _function(stats, called.code, None)
            numbers[0] -= called.callcount - called.reccallcount
            numbers[1] -= called.callcount
            numbers[2] -= called.inlinetime
            numbers[3] -= called.totaltime


def _function(stats, code, entry):
    numbers = stats.setdefault(_label(code), [0, 0, 0.0, 0.0, {}])
    if entry is not None:
        numbers[0] += entry.callcount - entry.reccallcount
        numbers[1] += entry.callcount
        numbers[2] += entry.inlinetime
        numbers[3] += entry.totaltime
    return numbers


class _Process:
    """This process, as hotcold is told of it."""

    def __init__(self, source):
        self._source = source
        self._begin()

    def _begin(self):
        import time

        self._pid = os.getpid()
        self._name = "%d.%d" % (self._pid, time.monotonic_ns())
        _write(self._name + ".started", _command())

    def forked(self):
        caller = sys._getframe(1).f_code
        if caller.co_name == "_execute_child":
            return  # subprocess, about to execute another program.
        self._source.forked()
        self._begin()
        if caller.co_filename.endswith(("multiprocessing/popen_fork.py", "multiprocessing/forkserver.py")):
            self.expect_terminate()

    def expect_terminate(self):
        """This process becomes one of `multiprocessing`, which ends many of its processes by SIGTERM."""
        from multiprocessing.process import BaseProcess

        original = BaseProcess._bootstrap

        def replacement(process, *args, **kwargs):
            BaseProcess._bootstrap = original
            queues = _pool_queues(process)
            if queues is None:
                self._outlive_terminate()
            else:
                self._write_in_pauses(*queues)
            return original(process, *args, **kwargs)

        BaseProcess._bootstrap = replacement

    def _outlive_terminate(self):
        """Writes what it has when SIGTERM comes, and dies of it as before."""
        import signal

        def terminated(number, frame):
            self.write()
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

        try:
            if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
                signal.signal(signal.SIGTERM, terminated)
        except ValueError:
            pass  # Not in the main thread.

    def _write_in_pauses(self, tasks, results):
        """A worker of a pool, which is mostly killed while it waits for work, writes what it has before it tells a result.

        A handler of the signal would not do: it never runs if the signal comes just before the worker waits in the kernel for
        a lock that one who was killed holds. Nor would writing after the last result: it is killed as soon as that is told.
        """
        get, put = tasks.get, results.put
        idle, busy = (os.path.join(_OUT, self._name + kind) for kind in (".idle", ".busy"))

        def get_task():
            task = get()
            if task is not None:
                try:
                    os.rename(idle, busy)
                except OSError:
                    pass  # It could not be written.
            return task

        def put_result(result):
            self.write(".idle", go_on=True)
            put(result)

        self.write(".idle", go_on=True)
        tasks.get, results.put = get_task, put_result

    def write(self, kind=".prof", go_on=False):
        try:
            import marshal

            if os.getpid() == self._pid:
                statistics = marshal.dumps(_statistics(self._source.profilers()))
                if self._source.displaced:
                    _write(self._name + ".displaced", _command())
                _write(self._name + kind, statistics)
                if go_on:
                    self._source.resume()
        except Exception:
            # The program's end is more important than its profile.
            pass


def _before(module, name, act):
    """Has a function, after which no more code of ours may run, tell us before."""
    original = getattr(module, name)

    def replacement(*args, **kwargs):
        try:
            act(*args)
        except Exception:
            pass  # The function itself says what is wrong with its arguments.
        return original(*args, **kwargs)

    replacement.__name__ = replacement.__qualname__ = name
    replacement.__doc__ = original.__doc__
    replacement.__module__ = original.__module__
    setattr(module, name, replacement)


def _before_own_end(process):
    """Writes before everything by which a program ends itself without Python's knowing."""
    import _signal

    def signalled(number):
        if _signal.getsignal(number) == _signal.SIG_DFL:
            process.write(go_on=True)

    _before(os, "_exit", lambda *_: process.write())
    _before(os, "abort", lambda *_: process.write())
    _before(os, "execv", lambda *_: process.write(go_on=True))
    _before(os, "execve", lambda *_: process.write(go_on=True))
    # As servers do that were told to end, once they have cleaned up. Not `os.kill`, which is used for much else: where a handler
    # raises an exception its traceback would show us.
    for module in (_signal, sys.modules.get("signal")):
        if module is not None:
            _before(module, "raise_signal", signalled)


def install():
    """Starts to count."""
    why_not = _why_not()
    if why_not is not None:
        _write("%d.refused" % os.getpid(), why_not.encode() + b"\0" + _command())
        return
    try:
        import _lsprof
    except ImportError:
        return  # An interpreter inside of this one, which may not have it.
    from _thread import get_ident
    import atexit

    source = (_New if hasattr(sys, "monitoring") else _Old)(_lsprof.Profiler, get_ident)
    process = _Process(source)
    os.register_at_fork(after_in_child=process.forked)
    # Registered first, so that it comes last.
    atexit.register(process.write)
    _before_own_end(process)
    if b"\0--multiprocessing-fork" in _command():
        process.expect_terminate()
    source.start()
