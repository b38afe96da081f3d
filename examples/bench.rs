//! One benchmark, one line of JSON: `cargo run --release --example bench -- MODEL [--n N] [--t SECONDS] [--seed S] [--repeat R] [--threads K]`.
//! Models and parameters are those of Brian2's and NEST's examples, so that the lines can be laid side by side.

mod models;

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use cpu_time::ProcessTime;
use spikelab::prelude::*;

const USAGE: &str = "usage: bench MODEL [--n N] [--t SECONDS] [--seed S] [--repeat R] [--threads K]
MODEL is cuba, cuba80, coba, cobahh, stdp, brunel, connect, weights or assignment1 to assignment5";

/// A model ready to run.
struct Model {
    net: Network,
    spikes: Option<SpikeMonitor>,
    synapses: Vec<Synapses>,
    /// Neurons that the spike monitor watches.
    watched: usize,
    duration: f64,
}

fn main() -> ExitCode {
    let line = Wishes::parse(std::env::args().skip(1))
        .and_then(|wishes| measure(&wishes).map_err(|error| format!("{error}")));
    match line {
        Ok(line) => {
            // Whoever reads may have seen enough.
            let _ = writeln!(std::io::stdout(), "{line}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

struct Wishes {
    model: String,
    n: Option<usize>,
    t: Option<f64>,
    seed: u64,
    repeat: usize,
    threads: usize,
}

impl Wishes {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut wishes = Self { model: String::new(), n: None, t: None, seed: 42, repeat: 1, threads: 1 };
        while let Some(word) = words.next() {
            let needs = || format!("`{word}` needs a number\n{USAGE}");
            let mut value = || words.next().ok_or_else(needs);
            match word.as_str() {
                "--n" => wishes.n = Some(value()?.parse().map_err(|_| needs())?),
                "--t" => wishes.t = Some(value()?.parse().map_err(|_| needs())?),
                "--seed" => wishes.seed = value()?.parse().map_err(|_| needs())?,
                "--repeat" => wishes.repeat = value()?.parse::<usize>().map_err(|_| needs())?.max(1),
                "--threads" => wishes.threads = value()?.parse().map_err(|_| needs())?,
                name if wishes.model.is_empty() && !name.starts_with('-') => wishes.model = word,
                _ => return Err(format!("`{word}` is not known here\n{USAGE}")),
            }
        }
        if wishes.model.is_empty() { Err(USAGE.to_owned()) } else { Ok(wishes) }
    }
}

fn measure(wishes: &Wishes) -> Result<String, Box<dyn std::error::Error>> {
    let (began, cpu) = (Instant::now(), ProcessTime::now());
    let mut model = build(wishes)?;
    let (build_wall, build_cpu) = (began.elapsed().as_secs_f64(), since(cpu));
    let (began, cpu) = (Instant::now(), ProcessTime::now());
    model.net.run(0.0 * second)?;
    let (prepare_wall, prepare_cpu) = (began.elapsed().as_secs_f64(), since(cpu));
    let duration = wishes.t.unwrap_or(model.duration);
    if wishes.repeat > 1 {
        model.net.store("start")?;
    }
    let (mut walls, mut cpus) = (Vec::new(), Vec::new());
    for k in 0..wishes.repeat {
        if k > 0 {
            model.net.restore_with_random_state("start")?;
        }
        let (began, cpu) = (Instant::now(), ProcessTime::now());
        model.net.run(duration * second)?;
        walls.push(began.elapsed().as_secs_f64());
        cpus.push(since(cpu));
    }
    let least = |list: &[f64]| list.iter().copied().reduce(f64::min);
    let spikes = model.spikes.as_ref().map(SpikeMonitor::num_spikes);
    #[expect(clippy::cast_precision_loss, reason = "counts of spikes and neurons")]
    let rate = spikes.map(|s| s as f64 / model.watched as f64 / duration);
    let synapses: usize = model.synapses.iter().map(Synapses::len).sum();
    let line = serde_json::json!({
        "engine": "spikelab",
        "bench": wishes.model,
        "n": wishes.n,
        "threads": wishes.threads,
        "synapses": synapses,
        "duration": duration,
        "build_wall": build_wall,
        "build_cpu": build_cpu,
        "compile_wall": prepare_wall,
        "compile_cpu": prepare_cpu,
        "sim_wall": least(&walls),
        "sim_cpu": least(&cpus),
        "sim_walls": walls,
        "spikes": spikes,
        "rate": rate,
        "rss_mb": megabytes("VmRSS:"),
        "peak_rss_mb": megabytes("VmHWM:"),
    });
    Ok(line.to_string())
}

/// Processor time of all threads of this program since then.
fn since(before: ProcessTime) -> f64 {
    before.elapsed().as_secs_f64()
}

/// Memory in use now, or at the most so far, where the system tells.
fn megabytes(key: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes / 1024.0)
}

fn build(wishes: &Wishes) -> Result<Model, Box<dyn std::error::Error>> {
    let net = Network::new().seed(wishes.seed).threads(wishes.threads);
    Ok(match wishes.model.as_str() {
        "cuba" => cuba(net, wishes.n.unwrap_or(4000), None)?,
        "cuba80" => cuba(net, wishes.n.unwrap_or(4000), Some(80.0))?,
        "coba" => coba(net, wishes.n.unwrap_or(4000))?,
        "cobahh" => cobahh(net, wishes.n.unwrap_or(4000))?,
        "stdp" => stdp(net, wishes.n.unwrap_or(1000))?,
        "brunel" => brunel(net, wishes.n.unwrap_or(4000))?,
        "connect" => connect(net, wishes.n.unwrap_or(10_000), false)?,
        "weights" => connect(net, wishes.n.unwrap_or(10_000), true)?,
        "assignment1" => membrane(net)?,
        "assignment2" => hundred(net)?,
        "assignment3" => delays(net)?,
        "assignment4" => connections(net, &[0.2])?,
        "assignment5" => connections(net, &[0.1, 0.5, 1.0])?,
        other => return Err(format!("there is no model `{other}`\n{USAGE}").into()),
    })
}

#[expect(clippy::cast_precision_loss, reason = "numbers of neurons")]
fn count(n: usize) -> f64 {
    n as f64
}

fn cuba(mut net: Network, n: usize, indegree: Option<f64>) -> spikelab::Result<Model> {
    let p = indegree.map_or(0.02, |k| k / count(n));
    let group = net.add(models::cuba(n))?;
    group.set("v", "Vr + rand() * (Vt - Vr)")?;
    recurrent(net, &group, models::cuba_weights(), p)
}

fn coba(mut net: Network, n: usize) -> spikelab::Result<Model> {
    let group = net.add(models::coba(n))?;
    models::start(&group)?;
    recurrent(net, &group, models::conductance_weights(), 80.0 / count(n))
}

fn cobahh(mut net: Network, n: usize) -> spikelab::Result<Model> {
    let group = net.add(models::cobahh(n))?;
    models::start(&group)?;
    recurrent(net, &group, models::conductance_weights(), 0.02 * 4000.0 / count(n))
}

fn recurrent(
    mut net: Network,
    group: &NeuronGroup,
    weights: (Quantity, Quantity),
    p: f64,
) -> spikelab::Result<Model> {
    let synapses = models::connect(&mut net, group, weights, p)?.into();
    let spikes = Some(net.add(SpikeMonitor::new(group))?);
    Ok(Model { net, spikes, synapses, watched: group.len(), duration: 1.0 })
}

fn brunel(mut net: Network, excitatory: usize) -> spikelab::Result<Model> {
    const EPSILON: f64 = 0.1;
    const G: f64 = 5.0;
    const ETA: f64 = 2.0;
    let n = excitatory + excitatory / 4;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the neurons")]
    let inputs = (EPSILON * count(excitatory)) as usize;
    let weight = (0.1 * 1000.0 / count(inputs)) * mV;
    let rate = ETA * (20.0 * mV) / (weight * count(inputs) * (20.0 * ms));
    let group = NeuronGroup::new(n, "dv/dt = -v/tau : volt (unless refractory)")
        .threshold("v>theta")
        .reset("v = Vr")
        .refractory(2.0 * ms)
        .method("exact")
        .with("tau", 20.0 * ms)
        .with("theta", 20.0 * mV)
        .with("Vr", 10.0 * mV);
    let group = net.add(group)?;
    group.set("v", "rand()*theta")?;
    net.add(PoissonInput::new(&group, "v", inputs, rate, weight))?;
    let mut synapses = Vec::new();
    for (range, weight) in [(0..excitatory, weight), (excitatory..n, -G * weight)] {
        let part = group.slice(range)?;
        let s = Synapses::new(&part, &group).on_pre("v_post += J").delay(1.5 * ms).with("J", weight);
        let s = net.add(s)?;
        s.connect(Connect::all().p(EPSILON))?;
        synapses.push(s);
    }
    let spikes = Some(net.add(SpikeMonitor::new(&group))?);
    Ok(Model { net, spikes, synapses, watched: n, duration: 1.0 })
}

fn stdp(mut net: Network, n: usize) -> spikelab::Result<Model> {
    const GMAX: f64 = 0.01;
    let input = net.add(PoissonGroup::new(n, 15.0 * Hz))?;
    let group = NeuronGroup::new(
        1,
        "dv/dt = (ge * (Ee-v) + El - v) / taum : volt
         dge/dt = -ge / taue : 1",
    )
    .threshold("v>vt")
    .reset("v = vr")
    .method("euler")
    .with("taum", 10.0 * ms)
    .with("taue", 5.0 * ms)
    .with("Ee", 0.0 * mV)
    .with("El", -74.0 * mV)
    .with("vt", -54.0 * mV)
    .with("vr", -60.0 * mV);
    let group = net.add(group)?;
    let synapses = Synapses::new(&input, &group)
        .model(
            "w : 1
             dApre/dt = -Apre / taupre : 1 (event-driven)
             dApost/dt = -Apost / taupost : 1 (event-driven)",
        )
        .on_pre("ge += w\nApre += dApre\nw = clip(w + Apost, 0, gmax)")
        .on_post("Apost += dApost\nw = clip(w + Apre, 0, gmax)")
        .with("taupre", 20.0 * ms)
        .with("taupost", 20.0 * ms)
        .with("gmax", GMAX)
        .with("dApre", 0.01 * GMAX)
        .with("dApost", -0.01 * 1.05 * GMAX);
    let synapses = net.add(synapses)?;
    synapses.connect(Connect::all())?;
    synapses.set("w", "rand() * gmax")?;
    net.add(StateMonitor::new(&synapses, "w").record([0, 1]))?;
    let spikes = Some(net.add(SpikeMonitor::new(&input))?);
    Ok(Model { net, spikes, synapses: vec![synapses], watched: n, duration: 10.0 })
}

/// Random connections alone: with 10 000 neurons ten million. Weights and delays are drawn only if wanted.
fn connect(mut net: Network, n: usize, with_weights: bool) -> spikelab::Result<Model> {
    let group = net.add(NeuronGroup::new(n, "v : 1").threshold("v > 1"))?;
    let synapses = net.add(Synapses::new(&group, &group).model("w : 1").on_pre("v_post += w"))?;
    synapses.connect(Connect::all().p(0.1))?;
    if with_weights {
        synapses.set("w", "rand()")?;
        synapses.set("delay", "rand()*5*ms")?;
    }
    Ok(Model { net, spikes: None, synapses: vec![synapses], watched: n, duration: 0.0 })
}

fn membrane(mut net: Network) -> spikelab::Result<Model> {
    let group = NeuronGroup::new(1, "dv/dt = (1-v)/tau : 1");
    let group = net.add(group.threshold("v>0.8").reset("v = 0").method("exact").with("tau", 10.0 * ms))?;
    net.add(StateMonitor::new(&group, "v").record(0))?;
    let spikes = Some(net.add(SpikeMonitor::new(&group))?);
    Ok(Model { net, spikes, synapses: Vec::new(), watched: 1, duration: 0.05 })
}

fn hundred(mut net: Network) -> spikelab::Result<Model> {
    let group = NeuronGroup::new(100, "dv/dt = (v0-v)/tau : 1 (unless refractory)\nv0 : 1")
        .threshold("v>1")
        .reset("v=0")
        .refractory(5.0 * ms)
        .method("exact")
        .with("tau", 10.0 * ms)
        .with("v0_max", 3.0)
        .with("num_neurons", 100.0);
    let group = net.add(group)?;
    group.set("v0", "i*v0_max/(num_neurons-1)")?;
    let spikes = Some(net.add(SpikeMonitor::new(&group))?);
    Ok(Model { net, spikes, synapses: Vec::new(), watched: 100, duration: 1.0 })
}

fn delays(mut net: Network) -> spikelab::Result<Model> {
    let group = NeuronGroup::new(3, "dv/dt = (I-v)/tau : 1\nI : 1\ntau : second");
    let group = net.add(group.threshold("v>1").reset("v = 0").method("exact"))?;
    group.set("I", [2.0, 0.0, 0.0])?;
    group.set("tau", [10.0, 100.0, 100.0] * ms)?;
    let synapses = net.add(Synapses::new(&group, &group).model("w : 1").on_pre("v_post += w"))?;
    synapses.connect(Connect::pairs(0, [1, 2]))?;
    synapses.set("w", "j*0.2")?;
    synapses.set("delay", "j*2*ms")?;
    net.add(StateMonitor::new(&group, "v"))?;
    let spikes = Some(net.add(SpikeMonitor::new(&group))?);
    Ok(Model { net, spikes, synapses: vec![synapses], watched: 3, duration: 0.05 })
}

fn connections(mut net: Network, probabilities: &[f64]) -> spikelab::Result<Model> {
    let group = net.add(NeuronGroup::new(10, "v:1").threshold("v>1000"))?;
    let mut all = Vec::new();
    for p in probabilities {
        let synapses = net.add(Synapses::new(&group, &group))?;
        synapses.connect(Connect::condition("i!=j").p(*p))?;
        all.push(synapses);
    }
    Ok(Model { net, spikes: None, synapses: all, watched: 10, duration: 0.0 })
}
