// swift-tools-version: 6.1

import PackageDescription

// The packages named here are pinned to exact versions; what they bring along follows their own manifests.
let package = Package(
    name: "b2watch",
    products: [.executable(name: "b2watch", targets: ["b2watch"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", exact: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift.git", exact: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams.git", exact: "6.2.2"),
    ],
    targets: [
        // The targets, in the order of docs/architecture.md: each uses only those above it.
        .systemLibrary(name: "CNcurses", providers: [.apt(["libncurses-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CCrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CPQ", providers: [.apt(["libpq-dev"])]),
        .target(name: "CBase"),
        .room("Base", uses: ["CBase"]),
        .room("Postgres", uses: ["CPQ", "CBase", "Base"]),
        .room("Notifications", uses: ["CCrypto", "CZlib", "Base"]),
        .room(
            "History",
            uses: [
                "CBase", "Base", "Notifications", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        .room("SharedHistory", uses: ["Base", "Postgres", "Notifications", "History"]),
        .room("Sending", uses: ["CCurl", "Base", "Notifications", "History"]),
        .room("Settings", uses: ["Base", "Notifications", .product(name: "Yams", package: "Yams")]),
        .room("Actions", uses: ["CCrypto", "Base", "Notifications", "History", "Sending", "Settings"]),
        .room(
            "Receiving",
            uses: [
                "CCrypto", "Base", "Notifications", "History", "Settings", "Actions",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        .room(
            "Backblaze",
            uses: [
                "Base", "Notifications", "History", "Sending", "Settings",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        .room("Terminal", uses: ["CNcurses", "CBase", "Base"]),
        .room(
            "Dashboard",
            uses: ["Base", "Notifications", "History", "Sending", "Settings", "Actions", "Receiving", "Terminal"]),
        .executableTarget(
            name: "b2watch",
            dependencies: [
                "Base", "Postgres", "Notifications", "History", "SharedHistory", "Sending", "Settings", "Actions",
                "Receiving", "Backblaze", "Terminal", "Dashboard",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: .house),

        // The tests mirror the targets.
        .target(
            name: "TestSupport",
            dependencies: ["CCrypto", "CCurl", "Base", "Notifications", "History", "Sending"],
            path: "Tests/TestSupport",
            resources: [.embedInCode("signatures.json")],
            swiftSettings: .house),
        .target(
            name: "Harness",
            dependencies: ["TestSupport", "Notifications"],
            path: "Tests/Harness",
            swiftSettings: .house),
        .tests(for: "Base"),
        .tests(for: "Postgres", and: ["Harness", "Base"]),
        .tests(for: "Notifications", and: ["Base"]),
        .tests(
            for: "History",
            and: ["Base", "Notifications", "Sending", .product(name: "GRDB", package: "GRDB.swift")]),
        .tests(for: "SharedHistory", and: ["Harness", "Base", "Postgres", "Notifications", "History"]),
        .tests(for: "Sending", and: ["CCurl", "Base", "Notifications", "History"]),
        .tests(for: "Settings", and: ["Base", "Notifications"]),
        .tests(for: "Actions", and: ["Base", "Notifications", "History", "Sending", "Settings"]),
        .tests(
            for: "Receiving",
            and: [
                "Base", "Notifications", "History", "Actions", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .tests(
            for: "Backblaze",
            and: ["Base", "Notifications", "History", "Sending", .product(name: "GRDB", package: "GRDB.swift")]),
        .tests(for: "Terminal", and: ["Base"]),
        .tests(
            for: "Dashboard",
            and: ["Base", "Notifications", "History", "Sending", "Settings", "Actions", "Receiving", "Terminal"],
            excluding: ["Golden/Screens"]),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "b2watch", "Harness", "TestSupport", "Base", "Notifications", "History",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: .house),
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "CCrypto", "b2watch", "Harness", "TestSupport", "Base", "Notifications", "History", "Receiving",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Tests/Benchmarks",
            exclude: ["Peers"],
            swiftSettings: .house),
    ],
    swiftLanguageModes: [.v6]
)

package.targets += Fuzzing.targets

/// The fuzz targets: tests as a rule, and a program that libFuzzer drives where `.ci/fuzz` builds it. The rooms whose code it
/// reaches then count what they run.
enum Fuzzing {
    /// The path of libFuzzer's library.
    static let library = Context.environment["B2WATCH_FUZZING"]
    static var dependencies: [Target.Dependency] {
        [
            "Base", "Notifications", "History", "Actions", "Settings", "Receiving", "Terminal",
            .product(name: "NIOCore", package: "swift-nio"),
        ]
    }

    static var targets: [Target] {
        guard let library else {
            return [
                .testTarget(
                    name: "FuzzTests", dependencies: dependencies, path: "Tests/Fuzz", exclude: ["FuzzRun.swift"],
                    swiftSettings: .house)
            ]
        }
        let wrapped = ["8bit_counters", "pcs"].flatMap { ["-Xlinker", "--wrap=__sanitizer_cov_\($0)_init"] }
        return [
            .target(name: "CFuzz", path: "Tests/CFuzz"),
            .executableTarget(
                name: "Fuzz", dependencies: dependencies + ["CFuzz"], path: "Tests/Fuzz", exclude: ["FuzzTests.swift"],
                swiftSettings: .house,
                linkerSettings: [.unsafeFlags(wrapped + ["-Xlinker", library, "-lstdc++"])]),
        ]
    }

    static var settings: [SwiftSetting] {
        library == nil ? [] : [.unsafeFlags(["-enable-testing", "-Xfrontend", "-sanitize=fuzzer"])]
    }
}

extension [SwiftSetting] {
    static var house: Self {
        [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("InternalImportsByDefault"),
            .enableUpcomingFeature("MemberImportVisibility"),
        ]
    }
}

extension Target {
    static func room(_ name: String, uses dependencies: [Dependency] = []) -> Target {
        .target(name: name, dependencies: dependencies, swiftSettings: .house + Fuzzing.settings)
    }

    static func tests(
        for room: String, and others: [Dependency] = [], excluding excluded: [String] = []
    ) -> Target {
        .testTarget(
            name: "\(room)Tests",
            dependencies: [.byName(name: room), "TestSupport"] + others,
            exclude: excluded,
            swiftSettings: .house)
    }
}
