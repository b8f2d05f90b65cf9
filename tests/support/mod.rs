//! Runs the tool with nothing from the developer's environment.

pub(crate) fn hotcold() -> assert_cmd::Command {
    let mut cmd = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("hotcold"));
    cmd.env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("LC_ALL", "C.UTF-8")
        .env("COLUMNS", "100");
    cmd
}
