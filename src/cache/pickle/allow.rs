//! Which classes and functions a pickle may name without a word of the audit, and which are known to run code.
//!
//! The list holds what the standard library, NumPy and pandas use to rebuild plain data. It follows exact names: nothing of a
//! module is allowed because another name of it is.

/// What reading a pickle may do with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Rebuilds data when called.
    Callable,
    /// May be mentioned, as types in keys are; calling it is another thing.
    Mention,
    /// Nothing is known about it.
    Unknown,
    /// Runs programs or code, or opens the way to it.
    Dangerous,
}

pub(super) fn trust(module: &str, name: &str) -> Trust {
    let one_of = |names: &[&str]| names.contains(&name);
    let callable = match module {
        "builtins" => one_of(BUILTIN_DATA) || is_exception(name),
        "_codecs" => name == "encode",
        "collections" => one_of(&[
            "OrderedDict",
            "defaultdict",
            "deque",
            "Counter",
            "ChainMap",
            "UserDict",
            "UserList",
            "UserString",
        ]),
        "copyreg" => one_of(&["_reconstructor", "__newobj__", "__newobj_ex__"]),
        "datetime" => one_of(&["datetime", "date", "time", "timedelta", "timezone"]),
        "decimal" | "_pydecimal" => name == "Decimal",
        "fractions" => name == "Fraction",
        "uuid" => one_of(&["UUID", "SafeUUID"]),
        "pathlib" | "pathlib._local" => {
            one_of(&["PurePath", "PurePosixPath", "PureWindowsPath", "Path", "PosixPath", "WindowsPath"])
        }
        "zoneinfo" => one_of(&["ZoneInfo", "ZoneInfo._unpickle"]),
        "ipaddress" => one_of(&[
            "IPv4Address",
            "IPv6Address",
            "IPv4Network",
            "IPv6Network",
            "IPv4Interface",
            "IPv6Interface",
        ]),
        "array" => one_of(&["array", "_array_reconstructor"]),
        "types" => name == "SimpleNamespace",
        "re" => one_of(&["_compile", "RegexFlag"]),
        "http" => one_of(&["HTTPStatus", "HTTPMethod"]),
        "diskcache.core" | "diskcache_community.core" => name == "Constant",
        _ if module.starts_with("numpy") => is_numpy(module, name),
        _ if module.starts_with("pandas") => is_pandas(module, name),
        _ => false,
    };
    if callable {
        return Trust::Callable;
    }
    if module == "builtins" && one_of(BUILTIN_MENTIONS) {
        return Trust::Mention;
    }
    if is_dangerous(module, name) { Trust::Dangerous } else { Trust::Unknown }
}

const BUILTIN_DATA: &[&str] = &[
    "bool",
    "bytearray",
    "bytes",
    "complex",
    "dict",
    "enumerate",
    "float",
    "frozenset",
    "int",
    "iter",
    "list",
    "memoryview",
    "object",
    "range",
    "reversed",
    "set",
    "slice",
    "str",
    "tuple",
    "zip",
    "Ellipsis",
    "NotImplemented",
];

const BUILTIN_MENTIONS: &[&str] = &[
    "NoneType",
    "abs",
    "all",
    "any",
    "ascii",
    "bin",
    "callable",
    "chr",
    "classmethod",
    "divmod",
    "ellipsis",
    "format",
    "hash",
    "hex",
    "id",
    "isinstance",
    "issubclass",
    "len",
    "max",
    "min",
    "next",
    "oct",
    "ord",
    "pow",
    "print",
    "property",
    "repr",
    "round",
    "sorted",
    "staticmethod",
    "sum",
    "super",
    "type",
];

fn is_exception(name: &str) -> bool {
    const OTHERS: &[&str] = &[
        "Exception",
        "BaseException",
        "ExceptionGroup",
        "BaseExceptionGroup",
        "KeyboardInterrupt",
        "SystemExit",
        "GeneratorExit",
        "StopIteration",
        "StopAsyncIteration",
    ];
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric());
    plain && (name.ends_with("Error") || name.ends_with("Warning") || OTHERS.contains(&name))
}

fn is_numpy(module: &str, name: &str) -> bool {
    match module {
        "numpy" => {
            matches!(name, "ndarray" | "dtype" | "matrix" | "recarray" | "record") || is_numpy_scalar(name)
        }
        "numpy.core.multiarray" | "numpy._core.multiarray" => matches!(name, "_reconstruct" | "scalar"),
        "numpy.core.numeric" | "numpy._core.numeric" => name == "_frombuffer",
        "numpy.ma.core" => matches!(name, "_mareconstruct" | "MaskedArray"),
        "numpy.dtypes" => name.ends_with("DType"),
        _ => false,
    }
}

fn is_numpy_scalar(name: &str) -> bool {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    matches!(
        stem,
        "float"
            | "int"
            | "uint"
            | "complex"
            | "bool_"
            | "bool"
            | "str_"
            | "bytes_"
            | "void"
            | "datetime"
            | "timedelta"
            | "object_"
            | "intc"
            | "intp"
            | "uintp"
            | "longlong"
            | "ulonglong"
            | "longdouble"
            | "double"
            | "half"
            | "single"
    )
}

/// What pandas 3 names by its own name; before, the modules below it were.
const PANDAS: &[&str] = &[
    "Categorical",
    "CategoricalDtype",
    "CategoricalIndex",
    "DataFrame",
    "DatetimeIndex",
    "DatetimeTZDtype",
    "Index",
    "Interval",
    "IntervalDtype",
    "IntervalIndex",
    "MultiIndex",
    "NA",
    "Period",
    "PeriodDtype",
    "PeriodIndex",
    "RangeIndex",
    "Series",
    "StringDtype",
    "Timedelta",
    "TimedeltaIndex",
    "Timestamp",
];

