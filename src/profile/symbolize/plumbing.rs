//! Functions of CPython that say nothing which the Python frames beside them do not say: how a call gets from one Python
//! function to the next, and how a program gets to its first one.

/// Names, sorted, and beginnings of names that end in `*`.
const NAMES: &[&str] = &[
    "PyCFunction_Call",
    "PyEval_EvalCode",
    "PyEval_EvalCodeEx",
    "PyEval_EvalFrame",
    "PyEval_EvalFrameEx",
    "PyObject_Call",
    "PyObject_CallFunctionObjArgs",
    "PyObject_CallMethodObjArgs",
    "PyObject_CallNoArgs",
    "PyObject_CallOneArg",
    "PyObject_CallObject",
    "PyObject_Vectorcall",
    "PyRun_*",
    "PyVectorcall_Call",
    "PyVectorcall_Function",
    "Py_BytesMain",
    "Py_Main",
    "Py_RunMain",
    "_PyCFunction_*",
    "_PyEval_*",
    "_PyFunction_Vectorcall*",
    "_PyObject_Call*",
    "_PyObject_FastCall*",
    "_PyObject_MakeTpCall*",
    "_PyObject_Vectorcall*",
    "_PyRun_*",
    "_PyVectorcall_Call*",
    "_TAIL_CALL_*",
    "__clone3",
    "__libc_start_call_main",
    "__libc_start_main*",
    "_start",
    "call_function",
    "cfunction_call",
    "cfunction_vectorcall_*",
    "clone3",
    "do_call_core",
    "exec_code_in_module",
    "function_code_fastcall",
    "method_vectorcall*",
    "object_vacall",
    "partial_call",
    "partial_vectorcall",
    "pymain_*",
    "pythread_wrapper",
    "run_eval_code_obj",
    "run_mod",
    "start_thread",
    "thread_run",
    "type_call",
    "vectorcall_*",
];

/// Whether the function of this name in the file at `path` is one of them.
pub(super) fn is(path: &str, name: &str) -> bool {
    // Compilers set parts of a function apart under its name and a suffix.
    let name = name.split('.').next().unwrap_or(name);
    let file = path.rsplit('/').next().unwrap_or(path);
    // A library's own symbol, or one that was stripped from an interpreter.
    let is_interpreter = file.starts_with("python") || file.starts_with("libpython");
    let nameless = name.contains("+0x") || file.starts_with(name) && name.starts_with("python");
    is_interpreter && (nameless || name == "main")
        || NAMES.iter().any(|known| match known.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => name == *known,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leads_from_one_call_to_the_next_is_plumbing() {
        let library = "/usr/lib/libpython3.11.so.1.0";
        for name in [
            "_PyEval_EvalFrameDefault",
            "_PyEval_EvalFrameDefault.cold",
            "method_vectorcall",
            "_PyEval_Vector",
        ] {
            assert!(is(library, name), "{name}");
        }
        assert!(is("/usr/bin/python3.11", "main") && !is("/usr/bin/nginx", "main"));
        assert!(is("/usr/bin/python3.11", "python3.11+0x1234"));
        for name in ["list_sort_impl", "PyList_Append", "builtin_sum", "dict_vectorcall"] {
            assert!(!is(library, name), "{name}");
        }
    }
}
