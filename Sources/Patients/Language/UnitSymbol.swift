// The symbols that units are made of, with their sizes.

/// What is measured: each gets an exponent of its own. Things counted (cells, copies, doses) are kinds of their own,
/// so that cells are never added to virions.
enum BaseDimension: Int, Sendable {
    case time, mass, length, amount, activity, cell, copy, radiation, temperature, charge, beat, score, dose, person
    case energy, pressure
}

/// A symbol of the unit language.
struct UnitSymbol: Sendable {
    /// nil for pure numbers such as `%`.
    var base: BaseDimension?
    /// Exponent of the base dimension: 3 for a litre over length.
    var exponent: Double
    /// Size in base units.
    var scale: Double

    private init(_ base: BaseDimension?, _ scale: Double, exponent: Double = 1) {
        self.base = base
        self.scale = scale
        self.exponent = exponent
    }

    /// Base units: s, g, m, mol, IU, cell, copy, Gy, K, Eq, beat, score, dose, person, J, Pa.
    /// Calendar units: a year is 365.25 d, a month a twelfth of it.
    static let known: [String: UnitSymbol] = [
        "s": .init(.time, 1), "ms": .init(.time, 1e-3), "min": .init(.time, 60), "h": .init(.time, 3600),
        "d": .init(.time, 86_400), "week": .init(.time, 604_800), "month": .init(.time, 2_629_800),
        "year": .init(.time, 31_557_600),
        "kg": .init(.mass, 1e3), "g": .init(.mass, 1), "mg": .init(.mass, 1e-3), "ug": .init(.mass, 1e-6),
        "ng": .init(.mass, 1e-9), "pg": .init(.mass, 1e-12),
        "m": .init(.length, 1), "dm": .init(.length, 0.1), "cm": .init(.length, 1e-2), "mm": .init(.length, 1e-3),
        "um": .init(.length, 1e-6), "nm": .init(.length, 1e-9),
        "m2": .init(.length, 1, exponent: 2), "cm2": .init(.length, 1e-4, exponent: 2),
        "mm2": .init(.length, 1e-6, exponent: 2),
        "m3": .init(.length, 1, exponent: 3), "cm3": .init(.length, 1e-6, exponent: 3),
        "mm3": .init(.length, 1e-9, exponent: 3),
        "L": .init(.length, 1e-3, exponent: 3), "dL": .init(.length, 1e-4, exponent: 3),
        "mL": .init(.length, 1e-6, exponent: 3), "uL": .init(.length, 1e-9, exponent: 3),
        "nL": .init(.length, 1e-12, exponent: 3), "fL": .init(.length, 1e-18, exponent: 3),
        "mol": .init(.amount, 1), "mmol": .init(.amount, 1e-3), "umol": .init(.amount, 1e-6),
        "nmol": .init(.amount, 1e-9), "pmol": .init(.amount, 1e-12), "fmol": .init(.amount, 1e-15),
        "IU": .init(.activity, 1), "kIU": .init(.activity, 1e3), "MIU": .init(.activity, 1e6),
        "mIU": .init(.activity, 1e-3), "uIU": .init(.activity, 1e-6), "U": .init(.activity, 1),
        "mU": .init(.activity, 1e-3), "uU": .init(.activity, 1e-6),
        "cell": .init(.cell, 1), "copy": .init(.copy, 1), "virion": .init(.copy, 1),
        "Gy": .init(.radiation, 1), "cGy": .init(.radiation, 1e-2), "mGy": .init(.radiation, 1e-3),
        "K": .init(.temperature, 1), "degC": .init(.temperature, 1),
        "Eq": .init(.charge, 1), "mEq": .init(.charge, 1e-3), "beat": .init(.beat, 1), "breath": .init(.beat, 1),
        "score": .init(.score, 1), "point": .init(.score, 1), "dose": .init(.dose, 1), "tablet": .init(.dose, 1),
        "person": .init(.person, 1), "patient": .init(.person, 1),
        "J": .init(.energy, 1), "kJ": .init(.energy, 1e3), "cal": .init(.energy, 4.184), "kcal": .init(.energy, 4184),
        "Pa": .init(.pressure, 1), "kPa": .init(.pressure, 1e3), "mmHg": .init(.pressure, 133.322_387_415),
        "cmH2O": .init(.pressure, 98.0665),
        "%": .init(nil, 0.01), "rad": .init(nil, 1),
    ]

    /// Other spellings, and the symbol each stands for.
    static let aliases: [String: String] = [
        "sec": "s", "second": "s", "seconds": "s", "minute": "min", "minutes": "min", "hr": "h", "hour": "h",
        "hours": "h", "day": "d", "days": "d", "wk": "week", "weeks": "week", "months": "month", "yr": "year",
        "years": "year", "µg": "ug", "μg": "ug", "mcg": "ug", "µm": "um", "μm": "um", "l": "L", "dl": "dL",
        "ml": "mL", "ul": "uL", "µL": "uL", "μL": "uL", "µl": "uL", "μl": "uL", "nl": "nL", "fl": "fL", "cc": "mL",
        "µmol": "umol", "μmol": "umol", "µU": "uU", "μU": "uU", "cells": "cell", "copies": "copy",
        "virions": "virion", "beats": "beat", "breaths": "breath", "points": "point", "doses": "dose",
        "tablets": "tablet", "persons": "person", "patients": "patient", "percent": "%", "m²": "m2", "cm²": "cm2",
        "mm²": "mm2", "m³": "m3", "cm³": "cm3", "mm³": "mm3",
    ]
}
