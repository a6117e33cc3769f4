use forebay_bench::reads::strategy;

use crate::counts::counts;
use crate::program::{Program, number};
use crate::server::Server;

const SCHEMAS: &str = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'forebay%'";

#[test]
fn every_strategy_answers_right_on_a_server() {
    let Some(server) = Server::start() else {
        return;
    };
    let program = Program::new("reads");
    for pace in ["--clients 1,64", "--rate 4000"] {
        let arguments = format!("--backend postgres {pace} --loads 1000 --keys 300 --repeat 1");
        let mut command = program.command(arguments.split(' '));
        command.args(["--json", "--quiet", "--postgres-url", &server.address()]);
        let output = command.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments}: {errors}");

        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let points = report["counted"]["points"].as_array().unwrap().len();
        for strategy in strategy::ALL {
            for counts in counts(&report, points - 1, strategy.name) {
                assert_eq!(number(counts, "loads"), 1000, "{}", strategy.name);
                assert_eq!(number(counts, "wrong_answers"), 0, "{}", strategy.name);
            }
        }
        assert_eq!(server.ask(SCHEMAS), "0", "what was made there is gone");
    }
}

#[test]
fn a_server_that_refuses_is_told_in_one_line_and_keeps_nothing() {
    let Some(server) = Server::start() else {
        return;
    };
    server.ask("CREATE ROLE guest LOGIN");
    let program = Program::new("reads");
    let refusals = [
        (
            "tester",
            "nobody:s3cret",
            "role \"nobody:s3cret\" does not exist",
        ),
        ("tester", "guest", "permission denied for database postgres"),
    ];
    for (known, unknown, said) in refusals {
        let address = server.address().replace(known, unknown);
        let arguments = ["--backend", "postgres", "--postgres-url", &address];
        let output = program.command(arguments).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
        assert!(errors.contains(said), "{errors}");
        assert_eq!(server.ask(SCHEMAS), "0");
    }
}

#[test]
fn a_password_does_not_reach_a_report() {
    let Some(server) = Server::start() else {
        return;
    };
    let program = Program::new("reads");
    let address = format!("{} password=s3cret", server.address());
    let arguments = "--backend postgres --clients 1 --loads 10 --repeat 1 --strategies direct";
    let mut command = program.command(arguments.split(' '));
    command.args(["--json", "--postgres-url", &address]);
    let output = command.output().unwrap();
    assert!(output.status.success());
    let mut written = vec![output.stdout, output.stderr];
    for name in ["report.html", "report.json", "report.md"] {
        written.push(std::fs::read(program.folder().join(name)).unwrap());
    }
    for bytes in written {
        assert!(!String::from_utf8_lossy(&bytes).contains("s3cret"));
    }
}
