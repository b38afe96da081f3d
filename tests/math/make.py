"""Writes reference.txt: for each function arguments and exact values as two numbers, the nearest and what is missing.

    python3 -m venv venv && venv/bin/pip install mpmath && venv/bin/python make.py
"""
import random, struct
from mpmath import mp, mpf
import mpmath

mp.prec = 400
random.seed(1)


def bits(x):
    return "%016x" % struct.unpack("<Q", struct.pack("<d", x))[0]


def spread(low, high):
    """Magnitudes from 10**low to 10**high, of both signs."""
    return random.choice([-1, 1]) * 10 ** random.uniform(low, high)


def near(limit):
    return random.uniform(-limit, limit)


def any_angle():
    return random.choice([near(10), spread(-9, 6), spread(6, 300), round(near(4000)) * 1.5707963267948966])


POSITIVE = lambda: random.choice([abs(spread(-300, 300)), 1 + near(0.3), abs(near(10)), abs(spread(-323, -308))])
UNIT = lambda: random.choice([near(1), spread(-9, 0), random.choice([-1, 1]) * (1 - abs(spread(-9, -1)))])
FUNCTIONS = {
    "exp": (mpmath.exp, lambda: random.choice([near(700), near(3), spread(-12, 0), random.uniform(-744, -700)])),
    "expm1": (mpmath.expm1, lambda: random.choice([near(3), near(700), spread(-12, 0)])),
    "exprel": (lambda x: mpmath.expm1(x) / x, lambda: random.choice([near(3), near(60), spread(-12, 0)])),
    "log": (mpmath.log, POSITIVE),
    "log10": (mpmath.log10, POSITIVE),
    "log1p": (mpmath.log1p, lambda: random.choice([near(0.99), abs(spread(-12, 12)), spread(-15, -1)])),
    "sin": (mpmath.sin, any_angle),
    "cos": (mpmath.cos, any_angle),
    "tan": (mpmath.tan, any_angle),
    "asin": (mpmath.asin, UNIT),
    "acos": (mpmath.acos, UNIT),
    "atan": (mpmath.atan, lambda: random.choice([near(4), spread(-9, 12)])),
    "sinh": (mpmath.sinh, lambda: random.choice([near(3), near(710), spread(-9, 0)])),
    "cosh": (mpmath.cosh, lambda: random.choice([near(3), near(710)])),
    "tanh": (mpmath.tanh, lambda: random.choice([near(3), near(25), spread(-9, 0)])),
}

with open("reference.txt", "w") as out:

    def write(name, arguments, exact):
        nearest = float(exact)
        rest = float(exact - mpf(nearest))
        print(name, *map(bits, [*arguments, nearest, rest]), file=out)

    for name, (f, draw) in FUNCTIONS.items():
        for _ in range(300):
            x = draw()
            write(name, [x], f(mpf(x)))
    for _ in range(600):
        x = random.choice([abs(spread(-30, 30)), 1 + near(0.5), abs(near(8))])
        y = random.choice([near(4), near(20), float(random.randint(-9, 9)), spread(-9, 3)])
        exact = mpf(x) ** mpf(y)
        if 1e-290 < exact < 1e290:
            write("pow", [x, y], exact)
