//! Programs that would get privileges from their file. The kernel does not give them to a process whose tracer lacks them.

use std::os::unix::fs::MetadataExt;

/// A note when the program that a process has just executed went without the privileges of its file.
pub(super) fn lost_privileges(pid: u32) -> Option<String> {
    if rustix::process::geteuid().is_root() {
        return None;
    }
    let link = format!("/proc/{pid}/exe");
    let meta = std::fs::metadata(&link).ok()?;
    let (own_user, own_group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let grants = (meta.mode() & libc::S_ISUID != 0 && meta.uid() != own_user)
        || (meta.mode() & libc::S_ISGID != 0 && meta.gid() != own_group)
        || rustix::fs::getxattr(&link, "security.capability", &mut [0_u8; 64]).is_ok();
    let program = std::fs::read_link(&link).ok()?;
    grants.then(|| format!(
        "`{}` ran without the privileges that its file grants: only perf events leave them to a program that is recorded",
        program.display()
    ))
}
