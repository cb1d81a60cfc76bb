"""The rates of hiv (Adams et al. 2004) as one would write them for SciPy: the same for timing and for accuracy."""


def make_rates(p):
    """dy/dt as a function of (time, y, e1, e2), from the environment's parameters by name."""
    l1, d1, k1, l2, d2, k2, f, delta = (p[x] for x in ("l1", "d1", "k1", "l2", "d2", "k2", "f", "delta"))
    m1, m2, nt, c, rho1, rho2 = (p[x] for x in ("m1", "m2", "NT", "c", "rho1", "rho2"))
    le, be, kb, de, kd, de_e = (p[x] for x in ("lE", "bE", "Kb", "dE", "Kd", "deltaE"))

    def rates(_, y, e1, e2):
        t1, t2, i1, i2, v, e = y.tolist()
        infected = i1 + i2
        first = (1 - e1) * k1 * v * t1
        second = (1 - f * e1) * k2 * v * t2
        return (
            l1 - d1 * t1 - first,
            l2 - d2 * t2 - second,
            first - delta * i1 - m1 * e * i1,
            second - delta * i2 - m2 * e * i2,
            (1 - e2) * nt * delta * infected - c * v - rho1 * first - rho2 * second,
            le + be * infected / (infected + kb) * e - de * infected / (infected + kd) * e - de_e * e,
        )

    return rates


# Efficacies e1 and e2 of no drug, either and both.
DOSES = [(0.0, 0.0), (0.7, 0.0), (0.0, 0.3), (0.7, 0.3)]
