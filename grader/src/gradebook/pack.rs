//! Values as deflated JSON, the form in which a gradebook keeps what is too large or too varied for columns.
//! JSON, because it outlives changes of the program: new fields have defaults, old ones are passed over.

use std::io::{BufWriter, Read};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// So much a single value may unfold to; the largest variable that the runner takes is a quarter of it.
const LARGEST: u64 = 1 << 30;

/// Packs a value.
pub(super) fn pack<T: Serialize>(value: &T) -> std::io::Result<Vec<u8>> {
    // The fastest level: numbers shrink to a third, and a class is judged again in seconds.
    let mut out = BufWriter::new(ZlibEncoder::new(Vec::new(), Compression::fast()));
    serde_json::to_writer(&mut out, value)?;
    out.into_inner().map_err(std::io::IntoInnerError::into_error)?.finish()
}

/// Unpacks what [`pack`] made.
pub(super) fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> std::io::Result<T> {
    let mut text = Vec::new();
    ZlibDecoder::new(bytes).take(LARGEST).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_bit_for_bit() {
        let numbers = vec![0.1, 1.0 / 3.0, f64::MIN_POSITIVE, -0.0, 1e300];
        let back: Vec<f64> = unpack(&pack(&numbers).unwrap()).unwrap();
        assert!(numbers.iter().zip(&back).all(|(a, b)| a.to_bits() == b.to_bits()));
        assert!(unpack::<Vec<f64>>(b"torn").is_err());
    }
}
