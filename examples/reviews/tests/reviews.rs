//! The example as a program.

use std::process::Command;

fn run(variables: &[(&str, &str)]) -> (bool, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trusthooks-reviews"));
    command.env_remove("TRUSTOO_PUBLIC_TOKEN").env_remove("TRUSTOO_PRIVATE_TOKEN");
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

#[test]
fn every_review_is_listed_once_through_a_bad_day() {
    let (success, stdout, stderr) = run(&[]);
    assert!(success, "{stderr}");
    let ids: Vec<u64> =
        stdout.lines().map(|line| line.split_once(' ').unwrap().0.parse().unwrap()).collect();
    assert!(ids.iter().copied().eq(0..95), "{stdout}");
    assert!(stdout.lines().nth(2).unwrap().ends_with("★★★"), "{stdout}");
    let waits: Vec<_> = stderr.lines().collect();
    assert_eq!(
        waits,
        ["503 Service Unavailable; again in 250ms", "429 Too Many Requests; again in 1s"]
    );
}

#[test]
fn half_of_the_variables_are_not_enough() {
    for variables in [
        [("TRUSTOO_PUBLIC_TOKEN", "p"), ("TRUSTOO_PRIVATE_TOKEN", "")],
        [("TRUSTOO_PUBLIC_TOKEN", ""), ("TRUSTOO_PRIVATE_TOKEN", "p")],
    ] {
        let (success, _, stderr) = run(&variables);
        assert!(!success && stderr.contains("set both"), "{stderr}");
    }
}
