//! The networks of Brette et al., J. Comput. Neurosci. 2007, as Brian2's examples write them.
//! Shared by the examples that show them and the program that measures them.

use spikelab::prelude::*;

/// Current-based synapses (Vogels and Abbott, J. Neurosci. 2005).
pub(crate) fn cuba(n: usize) -> NeuronGroup {
    NeuronGroup::new(
        n,
        "dv/dt = (ge+gi-(v-El))/taum : volt (unless refractory)
         dge/dt = -ge/taue : volt
         dgi/dt = -gi/taui : volt",
    )
    .threshold("v>Vt")
    .reset("v = Vr")
    .refractory(5.0 * ms)
    .method("exact")
    .with("taum", 20.0 * ms)
    .with("taue", 5.0 * ms)
    .with("taui", 10.0 * ms)
    .with("Vt", -50.0 * mV)
    .with("Vr", -60.0 * mV)
    .with("El", -49.0 * mV)
}

/// Weights of excitatory and inhibitory synapses of [`cuba`].
pub(crate) fn cuba_weights() -> (Quantity, Quantity) {
    ((60.0 * 0.27 / 10.0) * mV, (-20.0 * 4.5 / 10.0) * mV)
}

/// Conductance-based synapses.
pub(crate) fn coba(n: usize) -> NeuronGroup {
    NeuronGroup::new(
        n,
        "dv/dt = (gl*(El-v)+ge*(Ee-v)+gi*(Ei-v))/Cm : volt (unless refractory)
         dge/dt = -ge/taue : siemens
         dgi/dt = -gi/taui : siemens",
    )
    .threshold("v>Vt")
    .reset("v = Vr")
    .refractory(5.0 * ms)
    .method("exponential_euler")
    .with("Cm", 200.0 * pF)
    .with("gl", 10.0 * nS)
    .with("El", -60.0 * mV)
    .with("Ee", 0.0 * mV)
    .with("Ei", -80.0 * mV)
    .with("taue", 5.0 * ms)
    .with("taui", 10.0 * ms)
    .with("Vt", -50.0 * mV)
    .with("Vr", -60.0 * mV)
}

/// Conductance-based synapses on neurons of Hodgkin-Huxley type; channels of Traub and Miles, 1991.
pub(crate) fn cobahh(n: usize) -> NeuronGroup {
    // Per area of the membrane: 20000 um**2.
    const AREA_CM2: f64 = 20_000e-8;
    NeuronGroup::new(
        n,
        "dv/dt = (gl*(El-v)+ge*(Ee-v)+gi*(Ei-v)-g_na*(m*m*m)*h*(v-ENa)-g_kd*(n*n*n*n)*(v-EK))/Cm : volt
         dm/dt = alpha_m*(1-m)-beta_m*m : 1
         dn/dt = alpha_n*(1-n)-beta_n*n : 1
         dh/dt = alpha_h*(1-h)-beta_h*h : 1
         dge/dt = -ge*(1./taue) : siemens
         dgi/dt = -gi*(1./taui) : siemens
         alpha_m = 0.32*(mV**-1)*4*mV/exprel((13*mV-v+VT)/(4*mV))/ms : Hz
         beta_m = 0.28*(mV**-1)*5*mV/exprel((v-VT-40*mV)/(5*mV))/ms : Hz
         alpha_h = 0.128*exp((17*mV-v+VT)/(18*mV))/ms : Hz
         beta_h = 4./(1+exp((40*mV-v+VT)/(5*mV)))/ms : Hz
         alpha_n = 0.032*(mV**-1)*5*mV/exprel((15*mV-v+VT)/(5*mV))/ms : Hz
         beta_n = .5*exp((10*mV-v+VT)/(40*mV))/ms : Hz",
    )
    .threshold("v>-20*mV")
    .refractory(3.0 * ms)
    .method("exponential_euler")
    .with("Cm", AREA_CM2 * uF)
    .with("gl", (5e-2 * AREA_CM2 * 1e6) * nS)
    .with("El", -60.0 * mV)
    .with("EK", -90.0 * mV)
    .with("ENa", 50.0 * mV)
    .with("g_na", (100e3 * AREA_CM2) * uS)
    .with("g_kd", (30e3 * AREA_CM2) * uS)
    .with("VT", -63.0 * mV)
    .with("taue", 5.0 * ms)
    .with("taui", 10.0 * ms)
    .with("Ee", 0.0 * mV)
    .with("Ei", -80.0 * mV)
}

/// Weights of excitatory and inhibitory synapses of [`coba`] and [`cobahh`].
pub(crate) fn conductance_weights() -> (Quantity, Quantity) {
    (6.0 * nS, 67.0 * nS)
}

/// A state of [`coba`] or [`cobahh`] from which activity starts by itself.
pub(crate) fn start(group: &NeuronGroup) -> spikelab::Result<()> {
    group.set("v", "El + (randn() * 5 - 5)*mV")?;
    group.set("ge", "(randn() * 1.5 + 4) * 10.*nS")?;
    group.set("gi", "(randn() * 12 + 20) * 10.*nS")
}

/// Synapses of the first four fifths onto `ge` and of the others onto `gi`, each pair with probability `p`.
pub(crate) fn connect(
    net: &mut Network,
    group: &NeuronGroup,
    (we, wi): (Quantity, Quantity),
    p: f64,
) -> spikelab::Result<[Synapses; 2]> {
    let n = group.len();
    let excitatory = n * 4 / 5;
    let ce = Synapses::new(&group.slice(0..excitatory)?, group).on_pre("ge += we").with("we", we);
    let ci = Synapses::new(&group.slice(excitatory..n)?, group).on_pre("gi += wi").with("wi", wi);
    let both = [net.add(ce)?, net.add(ci)?];
    for synapses in &both {
        synapses.connect(Connect::all().p(p))?;
    }
    Ok(both)
}
