//! How SQLite opens files: by the interface that it has for replacing system calls, <https://sqlite.org/c3ref/vfs.html>.

use std::{
    ffi::{c_char, c_int},
    io,
    sync::Once,
};

use rusqlite::ffi;

static ONCE: Once = Once::new();

/// From the first call on SQLite opens files without touching their access times.
pub(super) fn without_access_times() {
    ONCE.call_once(replace_open);
}

fn replace_open() {
    // SAFETY: SQLite's file system is a static of it, or null; `open` is called with the arguments that this function has, and the name
    // is one that it knows or refuses.
    unsafe {
        let vfs = ffi::sqlite3_vfs_find(std::ptr::null());
        if let Some(replace) = vfs.as_ref().filter(|vfs| vfs.iVersion >= 3).and_then(|vfs| vfs.xSetSystemCall)
        {
            let open: unsafe extern "C" fn(*const c_char, c_int, c_int) -> c_int = open_for_sqlite;
            let open: unsafe extern "C" fn() = std::mem::transmute(open);
            replace(vfs, c"open".as_ptr(), Some(open));
        }
    }
}

/// `open(2)` with `O_NOATIME` where that is allowed: to the owner of a file.
unsafe extern "C" fn open_for_sqlite(path: *const c_char, flags: c_int, mode: c_int) -> c_int {
    // SAFETY: the path is SQLite's, which ends with a zero.
    unsafe {
        match libc::open(path, flags | libc::O_NOATIME, mode) {
            -1 if io::Error::last_os_error().raw_os_error() == Some(libc::EPERM) => {
                libc::open(path, flags, mode)
            }
            opened => opened,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::MetadataExt, time::UNIX_EPOCH};

    use rusqlite::Connection;

    use super::*;

    #[test]
    fn reading_a_database_leaves_its_access_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        Connection::open(&path)
            .unwrap()
            .execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (7);")
            .unwrap();
        let times = fs::FileTimes::new().set_accessed(UNIX_EPOCH);
        fs::File::options().write(true).open(&path).unwrap().set_times(times).unwrap();
        without_access_times();
        without_access_times();
        let read =
            Connection::open(&path).unwrap().query_row("SELECT a FROM t", [], |row| row.get::<_, i64>(0));
        assert_eq!((read, fs::metadata(&path).unwrap().atime()), (Ok(7), 0));
    }
}
