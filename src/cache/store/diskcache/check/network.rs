//! File systems that others share over a network: SQLite's log needs memory that all who use it have in common, and locks that hold.

use std::{fs, os::unix::fs::MetadataExt, path::Path};

/// Of file systems that a program implements, those that reach over a network, by what stands behind `fuse.` in the list of mounts.
const PROGRAMS: [&str; 16] = [
    "blobfuse",
    "blobfuse2",
    "ceph-fuse",
    "curlftpfs",
    "gcsfuse",
    "glusterfs",
    "goofys",
    "juicefs",
    "mount-s3",
    "mountpoint-s3",
    "rclone",
    "s3fs",
    "seaweedfs",
    "sshfs",
    "vmhgfs-fuse",
    "webdavfs",
];
/// Of a file system that a program implements.
const FUSE: u32 = 0x6573_5546;

/// The name of the network file system on which `dir` lies; `None` if it lies on none.
pub(super) fn name(dir: &Path) -> Option<String> {
    // The numbers are unsigned; some are negative where they are read as signed.
    let magic = rustix::fs::statfs(dir).ok()?.f_type as u32;
    if magic != FUSE {
        return kernel(magic).map(str::to_owned);
    }
    let device = fs::metadata(dir).ok()?.dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let mounts = fs::read("/proc/self/mountinfo").ok()?;
    program(&String::from_utf8_lossy(&mounts), &format!("{major}:{minor}"))
}

/// Those that the kernel implements, by the numbers of its `linux/magic.h` and of the modules that are not in there.
fn kernel(magic: u32) -> Option<&'static str> {
    Some(match magic {
        0x6969 => "NFS",
        0xff53_4d42 | 0xfe53_4d42 | 0x517b => "SMB",
        0x0102_1997 => "9P",
        0x5346_414f | 0x6b41_4653 => "AFS",
        0x7375_7245 => "Coda",
        0x00c3_6400 => "Ceph",
        0x0bd0_0bd0 => "Lustre",
        0x7461_636f => "OCFS2",
        0x0116_1970 => "GFS2",
        0x4750_4653 => "GPFS",
        0x1983_0326 => "BeeGFS",
        0x786f_4256 => "vboxsf",
        _ => return None,
    })
}

/// The program behind the mount of a device, from lines such as
/// `36 25 0:34 / /mnt/there rw,relatime shared:1 - fuse.sshfs me@there: rw,user_id=0`.
fn program(mounts: &str, device: &str) -> Option<String> {
    mounts.lines().find_map(|line| {
        let (mount, system) = line.split_once(" - ")?;
        let kind = system.split(' ').next()?;
        let name = kind.strip_prefix("fuse.").filter(|name| PROGRAMS.contains(name))?;
        (mount.split(' ').nth(2) == Some(device)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_that_reach_over_a_network_are_known_by_their_mount() {
        let mounts = "25 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
            36 25 0:34 / /mnt/there rw,relatime shared:1 - fuse.sshfs me@there: rw,user_id=0\n\
            37 25 0:35 / /mnt/disk rw,relatime - fuseblk /dev/sdb1 rw\n\
            38 25 0:36 / /mnt/zip rw - fuse.archivemount a.zip rw\n";
        assert_eq!(program(mounts, "0:34").as_deref(), Some("sshfs"));
        for other in ["8:1", "0:35", "0:36", "0:3"] {
            assert_eq!(program(mounts, other), None, "{other}");
        }
    }

    #[test]
    fn numbers_are_those_of_the_kernel() {
        // `stat -f -c %t` on an NFS and an SMB mount.
        assert_eq!((kernel(0x6969), kernel(0xfe53_4d42)), (Some("NFS"), Some("SMB")));
        // ext4, tmpfs, XFS, Btrfs, overlayfs.
        for local in [0xef53, 0x0102_1994, 0x5846_5342, 0x9123_683e, 0x794c_7630, FUSE] {
            assert_eq!(kernel(local), None, "{local:x}");
        }
        assert_eq!(name(Path::new("/proc")), None);
    }
}
