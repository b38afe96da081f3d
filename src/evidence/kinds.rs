//! How numbers, lists and texts become evidence.
//! The library's own objects say so themselves, where they are.

use super::{Evidence, Origin, ToEvidence, sealed};

macro_rules! numbers {
    ($($t:ty),*) => {$(
        impl sealed::Sealed for $t {}
        impl sealed::Sealed for [$t] {}
        #[allow(clippy::cast_precision_loss, reason = "indices and counts stay far below 2^53")]
        impl ToEvidence for $t {
            fn to_evidence(&self) -> Evidence {
                Evidence::Number { value: *self as f64, dimension: "1".into() }
            }
        }
        #[allow(clippy::cast_precision_loss, reason = "indices and counts stay far below 2^53")]
        impl ToEvidence for [$t] {
            fn to_evidence(&self) -> Evidence {
                Evidence::Array { values: self.iter().map(|&x| x as f64).collect(), dimension: "1".into() }
            }
        }
    )*};
}
numbers!(f64, f32, i32, i64, u32, u64, usize, isize);

impl sealed::Sealed for bool {}

impl ToEvidence for bool {
    fn to_evidence(&self) -> Evidence {
        Evidence::Number { value: f64::from(u8::from(*self)), dimension: "1".into() }
    }
}

impl<T> sealed::Sealed for Vec<T> where [T]: ToEvidence {}

impl<T> ToEvidence for Vec<T>
where
    [T]: ToEvidence,
{
    fn to_evidence(&self) -> Evidence {
        self.as_slice().to_evidence()
    }
}

impl<T, const N: usize> sealed::Sealed for [T; N] where [T]: ToEvidence {}

impl<T, const N: usize> ToEvidence for [T; N]
where
    [T]: ToEvidence,
{
    fn to_evidence(&self) -> Evidence {
        self.as_slice().to_evidence()
    }
}

impl sealed::Sealed for ndarray::Array1<f64> {}

impl ToEvidence for ndarray::Array1<f64> {
    fn to_evidence(&self) -> Evidence {
        Evidence::Array { values: self.to_vec(), dimension: "1".into() }
    }
}

impl sealed::Sealed for str {}

impl ToEvidence for str {
    fn to_evidence(&self) -> Evidence {
        Evidence::Text { value: self.to_owned() }
    }
}

impl sealed::Sealed for char {}

impl ToEvidence for char {
    fn to_evidence(&self) -> Evidence {
        Evidence::Text { value: self.to_string() }
    }
}

impl sealed::Sealed for String {}

impl ToEvidence for String {
    fn to_evidence(&self) -> Evidence {
        self.as_str().to_evidence()
    }
}

impl<T: ToEvidence + ?Sized> sealed::Sealed for &T {}

impl<T: ToEvidence + ?Sized> ToEvidence for &T {
    fn to_evidence(&self) -> Evidence {
        (**self).to_evidence()
    }

    fn origin(&self) -> Option<Origin<'_>> {
        (**self).origin()
    }
}
