# Every unit name that Brian 2.9 knows in equations, for `brian2.json`. Run in this folder: python make.py
import json

from brian2.core.namespace import DEFAULT_UNITS
from brian2.units.fundamentalunits import Unit

units = {name: [float(u), [float(x) for x in u.dim._dims]] for name, u in DEFAULT_UNITS.items() if isinstance(u, Unit)}
json.dump(units, open("brian2.json", "w"), sort_keys=True, separators=(",", ":"))
