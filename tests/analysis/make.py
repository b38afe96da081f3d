# Statistics of spike trains by Elephant, for `tests/analysis/statistics.json`.
# Needs: pip install elephant. Run in this folder: python make.py
import json

import elephant.statistics as st
import neo
import numpy as np
import quantities as pq
from elephant.conversion import BinnedSpikeTrain
from elephant.spike_train_correlation import cross_correlation_histogram

rng = np.random.default_rng(7)
END, BIN, LAGS = 1.0, 0.005, 10


def train(n):
    # Away from the edges of bins, where rounding would decide.
    slots = np.sort(rng.choice(np.arange(1, 9999), n, replace=False))
    return (slots + 0.5) * END / 10000


cases = []
for n, m in [(40, 60), (5, 5), (2, 9), (100, 100), (300, 20)]:
    a, b = train(n), train(m)
    spikes = [neo.SpikeTrain(t * pq.s, t_stop=END * pq.s) for t in (a, b)]
    intervals = st.isi(spikes[0]).rescale("s").magnitude
    binned = [BinnedSpikeTrain(s, bin_size=BIN * pq.s, t_start=0 * pq.s, t_stop=END * pq.s) for s in spikes]
    histogram, lags = cross_correlation_histogram(binned[0], binned[1], window=[-LAGS, LAGS])
    cases.append({
        "a": a.tolist(), "b": b.tolist(), "end": END, "bin": BIN, "max_lag": LAGS,
        "isi": intervals.tolist(), "cv": float(st.cv(intervals)),
        "cv2": float(st.cv2(intervals)) if len(intervals) > 1 else None,
        "lv": float(st.lv(intervals)) if len(intervals) > 1 else None,
        "rate": float(st.mean_firing_rate(spikes[0], t_start=0 * pq.s, t_stop=END * pq.s).rescale("Hz").magnitude),
        "cross_correlogram": histogram.magnitude.ravel().astype(int).tolist(),
    })
json.dump(cases, open("statistics.json", "w"))
