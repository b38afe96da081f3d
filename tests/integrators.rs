//! Properties of the integration methods on models with a known solution, for parameters drawn at random.
//! `exact` must be exact at any step size; `rk4` must come close; `euler` must be its own formula.

use proptest::prelude::*;
use spikelab::prelude::*;

/// v after `steps` steps of `dt` for `dv/dt = (drive - v)/tau`, from `start`.
fn leak(method: &str, dt: f64, steps: u32, tau: f64, drive: f64, start: f64) -> f64 {
    let run = || -> spikelab::Result<f64> {
        let mut net = Network::new().dt(dt * second);
        let group = net.add(
            NeuronGroup::new(1, "dv/dt = (drive - v)/tau : 1")
                .method(method)
                .with("tau", tau * second)
                .with("drive", drive),
        )?;
        group.set("v", start)?;
        net.run(f64::from(steps) * dt * second)?;
        Ok(group.get("v")?[0])
    };
    run().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn exact_has_no_error_at_any_step(dt in 1e-5..1e-2_f64, steps in 1..50_u32, tau in 1e-3..0.1_f64,
                                      drive in -3.0..3.0_f64, start in -2.0..2.0_f64) {
        let t = f64::from(steps) * dt;
        let solution = drive + (start - drive) * (-t / tau).exp();
        let v = leak("exact", dt, steps, tau, drive, start);
        prop_assert!((v - solution).abs() < 1e-11, "{} {}", v, solution);
    }

    #[test]
    fn euler_is_its_formula_and_rk4_is_close(steps in 1..50_u32, tau in 5e-3..0.1_f64,
                                             drive in -3.0..3.0_f64, start in -2.0..2.0_f64) {
        let dt = 1e-4;
        let mut euler = start;
        for _ in 0..steps {
            euler += dt * ((drive - euler) / tau);
        }
        prop_assert!((leak("euler", dt, steps, tau, drive, start) - euler).abs() < 1e-13);
        let solution = drive + (start - drive) * (-f64::from(steps) * dt / tau).exp();
        prop_assert!((leak("rk4", dt, steps, tau, drive, start) - solution).abs() < 1e-8);
    }

    #[test]
    fn coupled_equations_turn_in_a_circle(dt in 1e-5..1e-2_f64, steps in 1..50_u32, turns in 1.0..50.0_f64) {
        let run = || -> spikelab::Result<(f64, f64)> {
            let mut net = Network::new().dt(dt * second);
            let group = net.add(
                NeuronGroup::new(1, "dx/dt = -w*y : 1\ndy/dt = w*x : 1").method("exact").with("w", turns * Hz))?;
            group.set("x", 1.0)?;
            net.run(f64::from(steps) * dt * second)?;
            Ok((group.get("x")?[0], group.get("y")?[0]))
        };
        let (x, y) = run().unwrap();
        let angle = turns * f64::from(steps) * dt;
        prop_assert!((x - angle.cos()).abs() < 1e-11 && (y - angle.sin()).abs() < 1e-11, "{} {}", x, y);
    }
}
