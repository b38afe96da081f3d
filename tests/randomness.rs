//! Random numbers: what a seed fixes, what it leaves alone, and that each distribution is the one it claims to be.
//! Samples are held against whole distributions (Kolmogorov and Smirnov), counts against their mean and variance.

use spikelab::prelude::*;

/// The largest distance between the sample's distribution and the one claimed, times the root of the sample's size.
/// Beyond 1.95 once in a thousand samples.
#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn distance(mut sample: Vec<f64>, cumulative: impl Fn(f64) -> f64) -> f64 {
    sample.sort_by(f64::total_cmp);
    let n = sample.len() as f64;
    let far = sample.iter().enumerate().map(|(k, &x)| {
        let f = cumulative(x);
        (f - k as f64 / n).abs().max(((k + 1) as f64 / n - f).abs())
    });
    far.fold(0.0, f64::max) * n.sqrt()
}

/// Abramowitz and Stegun, 7.1.26: good to seven digits.
fn normal(x: f64) -> f64 {
    let z = x.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let series = [1.061_405_429, -1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592];
    let erf = 1.0 - series.iter().fold(0.0, |sum, a| (sum + a) * t) * (-z * z).exp();
    0.5 * (1.0 + erf.copysign(x))
}

fn draw(n: usize, seed: u64, expression: &str) -> Vec<f64> {
    let mut net = Network::new().seed(seed);
    let group = net.add(NeuronGroup::new(n, "x : 1").named("G")).unwrap();
    group.set("x", expression).unwrap();
    group.get("x").unwrap().to_vec()
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn moments(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    (mean, x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n)
}

#[test]
fn rand_and_randn_have_their_distributions() {
    assert!(distance(draw(20_000, 1, "rand()"), |x| x.clamp(0.0, 1.0)) < 1.95);
    assert!(distance(draw(20_000, 1, "randn()"), normal) < 1.95);
    assert!(distance(draw(20_000, 1, "3 + 2*randn()"), |x| normal((x - 3.0) / 2.0)) < 1.95);
    assert!(distance(draw(20_000, 1, "rand()**2"), |x| x.clamp(0.0, 1.0)) > 10.0, "the measure can fail");
    // Two calls in one text are two numbers.
    let sum = draw(20_000, 2, "rand() + rand()");
    let triangle = |x: f64| if x < 1.0 { x * x / 2.0 } else { 1.0 - (2.0 - x).powi(2) / 2.0 };
    assert!(distance(sum, triangle) < 1.95);
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn poisson_has_its_moments_and_its_zeros_for_every_mean() {
    for lambda in [0.1, 1.0, 8.0, 30.0, 400.0] {
        let n = 20_000;
        let x = draw(n, 7, &format!("poisson({lambda:?})"));
        let (mean, variance) = moments(&x);
        // Five standard errors; that of the variance is sqrt((lambda + 2 lambda**2)/n).
        assert!((mean - lambda).abs() < 5.0 * (lambda / n as f64).sqrt(), "{lambda}: {mean}");
        let error = ((lambda + 2.0 * lambda * lambda) / n as f64).sqrt();
        assert!((variance - lambda).abs() < 5.0 * error, "{lambda}: {variance}");
        assert!(x.iter().all(|k| *k >= 0.0 && k.fract() == 0.0));
        let zeros = x.iter().filter(|k| **k == 0.0).count() as f64 / n as f64;
        assert!((zeros - (-lambda).exp()).abs() < 5.0 * (0.25 / n as f64).sqrt(), "{lambda}: {zeros}");
    }
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn connections_are_binomial_and_even() {
    let mut net = Network::new().seed(3);
    let group = net.add(NeuronGroup::new(200, "v : 1").threshold("v > 1")).unwrap();
    for p in [0.01, 0.2, 0.9] {
        for connect in [Connect::all().p(p), Connect::targets(format!("k for k in sample(N_post, p={p:?})"))]
        {
            let synapses = net.add(Synapses::new(&group, &group)).unwrap();
            let made = synapses.connect(connect).unwrap() as f64;
            let (mean, deviation) = (40_000.0 * p, (40_000.0 * p * (1.0 - p)).sqrt());
            assert!((made - mean).abs() < 5.0 * deviation, "{p}: {made}");
            // No part of the targets is preferred, and no pair is made twice.
            let low = synapses.j().iter().filter(|j| **j < 100).count() as f64;
            assert!((low - made / 2.0).abs() < 2.5 * made.sqrt(), "{p}: {low} of {made}");
            let mut pairs: Vec<_> = synapses.i().into_iter().zip(synapses.j()).collect();
            pairs.sort_unstable();
            pairs.dedup();
            assert_eq!(pairs.len(), synapses.len());
        }
    }
}

#[test]
fn poisson_groups_spike_as_poisson_processes_do() {
    let mut net = Network::new().seed(5).dt(0.1 * ms);
    let group = net.add(PoissonGroup::new(1000, 40.0 * Hz)).unwrap();
    let spikes = net.add(SpikeMonitor::new(&group)).unwrap();
    net.run(500.0 * ms).unwrap();
    let counts: Vec<f64> = spikes.count().iter().map(|&n| f64::from(u32::try_from(n).unwrap())).collect();
    let (mean, variance) = moments(&counts);
    // A chance of 0.004 in each of 5000 steps.
    assert!((mean - 20.0).abs() < 5.0 * (19.92_f64 / 1000.0).sqrt(), "{mean}");
    assert!((variance / 19.92 - 1.0).abs() < 5.0 * (2.0_f64 / 1000.0).sqrt(), "{variance}");
    // The first spike of each comes after a number of steps that is geometric.
    let trains = spikes.spike_trains();
    let first = trains.iter().filter_map(|train| train.at(0)).map(|t| t.value() / 1e-4);
    let smooth = first.map(|k| k.round()).zip(draw(1000, 9, "rand()")).map(|(k, u)| k + u).collect();
    let geometric = |x: f64| {
        let (k, part) = (x.floor(), x.fract());
        let below = 1.0 - 0.996_f64.powf(k);
        below + part * (1.0 - below) * 0.004
    };
    assert!(distance(smooth, geometric) < 1.95);
}

#[test]
fn noise_has_the_variance_of_its_equation_whatever_the_step() {
    for dt in [0.05, 0.5] {
        let mut net = Network::new().seed(6).dt(dt * ms);
        let group = net
            .add(NeuronGroup::new(5000, "dx/dt = xi*(10*ms)**-0.5 : 1\ndy/dt = xi_1*(10*ms)**-0.5 : 1"))
            .unwrap();
        net.run(20.0 * ms).unwrap();
        let (x, y) = (group.get("x").unwrap().to_vec(), group.get("y").unwrap().to_vec());
        assert!(distance(x.clone(), |x| normal(x / 2.0_f64.sqrt())) < 1.95, "{dt}");
        let together: f64 = x.iter().zip(&y).map(|(x, y)| x * y).sum::<f64>() / 5000.0;
        assert!(together.abs() < 5.0 * 2.0 / 5000.0_f64.sqrt(), "independent noises: {together}");
    }
}

fn network(seed: u64, others_first: bool) -> Vec<f64> {
    let mut net = Network::new().seed(seed);
    let others = |net: &mut Network| {
        let crowd = net.add(PoissonGroup::new(50, 100.0 * Hz).named("crowd")).unwrap();
        let wires = net.add(Synapses::new(&crowd, &crowd).named("wires")).unwrap();
        wires.connect(Connect::all().p(0.1)).unwrap();
    };
    if others_first {
        others(&mut net);
    }
    let group = net
        .add(
            NeuronGroup::new(700, "dv/dt = -v/(5*ms) + xi*(5*ms)**-0.5 : 1")
                .named("cells")
                .threshold("v > 1")
                .reset("v = 0.1*randn()"),
        )
        .unwrap();
    group.set("v", "rand()").unwrap();
    let synapses = net.add(Synapses::new(&group, &group).on_pre("v += 0.01*rand()").named("loop")).unwrap();
    synapses.connect(Connect::condition("i != j").p(0.01)).unwrap();
    if !others_first {
        others(&mut net);
    }
    net.run(10.0 * ms).unwrap();
    group.get("v").unwrap().to_vec()
}

#[test]
fn a_seed_fixes_the_numbers_whatever_else_there_is() {
    let alone = network(1, true);
    assert_eq!(network(1, false), alone, "the order of unrelated objects");
    assert_ne!(network(2, true), alone, "another seed");
    let threads: Vec<_> = (0..3).map(|_| std::thread::spawn(|| network(1, true))).collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), alone, "networks side by side");
    }
}

/// The same on every machine: numbers written down once, from whole-number arithmetic alone.
#[test]
fn the_numbers_of_a_seed_are_written_down() {
    let numbers = draw(3, 42, "rand()");
    assert_eq!(numbers, PUBLISHED, "random numbers changed: networks of old seeds give other results");
}

const PUBLISHED: [f64; 3] = [0.806_233_478_124_228_2, 0.430_126_216_573, 0.338_732_195_425_784_37];