fn is_pandas(module: &str, name: &str) -> bool {
    match module {
        "pandas" => PANDAS.contains(&name),
        "pandas.arrays" => !name.contains('.') && name.ends_with("Array"),
        "pandas.core.frame" | "pandas.core.series" => matches!(name, "DataFrame" | "Series"),
        "pandas.core.internals.managers" => matches!(name, "BlockManager" | "SingleBlockManager"),
        "pandas.core.internals.blocks" => matches!(name, "new_block" | "new_block_2d"),
        "pandas._libs.internals" => matches!(name, "_unpickle_block" | "BlockPlacement" | "BlockManager"),
        "pandas._libs.tslibs.timestamps" => matches!(name, "_unpickle_timestamp" | "Timestamp"),
        "pandas._libs.tslibs.timedeltas" => matches!(name, "_timedelta_unpickle" | "Timedelta"),
        "pandas._libs.tslibs.nattype" => matches!(name, "_nat_unpickle" | "NaTType"),
        "pandas._libs.tslibs.offsets" => matches!(
            name,
            "Day"
                | "Hour"
                | "Minute"
                | "Second"
                | "Milli"
                | "Micro"
                | "Nano"
                | "MonthEnd"
                | "MonthBegin"
                | "BusinessDay"
                | "Week"
        ),
        "pandas._libs.arrays" => name == "__pyx_unpickle_NDArrayBacked",
        "pandas._libs.missing" => name == "NAType",
        "pandas.core.dtypes.dtypes" => {
            matches!(name, "DatetimeTZDtype" | "CategoricalDtype" | "PeriodDtype" | "IntervalDtype")
        }
        "pandas.core.arrays.categorical" => name == "Categorical",
        "pandas.core.arrays.datetimes" => name == "DatetimeArray",
        "pandas.core.arrays.timedeltas" => name == "TimedeltaArray",
        "pandas.core.arrays.string_" => matches!(name, "StringArray" | "StringDtype"),
        _ if module.starts_with("pandas.core.indexes.") => {
            !name.contains('.')
                && (name.ends_with("Index")
                    || matches!(name, "_new_Index" | "_new_DatetimeIndex" | "_new_PeriodIndex"))
        }
        _ => false,
    }
}

/// Names that lists of pickle exploits have in common. It only chooses the word: what is not allowed is reported all the same.
fn is_dangerous(module: &str, name: &str) -> bool {
    const MODULES: &[&str] = &[
        "_aix_support",
        "_osx_support",
        "_posixsubprocess",
        "_pyrepl",
        "asyncio",
        "bdb",
        "cProfile",
        "code",
        "codeop",
        "commands",
        "ctypes",
        "dill",
        "cloudpickle",
        "distutils",
        "doctest",
        "ensurepip",
        "ftplib",
        "gc",
        "http",
        "idlelib",
        "imaplib",
        "importlib",
        "inspect",
        "joblib",
        "lib2to3",
        "linecache",
        "marshal",
        "multiprocessing",
        "nt",
        "ntpath",
        "operator",
        "os",
        "pdb",
        "pickle",
        "_pickle",
        "pip",
        "pkgutil",
        "popen2",
        "posix",
        "posixpath",
        "profile",
        "pty",
        "pydoc",
        "requests",
        "runpy",
        "shelve",
        "shutil",
        "signal",
        "site",
        "smtplib",
        "socket",
        "sqlite3",
        "ssl",
        "subprocess",
        "sys",
        "tempfile",
        "test",
        "thread",
        "threading",
        "timeit",
        "torch",
        "trace",
        "urllib",
        "urllib2",
        "uuid",
        "venv",
        "webbrowser",
        "winreg",
        "_winreg",
        "xmlrpc",
        "zipimport",
    ];
    let top = module.split('.').next().unwrap_or_default();
    match top {
        "builtins" => true,
        "functools" => matches!(name, "partial" | "reduce" | "partialmethod"),
        "types" => matches!(name, "FunctionType" | "CodeType" | "LambdaType" | "MethodType" | "ModuleType"),
        "numpy" => {
            ["numpy.testing", "numpy.f2py", "numpy.distutils"].iter().any(|m| module.starts_with(m))
                || matches!(
                    name,
                    "load" | "fromfile" | "memmap" | "loadtxt" | "genfromtxt" | "savetxt" | "save"
                )
        }
        "pandas" => module.starts_with("pandas.io") || name == "eval" || name.starts_with("read_"),
        _ => MODULES.contains(&top),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_data_is_trusted_and_programs_are_not() {
        for (module, name) in
            [("builtins", "set"), ("datetime", "datetime"), ("builtins", "ValueError"), ("numpy", "float64")]
        {
            assert_eq!(trust(module, name), Trust::Callable, "{module}.{name}");
        }
        for (module, name) in
            [("posix", "system"), ("builtins", "eval"), ("builtins", "getattr"), ("subprocess", "Popen")]
        {
            assert_eq!(trust(module, name), Trust::Dangerous, "{module}.{name}");
        }
        assert_eq!(trust("builtins", "len"), Trust::Mention);
        assert_eq!(trust("app.models", "Point"), Trust::Unknown);
    }

    #[test]
    fn a_name_below_an_allowed_one_is_not_allowed() {
        let cases = [
            ("collections", "OrderedDict.__init__.__globals__"),
            ("datetime", "sys"),
            ("builtins", "dict.get.SomeError"),
            ("pandas.core.indexes.base", "Index.eval.Index"),
            ("numpy", "float64.__class__"),
        ];
        for (module, name) in cases {
            assert!(matches!(trust(module, name), Trust::Unknown | Trust::Dangerous), "{module}.{name}");
        }
    }
}
