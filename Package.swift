// swift-tools-version: 6.1

import PackageDescription

// The packages named here are pinned to exact versions; what they bring along follows their own manifests.
let package = Package(
    name: "b2watch",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "b2watch", targets: ["b2watch"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/groue/GRDB.swift.git", exact: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams.git", exact: "6.2.2"),
    ],
    targets: [
        // The targets, in the order of docs/architecture.md: each uses only those above it.
        .systemLibrary(name: "CNcurses", providers: [.apt(["libncurses-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CCrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .target(name: "CTerminal"),
        .target(name: "CPrograms"),
        .room("Workers"),
        .room("Files"),
        .room("SafeText", uses: ["CTerminal"]),
        .room("Programs", uses: ["CPrograms", "Workers"]),
        .room("Notifications", uses: ["CCrypto", "CZlib", "SafeText"]),
        .room("Log", uses: ["Workers", "Files", "SafeText", "Notifications"]),
        .room(
            "History",
            uses: [
                "CTerminal", "Workers", "Files", "Notifications", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        .room("Browsing", uses: ["Workers", "Notifications", "History"]),
        .room("Export", uses: ["Files", "SafeText", "Notifications", "History"]),
        .room("Alerts", uses: ["Workers", "SafeText", "Programs", "Notifications", "History", "Browsing"]),
        .room("Outgoing", uses: ["CCurl", "Workers", "Notifications"]),
        .room(
            "Listener",
            uses: [
                "Notifications",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .room("Intake", uses: ["Workers", "Notifications", "History", "Listener"]),
        .room("Control", uses: ["Workers", "Files", "Notifications", "History"]),
        .room("Terminal", uses: ["CNcurses", "CTerminal", "SafeText"]),
        .room(
            "Settings",
            uses: ["Files", "SafeText", "Notifications", "Terminal", .product(name: "Yams", package: "Yams")]),
        .room(
            "Backblaze",
            uses: [
                "Workers", "Files", "SafeText", "Programs", "Notifications", "History", "Outgoing", "Settings",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        .room(
            "Actions",
            uses: [
                "CCrypto", "Workers", "Files", "SafeText", "Programs", "Notifications", "Log", "History", "Browsing",
                "Export", "Outgoing", "Settings",
            ]),
        .room(
            "Dashboard",
            uses: [
                "Workers", "SafeText", "Notifications", "Log", "History", "Browsing", "Export", "Terminal", "Settings",
            ]),
        .executableTarget(
            name: "b2watch",
            dependencies: [
                "Workers", "Files", "SafeText", "Notifications", "Log", "History", "Browsing", "Export", "Alerts",
                "Outgoing", "Listener", "Intake",
                "Control", "Settings", "Backblaze", "Actions", "Terminal", "Dashboard",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: .house),

        // The tests mirror the targets.
        .target(
            name: "TestSupport",
            dependencies: ["CCrypto", "Workers", "Notifications", "Outgoing"],
            path: "Tests/TestSupport",
            resources: [.embedInCode("signatures.json")],
            swiftSettings: .house),
        .target(
            name: "Harness",
            dependencies: ["TestSupport", "Notifications"],
            path: "Tests/Harness",
            swiftSettings: .house),
        .tests(for: "Workers"),
        .tests(for: "Files"),
        .tests(for: "SafeText"),
        .tests(for: "Programs", and: ["Workers"]),
        .tests(for: "Notifications"),
        .tests(for: "Log", and: ["Workers", "SafeText", "Notifications"]),
        .tests(
            for: "History",
            and: ["Workers", "Notifications", .product(name: "GRDB", package: "GRDB.swift")]),
        .tests(for: "Browsing", and: ["Notifications", "History", "SafeText", "Outgoing"]),
        .tests(for: "Export", and: ["Programs", "SafeText", "Notifications", "History"]),
        .tests(for: "Alerts", and: ["Notifications", "History"]),
        .tests(for: "Outgoing", and: ["CCurl", "Notifications"]),
        .tests(
            for: "Listener",
            and: ["Workers", "Notifications", .product(name: "NIOPosix", package: "swift-nio")]),
        .tests(for: "Intake", and: ["Notifications", "History", "Listener"]),
        .tests(for: "Control", and: ["Notifications", "History"]),
        .tests(for: "Settings", and: ["Notifications", "Terminal"]),
        .tests(
            for: "Backblaze",
            and: ["Workers", "Notifications", "History", "Outgoing", .product(name: "GRDB", package: "GRDB.swift")]),
        .tests(
            for: "Actions",
            and: [
                "Workers", "Notifications", "History", "Browsing", "Export", "Outgoing", "Settings",
            ]),
        .tests(for: "Terminal", and: ["SafeText"]),
        .tests(
            for: "Dashboard", and: ["Notifications", "Log", "History", "Browsing", "Export", "Terminal", "SafeText"],
            excluding: ["Golden/Screens"]),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["b2watch", "Harness", "TestSupport", "Notifications", "SafeText"],
            swiftSettings: .house),
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "CCrypto", "b2watch", "Harness", "TestSupport", "Notifications", "History", "Browsing", "Intake",
                "Listener",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Tests/Benchmarks",
            exclude: ["Peers"],
            swiftSettings: .house),
    ],
    swiftLanguageModes: [.v6]
)

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
        .target(name: name, dependencies: dependencies, swiftSettings: .house)
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
