//! A diagnosis as text and as JSON.

use std::io::{self, Write};

use serde::Serialize;

use super::text::escape;
use crate::profile::doctor::{Abilities, Attach, Backend, Check, Diagnosis, Frames, State};

/// How text is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// With colours.
    pub colour: bool,
    /// With what could drive a terminal escaped.
    pub escape: bool,
}

/// The checks as an aligned list, then what follows, then what to do.
///
/// # Errors
/// What `out` returns.
pub fn text(diagnosis: &Diagnosis, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let shown = |text: &str| if style.escape { escape(text).into_owned() } else { text.to_owned() };
    let consequences = consequences(diagnosis.abilities);
    let labels = diagnosis.checks.iter().map(|check| check.what).chain(consequences.map(|(what, _)| what));
    let width = labels.map(str::len).max().unwrap_or(0);
    for check in &diagnosis.checks {
        let state = paint(check.state, style.colour);
        writeln!(out, "{:width$}  {state}  {}", check.what, shown(&check.detail))?;
    }
    writeln!(out)?;
    for (what, answer) in consequences {
        writeln!(out, "{what:width$}  {answer}")?;
    }
    for (i, (fix, whats)) in fixes(diagnosis).iter().enumerate() {
        if i == 0 {
            writeln!(out, "\nto change it:")?;
        }
        writeln!(out, "  {}\n      for {}", shown(fix), whats.join("; "))?;
    }
    Ok(())
}

/// One document, schema `hotcold.doctor/1`. `state` tells `partly` from `no`, where `ok` is false for both.
///
/// # Errors
/// What `out` returns.
pub fn json(diagnosis: &Diagnosis, out: &mut dyn Write) -> io::Result<()> {
    let Abilities { backend, programs, attach, system_wide } = diagnosis.abilities;
    let document = Document {
        schema: "hotcold.doctor/1",
        can_profile: diagnosis.can_profile(),
        backend: match backend {
            Backend::PerfKernel | Backend::PerfUser => Some("perf"),
            Backend::Ptrace => Some("ptrace"),
            Backend::None => None,
        },
        programs: match programs {
            Frames::None => "no",
            Frames::User => "user frames",
            Frames::Kernel => "user and kernel frames",
        },
        attach: match attach {
            Attach::None => "no",
            Attach::Own => "own processes",
            Attach::Any => "any process",
        },
        system_wide,
        checks: diagnosis.checks.iter().map(Row::from).collect(),
    };
    serde_json::to_writer(&mut *out, &document)?;
    writeln!(out)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    can_profile: bool,
    backend: Option<&'static str>,
    programs: &'static str,
    attach: &'static str,
    system_wide: bool,
    checks: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    what: &'a str,
    ok: bool,
    state: &'static str,
    detail: &'a str,
    fix: Option<&'a str>,
}

impl<'a> From<&'a Check> for Row<'a> {
    fn from(check: &'a Check) -> Self {
        Self {
            what: check.what,
            ok: check.state == State::Ok,
            state: word(check.state),
            detail: &check.detail,
            fix: check.fix.as_deref(),
        }
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Ok => "ok",
        State::Partly => "partly",
        State::No => "no",
    }
}

/// The state's word, padded to the longest.
fn paint(state: State, colour: bool) -> String {
    let code = match state {
        State::Ok => 32,
        State::Partly => 33,
        State::No => 31,
    };
    let word = word(state);
    if colour { format!("\x1b[{code}m{word:6}\x1b[0m") } else { format!("{word:6}") }
}

