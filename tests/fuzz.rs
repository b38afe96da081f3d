//! Random texts against the language: no panic, no hang, bounded depth; the same texts in every run.
//! For longer: `SPIKELAB_FUZZ_SECONDS=600 cargo test --release --test fuzz -- --nocapture`.

use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use serde_json::Value;
use spikelab::prelude::*;

/// Texts in the normal run of the tests.
const TEXTS: u64 = 4000;
/// The longest that one text may take; a thousand times what it needs.
const LONGEST: Duration = Duration::from_secs(5);

/// A small generator of numbers (xorshift), so that a failure can be repeated from its number.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n.max(1) as u64).unwrap_or(0)
    }
}

/// Every text of every golden: equations, conditions, statements, generators.
fn corpus() -> Vec<String> {
    fn collect(v: &Value, out: &mut Vec<String>) {
        match v {
            Value::String(s) if s.len() > 2 => out.push(s.clone()),
            Value::Array(list) => list.iter().for_each(|v| collect(v, out)),
            Value::Object(map) => {
                map.iter().filter(|(k, _)| *k != "expected").for_each(|(_, v)| collect(v, out))
            }
            _ => {}
        }
    }
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/conformance");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    let mut out = Vec::new();
    for file in files {
        collect(&serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap(), &mut out);
    }
    out.sort();
    out.dedup();
    out
}

const PIECES: &[&str] = &[
    "(",
    ")",
    "((((((((",
    "-",
    "--",
    "**",
    "//",
    "%",
    " not ",
    " and ",
    " or ",
    "==",
    "<",
    "=",
    "+=",
    ":",
    ";",
    "\n",
    "#",
    "dv/dt = ",
    " : volt",
    " : 1 (unless refractory)",
    "(event-driven)",
    "(summed)",
    "(constant over dt)",
    "xi",
    "xi_2",
    "rand()",
    "poisson(3)",
    "clip(v, 0, 1)",
    "exprel",
    "timestep(t, dt)",
    "1e308",
    "1e-400",
    "0/0",
    "inf",
    "ms**0.5",
    "v_post",
    " for k in range(",
    "sample(N_post, p=0.1)",
    " if ",
    "int(",
    ",",
    ".",
    "µ",
    "∞",
    "\u{0}",
    "____",
    "True",
    "lastspike",
    "999999999999999999999",
    "e",
    "pi",
    "**-",
    "i",
    "j",
    "N",
    "'",
    "\"",
    "\\",
    "\t",
    "\r\n",
];

fn mutated(corpus: &[String], numbers: &mut Numbers) -> String {
    let mut text: Vec<char> = corpus[numbers.below(corpus.len())].chars().collect();
    for _ in 0..=numbers.below(6) {
        let at = numbers.below(text.len() + 1);
        match numbers.below(5) {
            0 => drop(text.splice(at..at, PIECES[numbers.below(PIECES.len())].chars())),
            1 if at < text.len() => drop(text.remove(at)),
            2 if at < text.len() => {
                let end = (at + numbers.below(12)).min(text.len());
                text.drain(at..end);
            }
            3 => {
                let other: Vec<char> = corpus[numbers.below(corpus.len())].chars().collect();
                let from = numbers.below(other.len());
                let end = (from + numbers.below(30)).min(other.len());
                text.splice(at..at, other[from..end].iter().copied());
            }
            _ => {
                let piece = PIECES[numbers.below(PIECES.len())];
                let many = piece.repeat(1 + numbers.below(40));
                text.splice(at..at, many.chars());
            }
        }
    }
    text.into_iter().collect()
}

/// Hands a text to every place that reads one. Whether it is refused does not matter, only that nothing breaks.
fn try_everywhere(text: &str) {
    let _ = spikelab::parse_unit(text);
    let mut net = Network::new().seed(1);
    if let Ok(group) = net.add(NeuronGroup::new(2, text)) {
        let _ = group.get("v");
        let _ = format!("{group:?}");
        let _ = net.run(0.3 * ms);
    }
    let mut net = Network::new().seed(1);
    let model = "dv/dt = -v/(5*ms) : 1\nw : volt\nb : boolean\nn : integer";
    let _ = net.add(NeuronGroup::new(2, model).threshold(text)).map(drop);
    let _ = net.add(NeuronGroup::new(2, model).threshold("v > 1").reset(text)).map(drop);
    let _ = net.add(NeuronGroup::new(2, model).threshold("v > 1").refractory(text)).map(drop);
    let group = net.add(NeuronGroup::new(2, model).threshold("v > 1").reset("v = 0")).unwrap();
    let _ = group.set("v", text);
    let _ = group.set_at("v", text, 1.0);
    let _ = net.add(Synapses::new(&group, &group).model(text)).map(drop);
    let _ = net.add(Synapses::new(&group, &group).on_pre(text)).map(drop);
    let synapses = net.add(Synapses::new(&group, &group).on_pre("v += 1")).unwrap();
    let _ = synapses.connect(Connect::condition(text));
    let _ = synapses.connect(Connect::targets(text));
}

fn check(text: &str, number: u64) {
    let start = Instant::now();
    let result = catch_unwind(|| try_everywhere(text));
    assert!(result.is_ok(), "text {number} panics: {text:?}");
    assert!(start.elapsed() < LONGEST, "text {number} takes {:?}: {text:?}", start.elapsed());
}

#[test]
fn random_texts_do_no_harm() {
    let corpus = corpus();
    assert!(corpus.len() > 200);
    let seconds: Option<u64> = std::env::var("SPIKELAB_FUZZ_SECONDS").ok().and_then(|s| s.parse().ok());
    let start = Instant::now();
    let mut count = 0;
    while seconds.map_or(count < TEXTS, |s| start.elapsed() < Duration::from_secs(s)) {
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15 ^ (count + 1).wrapping_mul(0x2545_f491_4f6c_dd1d));
        check(&mutated(&corpus, &mut numbers), count);
        count += 1;
    }
    println!("{count} texts in {:?}", start.elapsed());
}

/// Depth and length are bounded before they can exhaust the stack or the memory.
#[test]
fn deep_and_long_texts_do_no_harm() {
    let n = 20_000;
    let texts = [
        "(".repeat(n),
        format!("{}1{}", "(".repeat(n), ")".repeat(n)),
        format!("{}v", "-".repeat(n)),
        format!("{}b", "not ".repeat(n)),
        vec!["v"; n].join("**"),
        vec!["v"; n].join("+"),
        vec!["b"; n].join(" and "),
        "exp(".repeat(n),
        "v = v\n".repeat(n / 10),
        (0..500).map(|k| format!("x{k} = x{} : 1\n", k + 1)).collect::<String>() + "x500 : 1",
        (0..40).map(|k| format!("x{k} = x{0} + x{0} : 1\n", k + 1)).collect::<String>() + "x40 : 1",
        format!("dv/dt = {} : 1", vec!["v/ms"; n].join(" - ")),
        "\n".repeat(n),
        "#".repeat(n),
    ];
    // Threads have a stack of their own, smaller than that of the main one.
    for (k, text) in texts.into_iter().enumerate() {
        let thread = std::thread::Builder::new().stack_size(2 << 20);
        let start = Instant::now();
        thread
            .spawn(move || try_everywhere(&text))
            .unwrap()
            .join()
            .unwrap_or_else(|_| panic!("text {k} panics"));
        assert!(start.elapsed() < LONGEST * 4, "text {k} takes {:?}", start.elapsed());
    }
}
