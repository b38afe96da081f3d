//! COBAHH: 4000 neurons of Hodgkin-Huxley type with conductance-based synapses.
//! Benchmark 3 of Brette et al., J. Comput. Neurosci. 2007; channels of Traub and Miles, 1991.

use spikelab::prelude::*;

const MODEL: &str = "
    dv/dt = (gl*(El - v) + ge*(Ee - v) + gi*(Ei - v) - g_na*m**3*h*(v - ENa) - g_kd*n**4*(v - EK))/Cm : volt
    dm/dt = alpha_m*(1 - m) - beta_m*m : 1
    dn/dt = alpha_n*(1 - n) - beta_n*n : 1
    dh/dt = alpha_h*(1 - h) - beta_h*h : 1
    dge/dt = -ge/(5*ms) : siemens
    dgi/dt = -gi/(10*ms) : siemens
    alpha_m = 0.32/mV*4*mV/exprel((13*mV - v + VT)/(4*mV))/ms : Hz
    beta_m = 0.28/mV*5*mV/exprel((v - VT - 40*mV)/(5*mV))/ms : Hz
    alpha_h = 0.128*exp((17*mV - v + VT)/(18*mV))/ms : Hz
    beta_h = 4/(1 + exp((40*mV - v + VT)/(5*mV)))/ms : Hz
    alpha_n = 0.032/mV*5*mV/exprel((15*mV - v + VT)/(5*mV))/ms : Hz
    beta_n = 0.5*exp((10*mV - v + VT)/(40*mV))/ms : Hz";

fn main() -> spikelab::Result<()> {
    let mut net = Network::new().seed(1);
    // A membrane of 20000 square micrometers.
    let neurons = net.add(
        NeuronGroup::new(4000, MODEL)
            .threshold("v > -20*mV")
            .refractory(3.0 * ms)
            .method("exponential_euler")
            .with("Cm", 200.0 * pF)
            .with("gl", 10.0 * nS)
            .with("g_na", 20.0 * uS)
            .with("g_kd", 6.0 * uS)
            .with("El", -60.0 * mV)
            .with("EK", -90.0 * mV)
            .with("ENa", 50.0 * mV)
            .with("VT", -63.0 * mV)
            .with("Ee", 0.0 * mV)
            .with("Ei", -80.0 * mV),
    )?;
    neurons.set("v", "El + (randn()*5 - 5)*mV")?;
    neurons.set("ge", "(randn()*1.5 + 4)*10*nS")?;
    neurons.set("gi", "(randn()*12 + 20)*10*nS")?;
    let ce = net.add(Synapses::new(&neurons.slice(0..3200)?, &neurons).on_pre("ge += 6*nS"))?;
    ce.connect(Connect::all().p(0.02))?;
    let ci = net.add(Synapses::new(&neurons.slice(3200..4000)?, &neurons).on_pre("gi += 67*nS"))?;
    ci.connect(Connect::all().p(0.02))?;
    let trace = net.add(StateMonitor::new(&neurons, "v").record([1, 10, 100]))?;
    net.run(500.0 * ms)?;

    let path = std::env::args().nth(1).unwrap_or_else(|| "cobahh.svg".to_owned());
    let mut figure = Figure::new().size(900, 420);
    for neuron in [1, 10, 100] {
        figure = figure.plot(trace.t() / ms, trace.get("v", neuron)? / mV).label(format!("neuron {neuron}"));
    }
    figure.title("COBAHH").xlabel("Time (ms)").ylabel("v (mV)").legend().save(&path)?;
    println!("wrote {path}");
    Ok(())
}