fn consequences(abilities: Abilities) -> [(&'static str, &'static str); 4] {
    let backend = match abilities.backend {
        Backend::PerfKernel => "perf events (kernel and user), before perf events (user) and ptrace",
        Backend::PerfUser => "perf events (user), before ptrace; perf events (kernel and user) are refused",
        Backend::Ptrace => "ptrace, because perf events are refused",
        Backend::None => "nothing: perf events and ptrace are refused",
    };
    let programs = match abilities.programs {
        Frames::None => "cannot be profiled",
        Frames::User if abilities.backend == Backend::Ptrace => {
            "user frames; time inside the kernel counts for who called it"
        }
        Frames::User => "user frames; time inside the kernel is reported, not shown",
        Frames::Kernel => "user and kernel frames",
    };
    let attach = match abilities.attach {
        Attach::None => "cannot be profiled",
        Attach::Own => "those of the same user",
        Attach::Any => "all",
    };
    let system_wide = if abilities.system_wide { "can be profiled" } else { "cannot be profiled" };
    [
        ("what records", backend),
        ("programs hotcold starts", programs),
        ("running processes", attach),
        ("the whole machine", system_wide),
    ]
}

/// Every fix once, with what it is for, in the order of the checks.
fn fixes(diagnosis: &Diagnosis) -> Vec<(&str, Vec<&str>)> {
    let mut fixes: Vec<(&str, Vec<&str>)> = Vec::new();
    for check in &diagnosis.checks {
        let Some(fix) = check.fix.as_deref() else { continue };
        match fixes.iter_mut().find(|(known, _)| *known == fix) {
            Some((_, whats)) => whats.push(check.what),
            None => fixes.push((fix, vec![check.what])),
        }
    }
    fixes
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn diagnosis() -> Diagnosis {
        let check = |what, state, detail: &str, fix: Option<&str>| Check {
            what,
            state,
            detail: detail.into(),
            fix: fix.map(Into::into),
        };
        Diagnosis {
            checks: vec![
                check("perf events", State::Ok, "allowed", None),
                check("kernel", State::No, "refused", Some("sudo setcap /x\u{1b}[2J")),
                check("debug files", State::Partly, "none", Some("sudo apt install libc6-dbg")),
                check("kernel symbols", State::No, "hidden", Some("sudo setcap /x\u{1b}[2J")),
            ],
            abilities: Abilities {
                backend: Backend::PerfUser,
                programs: Frames::User,
                attach: Attach::Own,
                system_wide: false,
            },
        }
    }

    fn rendered(style: Style) -> String {
        let mut out = Vec::new();
        text(&diagnosis(), style, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_is_aligned_and_names_each_fix_once() {
        assert_snapshot!(rendered(Style { colour: false, escape: true }), @r"
        perf events              ok      allowed
        kernel                   no      refused
        debug files              partly  none
        kernel symbols           no      hidden

        what records             perf events (user), before ptrace; perf events (kernel and user) are refused
        programs hotcold starts  user frames; time inside the kernel is reported, not shown
        running processes        those of the same user
        the whole machine        cannot be profiled

        to change it:
          sudo setcap /x\u{1b}[2J
              for kernel; kernel symbols
          sudo apt install libc6-dbg
              for debug files
        ");
    }

    #[test]
    fn colour_does_not_change_the_alignment() {
        let plain = rendered(Style::default());
        let coloured = rendered(Style { colour: true, escape: false });
        assert_ne!(plain, coloured);
        let stripped = ["\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"];
        assert_eq!(stripped.iter().fold(coloured, |text, code| text.replace(code, "")), plain);
    }

    #[test]
    fn json_has_the_fields_scripts_rely_on() {
        let mut out = Vec::new();
        json(&diagnosis(), &mut out).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(value["schema"], "hotcold.doctor/1");
        assert_eq!(value["can_profile"], true);
        assert_eq!(value["backend"], "perf");
        let check = serde_json::json!({"what": "debug files", "ok": false, "state": "partly", "detail": "none",
            "fix": "sudo apt install libc6-dbg"});
        assert_eq!(value["checks"][2], check);
        assert_eq!(value["checks"][0]["fix"], serde_json::Value::Null);
        assert!(out.ends_with(b"}\n"));
    }
}
