# What `hotcold profile run --exact` puts in front of PYTHONPATH. Every Python imports a module of this name when it starts;
# versions from 2.7 on must be able to read this file. It leaves no trace of itself: the program's own module of this name
# is the one that is imported, and where there is none, importing it fails as it would without us.
import os
import sys


def _start(directory):
    try:
        import hotcold_exact
    except Exception:
        return
    finally:
        sys.path[:] = [entry for entry in sys.path if entry != directory]
        sys.path_importer_cache.pop(directory, None)
    sys.modules.pop("hotcold_exact", None)
    return hotcold_exact


def _chain():
    ours = sys.modules.pop("sitecustomize")
    try:
        import sitecustomize
    except ImportError as error:
        if getattr(error, "name", "sitecustomize") != "sitecustomize":
            raise
        sys.modules["sitecustomize"] = ours
        # What the import system says when there is no such module; it forgets ours then.
        absent = ImportError("No module named 'sitecustomize'")
        absent.name = "sitecustomize"
        raise absent


_counting = _start(os.path.dirname(os.path.abspath(__file__)))
try:
    _chain()
finally:
    # Last, so that a module of the program's own is not part of its profile, as it is not part of cProfile's.
    if _counting is not None:
        try:
            _counting.install()
        except Exception:
            pass  # The program is more important than its profile.
