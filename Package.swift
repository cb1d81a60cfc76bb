// swift-tools-version: 6.0
// One package; every folder under Sources/ is one module, and a module imports only modules listed above it here.
import PackageDescription

// Kernels are compiled for x86-64-v3 (AVX2, FMA). On a processor without it the launcher sets LAB_PORTABLE=1:
// the same results, more slowly (a fused multiply-add is then a library call).
#if arch(x86_64)
    let portable = Context.environment["LAB_PORTABLE"] == "1"
    let kernelSettings: [SwiftSetting] =
        portable ? [] : [.unsafeFlags(["-Xcc", "-mavx2", "-Xcc", "-mfma", "-Xcc", "-mbmi2"])]
#else
    let kernelSettings: [SwiftSetting] = []
#endif

let settings: [SwiftSetting] = kernelSettings + [.swiftLanguageMode(.v6)]

/// A module of the house, with what it may import.
func module(_ name: String, imports: [String] = []) -> Target {
    .target(name: name, dependencies: imports.map { .byName(name: $0) }, swiftSettings: settings)
}

/// The tests of a module; `also` names further modules they need.
func tests(_ name: String, also: [String] = []) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: ([name, "TestSupport"] + also).map { .byName(name: $0) },
        swiftSettings: settings)
}

let package = Package(
    name: "lab",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "lab", targets: ["lab"])],
    targets: [
        .systemLibrary(
            name: "COpenBLAS",
            pkgConfig: "openblas",
            providers: [.apt(["libopenblas-dev", "liblapacke-dev"])]),
        // Header only: vector operations that Swift lacks.
        .systemLibrary(name: "CLanes"),
        module("Numerics", imports: ["COpenBLAS", "CLanes"]),
        module("PositionedJSON"),
        module("Networks", imports: ["Numerics", "PositionedJSON"]),
        module("Trees", imports: ["Numerics", "CLanes", "PositionedJSON"]),
        module("Patients", imports: ["Numerics", "PositionedJSON", "Trees"]),
        module("Cohorts", imports: ["Numerics", "PositionedJSON", "Networks", "Trees", "Patients"]),
        module("Agents", imports: ["Numerics", "PositionedJSON", "Networks", "Trees", "Patients"]),
        module("Evaluation", imports: ["Numerics", "PositionedJSON", "Trees", "Patients"]),
        module("Distillation", imports: ["Numerics", "PositionedJSON", "Trees", "Patients", "Agents", "Evaluation"]),
        module("Reports", imports: ["Numerics", "PositionedJSON", "Trees", "Patients", "Evaluation"]),
        module(
            "Studies",
            imports: [
                "Numerics", "PositionedJSON", "Networks", "Trees", "Patients", "Cohorts", "Agents", "Evaluation",
                "Distillation", "Reports",
            ]),
        .executableTarget(
            name: "lab",
            dependencies: [
                "Numerics", "PositionedJSON", "Trees", "Patients", "Cohorts", "Agents", "Evaluation", "Reports",
                "Studies",
            ],
            swiftSettings: settings),
        .target(
            name: "TestSupport", dependencies: ["Numerics", "Patients"], path: "Tests/TestSupport",
            swiftSettings: settings),
        // In C, since it takes the place of the allocator of the test program.
        .target(name: "AllocationCounter", path: "Tests/AllocationCounter"),
        tests("Numerics", also: ["AllocationCounter"]),
        tests("PositionedJSON"),
        tests("Networks", also: ["AllocationCounter", "Numerics", "PositionedJSON"]),
        tests("Trees", also: ["CLanes"]),
        tests("Patients", also: ["AllocationCounter"]),
        tests("Cohorts"),
        tests("Agents", also: ["AllocationCounter", "Networks", "Numerics", "Patients", "PositionedJSON", "Trees"]),
        tests("Evaluation"),
        tests("Distillation"),
        tests("Reports"),
        tests("Studies"),
    ]
)

// Programs that only measure (Benchmarks/README.md); not part of the product. The interpreter of expressions against the
// same model by hand; whole training runs and training steps; trees.
if Context.environment["LAB_BENCHMARKS"] == "1" {
    package.targets += [
        .executableTarget(
            name: "lab-handwritten", dependencies: ["Numerics", "Patients"], path: "Benchmarks/Handwritten",
            swiftSettings: settings),
        .executableTarget(
            name: "lab-training",
            dependencies: ["Numerics", "PositionedJSON", "Networks", "Patients", "Agents", "Distillation"],
            path: "Benchmarks/Training", swiftSettings: settings),
        .executableTarget(
            name: "lab-trees", dependencies: ["Numerics", "PositionedJSON", "Trees"], path: "Benchmarks/Trees",
            swiftSettings: settings),
    ]
}
