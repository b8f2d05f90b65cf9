//! A real Streamlit server: recorded from its start, attached to, and unharmed.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use super::support::{
    command, hotcold,
    process::{children, send, status, wait_until},
    python::{number, row, rows},
    require::require_perf,
    scratch, stores,
};

/// A Python that has Streamlit.
fn python() -> Option<PathBuf> {
    if require_perf() { stores::python("streamlit") } else { None }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/streamlit").join(name)
}

fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}

/// The command line of the server in `dir`, which gets its data.
fn server(python: &Path, dir: &Path, port: &str) -> Vec<String> {
    let made =
        Command::new(python).arg(fixture("sales.py")).args(["sales.csv", "4000"]).current_dir(dir).status();
    assert!(made.unwrap().success());
    let options = ["--server.headless", "true", "--server.port", port, "--browser.gatherUsageStats", "false"];
    let start = [python.to_str().unwrap(), "-m", "streamlit", "run"];
    let app = fixture("app.py");
    let rest = [app.to_str().unwrap(), "--", "sales.csv"];
    start.iter().chain(&options).chain(&rest).map(|&word| word.to_owned()).collect()
}

fn visit(python: &Path, port: &str) {
    let output = Command::new(python).arg(fixture("visit.py")).args([port, "6"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.starts_with("6 views"), "{told}{}", String::from_utf8_lossy(&output.stderr));
}

/// Ends it and gives its exit code.
fn end(mut child: Child) -> Option<i32> {
    send(child.id(), rustix::process::Signal::TERM);
    child.wait().unwrap().code()
}

#[test]
fn a_server_is_recorded_from_its_start() {
    let Some(python) = python() else { return };
    let (dir, port) = (scratch(), free_port());
    let child = command()
        .current_dir(dir.path())
        .args([
            "profile",
            "run",
            "-q",
            "--only-project",
            "--limit",
            "0",
            "--json",
            "--table-to",
            "t.json",
            "--",
        ])
        .args(server(&python, dir.path(), &port))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    visit(&python, &port);
    assert_eq!(end(child), Some(0), "as Streamlit ends by itself");
    let report: Value = serde_json::from_slice(&fs::read(dir.path().join("t.json")).unwrap()).unwrap();
    let cumtime = |name: &str| number(row(&report, name), "cumtime_s");
    assert!(cumtime("summary") > 0.05 && cumtime("page") >= cumtime("summary"), "{report}");
    assert!(number(row(&report, "[imports]"), "tottime_s") > 0.0, "{report}");
    for row in rows(&report, "functions") {
        let ours = row["file"].as_str().is_some_and(|file| file.ends_with("/streamlit/app.py"));
        assert!(ours || row["name"].as_str().unwrap().starts_with(['[', '<']), "{row}");
    }
}

#[test]
fn a_server_that_was_attached_to_goes_on_unharmed() {
    let Some(python) = python() else { return };
    let (dir, port) = (scratch(), free_port());
    let words = server(&python, dir.path(), &port);
    let mut start = Command::new(&words[0]);
    start.args(&words[1..]).current_dir(dir.path()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = start.spawn().unwrap();
    visit(&python, &port);
    let pid = child.id();
    let mut attach = command();
    attach.current_dir(dir.path()).args(["profile", "attach", "-q", "-o", "a.pb.gz", "-p", &pid.to_string()]);
    let recorder = attach.stdout(Stdio::null()).spawn().unwrap();
    wait_until("the recording to begin", || {
        let descriptors = fs::read_dir(format!("/proc/{}/fd", recorder.id())).ok()?;
        let perf = |path: PathBuf| path.to_str().is_some_and(|name| name.contains("[perf_event]"));
        descriptors.flatten().any(|entry| fs::read_link(entry.path()).is_ok_and(perf)).then_some(())
    });
    visit(&python, &port);
    send(recorder.id(), rustix::process::Signal::INT);
    let mut recorder = recorder;
    assert_eq!(recorder.wait().unwrap().code(), Some(0));
    visit(&python, &port);
    assert!(child.try_wait().unwrap().is_none() && children(pid).is_empty());
    assert_eq!(status(pid, "TracerPid").as_deref(), Some("0"));
    assert_eq!(end(child), Some(0));
    let report = |flags: &[&str]| -> Value {
        let read = ["profile", "report", "--json", "a.pb.gz"];
        let output = hotcold().current_dir(dir.path()).args(read).args(flags).assert().success();
        serde_json::from_slice(&output.get_output().stdout).unwrap()
    };
    assert!(number(row(&report(&[]), "summary"), "cumtime_s") > 0.0);
    let threads = report(&["--by", "thread"]);
    let scripts = rows(&threads, "threads").iter().filter(|row| row["name"] == "ScriptRunner.scriptThread");
    assert!(scripts.count() >= 1, "{threads}");
}
