//! The models of `state_update` as one would write them by hand in Rust, without a model language: what the library is held against.
//! One pass for update, mask and threshold, resets by the list of spikes; compiled for AVX2 and FMA where the machine has it.

#![expect(unsafe_code, reason = "calling code that was compiled for features of the processor")]

mod equations;

use std::collections::VecDeque;

pub(crate) use equations::{Coba, CobaEuler, CobaHh, Cuba, Lif};

/// The equations of a model; `v` is the first of its variables.
pub(crate) trait Model {
    const VARIABLES: usize;
    const SPIKE: Spike;

    /// One step for neighbours; to be inlined, so that it is compiled once for each width.
    fn advance(columns: &mut [Vec<f64>], free: &[f64], range: std::ops::Range<usize>);
}

/// When a neuron spikes, and what that does.
pub(crate) struct Spike {
    pub(crate) threshold: f64,
    /// None if a spike changes nothing.
    pub(crate) reset: Option<f64>,
    /// Steps from a spike to the first in which the neuron is free again.
    pub(crate) refractory: usize,
}

/// Neurons of one model.
pub(crate) struct Neurons<M> {
    pub(crate) columns: Vec<Vec<f64>>,
    free: Vec<f64>,
    spikes: Vec<u32>,
    /// Who becomes free in each of the coming steps.
    resting: VecDeque<Vec<u32>>,
    pub(crate) count: usize,
    model: std::marker::PhantomData<M>,
}

/// Neurons that are searched together.
const PART: usize = 512;

impl<M: Model> Neurons<M> {
    pub(crate) fn new(columns: Vec<Vec<f64>>) -> Self {
        assert_eq!(columns.len(), M::VARIABLES);
        let free = vec![1.0; columns[0].len()];
        let resting = (0..M::SPIKE.refractory).map(|_| Vec::new()).collect();
        Self { columns, free, spikes: Vec::new(), resting, count: 0, model: std::marker::PhantomData }
    }

    pub(crate) fn run(&mut self, steps: usize) {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
            // SAFETY: the features were found just here.
            unsafe { self.run_avx2(steps) };
            return;
        }
        (0..steps).for_each(|_| self.step());
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn run_avx2(&mut self, steps: usize) {
        (0..steps).for_each(|_| self.step());
    }

    #[inline(always)]
    fn step(&mut self) {
        let mut released = self.resting.pop_front().unwrap_or_default();
        released.iter().for_each(|k| self.free[*k as usize] = 1.0);
        self.spikes.clear();
        let n = self.free.len();
        for start in (0..n).step_by(PART) {
            let end = n.min(start + PART);
            M::advance(&mut self.columns, &self.free, start..end);
            search(
                &self.columns[0][start..end],
                &self.free[start..end],
                M::SPIKE.threshold,
                start,
                &mut self.spikes,
            );
        }
        for k in self.spikes.iter().map(|k| *k as usize) {
            self.columns[0][k] = M::SPIKE.reset.unwrap_or(self.columns[0][k]);
            if M::SPIKE.refractory > 0 {
                self.free[k] = 0.0;
            }
        }
        self.count += self.spikes.len();
        if M::SPIKE.refractory > 0 {
            released.clear();
            released.extend_from_slice(&self.spikes);
            self.resting.push_back(released);
        }
    }
}

/// The free ones above the threshold; most stretches have none.
#[inline(always)]
fn search(v: &[f64], free: &[f64], threshold: f64, first: usize, found: &mut Vec<u32>) {
    for (part, (v, free)) in v.chunks(32).zip(free.chunks(32)).enumerate() {
        let count: u64 = v.iter().map(|v| u64::from(*v > threshold)).sum();
        if count == 0 {
            continue;
        }
        for (k, (v, free)) in v.iter().zip(free).enumerate() {
            if *v > threshold && *free != 0.0 {
                found.push(u32::try_from(first + part * 32 + k).unwrap_or(u32::MAX));
            }
        }
    }
}
