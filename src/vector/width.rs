//! How wide the registers of this machine are, and the one place where code for wider ones is called.
//! The code itself is plain Rust; compiled with more features on, the compiler makes it wider.

#![expect(unsafe_code, reason = "calling code that was compiled for features of the processor")]

/// A width that this machine was found to have: only [`Width::best`] and [`Width::all`] make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Width(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// What every processor of the kind has: SSE2 or NEON.
    Plain,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Width {
    /// Every width that this machine has, the best last.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = vec![Self(Kind::Plain)];
        #[cfg(target_arch = "x86_64")]
        {
            let is_fused = std::arch::is_x86_feature_detected!("fma");
            if is_fused && std::arch::is_x86_feature_detected!("avx2") {
                all.push(Self(Kind::Avx2));
            }
            if is_fused
                && std::arch::is_x86_feature_detected!("avx512f")
                && std::arch::is_x86_feature_detected!("avx512dq")
                && std::arch::is_x86_feature_detected!("avx512vl")
                && std::arch::is_x86_feature_detected!("avx512bw")
            {
                all.push(Self(Kind::Avx512));
            }
        }
        all
    }

    pub(crate) fn best() -> Self {
        static BEST: std::sync::OnceLock<Width> = std::sync::OnceLock::new();
        *BEST.get_or_init(|| Self::all().pop().unwrap_or(Self(Kind::Plain)))
    }

    /// Runs a loop, compiled for this width.
    #[inline(always)]
    pub(crate) fn run<L: Loop>(self, work: L) -> L::Output {
        match self.0 {
            Kind::Plain => work.run(),
            // SAFETY: a `Width` of this kind exists only where the features were found.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { avx2(work) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => unsafe { avx512(work) },
        }
    }
}

impl Default for Width {
    fn default() -> Self {
        Self::best()
    }
}

/// A loop with its data; `run` must be inlined, so that it is compiled once for each width.
pub(crate) trait Loop {
    type Output;
    fn run(self) -> Self::Output;
}

/// A function of two for each of eight. `zip` would say the same, but stays a call where the library is compiled in several
/// units, as it is for students, and such a loop does not become wide.
#[inline(always)]
pub(crate) fn eight<A: Copy, B: Copy>(a: &[A; 8], b: &[B; 8], f: impl Fn(A, B) -> A) -> [A; 8] {
    let [a0, a1, a2, a3, a4, a5, a6, a7] = *a;
    let [b0, b1, b2, b3, b4, b5, b6, b7] = *b;
    [f(a0, b0), f(a1, b1), f(a2, b2), f(a3, b3), f(a4, b4), f(a5, b5), f(a6, b6), f(a7, b7)]
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<L: Loop>(work: L) -> L::Output {
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512dq,avx512vl,avx512bw")]
fn avx512<L: Loop>(work: L) -> L::Output {
    work.run()
}
