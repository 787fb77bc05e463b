//! A short run of `cargo x chaos`.

use tests::chaos::{ChaosOptions, run};

#[test]
fn whatever_clients_do_while_transcoders_die_every_job_ends_and_every_credit_is_accounted_for() {
    let options = ChaosOptions { seed: 17, operations: 250, accounts: 4, clients: 3, transcoders: 2, operations_per_kill: 80 };
    let report = run(options).unwrap();
    println!("{report:?}");
    let count =
        |operation: &str| report.answers.iter().filter(|((name, _), _)| *name == operation).map(|(_, count)| count).sum::<u32>();
    assert!(report.kills > 0 && report.reserves > 0 && report.spent_credits > 0, "{report:?}");
    for operation in ["create", "create draft", "create twice", "start", "delete", "cancel", "touch a stranger's job"] {
        assert!(count(operation) > 0, "{operation} was never done");
    }
}
