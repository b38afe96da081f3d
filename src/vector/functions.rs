//! The functions of one and of two numbers that models are made of, as values and number by number.
//! Folding, the loops over blocks and the tests' oracle all come down to these.

use super::kernels::{Source, binary, map};
use super::width::Width;

/// Functions of one value. Truth is 1, falsehood 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fun1 {
    Neg,
    Not,
    Exp,
    Expm1,
    Exprel,
    /// Not part of the language: what a division by `exprel` becomes.
    InverseExprel,
    Log,
    Log10,
    Log1p,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Tanh,
    Sqrt,
    Abs,
    Ceil,
    Floor,
    Sign,
    Trunc,
    Truth,
}

/// Functions of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fun2 {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Mod,
    Pow,
    And,
    Or,
    Lt,
    Le,
    Gt,
    Ge,
    Eq,
    Ne,
    Min,
    Max,
}

impl Fun1 {
    // Called for single numbers only; inlined, it would bring every function along to each place.
    #[inline(never)]
    pub(crate) fn apply(self, x: f64) -> f64 {
        match self {
            Self::Neg => -x,
            Self::Not => truth(x == 0.0),
            Self::Sqrt => x.sqrt(),
            Self::Abs => x.abs(),
            Self::Ceil => x.ceil(),
            Self::Floor => x.floor(),
            Self::Sign => {
                if x == 0.0 {
                    0.0
                } else {
                    x.signum()
                }
            }
            Self::Trunc => x.trunc(),
            Self::Truth => truth(x != 0.0),
            // As a block of one: compiled for this machine's registers, a fused operation is one instruction.
            Self::Exp
            | Self::Expm1
            | Self::Exprel
            | Self::InverseExprel
            | Self::Log
            | Self::Log10
            | Self::Log1p
            | Self::Sin
            | Self::Cos
            | Self::Tan
            | Self::Asin
            | Self::Acos
            | Self::Atan
            | Self::Sinh
            | Self::Cosh
            | Self::Tanh => {
                let mut out = [0.0];
                map(Width::best(), self, &mut out, &[x]);
                out[0]
            }
        }
    }
}

impl Fun2 {
    #[inline(never)]
    pub(crate) fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Add => a + b,
            Self::Sub => a - b,
            Self::Mul => a * b,
            Self::Div => a / b,
            Self::FloorDiv => (a / b).floor(),
            Self::Mod => {
                // The sign of the divisor, as in Python.
                let r = a % b;
                if r != 0.0 && (r < 0.0) != (b < 0.0) { r + b } else { r }
            }
            Self::Pow => {
                let mut out = [0.0];
                binary(Width::best(), self, &mut out, Source::Slice(&[a]), Source::Slice(&[b]));
                out[0]
            }
            Self::And => truth(a != 0.0 && b != 0.0),
            Self::Or => truth(a != 0.0 || b != 0.0),
            Self::Lt => truth(a < b),
            Self::Le => truth(a <= b),
            Self::Gt => truth(a > b),
            Self::Ge => truth(a >= b),
            Self::Eq => truth(a == b),
            Self::Ne => truth(a != b),
            Self::Min => a.min(b),
            Self::Max => a.max(b),
        }
    }
}

fn truth(b: bool) -> f64 {
    f64::from(u8::from(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_signs_of_remainders() {
        assert_eq!(Fun2::Mod.apply(-7.0, 3.0), 2.0);
        assert_eq!(Fun2::Mod.apply(7.0, -3.0), -2.0);
        assert_eq!(Fun2::FloorDiv.apply(-7.0, 2.0), -4.0);
        assert_eq!(Fun1::Sign.apply(-0.0), 0.0);
    }
}
